"""The real clips with their truth: they may not be part of this project, and lie beside it or are missing."""

from pathlib import Path

import pytest

_VIDEO = Path(__file__).parents[3] / "shared" / "data" / "video"


def video_folder() -> Path:
    """Where the clips and ``truth.json`` are; without them a test says so and is skipped."""
    if not _VIDEO.is_dir():
        pytest.skip("the real clips are not here: they may not be part of the project (licences)")
    return _VIDEO
