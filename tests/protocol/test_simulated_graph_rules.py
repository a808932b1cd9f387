"""The simulated Graph API refuses what Meta refuses, with Meta's codes."""

import copy
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.clock import ManualClock
from support.meta import fixture
from support.simulated_graph import ANNA, BEN, BSUID, Asking, asking, buttons, code, rows, template
from support.waiting import eventually

from arni_edge.simulator.graph import Approval, Category, ErrorData, GraphError, MessageTemplate
from arni_edge.simulator.graph.rules import Rules
from arni_edge.simulator.graph.templates import Templates
from arni_edge.simulator.media_shelf import MediaShelf

_EXAMPLES: dict[str, Any] = fixture("outgoing_requests.json")["requests"]


@pytest_asyncio.fixture
async def ask() -> AsyncIterator[Asking]:
    async with asking() as one:
        yield one


def link(title: str = "Plan", url: str = "https://gym.example") -> dict[str, Any]:
    action = {"name": "cta_url", "parameters": {"display_text": title, "url": url}}
    return {
        "type": "interactive",
        "interactive": {"type": "cta_url", "body": {"text": "Hier:"}, "action": action},
    }


def text(body: object) -> dict[str, Any]:
    return {"type": "text", "text": {"body": body}}


def place(latitude: object, longitude: object = 13.4) -> dict[str, Any]:
    return {"type": "location", "location": {"latitude": latitude, "longitude": longitude}}


_LIMITS: list[tuple[dict[str, Any], int]] = [
    (text("x" * 4096), 0),
    (text("x" * 4097), 100),
    (text("👍" * 2048), 0),
    (text("👍" * 2049), 100),
    (text(" "), 100),
    (text(1), 100),
    ({"type": "text", "text": {}}, 131008),
    ({"type": "text"}, 131008),
    ({"type": "smell", "smell": {}}, 100),
    ({"type": ["text"], "text": {"body": "x"}}, 100),
    (text("x") | {"biz_opaque_callback_data": "x" * 512}, 0),
    (text("x") | {"biz_opaque_callback_data": "x" * 513}, 100),
    (text("x") | {"context": {}}, 131009),
    (text("x") | {"messaging_product": "telegram"}, 100),
    (text("x") | {"recipient_type": "group"}, 100),
    (text("x") | {"to": ""}, 100),
    (buttons(("a" * 256, "b" * 20)), 0),
    (buttons(("a" * 257, "b")), 131009),
    (buttons(("a", "b" * 21)), 131009),
    (buttons(("a", "b"), ("c", "b")), 131009),
    (buttons(("a", "b"), ("a", "c")), 131009),
    (buttons(*((str(n), str(n)) for n in range(4))), 131009),
    (buttons(), 131009),
    (buttons(("a", "b"), body="x" * 1024), 0),
    (buttons(("a", "b"), body="x" * 1025), 131009),
    (buttons(("a", "b"), footer={"text": "x" * 61}), 131009),
    (buttons(("a", "b"), header={"type": "text", "text": "x" * 60}), 0),
    (buttons(("a", "b"), header={"type": "text", "text": "x" * 61}), 131009),
    (buttons(("a", "b"), type="product"), 100),
    (buttons(("a", "b"), action=None), 131008),
    (rows(10, sections=5, description="x" * 72), 0),
    (rows(10, body="x" * 4096), 0),
    (rows(1, body="x" * 4097), 131009),
    (rows(11), 131009),
    (rows(12, sections=6), 131009),
    (rows(11, sections=11), 131009),
    (rows(1, title="x" * 25), 131009),
    (rows(1, description="x" * 73), 131009),
    (rows(1, id="x" * 201), 131009),
    (rows(2, id="same"), 131009),
    (rows(1, button="x" * 21), 131009),
    (link(), 0),
    (link(title="x" * 21), 131009),
    (link(url="javascript:alert(1)"), 131009),
    (place(52.5), 0),
    (place("52.5"), 0),
    (place(90.1), 131009),
    (place(None), 131009),
    ({"type": "location", "location": {"latitude": 1}}, 131008),
    ({"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": ""}}, 0),
    ({"type": "reaction", "reaction": {"message_id": "wamid.X"}}, 131008),
    (
        {
            "type": "reaction",
            "reaction": {"message_id": "wamid.X", "emoji": "👍"},
            "context": {"message_id": "w"},
        },
        131009,
    ),
    ({"type": "audio", "audio": {"id": "404"}}, 131009),
    ({"type": "audio", "audio": {}}, 131008),
    ({"type": "image", "image": {"link": "ftp://x"}}, 131009),
    ({"type": "image", "image": {"link": "https://x/y.jpg", "caption": "x" * 1025}}, 100),
    ({"type": "audio", "audio": {"link": "https://x/y.ogg", "caption": "x"}}, 100),
    ({"type": "contacts", "contacts": [{"name": {"formatted_name": "Ben"}}]}, 0),
    ({"type": "contacts", "contacts": []}, 131009),
]


async def test_the_limits_of_a_message(ask: Asking) -> None:
    ask.graph.limits.on = False
    codes = [await ask.code(content) for content, _ in _LIMITS]
    wrong = [(*case, found) for case, found in zip(_LIMITS, codes, strict=True) if case[1] != found]
    assert wrong == []
    assert len(ask.anna.inbox) == codes.count(0)


async def test_everything_that_the_description_shows_can_be_sent(ask: Asking) -> None:
    """Meta's own examples, with media that are there."""
    ask.graph.templates.strict = False
    ids = {
        "audio": (await ask.upload(b"OggS", "audio/ogg")).json()["id"],
        "image": (await ask.upload(b"\x89PNG", "image/png")).json()["id"],
        "document": (await ask.upload(b"%PDF", "application/pdf")).json()["id"],
    }
    for name, example in _EXAMPLES.items():
        body = copy.deepcopy(example) | {"to": ANNA}
        if body.get("type") in ids:
            body[body["type"]]["id"] = ids[body["type"]]
        answer = await ask.http.post(f"{ask.number}/messages", json=body)
        assert answer.status_code == 200, (name, answer.text)
    assert len(ask.anna.inbox) == len(_EXAMPLES) - 1
    assert (
        ask.graph.read
        == ask.graph.typing
        == [_EXAMPLES["Send typing indicator and read receipt"]["message_id"]]
    )


async def test_numbers_and_who_they_belong_to(ask: Asking) -> None:
    """Without + the gym's own country comes first; nobody writes to themselves."""
    assert code(await ask.text(to="+49 (1522) 343-3333")) == 0
    assert code(await ask.text(to="15223433333")) == 0
    assert code(await ask.text(to="4915223433333")) == 131026
    assert code(await ask.text(to=BEN)) == 131026
    assert code(await ask.text(to="+4930550783881")) == 131021
    assert await ask.code({"type": "text", "text": {"body": "x"}, "recipient": ANNA}, to=ANNA) == 0
    by_id = {"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}
    for recipient in (ANNA, "15223433333", "Anna", "de.1", "DE.ENT."):
        body = by_id | {"recipient": recipient}
        assert code(await ask.http.post(f"{ask.number}/messages", json=body)) == 100
    unknown = by_id | {"recipient": f"DE.{ANNA.removeprefix('+')}"}
    assert code(await ask.http.post(f"{ask.number}/messages", json=unknown)) == 131026
    wrong = await ask.http.post(ask.number.replace("106", "107") + "/messages", json={})
    assert code(wrong) == 33
    assert code(await ask.http.post(f"{ask.number}/messages", content=b"[")) == 100
    assert (
        code(await ask.http.post(f"{ask.number}/messages", json={}, headers={"Authorization": "Bearer x"}))
        == 190
    )


async def test_what_is_nowhere_is_refused_like_everything_else(ask: Asking) -> None:
    """In Meta's shape, with its code; versions that have ended are answered all the same."""
    number = ask.world.phone_number_id
    for path in (
        "/",
        f"/{number}/messages",
        f"/v99.0/{number}/messages",
        f"/v24/{number}/messages",
        "/v24.0/a/b/c",
    ):
        assert code(await ask.http.post(path, json={})) == 2500
    assert code(await ask.http.get(f"{ask.number}/messages")) == 2500
    for version in ("v17.0", "v26.0"):
        assert code(await ask.http.post(f"/{version}/{number}/messages", json={})) == 100


async def test_how_it_answers_can_be_ordered(ask: Asking) -> None:
    """From outside: what a test inside sets by hand."""
    order = {"error_data": "text", "window": False, "limits": False}
    assert (await ask.http.post("/simulator/answers", json=order)).status_code == 204
    ask.anna.last_sent_at = None
    assert {code(await ask.text(str(number))) for number in range(50)} == {0}
    assert isinstance((await ask.text(to=BEN)).json()["error"]["error_data"], str)
    order = {"refuses_late": True, "silence": True}
    assert (await ask.http.post("/simulator/answers", json=order)).status_code == 204
    assert (ask.graph.limits.on, ask.graph.limits.silence) == (True, True)
    assert code(await ask.text()) == 0
    failed = [one for one in await _soon_failed(ask) if one["errors"][0]["code"] == 131047]
    assert failed
    assert (await ask.http.post("/simulator/answers", json={"down": True})).status_code == 204
    with pytest.raises(httpx.RemoteProtocolError):
        await ask.text()


async def _soon_failed(ask: Asking) -> list[dict[str, Any]]:
    await eventually(lambda: any(one["status"] == "failed" for one in ask.callback.statuses()))
    return [one for one in ask.callback.statuses() if one["status"] == "failed"]


async def test_no_clock_goes_beyond_the_calendar(ask: Asking) -> None:
    """A slip in an order does not end the simulator."""
    for seconds in (1e308, 1e15, 252_000_000_000):
        assert (await ask.http.post("/simulator/clock", json={"seconds": seconds})).status_code == 400
    assert (await ask.http.post("/simulator/clock", json={"seconds": 86400})).status_code == 204
    assert (await ask.http.get("/simulator")).status_code == 200


async def test_the_shapes_of_an_error(ask: Asking) -> None:
    """Details are an object, a text, or missing; a token's error has none."""
    shapes = []
    for shape in ErrorData:
        ask.graph.error_data = shape
        ask.graph.fail(131000)
        answer = await ask.text()
        assert answer.status_code == 500
        shapes.append(type(answer.json()["error"].get("error_data")))
    assert shapes == [dict, str, type(None)]
    ask.graph.error_data = ErrorData.OBJECT
    ask.graph.fail(190)
    answer = await ask.text()
    assert (answer.status_code, "error_data" in answer.json()["error"]) == (401, False)


# --- templates ----------------------------------------------------------------------------------------------


_TEMPLATES: list[tuple[dict[str, Any], int]] = [
    (template("alarm_staff", "Notfall"), 0),
    (template("alarm_staff", "Notfall", language="en"), 0),
    (template("alarm_staff", "Notfall", language="de_DE"), 132001),
    (template("alarm_staf", "Notfall"), 132001),
    (template("pending_news", "x"), 132001),
    (template("paused_news", "x"), 132015),
    (template("disabled_news", "x"), 132016),
    (template("alarm_staff"), 132000),
    (template("alarm_staff", "a", "b"), 132000),
    (template("alarm_staff", "zwei\nZeilen"), 132018),
    (template("alarm_staff", "x     y"), 132018),
    (template("alarm_staff", ""), 131008),
    (template("alarm_staff", "x" * 1025), 132005),
    (template("identity_code", "123456", copied="123456"), 0),
    (template("identity_code", "123456", copied="654321"), 132018),
    (template("identity_code", "1" * 16, copied="1" * 16), 132018),
    (template("identity_code", "123456"), 131008),
    ({"type": "template", "template": {"name": "alarm_staff"}}, 131008),
    (
        {
            "type": "template",
            "template": {"name": "news", "language": {"code": "de"}, "components": [{"type": "legs"}]},
        },
        132012,
    ),
]


async def test_templates(ask: Asking) -> None:
    ask.anna.last_sent_at = None  # templates need no window
    codes = [await ask.code(content) for content, _ in _TEMPLATES]
    wrong = [(*case, found) for case, found in zip(_TEMPLATES, codes, strict=True) if case[1] != found]
    assert wrong == []


async def test_a_code_goes_to_numbers_only(ask: Asking) -> None:
    ask.anna.user_id = BSUID
    assert await ask.code(template("identity_code", "123456", copied="123456"), to=BSUID) == 131062
    answer = await ask(template("alarm_staff", "Notfall"), to=BSUID)
    assert answer.json()["contacts"] == [{"input": BSUID, "user_id": BSUID}]


async def test_a_template_is_approved_and_loses_it_again(ask: Asking) -> None:
    body = template("sale", "x")
    assert await ask.code(body) == 132001
    known = ask.graph.templates.add(MessageTemplate("sale", category=Category.MARKETING))
    assert await ask.code(body) == 0
    known.approval = Approval.PAUSED
    assert await ask.code(body) == 132015


# --- what nobody thought of ---------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
_PLACES = [pytest.param(example, id=name) for name, example in _EXAMPLES.items() if "type" in example]


def _paths(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at] * bool(at) + [path for key, one in inner for path in _paths(one, (*at, key))]


@pytest.mark.parametrize("example", _PLACES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_but_a_refusal_comes_of_nonsense(example: dict[str, Any], data: st.DataObject) -> None:
    """Whatever stands where: it is taken or refused, and the simulator does not fall over."""
    body = copy.deepcopy(example) | {"to": ANNA}
    path = data.draw(st.sampled_from(_paths(body)))
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = data.draw(_JSON)
    try:
        Rules(MediaShelf(ManualClock()), Templates()).check(body)
    except GraphError:
        return
