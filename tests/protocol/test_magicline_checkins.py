"""Whoever came in by our own door is checked in at Magicline: once, in time, with a card, or not at all."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from support.magicline_mirror import BERLIN, Box, Filled, filled_box, stop

from arni_edge.domain.health import State
from arni_edge.magicline import DeviceClient, open_http
from arni_edge.magicline.checkin_writer import CheckInWriter
from arni_edge.simulator.magicline import Fault
from arni_edge.storage.magicline import entries, hints

HOUR = timedelta(hours=1)
READER = "cardReaderIdentification"


@pytest_asyncio.fixture
async def box(tmp_path: Path, filled: Filled) -> AsyncIterator[Box]:
    async with filled_box(tmp_path, filled) as one:
        yield one


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_http() as client:
        yield client


class Desk:
    """Somebody posts; the clock goes on while they are waited for."""

    def __init__(self, box: Box, http: httpx.AsyncClient) -> None:
        self.box = box
        self._http = http
        self.settings: dict[str, object] = {}
        self.health: list[tuple[State, str]] = []

    def start(self) -> "asyncio.Task[None]":
        box, settings = self.box, self.box.magicline.settings(**self.settings)
        reader = DeviceClient(settings, box.clock, http=self._http, sleep=box.clock.sleep)
        writer = CheckInWriter(
            box.client,
            reader,
            box.database,
            box.clock,
            zone=BERLIN,
            doors=["front"],
            within=HOUR,
            health=lambda state, reason: self.health.append((state, reason)),
            tick_seconds=0.01,
        )
        return asyncio.create_task(writer.run(lambda: None))

    async def until(self, holds: Callable[[], Awaitable[bool]], *, seconds: float = 1.0) -> None:
        """Post until something holds."""
        task = self.start()
        try:
            async with asyncio.timeout(30):
                while not await holds():
                    self.box.clock.advance(seconds)
                    await asyncio.sleep(0.005)
        finally:
            await stop(task)

    async def ends(self) -> dict[str, int]:
        return await entries.ends(self.box.database, self.box.clock.now() - timedelta(days=2))

    async def settled(self, number: int = 1) -> dict[str, int]:
        """Post until so many entries have ended; how."""

        async def over() -> bool:
            ends = await self.ends()
            return sum(ends.values()) == number and "waiting" not in ends

        await self.until(over)
        return await self.ends()

    async def enters(
        self, role: str, request: str = "r1", *, door: str = "front", outcome: str = "confirmed"
    ) -> int:
        """Somebody comes in by our door."""
        member = self.box.magicline.gym.who(role)
        values = (request, door, f"ml-{member.member_id}", self.box.clock.now().isoformat(), outcome)
        await self.box.database.write(
            lambda tx: tx.execute(
                "INSERT INTO door_audit (request_id, door, source, member_id, at, state, rule, outcome)"
                " VALUES (?, ?, 'test', ?, ?, 'ended', 'member_in_hours', ?)",
                values,
            )
        )
        return member.member_id


@pytest.fixture
def desk(box: Box, http: httpx.AsyncClient) -> Desk:
    return Desk(box, http)


async def test_an_entry_is_a_check_in_once(desk: Desk) -> None:
    magicline = desk.box.magicline
    before = magicline.visits(await desk.enters("ordinary"))
    await desk.enters("english", "r2", door="staff_room")
    await desk.enters("english", "r3", outcome="failed")
    assert await desk.settled() == {"posted": 1}
    member = magicline.gym.who("ordinary")
    assert magicline.visits(member.member_id) == before + 1
    (asked,) = magicline.asked(READER)
    card = {"type": "NUMBER", "value": member.card("CARD_NUMBER"), "format": "DECIMAL"}
    assert json.loads(asked.content) == {"identification": card, "shouldExecuteAction": True}
    await desk.enters("ordinary", "r4")  # in again, by whichever door, while they are in
    assert await desk.settled(2) == {"already": 1, "posted": 1}
    assert magicline.visits(member.member_id) == before + 1
    assert "r1" not in str(await desk.box.rows("SELECT payload FROM outbox"))
    assert str(member.card("CARD_NUMBER")) not in str(await desk.box.rows("SELECT * FROM outbox"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault.DROP_AFTER,
        Fault.DROP_BEFORE,
        Fault.UNAVAILABLE,
        Fault.UNAVAILABLE_AFTER,
        Fault.CRASH_AFTER,
        Fault.GARBLED,
    ],
)
async def test_whatever_becomes_of_the_answer_there_is_one_visit(desk: Desk, fault: Fault) -> None:
    desk.box.magicline.fail(READER, fault)
    before = desk.box.magicline.visits(await desk.enters("ordinary"))
    assert set(await desk.settled()) <= {"posted", "already"}
    assert desk.box.magicline.visits(desk.box.magicline.gym.who("ordinary").member_id) == before + 1


async def test_a_death_after_the_request_had_left_checks_nobody_in_twice(desk: Desk) -> None:
    magicline = desk.box.magicline
    magicline.fail(READER, Fault.DROP_AFTER)
    magicline.fail("getCustomersCheckinHistory", Fault.CRASH, times=None, after=1)
    before = magicline.visits(await desk.enters("ordinary"))

    async def left() -> bool:
        return bool(await desk.box.rows("SELECT 1 FROM outbox WHERE state IN ('sending', 'uncertain')"))

    await desk.until(left)
    magicline.faults.clear()
    assert await desk.settled() == {"posted": 1}
    assert magicline.visits(magicline.gym.who("ordinary").member_id) == before + 1


async def test_whoever_has_no_card_is_not_posted_and_that_is_shown(desk: Desk) -> None:
    desk.box.magicline.gym.who("ordinary").mediums.clear()
    await desk.enters("ordinary")
    assert await desk.settled() == {"no_card": 1}
    assert desk.box.magicline.asked(READER) == []


async def test_somebody_whom_magicline_refuses_is_read_anew(desk: Desk) -> None:
    gym = desk.box.magicline.gym
    gym.change(gym.who("ordinary"), told=False, access_refused=True)
    await desk.enters("ordinary")
    assert await desk.settled() == {"refused": 1}
    assert await hints.count(desk.box.database) == 1
    await desk.box.work_off()
    assert (await desk.box.state("ordinary")).value == "banned"


@pytest.mark.parametrize(("minutes", "end"), [(10, "posted"), (61, "expired")])
async def test_what_cannot_be_posted_in_time_is_not(desk: Desk, minutes: int, end: str) -> None:
    magicline = desk.box.magicline
    magicline.down = True
    before = magicline.visits(await desk.enters("ordinary"))
    began = desk.box.clock.monotonic()

    async def over() -> bool:
        return desk.box.clock.monotonic() - began > minutes * 60

    await desk.until(over, seconds=30)
    assert desk.health[-1][0] is State.DEGRADED
    magicline.down = False
    assert await desk.settled() == {end: 1}
    assert magicline.visits(magicline.gym.who("ordinary").member_id) == before + (end == "posted")


async def test_a_wrong_token_is_said_and_nothing_is_lost(desk: Desk) -> None:
    await desk.enters("ordinary")
    desk.settings["device_token"] = SecretStr("another one")

    async def said() -> bool:
        return bool(desk.health) and desk.health[-1][0] is State.DOWN

    await desk.until(said, seconds=0.01)
    desk.settings.clear()
    assert await desk.settled() == {"posted": 1}


async def test_a_visit_by_magiclines_own_turnstile_is_mirrored(box: Box) -> None:
    member = box.magicline.gym.who("ordinary")
    visit = box.magicline.gym.check_in(member)
    await box.hear(copies=4)
    await box.work_off()
    (row,) = await box.rows("SELECT * FROM magicline_checkins WHERE checkin_id = ?", visit.check_in_id)
    assert (row["customer_id"], row["end_at"]) == (member.member_id, None)
    box.magicline.gym.check_out(member)
    await box.hear()
    await box.work_off()
    (row,) = await box.rows("SELECT * FROM magicline_checkins WHERE checkin_id = ?", visit.check_in_id)
    assert row["end_at"] is not None
