"""The double of Telegram behaves as its official server is written."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
from support.waiting import eventually

from arni_edge.simulator.telegram import SimulatedTelegram

_ID = 700000101


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        yield client


async def ask(http: httpx.AsyncClient, telegram: SimulatedTelegram, method: str, **body: Any) -> Any:
    answer = await http.post(f"{telegram.url}/bot{telegram.token}/{method}", json=body)
    return answer.json()


async def test_updates_until_they_are_confirmed(telegram: SimulatedTelegram, http: httpx.AsyncClient) -> None:
    kim = telegram.add_phone(_ID, "Kim")
    for text in ("eins", "zwei", "drei"):
        kim.write(text)
    updates = (await ask(http, telegram, "getUpdates"))["result"]
    assert [one["message"]["text"] for one in updates] == ["eins", "zwei", "drei"]
    first = updates[0]["update_id"]
    assert [one["update_id"] for one in updates] == [first, first + 1, first + 2]
    rest = (await ask(http, telegram, "getUpdates", offset=first + 1))["result"]
    assert rest == updates[1:]
    assert (await ask(http, telegram, "getUpdates", limit=1))["result"] == [updates[1]]
    # Nobody can confirm what has not happened: then the queue is shown again.
    assert (await ask(http, telegram, "getUpdates", offset=first + 1000))["result"] == updates[1:]
    # A jump from the end forgets everything before it.
    assert (await ask(http, telegram, "getUpdates", offset=-1))["result"] == [updates[2]]
    assert telegram.queue.pending == 1


async def test_one_poll_at_a_time(telegram: SimulatedTelegram, http: httpx.AsyncClient) -> None:
    """The older one is told, the newer one goes on; and none while a webhook is set."""
    telegram.queue.conflict_seconds = 0.3
    polls = []
    for _ in range(3):
        polls.append(asyncio.ensure_future(ask(http, telegram, "getUpdates", timeout=30)))
        await eventually(lambda: len(telegram.asked("getUpdates")) == len(polls))
    answers = [await polls[0], await polls[1]]
    assert [one["error_code"] for one in answers] == [409, 409]
    assert answers[0]["description"].startswith("Conflict: terminated by other getUpdates request")
    telegram.add_phone(_ID, "Kim").write("Hallo")
    assert len((await polls[2])["result"]) == 1
    telegram.set_webhook("https://example.org")
    refused = await ask(http, telegram, "getUpdates")
    assert refused["error_code"] == 409
    assert refused["description"].startswith("Conflict: can't use getUpdates method while webhook is active")
    assert (await ask(http, telegram, "deleteWebhook", drop_pending_updates=False))["result"] is True
    assert (await ask(http, telegram, "getUpdates"))["ok"]


async def test_who_hurries_waits(telegram: SimulatedTelegram, http: httpx.AsyncClient) -> None:
    """The same question again within half a second: three seconds, and one update at a time."""
    await ask(http, telegram, "getUpdates")
    second = asyncio.ensure_future(ask(http, telegram, "getUpdates"))
    await eventually(lambda: telegram.queue.waiting)
    kim = telegram.add_phone(_ID, "Kim")
    kim.write("eins")
    assert len((await second)["result"]) == 1
    kim.write("zwei")
    assert len((await ask(http, telegram, "getUpdates"))["result"]) == 1


async def test_presses_live_for_150_seconds_and_everything_else_for_a_day(
    telegram: SimulatedTelegram, http: httpx.AsyncClient
) -> None:
    kim = telegram.add_phone(_ID, "Kim")
    kim.start()
    button = {"inline_keyboard": [[{"text": "Ja", "callback_data": "x"}]]}
    await ask(http, telegram, "sendMessage", chat_id=_ID, text="Hallo", reply_markup=button)
    query = kim.press("Ja")
    telegram.advance(149)
    assert telegram.queue.pending == 2
    telegram.advance(2)
    assert telegram.queue.pending == 1
    too_old = await ask(http, telegram, "answerCallbackQuery", callback_query_id=query)
    assert too_old["description"].startswith("Bad Request: query is too old")
    telegram.advance(24 * 3600)
    assert telegram.queue.pending == 0


async def test_what_is_refused(telegram: SimulatedTelegram, http: httpx.AsyncClient) -> None:
    telegram.add_phone(_ID, "Kim").start()
    too_much = {"inline_keyboard": [[{"text": "a", "callback_data": "ä" * 33}]]}
    for body, words in (
        ({"chat_id": 5}, "chat not found"),
        ({"text": "  "}, "message text is empty"),
        ({"text": "👍" * 2049}, "message is too long"),
        ({"reply_markup": too_much}, "BUTTON_DATA_INVALID"),
    ):
        answer = await ask(http, telegram, "sendMessage", **({"chat_id": _ID, "text": "Hallo"} | body))
        assert answer["error_code"] == 400
        assert words in answer["description"]
    wrong = await http.post(f"{telegram.url}/bot1:wrong/getMe")
    assert (wrong.status_code, wrong.json()["description"]) == (401, "Unauthorized")
    malformed = await http.post(f"{telegram.url}/botwrong/getMe")
    assert (malformed.status_code, malformed.json()["error_code"]) == (404, 404)


async def test_edits_and_limits(telegram: SimulatedTelegram, http: httpx.AsyncClient) -> None:
    kim = telegram.add_phone(_ID, "Kim")
    early = await ask(http, telegram, "sendMessage", chat_id=_ID, text="Hallo")
    assert early["error_code"] == 403
    kim.start()
    message_id = (await ask(http, telegram, "sendMessage", chat_id=_ID, text="Hallo"))["result"]["message_id"]
    edit = {"chat_id": _ID, "message_id": message_id}
    assert (await ask(http, telegram, "editMessageText", text="Neu", **edit))["ok"]
    same = await ask(http, telegram, "editMessageText", text="Neu", **edit)
    assert same["description"].startswith("Bad Request: message is not modified")
    answers = [await ask(http, telegram, "sendMessage", chat_id=_ID, text=str(number)) for number in range(8)]
    assert answers[-1]["error_code"] == 429
    assert answers[-1]["parameters"] == {"retry_after": 1}
    assert [one.text for one in kim.inbox] == ["Neu", *map(str, range(len(kim.inbox) - 1))]
