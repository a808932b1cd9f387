"""SIGKILL at every commit between a QR and the open door: the same QR never opens a second time."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.database import open_database
from support.entry import entry_desk
from support.entry_lives import openings
from support.house import MIA
from support.nursery import Death, Nursery, open_nursery

from arni_edge.access import EntryKeys
from arni_edge.bus import Bus
from arni_edge.storage import members

# Commits of a life: what a crash interrupted (1), the decision with the token (2), the outcome (3).
_DEATHS = [Death(commit, after) for commit in (1, 2, 3) for after in (False, True)]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with open_nursery("support.entry_lives") as nursery:
        yield nursery


async def _mia_gets_a_qr(folder: Path) -> str:
    clock = ManualClock()
    keys = EntryKeys.keep(folder / "entry-keys.json", clock.now())
    async with open_database(folder / "arni.db") as database:
        await database.write(lambda tx: members.put_by_hand(tx, [MIA], clock.now() - timedelta(hours=1)))
        return entry_desk(database, Bus(), clock, locks={}, keys=keys).issuer.qr(MIA.member_id)


@pytest.mark.parametrize(
    "death", _DEATHS, ids=lambda death: f"{death.commit}-{'after' if death.after else 'before'}"
)
async def test_a_qr_opens_once_whatever_crashes(nursery: Nursery, tmp_path: Path, death: Death) -> None:
    text = await _mia_gets_a_qr(tmp_path)
    assert not nursery.live(tmp_path, text, death)
    opened_before = len(openings(tmp_path))
    # It opened before it died only if that was on the disk already.
    assert opened_before == (1 if death.commit == 3 else 0)
    for _ in range(2):
        assert nursery.live(tmp_path, text)
    decided_before = death.commit == 3 or (death.commit == 2 and death.after)
    assert len(openings(tmp_path)) == (opened_before if decided_before else 1)
    assert all("commanded" in states for states in openings(tmp_path))
    async with open_database(tmp_path / "arni.db") as database:
        rows = await database.read("SELECT state, outcome FROM door_audit ORDER BY id")
        assert all(row["state"] in {"ended", "denied"} for row in rows)
        assert len(await database.read("SELECT * FROM entry_tokens")) == 1
