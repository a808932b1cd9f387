"""Updates as Telegram sends them, and as nobody should."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.channels.telegram.updates import (
    Membership,
    Migrated,
    Pressed,
    Wrote,
    from_text,
    read_updates,
    to_text,
)

_FOLDER = Path(__file__).parents[2] / "fixtures" / "telegram"
_SAMPLES = {
    path.stem: json.loads(path.read_text())["payload"]
    for path in _FOLDER.glob("*.json")
    if path.stem != "errors"
}


def _what(sample: str | dict[str, Any]) -> object:
    (update,) = read_updates([_SAMPLES[sample] if isinstance(sample, str) else sample])
    return update.what


def test_a_text() -> None:
    assert _what("de_text_0") == Wrote(700000009, 700000009, True, "Лол кек 😂", None, 1568289890, "en")


def test_a_press() -> None:
    assert _what("callback_query_message") == Pressed(
        700000101, 700000101, True, "3007238465192837465", "ack:17"
    )


def test_a_picture_is_a_text_without_words() -> None:
    assert _what("de_image_0") == Wrote(700000009, 700000009, True, "", None, 1568290622, "en")


def test_a_group_moves() -> None:
    assert _what("issue_427_0") == Migrated(-500000011, -1001000000013)


def test_somebody_blocks_the_bot() -> None:
    sample = copy.deepcopy(_SAMPLES["issue_523_0"])
    assert _what(sample) == Membership(0, present=False)


@pytest.mark.parametrize(
    "sample",
    [
        "doc_edited_message",  # what was edited acts a second time nowhere
        "doc_message_forwarded_from_channel",  # says /start, and nobody here has said it
        "issue_419_0",  # a bot, in the name of a group
        "message_reaction_updated_1",
        "new_update_kind_error_0",
        "topic_created_0",
        "doc_callback_query_inline",  # its from says nothing about being a person
    ],
)
def test_what_does_not_act(sample: str) -> None:
    assert _what(sample) is None


@pytest.mark.parametrize("sample", sorted(_SAMPLES))
def test_every_sample_can_be_confirmed(sample: str) -> None:
    (update,) = read_updates([_SAMPLES[sample]])
    assert update.update_id == _SAMPLES[sample]["update_id"]


@pytest.mark.parametrize(
    "change",
    [
        {"forward_origin": {"type": "hidden_user"}},
        {"sender_chat": {"id": -1001}},
        {"via_bot": {"id": 5}},
        {"from": {"id": 700000009, "is_bot": True}},
        {"from": {"id": True, "is_bot": False}},
        {"from": {"id": 2**60, "is_bot": False}},
        {"from": {"id": "700000009", "is_bot": False}},
        {"from": {"id": 700000010, "is_bot": False}},  # in the private chat of somebody else
        {"chat": {"id": 700000009, "type": "channel"}},
        {"chat": {"id": 700000009}},
        {"chat": {"id": 700000009, "type": []}},
        {"chat": []},
    ],
)
def test_who_is_not_certainly_a_person_in_a_chat_of_theirs_is_nobody(change: dict[str, Any]) -> None:
    sample = copy.deepcopy(_SAMPLES["de_text_0"])
    sample["message"] |= change
    assert _what(sample) is None


@pytest.mark.parametrize("update_id", [None, True, "7", -1, 2.0, 2**60])
def test_an_update_without_a_number_is_left_out(update_id: object) -> None:
    assert read_updates([{"update_id": update_id}, {"update_id": 5}]) == read_updates([{"update_id": 5}])


@pytest.mark.parametrize("sample", ["de_text_0", "callback_query_message"])
def test_what_is_stored_is_read_again(sample: str) -> None:
    what = _what(sample)
    assert isinstance(what, Pressed | Wrote)
    assert from_text(to_text(what)) == what


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _broken(value: Any, path: list[str], junk: Any) -> Any:
    """The value with one part replaced."""
    if not path or not isinstance(value, dict):
        return junk
    return value | {path[0]: _broken(value.get(path[0]), path[1:], junk)}


_PATHS = [
    path.split(".")
    for path in (
        "message message.from message.from.id message.chat message.chat.id message.chat.type message.text"
        " message.date message.reply_to_message callback_query callback_query.id callback_query.from"
        " callback_query.data callback_query.message callback_query.message.chat my_chat_member"
        " my_chat_member.chat my_chat_member.new_chat_member my_chat_member.new_chat_member.status"
        " message.migrate_to_chat_id message.from.language_code message.date"
    ).split()
]


@given(st.sampled_from(sorted(_SAMPLES)), st.sampled_from(_PATHS), _JSON)
def test_no_update_raises(sample: str, path: list[str], junk: Any) -> None:
    for update in read_updates([_broken(_SAMPLES[sample], path, junk)]):
        if isinstance(update.what, Pressed | Wrote):
            assert from_text(to_text(update.what)) == update.what


@given(_JSON)
def test_no_batch_raises(result: Any) -> None:
    read_updates(result)
