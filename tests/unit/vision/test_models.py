import hashlib
from pathlib import Path

import pytest

from arni_edge.domain.errors import ConfigurationError, Refused
from arni_edge.vision.models import (
    MANIFEST,
    Verdict,
    known_models,
    read_manifest,
    read_verified,
    record,
    verify,
)

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
    files = sorted(directory.glob("*.onnx"))
    assert [path.name for path in files] == ["sim-person-yolov8.onnx"]
    assert [verify(path) for path in files] == [Verdict.MATCHES]


def test_what_is_not_shipped_can_be_fetched() -> None:
    entries = read_manifest(known_models())
    absent = [one for one in entries if not known_models().with_name(one.file).exists()]
    assert [(one.name, one.licence) for one in absent] == [("yolox-nano", "Apache-2.0")]
    assert all(one.url.startswith("https://") for one in absent)


def test_the_yolox_that_can_be_fetched_is_the_one_that_was_tried() -> None:
    file = REPOSITORY.parent / "shared" / "data" / "models" / "yolox_nano_416x416.onnx"
    if not file.parent.is_dir():
        pytest.skip(f"real weights are not there: {file.parent}")
    entry = next(one for one in read_manifest(known_models()) if one.name == "yolox-nano")
    content = file.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (entry.bytes, entry.sha256)


def test_an_entry_is_added_or_replaced_and_others_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, "0" * 64)
    before = (tmp_path / MANIFEST).read_text().strip()
    (first,) = read_manifest(tmp_path / MANIFEST)
    other = first.model_copy(update={"name": "b", "file": "b.onnx", "note": 'say "a"\nand ü'})
    record(tmp_path, other)
    record(tmp_path, other.model_copy(update={"licence": "Apache-2.0"}))
    assert before in (tmp_path / MANIFEST).read_text()
    assert read_manifest(tmp_path / MANIFEST) == (first, other.model_copy(update={"licence": "Apache-2.0"}))


def test_a_manifest_that_is_not_understood_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path, "0" * 64)
    (entry,) = read_manifest(tmp_path / MANIFEST)
    (tmp_path / MANIFEST).write_text("[[model")
    with pytest.raises(ConfigurationError, match=MANIFEST):
        record(tmp_path, entry)
    assert (tmp_path / MANIFEST).read_text() == "[[model"


@pytest.mark.parametrize("file", ["../a.onnx", "/etc/passwd", ".hidden", "a/b.onnx", ""])
def test_an_entry_cannot_name_a_file_elsewhere(tmp_path: Path, file: str) -> None:
    write(tmp_path, "0" * 64)
    text = (tmp_path / MANIFEST).read_text().replace('"a.onnx"', f'"{file}"')
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(ConfigurationError, match=r"model\.file"):
        read_manifest(tmp_path / MANIFEST)
