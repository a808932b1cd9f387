"""Staff hear of a line that does not work: once, in the commit of what happened, whoever is on call."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from support.clock import ManualClock

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety import Roster, StaffLine
from arni_edge.safety.line_notices import LineNotices
from arni_edge.storage import Database, Transaction

_KIM = Contact("kim", "Kim", Role.OWNER, telegram=1)


def _notices(*staff: Contact) -> LineNotices:
    roster = Roster((), (), {one.id: one for one in staff}, ZoneInfo("Europe/Berlin"))
    line = StaffLine(roster, template="", telegram=lambda one: one.telegram is not None)
    return LineNotices(line, Catalogue.load(), gym="Studio")


async def _tell(database: Database, notices: LineNotices, now: datetime) -> None:
    await database.write(lambda tx: notices.tell(tx, "whatsapp", "quarantined", now))


async def test_it_is_told_once_an_hour_whoever_is_on_call(database: Database) -> None:
    clock, notices = ManualClock(), _notices(_KIM)
    for _ in range(3):
        await _tell(database, notices, clock.now())
        clock.advance(60)
    rows = await database.read("SELECT contact, text FROM staff_posts")
    assert [(row["contact"], row["text"].partition(":")[0]) for row in rows] == [("kim", "Studio")]
    assert "outbox list --state quarantined" in rows[0]["text"]
    clock.advance(3600)
    await _tell(database, notices, clock.now())
    assert len(await database.read("SELECT 1 FROM staff_posts")) == 2


async def test_what_nobody_can_be_told_waits_for_somebody(database: Database) -> None:
    await _tell(database, _notices(replace(_KIM, telegram=None)), ManualClock().now())
    (kept,) = await database.read("SELECT what, words FROM kept_notices")
    assert kept["what"] == "line/whatsapp/quarantined"
    assert all(language.value in kept["words"] for language in Language)


async def test_what_is_undone_was_not_told(database: Database) -> None:
    notices, now = _notices(_KIM), ManualClock().now()

    async def unit(tx: Transaction) -> None:
        await notices.tell(tx, "whatsapp", "stopped", now)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(unit)
    assert not await database.read("SELECT 1 FROM staff_posts")


def test_every_trouble_has_words() -> None:
    """In both languages, for both lines."""
    text = Catalogue.load().text
    troubles = ("stopped", "templates_stopped", "quarantined", "window", "template", "country", "identity")
    for language in Language:
        for line in ("whatsapp", "magicline"):
            name = text(f"line.{line}", language)
            assert all(name in text(f"notice.line.{one}", language, line=name) for one in troubles)


async def test_what_is_about_something_else_is_told_too(database: Database) -> None:
    now, notices = ManualClock().now(), _notices(_KIM)
    for about in ("account_update: DISABLED_UPDATE", "security: PIN_CHANGED", "security: PIN_CHANGED"):

        async def unit(tx: Transaction, about: str = about) -> None:
            await notices.tell(tx, "whatsapp", "account", now, about)

        await database.write(unit)
    rows = await database.read("SELECT text FROM staff_posts ORDER BY text")
    assert ["PIN_CHANGED" in row["text"] for row in rows] == [False, True]
    assert "DISABLED_UPDATE" in rows[0]["text"]
