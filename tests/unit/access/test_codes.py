"""One-time codes and the codes of visits, at a desk on a real database."""

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from support.entry import OPENED, cleaners, doorstep, entry_desk, rules_for

from arni_edge.access import Entry
from arni_edge.bus import Bus
from arni_edge.domain.doors import DenyReason
from arni_edge.domain.errors import InvalidInput, Refused

# --- one-time codes -----------------------------------------------------------------------------------------


def _another(digits: str) -> str:
    return f"{(int(digits) + 1) % 10 ** len(digits):0{len(digits)}d}"


async def test_a_code_opens_its_door_once_within_ten_minutes(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        code = await here.desk.issuer.code("m1", "front")
        assert await here.show(code.digits, "back") == Entry(DenyReason.UNKNOWN_CREDENTIAL, None)
        assert await here.show(f"{code.digits[:3]} {code.digits[3:]}") == OPENED
        assert await here.show(code.digits) == Entry(DenyReason.USED, None)
        late = await here.desk.issuer.code("m1", "front")
        here.clock.advance(600)
        assert await here.show(late.digits) == Entry(DenyReason.EXPIRED, None)
        assert here.front.opened == 1
        opened = next(row for row in await here.audit() if row["state"] == "ended")
        assert (opened["via"], opened["credential_id"], opened["member_id"]) == ("code", code.code_id, "m1")


async def test_a_code_that_was_refused_for_another_reason_is_not_used_up(tmp_path: Path) -> None:
    windows = {day: [(time(12, 5), time(13))] for day in range(7)}
    async with doorstep(tmp_path, rules=rules_for("front", windows=windows)) as here:
        code = await here.desk.issuer.code("m1", "front")
        assert await here.show(code.digits) == Entry(DenyReason.OUTSIDE_HOURS, None)
        here.clock.advance(300)
        assert await here.show(code.digits) == OPENED


async def test_after_five_wrong_tries_a_code_is_none(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        code = await here.desk.issuer.code("m1", "front")
        for _ in range(5):
            assert (await here.show(_another(code.digits))).denied is DenyReason.UNKNOWN_CREDENTIAL
        assert await here.show(code.digits) == Entry(DenyReason.UNKNOWN_CREDENTIAL, None)
        assert here.front.opened == 0


async def test_a_door_rests_after_ten_wrong_tries_and_no_restart_wakes_it(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        for number in range(10):
            assert (await here.show(f"{number:08d}")).denied is DenyReason.UNKNOWN_CREDENTIAL
        code = await here.desk.issuer.code("m1", "front")
        assert await here.show(code.digits) == Entry(DenyReason.TOO_MANY_TRIES, None)
        again = entry_desk(
            here.database, Bus(), here.clock, locks={"front": here.front, "back": here.back}, keys=here.keys
        )
        assert (
            await again.present("front", code.digits, source="reader")
        ).denied is DenyReason.TOO_MANY_TRIES
        # Other doors and QR codes are not concerned.
        assert await here.show(here.desk.issuer.qr("m1")) == OPENED
        other = await here.desk.issuer.code("m1", "back")
        assert await here.show(other.digits, "back") == OPENED
        here.clock.advance(600)
        fresh = await here.desk.issuer.code("m1", "front")
        assert await here.show(fresh.digits) == OPENED


async def test_a_clock_that_was_wrong_makes_no_door_rest_for_a_year(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        here.clock.advance(365 * 86_400)
        for number in range(10):
            await here.show(f"{number:08d}")
        assert (await here.show("00000000")).denied is DenyReason.TOO_MANY_TRIES
        here.clock.advance(-365 * 86_400)
        code = await here.desk.issuer.code("m1", "front")
        assert await here.show(code.digits) == OPENED
        # And it is counted on: ten more wrong tries make it rest again.
        for number in range(10):
            assert (await here.show(f"{number:08d}")).denied is DenyReason.UNKNOWN_CREDENTIAL
        assert (await here.show("00000000")).denied is DenyReason.TOO_MANY_TRIES


async def test_a_code_of_a_conversation_is_good_there_alone(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        code = await here.desk.issuer.code("m1", "front", conversation="whatsapp:+4915123456789")
        assert (await here.show(code.digits)).denied is DenyReason.UNKNOWN_CREDENTIAL
        other = await here.show(code.digits, conversation="whatsapp:+4915999999999")
        assert other.denied is DenyReason.UNKNOWN_CREDENTIAL
        assert await here.show(code.digits, conversation="whatsapp:+4915123456789") == OPENED
        rows = await here.database.read("SELECT conversation FROM entry_codes")
        assert "49151" not in rows[0]["conversation"]


async def test_a_conversation_rests_after_five_wrong_tries(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        for _ in range(5):
            await here.show("000000", conversation="c")
        code = await here.desk.issuer.code("m1", "front", conversation="c")
        assert (await here.show(code.digits, conversation="c")).denied is DenyReason.TOO_MANY_TRIES
        here.clock.advance(901)
        fresh = await here.desk.issuer.code("m1", "front", conversation="c")
        assert await here.show(fresh.digits, conversation="c") == OPENED


async def test_a_member_whose_codes_are_guessed_in_many_conversations_rests(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        for number in range(10):
            # New doors' limits do not stop this one: five codes an hour, two guesses in each.
            if number % 2 == 0:
                conversation = f"c{number}"
                code = await here.desk.issuer.code("m1", "front", conversation=conversation)
            await here.show(_another(code.digits), "front", conversation=conversation)
        assert (await here.show(code.digits, conversation=conversation)).denied is DenyReason.TOO_MANY_TRIES
        here.clock.advance(601)  # the door has rested, the member has not
        assert (await here.show(code.digits, conversation=conversation)).denied is DenyReason.TOO_MANY_TRIES


async def test_codes_are_not_issued_without_end_nor_to_strangers(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        for _ in range(5):
            await here.desk.issuer.code("m1", "front")
        with pytest.raises(Refused, match="too many codes"):
            await here.desk.issuer.code("m1", "back")
        await here.desk.issuer.code("m2", "front")
        with pytest.raises(Refused, match="no member"):
            await here.desk.issuer.code("nobody", "front")
        here.clock.advance(3600)
        await here.desk.issuer.code("m1", "front")


# --- visits -------------------------------------------------------------------------------------------------


async def test_a_visit_opens_its_door_in_its_window(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        visit_id, digits = await here.desk.issuer.visits.add(cleaners(here, max_uses=2))
        assert await here.show(digits, "back") == Entry(DenyReason.WRONG_DOOR, None)
        assert await here.show(digits) == OPENED
        here.clock.advance(3600)
        assert await here.show(digits) == Entry(DenyReason.VISIT_HOURS, None)
        here.clock.advance(7 * 86_400 - 3600)
        assert await here.show(digits) == OPENED
        assert await here.show(digits) == Entry(DenyReason.USED, None)
        (row,) = [row for row in await here.audit() if row["rule"] == "used"]
        assert (row["via"], row["credential_id"], row["member_id"]) == ("visit", visit_id, None)
        (kept,) = await here.desk.issuer.visits.kept()
        assert kept.uses == 2


async def test_a_revoked_visit_opens_nothing(tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        visit_id, digits = await here.desk.issuer.visits.add(cleaners(here))
        assert await here.desk.issuer.visits.revoke(visit_id)
        assert not await here.desk.issuer.visits.revoke(visit_id)
        assert await here.show(digits) == Entry(DenyReason.UNKNOWN_CREDENTIAL, None)


@pytest.mark.parametrize(
    "change",
    [
        {"label": " "},
        {"doors": ()},
        {"doors": ("vault",)},
        {"windows": {2: []}},
        {"valid_until": datetime(2026, 11, 17, 11, tzinfo=UTC)},
        {"valid_until": datetime(2028, 11, 17, 11, tzinfo=UTC)},
        {"max_uses": 0},
    ],
)
async def test_a_visit_is_not_made_for_nothing_or_for_ever(tmp_path: Path, change: dict[str, Any]) -> None:
    async with doorstep(tmp_path) as here:
        with pytest.raises(InvalidInput):
            await here.desk.issuer.visits.add(cleaners(here, **change))
