"""What people send through the simulated WhatsApp, and how its webhooks travel."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
import pytest_asyncio
from support.simulated_graph import ANNA, BSUID, VERIFY, Asking, asking
from support.waiting import eventually

from arni_edge.channels.whatsapp.webhook import AccountNotice, parse
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import InboundMessage
from arni_edge.simulator import sayings
from arni_edge.simulator.graph.alone import GraphWorld

_NEW = "+4915223433399"


@pytest_asyncio.fixture
async def ask() -> AsyncIterator[Asking]:
    async with asking() as one:
        yield one


async def say(ask: Asking, **order: Any) -> str:
    answer = await ask.http.post("/simulator/say", json={"from": ANNA, **order})
    assert answer.status_code == 200, answer.text
    message_id = answer.json()["id"]
    assert isinstance(message_id, str)
    return message_id


async def understood(ask: Asking, count: int) -> list[InboundMessage]:
    """What our own reader makes of it."""
    await ask.callback.messages_soon(count)
    items = [item for body in ask.callback.bodies for item in parse(orjson.dumps(body), ask.clock.now())]
    return [item for item in items if isinstance(item, InboundMessage)]


async def test_every_kind_is_understood(ask: Asking) -> None:
    """By the wire of the simulator, and by what reads it at the box."""
    first = await say(ask, kind="text", text="Grüße 👍")
    orders: list[dict[str, Any]] = [
        {"kind": "text", "text": "Nochmal", "quoting": first},
        {"kind": "voice"},
        {"kind": "image", "caption": "So sieht es aus"},
        {"kind": "document", "mime": "application/pdf", "content": "JVBERg==", "filename": "Attest.pdf"},
        {"kind": "sticker", "mime": "image/webp"},
        {"kind": "video", "mime": "video/mp4"},
        {"kind": "location", "latitude": 52.5, "longitude": 13.4, "name": "Studio"},
        {"kind": "contact", "name": "Ben", "number": "+4915223433334"},
        {"kind": "number"},
        {"kind": "reaction", "message_id": "wamid.X", "emoji": "👍"},
        {"kind": "reaction", "message_id": "wamid.X"},
        {"kind": "edit", "message_id": first, "text": "Gruß"},
        {"kind": "revoke", "message_id": first},
        {"kind": "unsupported", "what": "poll"},
        {"kind": "new-number", "number": _NEW},
    ]
    ids = {first: "text"} | {await say(ask, **order): order["kind"] for order in orders}
    found = {ids[one.message_id]: one for one in await understood(ask, len(ids))}
    assert set(found) == set(ids.values())
    assert {one.phone for one in found.values()} == {ANNA}
    assert (found["edit"].text, found["edit"].refers_to) == ("Gruß", first)
    assert found["revoke"].refers_to == first
    assert found["voice"].media is not None
    assert found["voice"].media.voice
    assert found["image"].text == "So sieht es aus"
    assert found["document"].media is not None
    assert found["document"].media.name == "Attest.pdf"
    assert found["location"].place is not None
    assert (found["number"].shared_phone, found["contact"].shared_phone) == (ANNA, None)
    assert found["new-number"].successor == _NEW.removeprefix("+")
    assert found["unsupported"].kind == "unsupported"
    system = [one for one in ask.callback.changes() if one["messages"][0]["type"] == "system"]
    assert "contacts" not in system[0]
    # From now on with the new number.
    assert (await ask.http.get(f"/simulator/phones/{_NEW}")).status_code == 200
    assert (await ask.http.get(f"/simulator/phones/{ANNA}")).status_code == 404


async def test_a_person_whose_number_is_hidden(ask: Asking) -> None:
    """With a username: no number anywhere, until it is told; and another id with another number."""
    carla = ask.world.phones.add("+4915223433335", "Carla", user_id=BSUID, hidden=True)
    carla.send("Hallo")
    (message,) = await understood(ask, 1)
    assert (message.conversation, message.phone, message.user_id) == (BSUID, None, BSUID)
    assert "15223433335" not in str(ask.callback.bodies)
    contact = ask.callback.changes()[0]["contacts"][0]
    assert contact == {"profile": {"name": "Carla", "username": f"@{BSUID}"}, "user_id": BSUID}
    carla.change_number(_NEW, user_id="DE.2")
    carla.send("Neue Nummer")
    found = {one.kind: one for one in (await understood(ask, 3))[1:]}
    assert (found["system"].conversation, found["system"].successor) == (BSUID, "DE.2")
    assert found["text"].conversation == "DE.2"


async def test_whose_number_is_shown_changes_it_with_both_ids(ask: Asking) -> None:
    """The old number is the sender; WhatsApp's own message names no id as one."""
    carla = ask.world.phones.add("+4915223433335", "Carla", user_id=BSUID)
    carla.change_number(_NEW, user_id="DE.2")
    (found,) = await understood(ask, 1)
    assert (found.conversation, found.phone) == (BSUID, "+4915223433335")
    assert found.successor == _NEW.removeprefix("+")
    (said,) = ask.callback.messages()
    assert (said["system"]["type"], said["system"]["user_id"]) == ("user_changed_number", "DE.2")
    assert "from_user_id" not in said


async def test_what_nobody_thought_of_can_be_said(ask: Asking) -> None:
    """As JSON, with all that Meta may add."""
    content = {"type": "request_welcome", "referral": {"source_type": "ad"}}
    message_id = await say(ask, kind="raw", content=content)
    await eventually(lambda: ask.callback.bodies)
    ((said,),) = [change["value"]["messages"] for change in ask.callback.bodies[0]["entry"][0]["changes"]]
    assert said | content == said
    assert (said["id"], said["from"]) == (message_id, ANNA.removeprefix("+"))


async def test_a_voice_note_keeps_the_window_open_and_a_new_number_does_not(ask: Asking) -> None:
    ask.anna.last_sent_at = None
    ask.anna.change_number(_NEW)
    assert ask.anna.last_sent_at is None
    ask.anna.speak(b"OggS")
    assert ask.anna.last_sent_at == ask.clock.now()


# --- the way ----------------------------------------------------------------------------------------------


async def test_what_is_not_answered_with_200_comes_again(ask: Asking) -> None:
    ask.callback.refuses = 2
    ask.anna.send("Hallo")
    await eventually(lambda: len(ask.callback.bodies) == 3)
    assert ask.callback.bodies[0] == ask.callback.bodies[1] == ask.callback.bodies[2]
    await eventually(lambda: ask.world.courier.taken == 1)  # known once the answer has come back
    assert ask.world.courier.posted == 3


async def test_after_seven_days_it_is_given_up(ask: Asking) -> None:
    ask.callback.refuses = 1000
    ask.anna.send("Hallo")
    await eventually(lambda: ask.callback.bodies)
    ask.clock.advance(timedelta(days=8).total_seconds())
    await eventually(lambda: ask.world.courier.given_up == 1)
    assert ask.world.courier.taken == 0


async def test_twice_together_and_in_any_order(ask: Asking) -> None:
    habits = {"copies": 2, "spread": 0.1, "batch": 10, "linger": 0.3}
    assert (await ask.http.post("/simulator/webhooks", json=habits)).status_code == 204
    ids = [ask.anna.send(str(number)) for number in range(20)]
    await ask.callback.messages_soon(40)
    seen = [message["id"] for message in ask.callback.messages()]
    assert sorted(seen) == sorted(ids * 2)
    assert seen != sorted(seen)
    assert len(ask.callback.bodies) < 20
    assert any(len(body["entry"]) == 2 for body in ask.callback.bodies)
    assert any(len(entry["changes"]) > 1 for body in ask.callback.bodies for entry in body["entry"])


async def test_none_is_delivered_when_nobody_takes_copies(ask: Asking) -> None:
    ask.world.courier.habits.copies = 0
    ask.anna.send("Das ging verloren")
    ask.world.courier.habits.copies = 1
    last = ask.anna.send("Das nicht")
    (message,) = await ask.callback.messages_soon(1)
    assert message["id"] == last


async def test_the_account_has_its_own_webhooks(ask: Asking) -> None:
    value = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
    order = {"field": "account_update", "value": value}
    assert (await ask.http.post("/simulator/account", json=order)).status_code == 204
    paused = {"name": "news", "category": "marketing", "languages": ["de"], "approval": "PAUSED"}
    assert (await ask.http.post("/simulator/templates", json=paused)).status_code == 204
    await eventually(lambda: len(ask.callback.bodies) == 2)
    notices = [item for body in ask.callback.bodies for item in parse(orjson.dumps(body), ask.clock.now())]
    assert set(notices) == {
        AccountNotice("account_update", "DISABLED_UPDATE"),
        AccountNotice("message_template_status_update", "PAUSED"),
    }
    assert all(isinstance(body["entry"][0]["time"], int) for body in ask.callback.bodies)


async def test_nothing_is_delivered_to_whom_does_not_know_the_token(ask: Asking) -> None:
    world = GraphWorld()
    try:
        await world.subscribe(ask.callback.url, VERIFY)
        with pytest.raises(InvalidInput, match="verify token"):
            await world.subscribe(ask.callback.url, "wrong")
        with pytest.raises(InvalidInput, match="cannot be reached"):
            await world.subscribe("http://127.0.0.1:9/w", VERIFY)
    finally:
        await world.courier.aclose()


async def test_without_an_address_nothing_waits(ask: Asking) -> None:
    ask.world.courier.callback = ""
    ask.anna.send_raw(sayings.text("Hallo"))
    await asyncio.sleep(0)
    await eventually(lambda: not ask.world.courier._deliveries)
    assert not ask.callback.bodies
