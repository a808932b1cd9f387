import hashlib
from pathlib import Path

import pytest

from arni_edge.domain.errors import ConfigurationError, Refused
from arni_edge.vision.models import MANIFEST, Verdict, read_manifest, read_verified, verify

REPOSITORY = Path(__file__).parents[3]
CONTENT = b"weights"


def write(directory: Path, sha256: str, size: int = len(CONTENT)) -> Path:
    (directory / MANIFEST).write_text(
        f"""
[[model]]
name = "a"
file = "a.onnx"
kind = "detector"
source = "somewhere"
licence = "MIT"
sha256 = "{sha256}"
bytes = {size}
input = [1, 3, 32, 32]
classes = ["person"]
"""
    )
    model = directory / "a.onnx"
    model.write_bytes(CONTENT)
    return model


def test_a_model_that_matches_its_entry_is_read(tmp_path: Path) -> None:
    model = write(tmp_path, hashlib.sha256(CONTENT).hexdigest())
    assert verify(model) is Verdict.MATCHES
    assert read_verified(model) == CONTENT


def test_a_model_with_another_checksum_is_refused(tmp_path: Path) -> None:
    model = write(tmp_path, "0" * 64)
    assert verify(model) is Verdict.DIFFERS
    with pytest.raises(Refused, match="checksum"):
        read_verified(model)


def test_an_owner_s_own_model_needs_no_entry(tmp_path: Path) -> None:
    write(tmp_path, "0" * 64)
    own = tmp_path / "own.onnx"
    own.write_bytes(b"mine")
    assert verify(own) is Verdict.NO_ENTRY
    assert read_verified(own) == b"mine"


def test_a_model_needs_no_manifest_beside_it(tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(b"mine")
    assert verify(own) is Verdict.NO_ENTRY


def test_a_model_that_is_not_there_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"vision\.model.*gone\.onnx"):
        read_verified(tmp_path / "gone.onnx")


@pytest.mark.parametrize("text", ["[[model", "[model]\nname = 1", "model = 3", '[[model]]\nname = "a"'])
def test_a_broken_manifest_lets_no_model_through(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    (tmp_path / "a.onnx").write_bytes(CONTENT)
    with pytest.raises(ConfigurationError, match=MANIFEST):
        verify(tmp_path / "a.onnx")


def test_the_models_of_this_repository_match_their_manifest() -> None:
    directory = REPOSITORY / "models"
    entries = read_manifest(directory / MANIFEST)
    assert {entry.file for entry in entries} == {path.name for path in directory.glob("*.onnx")}
    assert {verify(directory / entry.file) for entry in entries} == {Verdict.MATCHES}
