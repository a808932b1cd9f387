"""Meta's webhook bodies: real samples, traps and junk."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.channels.whatsapp.fields import ACCOUNT
from arni_edge.channels.whatsapp.webhook import (
    MAX_BODY_BYTES,
    AccountNotice,
    DeliveryState,
    DeliveryStatus,
    Ignored,
    Item,
    parse,
)
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import InboundMessage

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"
RECEIVED = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEBHOOKS = sorted(path.stem for path in FIXTURES.glob("*__*.json"))


def sample(name: str) -> bytes:
    return json.dumps(json.loads((FIXTURES / f"{name}.json").read_text())["payload"]).encode()


def read(name: str) -> list[Item]:
    return parse(sample(name), RECEIVED)


def only_message(items: list[Item]) -> InboundMessage:
    (item,) = items
    assert isinstance(item, InboundMessage)
    return item


def only_status(items: list[Item]) -> DeliveryStatus:
    (item,) = items
    assert isinstance(item, DeliveryStatus)
    return item


def envelope(*values: dict[str, Any], field: str = "messages") -> bytes:
    changes = [{"field": field, "value": value} for value in values]
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}
    ).encode()


def text_message(**changes: Any) -> dict[str, Any]:
    message = {
        "from": "4915223433333",
        "id": "wamid.A",
        "timestamp": "1749416383",
        "type": "text",
        "text": {"body": "Hallo"},
    }
    return {key: value for key, value in (message | changes).items() if value is not None}


@pytest.mark.parametrize("name", WEBHOOKS)
def test_every_sample_is_understood(name: str) -> None:
    """Each sample gives what its name says: messages, statuses, or a reason why not."""
    items = read(name)
    kind = name.split("__", maxsplit=1)[0]
    if kind.startswith("status_"):
        assert only_status(items).state == kind.removeprefix("status_")
    elif kind in {"errors", "history", "user_preferences"}:
        assert all(isinstance(item, Ignored) for item in items)
    elif kind in ACCOUNT:
        assert [item.field for item in items if isinstance(item, AccountNotice)] == [kind]
    else:
        # A sample's name is the kind, and more than it where there are several of one.
        whole = only_message(items).kind
        assert kind == whole or kind.startswith(f"{whole}_")


def test_a_text_with_number_and_user_id() -> None:
    """The conversation is the user id, which outlives the number; the phone is the number."""
    message = only_message(read("text__pywa_message_text"))
    assert message.conversation == "US.13491208655302741918"
    assert message.phone == "+972987654321"
    assert message.text == "Body Text"
    assert message.sent_at == datetime(2023, 10, 11, 16, 53, 43, tzinfo=UTC)


def test_a_sender_with_a_hidden_number_has_no_phone() -> None:
    """With a username Meta leaves wa_id and from out."""
    message = only_message(read("text__bsuid_username_phone_hidden"))
    assert (message.conversation, message.phone) == ("US.13491208655302741918", None)


def test_a_sender_who_is_named_only_among_the_contacts() -> None:
    """from and from_user_id may both be missing."""
    assert (
        only_message(read("text__netflie_notification_with_bsuid_only_and_no_from")).conversation
        == "BSUID_123"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("button__pywa_callback_button_quick_reply_without_context", "title"),
        ("interactive_button_reply__netflie_button_reply_notification", "button-text"),
        ("interactive_list_reply__pywa_callback_selection_description", "title"),
        ("reaction__netflie_removed_reaction_notification", ""),
        ("order__netflie_n_order_notification", "text-message-sent-along-with-the-order"),
        ("edit__metadocs_edit_1", "Updated image caption"),
    ],
)
def test_what_was_said(name: str, text: str) -> None:
    """Tapped titles, captions and what stands beside an order are words; everything else has none."""
    assert only_message(read(name)).text == text


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("button__pywa_callback_button_quick_reply_without_context", "callback_data"),
        (
            "interactive_button_reply__netflie_button_reply_notification",
            "unique-button-identifier-here",
        ),
        ("interactive_list_reply__pywa_callback_selection_description", "callback_data"),
        ("text__pywa_message_text", None),
    ],
)
def test_what_stands_behind_a_button(name: str, payload: str | None) -> None:
    """The id that we gave the button, or what a client made of it."""
    assert only_message(read(name)).payload == payload


@pytest.mark.parametrize(
    "content", [None, [], {"payload": 7}, {"payload": ""}, {"payload": "x" * 257}, {"payload": {"a": 1}}]
)
def test_a_hostile_button_has_nothing_behind_it(content: object) -> None:
    """It is a message all the same."""
    message = only_message(
        parse(envelope({"messages": [text_message(type="button", button=content)]}), RECEIVED)
    )
    assert message.payload is None


def test_a_timestamp_may_be_a_number() -> None:
    """One sample has it as an integer."""
    assert only_message(read("text__netflie_forwarded_notification")).sent_at.year == 2022


@pytest.mark.parametrize("timestamp", ["", "soon", "99999999999999999999", None, [], 1e9, 0, "-5", True])
def test_without_a_usable_timestamp_the_receive_time_counts(timestamp: object) -> None:
    """An emergency is not dropped because of its clock."""
    message = only_message(parse(envelope({"messages": [text_message(timestamp=timestamp)]}), RECEIVED))
    assert message.sent_at == RECEIVED


def test_a_status_carries_the_tracking_id() -> None:
    """biz_opaque_callback_data comes back as we sent it."""
    status = {
        "id": "wamid.B",
        "status": "sent",
        "timestamp": "1749416383",
        "biz_opaque_callback_data": "row-1",
    }
    found = only_status(parse(envelope({"statuses": [status]}), RECEIVED))
    assert (found.message_id, found.state, found.tracking_id) == ("wamid.B", DeliveryState.SENT, "row-1")


def test_a_failed_status_names_its_code() -> None:
    """Failed statuses have no contacts, but a code."""
    assert only_status(read("status_failed__sent_to_phone_no_contacts")).error_code == 131049


def test_one_bad_message_spoils_no_other() -> None:
    """Batches of up to a thousand updates: each stands for itself, in order."""
    bad: list[Any] = [None, 7, "x", {}, {"id": 5}, text_message(id=""), text_message(**{"from": None})]
    value = {
        "messages": [text_message(id="wamid.1"), *bad, text_message(id="wamid.2")],
        "statuses": [{}, {"id": "x"}],
    }
    other = {"messages": [text_message(id="wamid.3")]}
    items = parse(envelope(value, other), RECEIVED)
    assert [item.message_id for item in items if isinstance(item, InboundMessage)] == [
        "wamid.1",
        "wamid.2",
        "wamid.3",
    ]
    assert [item.reason for item in items if isinstance(item, Ignored)] == [
        *["message without id"] * 3,
        "message without sender",
        "status without id",
        "status unknown: says nothing of a delivery",
        "messages: not a list of objects",
    ]


def test_a_foreign_contact_lends_nobody_an_identity() -> None:
    """A contact that does not match the sender is not taken, even if it is the only one."""
    contact = {"wa_id": "4917000000000", "user_id": "DE.1"}
    message = only_message(parse(envelope({"contacts": [contact], "messages": [text_message()]}), RECEIVED))
    assert (message.conversation, message.phone) == ("4915223433333", "+4915223433333")


def test_contacts_are_matched_by_number() -> None:
    """Several people in one webhook keep their own ids."""
    contacts = [{"wa_id": "4917000000000", "user_id": "DE.1"}, {"wa_id": "4915223433333", "user_id": "DE.2"}]
    message = only_message(parse(envelope({"contacts": contacts, "messages": [text_message()]}), RECEIVED))
    assert message.conversation == "DE.2"


def test_an_empty_change_is_ignored_with_a_reason() -> None:
    """Also beside one that is not."""
    items = parse(envelope({}, {"messages": [text_message()]}, {"messages": "none"}), RECEIVED)
    reasons = [item.reason for item in items if isinstance(item, Ignored)]
    assert reasons == ["nothing in it", "messages: not a list of objects"]


def test_an_unknown_kind_is_kept_with_empty_text() -> None:
    """Never dropped silently: the conversation may answer that it cannot read this."""
    message = only_message(
        parse(envelope({"messages": [text_message(type="hologram", text=None)]}), RECEIVED)
    )
    assert (message.kind, message.text) == ("hologram", "")


def test_messages_for_another_number_are_ignored() -> None:
    """A relay may carry several numbers of one owner."""
    value = {"metadata": {"phone_number_id": "999999"}, "messages": [text_message()]}
    assert parse(envelope(value), RECEIVED, "106540352242922") == [
        Ignored("another phone number", "messages")
    ]


@pytest.mark.parametrize("about", ["page", "instagram"])
def test_what_is_about_another_app_of_metas_is_ignored(about: str) -> None:
    """One app may be subscribed to all of them, and their messages look alike."""
    body = json.loads(envelope({"messages": [text_message()]})) | {"object": about}
    assert parse(json.dumps(body).encode(), RECEIVED) == [Ignored(f"not about WhatsApp: object {about}")]


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("calls", "a call: nobody can be called here"),
        ("group_lifecycle_update", "about a group: the gym talks to one person at a time"),
        ("new_thing_2027", "field new_thing_2027: nothing that is known here"),
        ("491512345678", "a field without a name that can be read"),
        (None, "a field without a name that can be read"),
    ],
)
def test_a_field_that_is_not_read_is_ignored_for_a_reason_in_words(field: Any, reason: str) -> None:
    """Meta adds some every year."""
    (found,) = parse(envelope({"messages": [text_message()]}, field=field), RECEIVED)
    assert isinstance(found, Ignored)
    assert found.reason == reason


@pytest.mark.parametrize("field", ["standby", "messaging_handovers"])
def test_that_somebody_else_answers_on_the_gyms_number_is_told(field: str) -> None:
    """What people write then no longer comes as messages."""
    value = {"messages": [text_message()]}
    assert parse(envelope(value, field=field), RECEIVED) == [AccountNotice(field, "unknown")]


def test_what_became_of_a_payment_is_no_delivery() -> None:
    """It comes under the id of our message that asked for it."""
    status = {"id": "wamid.B", "status": "failed", "type": "payment", "payment": {"reference_id": "r"}}
    assert parse(envelope({"statuses": [status]}), RECEIVED) == [
        Ignored("status of a payment, not of a message", "status")
    ]
    plain = only_status(parse(envelope({"statuses": [status | {"type": "message"}]}), RECEIVED))
    assert plain.state is DeliveryState.FAILED


def test_those_in_a_group_are_told_apart_without_their_numbers() -> None:
    """Each reads for themselves."""
    status = {"id": "wamid.B", "status": "read", "recipient_id": "G", "recipient_type": "group"}
    statuses = [status | {"recipient_participant_user_id": user} for user in ("DE.1", "DE.2")]
    found = parse(envelope({"statuses": statuses}), RECEIVED)
    assert [one.participant for one in found if isinstance(one, DeliveryStatus)] == ["DE.1", "DE.2"]


def test_group_messages_are_ignored() -> None:
    """The gym talks to one person at a time."""
    assert parse(envelope({"messages": [text_message(group_id="G")]}), RECEIVED) == [
        Ignored("group message", "text")
    ]


def test_text_is_fit_for_database_and_wire() -> None:
    """Half an emoji and NUL are taken out; they would break what comes after us."""
    body = envelope({"messages": [text_message(text={"body": "a\ud83db\0c \U0001f44d"})]})
    assert only_message(parse(body, RECEIVED)).text == "a\ufffdbc \U0001f44d"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b" ", "the body is empty"),
        (b"{", "the webhook body is not JSON"),
        (b"[]", "the webhook body is not a JSON object"),
        (b"[" * 200_000, "the webhook body is nested too deeply"),
    ],
)
def test_why_it_is_no_webhook(body: bytes, reason: str) -> None:
    """In words for whoever has recorded it."""
    with pytest.raises(InvalidInput, match=reason):
        parse(body, RECEIVED)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"[]", b'"text"', b"{", b"[" * 200_000, b" " * (MAX_BODY_BYTES + 1)]
)
def test_what_is_no_webhook_is_invalid(body: bytes) -> None:
    """Too large, not JSON, not an object."""
    with pytest.raises(InvalidInput):
        parse(body, RECEIVED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def mutated(draw: Callable[[st.SearchStrategy[Any]], Any], value: Any) -> Any:
    """The value with some of its parts replaced by junk."""
    if draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    if isinstance(value, dict):
        return {key: mutated(draw, item) for key, item in value.items() if draw(st.integers(0, 19))}
    return [mutated(draw, item) for item in value] if isinstance(value, list) else value


@st.composite
def spoiled_webhooks(draw: Callable[[st.SearchStrategy[Any]], Any]) -> bytes:
    return json.dumps(mutated(draw, json.loads(sample(draw(st.sampled_from(WEBHOOKS)))))).encode()


@given(spoiled_webhooks() | st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_junk_never_raises_anything_else(body: bytes) -> None:
    """Whatever comes in: items or InvalidInput."""
    try:
        items = parse(body, RECEIVED)
    except InvalidInput:
        return
    assert items
    for item in items:
        if isinstance(item, InboundMessage):
            assert item.message_id
            assert item.conversation
            assert item.sent_at.tzinfo is not None
            item.text.encode()
