"""What a member is told of their own membership: from the mirror, with its age, once they have proven it."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.house import MIA, House, open_house

from arni_edge.actions.action import Done, NeedsAssurance, Proposed
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance, MemberState
from arni_edge.storage import Transaction

_BERLIN = ZoneInfo("Europe/Berlin")
_CHAT = "whatsapp:+4915123456789"


async def said(
    house: House, tool: str, level: Assurance = Assurance.CODE, language: Language = Language.GERMAN
) -> str:
    actor = Actor(ActorKind.MEMBER, MIA.member_id, _CHAT, level, language=language)
    became = await house.office.executor.do(tool, {"member_id": MIA.member_id}, actor)
    assert isinstance(became, Done)
    return became.sentence


async def mirrored(house: House, **pause: Any) -> None:
    """Magicline knows Mia, and what she has; it was asked a moment ago."""
    now = house.clock.now()
    at = now.isoformat()

    async def unit(tx: Transaction) -> None:
        await tx.execute(
            "INSERT INTO magicline_customers (customer_id, member_id, number, first_name, last_name, phones,"
            " status, access_refused, restrictions, read_at, contracts_read_at)"
            " VALUES (1, ?, '1-1', 'Mia', 'M', '[]', 'MEMBER', 0, '[]', ?, ?)",
            (MIA.member_id, at, at),
        )
        if pause:
            await tx.execute(
                "INSERT INTO magicline_contracts (contract_id, customer_id, rate_name, rate_codes, status,"
                " cancelled, reversed, read_at, pause_refuses)"
                " VALUES (5, 1, 'Basic', '[]', 'ACTIVE', 0, 0, ?, ?)",
                (at, pause["refuses"]),
            )
            await tx.execute(
                "INSERT INTO magicline_pauses (customer_id, contract_id, start_on, end_on, unlimited,"
                " read_at) VALUES (1, 5, ?, ?, ?, ?)",
                (pause["start"], pause["end"], pause["unlimited"], at),
            )

    await house.database.write(unit)


async def change(house: House, **values: Any) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in values)
    sql = f"UPDATE members SET {sets} WHERE member_id = :id"
    await house.database.write(lambda tx: tx.execute(sql, {**values, "id": MIA.member_id}))


async def test_it_is_told_only_once_it_is_certain_who_asks_and_of_nobody_else(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(NeedsAssurance):
            await said(house, "member.membership", Assurance.CHANNEL)
        actor = Actor(ActorKind.MEMBER, "somebody-else", _CHAT, Assurance.CODE)
        with pytest.raises(Refused):
            await house.office.executor.do("member.membership", {"member_id": MIA.member_id}, actor)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "ein Ende ist nicht hinterlegt"),
        ({"valid_until": "2027-03-31"}, "bis zum 31.03.2027"),
        ({"state": MemberState.ENDED}, "deshalb öffnen die Türen nicht"),
        ({"state": MemberState.BANNED}, "warum, sagt dir das Team"),
        ({"dunned": 1}, "wie viel, sagt dir das Team"),
        ({"arrears": 1}, "wie viel, sagt dir das Team"),
        ({"paused_until": "2027-01-15"}, "eine Pause bis zum 15.01.2027; so lange bleiben die Türen"),
    ],
)
async def test_what_keeps_somebody_out_is_named(tmp_path: Path, values: dict[str, Any], words: str) -> None:
    async with open_house(tmp_path) as house:
        if values:
            await change(house, **values)
        answer = await said(house, "member.membership")
        assert words in answer
        assert ("Mahnung weiß ich nichts" in answer) is not bool({"dunned", "arrears"} & set(values))
        assert "Stand" not in answer, "what the gym keeps by hand has no age"


@pytest.mark.parametrize(
    ("refuses", "unlimited", "words"),
    [
        (1, 0, "vom 01.01.2020 bis zum 31.12.2099; so lange bleiben die Türen"),
        (None, 0, "vom 01.01.2020 bis zum 31.12.2099; so lange bleiben die Türen"),
        (0, 0, "vom 01.01.2020 bis zum 31.12.2099; trainieren darfst du trotzdem"),
        (1, 1, "ab dem 01.01.2020 ohne Ende; so lange bleiben die Türen"),
    ],
)
async def test_a_pause_says_how_long_it_lasts_and_what_it_means(
    tmp_path: Path, refuses: int | None, unlimited: int, words: str
) -> None:
    async with open_house(tmp_path) as house:
        await mirrored(house, start="2020-01-01", end="2099-12-31", unlimited=unlimited, refuses=refuses)
        assert words in await said(house, "member.membership")


@pytest.mark.parametrize(
    ("language", "today", "yesterday", "earlier"),
    [
        (Language.GERMAN, "Stand: heute ", "Stand: gestern ", "Stand: "),
        (Language.ENGLISH, "As of today, ", "As of yesterday, ", "As of "),
    ],
)
async def test_an_answer_out_of_an_old_mirror_says_how_old(
    tmp_path: Path, language: Language, today: str, yesterday: str, earlier: str
) -> None:
    async with open_house(tmp_path) as house:
        await mirrored(house)
        await change(house, valid_until="2099-03-31")
        read = house.clock.now().astimezone(_BERLIN)

        async def answers() -> tuple[str, str, str]:
            actor = Actor(ActorKind.MEMBER, MIA.member_id, _CHAT, Assurance.CODE, language=language)
            proposed = await house.office.executor.do("contract.cancel", {"member_id": MIA.member_id}, actor)
            assert isinstance(proposed, Proposed)
            bookings = await said(house, "booking.list", Assurance.CHANNEL, language)
            return await said(house, "member.membership", language=language), bookings, proposed.question

        for answer in await answers():
            assert earlier.strip() not in answer
        house.clock.advance(timedelta(hours=2).total_seconds())
        membership, bookings, _ = await answers()
        assert earlier.strip() not in membership
        same_day = house.clock.now().astimezone(_BERLIN).date() == read.date()
        assert (today if same_day else yesterday) + f"{read:%H:%M}" in bookings
        house.clock.advance(timedelta(hours=26).total_seconds())
        for answer in await answers():
            assert f"{read:%H:%M}" in answer
            assert earlier.strip() in answer


async def test_what_is_booked_is_listed_with_what_is_only_waited_for(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert "kenne ich nicht" in await said(house, "booking.list", Assurance.CHANNEL)
        await mirrored(house)
        assert await said(house, "booking.list", Assurance.CHANNEL) == "Du hast nichts gebucht."
        now = house.clock.now()

        async def unit(tx: Transaction) -> None:
            for number, (title, hours, status) in enumerate(
                [
                    ("Yoga", 30, "BOOKED"),
                    ("Boxen", 6, "WAITING_LIST"),
                    ("Rad", -2, "BOOKED"),
                    ("Tanz", 9, "CANCELED"),
                ]
            ):
                start = (now + timedelta(hours=hours)).isoformat()
                await tx.execute(
                    "INSERT INTO magicline_slots (slot_id, title, start_at, instructors, location, booked,"
                    " added, waiting, waiting_places, read_at) VALUES (?, ?, ?, '[]', '', 0, 0, 0, 0, ?)",
                    (number, title, start, now.isoformat()),
                )
                await tx.execute(
                    "INSERT INTO magicline_bookings (kind, booking_id, customer_id, status, slot_id, title,"
                    " takes_place, participation, read_at) VALUES ('class', ?, 1, ?, ?, '', '', '', ?)",
                    (number, status, number, now.isoformat()),
                )

        await house.database.write(unit)
        head, waiting, booked = (await said(house, "booking.list", Assurance.CHANNEL)).splitlines()
        assert head == "Du hast gebucht:"
        local = (now + timedelta(hours=6)).astimezone(_BERLIN)
        assert waiting == f"• Boxen, {local:%d.%m.%Y %H:%M} (Warteliste)"
        assert booked.startswith("• Yoga, ")
