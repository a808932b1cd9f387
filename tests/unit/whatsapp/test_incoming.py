"""What stands in the kinds of messages beside their words."""

import json
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from arni_edge.channels.whatsapp.incoming import Contacts, read_message
from arni_edge.channels.whatsapp.webhook import parse
from arni_edge.domain.messages import InboundMessage, Media, Place

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"
RECEIVED = datetime(2026, 11, 21, 12, tzinfo=UTC)


def sample(name: str) -> InboundMessage:
    payload = json.loads((FIXTURES / f"{name}.json").read_text())["payload"]
    (item,) = parse(json.dumps(payload).encode(), RECEIVED)
    assert isinstance(item, InboundMessage)
    return item


def message(kind: str, content: Any) -> InboundMessage:
    found = read_message(
        {"from": "4915223433333", "id": "wamid.A", "timestamp": "1", "type": kind, kind: content},
        Contacts([]),
        RECEIVED,
    )
    assert isinstance(found, InboundMessage)
    return found


def test_a_voice_note_can_be_fetched() -> None:
    """It is audio that says of itself that it was spoken."""
    found = sample("audio_voice__metadocs_audio_1").media
    assert found is not None
    assert found.voice
    assert found.mime == "audio/ogg; codecs=opus"
    assert found.media_id


@pytest.mark.parametrize("kind", ["image", "video", "document", "sticker", "audio"])
def test_media_without_an_id_is_a_message_all_the_same(kind: str) -> None:
    """Nothing can be fetched then."""
    assert message(kind, {"mime_type": "x"}).media is None
    assert message(kind, None).media is None
    assert message(kind, {"id": "7", "voice": "true"}).media == Media("7", "")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"latitude": 52.5, "longitude": "13.4", "name": "Gym"}, Place(52.5, 13.4, "Gym")),
        ({"latitude": 52.5, "longitude": 13.4, "address": "Weg 1"}, Place(52.5, 13.4, "Weg 1")),
        ({"latitude": 91, "longitude": 0}, None),
        ({"latitude": "nan", "longitude": 0}, None),
        ({"latitude": True, "longitude": 0}, None),
        ({"latitude": 10**400, "longitude": 0}, None),
        ("here", None),
    ],
)
def test_a_place_is_on_earth(content: Any, place: Place | None) -> None:
    """Or it is none."""
    assert message("location", content).place == place


def test_a_number_that_we_asked_for_is_their_own() -> None:
    """The answer to a contact request comes without a card."""
    assert sample("contacts__request_contact_info_answer").shared_phone == "+16505551234"


@pytest.mark.parametrize("name", ["contacts__metadocs_contacts_1", "contacts__netflie_contact_notification"])
def test_somebody_elses_card_proves_nothing(name: str) -> None:
    """Whoever shares a contact says nothing of their own number."""
    assert sample(name).shared_phone is None


@pytest.mark.parametrize(
    "cards",
    [
        [{"origin": "other", "phones": [{"wa_id": "4915223433333"}]}],
        [{"origin": "contact_request", "phones": [{"wa_id": "4915223433333"}, {"wa_id": "4915223433334"}]}],
        [{"origin": "contact_request", "phones": []}],
        [
            {"origin": "contact_request"},
            {"origin": "contact_request", "phones": [{"wa_id": "4915223433333"}]},
        ],
        {"origin": "contact_request", "phones": [{"wa_id": "4915223433333"}]},
        [{"origin": "contact_request", "phones": [{"wa_id": "4915223433333"}], "vcard": "BEGIN:VCARD"}],
    ],
)
def test_a_doubtful_answer_to_it_proves_nothing(cards: Any) -> None:
    """Two numbers, none, or another shape."""
    assert message("contacts", cards).shared_phone is None


def test_whom_a_message_is_about() -> None:
    """Taken back, changed, reacted to, or answered."""
    assert message("revoke", {"original_message_id": "wamid.0"}).refers_to == "wamid.0"
    assert message("edit", {"original_message_id": "wamid.0", "message": {}}).refers_to == "wamid.0"
    assert message("reaction", {"message_id": "wamid.0"}).refers_to == "wamid.0"
    answer = {"from": "4915223433333", "id": "w", "type": "text", "text": {}, "context": {"id": "wamid.0"}}
    found = read_message(answer, Contacts([]), RECEIVED)
    assert isinstance(found, InboundMessage)
    assert found.refers_to == "wamid.0"


def test_a_change_of_number_names_the_new_one() -> None:
    """The system says so, not the person."""
    assert sample("system_user_changed_number__pywa_system_phone_number_change").successor == "972912345678"
    assert sample("system_customer_identity_changed__pywa_system_identity_change").successor is None


def said_by_whatsapp(said: str, **more: str) -> InboundMessage | str:
    """Its own message, as Meta writes it when no number can be shown: nobody has sent it."""
    system = {"body": said, "type": "user_changed_user_id", "user_id": "DE.2", **more}
    whole = {"id": "wamid.A", "timestamp": "1", "type": "system", "system": system}
    return read_message(whole, Contacts([{"user_id": "DE.2"}]), RECEIVED)


@pytest.mark.parametrize(
    ("said", "more", "about"),
    [
        ("User Anna changed from DE.1 to DE.2", {}, ("DE.1", None)),
        ("User Anna changed from DE.1 to DE.2", {"previous_user_id": "DE.0"}, ("DE.0", None)),
        ("Whatever it says", {"previous_user_id": "DE.1"}, ("DE.1", None)),
        ("User x changed from 4915111111111 to y changed from DE.1 to DE.2", {}, ("DE.1", None)),
        (
            "User Anna changed from 4915223433333 to 4915111111111",
            {"wa_id": "4915111111111", "type": "user_changed_number"},
            ("4915223433333", "+4915223433333"),
        ),
    ],
)
def test_a_new_id_is_about_whoever_had_the_old_one(
    said: str, more: dict[str, str], about: tuple[str, str | None]
) -> None:
    """The name in it is theirs to choose; only the end is WhatsApp's."""
    found = said_by_whatsapp(said, **more)
    assert isinstance(found, InboundMessage)
    assert (found.conversation, found.phone) == about
    assert found.user_id == (about[0] if about[1] is None else None)


def test_what_whatsapp_says_of_nobody_is_about_the_contact_or_nobody() -> None:
    """It said something else, or in another language."""
    found = said_by_whatsapp("Anna hat eine neue Nummer")
    assert isinstance(found, InboundMessage)
    assert found.conversation == "DE.2"
    alone = {"id": "wamid.A", "type": "system", "system": None}
    assert read_message(alone, Contacts([]), RECEIVED) == "message without sender"


@pytest.mark.parametrize(
    ("sender", "contact", "expected"),
    [
        ({"from": "DE.1"}, {}, ("DE.1", "DE.1", None)),
        ({"from": "DE.1"}, {"wa_id": "DE.1"}, ("DE.1", "DE.1", None)),
        ({"from": "+4915223433333"}, {}, ("4915223433333", None, "+4915223433333")),
        ({"from_parent_user_id": "DE.ENT.1"}, {}, ("DE.ENT.1", "DE.ENT.1", None)),
        ({"from_parent_user_id": "DE.ENT.1", "from_user_id": "DE.1"}, {}, ("DE.1", "DE.1", None)),
        (
            {"from_parent_user_id": "DE.ENT.1"},
            {"wa_id": "4915223433333"},
            ("4915223433333", None, "+4915223433333"),
        ),
        ({}, {"parent_user_id": "DE.ENT.1"}, ("DE.ENT.1", "DE.ENT.1", None)),
    ],
)
def test_every_way_in_which_a_sender_was_ever_named(
    sender: dict[str, str], contact: dict[str, str], expected: tuple[str, str | None, str | None]
) -> None:
    """Whoever can be answered is no stranger: conversation, id and phone."""
    found = read_message(
        {"id": "w", "type": "text", "text": {"body": "x"}, **sender}, Contacts([contact]), RECEIVED
    )
    assert isinstance(found, InboundMessage)
    assert (found.conversation, found.user_id, found.phone) == expected


def test_the_origin_of_a_number_may_stand_beside_the_card() -> None:
    """An early state of Meta's description has it there; a card that says otherwise counts more."""
    whole = {"from_user_id": "DE.1", "id": "w", "type": "contacts", "origin": "contact_request"}
    for more, number in (({}, "+4915223433333"), ({"origin": "other"}, None), ({"vcard": "x"}, None)):
        card = {"phones": [{"phone": "+49 1522 3433333"}], **more}
        found = read_message(whole | {"contacts": [card]}, Contacts([]), RECEIVED)
        assert isinstance(found, InboundMessage)
        assert found.shared_phone == number


def test_the_id_behind_which_a_number_is_hidden() -> None:
    """It is kept apart from the address of the conversation, which may be older."""
    found = sample("text__bsuid_username_phone_hidden")
    assert found.user_id == found.conversation == "US.13491208655302741918"
    assert message("text", {"body": "x"}).user_id is None


def test_contacts_are_found_in_a_crowd() -> None:
    """Thousands of messages with as many contacts do not take the box minutes."""
    crowd = [f"49{number}" for number in range(10**9, 10**9 + 10_000)]
    contacts = Contacts([{"wa_id": one, "user_id": f"DE.{one}"} for one in crowd])
    began = process_time()
    found = [contacts.of({"from": one})["user_id"] for one in crowd]
    assert process_time() - began < 1  # looking through all of them for each takes many seconds
    assert found == [f"DE.{one}" for one in crowd]
