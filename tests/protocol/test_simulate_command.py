"""``arni-edge simulate`` and what can be simulated by itself."""

import asyncio
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from support.simulated_graph import ANNA, VERIFY, Callback, buttons, code, template
from support.simulated_magicline import listening
from support.waiting import eventually, eventually_is
from typer.testing import CliRunner

from arni_edge.cli.app import app
from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.serve import serve


async def test_magicline_by_itself(tmp_path: Path) -> None:
    words = "simulate magicline --port 0 --members 60 --fault getDevices:drop-after*1"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "arni_edge", *words.split(), stdout=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    try:
        async with asyncio.timeout(30), listening() as listener:
            assert process.stdout is not None
            lines = [(await process.stdout.readline()).decode().rsplit(maxsplit=1) for _ in range(5)]
            said = {name.strip(): value for name, value in lines}
            async with httpx.AsyncClient(base_url=said["url"], trust_env=False) as http:
                await _use(http, {"X-API-KEY": said["api_key"]}, listener)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _use(http: httpx.AsyncClient, key: dict[str, str], listener: Any) -> None:
    """Everything that can be ordered while it runs."""
    page = (await http.get("/v1/customers?sliceSize=500", headers=key)).json()
    assert len(page["result"]) > 60
    assert page["result"][0]["createdDateTime"].endswith("00")  # as described, without [Europe/Berlin]
    with pytest.raises(httpx.TransportError):
        await http.get("/v1/devices", headers=key)
    assert (await http.get("/v1/devices", headers=key)).status_code == 200

    async def order(name: str, body: Any) -> int:
        return (await http.post(f"/simulator/{name}", json=body)).status_code

    assert await order("faults", {"fault": "crash", "operation": "getUtilization", "times": None}) == 204
    assert (await http.get("/v1/studios/utilization", headers=key)).status_code == 500
    assert (await http.delete("/simulator/faults")).status_code == 204
    assert (await http.get("/v1/studios/utilization", headers=key)).status_code == 200
    assert await order("quirks", ["hours-as-text", "live"]) == 204
    page = (await http.get("/v1/customers?sliceSize=500", headers=key)).json()
    assert page["result"][0]["createdDateTime"].endswith("[Europe/Berlin]")
    before = (await http.get("/simulator")).json()
    assert await order("clock", {"seconds": 86400}) == 204
    assert (await http.get("/simulator")).json()["now"][:10] > before["now"][:10]
    assert await order("webhooks", {"url": listener.url, "copies": [2]}) == 204
    await http.post("/v1/studios/confirmActivation", headers=key)
    path = f"/v1/customers/{before['who']['ordinary']}"
    await http.put(f"{path}/access-restrictions", headers=key, json={"reason": "Hausverbot"})
    await eventually(lambda: len(listener.got) == 2)
    assert await order("vanish", {"customer": before["who"]["ordinary"]}) == 204
    assert (await http.get(path, headers=key)).status_code == 404
    state = (await http.get("/simulator")).json()
    assert state["asked"]["getUtilization"] == 2
    assert state["doubled"] == []
    assert (state["told"], state["delivered"]) == (1, 2)
    for name, body in (
        ("faults", {"fault": "nonsense"}),
        ("faults", {"fault": "slow", "nonsense": 1}),
        ("faults", {"fault": "slow", "operation": "nonsense"}),
        ("quirks", ["nonsense"]),
        ("clock", {"seconds": -1}),
        ("vanish", {"customer": 0}),
        ("webhooks", []),
    ):
        assert await order(name, body) == 400


async def test_the_graph_api_by_itself(tmp_path: Path) -> None:
    """With its people, told what to do while it runs; the callback proves itself first."""
    callback = Callback("secret-1")
    routes = [
        Route("/w", callback.subscribe, methods=["GET"]),
        Route("/w", callback.take, methods=["POST"]),
    ]
    async with serve(Starlette(routes=routes)) as url:
        words = f"simulate graph --port 0 --token t-1 --app-secret secret-1 --webhooks {url}/w"
        more = f"--verify-token {VERIFY} --phone-number-id 12345 --seed 3 --fault messages:code=131016*1"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "arni_edge", *words.split(), *more.split(),
            stdout=asyncio.subprocess.PIPE, cwd=tmp_path,
        )  # fmt: skip
        try:
            async with asyncio.timeout(30):
                assert process.stdout is not None
                lines = [(await process.stdout.readline()).decode().rsplit(maxsplit=1) for _ in range(5)]
                said = {name.strip(): value for name, value in lines}
                assert (said["phone_number_id"], said["access_token"], said["app_secret"]) == (
                    "12345",
                    "t-1",
                    "secret-1",
                )
                headers = {"Authorization": "Bearer t-1"}
                async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
                    await _chat(http, said, callback)
                process.send_signal(signal.SIGTERM)
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _chat(http: httpx.AsyncClient, said: dict[str, str], callback: Callback) -> None:
    """Everything that can be ordered while it runs."""

    async def order(name: str, body: Any) -> httpx.Response:
        return await http.post(f"{said['orders']}/{name}", json=body)

    async def send(to: str, content: dict[str, Any]) -> httpx.Response:
        body = {"messaging_product": "whatsapp", "to": to, **content}
        return await http.post(f"{said['graph_url']}/12345/messages", json=body)

    text = {"type": "text", "text": {"body": "Hallo"}}
    anna = {"number": ANNA, "name": "Anna", "user_id": "DE.1"}
    assert (await order("phones", anna)).status_code == 204
    first = (await order("say", {"from": ANNA, "kind": "text", "text": "Grüße"})).json()["id"]
    (heard,) = await callback.messages_soon(1)
    assert (heard["id"], heard["from_user_id"]) == (first, "DE.1")
    assert code(await send(ANNA, text)) == 131016
    assert code(await send(ANNA, buttons(("y", "Ja")) | {"context": {"message_id": first}})) == 0
    (arrived,) = (await http.get(f"{said['orders']}/phones/{ANNA}")).json()
    assert (arrived["text"], arrived["choices"], arrived["context"]) == ("Ja?", ["Ja"], first)
    await order("say", {"from": ANNA, "kind": "tap", "title": "Ja"})
    await callback.messages_soon(2)
    assert (await order("faults", {"fault": "html", "times": None, "status": 503})).status_code == 204
    assert (await send(ANNA, text)).status_code == 503
    assert (await http.delete(f"{said['orders']}/faults")).status_code == 204
    assert (await order("clock", {"seconds": 90000})).status_code == 204
    assert code(await send(ANNA, text)) == 131047
    quiet = {"silent": True, "doubled": 0}
    assert (await order("statuses", quiet)).status_code == 204
    answer = await send(ANNA, template("held_news", "x"))
    assert answer.json()["messages"][0]["message_status"] == "held_for_quality_assessment"
    assert (await order("held", {"good": True})).json() == {"messages": 1}

    async def now() -> dict[str, Any]:
        found: dict[str, Any] = (await http.get(said["orders"])).json()
        return found

    def all_are_taken(found: dict[str, Any]) -> bool:
        """One that is on its way is counted as posted, and as taken once its answer has come back."""
        return bool(found["webhooks"]["posted"] == found["webhooks"]["taken"] >= 2)

    state = await eventually_is(now, all_are_taken)
    assert state["phones"] == {ANNA: 2}
    assert (state["requests"], state["accepted"], state["doubled"]) == (5, 2, 0)
    for name, body in (
        ("say", {"from": "nobody", "kind": "text", "text": "x"}),
        ("say", {"from": ANNA, "kind": "shout"}),
        ("say", {"from": ANNA, "kind": "tap", "title": "Vielleicht"}),
        ("say", {"from": ANNA, "kind": "voice", "content": "?"}),
        ("faults", {"fault": "nonsense"}),
        ("faults", {"fault": "late", "nonsense": 1}),
        ("clock", {"seconds": -1}),
        ("statuses", {"doubled": 2}),
        ("templates", {"name": "x", "approval": "nonsense"}),
        ("account", {"field": "x"}),
        ("phones", {"number": "x"}),
        ("held", []),
    ):
        assert (await order(name, body)).status_code == 400, (name, body)


def test_the_graph_api_with_words_that_it_does_not_know() -> None:
    ended = CliRunner().invoke(app, ["simulate", "graph", "--port", "0", "--fault", "nonsense"])
    assert isinstance(ended.exception, InvalidInput)


def test_the_graph_api_without_anybody_who_takes_webhooks() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = CliRunner().invoke(app, ["simulate", "graph", "--port", port])
        assert isinstance(ended.exception, InvalidInput)
        assert port in str(ended.exception)
    callback = f"http://127.0.0.1:{port}/w"
    ended = CliRunner().invoke(app, ["simulate", "graph", "--port", "0", "--webhooks", callback])
    assert isinstance(ended.exception, InvalidInput)
    assert "cannot be reached" in str(ended.exception)


@pytest.mark.parametrize("words", ["--fault nonsense", "--quirk nonsense"])
def test_magicline_with_words_that_it_does_not_know(words: str) -> None:
    ended = CliRunner().invoke(app, ["simulate", "magicline", "--port", "0", *words.split()])
    assert isinstance(ended.exception, InvalidInput)


def test_magicline_where_somebody_else_is_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = CliRunner().invoke(app, ["simulate", "magicline", "--port", port])
    assert isinstance(ended.exception, InvalidInput)
    assert port in str(ended.exception)


def test_the_gym_is_what_is_simulated_without_another_word() -> None:
    ended = CliRunner().invoke(app, ["simulate", "--scenario", "nonsense"])
    assert "there is no scenario 'nonsense'" in str(ended.exception)
    ended = CliRunner().invoke(app, ["simulate", "--report", "r.json"])
    assert "a report needs a scenario" in str(ended.exception)


def test_the_help_says_how_it_is_told_what_to_do() -> None:
    shown = CliRunner().invoke(app, ["simulate", "magicline", "--help"], env={"COLUMNS": "200"}).stdout
    for word in ("/simulator/faults", "/simulator/webhooks", "/simulator/vanish", "drop-after", "cut-short"):
        assert word in shown
    shown = CliRunner().invoke(app, ["simulate", "graph", "--help"], env={"COLUMNS": "200"}).stdout
    for word in (
        "/simulator/say",
        "/simulator/phones",
        "/simulator/clock",
        "/simulator/answers",
        "drop-after",
        "new-number",
        "raw",
        "late",
    ):
        assert word in shown
