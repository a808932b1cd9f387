"""Boxes at a real relay process: enrol, fetch by a cursor of their own, are replaced and revoked."""

import asyncio
import base64
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from support.relay_server import Gym, RelayProcess, add_gym, everything, post, pull
from support.waiting import eventually_is

from arni_edge.relay import keys
from arni_edge.relay.server import boxes, events, gyms

_NOTHING = gyms.Secrets()


@pytest.fixture
async def gym(relay: RelayProcess) -> Gym:
    async with relay.store() as store:
        return await add_gym(store, f"gym-{secrets.token_hex(4)}", _NOTHING)


async def _waiting(http: httpx.AsyncClient) -> int:
    lines = (await http.get("/metrics")).text.splitlines()
    (line,) = [line for line in lines if line.startswith("arni_relay_polls_waiting ")]
    return int(line.split()[1])


async def _poll_that_waits(
    http: httpx.AsyncClient, gym: Gym, after: int = 0, wait: float = 20
) -> "asyncio.Task[httpx.Response]":
    """A poll that the relay has, and that waits there."""
    before = await _waiting(http)
    task = asyncio.create_task(pull(http, gym, after, wait=wait))
    await eventually_is(lambda: _waiting(http), lambda count: count > before)
    return task


async def _read(http: httpx.AsyncClient, gym: Gym, **asked: Any) -> int:
    """How far the relay believes this gym's boxes to have read, as a poll hears it."""
    answer = await http.get("/v1/events", params={"wait": 0, **asked}, headers=gym.bearer())
    return int(answer.json()["read"])


async def test_the_relay_remembers_how_far_a_gym_was_read(
    http: httpx.AsyncClient, gym: Gym, relay: RelayProcess
) -> None:
    """Only what a box has asked for by the name of the log, and never less; the next box hears it."""
    for body in (b"one", b"two", b"three"):
        await post(http, gym, body)
    log = (await pull(http, gym, 0)).json()["log"]
    assert await _read(http, gym, after=2) == 0  # a look at the head says nothing of what was read
    assert await _read(http, gym, after=2, log="another") == 0
    assert await _read(http, gym, after=7, log=log) == 0
    assert await _read(http, gym, after=2, log=log) == 2
    assert await _read(http, gym, after=1, log=log) == 2
    async with relay.store() as store:
        code = await boxes.new_code(store, gym.id, now=datetime.now(UTC), good_for=timedelta(minutes=5))
        key = keys.read_public_key(gym.key.public)
        gym.epoch = (await boxes.enroll(store, code, key, now=datetime.now(UTC))).epoch
    assert await _read(http, gym, after=0) == 2
    async with relay.store() as store:
        await gyms.renew_log(store, gym.id)
    assert await _read(http, gym, after=0) == 0


# --- fetching -----------------------------------------------------------------------------------------------


async def test_an_event_comes_as_the_page_says(http: httpx.AsyncClient, gym: Gym) -> None:
    await post(http, gym, b"one")
    answer = await pull(http, gym, 0)
    said = answer.json()
    assert set(said) == {"log", "epoch", "oldest", "newest", "read", "events"}
    assert (said["epoch"], said["oldest"], said["newest"]) == (1, 1, 1)
    assert answer.headers["cache-control"] == "no-store"
    (event,) = said["events"]
    assert set(event) == {"sequence", "source", "received_at", "body", "signature"}
    assert base64.b64decode(event["body"]) == b"one"
    received = datetime.fromisoformat(event["received_at"])
    assert abs(received - datetime.now(UTC)) < timedelta(seconds=30)


async def test_the_box_owns_the_cursor(http: httpx.AsyncClient, gym: Gym) -> None:
    for number in range(7):
        await post(http, gym, b"%d" % number)
    first = await pull(http, gym, 0)
    assert [event["sequence"] for event in first.json()["events"]] == [1, 2, 3, 4, 5]  # a batch has five
    assert (await pull(http, gym, 0)).json() == first.json()
    assert [event["sequence"] for event in (await pull(http, gym, 5)).json()["events"]] == [6, 7]
    assert len(await everything(http, gym)) == 7


async def test_a_batch_is_bounded_in_bytes(http: httpx.AsyncClient, gym: Gym) -> None:
    for size in (400_000, 300_000, 10):
        assert (await post(http, gym, b"x" * size)).status_code == 200
    assert [event["sequence"] for event in (await pull(http, gym, 0)).json()["events"]] == [1]
    assert [event["sequence"] for event in (await pull(http, gym, 1)).json()["events"]] == [2, 3]


async def test_a_poll_waits_for_an_event(http: httpx.AsyncClient, gym: Gym) -> None:
    waiting = await _poll_that_waits(http, gym)
    await post(http, gym, b"one")
    posted = time.monotonic()
    answer = await waiting
    assert time.monotonic() - posted < 2.0
    assert [event["sequence"] for event in answer.json()["events"]] == [1]


async def test_a_poll_ends_with_nothing(http: httpx.AsyncClient, gym: Gym) -> None:
    answer = await pull(http, gym, 0, wait=0.2)
    assert answer.status_code == 200
    assert (answer.json()["newest"], answer.json()["oldest"], answer.json()["events"]) == (0, 1, [])


async def test_a_cursor_beyond_the_end_is_answered_at_once(http: httpx.AsyncClient, gym: Gym) -> None:
    answer = await pull(http, gym, 99, wait=20)
    assert (answer.json()["newest"], answer.json()["events"]) == (0, [])


async def test_a_gap_is_said_at_once(http: httpx.AsyncClient, relay: RelayProcess, gym: Gym) -> None:
    for _ in range(3):
        await post(http, gym, b"x")
    async with relay.store() as store:
        await events.expire(store, gym.id, datetime.now(UTC) + timedelta(days=1))
    answer = await pull(http, gym, 1, wait=20)
    assert (answer.json()["oldest"], answer.json()["newest"], answer.json()["events"]) == (4, 3, [])


async def test_another_log_is_said_at_once(http: httpx.AsyncClient, relay: RelayProcess, gym: Gym) -> None:
    log = (await pull(http, gym, 0)).json()["log"]
    waiting = await _poll_that_waits(http, gym)
    async with relay.store() as store:
        await gyms.renew_log(store, gym.id)
    renewed = (await waiting).json()["log"]
    assert renewed != log
    url = f"/v1/events?after=0&wait=20&log={log}"
    assert (await http.get(url, headers=gym.bearer())).json()["log"] == renewed


async def test_a_newer_poll_ends_the_one_before(http: httpx.AsyncClient, gym: Gym) -> None:
    before = await _poll_that_waits(http, gym)
    after = asyncio.create_task(pull(http, gym, 0, wait=20))
    assert (await before).json()["events"] == []
    await post(http, gym, b"one")
    assert len((await after).json()["events"]) == 1


_NONSENSE = [
    "", "after=", "after=-1", "after=x", "after=1.0", "after=٣", "after=99999999999999999", "after=0&wait=x",
    "after=0&wait=-1", "after=0&wait=nan", "after=0&wait=inf", "after=0&wait=1e99",
]  # fmt: skip


async def test_a_question_that_makes_no_sense_is_said(http: httpx.AsyncClient, gym: Gym) -> None:
    for query in _NONSENSE:
        answer = await http.get(f"/v1/events?{query}", headers=gym.bearer())
        assert (answer.status_code, answer.json()["reason"]) == (400, "request"), query


# --- who asks -----------------------------------------------------------------------------------------------


async def test_without_a_token_there_is_nothing(http: httpx.AsyncClient) -> None:
    for said in (None, "", "Basic abc", "Bearer", "Bearer a.b.c"):
        header = {} if said is None else {"Authorization": said}
        answer = await http.get("/v1/events?after=0", headers=header)
        assert (answer.status_code, answer.json()["reason"]) == (401, "token")


async def test_what_is_wrong_with_a_token_is_said(http: httpx.AsyncClient, gym: Gym) -> None:
    now = datetime.now(UTC)
    reasons: dict[str, list[dict[str, Any]]] = {
        "token": [
            {"key": keys.BoxKey(b"z" * 32)},
            {"box": "gym-nobody"},
            {"epoch": gym.epoch + 1},
            {"epoch": 0},
            {"lifetime": timedelta(hours=1)},
        ],
        "audience": [{"audience": "other.example"}],
        "clock": [{"now": now + timedelta(minutes=4)}],
        "expired": [{"now": now - timedelta(minutes=9)}],
    }
    for reason, changes in reasons.items():
        for change in changes:
            answer = await pull(http, gym, 0, bearer=gym.bearer(**change))
            assert (answer.status_code, answer.json()["reason"]) == (401, reason), change
    late = await pull(http, gym, 0, bearer=gym.bearer(now=now + timedelta(minutes=4)))
    assert "clock of the box is" in late.json()["sentence"]
    assert "ahead" in late.json()["sentence"]
    for minutes in (-6, 1.5):
        skewed = gym.bearer(now=now + timedelta(minutes=minutes))
        assert (await pull(http, gym, 0, bearer=skewed)).status_code == 200


async def test_a_token_shown_twice_does_no_harm(http: httpx.AsyncClient, gym: Gym) -> None:
    await post(http, gym, b"one")
    bearer = gym.bearer()
    answers = [await pull(http, gym, 0, bearer=bearer) for _ in range(2)]
    assert answers[0].json() == answers[1].json()


# --- enrolment ----------------------------------------------------------------------------------------------


async def _enroll(http: httpx.AsyncClient, code: object, key: object) -> httpx.Response:
    return await http.post("/v1/enroll", json={"code": code, "public_key": key})


async def test_a_box_enrols_once(http: httpx.AsyncClient, relay: RelayProcess) -> None:
    async with relay.store() as store:
        new = await add_gym(store, f"gym-{secrets.token_hex(4)}", _NOTHING, enrolled=False)
    answer = await _enroll(http, new.code, new.key.public)
    assert (answer.status_code, answer.json()) == (200, {"box": new.id, "epoch": 1})
    assert (await _enroll(http, new.code, new.key.public)).json() == answer.json()
    new.epoch = 1
    assert (await pull(http, new, 0)).status_code == 200
    other = await _enroll(http, new.code, keys.BoxKey(b"o" * 32).public)
    assert (other.status_code, other.json()["reason"]) == (403, "code")
    assert "arni-relay box code" in other.json()["sentence"]


async def test_what_is_no_enrolment_is_said(http: httpx.AsyncClient) -> None:
    for body in (
        b"", b"[]", b"null", b"{", b'{"code":"x"}', b'{"code":1,"public_key":"x"}', b"\xff",
        b'{"code":"' + b"9" * 65 + b'","public_key":"x"}',
    ):  # fmt: skip
        answer = await http.post("/v1/enroll", content=body)
        assert (answer.status_code, answer.json()["reason"]) == (400, "request"), body


async def test_a_guessed_code_opens_nothing(http: httpx.AsyncClient, gym: Gym) -> None:
    answer = await _enroll(http, "AAAAA-AAAAA-AAAAA-AAAAA", keys.BoxKey(b"o" * 32).public)
    assert (answer.status_code, answer.json()["reason"]) == (403, "code")
    assert (await pull(http, gym, 0)).status_code == 200


# --- replaced, revoked --------------------------------------------------------------------------------------


async def _replace(relay: RelayProcess, gym: Gym) -> None:
    async with relay.store() as store:
        code = await boxes.new_code(store, gym.id, now=datetime.now(UTC), good_for=timedelta(minutes=5))
        await boxes.enroll(store, code, b"n" * 32, now=datetime.now(UTC))


async def _revoke(relay: RelayProcess, gym: Gym) -> None:
    async with relay.store() as store:
        await boxes.revoke(store, gym.id)


@pytest.mark.parametrize(("change", "reason"), [(_replace, "replaced"), (_revoke, "revoked")])
async def test_a_box_that_counts_no_more_hears_it_at_once(
    http: httpx.AsyncClient,
    relay: RelayProcess,
    gym: Gym,
    change: Callable[[RelayProcess, Gym], Awaitable[None]],
    reason: str,
) -> None:
    waiting = await _poll_that_waits(http, gym)
    started = time.monotonic()
    await change(relay, gym)
    answer = await waiting
    assert time.monotonic() - started < 3.0
    assert (answer.status_code, answer.json()["reason"]) == (403, reason)
    for again in (await pull(http, gym, 0), await _erase(http, gym, [1])):
        assert (again.status_code, again.json()["reason"]) == (403, reason)
    assert (await post(http, gym, b"one")).status_code == 200


# --- erasure ------------------------------------------------------------------------------------------------


async def _erase(http: httpx.AsyncClient, gym: Gym, sequences: object) -> httpx.Response:
    return await http.post("/v1/erase", json={"sequences": sequences}, headers=gym.bearer(), timeout=30)


async def test_a_box_has_events_erased(http: httpx.AsyncClient, relay: RelayProcess, gym: Gym) -> None:
    words = secrets.token_hex(20).encode()
    for size in (0, 5000, 100):
        await post(http, gym, words + b"x" * size)
    assert (await _erase(http, gym, [1, 2, 77])).json() == {"erased": 2}
    assert (await _erase(http, gym, [1])).json() == {"erased": 0}
    first, second, third = await everything(http, gym)
    assert set(first) == set(second) == {"sequence", "source", "received_at", "erased"}
    assert first["erased"] is True
    assert "body" in third
    await _erase(http, gym, [3])
    for file in relay.config.parent.glob("relay.db*"):
        assert words not in file.read_bytes()


async def test_only_numbers_are_erased(http: httpx.AsyncClient, gym: Gym) -> None:
    wrong: list[object] = [None, 1, "1", [0], [-1], [1.0], ["1"], [True], [2**60], [1] * 1001]
    for sequences in wrong:
        answer = await _erase(http, gym, sequences)
        assert (answer.status_code, answer.json()["reason"]) == (400, "request"), sequences
