"""The entry desk on a real database: what is shown at a door, once, and what is written down about it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.entry import BEN, MIA, OPENED, cleaners, doorstep, rules_for
from support.retention import forget, retention_desk
from support.waiting import eventually

from arni_edge.access import Entry
from arni_edge.domain.doors import AskReason, DenyReason, EntryRequest, Outcome
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.events import StaffAsked
from arni_edge.domain.people import Assurance, MemberState
from arni_edge.storage import relay_cursor
from arni_edge.storage.relay_cursor import Reread

# --- QR -----------------------------------------------------------------------------------------------------


async def test_a_qr_opens_once(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        text = here.desk.issuer.qr("m1")
        assert await here.show(f" {text}\n") == OPENED
        here.clock.advance(11)
        assert await here.show(text) == Entry(DenyReason.USED, None)
        assert await here.show(text, "back") == Entry(DenyReason.USED, None)
        assert (here.front.opened, here.back.opened) == (1, 0)
        rows = await here.audit()
        assert [(row["door"], row["state"], row["rule"]) for row in rows] == [
            ("front", "ended", "member_in_hours"),
            ("front", "denied", "used"),
            ("back", "denied", "used"),
        ]
        assert {row["member_id"] for row in rows} == {"m1"}
        assert {row["via"] for row in rows} == {"qr"}
        assert rows[0]["evidence"] == "state=5"


async def test_a_camera_that_sees_the_same_qr_in_twenty_frames_makes_one_entry(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        here.front.gate.clear()
        text = here.desk.issuer.qr("m1")
        first = asyncio.create_task(here.show(text))
        await eventually(lambda: here.front.opened)
        frames = await asyncio.gather(*(here.show(text) for _ in range(19)))
        assert set(frames) == {Entry(None, Outcome.BUSY)}
        here.front.gate.set()
        assert await first == OPENED
        assert await here.show(text) == OPENED  # what became of it, told again
        assert here.front.opened == 1
        assert len(await here.audit()) == 1


async def test_many_readers_at_once_open_one_door_for_one_qr(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        text = here.desk.issuer.qr("m1")
        await asyncio.gather(*(here.show(text, door) for door in ("front", "back") * 10))
        assert here.front.opened + here.back.opened == 1


async def test_two_people_at_one_door_are_two_entries(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        mia, ben = here.desk.issuer.qr("m1"), here.desk.issuer.qr("m2")
        assert set(await asyncio.gather(here.show(mia), here.show(ben))) == {OPENED}
        assert {row["member_id"] for row in await here.audit()} == {"m1", "m2"}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59, None), (60, DenyReason.EXPIRED), (-30, None), (-31, DenyReason.TOO_EARLY)],
)
async def test_a_qr_lives_shortly_and_clocks_may_differ(
    tmp_path: Path, seconds: float, expected: DenyReason | None
) -> None:
    async with doorstep(tmp_path) as here:
        text = here.desk.issuer.qr("m1")
        here.clock.advance(seconds)
        assert (await here.show(text)).denied == expected
        assert here.front.opened == (expected is None)


@pytest.mark.parametrize("restored", [True, False])
async def test_a_qr_from_before_a_backup_was_put_back_opens_nothing(tmp_path: Path, restored: bool) -> None:
    """Whether it was used since, the backup does not know; on a box that is new nobody has used one."""
    async with doorstep(tmp_path) as here:
        text, now = here.desk.issuer.qr("m1"), here.clock.now()
        reread = Reread(now, 3 if restored else 0, 9, restored=restored)
        await here.database.write(lambda tx: relay_cursor.note_reread(tx, "relay", "log", reread))
        here.clock.advance(5)
        opens = None if not restored else DenyReason.USED
        assert (await here.show(text)).denied == opens
        assert here.front.opened == (not restored)
        here.clock.advance(31)
        assert await here.show(here.desk.issuer.qr("m2")) == OPENED


async def test_an_expired_qr_does_not_come_back_with_the_clock(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        text = here.desk.issuer.qr("m1")
        assert await here.show(text) == OPENED
        here.clock.advance(86_400)
        await forget(here.database, here.clock)
        here.clock.advance(-86_400 + 15)
        assert await here.show(text) == Entry(DenyReason.USED, None)


async def test_a_qr_for_one_door_opens_no_other(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        text = here.desk.issuer.qr("m1", "back")
        assert await here.show(text) == Entry(DenyReason.WRONG_DOOR, None)
        with pytest.raises(InvalidInput):
            here.desk.issuer.qr("m1", "vault")


async def test_a_key_rotates_with_an_overlap(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        here.keys._file = tmp_path / "entry-keys.json"
        old, older = here.desk.issuer.qr("m1"), here.desk.issuer.qr("m2")
        await here.desk.issuer.rotate_keys(timedelta(seconds=20))
        assert await here.show(old) == OPENED
        here.clock.advance(20)
        assert await here.show(older) == Entry(DenyReason.UNKNOWN_CREDENTIAL, None)
        assert await here.show(here.desk.issuer.qr("m2")) == OPENED


async def test_what_the_mirror_knows_now_decides(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        asked = EntryRequest("w1", "front", "whatsapp", here.clock.now())
        await here.change(replace(MIA, state=MemberState.BANNED))
        # Whoever asks found her before the ban was on file.
        assert await here.desk.request(asked, MIA, Assurance.CHANNEL) == Entry(DenyReason.BANNED, None)
        assert await here.show(here.desk.issuer.qr("m1")) == Entry(DenyReason.BANNED, None)
        assert await here.show(here.desk.issuer.qr("nobody")) == Entry(DenyReason.STRANGER, None)
        assert here.front.opened == 0


async def test_the_same_request_opens_once_and_consumes_nothing_the_second_time(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        first, second = here.desk.issuer.qr("m1"), here.desk.issuer.qr("m1")
        assert await here.show(first, request_id="call-1") == OPENED
        assert await here.show(second, request_id="call-1") == OPENED
        assert here.front.opened == 1
        assert await here.count("entry_tokens") == 1
        assert await here.show(second) == OPENED


async def test_anti_passback(tmp_path: Path) -> None:
    rules = rules_for("front", "back", anti_passback=timedelta(minutes=10))
    async with doorstep(tmp_path, rules=rules) as here:
        assert await here.show(here.desk.issuer.qr("m1")) == OPENED
        here.clock.advance(599)
        assert await here.show(here.desk.issuer.qr("m1")) == Entry(DenyReason.PASSED_BACK, None)
        assert await here.show(here.desk.issuer.qr("m1"), "back") == OPENED
        here.clock.advance(1)
        assert await here.show(here.desk.issuer.qr("m1")) == OPENED


async def test_a_full_house(tmp_path: Path) -> None:
    people: list[int | None] = [40]
    async with doorstep(tmp_path, inside=lambda: people[0], capacity=40) as here:
        assert await here.show(here.desk.issuer.qr("m1")) == Entry(DenyReason.FULL, None)
        people[0] = None
        assert await here.show(here.desk.issuer.qr("m1")) == OPENED


# --- staff --------------------------------------------------------------------------------------------------


async def test_a_person_decides_when_the_owner_chose_so(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        await here.change(replace(MIA, arrears=True))
        text = here.desk.issuer.qr("m1")
        asked = Entry(None, None, AskReason.ARREARS)
        assert await here.show(text) == asked
        assert await here.show(text) == asked
        assert here.front.opened == 0
        (event,) = list(here.events)
        assert isinstance(event, StaffAsked)
        assert event.reason is AskReason.ARREARS
        opened = await here.desk.open_by_staff("front", staff="Kim", reason="paid in cash", request_id="s1")
        assert opened == OPENED
        rows = await here.audit()
        assert [(row["state"], row["rule"], row["staff"], row["reason"]) for row in rows] == [
            ("asked", "arrears", None, None),
            ("ended", "staff", "Kim", "paid in cash"),
        ]


async def test_staff_open_though_nothing_is_known_of_members(tmp_path: Path) -> None:
    async with doorstep(tmp_path, rules=rules_for("front", "back", windows={})) as here:
        await here.database.write(lambda tx: tx.execute("DELETE FROM mirror"))
        for _ in range(2):
            opened = await here.desk.open_by_staff("back", staff="Kim", reason="fire drill", request_id="s1")
            assert opened == OPENED
        assert here.back.opened == 1
        vault = await here.desk.open_by_staff("vault", staff="Kim", reason="curious", request_id="s2")
        assert vault == Entry(DenyReason.UNKNOWN_DOOR, None)


@pytest.mark.parametrize(("staff", "reason"), [("", "x"), ("Kim", "  "), ("x" * 65, "x"), ("Kim", "x" * 301)])
async def test_staff_say_who_and_why(tmp_path: Path, staff: str, reason: str) -> None:
    async with doorstep(tmp_path) as here:
        with pytest.raises(InvalidInput):
            await here.desk.open_by_staff("front", staff=staff, reason=reason, request_id="s1")
        assert here.front.opened == 0


# --- what is written down -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "   ", "hello", "12345", "123456789", "١٢٣٤٥٦", "\0", "AE1.x", "9" * 5000]
)
async def test_what_cannot_be_read_is_refused_and_written_down(tmp_path: Path, text: str) -> None:
    async with doorstep(tmp_path) as here:
        assert await here.show(text) == Entry(DenyReason.UNREADABLE, None)
        (row,) = await here.audit()
        assert (row["state"], row["rule"], row["via"], row["member_id"]) == (
            "denied",
            "unreadable",
            None,
            None,
        )


async def test_a_hostile_reader_cannot_fill_the_disk_nor_the_bus(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        forged = here.desk.issuer.qr("m1")[:-3] + "AAA"
        for number in range(100):
            await here.show(forged if number % 2 else f"rubbish {number}")
            await here.show("rubbish", f"door-{number}")
        assert len(await here.audit()) == 20
        assert len(list(here.events)) == 20
        here.clock.advance(60)
        await here.show("rubbish")
        assert (await here.audit())[-1]["evidence"] == "90 more before this one were not written down"
        assert await here.count("entry_tokens") == 0
        # Who is let in is always written down.
        assert await here.show(here.desk.issuer.qr("m1")) == OPENED


async def test_no_code_and_no_token_is_kept_or_logged(tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with doorstep(tmp_path) as here:
            qr = here.desk.issuer.qr("m1")
            code = await here.desk.issuer.code("m1", "front")
            _, visit = await here.desk.issuer.visits.add(cleaners(here))
            for text in (qr, code.digits, visit, qr[:-1] + ("A" if qr[-1] != "A" else "Q")):
                await here.show(text)
            kept = "\n".join(here.database._writer.connection.iterdump())
    for secret in (qr, qr.split(".")[-1], code.digits, visit):
        assert secret not in kept
        assert secret not in repr(logs)


# --- retention ----------------------------------------------------------------------------------------------


async def test_what_is_over_is_forgotten(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        await here.show(here.desk.issuer.qr("m1"))
        await here.desk.issuer.code("m1", "front")
        await here.show("00000000")
        await here.desk.issuer.visits.add(cleaners(here))
        assert (await forget(here.database, here.clock))["door_audit"] == 0
        here.clock.advance(8 * 86_400)
        await forget(here.database, here.clock)
        for table in ("entry_tokens", "entry_codes", "entry_tallies"):
            assert await here.count(table) == 0
        assert await here.count("door_audit") == 2
        here.clock.advance(22 * 86_400 + 1)
        assert (await forget(here.database, here.clock))["door_audit"] == 2
        assert await here.count("visits") == 1
        here.clock.advance(31 * 86_400)
        await forget(here.database, here.clock)
        assert await here.count("visits") == 0


async def test_it_forgets_by_itself_and_keeps_what_is_under_way(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        await here.database.write(
            lambda tx: tx.execute(
                "INSERT INTO door_audit (request_id, door, source, at, state, rule) VALUES"
                " ('r1', 'front', 'test', '2020-01-01T00:00:00+00:00', 'denied', 'stranger'),"
                " ('r2', 'front', 'test', '2020-01-01T00:00:00+00:00', 'commanded', 'staff')"
            )
        )
        running = asyncio.create_task(retention_desk(here.database, here.clock).run(lambda: None))
        while await here.count("door_audit") == 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait({running})
        assert [row["state"] for row in await here.audit()] == ["commanded"]


# --- what became of a command -------------------------------------------------------------------------------


async def test_a_disk_that_fails_after_the_opening_hides_neither_outcome_nor_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with doorstep(tmp_path) as step:
        write, failing = step.database.write, True

        async def fails(unit: Any, *, deadline: float = 15.0) -> Any:
            if failing and step.front.opened == 1:
                raise Unavailable("the disk is failing")
            return await write(unit, deadline=deadline)

        monkeypatch.setattr(step.database, "write", fails)
        assert await step.show(step.desk.issuer.qr(MIA.member_id)) == OPENED
        assert [row["state"] for row in await step.audit()] == ["commanded"]
        failing = False
        assert await step.show(step.desk.issuer.qr(BEN.member_id)) == OPENED
        rows = await step.audit()
        assert [(row["state"], row["outcome"], row["evidence"]) for row in rows] == [
            ("ended", "confirmed", "state=5")
        ] * 2


async def test_an_opening_whose_asker_has_gone_ends_in_the_audit(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as step:
        step.front.gate.clear()
        asking = asyncio.create_task(step.show(step.desk.issuer.qr(MIA.member_id)))
        await eventually(lambda: step.front.opened)
        asking.cancel()
        await asyncio.wait({asking})
        (row,) = await step.audit()
        assert (row["state"], row["outcome"], row["evidence"]) == ("ended", "unknown", "interrupted")


async def test_what_a_crash_interrupted_is_named_by_its_door(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as step:
        await step.show(step.desk.issuer.qr(MIA.member_id), door="back")
        await step.database.write(
            lambda tx: tx.execute("UPDATE door_audit SET state = 'commanded', outcome = NULL")
        )
        assert await step.desk.abandon() == ["back"]
        assert await step.desk.abandon() == []
