"""Said once, in order, alarms first."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from support.clock import ManualClock
from support.database import open_database

from arni_edge.domain.messages import Channel, OutboundMessage, Priority
from arni_edge.storage import Database, outbox, outbox_reports
from arni_edge.storage.outbox_messages import MessageOutbox

_WA = Channel.WHATSAPP
_HELLO = OutboundMessage("k1", _WA, "+491", "hello", reply_to="m1")


async def _queue(database: Database, clock: ManualClock, *messages: OutboundMessage) -> None:
    for message in messages:
        await database.write(partial(outbox.add, message=message, now=clock.now()))


async def test_the_same_key_is_stored_once(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        assert await database.write(lambda tx: outbox.add(tx, _HELLO, clock.now()))
        assert not await database.write(lambda tx: outbox.add(tx, _HELLO, clock.now()))
        assert await outbox.summary(database) == {"queued": 1}


async def test_an_alarm_overtakes_and_one_person_is_served_one_at_a_time(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        box = MessageOutbox(database, clock, _WA)
        second = replace(_HELLO, key="k2", text="again")
        alarm = replace(_HELLO, key="k3", recipient="+492", priority=Priority.ALARM)
        await _queue(database, clock, _HELLO, second, alarm)
        taken = []
        while item := await box.next_due(clock.now()):
            assert await box.mark_sending(item.id)
            taken.append(item.entry.key)
        assert taken == ["k3", "k1"]


async def test_order_holds_behind_an_uncertain_message(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        box = MessageOutbox(database, clock, _WA)
        await _queue(database, clock, _HELLO, replace(_HELLO, key="k2"))
        first = await box.next_due(clock.now())
        assert first is not None
        await box.mark_sending(first.id)
        await box.mark_uncertain(first.id)
        assert await box.next_due(clock.now()) is None
        await database.write(
            lambda tx: outbox_reports.note_delivery(tx, first.id, "delivered", "w1", clock.now())
        )
        following = await box.next_due(clock.now())
        assert following is not None
        assert following.entry.key == "k2"


async def test_an_alarm_waits_for_no_uncertain_one(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        box = MessageOutbox(database, clock, _WA)
        alarm = replace(_HELLO, priority=Priority.ALARM)
        await _queue(database, clock, alarm, replace(alarm, key="k2"))
        first = await box.next_due(clock.now())
        assert first is not None
        await box.mark_sending(first.id)
        assert await box.next_due(clock.now()) is None
        await box.mark_uncertain(first.id)
        following = await box.next_due(clock.now())
        assert following is not None
        assert following.entry.key == "k2"


async def test_a_delivery_report_is_never_taken_back(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        box = MessageOutbox(database, clock, _WA)
        await _queue(database, clock, _HELLO)
        item = await box.next_due(clock.now())
        assert item is not None
        await box.mark_sending(item.id)
        for status in ("read", "sent", "delivered"):
            await database.write(
                partial(
                    outbox_reports.note_delivery,
                    item_id=item.id,
                    status=status,
                    provider_id="w1",
                    now=clock.now(),
                )
            )
        await box.mark_retry(item.id, clock.now(), "too late")
        rows = await database.read("SELECT state, delivery FROM outbox")
        assert [tuple(row) for row in rows] == [("sent", "read")]


async def test_a_retry_waits_for_its_time(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        box = MessageOutbox(database, clock, _WA)
        await _queue(database, clock, _HELLO)
        item = await box.next_due(clock.now())
        assert item is not None
        await box.mark_sending(item.id)
        await box.mark_retry(item.id, clock.now() + timedelta(seconds=5), "busy")
        assert await box.next_due(clock.now()) is None
        clock.advance(5)
        again = await box.next_due(clock.now())
        assert again is not None
        assert again.attempts == 1


async def test_a_long_message_is_split_in_its_place(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        box = MessageOutbox(database, clock, _WA)
        await _queue(database, clock, _HELLO, replace(_HELLO, key="k2", recipient="+492"))
        item = await box.next_due(clock.now())
        assert item is not None
        await box.split(item, ["one", "two"])
        rows = await database.read("SELECT key, text, reply_to FROM outbox ORDER BY position")
        assert [tuple(row) for row in rows] == [
            ("k1", "one", "m1"),
            ("k1/2", "two", None),
            ("k2", "hello", "m1"),
        ]


async def test_what_is_secret_is_forgotten_once_it_has_left_or_never_will(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        box = MessageOutbox(database, clock, _WA)
        secret = replace(_HELLO, text="483912", secret=True)
        kept = replace(_HELLO, key="k0", recipient="+490", text="hello 483912")
        others = [replace(secret, key=f"k{n}", recipient=f"+49{n}") for n in range(2, 5)]
        await _queue(database, clock, kept, secret, *others)
        taken = []
        while item := await box.next_due(clock.now()):
            await box.mark_sending(item.id)
            taken.append(item.id)
            if item.entry.key != "k0":
                assert (item.entry.payload["text"], item.entry.secret) == ("483912", True)
        kept_id, sent, failed, uncertain, reported = taken
        await box.mark_sent(kept_id, "w0")
        await box.mark_sent(sent, "w1")
        await box.mark_failed(failed, "no")
        await box.mark_uncertain(uncertain)
        await database.write(lambda tx: outbox_reports.note_delivery(tx, reported, "read", "w4", clock.now()))
        rows = await database.read("SELECT text FROM outbox ORDER BY position")
        assert [row["text"] for row in rows] == ["hello 483912", "", "", "483912", ""]
        await box.mark_sent(uncertain, "w3")
        rows = await database.read("SELECT 1 FROM outbox WHERE text LIKE '%483912%'")
        assert len(rows) == 1
