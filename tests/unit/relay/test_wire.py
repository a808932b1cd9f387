"""What the relay says, and what is missing in it."""

import base64
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from arni_edge.domain.errors import Unavailable
from arni_edge.relay.wire import Batch, Gap, read_batch
from arni_edge.storage.relay_cursor import Position

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def answer(*sequences: int, oldest: int, newest: int, **more: Any) -> bytes:
    events = [
        {
            "sequence": sequence,
            "source": "whatsapp",
            "received_at": "2026-11-21T11:59:00+00:00",
            "body": base64.b64encode(b"{}").decode(),
            "signature": None,
            **more,
        }
        for sequence in sequences
    ]
    return orjson.dumps({"log": "a", "epoch": 1, "events": events, "oldest": oldest, "newest": newest})


def read(content: bytes, after: int, log: str | None = "a") -> Batch:
    return read_batch(content, Position(log, after), NOW)


def numbers(batch: Batch) -> list[int]:
    return [event.sequence for event in batch.events]


def test_events_in_order() -> None:
    """Nothing missing: read on behind the last."""
    batch = read(answer(4, 5, oldest=1, newest=5), 3)
    assert (numbers(batch), batch.position, batch.gap, batch.caught_up) == ([4, 5], 5, None, True)


def test_more_is_waiting() -> None:
    """A full batch is not the end."""
    assert not read(answer(4, 5, oldest=1, newest=9), 3).caught_up


def test_nothing_new() -> None:
    """Empty and complete."""
    batch = read(answer(oldest=1, newest=3), 3)
    assert (batch.position, batch.gap, batch.caught_up) == (3, None, True)


def test_an_empty_log() -> None:
    """A new box: oldest is one after newest."""
    assert read(answer(oldest=1, newest=0), 0) == Batch("a", 1, (), 1, 0, 0)


def test_a_gap_below_the_oldest_is_reported() -> None:
    """Retention was faster than the box."""
    batch = read(answer(8, 9, oldest=8, newest=9), 3)
    assert (numbers(batch), batch.gap, batch.caught_up) == ([8, 9], Gap(3, 8), True)


def test_a_gap_with_nothing_left() -> None:
    """Everything is gone: read on behind it, or the gap would be met for ever."""
    batch = read(answer(oldest=58, newest=57), 40)
    assert (batch.position, batch.gap, batch.caught_up) == (57, Gap(40, 58), True)


def test_a_hole_in_the_middle_waits_for_the_next_poll() -> None:
    """It may only be invisible yet; what follows is not taken before it."""
    batch = read(answer(4, 6, 7, oldest=1, newest=7), 3)
    assert (numbers(batch), batch.position, batch.caught_up) == ([4], 4, False)


def test_a_hole_at_the_head_is_a_gap() -> None:
    """It was asked for, and it is not there."""
    assert read(answer(6, 7, oldest=1, newest=7), 4).gap == Gap(4, 6)


@pytest.mark.parametrize(
    ("log", "newest"),
    [("another", 40), ("another", 90), ("a", 2)],
    ids=["as long", "longer", "a backup that nobody told of"],
)
def test_a_log_that_was_set_up_anew_is_read_from_its_start(log: str, newest: int) -> None:
    """However far it has got: its numbers mean other events, and none of them is taken for ours."""
    batch = read(answer(41, oldest=1, newest=newest), 40, log)
    assert (batch.renewed, batch.events, batch.position, batch.gap, batch.caught_up) == (
        log != "a" or newest < 40,
        (),
        0,
        None,
        False,
    )


def test_the_first_answer_says_what_the_log_is_called() -> None:
    batch = read(answer(1, 2, oldest=1, newest=2), 0, None)
    assert (numbers(batch), batch.log, batch.renewed) == ([1, 2], "a", False)


def test_a_tombstone_is_an_event_without_content() -> None:
    (event,) = read(answer(1, oldest=1, newest=1, body=None, erased=True), 0).events
    assert (event.erased, event.body, event.source) == (True, b"", "whatsapp")
    (event,) = read(answer(1, oldest=1, newest=1, erased="yes"), 0).events
    assert not event.erased


def test_old_and_doubled_events_are_left_out() -> None:
    """Whatever a proxy repeats."""
    assert numbers(read(answer(3, 5, 4, 4, oldest=1, newest=5), 3)) == [4, 5]


@pytest.mark.parametrize("body", ["%%%", None, 5, "ä"])
def test_a_poisoned_body_is_handed_on_empty(body: object) -> None:
    """The consumer refuses it; the line goes on."""
    (event,) = read(answer(1, oldest=1, newest=1, body=body, received_at="x", signature=7), 0).events
    assert (event.body, event.received_at, event.signature) == (b"", NOW, None)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b"{}", answer(oldest=-1, newest=3), answer(1, oldest=1, newest=1, sequence="1")],
)
def test_another_answer_is_no_relay(content: bytes) -> None:
    """A captive portal answers with 200, too."""
    with pytest.raises(Unavailable):
        read(content, 0)
