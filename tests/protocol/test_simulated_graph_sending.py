"""What the simulated Graph API does with messages: rates, window, reports, faults."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from support.simulated_graph import ANNA, BEN, BSUID, Asking, asking, buttons, code, rows, template
from support.waiting import eventually

from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.graph import Fault, MessageTemplate, Operation, Plan
from arni_edge.simulator.graph.faults import BEFORE, plan_of


@pytest_asyncio.fixture
async def ask() -> AsyncIterator[Asking]:
    async with asking() as one:
        yield one


# --- rates and the window -----------------------------------------------------------------------------------


def so_many(ask: Asking, count: int, to: str = ANNA) -> None:
    """Messages that need not travel."""
    for _ in range(count):
        ask.graph.limits.take(to)


async def test_one_person_gets_one_message_in_six_seconds_and_45_on_credit(ask: Asking) -> None:
    """By the simulator's own clock; the others are not concerned."""
    ben = ask.world.phones.add(BEN, "Ben")
    ben.last_sent_at = ask.clock.now()
    so_many(ask, 44)
    assert [code(await ask.text()) for _ in range(3)] == [0, 131056, 131056]
    assert code(await ask.text(to=BEN)) == 0
    ask.clock.advance(5.9)
    assert code(await ask.text()) == 131056
    ask.clock.advance(0.2)
    assert [code(await ask.text()) for _ in range(2)] == [0, 131056]
    ask.clock.advance(45 * 6)
    so_many(ask, 44)
    assert [code(await ask.text()) for _ in range(2)] == [0, 131056]
    assert ask.graph.limits.refused == 5


async def test_the_strict_reading_is_silence_until_all_is_paid_back(ask: Asking) -> None:
    """20 at once are two minutes."""
    ask.graph.limits.silence = True
    so_many(ask, 19)
    assert code(await ask.text()) == 0
    for seconds in (6, 60, 53):
        ask.clock.advance(seconds)
        assert code(await ask.text()) == 131056
    ask.clock.advance(1)
    assert code(await ask.text()) == 0


async def test_what_is_older_than_thirty_days_cannot_be_marked_as_read(ask: Asking) -> None:
    """Nor is it shown then that an answer is being written."""
    mark: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read"}
    mark |= {"message_id": ask.anna.send("Hallo")}
    ask.clock.advance(30 * 86400)
    assert code(await ask.http.post(f"{ask.number}/messages", json=mark)) == 0
    ask.clock.advance(1)
    mark |= {"typing_indicator": {"type": "text"}}
    assert code(await ask.http.post(f"{ask.number}/messages", json=mark)) == 131009
    assert (ask.graph.read, ask.graph.typing) == ([mark["message_id"]], [])


async def test_80_messages_a_second_in_all(ask: Asking) -> None:
    for number in range(79):
        so_many(ask, 1, f"+4915223440{number:03d}")
    assert [code(await ask.text()) for _ in range(2)] == [0, 130429]
    ask.clock.advance(1)
    assert code(await ask.text()) == 0


async def test_the_window_closes_after_a_day_and_opens_with_a_message(ask: Asking) -> None:
    ask.clock.advance(24 * 3600 - 1)
    assert code(await ask.text()) == 0
    ask.clock.advance(1)
    assert code(await ask.text()) == 131047
    assert await ask.code(template("alarm_staff", "Notfall")) == 0
    ask.anna.send("Hallo")
    assert code(await ask.text("Wieder da")) == 0


async def test_a_closed_window_may_be_told_by_webhook(ask: Asking) -> None:
    """Accepted with 200, then failed; and nobody gets it."""
    ask.graph.refuses_late = True
    ask.clock.advance(24 * 3600)
    answer = await ask.text(biz_opaque_callback_data="row-1")
    assert answer.status_code == 200
    (status,) = await ask.callback.states_soon("failed")
    assert (status["id"], status["errors"][0]["code"]) == (answer.json()["messages"][0]["id"], 131047)
    assert (status["biz_opaque_callback_data"], status["recipient_id"]) == ("row-1", ANNA[1:])
    assert not ask.anna.inbox
    # Who is not on WhatsApp has no phone to report from.
    assert code(await ask.text(to=BEN)) == 131026


# --- reports ------------------------------------------------------------------------------------------------


async def test_what_is_reported_of_a_message(ask: Asking) -> None:
    """In the shape of version 24: a price with the first two, and no conversation."""
    answer = await ask.text(biz_opaque_callback_data="row-1")
    assert answer.json()["contacts"] == [{"input": ANNA, "wa_id": ANNA[1:]}]
    assert "message_status" not in answer.json()["messages"][0]
    found = {one["status"]: one for one in await ask.callback.states_soon("sent", "delivered", "read")}
    free = {"billable": False, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"}
    assert found["sent"]["pricing"] == found["delivered"]["pricing"] == free
    assert "pricing" not in found["read"]
    assert not any("conversation" in one for one in found.values())
    assert {one["biz_opaque_callback_data"] for one in found.values()} == {"row-1"}
    assert not any("contacts" in value for value in ask.callback.changes())


async def test_an_older_webhook_names_a_conversation(ask: Asking) -> None:
    ask.graph.habits.version = 23
    answer = await ask(template("news", "x"))
    assert answer.json()["messages"][0]["message_status"] == "accepted"
    found = await ask.callback.states_soon("sent", "delivered", "read")
    (sent,) = [one for one in found if one["status"] == "sent"]
    assert sent["conversation"]["origin"] == {"type": "marketing"}
    assert sent["pricing"]["billable"]


async def test_what_meta_takes_a_gym_for(ask: Asking) -> None:
    ask.graph.habits.category = "general_purpose_ai"
    await ask.text()
    found = await ask.callback.states_soon("sent", "delivered", "read")
    assert {one["pricing"]["type"] for one in found if "pricing" in one} == {"regular"}


async def test_delivered_may_never_come_and_everything_twice(ask: Asking) -> None:
    ask.graph.habits.undelivered = True
    ask.graph.habits.doubled = 1.0
    await ask.text()
    await ask.callback.states_soon("sent", "sent", "read", "read")
    ask.graph.habits.silent = True
    await ask.text("Nichts davon wird berichtet")
    assert len(ask.anna.inbox) == 2


async def test_reports_overtake_each_other(ask: Asking) -> None:
    ask.graph.habits.spread = 0.1
    for number in range(10):
        await ask.text(str(number))
    await eventually(lambda: len(ask.callback.statuses()) == 30)
    by_message: dict[str, list[str]] = {}
    for status in ask.callback.statuses():
        by_message.setdefault(status["id"], []).append(status["status"])
    assert any(states != ["sent", "delivered", "read"] for states in by_message.values())


async def test_taken_and_then_failed(ask: Asking) -> None:
    """Once; the next arrives. To a business-scoped id the report names that one."""
    ask.anna.user_id = BSUID
    ask.graph.fail_later(131049)
    assert code(await ask.text(to=BSUID)) == 0
    (status,) = await ask.callback.states_soon("failed")
    assert status["recipient_user_id"] == BSUID
    assert "recipient_id" not in status
    assert status["errors"][0]["error_data"]["details"]
    assert "contacts" not in ask.callback.changes()[0]
    assert code(await ask.text()) == 0
    assert len(ask.anna.inbox) == 1


async def test_a_hidden_number_is_in_reports_only_when_it_was_written_to(ask: Asking) -> None:
    ask.anna.user_id, ask.anna.hidden = BSUID, True
    await ask.text("a", to=BSUID)
    found = await ask.callback.states_soon("sent", "delivered", "read")
    assert {one.get("recipient_id") for one in found} == {None}
    assert ANNA[1:] not in str(ask.callback.bodies)
    await ask.text("b")
    await eventually(lambda: len(ask.callback.statuses()) == 6)
    assert {one.get("recipient_id") for one in ask.callback.statuses()[3:]} == {ANNA[1:]}


@pytest.mark.parametrize("good", [True, False])
async def test_a_new_template_is_held_until_meta_knows_how_it_is_taken(ask: Asking, good: bool) -> None:
    ask.graph.templates.add(MessageTemplate("held", held=True))
    answer = await ask(template("held", "x"))
    assert answer.json()["messages"][0]["message_status"] == "held_for_quality_assessment"
    assert not ask.anna.inbox
    assert ask.graph.judge_held(good=good) == 1
    await ask.callback.states_soon(*(("sent", "delivered", "read") if good else ("failed",)))
    assert len(ask.anna.inbox) == good


async def test_what_arrives_can_be_tapped(ask: Asking) -> None:
    await ask(buttons(("yes", "Ja"), ("no", "Nein")))
    await ask(rows(2))
    quick = {"type": "button", "sub_type": "quick_reply", "index": "0"}
    body = template("news", "x")
    body["template"]["components"].append(quick | {"parameters": [{"type": "payload", "payload": "stop"}]})
    await ask(body)
    question, listed, news = ask.anna.inbox
    assert (question.kind, question.choices, question.ids) == ("button", ("Ja", "Nein"), ("yes", "no"))
    ask.anna.tap(question, "Nein")
    ask.anna.tap(listed, "Yoga")
    ask.anna.tap(news, "stop")
    said = await ask.callback.messages_soon(3)
    by_kind = {one.get("interactive", {}).get("type", one["type"]): one for one in said}
    assert by_kind["button_reply"]["interactive"]["button_reply"] == {"id": "no", "title": "Nein"}
    assert by_kind["button_reply"]["context"] == {"from": "4930550783881", "id": question.message_id}
    assert by_kind["list_reply"]["interactive"]["list_reply"]["id"] == "0/0"
    assert by_kind["button"]["button"] == {"payload": "stop", "text": "stop"}
    with pytest.raises(ValueError, match="not in tuple"):
        ask.anna.tap(question, "Vielleicht")


# --- faults -------------------------------------------------------------------------------------------------

_SEEN = {
    Fault.CODE: 500,
    Fault.HTML: 502,
    Fault.HTML_AFTER: 502,
    Fault.DROP_BEFORE: None,
    Fault.DROP_AFTER: None,
    Fault.SLOW: 200,
    Fault.GARBLED: 200,
    Fault.LATE: 200,
}


async def test_what_is_seen_of_a_fault_and_whether_it_was_done(ask: Asking) -> None:
    html = (Fault.HTML, Fault.HTML_AFTER, Fault.GARBLED)
    for fault in Fault:
        accepted, arrived = len(ask.graph.accepted), len(ask.anna.inbox)
        plan = ask.graph.faults.add(Plan(fault, seconds=0.01))
        if _SEEN[fault] is None:
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                await ask.text(fault)
        else:
            answer = await ask.text(fault)
            assert answer.status_code == _SEEN[fault]
            assert answer.headers["content-type"].startswith("text/html") == (fault in html)
        assert len(ask.graph.accepted) - accepted == (fault not in BEFORE)
        assert len(ask.anna.inbox) - arrived == (fault not in BEFORE and fault is not Fault.LATE)
        assert plan.hit == 1
    assert code(await ask.text("danach")) == 0


@pytest.mark.parametrize("path", ["messages", "media"])
async def test_who_leaves_in_the_middle_of_a_request_breaks_nothing(ask: Asking, path: str) -> None:
    """A box that is killed while it sends."""
    where = f"{ask.number}/{path}"
    scope = {"type": "http", "method": "POST", "path": where, "headers": [], "query_string": b""}
    begun: dict[str, Any] = {"type": "http.request", "body": b"{", "more_body": True}
    said = iter([begun, {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        return next(said)

    async def send(_: Any) -> None:
        """Nobody is there."""

    await ask.graph.app(scope, receive, send)
    assert (ask.graph.requests, ask.graph.accepted) == (0, [])


async def test_faults_are_for_one_kind_of_request(ask: Asking) -> None:
    ask.graph.faults.add(Plan(Fault.CODE, operation=Operation.MARKS, code=131009, times=None))
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X"}
    for _ in range(2):
        assert code(await ask.http.post(f"{ask.number}/messages", json=mark)) == 131009
    assert code(await ask.text()) == 0
    ask.graph.recover()
    assert code(await ask.http.post(f"{ask.number}/messages", json=mark)) == 0
    for wrong in ({"message_id": 1}, {"message_id": ""}, {"typing_indicator": {"type": "smell"}}):
        assert code(await ask.http.post(f"{ask.number}/messages", json=mark | wrong)) == 100
    assert (ask.graph.read, ask.graph.typing) == (["wamid.X"], [])
    chance = ask.graph.faults.add(Plan(Fault.CODE, times=None, chance=0.5))
    codes = [code(await ask.text(str(number))) for number in range(40)]
    assert 5 < codes.count(131000) == chance.hit < 35


def test_a_fault_in_words() -> None:
    assert plan_of("late=131049*2") == Plan(Fault.LATE, times=2, code=131049)
    assert plan_of("upload:html=503") == Plan(Fault.HTML, times=None, operation=Operation.UPLOAD, status=503)
    assert plan_of("*:slow=0.5") == Plan(Fault.SLOW, times=None, operation=Operation.ANY, seconds=0.5)
    for wrong in ("nonsense", "code=", "smell:code", "code=1.5", "html*x", ""):
        with pytest.raises(InvalidInput):
            plan_of(wrong)
