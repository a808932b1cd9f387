"""Debts, pauses that keep nobody out, and where the studio is: what the mirror makes of them for the door."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest_asyncio
from support.magicline_mirror import Box, Filled, filled_box, mirror_box

from arni_edge.access.policy import Choice, DoorRule, Rules, decide
from arni_edge.domain.doors import Allow, AskReason, AskStaff, Credential, Deny, DenyReason, EntryRequest, Via
from arni_edge.domain.people import Assurance, Member
from arni_edge.simulator.magicline import Fault
from arni_edge.storage import members
from arni_edge.storage.magicline import ages


@pytest_asyncio.fixture
async def box(tmp_path: Path, filled: Filled) -> AsyncIterator[Box]:
    async with filled_box(tmp_path, filled) as one:
        yield one


async def on_file(box: Box, role: str) -> Member:
    member = await members.by_id(box.database, f"ml-{box.magicline.gym.who(role).member_id}")
    assert member is not None, role
    return member


def known_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def decided(
    box: Box, member: Member, age: timedelta = timedelta(0), *, stale: Choice = Choice.DENY
) -> object:
    """What the entry policy says to somebody whom the mirror knows so."""
    now = box.clock.now()
    always = {day: [(now.min.time(), now.max.time())] for day in range(7)}
    return decide(
        EntryRequest("r1", "front", "test", now),
        member,
        Credential(Via.CHANNEL, holder=member.member_id, assurance=Assurance.CHANNEL),
        now,
        Rules(ZoneInfo("Europe/Berlin"), always, {"front": DoorRule()}, timedelta(hours=72), stale=stale),
        age,
    )


async def test_whoever_is_dunned_is_left_to_staff_and_nobody_else(box: Box) -> None:
    arrears = {
        role for role in ("ordinary", "in_arrears", "paused", "english") if (await on_file(box, role)).arrears
    }
    assert arrears == {"in_arrears"}
    assert decided(box, await on_file(box, "in_arrears")) == AskStaff(AskReason.ARREARS)
    assert isinstance(decided(box, await on_file(box, "ordinary")), Allow)
    (part,) = [one for one in await ages.parts(box.database) if one.part == "accounts"]
    assert part.read_at is not None
    gym = box.magicline.gym
    paid = gym.who("in_arrears")
    gym.change(paid, owes=0.0, dunning=None)
    await box.hear()
    await box.work_off()
    assert not (await on_file(box, "in_arrears")).arrears


async def test_what_the_gym_says_of_debts_itself_outlasts_every_pass(box: Box) -> None:
    owing = await on_file(box, "ordinary")
    await box.database.write(
        lambda tx: tx.execute("UPDATE members SET arrears = 1 WHERE member_id = ?", (owing.member_id,))
    )
    await box.full_pass()
    assert (await on_file(box, "ordinary")).arrears


async def test_an_amount_is_never_kept(box: Box, tmp_path: Path) -> None:
    await box.database.compact()
    content = known_bytes(tmp_path)
    for planted in ("59.8", "358.8", "Mahnstufe"):
        assert planted.encode() not in content


async def test_a_pause_keeps_out_unless_its_contract_says_that_it_does_not(box: Box) -> None:
    assert decided(box, await on_file(box, "paused")) == Deny(DenyReason.PAUSED)
    assert isinstance(decided(box, await on_file(box, "pause_lenient")), Allow)
    gym = box.magicline.gym
    asked = box.magicline.counts["getIdlePeriodConfig"]
    assert asked == 0, "the simulator of this test was not asked yet"
    gym.who("paused").contracts[0].pause_refuses = False
    gym.who("pause_lenient").contracts[0].pause_refuses = True
    await box.full_pass()
    assert isinstance(decided(box, await on_file(box, "paused")), Allow)
    assert decided(box, await on_file(box, "pause_lenient")) == Deny(DenyReason.PAUSED)
    resting = sum(
        any(not (p.end < gym.today() and not p.unlimited) for p in c.pauses)
        for m in gym.members.values()
        for c in m.contracts
    )
    assert box.magicline.counts["getIdlePeriodConfig"] == resting, "only contracts that rest are asked about"


async def test_rules_that_the_key_may_not_read_keep_out(box: Box) -> None:
    box.magicline.fail("getIdlePeriodConfig", Fault.BARE, times=None)
    box.magicline.fail("getCustomersAccountBalanceData", Fault.BARE, times=None)
    await box.full_pass()
    assert decided(box, await on_file(box, "pause_lenient")) == Deny(DenyReason.PAUSED)
    assert (await on_file(box, "in_arrears")).arrears, (
        "what was read before holds until something else is read"
    )
    problems = {one.part for one in await ages.parts(box.database) if one.problem}
    assert problems == {"accounts", "pauses"}


async def test_an_old_mirror_is_the_owners_to_trust(box: Box) -> None:
    member = await on_file(box, "ordinary")
    assert isinstance(decided(box, member, timedelta(hours=71)), Allow)
    assert decided(box, member, timedelta(hours=73)) == Deny(DenyReason.MIRROR_STALE)
    assert decided(box, member, timedelta(hours=73), stale=Choice.ASK_STAFF) == AskStaff(
        AskReason.MIRROR_STALE
    )
    kept = await members.mirror(box.database)
    assert kept is not None
    assert box.clock.now() - kept.refreshed_at < timedelta(hours=1)


async def test_numbers_without_a_country_are_of_where_the_studio_is(box: Box) -> None:
    gym = box.magicline.gym
    member = gym.who("ordinary")
    cases = {
        ("AT", "0664/123 45 67"): "+436641234567",
        ("CH", "079 123 45 67"): "+41791234567",
        ("DE", "0171/123 45 67"): "+491711234567",
        ("AT", "+49 171 1234567"): "+491711234567",
    }
    for (country, typed), number in cases.items():
        gym.country, member.phones = country, {"phonePrivateMobile": typed}
        await box.mirror.studio.studio()
        await box.mirror.customer(member.member_id)
        assert (await on_file(box, "ordinary")).phone == number


async def test_where_the_studio_is_is_read_before_anybodys_number(box: Box) -> None:
    box.magicline.gym.country = "CH"
    box.magicline.gym.who("ordinary").phones = {"phonePrivateMobile": "079 123 45 67"}
    await box.full_pass()
    assert (await on_file(box, "ordinary")).phone == "+41791234567"


async def test_while_the_studio_does_not_say_where_it_is_the_settings_do(tmp_path: Path) -> None:
    async with mirror_box(tmp_path, country="CH") as box:
        member = box.magicline.gym.who("ordinary")
        member.phones = {"phonePrivateMobile": "079 123 45 67"}
        await box.mirror.customer(member.member_id)
        assert (await on_file(box, "ordinary")).phone == "+41791234567"
