"""The mirror over the wire: what passes and webhooks make of it, whatever goes wrong meanwhile."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from support.magicline import SleeplessClock
from support.magicline_mirror import (
    Box,
    Filled,
    filled_box,
    mirror_box,
    read_at_all,
    stop,
    truth,
)
from support.waiting import eventually, eventually_is

from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.people import Member, MemberState
from arni_edge.magicline import NotAllowed
from arni_edge.privacy.erasure import ErasureDesk
from arni_edge.simulator.magicline import ANY, Fault, SimulatedMagicline
from arni_edge.storage import members
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.magicline import ages


@pytest_asyncio.fixture
async def box(tmp_path: Path, filled: Filled) -> AsyncIterator[Box]:
    """One that has read everything."""
    async with filled_box(tmp_path, filled) as one:
        yield one


@pytest_asyncio.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Box]:
    """One that has read nothing yet."""
    async with mirror_box(tmp_path) as one:
        yield one


def known_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


# --- a pass -----------------------------------------------------------------------------------------------


async def test_a_full_pass_makes_the_mirror_equal(fresh: Box) -> None:
    await fresh.full_pass()
    assert await fresh.mirrored() == truth(fresh.magicline, fresh.clock.now())
    mirror = await members.mirror(fresh.database)
    assert mirror is not None
    assert not mirror.kept_by_hand
    assert fresh.clock.now() - mirror.refreshed_at < timedelta(minutes=10)
    parts = {one.part for one in await ages.parts(fresh.database) if one.full_at is not None}
    assert parts == {"members", "studio", "employees", "classes", "slots", "appointments", "utilization"}
    (studio,) = await fresh.rows("SELECT * FROM magicline_studio")
    assert (studio["capacity"], "Simulated Gym" in studio["facts"]) == (120, True)


async def test_the_door_is_told_how_everybody_stands(box: Box) -> None:
    active, ended, banned = MemberState.ACTIVE, MemberState.ENDED, MemberState.BANNED
    states = {
        "ordinary": active, "paused": active, "paused_unlimited": active, "pause_over": active,
        "cancelled": active, "access_refused": banned, "in_collection": banned, "restricted": banned,
        "restriction_over": active, "reversed": ended, "prospect": ended, "english": active,
        "other_studio": active, "no_phone": active,
    }  # fmt: skip
    assert {role: await box.state(role) for role in states} == states
    gym, today = box.magicline.gym, box.mirror.today()
    paused, over, cancelled = [
        await members.by_id(box.database, f"ml-{gym.who(role).member_id}")
        for role in ("paused", "pause_over", "cancelled")
    ]
    assert paused is not None
    assert over is not None
    assert cancelled is not None
    assert (paused.paused_from, paused.paused_until) == (
        today - timedelta(days=10),
        today + timedelta(days=20),
    )
    assert over.paused_from is None
    assert cancelled.valid_until == today + timedelta(days=45)
    assert await members.by_id(box.database, f"ml-{gym.who('former').member_id}") is None
    rates = {"Off-Peak": "off_peak", "Premium": "premium", "Basic": "basic", "Student": "student"}
    for member in await members.everybody(box.database):
        if member.plan is not None:
            theirs = gym.members[int(member.member_id[3:])]
            assert member.plan == rates[theirs.contracts[0].rate]


async def test_any_number_of_somebody_finds_them_and_a_shared_one_finds_nobody(box: Box) -> None:
    gym = box.magicline.gym
    mother, odd = (f"ml-{gym.who(role).member_id}" for role in ("mother", "odd_phone"))
    assert await members.by_phone(box.database, "+4917604099901") is None  # her child has it, too
    found = await members.by_phone(box.database, "+4930901820")
    assert found is not None
    assert found.member_id == mother
    landline = await members.by_phone(box.database, "+491711234567")
    assert landline is not None
    assert landline.member_id == odd
    assert await members.with_phone(box.database, "") == []


async def test_no_bank_account_gets_to_the_box(
    fresh: Box, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await fresh.full_pass()
    await fresh.hear()
    await fresh.database.compact()
    content = known_bytes(tmp_path)
    for member in fresh.magicline.gym.members.values():
        for planted in (member.iban, member.email, member.mediums and member.mediums[0].value):
            assert not planted or str(planted).encode() not in content
        assert member.iban not in caplog.text
    assert fresh.magicline.gym.who("ordinary").first_name.encode() in content


# --- keys and health --------------------------------------------------------------------------------------


async def test_a_key_that_is_not_accepted_is_said_clearly(fresh: Box) -> None:
    fresh.magicline.revoked = True
    with pytest.raises(NotAllowed, match="magicline_api_key"):
        await fresh.full_pass()
    state, reason = fresh.health[-1]
    assert state is State.DOWN
    assert "does not accept the key" in reason
    fresh.magicline.revoked = False
    fresh.clock.advance(600)
    await fresh.full_pass()
    assert fresh.magicline.gym.activated
    assert fresh.magicline.counts["probe"] >= 2


async def test_a_part_that_the_key_does_not_allow_is_passed_over_and_shown(fresh: Box) -> None:
    fresh.magicline.scopes = {"CUSTOMER_READ", "CUSTOMER_CONTRACT_READ", "STUDIO_READ", "CLASSES_READ"}
    await fresh.full_pass()
    problems = {one.part for one in await ages.parts(fresh.database) if one.problem}
    assert problems == {"bookings", "employees", "appointments", "accounts", "pauses"}
    assert await fresh.state("ordinary") is MemberState.ACTIVE
    async with fresh.running():
        await eventually(lambda: fresh.health and "employees" in fresh.health[-1][1])
    assert fresh.health[-1][0] is State.DEGRADED


async def test_an_old_mirror_is_shown_and_forty_days_later_all_is_read(box: Box) -> None:
    box.magicline.down = True
    box.clock.advance(timedelta(days=40).total_seconds())
    gym = box.magicline.gym
    gym.change(gym.who("ordinary"), told=False, access_refused=True)
    gym.timetable.slots()
    async with box.running():
        await eventually(lambda: box.health and "the mirror of members is 960 h old" in box.health[-1][1])
        assert box.health[-1][0] is State.DEGRADED
        box.magicline.down = False
        box.clock.advance(600)
        await eventually_is(
            lambda: ages.newest(box.database), lambda last: last and last.pass_id == 2 and last.ended_at
        )
        await eventually(lambda: box.health[-1][0] is State.OK)
    assert await box.mirrored() == truth(box.magicline, box.clock.now())


async def test_a_pass_comes_to_its_end_whatever_breaks(fresh: Box) -> None:
    for fault in (Fault.UNAVAILABLE, Fault.DROP_AFTER, Fault.GARBLED, Fault.CUT_SHORT, Fault.CRASH):
        fresh.magicline.fail(ANY, fault, times=5, chance=0.4)
    run = asyncio.create_task(fresh.passes.run(lambda: None))
    async with asyncio.timeout(30):
        while not (last := await ages.newest(fresh.database)) or not last.ended_at:
            fresh.clock.advance(30)
            await asyncio.sleep(0.005)
    await stop(run)
    assert all(plan.hit == 5 for plan in fresh.magicline.faults.plans)
    assert await fresh.mirrored() == truth(fresh.magicline, fresh.clock.now())


async def test_a_minute_of_429_is_waited_out(fresh: Box) -> None:
    fresh.magicline.fail("getCustomers", Fault.LOCKED)
    fresh.magicline.fail("getCustomersContracts", Fault.LOCKED)
    began = fresh.clock.monotonic()
    await fresh.full_pass()
    assert await fresh.mirrored() == truth(fresh.magicline, fresh.clock.now())
    assert fresh.clock.monotonic() - began >= 60
    refused = [one for one in fresh.magicline.requests if one.status == 429]
    assert len(refused) <= 4, "a closed endpoint is left alone"


# --- restarts ---------------------------------------------------------------------------------------------


async def test_a_pass_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    clock = SleeplessClock()
    async with SimulatedMagicline(clock=clock, members=4) as magicline:
        for life in range(40):
            async with mirror_box(tmp_path, magicline=magicline, clock=clock) as box:
                run = asyncio.create_task(box.passes.run(lambda: None))
                before, last = len(magicline.requests), None
                with suppress(TimeoutError):
                    async with asyncio.timeout(10):
                        while not ((last := await ages.newest(box.database)) and last.ended_at):
                            if len(magicline.requests) >= before + 25 + life % 3:
                                break
                            await asyncio.sleep(0)
                await stop(run)  # wherever it was
                if last is not None and last.ended_at:
                    break
        async with mirror_box(tmp_path, magicline=magicline, clock=clock) as box:
            assert life > 2
            assert await box.mirrored() == truth(magicline, clock.now())
            last = await ages.newest(box.database)
            assert last is not None
            assert last.pass_id == 1
        lists = [one for one in magicline.asked("getCustomers") if one.status == 200]
        assert len(lists) <= 4, "what was read is not read again"


async def test_a_pass_that_lay_too_long_begins_anew(fresh: Box) -> None:
    fresh.magicline.fail("getCustomersContracts", Fault.CRASH, times=None)
    run = asyncio.create_task(fresh.passes.run(lambda: None))
    await eventually(lambda: fresh.magicline.counts["getCustomersContracts"] > 2)
    await stop(run)
    first = await ages.newest(fresh.database)
    assert first is not None
    assert first.phase == "details"
    fresh.magicline.faults.clear()
    fresh.clock.advance(7 * 3600)
    async with fresh.running():
        await read_at_all(fresh)
    last = await ages.newest(fresh.database)
    assert last is not None
    assert last.pass_id == first.pass_id + 1


# --- who is missing ---------------------------------------------------------------------------------------


async def test_whoever_is_missing_twice_is_gone(box: Box) -> None:
    gym = box.magicline.gym
    leaver = gym.who("ordinary")
    phone = (await box.states())[f"ml-{leaver.member_id}"][1]
    gym.remove(leaver)
    await box.full_pass()
    assert await box.state("ordinary") is MemberState.ACTIVE
    await box.full_pass()
    assert await box.state("ordinary") is MemberState.ENDED
    assert await members.with_phone(box.database, phone) == []
    assert await box.rows("SELECT 1 FROM magicline_contracts WHERE customer_id = ?", leaver.member_id) == []
    assert await box.mirrored() == truth(box.magicline, box.clock.now())
    leaver.listed = True  # they come back
    await box.full_pass()
    assert await box.state("ordinary") is MemberState.ACTIVE
    assert len(await members.with_phone(box.database, phone)) == 1


async def test_a_list_that_shrinks_suspiciously_takes_nobody_off(box: Box) -> None:
    gym = box.magicline.gym
    for member in list(gym.members.values())[:20]:
        gym.remove(member)
    before = await box.states()
    for _ in range(2):
        await box.full_pass()
    assert await box.states() == before
    assert set(box.told.troubles) == {"magicline/many_missing"}
    async with box.running():
        await eventually(lambda: "nobody was taken off" in box.health[-1][1])
    wish = asyncio.create_task(box.passes.now("members", accept_missing=True))
    async with box.running(), asyncio.timeout(30):
        await wish
    assert (await box.mirrored())["customers"].keys() == truth(box.magicline, box.clock.now())[
        "customers"
    ].keys()


async def test_somebody_whose_record_cannot_be_read_is_not_gone(box: Box) -> None:
    gym = box.magicline.gym
    # In no list for a while, but there when asked for by number, as a customer is who cannot be read.
    odd = gym.who("ordinary")
    odd.status = "FROZEN"
    for _ in range(2):
        await box.full_pass()
    assert await box.state("ordinary") is MemberState.ACTIVE


# --- hand-kept members, bans, erasures --------------------------------------------------------------------


async def test_members_kept_by_hand_stay_and_are_recognised(fresh: Box) -> None:
    gym = fresh.magicline.gym
    same, by_number = gym.who("ordinary"), gym.who("english")
    phone = same.phones["phonePrivateMobile"].replace(" ", "")
    by_hand = [
        Member("cleaner", "Cleaning", "+4915111111111", groups=("staff",)),
        Member("m1", f"{same.first_name} {same.last_name}", phone, groups=("women",)),
        Member(by_number.number, f"{by_number.first_name} {by_number.last_name}", "+4915122222222"),
        Member("m3", "Somebody Else", gym.who("cancelled").phones["phonePrivateMobile"].replace(" ", "")),
    ]
    await fresh.database.write(lambda tx: members.put_by_hand(tx, by_hand, fresh.clock.now()))
    await fresh.full_pass()
    on_file = {one.member_id: one for one in await members.everybody(fresh.database)}
    assert on_file["cleaner"] == by_hand[0]
    assert on_file["m1"].groups == ("women",)
    assert on_file["m1"].plan is not None, "Magicline keeps them from now on"
    assert f"ml-{same.member_id}" not in on_file
    assert f"ml-{by_number.member_id}" not in on_file
    found = await members.by_phone(fresh.database, phone)
    assert found is not None
    assert found.member_id == "m1"
    # One number, two names: nobody knows which of them writes.
    assert len(await members.with_phone(fresh.database, by_hand[3].phone)) == 2


async def test_a_ban_of_the_gym_outlasts_every_pass(box: Box) -> None:
    banned = f"ml-{box.magicline.gym.who('ordinary').member_id}"
    assert await box.database.write(lambda tx: members.ban(tx, banned))
    await box.full_pass()
    assert await box.state("ordinary") is MemberState.BANNED


async def test_whoever_was_erased_does_not_come_back(box: Box, tmp_path: Path) -> None:
    gym = box.magicline.gym
    member = gym.who("mother")
    gym.change(member, first_name="Wilhelmine", last_name="Planted-Unique")
    await box.hear()
    await box.work_off()
    assert b"Planted-Unique" in known_bytes(tmp_path)
    member_id = f"ml-{member.member_id}"
    erasure = ErasureDesk(box.database, box.clock, Catalogue.load(), AuditLog(b"k" * 32), folders=[tmp_path])
    proof = await erasure.erase(member_id, "console:nora")
    assert proof.state == "proven"
    assert await members.by_id(box.database, member_id) is None
    gym.change(member)
    await box.hear()
    await box.work_off()
    await box.full_pass()
    assert await members.by_id(box.database, member_id) is None
    assert box.told.troubles == ["magicline/erased_still_there"]
    await box.database.compact()
    content = known_bytes(tmp_path)
    for trace in (b"Planted-Unique", b"Wilhelmine", b"30901820"):
        assert trace not in content
    for table in ("customers", "contracts", "bookings", "checkins", "pauses"):
        sql = f"SELECT 1 FROM magicline_{table} WHERE customer_id = ?"
        assert await box.rows(sql, member.member_id) == []


# --- webhooks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("copies", "backwards"), [(0, False), (1, False), (4, True)])
async def test_webhooks_are_hints_however_often_and_in_any_order(
    tmp_path: Path, filled: Filled, copies: int, backwards: bool
) -> None:
    async with filled_box(tmp_path, filled) as box:
        gym, today = box.magicline.gym, box.mirror.today()
        gym.change(gym.who("ordinary"), last_name="Neu")
        gym.pause(gym.who("english"), today, today + timedelta(days=9))
        gym.add_member()
        slots = [one for one in gym.timetable.slots() if one.taught.bookable and not one.cancelled]
        gym.timetable.cancel_slot(slots[5])
        gym.timetable.move_slot(slots[9], slots[9].start + timedelta(hours=1))
        booking = gym.timetable.book(gym.who("cancelled"), slots[14])
        gym.check_in(gym.who("ordinary"))
        gym.remove(gym.who("child"), told=True)
        assert booking.booking_id
        await box.hear(copies=copies, backwards=backwards)
        await box.work_off()
        if not copies:
            assert await box.mirrored() != truth(box.magicline, box.clock.now())
            await box.full_pass()
            await box.full_pass()
        assert await box.mirrored() == truth(box.magicline, box.clock.now())
        if copies:
            assert len(await box.rows("SELECT * FROM magicline_checkins")) >= 1
            mother = await members.by_phone(box.database, "+4917604099901")
            assert mother is not None, "her child has gone, the number is hers alone"


async def test_whoever_is_disabled_is_shut_out_before_anything_is_read(box: Box) -> None:
    member = box.magicline.gym.who("ordinary")
    box.magicline.gym.tell("CUSTOMER_ACCESS_DISABLED", member.member_id)
    box.magicline.down = True
    await box.hear()
    assert await box.state("ordinary") is MemberState.ENDED
    box.magicline.down = False
    await box.work_off()  # it was an old hint: they are still there
    assert await box.state("ordinary") is MemberState.ACTIVE


async def test_hints_wait_out_an_outage_and_a_restart(tmp_path: Path) -> None:
    clock = SleeplessClock()
    async with SimulatedMagicline(clock=clock, members=4) as magicline:
        async with mirror_box(tmp_path, magicline=magicline, clock=clock) as box:
            await box.full_pass()
            magicline.gym.change(magicline.gym.who("ordinary"), last_name="Neu")
            await box.hear()
            magicline.down = True
            run = asyncio.create_task(box.hints.run(lambda: None))
            waiting = "SELECT * FROM magicline_hints WHERE attempts > 0"
            await eventually_is(lambda: box.rows(waiting), bool)
            await stop(run)
        magicline.down = False
        async with mirror_box(tmp_path, magicline=magicline, clock=clock) as box:
            await box.work_off()
            (row,) = await box.rows(
                "SELECT last_name FROM magicline_customers WHERE customer_id = ?",
                magicline.gym.who("ordinary").member_id,
            )
            assert row["last_name"] == "Neu"


async def test_a_storm_of_webhooks_is_read_once_per_thing(box: Box) -> None:
    member = box.magicline.gym.who("ordinary")
    before = box.magicline.counts["getCustomer"]
    for number in range(200):
        box.magicline.gym.change(member, last_name=f"N{number}")
    await box.hear(copies=2)
    await box.work_off()
    assert (await box.mirrored())["customers"][member.member_id][1] == "N199"
    assert box.magicline.counts["getCustomer"] - before <= 2


# --- in between -------------------------------------------------------------------------------------------


async def test_what_matters_today_is_read_between_passes(box: Box) -> None:
    gym, now = box.magicline.gym, box.clock.now()
    slot = gym.timetable.add(now + timedelta(hours=3))
    busy = next(
        one for one in gym.members.values()
        if any(b.holds and b.slot.start.date() == box.mirror.today() for b in gym.timetable.of(one.member_id))
    )  # fmt: skip
    dropped = next(
        b for b in gym.timetable.of(busy.member_id) if b.holds and b.slot.start > now + timedelta(days=2)
    )
    gym.timetable.cancel(dropped)
    gym.check_in(busy, told=False)
    box.clock.advance(301)
    async with box.running():
        visits = "SELECT 1 FROM magicline_checkins WHERE customer_id = ?"
        await eventually_is(lambda: box.rows(visits, busy.member_id), bool)
    assert await box.rows("SELECT 1 FROM magicline_slots WHERE slot_id = ?", slot.slot_id)
    theirs = await box.rows("SELECT * FROM magicline_bookings WHERE customer_id = ?", busy.member_id)
    assert {row["booking_id"]: row["status"] for row in theirs}[dropped.booking_id] == "CANCELED"
    (studio,) = await box.rows("SELECT inside FROM magicline_studio")
    assert studio["inside"] == 1


async def test_a_part_can_be_asked_for(box: Box) -> None:
    box.magicline.gym.employees.popitem()
    async with box.running():
        await box.passes.now("employees")
        assert len(await box.rows("SELECT * FROM magicline_employees")) == 4
        with pytest.raises(InvalidInput, match="no part"):
            await box.passes.now("bank")
        box.magicline.down = True
        with pytest.raises(Unavailable):
            await box.passes.now("studio")


async def test_nothing_of_a_webhook_is_taken_twice_by_the_database_itself(box: Box) -> None:
    box.magicline.gym.change(box.magicline.gym.who("ordinary"))
    await box.hear(copies=4)
    assert len(await box.rows("SELECT * FROM magicline_webhooks")) == 1
    (hint,) = await box.rows("SELECT * FROM magicline_hints")
    assert hint["revision"] == 1


# --- whatever happens in whatever order ---------------------------------------------------------------------


@settings(max_examples=4, deadline=None)
@given(st.data())
def test_in_the_end_the_mirror_is_what_magicline_is(filled: Filled, data: st.DataObject) -> None:
    asyncio.run(_a_random_life(filled, data))


async def _a_random_life(filled: Filled, data: st.DataObject) -> None:
    draw = data.draw
    with tempfile.TemporaryDirectory() as folder:
        async with filled_box(Path(folder), filled) as box:
            gym = box.magicline.gym
            for step in range(draw(st.integers(1, 8))):
                _change(box, draw(st.sampled_from(_CHANGES)), draw(st.integers(0, 999)), f"Neu{step}")
                kept = [
                    event
                    for event in box.magicline.webhooks.held
                    for _ in range(draw(st.sampled_from((0, 1, 4))))
                ]
                box.magicline.webhooks.held.clear()
                for event in draw(st.permutations(kept)):
                    await box.hints.take(event.body)
                if draw(st.booleans()):
                    await box.work_off()
            await box.work_off()
            await box.full_pass()
            await box.full_pass()
            assert await box.mirrored() == truth(box.magicline, box.clock.now())
            for member in gym.members.values():
                found = await members.by_id(box.database, f"ml-{member.member_id}")
                assert member.listed or found is None or found.state is MemberState.ENDED


_CHANGES = (
    "name",
    "refused",
    "pause",
    "add",
    "vanish",
    "vanish",
    "cancel_slot",
    "move_slot",
    "cancel",
    "check_in",
)


def _change(box: Box, what: str, number: int, word: str) -> None:
    gym, today = box.magicline.gym, box.mirror.today()
    listed = [one for one in gym.members.values() if one.listed and one.status == "MEMBER"]
    member = listed[number % len(listed)]
    slots = [one for one in gym.timetable.slots() if one.taught.bookable and not one.cancelled]
    slot = slots[number % len(slots)]
    if what == "name":
        gym.change(member, last_name=word)
    elif what == "refused":
        gym.change(member, access_refused=not member.access_refused)
    elif what == "pause":
        gym.pause(member, today - timedelta(days=number % 5), today + timedelta(days=number % 9))
    elif what == "add":
        gym.add_member()
    elif what == "vanish":
        gym.remove(member, told=number % 2 == 0)
    elif what == "cancel_slot":
        gym.timetable.cancel_slot(slot)
    elif what == "move_slot":
        gym.timetable.move_slot(slot, slot.start + timedelta(minutes=5))
    elif what == "check_in":
        gym.check_in(member)
    else:
        late = box.clock.now() + timedelta(days=2)
        held = [one for one in gym.timetable.bookings.values() if one.holds and one.slot.start > late]
        gym.timetable.cancel(held[number % len(held)])
