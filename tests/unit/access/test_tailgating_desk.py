"""The tailgating desk between a real entry desk, a real database and the people on call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.devices import Ear, listening
from support.entry import MIA, Doorstep, doorstep
from support.mqtt import running
from support.retention import forget
from support.waiting import eventually, eventually_is

from arni_edge.access import tailgating_desk
from arni_edge.access.tailgating_desk import TailgatingDesk
from arni_edge.bus import Bus
from arni_edge.domain.doors import DoorContact, Outcome, UnlatchResult
from arni_edge.domain.events import DoorCommandEnded, LineCrossed, LockUsed, TailgatingSuspected
from arni_edge.domain.i18n import Catalogue
from arni_edge.safety import Roster, StaffLine
from arni_edge.safety.notices import StaffNotices
from arni_edge.settings import Settings
from arni_edge.storage import tailgating

_SETTINGS = Settings.model_validate(
    {
        "site": {"id": "demo", "name": "Demo", "capacity": 10},
        "doors": [
            {"id": "front", "name": "Vorne", "lock": {"nuki_id": "1"}},
            {"id": "back", "name": "Hinten", "lock": {"nuki_id": "2"}},
        ],
        "vision": {"enabled": False},
        "cameras": [
            {
                "id": "hall",
                "url": "rtsp://10.0.0.9/1",
                "lines": [
                    {"id": "in", "name": "Tür", "points": [[0.1, 0.5], [0.9, 0.5]], "door": "front"},
                    {"id": "bar", "name": "Bar", "points": [[0.1, 0.9], [0.9, 0.9]]},
                ],
            }
        ],
        "access": {"tailgating": {"times": 2, "days": 30}},
        "alarms": {"on_call": [{"name": "Nora", "phone": "+4915550000001"}]},
    }
)


@dataclass
class Hall:
    here: Doorstep
    bus: Bus
    ear: Ear
    looks: list[int]
    desk: TailgatingDesk

    @property
    def told(self) -> list[tuple[str, int, int]]:
        return [(one.door, one.entries, one.times) for one in self.ear.heard(TailgatingSuspected)]

    def crosses(self, *, line: str = "in", together: int = 1, ago: float = 0.0) -> None:
        at = self.here.clock.now() - timedelta(seconds=ago)
        self.bus.publish(LineCrossed(at=at, camera="hall", line=line, direction="in", together=together))

    async def follows(self, member: str = "m1", *, door: str = "front") -> None:
        """The member opens with a QR, and two people go in."""
        before = len(self.told)
        await self.here.show(self.here.desk.issuer.qr(member), door)
        self.here.clock.advance(3)
        self.crosses()
        self.here.clock.advance(1.5)
        self.crosses(together=2)
        await self.time_passes()
        if door == "front":
            await eventually(lambda: len(self.told) == before + 1)

    async def time_passes(self) -> None:
        """Everything that was published is heard, then every window ends."""
        subscriptions = list(self.bus._subscriptions)
        await eventually(lambda: not any(one._safety for one in subscriptions))
        self.here.clock.advance(30)

    async def rows(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.here.database.read("SELECT * FROM tailgating ORDER BY id")]

    async def notices(self) -> list[str]:
        return [row["text"] for row in await self.here.database.read("SELECT text FROM outbox")]


@asynccontextmanager
async def a_hall(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hall]:
    monkeypatch.setattr(tailgating_desk, "_LOOK_SECONDS", 0.01)
    async with doorstep(path) as here:
        bus: Bus = here.desk._bus
        assert _SETTINGS.access.tailgating is not None
        looks = [0]

        def contact(_: str) -> DoorContact:
            looks[0] += 1
            return DoorContact.UNKNOWN

        desk = TailgatingDesk(
            here.database,
            bus,
            here.clock,
            settings=_SETTINGS.access.tailgating,
            doors=_SETTINGS.doors,
            cameras=_SETTINGS.cameras,
            contact=contact,
        )
        line = StaffLine(Roster.of(_SETTINGS), template="alarm")
        notices = StaffNotices(
            here.database, bus, here.clock, Catalogue.load(), line, settings=_SETTINGS, health=lambda *_: None
        )
        async with running(desk.run), running(notices.run), listening(bus) as ear:
            yield Hall(here, bus, ear, looks, desk)


async def test_a_member_who_is_followed_is_kept_by_id_and_told_to_staff_only_when_it_recurs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_hall(tmp_path, monkeypatch) as hall:
        await hall.follows()
        assert hall.told == [("front", 2, 1)]
        (row,) = await hall.rows()
        assert (row["member_id"], row["entries"], row["certainty"]) == ("m1", 2, "sure")
        assert "Muster" not in str(row)
        hall.here.clock.advance(3600)
        await hall.follows("m2")
        hall.here.clock.advance(3600)
        await hall.follows()
        assert hall.told == [("front", 2, 1), ("front", 2, 1), ("front", 2, 2)]
        (text,) = await eventually_is(hall.notices, lambda texts: texts)
        assert "Vorne" in text
        assert "Mia" not in text


async def test_nothing_is_refused_for_a_suspicion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_hall(tmp_path, monkeypatch) as hall:
        for _ in range(3):
            await hall.follows()
        entry = await hall.here.show(hall.here.desk.issuer.qr("m1"))
        assert entry.denied is None
        assert hall.here.front.opened == 4


async def test_what_is_older_than_the_owner_wants_neither_counts_nor_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_hall(tmp_path, monkeypatch) as hall:
        await hall.follows()
        hall.here.clock.advance(timedelta(days=31).total_seconds())
        await hall.follows()
        assert hall.told == [("front", 2, 1)] * 2
        await forget(hall.here.database, hall.here.clock, access={"tailgating": {"days": 30}})
        assert len(await hall.rows()) == 1
        # Switched off, nothing is kept.
        hall.here.clock.advance(1)
        await forget(hall.here.database, hall.here.clock)
        assert await hall.rows() == []


async def test_staff_and_visits_and_whoever_opens_at_the_lock_are_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_hall(tmp_path, monkeypatch) as hall:
        await hall.here.desk.open_by_staff("front", staff="kim", reason="tour", request_id="staff:1")
        for _ in range(4):
            hall.crosses()
        await hall.time_passes()
        await hall.here.change(replace(MIA, groups=("staff",)))
        await hall.here.show(hall.here.desk.issuer.qr("m1"))
        for _ in range(4):
            hall.crosses()
        await hall.time_passes()
        hall.bus.publish(
            LockUsed(
                at=hall.here.clock.now(),
                door="front",
                action="unlatch",
                source="keypad",
                auth_id=7,
                code_id=1,
            )
        )
        for _ in range(4):
            hall.crosses()
        await hall.time_passes()
        await hall.follows("m2")  # shows that the desk has judged everything before it
        assert hall.told == [("front", 2, 1)]


async def test_a_door_without_a_line_and_a_line_without_a_door_are_nobodys_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_hall(tmp_path, monkeypatch) as hall:
        await hall.here.show(hall.here.desk.issuer.qr("m1"))
        for _ in range(3):
            hall.crosses(line="bar", together=3)
        await hall.time_passes()
        await hall.follows(door="back")
        await hall.follows("m2")
        assert hall.told == [("front", 2, 1)]


async def test_a_crossing_that_is_heard_late_counts_for_when_it_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_hall(tmp_path, monkeypatch) as hall:
        await hall.here.show(hall.here.desk.issuer.qr("m1"))
        hall.here.clock.advance(16)
        hall.crosses(ago=12)
        hall.crosses(ago=3, together=2)
        await hall.time_passes()
        await eventually(lambda: hall.told == [("front", 2, 1)])


async def test_a_command_under_way_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_hall(tmp_path, monkeypatch) as hall:
        front, clock = hall.here.front, hall.here.clock

        async def unlatch() -> UnlatchResult:
            """As slow as its gate, and honest about it."""
            began = clock.monotonic()
            front.opened += 1
            await front.gate.wait()
            return UnlatchResult(Outcome.CONFIRMED, "state=5", clock.monotonic() - began)

        monkeypatch.setattr(front, "unlatch", unlatch)
        await hall.here.show(hall.here.desk.issuer.qr("m1"))
        clock.advance(3)
        hall.crosses()
        clock.advance(8)
        front.gate.clear()
        second = asyncio.create_task(hall.here.show(hall.here.desk.issuer.qr("m2")))
        await eventually(lambda: front.opened == 2)
        clock.advance(2)
        hall.crosses()
        await hall.time_passes()
        # By now the first window alone would have been judged, with two entries in it.
        await _looks(hall)
        assert hall.told == []
        front.gate.set()
        await second
        await hall.time_passes()
        await hall.follows("m2")
        assert hall.told == [("front", 2, 1)]


async def test_a_desk_that_was_interrupted_while_it_read_judges_again_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_hall(tmp_path, monkeypatch) as hall:
        reading = asyncio.Event()

        async def hangs(*_: object) -> None:
            reading.set()
            await asyncio.Event().wait()

        with monkeypatch.context() as slow:
            slow.setattr(tailgating, "let_in_by", hangs)
            ended = DoorCommandEnded(
                at=hall.here.clock.now(),
                door="front",
                request_id="qr:x",
                outcome=Outcome.CONFIRMED,
                evidence="state=5",
                seconds=1.0,
            )
            hearing = asyncio.create_task(hall.desk._hear(ended))
            await reading.wait()
            hearing.cancel()
            await asyncio.wait({hearing})
        await hall.follows()
        assert hall.told == [("front", 2, 1)]


async def _looks(hall: Hall) -> None:
    """The desk has looked a few times since."""
    before = hall.looks[0]
    await eventually(lambda: hall.looks[0] >= before + 5)
