"""Files are replaced as a whole or not at all; what a power cut leaves, ``test_power_cut.py`` says."""

import stat
from pathlib import Path

import pytest

from arni_edge import files


def _names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_file_is_replaced_with_the_rights_it_is_to_have(tmp_path: Path) -> None:
    path = tmp_path / "one"
    files.replace(path, b"first")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"first", 0o600)
    files.replace(path, b"second", mode=0o640, keep_owner=True)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"second", 0o640)
    assert _names(tmp_path) == ["one"]


def test_a_link_is_replaced_and_not_what_it_leads_to(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"theirs")
    (tmp_path / "one").symlink_to(elsewhere)
    files.replace(tmp_path / "one", b"ours")
    assert elsewhere.read_bytes() == b"theirs"
    assert not (tmp_path / "one").is_symlink()


def test_what_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "inside").write_bytes(b"")
    with pytest.raises(OSError, match="folder"):
        files.replace(path, b"content")
    assert _names(tmp_path) == ["folder"]
    assert _names(path) == ["inside"]


def test_what_is_there_is_never_created_again(tmp_path: Path) -> None:
    path = tmp_path / "key"
    files.create(path, b"first")
    with pytest.raises(FileExistsError):
        files.create(path, b"second")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"first", 0o600)
    assert _names(tmp_path) == ["key"]


def test_folders_are_made_as_far_as_they_are_missing(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        files.make_folder(folder, mode=0o700)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        files.make_folder(tmp_path / "file")


def test_a_folder_in_an_image_that_knows_no_sync_is_a_folder() -> None:
    """A data partition below a root that is never written: the box must start on it."""
    with pytest.raises(OSError, match="Invalid argument"):
        files.sync(Path("/proc/self"))
    files.make_folder(Path("/proc/self/task"))
