"""The house dies at every commit of its life, before or right after it, and the next life misses nothing."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.house import MIA, STRANGER
from support.lives import Script, noted
from support.nursery import Death, Nursery, open_nursery

_DOOR = (MIA.phone, "Tür auf bitte")
_HOURS = (MIA.phone, "Wann habt ihr heute auf?")
_REFUSED = (STRANGER, "Mach bitte die Tür auf")
_EMERGENCY = (STRANGER, "Hilfe, hier ist jemand bewusstlos!")

SCRIPTS: dict[str, Script] = {
    "a question": [_HOURS],
    "a door request, delivered twice": [_DOOR, _DOOR],
    "an emergency, delivered three times": [_EMERGENCY] * 3,
    "everything at once": [_DOOR, _EMERGENCY, _REFUSED, _HOURS, _EMERGENCY, _DOOR, _REFUSED],
}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with open_nursery("support.lives") as nursery:
        yield nursery


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_death_at_any_commit_changes_nothing(
    nursery: Nursery, tmp_path: Path, name: str, after: bool
) -> None:
    """One life ends at its n-th commit, for every n that there is; the next one finishes the work."""
    script = SCRIPTS[name]
    for folder, death in _deaths(tmp_path, after=after):
        survived = nursery.live(folder, script, death)
        assert survived or nursery.live(folder, script), death
        _assert_once(folder, script, death)
        if survived:
            assert death.commit > 2 * len(set(script)), "the deaths did not reach the commits that matter"
            return


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_death_at_any_commit_of_the_second_life_too(nursery: Nursery, tmp_path: Path, after: bool) -> None:
    """A door request whose first two lives both end early, at every pair of commits."""
    script = SCRIPTS["a door request, delivered twice"]
    for first_folder, first in _deaths(tmp_path, after=after):
        for folder, second in _deaths(first_folder, after=not after):
            if nursery.live(folder, script, first):
                return
            survived = nursery.live(folder, script, second)
            assert survived or nursery.live(folder, script), (first, second)
            _assert_once(folder, script, (first, second))
            if survived:
                break


def _deaths(parent: Path, *, after: bool) -> Iterator[tuple[Path, Death]]:
    """A fresh folder for each death, at the first commit, the second one, and so on."""
    for number in itertools.count(1):
        folder = parent / str(number)
        folder.mkdir()
        yield folder, Death(number, after)


def _assert_once(folder: Path, script: Script, deaths: object) -> None:
    """Everything was done, and nothing twice."""
    messages = set(script)
    emergencies = messages & {_EMERGENCY}
    with closing(sqlite3.connect(folder / "arni.db")) as database:

        def column(sql: str) -> list[str]:
            return [str(row[0]) for row in database.execute(sql)]

        assert column("PRAGMA integrity_check") == ["ok"], deaths
        assert column("SELECT state FROM inbound") == ["handled"] * len(messages), deaths
        answers = column("SELECT reply_to FROM outbox WHERE reply_to IS NOT NULL ORDER BY reply_to")
        assert answers == [f"w{number}" for number in range(len(messages))], deaths
        calls = column("SELECT key FROM outbox WHERE template IS NOT NULL")
        assert len(calls) == len(column("SELECT alarm_id FROM alarms")) == len(emergencies), deaths
        assert column("SELECT state FROM alarm_sinks WHERE sink = 'light/floor'") == ["done"] * len(
            emergencies
        ), deaths
        assert column("SELECT sequence FROM relay_cursor") == [str(len(script))], deaths
        requests = column("SELECT request_id FROM door_audit WHERE state = 'ended'")
        assert len(requests) == len(messages & {_DOOR}), deaths
        outcomes = column("SELECT outcome FROM door_audit WHERE state = 'ended'")
    unlatched = noted(folder, "unlatched")
    # Each line names the request on file that the lock obeyed; none is empty, none comes twice.
    assert unlatched in ([], requests), deaths
    assert set(outcomes) <= ({"confirmed", "unknown"} if unlatched else {"unknown"}), deaths
    assert bool(noted(folder, "lit")) == bool(emergencies), deaths
