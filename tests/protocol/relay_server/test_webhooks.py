"""Meta and Magicline at the door of a real relay process: proven, committed, answered."""

import asyncio
import base64
import json
import secrets
import socket
import time
from pathlib import Path

import httpx
import pytest
from support.relay_server import (
    SHARED_SECRET,
    Gym,
    RelayProcess,
    add_gym,
    events_named,
    everything,
    post,
    pull,
    until_closed,
)

from arni_edge.relay.server import gyms
from arni_edge.relay.signature import HEADER, sign

_VECTORS = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "whatsapp" / "signature_vectors.json").read_text("utf-8")
)["vectors"]
_APP = "arni-test-secret"


@pytest.fixture
async def gym(relay: RelayProcess) -> Gym:
    """With a Meta app and a Magicline key of its own."""
    return await _gym(relay, gyms.Secrets(app_secret=_APP, magicline_key="studio-key"))


async def _gym(relay: RelayProcess, known: gyms.Secrets) -> Gym:
    async with relay.store() as store:
        return await add_gym(store, f"gym-{secrets.token_hex(4)}", known)


# --- Meta ---------------------------------------------------------------------------------------------------


async def test_meta_verifies_the_callback(http: httpx.AsyncClient, gym: Gym) -> None:
    async def ask(path: str = gym.path, **changes: str) -> httpx.Response:
        query = {
            "hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": gym.verify_token,
        }  # fmt: skip
        return await http.get(f"/w/{path}/whatsapp", params=query | changes)

    answer = await ask()
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    refused = [
        await ask(**{"hub.verify_token": "wrong"}),
        await ask(**{"hub.verify_token": ""}),
        await ask(**{"hub.verify_token": "\udcff".encode("utf-8", "replace").decode()}),
        await ask(**{"hub.mode": "unsubscribe"}),
        await ask(**{"hub.challenge": "x" * 2000}),
    ]
    assert {one.status_code for one in refused} == {403}
    assert (await ask("unknown")).status_code == 404


async def test_the_signature_vectors(http: httpx.AsyncClient, gym: Gym) -> None:
    answers = []
    for vector in _VECTORS:
        headers = {vector["header"]: vector["value"]}
        answers.append(
            await http.post(f"/w/{gym.path}/whatsapp", content=vector["body_utf8"].encode(), headers=headers)
        )
    assert [answer.status_code for answer in answers] == [200, 200, 401]
    events = await everything(http, gym)
    assert [event["sequence"] for event in events] == [1, 2]
    for event, vector in zip(events, _VECTORS[:2], strict=True):
        assert base64.b64decode(event["body"]) == vector["body_utf8"].encode()
        assert event["signature"] == vector["value"]
        assert event["source"] == "whatsapp"


async def test_what_is_not_signed_is_not_kept(http: httpx.AsyncClient, gym: Gym) -> None:
    for said in (None, "", "sha256=", "sha1=abc", "sha256=" + "0" * 64):
        header = {} if said is None else {HEADER: said}
        answer = await http.post(f"/w/{gym.path}/whatsapp", content=b"{}", headers=header)
        assert (answer.status_code, answer.text) == (401, ""), said
    assert await everything(http, gym) == []


async def test_gyms_may_share_an_app(http: httpx.AsyncClient, relay: RelayProcess, gym: Gym) -> None:
    shared = await _gym(relay, gyms.Secrets())
    assert (await post(http, shared, b"{}")).status_code == 200
    own = {HEADER: sign(SHARED_SECRET, b"{}")}
    assert (await http.post(f"/w/{gym.path}/whatsapp", content=b"{}", headers=own)).status_code == 401


async def test_a_batch_of_a_thousand_updates_is_one_event(http: httpx.AsyncClient, gym: Gym) -> None:
    status = {"id": "wamid.x", "status": "read", "timestamp": "1749416399", "recipient_id": "491"}
    change = {"field": "messages", "value": {"statuses": [status] * 1000}}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}).encode()
    assert (await post(http, gym, body)).status_code == 200
    (event,) = await everything(http, gym)
    assert base64.b64decode(event["body"]) == body


# --- Magicline ----------------------------------------------------------------------------------------------


async def test_magicline_shows_the_key_of_its_studio(
    http: httpx.AsyncClient, relay: RelayProcess, gym: Gym
) -> None:
    body = b'{"entityId":1,"uuid":"u","payload":[]}'
    assert (await post(http, gym, body, "magicline")).status_code == 200
    for wrong in ("", "studio-kez", SHARED_SECRET):
        assert (await post(http, gym, body, "magicline", **{"x-api-key": wrong})).status_code == 401
    without = await _gym(relay, gyms.Secrets())
    assert (await post(http, without, body, "magicline")).status_code == 401
    (event,) = await everything(http, gym)
    assert (event["source"], event["signature"]) == ("magicline", None)


# --- paths --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["whatsapp", "magicline"])
async def test_an_unknown_path_is_unknown_whatever_is_shown(
    http: httpx.AsyncClient, gym: Gym, source: str
) -> None:
    headers = gym.headers(source, b"{}")
    for path in ("x", gym.path[:-1], gym.path + "x", gym.path.swapcase(), gym.id):
        answer = await http.post(f"/w/{path}/{source}", content=b"{}", headers=headers)
        assert (answer.status_code, answer.text) == (404, ""), path


async def test_the_old_path_ends_with_the_new_one(
    http: httpx.AsyncClient, relay: RelayProcess, gym: Gym
) -> None:
    async with relay.store() as store:
        await gyms.rotate_path(store, gym.id)
    assert (await post(http, gym, b"{}")).status_code == 404


# --- limits -------------------------------------------------------------------------------------------------


async def test_a_body_that_is_too_large_is_refused_before_it_came(relay: RelayProcess, gym: Gym) -> None:
    head = f"POST /w/{gym.path}/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 500001\r\n\r\n".encode()
    answer = await asyncio.to_thread(until_closed, relay.port, head)
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_that_does_not_say_how_large_it_is_ends_at_the_limit(
    relay: RelayProcess, gym: Gym
) -> None:
    head = f"POST /w/{gym.path}/whatsapp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"%x\r\n%s\r\n" % (500_001, b"x" * 500_001)
    answer = await asyncio.to_thread(until_closed, relay.port, head + chunk)
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_the_largest_body_is_kept(http: httpx.AsyncClient, gym: Gym) -> None:
    body = b"x" * 500_000
    assert (await post(http, gym, body)).status_code == 200
    (event,) = await everything(http, gym)
    assert base64.b64decode(event["body"]) == body


async def test_a_slow_body_has_a_deadline(relay: RelayProcess, gym: Gym) -> None:
    head = f"POST /w/{gym.path}/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc".encode()
    started = time.monotonic()
    answer = await asyncio.to_thread(until_closed, relay.port, head)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < 5.0


async def test_a_head_that_does_not_end_is_cut_off(relay: RelayProcess) -> None:
    answers = await asyncio.gather(
        asyncio.to_thread(until_closed, relay.port, b""),
        asyncio.to_thread(until_closed, relay.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "),
    )
    assert list(answers) == [b"", b""]


async def test_a_head_that_is_too_large_is_refused(relay: RelayProcess) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * 70_000
    answer = await asyncio.to_thread(until_closed, relay.port, request)
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_one_gym_cannot_take_all_places(http: httpx.AsyncClient, relay: RelayProcess, gym: Gym) -> None:
    other = await _gym(relay, gyms.Secrets())
    slow: list[socket.socket] = []
    try:
        crowded = await _until_crowded(http, gym, relay.port, slow)
        assert 1 <= int(crowded.headers["retry-after"]) <= 5
        assert (await post(http, other, b"{}")).status_code == 200
    finally:
        for connection in slow:
            connection.close()
    assert (await pull(http, other, 0)).json()["newest"] == 1


async def _until_crowded(
    http: httpx.AsyncClient, gym: Gym, port: int, slow: list[socket.socket]
) -> httpx.Response:
    """Keep sending bodies that do not end, until there is no place left; the earlier ones run out of time."""
    head = f"POST /w/{gym.path}/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc".encode()
    for _ in range(60):
        for _ in range(3):
            slow.append(socket.create_connection(("127.0.0.1", port)))
            slow[-1].sendall(head)
        answer = await post(http, gym, b"{}")
        if answer.status_code == 503:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError("never crowded")


# --- beside -------------------------------------------------------------------------------------------------


async def test_health_and_numbers_name_nobody(http: httpx.AsyncClient, gym: Gym) -> None:
    await post(http, gym, b"{}")
    health = await http.get("/healthz")
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    numbers = (await http.get("/metrics")).text
    assert 'arni_relay_webhooks_total{source="whatsapp",status="200"}' in numbers
    assert gym.id not in numbers
    assert gym.path not in numbers


async def test_nothing_of_a_request_is_logged(http: httpx.AsyncClient, relay: RelayProcess, gym: Gym) -> None:
    body = b'{"text":"Herzinfarkt","from":"4915223433333"}'
    await post(http, gym, body)
    await post(http, gym, body, "magicline")
    await pull(http, gym, 0)
    await http.get("/v1/events?after=abc", headers=gym.bearer())
    await asyncio.to_thread(until_closed, relay.port, b"nonsense 4915223433333\r\n\r\n")
    said = "".join(relay.lines)
    for secret in ("Herzinfarkt", "4915223433333", gym.path, gym.id, _APP, "studio-key", gym.verify_token):
        assert secret not in said
    assert events_named(relay.lines, "request_crashed") == []
