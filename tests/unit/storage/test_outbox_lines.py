"""The outbox of any line: ordered per key, by urgency, never late, and nothing stuck behind poison."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, timedelta
from functools import partial

import pytest
from support.clock import ManualClock

from arni_edge.domain.messages import Channel, OutboundMessage, Priority
from arni_edge.storage import Database, Transaction, outbox
from arni_edge.storage.outbound import Entry, entry_of
from arni_edge.storage.outbox_line import Outbox, OutboxItem
from arni_edge.storage.outbox_messages import MessageOutbox

_BOOK = Entry("b1", "magicline", "book", "customer/7", {"book": {"slot": 41}}, member_id="m1")
_WA = "whatsapp"
_MIXED = (Priority.CHAT, Priority.BACKGROUND)


def _text(key: str, text: str = "Hallo", **more: object) -> OutboundMessage:
    return OutboundMessage(key, Channel.WHATSAPP, "+491", text, **more)  # type: ignore[arg-type]


class Line:
    """One line on a real database, with a clock that a test moves."""

    def __init__(self, database: Database, line: str = "magicline") -> None:
        self.database = database
        self.clock = ManualClock()
        self.box = MessageOutbox(database, self.clock, line)

    async def put(self, *entries: Entry) -> None:
        for entry in entries:
            await self.database.write(partial(outbox.put, entry=entry, now=self.clock.now()))

    async def say(self, *messages: OutboundMessage) -> None:
        await self.put(*(entry_of(message, self.clock.now()) for message in messages))

    async def take(self) -> OutboxItem:
        item = await self.box.next_due(self.clock.now())
        assert item is not None
        assert await self.box.mark_sending(item.id)
        return item

    async def due(self, **how: object) -> str | None:
        item = await self.box.next_due(self.clock.now(), **how)  # type: ignore[arg-type]
        return item.entry.key if item else None

    async def states(self) -> dict[str, str]:
        rows = await self.database.read("SELECT key, state FROM outbox ORDER BY position")
        return {row["key"]: row["state"] for row in rows}


@pytest.fixture
def line(database: Database) -> Line:
    return Line(database)


@pytest.fixture
def messages(database: Database) -> Line:
    return Line(database, _WA)


def _others(first: Entry, *keys: str) -> Sequence[Entry]:
    return [Entry(key, first.line, first.kind, first.order_key, first.payload) for key in keys]


async def test_a_booking_comes_back_as_it_was_put_in(line: Line) -> None:
    await line.put(_BOOK, _BOOK)
    item = await line.take()
    assert item.entry == _BOOK
    await line.box.mark_sent(item.id, "4711", {"status": "WAITING"})
    end = await outbox.ended(line.database, "b1", within=1)
    assert end is not None
    assert (end.ok, end.provider_id, end.result) == (True, "4711", {"status": "WAITING"})
    assert await line.states() == {"b1": "sent"}


async def test_lines_know_nothing_of_each_other(line: Line, messages: Line) -> None:
    await line.put(Entry("b2", "magicline", "book", "+491"))
    await messages.say(_text("m1"))
    assert (await line.due(), await messages.due()) == ("b2", "m1")
    assert await outbox.lines(line.database) == {"magicline": {"queued": 1}, _WA: {"queued": 1}}


async def test_background_waits_for_chat_and_chat_for_alarms(messages: Line) -> None:
    for key, priority in (("c", Priority.BACKGROUND), ("b", Priority.CHAT), ("a", Priority.ALARM)):
        await messages.say(_text(key, priority=priority))
    taken = []
    while item := await messages.box.next_due(messages.clock.now()):
        taken.append(item.entry.key)
        await messages.box.mark_sending(item.id)
        await messages.box.mark_sent(item.id, "w")
    assert taken == ["a", "b", "c"]


async def test_an_alarm_waits_for_no_chat_that_hangs(messages: Line) -> None:
    """The other request may take its whole deadline."""
    await messages.say(_text("chat"))
    await messages.take()
    await messages.say(_text("more"), _text("alarm", priority=Priority.ALARM))
    assert await messages.due() == "alarm"


async def test_an_alarm_is_spared_nothing(messages: Line) -> None:
    """Pauses of a person or a kind concern chat only."""
    await messages.say(_text("chat"), _text("alarm", priority=Priority.ALARM))
    assert await messages.due(spared={"+491"}, without={"message"}) == "alarm"
    alarm = await messages.take()
    await messages.box.mark_sent(alarm.id, "w1")
    assert await messages.due(spared={"+491"}) is None
    assert await messages.due(without={"message"}) is None
    assert await messages.due() == "chat"


async def test_what_nobody_waits_for_is_never_sent_late(line: Line) -> None:
    """Also when its turn comes in the very second: it ends, and what is behind it goes."""
    until = line.clock.now() + timedelta(minutes=5)
    await line.put(Entry("late", "magicline", "book", "c", {"x": "secret"}, expires_at=until, secret=True))
    await line.put(Entry("next", "magicline", "book", "c"))
    line.clock.advance(300)
    assert await line.due() is None
    assert await line.box.expire() == 1
    assert await line.due() == "next"
    assert await line.states() == {"late": "expired", "next": "queued"}
    end = await outbox.ended(line.database, "late", within=1)
    assert end is not None
    assert not end.ok
    assert not await line.database.read("SELECT 1 FROM outbox WHERE payload LIKE '%secret%'")
    assert await line.box.expire() == 0


async def test_a_parked_row_holds_up_nobody(line: Line) -> None:
    await line.put(_BOOK, *_others(_BOOK, "b2"))
    first = await line.take()
    await line.box.mark_parked(first.id, line.clock.now() + timedelta(days=1), "not before tomorrow")
    assert await line.due() == "b2"
    line.clock.advance(86_400)
    assert await line.due() == "b1"


async def test_poison_is_set_aside_once_and_holds_up_nobody(line: Line) -> None:
    """What is to be stored with it is stored with the change, and not without one."""
    told: list[str] = []

    async def tell(_: Transaction) -> None:
        told.append("x")

    await line.put(_BOOK, *_others(_BOOK, "b2"))
    first = await line.take()
    assert [await line.box.count_fault(first.id) for _ in range(2)] == [1, 2]
    for _ in range(2):
        await line.box.mark_quarantined(first.id, "it crashes", also=tell)
    assert (told, await line.due()) == (["x"], "b2")


async def test_a_row_that_cannot_be_read_is_seen_as_empty(messages: Line) -> None:
    """No error: whoever takes it sets it aside."""
    await messages.say(_text("a"))
    await messages.database.write(lambda tx: tx.execute("UPDATE outbox SET payload = '[1]'"))
    assert (await messages.take()).entry.payload == {}
    with pytest.raises(sqlite3.IntegrityError):
        await messages.database.write(lambda tx: tx.execute("UPDATE outbox SET payload = '{'"))


@pytest.mark.parametrize(
    "damage",
    [
        "created_at = 'yesterday'", "expires_at = 'tomorrow'", "expires_at = '2999-01-01T00:00:00'",
        "priority = -7", "payload = '[]', result = '[]'",
    ],
)  # fmt: skip
async def test_a_row_that_is_no_row_of_ours_can_be_taken_and_set_aside(line: Line, damage: str) -> None:
    """Whatever has happened to the file: what stands behind it leaves."""
    await line.put(_BOOK, *_others(_BOOK, "b2"))
    await line.database.write(lambda tx: tx.execute(f"UPDATE outbox SET {damage} WHERE key = 'b1'"))
    item = await line.take()
    assert (item.entry.key, dict(item.entry.payload), item.queued_at.tzinfo) == ("b1", {}, UTC)
    await line.box.mark_uncertain(item.id)
    assert [one.entry.key for one in await line.box.uncertain()] == ["b1"]
    await line.box.mark_quarantined(item.id, "nobody understands it")
    assert await line.due() == "b2"


async def test_what_was_parked_can_be_set_aside(line: Line) -> None:
    """It was understood when it was parked, by the version before this one."""
    await line.put(_BOOK, *_others(_BOOK, "b2"))
    item = await line.take()
    await line.box.mark_parked(item.id, line.clock.now(), "later")
    assert await line.due() == "b1"
    await line.box.mark_quarantined(item.id, "nobody understands it")
    assert await line.due() == "b2"


@pytest.mark.parametrize("mark", ["mark_retry", "mark_parked"])
async def test_what_waits_for_a_day_that_a_wrong_clock_has_named_is_due(line: Line, mark: str) -> None:
    """The clock was a day ahead, and was set right: five minutes are not a day and five minutes."""
    await line.put(_BOOK)
    item = await line.take()
    line.clock.advance(86_400)
    await getattr(line.box, mark)(item.id, line.clock.now() + timedelta(minutes=5), "Meta is busy")
    assert await line.due() is None
    line.clock.jump(timedelta(days=-1))
    assert await line.due() == "b1"


@pytest.mark.parametrize("people", [1, 30])
async def test_a_backlog_does_not_make_each_look_at_it_slower(line: Line, people: int) -> None:
    """3,000 rows, and whoever is first has to wait: steps grow with the rows, not with their square."""
    entries = [
        Entry(f"k{n}", "magicline", "x", f"who{n % people}", {"n": n}, _MIXED[n % 2]) for n in range(3000)
    ]
    now = line.clock.now()

    async def fill(tx: Transaction) -> None:
        for number, entry in enumerate(entries):
            await outbox.insert(tx, entry, now, float(number))
        later = (now + timedelta(hours=1)).isoformat()
        first = "UPDATE outbox SET state = 'retry', not_before = ? WHERE position < ?"
        await tx.execute(first, (later, 2 * people))

    await line.database.write(fill)
    asked = Listener(line.database)
    assert await Outbox(asked, line.clock, "magicline").next_due(now) is None  # type: ignore[arg-type]
    assert asked.steps < 3000 * 300


class Listener:
    """Counts the steps of SQLite that a question takes."""

    def __init__(self, database: Database) -> None:
        self.database, self.steps = database, 0

    async def read(self, sql: str, parameters: dict[str, object]) -> list[object]:
        (file,) = await self.database.read("SELECT file FROM pragma_database_list WHERE name = 'main'")
        with closing(sqlite3.connect(file["file"])) as connection:
            connection.set_progress_handler(self._count, 1000)
            return connection.execute(sql, parameters).fetchall()

    def _count(self) -> int:
        self.steps += 1000
        return int(self.steps > 10_000_000)  # a question without end is given up


async def test_signs_that_no_wire_takes_do_not_lose_a_message(messages: Line) -> None:
    await messages.say(_text("a", "Ha\ud800llo\0!"))
    assert (await messages.take()).entry.payload["text"] == "Ha\ufffdllo\ufffd!"


# --- waiting for the end ----------------------------------------------------------------------------------


async def test_the_end_is_heard_of_when_it_comes(line: Line) -> None:
    await line.put(_BOOK)
    waiting = asyncio.create_task(outbox.ended(line.database, "b1", within=20))
    item = await line.take()
    assert not waiting.done()
    await line.box.mark_failed(item.id, "the slot is full")
    end = await waiting
    assert end is not None
    assert (end.state, end.reason) == ("failed", "the slot is full")


async def test_nobody_waits_without_end(line: Line) -> None:
    await line.put(_BOOK)
    assert await outbox.ended(line.database, "b1", within=0.05) is None
    assert await outbox.ended(line.database, "nothing", within=0.05) is None
    waiting = asyncio.create_task(outbox.ended(line.database, "b1", within=60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


# --- what a person decides --------------------------------------------------------------------------------


async def test_what_was_set_aside_leaves_after_all(line: Line) -> None:
    await line.put(_BOOK)
    item = await line.take()
    await line.box.count_fault(item.id)
    await line.box.mark_quarantined(item.id, "it crashes")
    now = line.clock.now()
    assert await line.database.write(lambda tx: outbox.again(tx, item.id, now, None))
    again = await line.take()
    assert (again.id, again.faults, again.attempts) == (item.id, 0, 0)


async def test_what_is_under_way_can_neither_be_dropped_nor_sent_again(line: Line) -> None:
    await line.put(_BOOK)
    item = await line.take()
    now = line.clock.now()
    assert not await line.database.write(lambda tx: outbox.drop(tx, item.id, "x", now))
    assert not await line.database.write(lambda tx: outbox.again(tx, item.id, now, None))
    await line.box.mark_uncertain(item.id)
    assert not await line.database.write(lambda tx: outbox.again(tx, item.id, now, None))
    assert await line.database.write(lambda tx: outbox.drop(tx, item.id, "x", now))
    await line.box.mark_retry(item.id, now, "too late")
    assert await line.states() == {"b1": "dropped"}


async def test_a_secret_that_is_forgotten_does_not_leave_again(messages: Line) -> None:
    await messages.say(_text("a", secret=True))
    item = await messages.take()
    now = messages.clock.now()
    await messages.box.mark_failed(item.id, "no")
    assert not await messages.database.write(lambda tx: outbox.again(tx, item.id, now, now))


# --- messages that leave together, and in parts -------------------------------------------------------------


async def _together(messages: Line) -> OutboxItem:
    await messages.say(*(_text(key, key.upper()) for key in ("a", "b", "c")))
    first = await messages.box.next_due(messages.clock.now())
    assert first is not None
    behind = await messages.box.behind(first, 10)
    await messages.box.carry(first.id, [one.id for one in behind])
    return first


async def test_what_leaves_together_shares_its_fate(messages: Line) -> None:
    first = await _together(messages)
    assert [one.entry.key for one in await messages.box.carried(first.id)] == ["b", "c"]
    assert await messages.due() == "a"
    assert await messages.box.mark_sending(first.id)
    await messages.box.mark_uncertain(first.id)
    assert len(await messages.box.uncertain()) == 1
    await messages.box.mark_sent(first.id, "w1")
    assert await messages.states() == dict.fromkeys("abc", "sent")


async def test_what_was_to_leave_with_another_leaves_by_itself_when_that_one_ends(messages: Line) -> None:
    first = await _together(messages)
    now = messages.clock.now()
    await messages.database.write(lambda tx: outbox.withdraw(tx, "a", "no", now))
    await messages.box.expire()
    assert (first.entry.key, await messages.due()) == ("a", "b")


async def test_only_what_is_next_leaves_together(messages: Line) -> None:
    """One that was tried stands in between: order comes first."""
    await messages.say(_text("a"))
    tried = await messages.take()
    await messages.box.mark_retry(tried.id, messages.clock.now() + timedelta(hours=1), "busy")
    await messages.say(_text("b"), _text("c"))
    first = await messages.box.behind(
        OutboxItem("x", tried.entry, 0, 0, messages.clock.now(), tried.position - 1, under_way=False), 10
    )
    assert first == []


async def test_a_part_waits_until_the_one_before_has_arrived_but_not_for_ever(messages: Line) -> None:
    await messages.say(_text("a", "lang"), _text("b"))
    whole = await messages.box.next_due(messages.clock.now())
    assert whole is not None
    await messages.box.split(whole, ["eins", "zwei"])
    first = await messages.take()
    assert (first.id, first.entry.payload) == (whole.id, {"text": "eins"})
    await messages.box.mark_sent(first.id, "w1")
    # Nothing overtakes the part that waits.
    assert await messages.due() is None
    messages.clock.advance(11)
    assert await messages.due() == "a/2"


async def test_only_the_lines_sender_sees_what_is_due(line: Line) -> None:
    other = Outbox(line.database, line.clock, "telegram")
    await line.put(_BOOK)
    assert await other.next_due(line.clock.now()) is None
    assert await other.uncertain() == []
    assert await other.expire() == 0
