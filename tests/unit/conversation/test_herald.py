"""Whoever confirms alone hears of it on every telephone that they have, in the whole house."""

import asyncio
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.clock import ManualClock
from support.house import FakeSms
from support.talk import LEE, talking

from arni_edge.actions.action import STAFF, Proposed
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.conversation.herald import StaffHerald
from arni_edge.domain.people import Assurance
from arni_edge.domain.staff import Contact
from arni_edge.safety import Roster, StaffLine
from arni_edge.storage import Database


async def test_the_owner_of_a_gym_of_one_bans_somebody(tmp_path: Path) -> None:
    """Told by SMS at once, without a name; ten minutes later the word does it."""
    async with talking(tmp_path, staff=(LEE,)) as talk:
        executor = talk.house.office.executor
        owner = Actor(ActorKind.STAFF, LEE.id, STAFF, Assurance.STAFF, LEE.role)
        became = await executor.do("member.ban", {"member_id": "m1", "reason": "x"}, owner)
        assert isinstance(became, Proposed)
        await talk.press(LEE, "Bestätigen", "action")
        ((phone, text),) = talk.house.sms.sent
        assert phone == LEE.phone
        assert "SPERREN" in text
        assert "Mia" not in text
        talk.house.clock.advance(600)
        act = talk.house.office.acts["action.again"]
        assert act.question
        await act.do(LEE, became.action.button, "Sperren")
        rows = await talk.house.database.read("SELECT state FROM members WHERE member_id = 'm1'")
        assert [row["state"] for row in rows] == ["banned"]


@pytest.mark.parametrize("sms", [FakeSms(broken=True), FakeSms(refuses=True)], ids=["away", "refuses"])
@pytest.mark.parametrize("contact", [LEE, replace(LEE, phone=None)], ids=["phone", "none"])
async def test_a_template_waits_in_the_outbox_and_a_service_that_fails_stops_nobody(
    database: Database, contact: Contact, sms: FakeSms
) -> None:
    now = ManualClock().now()
    roster = Roster((contact,), (), {contact.id: contact}, ZoneInfo("Europe/Berlin"))
    herald = StaffHerald(StaffLine(roster, template="alarm"), sms)
    for _ in range(2):
        await database.write(lambda tx: herald.store(tx, contact, "k", "Warst du das?", now))
    async with asyncio.timeout(5):
        await herald.call(contact, "k", "Warst du das?")
    rows = await database.read("SELECT recipient, text, template FROM outbox")
    assert [tuple(row) for row in rows] == ([(LEE.phone, "Warst du das?", "alarm")] if contact.phone else [])
