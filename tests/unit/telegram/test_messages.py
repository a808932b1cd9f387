"""Posts as bodies."""

from datetime import UTC, datetime
from typing import Any

import pytest

from arni_edge.channels.telegram.messages import changed, fit, new
from arni_edge.domain.messages import Priority
from arni_edge.domain.staff import Button
from arni_edge.storage.post_board import PostedItem


def _item(text: str = "Alarm", **more: Any) -> PostedItem:
    values: dict[str, Any] = {
        "contact": "kim", "key": "alarm/1", "text": text, "buttons": (), "priority": Priority.ALARM,
        "silent": False, "asks": False, "queued": True, "revision": 1, "utterance": 1, "shown_utterance": 0,
        "chat": None, "message_id": None, "stale_id": None, "attempts": 0, "delayed": False,
        "updated_at": datetime.now(UTC),
    }  # fmt: skip
    return PostedItem(**(values | more))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Alarm \n", "Alarm"),
        ("", "…"),
        ("x" * 4096, "x" * 4096),
        ("x" * 4097, "x" * 4095 + "…"),
        ("👍" * 2048, "👍" * 2048),
        ("👍" * 2049, "👍" * 2047 + "…"),  # half an emoji would be no character
    ],
)
def test_a_text_fits(text: str, expected: str) -> None:
    assert fit(text) == expected


def test_a_text_goes_out_as_it_is() -> None:
    """No parse mode: what looks like markup is text."""
    body = new(_item("<b>_*"), 7, [])
    assert body["text"] == "<b>_*"
    assert "parse_mode" not in body
    assert body["link_preview_options"] == {"is_disabled": True}


def test_buttons_carry_their_tokens() -> None:
    item = _item(buttons=((Button("Ja", "a", "1"), Button("Nein", "b")), (Button("x" * 100, "c"),)))
    keyboard = new(item, 7, [["t1", "t2"], ["t3"]])["reply_markup"]["inline_keyboard"]
    assert [[one["callback_data"] for one in row] for row in keyboard] == [["t1", "t2"], ["t3"]]
    assert len(keyboard[1][0]["text"]) == 64


def test_a_change_without_buttons_takes_them_away() -> None:
    assert changed(_item(), 7, 9, [])["reply_markup"] == {"inline_keyboard": []}
