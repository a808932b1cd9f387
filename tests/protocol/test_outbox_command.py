"""The outbox as the owner meets it: what waits, what was set aside, nothing of what is said or to whom."""

import json
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from support.box import Box, a_box, a_config
from support.clock import ManualClock
from support.database import open_database
from support.documented import json_words

from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.outbox_methods import outbox_methods
from arni_edge.domain.errors import ArniError
from arni_edge.domain.messages import Channel, OutboundMessage
from arni_edge.storage import Database, outbox
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.outbound import Entry
from arni_edge.storage.outbox_messages import MessageOutbox

_NUMBER = "+4915123456789"


class _Base:
    """Of the ground, what the methods use."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock()
        self.audit = AuditLog(b"k" * 32)


OutboxBox = Box[Database]


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[OutboxBox]:
    async with open_database(tmp_path / "arni.db") as database:
        base = _Base(database)
        lines = MessageOutbox(database, base.clock, Channel.WHATSAPP)
        for key in ("poison", "waits", "secret"):
            text = OutboundMessage(key, Channel.WHATSAPP, _NUMBER, "Streng geheim", secret=key == "secret")
            await database.write(partial(outbox.add, message=text, now=base.clock.now()))
            base.clock.advance(1)
        booking = Entry("book", "magicline", "book", "customer/7", {"slot": 41})
        await database.write(lambda tx: outbox.put(tx, booking, base.clock.now()))
        item = await lines.next_due(base.clock.now())
        assert item is not None
        await lines.mark_sending(item.id)
        await lines.mark_quarantined(item.id, "the request is malformed (code 100)")
        with a_config() as config:
            async with a_box(config, database, outbox_methods(cast("Foundation", base))) as opened:
                yield opened


async def _ids(box: OutboxBox, **which: Any) -> Mapping[str, str]:
    rows = await box.ask("outbox.list", **which)
    shown = [await box.ask("outbox.show", id=row["id"]) for row in rows]
    return {one["key"]: one["id"] for one in shown}


async def test_what_waits_and_what_was_set_aside_is_listed_without_its_words(box: OutboxBox) -> None:
    said = await box.says("outbox", "list")
    assert said.count("\n") == 4
    assert "quarantined: the request is malformed (code 100)" in said
    rows = await box.ask("outbox.list", state="queued", line="whatsapp")
    assert [(row["to"], row["state"], row["priority"]) for row in rows] == [("…789", "queued", "chat")] * 2
    (poison,) = await box.ask("outbox.list", state="quarantined")
    shown = await box.ask("outbox.show", id=poison["id"][-6:])
    assert (shown["key"], shown["reason"]) == ("poison", "the request is malformed (code 100)")
    assert set(shown) | {"show"} == json_words("outbox list")
    everything = said + json.dumps([*rows, shown])
    for hidden in ("geheim", "4915123456789", "15123456789", "customer"):
        assert hidden not in everything


async def test_what_was_set_aside_is_sent_after_all_or_never_and_the_audit_knows(box: OutboxBox) -> None:
    ids = await _ids(box)
    assert (await box.ask("outbox.retry", id=ids["poison"], by="Erika"))["state"] == "queued"
    assert "is dropped" in await box.says("outbox", "drop", ids["waits"], "--yes", "--by", "Erika")
    assert await outbox.summary(box.here) == {"queued": 3, "dropped": 1}
    rows = await box.here.read("SELECT actor, act, detail FROM audit ORDER BY number")
    assert [(row["actor"], row["act"]) for row in rows] == [
        ("console:Erika", "outbox.retried"),
        ("console:Erika", "outbox.dropped"),
    ]
    assert json.loads(rows[1]["detail"]) == {
        "row": ids["waits"],
        "line": "whatsapp",
        "kind": "message",
        "was": "queued",
    }
    assert (await box.ask("outbox.show", id=ids["waits"]))["reason"] == "a person has dropped it"
    await box.says("outbox", "drop", ids["book"], "--yes", "--reason", "the course is cancelled")
    assert (await box.ask("outbox.show", id=ids["book"]))["reason"] == "the course is cancelled"
    (last,) = await box.here.read("SELECT detail FROM audit ORDER BY number DESC LIMIT 1")
    assert json.loads(last["detail"])["why"] == "the course is cancelled"
    # What was dropped is not listed, unless it is asked for; it may be sent after all.
    assert not {"waits", "book"} & set(await _ids(box))
    assert set(await _ids(box, state="all")) == {"poison", "waits", "secret", "book"}
    assert (await box.ask("outbox.retry", id=ids["waits"], by="e"))["state"] == "queued"


async def test_a_dropped_secret_is_forgotten_and_does_not_come_back(box: OutboxBox) -> None:
    ids = await _ids(box)
    await box.ask("outbox.drop", id=ids["secret"], by="e")
    assert not await box.here.read("SELECT 1 FROM outbox WHERE key = 'secret' AND payload LIKE '%geheim%'")
    with pytest.raises(ArniError, match="its secret is forgotten"):
        await box.ask("outbox.retry", id=ids["secret"], by="e")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("outbox.list", {"state": "lost"}),
        ("outbox.list", {"state": ["queued"]}),
        ("outbox.list", {"limit": 100_000}),
        ("outbox.list", {"line": 7}),
        ("outbox.show", {"id": "zzzz"}),
        ("outbox.show", {"id": "%"}),
        ("outbox.show", {}),
        ("outbox.drop", {"id": "ffffffffffffffffffffffffff", "by": "e"}),
        ("outbox.retry", {"id": "1a20"}),
    ],
)
async def test_nonsense_is_refused_with_a_sentence(
    box: OutboxBox, method: str, params: dict[str, Any]
) -> None:
    with pytest.raises(ArniError):
        await box.ask(method, **params)
