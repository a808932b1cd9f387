"""The Device API of the double: who holds a card to the reader, and what happens by default."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from support.clock import ManualClock
from support.simulated_magicline import Asking, asking

_SAMPLES = Path(__file__).parents[1] / "fixtures/magicline/samples"
_READER = "/open-api/device/cardreader/identification"
_TRANSACTION = "4671fde7-bb07-4fe5-aa0e-947d9ccb842f"


@pytest_asyncio.fixture
async def ask() -> AsyncIterator[Asking]:
    async with asking(clock=ManualClock()) as one:
        yield one


async def show(ask: Asking, path: str, body: Any, *, token: str = "", language: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token or ask.magicline.device_token}"}
    if language:
        headers["Accept-Language"] = language
    return await ask.http.post(f"{ask.magicline.url}{path}", json=body, headers=headers)


async def test_a_device_is_activated_once_and_keeps_its_token(ask: Asking) -> None:
    assert [one["active"] for one in await ask.get("/v1/devices")] == [False] * 3
    first = (await ask("PUT", "/v1/devices/26/activate")).json()
    assert first == (await ask("PUT", "/v1/devices/26/activate")).json()
    assert first["accessToken"] == ask.magicline.device_token
    assert [one["active"] for one in await ask.get("/v1/devices")] == [True, False, False]
    assert (await ask("PUT", "/v1/devices/99/activate")).status_code == 404
    card = {"identification": {"type": "PIN", "value": "12378"}}
    assert (await show(ask, _READER, card, token="another")).status_code == 401


async def test_whoever_leaves_the_action_out_checks_somebody_in(ask: Asking) -> None:
    gym = ask.magicline.gym
    member = gym.who("ordinary").member_id
    before = ask.magicline.visits(member)
    sample = json.loads((_SAMPLES / "device_identification.json").read_text("utf-8"))["payload"]
    dry = await show(ask, _READER, sample["requests"][0]["body"])
    assert (dry.status_code, dry.content) == (200, b"")
    assert ask.magicline.visits(member) == before
    for spelling, number in sample["card_number_equivalents"].items():
        card = {"type": "NUMBER", "value": number, "format": spelling}
        assert (await show(ask, _READER, {"identification": card})).status_code == 200
    assert ask.magicline.visits(member) == before + 3
    qr_code = json.loads(sample["requests"][1]["body"]["identification"]["value"])
    qr_code["uuid"] = gym.who("ordinary").uuid
    body = {"identification": {"type": "QR_CODE", "value": json.dumps(qr_code)}, "shouldExecuteAction": True}
    assert (await show(ask, _READER, body)).status_code == 200
    assert ask.magicline.visits(member) == before + 4


@pytest.mark.parametrize(
    ("role", "german", "english"),
    [
        ("access_refused", "Kein Zutritt", "Access is refused"),
        ("restricted", "Hausverbot", "Access is restricted"),
        ("former", "Kein aktiver Vertrag", "There is no active contract"),
        ("paused", "Der Vertrag ruht", "The contract is idle"),
    ],
)
async def test_a_refusal_is_an_error_with_a_sentence_for_the_member(
    ask: Asking, role: str, german: str, english: str
) -> None:
    member = ask.magicline.gym.who(role)
    card = {"identification": {"type": "PIN", "value": member.card("PIN")}}
    for language, said in (("de-DE", german), ("en", english), ("", german)):
        answer = await show(ask, _READER, card, language=language)
        assert (answer.status_code, answer.json()["errorMessage"]) == (403, said)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"identification": {"type": "PIN", "value": "0"}}, 404),
        ({"identification": {"type": "NUMBER", "value": "zz", "format": "HEX_MSB"}}, 404),
        ({"identification": {"type": "QR_CODE", "value": "{}"}}, 404),
        ({"identification": {"type": "NUMBER", "value": "1", "format": "ROMAN"}}, 400),
        ({"identification": {"type": "FACE", "value": "1"}}, 400),
        ({"identification": {"type": "PIN", "value": 12378}}, 400),
        ({"identification": {"type": "PIN", "value": "12378"}, "shouldExecuteAction": "no"}, 400),
        ({}, 400),
        ([], 400),
    ],
)
async def test_what_the_reader_cannot_use(ask: Asking, body: Any, status: int) -> None:
    assert (await show(ask, _READER, body)).status_code == status


async def test_a_vending_machine_is_refused_with_200(ask: Asking) -> None:
    gym = ask.magicline.gym
    await ask("PUT", "/v1/devices/27/activate")
    token, path = gym.devices[27].token or "", "/open-api/device/vending"
    member, paused = gym.who("ordinary"), gym.who("paused")

    def shown(one: Any, **more: Any) -> dict[str, Any]:
        card = {"type": "BARCODE", "value": one.card("BARCODE")}
        return {"identification": card, "transactionId": _TRANSACTION, **more}

    no = await show(ask, f"{path}/identification", shown(paused), token=token)
    assert (no.status_code, no.json()["authorized"], no.json()["text"]) == (200, False, "Der Vertrag ruht")
    sale = shown(member, productId="1", price=1.29)
    poor = await show(ask, f"{path}/sale", sale, token=token)
    assert (poor.status_code, poor.json()["authorized"]) == (200, False)
    assert (await show(ask, f"{path}/revalue", shown(member, amount=5), token=token)).status_code == 204
    dry = await show(ask, f"{path}/sale", sale | {"shouldExecuteAction": False}, token=token)
    assert dry.json()["authorized"]
    assert member.credit == 5
    assert (await show(ask, f"{path}/sale", sale, token=token)).status_code == 204
    assert member.credit == pytest.approx(3.71)
    other = await show(ask, f"{path}/sale", sale | {"price": 1.3}, token=token)
    assert not other.json()["authorized"]
    assert (await show(ask, f"{path}/sale", sale | {"transactionId": "1"}, token=token)).status_code == 400
    assert (await show(ask, _READER, shown(member), token=token)).status_code == 403


async def test_a_machine_that_sells_time(ask: Asking) -> None:
    gym = ask.magicline.gym
    await ask("PUT", "/v1/devices/28/activate")
    token, path = gym.devices[28].token or "", "/open-api/device/time"
    member = gym.who("ordinary")
    headers = {"Authorization": f"Bearer {token}"}
    prices = (await ask.http.get(f"{ask.magicline.url}{path}/price", headers=headers)).json()["selection"]
    body = {"identification": {"type": "PIN", "value": member.card("PIN")}}
    assert (await show(ask, f"{path}/identification", body, token=token)).json()["authorized"]
    usage = body | {"durationInSeconds": prices[0]["durationInSeconds"]}
    assert not (await show(ask, f"{path}/usage", usage, token=token)).json()["authorized"]
    member.credit = 10
    assert (await show(ask, f"{path}/usage", usage, token=token)).status_code == 204
    assert member.credit == 10 - prices[0]["price"]["amount"]
