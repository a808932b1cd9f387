"""One person, one conversation, whatever Meta shows of them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from support.database import open_database
from support.house import MIA, open_house

from arni_edge.channels.whatsapp import WhatsAppIntake
from arni_edge.channels.whatsapp.incoming import Contacts, read_message
from arni_edge.channels.whatsapp.links import linked
from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.domain.people import Member
from arni_edge.storage import Database, conversations, members, personal

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NUMBER, OTHER = "+4915123456789", "+4915123456780"
USER, NEXT = "DE.1", "DE.2"


def message(
    user_id: str | None = None,
    phone: str | None = None,
    *,
    kind: str = "text",
    shared: str | None = None,
    successor: str | None = None,
) -> InboundMessage:
    address = user_id or (phone or "").removeprefix("+")
    return InboundMessage(
        Channel.WHATSAPP,
        "w",
        address,
        "",
        NOW,
        phone,
        kind,
        user_id=user_id,
        shared_phone=shared,
        successor=successor,
    )


async def link(database: Database, one: InboundMessage) -> tuple[str, str | None]:
    found = await database.write(lambda tx: linked(tx, one, NOW))
    return found.conversation, found.phone


async def test_a_conversation_goes_on_when_ids_come_and_the_number_goes(tmp_path: Path) -> None:
    """First by number only, then with an id, then the number is hidden: the same chat, the same number."""
    async with open_database(tmp_path / "arni.db") as database:
        old = "4915123456789"
        assert await link(database, message(phone=NUMBER)) == (old, NUMBER)
        assert await link(database, message(USER, NUMBER)) == (old, NUMBER)
        assert await link(database, message(USER)) == (old, NUMBER)


async def test_a_conversation_from_before_there_were_links_goes_on(tmp_path: Path) -> None:
    """Whoever was told that it is an AI is not told again."""
    async with open_database(tmp_path / "arni.db") as database:
        await database.write(
            lambda tx: tx.execute(
                "INSERT INTO conversations (channel, address) VALUES ('whatsapp', '4915123456789')"
            )
        )
        assert await link(database, message(USER, NUMBER)) == ("4915123456789", NUMBER)


async def test_a_hidden_number_stays_unknown_until_it_is_sent(tmp_path: Path) -> None:
    """At our request, and vouched for by Meta."""
    async with open_database(tmp_path / "arni.db") as database:
        assert await link(database, message(USER)) == (USER, None)
        assert await link(database, message(USER, kind="contacts", shared=NUMBER)) == (USER, NUMBER)
        assert await link(database, message(USER)) == (USER, NUMBER)


async def test_a_number_that_has_passed_to_somebody_else_takes_no_conversation_along(tmp_path: Path) -> None:
    """The new owner has another id; the old one is no longer known by this number."""
    async with open_database(tmp_path / "arni.db") as database:
        old = "4915123456789"
        await link(database, message(phone=NUMBER))
        assert await link(database, message(USER, NUMBER)) == (old, NUMBER)
        assert await link(database, message(NEXT, NUMBER)) == (NEXT, NUMBER)
        assert await link(database, message(USER)) == (USER, None)  # an answer to `old` would reach the other


async def test_after_a_change_of_number_nothing_is_taken_for_granted(tmp_path: Path) -> None:
    """The system says that the number has changed hands; whoever writes next from it is somebody new."""
    async with open_database(tmp_path / "arni.db") as database:
        await link(database, message(USER, NUMBER))
        changed = message(phone=NUMBER, kind="system", successor="4915123456780")
        assert (await link(database, changed))[0] == USER
        assert await link(database, message(NEXT, NUMBER)) == (NEXT, NUMBER)
        assert await link(database, message(USER, OTHER)) == (USER, OTHER)


async def test_after_a_change_of_id_an_answer_to_the_old_one_teaches_nothing(tmp_path: Path) -> None:
    """Meta names the old id, and no sender: what was known of it ends, and the new one begins."""
    async with open_database(tmp_path / "arni.db") as database:
        await link(database, message(USER, NUMBER))
        system = {"type": "user_changed_user_id", "previous_user_id": USER, "user_id": NEXT}
        changed = read_message({"id": "w", "type": "system", "system": system}, Contacts([]), NOW)
        assert isinstance(changed, InboundMessage)
        assert (await link(database, changed))[0] == USER
        assert await database.read("SELECT 1 FROM addresses WHERE until IS NULL") == []
        assert await link(database, message(NEXT, NUMBER)) == (NEXT, NUMBER)


async def test_the_history_stays(tmp_path: Path) -> None:
    """What belonged together, and until when."""
    async with open_database(tmp_path / "arni.db") as database:
        await link(database, message(phone=NUMBER))
        await link(database, message(USER, NUMBER))
        await link(database, message(USER, OTHER))
        rows = await database.read("SELECT user_id, number, until IS NULL AS now FROM addresses ORDER BY id")
        assert [tuple(row) for row in rows] == [(None, NUMBER, 0), (USER, NUMBER, 0), (USER, OTHER, 1)]


async def told(database: Database, address: str) -> None:
    """They were told that it is an AI: there is a conversation."""
    await database.write(
        lambda tx: conversations.note_disclosure(tx, Channel.WHATSAPP, address, NOW),
    )


async def test_whoever_gets_a_number_gets_nobodys_conversation_with_it(tmp_path: Path) -> None:
    """The number was the address of the chat; the system says that it has changed hands."""
    async with open_database(tmp_path / "arni.db") as database:
        old = "4915123456789"
        await link(database, message(phone=NUMBER))
        await link(database, message(USER, NUMBER))
        await told(database, old)
        await link(database, message(phone=NUMBER, kind="system", successor="4915123456780"))
        assert await link(database, message(NEXT, NUMBER)) == (NEXT, NUMBER)


async def test_after_a_change_of_account_the_same_person_goes_on(tmp_path: Path) -> None:
    """A new phone, the same number and the same id: nobody else ever wrote here."""
    async with open_database(tmp_path / "arni.db") as database:
        old = "4915123456789"
        await link(database, message(phone=NUMBER))
        await link(database, message(USER, NUMBER))
        await told(database, old)
        await link(database, message(phone=NUMBER, kind="system"))
        assert await link(database, message(USER, NUMBER)) == (old, NUMBER)


async def test_an_answer_never_goes_to_whoever_has_the_number_now(tmp_path: Path) -> None:
    """The address of a chat is where answers go: one that is a number of somebody else's is left."""
    async with open_database(tmp_path / "arni.db") as database:
        await link(database, message(phone=NUMBER))
        await link(database, message(USER, NUMBER))
        assert await link(database, message(USER, OTHER)) == (USER, OTHER)


async def test_what_is_delivered_again_teaches_nothing(tmp_path: Path) -> None:
    """Meta repeats for a week: the number stays with whoever has it by then."""
    async with open_house(tmp_path) as house:
        intake = WhatsAppIntake(house.database, house.clock, house.reception)
        first = replace(message(USER, NUMBER), message_id="w1")
        second = replace(message(NEXT, NUMBER), message_id="w2")
        for one in (first, second, first):
            await intake.receive([one], [], 1)
        assert await link(house.database, message(NEXT)) == (NEXT, NUMBER)
        assert await link(house.database, message(USER)) == (USER, None)


async def test_what_is_delivered_again_after_an_erasure_leaves_no_trace(tmp_path: Path) -> None:
    """What was forgotten does not come in again, and neither does whose it was."""
    async with open_house(tmp_path) as house:
        intake = WhatsAppIntake(house.database, house.clock, house.reception)
        one = message(USER, MIA.phone)
        await intake.receive([one], [], 1)
        person = await personal.find(house.database, MIA.member_id)
        assert person is not None
        await house.database.write(lambda tx: personal.forget(tx, person, NOW))
        await intake.receive([one], [], 2)
        assert await house.database.read("SELECT * FROM addresses") == []
        assert await house.database.read("SELECT * FROM inbound") == []


async def test_of_who_is_erased_no_further_number_stays_behind(tmp_path: Path) -> None:
    """Nor in the history of somebody who had it before."""
    async with open_house(tmp_path) as house:
        other = Member("m2", "Ole", "+4915123456781")
        await house.database.write(lambda tx: members.put_by_sync(tx, other, [other.phone, OTHER]))
        await link(house.database, message(USER, OTHER))
        await link(house.database, message(USER, NUMBER))
        person = await personal.find(house.database, other.member_id)
        assert person is not None
        await house.database.write(lambda tx: personal.forget(tx, person, NOW))
        rows = await house.database.read("SELECT number FROM addresses")
        assert [row["number"] for row in rows] == [NUMBER]
