"""The room that is kept for alarms; disks that are really full are in ``tests/chaos/full_disk.py``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from arni_edge.domain.health import State
from arni_edge.storage.reserve import Reserve, Standing, standing_of

MIB = 1 << 20
SIZE = 2 * MIB


@pytest.fixture
def reserve(tmp_path: Path) -> Iterator[Reserve]:
    reserve = Reserve(tmp_path / "reserve", SIZE)
    yield reserve
    reserve.close()


def test_it_is_allocated_and_goes_piece_by_piece(reserve: Reserve, tmp_path: Path) -> None:
    assert not reserve.give_up()
    reserve.refill()
    assert reserve.look().kept == SIZE
    assert (tmp_path / "reserve").stat().st_mode & 0o777 == 0o600
    kept = []
    while reserve.give_up():
        kept.append(reserve.look().kept)
    assert kept == [SIZE * left // 8 for left in range(7, -1, -1)]
    reserve.refill()
    assert reserve.look().kept == SIZE


def test_one_that_is_only_as_long_as_it_should_be_is_none(reserve: Reserve, tmp_path: Path) -> None:
    """A backup that was put back keeps lengths, not what they take."""
    with (tmp_path / "reserve").open("wb") as file:
        file.truncate(SIZE)
    assert reserve.look().kept == 0
    reserve.refill()
    assert reserve.look().kept == SIZE


def test_one_of_another_size_becomes_of_ours(reserve: Reserve, tmp_path: Path) -> None:
    (tmp_path / "reserve").write_bytes(bytes(SIZE // 2))
    reserve.refill()
    assert (tmp_path / "reserve").stat().st_size == SIZE


def test_what_a_link_points_to_is_left_alone(reserve: Reserve, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    (tmp_path / "reserve").symlink_to(other)
    with pytest.raises(OSError, match="symbolic"):
        reserve.refill()
    assert not reserve.give_up()
    assert other.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("kept", "free", "state", "says"),
    [
        (64, 1000, State.OK, ""),
        (64, 191, State.DEGRADED, "nearly full (191 MiB free)"),
        (0, 200, State.DEGRADED, "too full to keep room for alarms (200 MiB free; 0 of 64 MiB"),
        (56, 8, State.DOWN, "full (8 MiB free; 56 of 64 MiB of the reserve for alarms are left): make room"),
        (64, 0, State.DOWN, "full (0 MiB free; 64 of 64 MiB"),
        (0, 0, State.DOWN, "full (0 MiB free; 0 of 64 MiB"),
    ],
)
def test_the_owner_reads_how_the_disk_is(kept: int, free: int, state: State, says: str) -> None:
    found, said = standing_of(Standing(kept * MIB, free * MIB), 64 * MIB)
    assert found is state
    assert says in said


def test_a_disk_that_writes_nothing_is_down() -> None:
    fine = Standing(64 * MIB, 1000 * MIB)
    assert standing_of(fine, 64 * MIB, "Read-only file system") == (
        State.DOWN,
        "the disk cannot be written: Read-only file system",
    )
    assert standing_of(Standing(64 * MIB, 1000 * MIB, read_only=True), 64 * MIB)[0] is State.DOWN
