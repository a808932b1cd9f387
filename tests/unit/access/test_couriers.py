"""Codes find another way when one does not take them, and go as templates to whoever has not written."""

import re

from support.clock import ManualClock
from support.waiting import eventually
from support.whatsapp import no_progress, running

from arni_edge.access.couriers import CodeCourier, SmsCourier, WhatsAppCourier
from arni_edge.access.identity import Correspondent, Identities
from arni_edge.access.identity_codes import Asked, IdentityCodes
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.people import Member
from arni_edge.storage import Database, members
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.outbound import message_of
from arni_edge.storage.outbox_messages import MessageOutbox

MIA = Member("m1", "Mia Muster", "+4915123456789")
_HIDDEN = Correspondent(Channel.WHATSAPP, "DE.13491208655302741918", None, Language.GERMAN)


class _NoSms:
    """A service that is away."""

    def __init__(self) -> None:
        self.asked = 0

    async def send(self, phone: str, text: str, key: str) -> str:
        del phone, text, key
        self.asked += 1
        raise Unavailable("away")


def _codes(database: Database, clock: ManualClock, couriers: list[CodeCourier]) -> IdentityCodes:
    audit, pepper = AuditLog(b"k" * 32), b"p" * 32
    known = Identities(database, clock, audit, pepper)
    return IdentityCodes(database, clock, Catalogue.load(), known, pepper, gym="Studio", couriers=couriers)


async def test_a_code_that_no_sms_brings_goes_as_a_template(database: Database) -> None:
    """Ten minutes, with the digits for its button; nothing of it is left afterwards."""
    clock, sms = ManualClock(), _NoSms()
    whatsapp = WhatsAppCourier(database, clock, template="login_code")
    codes = _codes(database, clock, [SmsCourier(sms), whatsapp])
    await database.write(lambda tx: members.put_by_hand(tx, [MIA], clock.now()))
    outbox = MessageOutbox(database, clock, Channel.WHATSAPP)
    async with running(codes.run(no_progress)):
        assert await codes.issue(_HIDDEN, MIA) == (Asked.SENT, "sms")
        await eventually(lambda: sms.asked == 1)
        while (item := await outbox.next_due(clock.now())) is None:
            await outbox.wait()
    message = message_of(item.entry)
    assert message.template is not None
    assert (message.recipient, message.template.name, message.secret) == (MIA.phone, "login_code", True)
    code = message.template.code or ""
    assert re.fullmatch(r"\d{6}", code)
    assert code in message.text
    clock.advance(600)
    assert await outbox.expire() == 1
    assert not await database.read("SELECT 1 FROM outbox WHERE payload LIKE ?", (f"%{code}%",))


async def test_without_a_template_only_who_wrote_lately_is_reached(database: Database) -> None:
    clock = ManualClock()
    assert not await WhatsAppCourier(database, clock).reaches(MIA.phone, _HIDDEN)
    assert await WhatsAppCourier(database, clock, template="x").reaches(MIA.phone, _HIDDEN)
    own = Correspondent(Channel.WHATSAPP, MIA.phone.removeprefix("+"), MIA.phone, Language.GERMAN)
    assert not await WhatsAppCourier(database, clock, template="x").reaches(MIA.phone, own)
