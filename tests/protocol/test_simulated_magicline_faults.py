"""What goes wrong on the way to the double of Magicline, and whether it was done all the same."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from support.clock import ManualClock
from support.simulated_magicline import Asking, asking, listening
from support.waiting import eventually

from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.magicline import ANY, Fault, Habits
from arni_edge.simulator.magicline.faults import BEFORE, plan_of

_BOOK = "/v1/classes/booking/book"


@pytest_asyncio.fixture
async def ask() -> AsyncIterator[Asking]:
    async with asking(clock=ManualClock()) as one:
        yield one


# --- the minute -----------------------------------------------------------------------------------------


async def test_who_asks_too_often_loses_the_whole_next_minute_at_this_endpoint(ask: Asking) -> None:
    """The clock stands at 12:00:00; the eleventh request costs the time until 12:02:00."""
    ask.magicline.limits.per_minute = 10
    path = "/v1/studios/utilization"
    assert [(await ask("GET", path)).status_code for _ in range(12)] == [200] * 10 + [429] * 2
    assert (await ask("GET", "/v1/devices")).status_code == 200
    for seconds in (59, 30, 30):
        ask.magicline.advance(seconds)
        answer = await ask("GET", path)
        assert (answer.status_code, "retry-after" in answer.headers) == (429, False)
    ask.magicline.advance(1)
    assert (await ask("GET", path)).status_code == 200
    assert ask.magicline.limits.refused == {"GET /v1/studios/utilization": 5}


async def test_a_template_is_one_endpoint_whatever_the_id(ask: Asking) -> None:
    ask.magicline.limits.per_minute = 3
    ids = [one for one in ask.magicline.gym.members][:4]  # noqa: C416
    assert [(await ask("GET", f"/v1/customers/{one}")).status_code for one in ids] == [200] * 3 + [429]
    ask.magicline.quirks.retry_after = True
    assert (await ask("GET", f"/v1/customers/{ids[0]}")).headers["retry-after"] == "121"


# --- faults ---------------------------------------------------------------------------------------------

_SEEN = {
    Fault.UNAVAILABLE: 503,
    Fault.UNAVAILABLE_AFTER: 503,
    Fault.CRASH: 500,
    Fault.CRASH_AFTER: 500,
    Fault.BARE: 400,
    Fault.CONFLICT: 409,
    Fault.LOCKED: 429,
    Fault.DROP_BEFORE: None,
    Fault.DROP_AFTER: None,
    Fault.SLOW: 200,
    Fault.HANG: None,
    Fault.GARBLED: 200,
    Fault.CUT_SHORT: None,
}


@pytest.mark.parametrize("fault", list(Fault))
async def test_what_is_seen_of_a_fault_and_whether_it_was_done(ask: Asking, fault: Fault) -> None:
    member = ask.magicline.gym.add_member().member_id
    slot = ask.magicline.gym.timetable.add(ask.magicline.now() + timedelta(hours=24)).slot_id
    ask.http.timeout = httpx.Timeout(0.5 if fault is Fault.HANG else 20)
    plan = ask.magicline.fail("bookClassSlot", fault, seconds=0.01)
    asked = ask("POST", _BOOK, {"customerId": member, "classSlotId": slot})
    if _SEEN[fault] is None:
        error = httpx.ReadTimeout if fault is Fault.HANG else (httpx.ReadError, httpx.RemoteProtocolError)
        with pytest.raises(error):
            await asked
    else:
        answer = await asked
        assert answer.status_code == _SEEN[fault]
        html = fault in (Fault.UNAVAILABLE, Fault.UNAVAILABLE_AFTER, Fault.GARBLED)
        assert answer.headers["content-type"].startswith("text/html") == html
        if fault is Fault.BARE:
            assert set(answer.json()) == {"errorMessage"}
    done = int(fault not in BEFORE)
    assert ask.magicline.class_bookings(member, slot) == done
    assert plan.hit == ask.magicline.counts["bookClassSlot"] == 1
    # What was done is read back.
    assert len(await ask.get("/v1/classes/booking", customerId=member)) == done


async def test_a_plan_waits_ends_and_leaves_the_others_alone(ask: Asking) -> None:
    ask.magicline.fail("getDevices", Fault.CRASH, after=1, times=2)

    async def statuses(path: str) -> list[int]:
        return [(await ask("GET", path)).status_code for _ in range(5)]

    assert await statuses("/v1/employees") == [200] * 5
    assert await statuses("/v1/devices") == [200, 500, 500, 200, 200]
    ask.magicline.fail(ANY, Fault.CRASH, times=None)
    assert await statuses("/v1/devices") == [500] * 5
    ask.magicline.faults.clear()
    ask.magicline.fail(ANY, Fault.CRASH, times=None, chance=0.5)
    answers = [one for _ in range(10) for one in await statuses("/v1/devices")]
    assert 10 < answers.count(500) < 40


async def test_the_line_is_cut_and_repaired(ask: Asking) -> None:
    ask.magicline.down = True
    with pytest.raises(httpx.TransportError):
        await ask("GET", "/v1/devices")
    ask.magicline.down = False
    assert (await ask("GET", "/v1/devices")).status_code == 200


def test_a_fault_as_it_is_written_on_the_command_line() -> None:
    plan = plan_of("bookClassSlot:drop-after*3")
    assert (plan.operation, plan.fault, plan.times) == ("bookClassSlot", Fault.DROP_AFTER, 3)
    assert (plan_of("slow").operation, plan_of("slow").times) == (ANY, None)
    for word in ("", "nonsense", "a b:slow", "slow*", "slow*-1"):
        with pytest.raises(InvalidInput, match="there is no fault"):
            plan_of(word)


# --- webhooks -------------------------------------------------------------------------------------------


async def test_nothing_is_told_before_the_integration_is_confirmed(ask: Asking) -> None:
    gym, webhooks = ask.magicline.gym, ask.magicline.webhooks
    async with listening() as listener:
        webhooks.url = listener.url
        gym.add_member()
        await ask.post("/v1/studios/confirmActivation")
        member = gym.add_member()
        await webhooks.settled()
    ((headers, body),) = listener.got
    assert headers["x-api-key"] == webhooks.key
    assert set(body) == {"entityId", "uuid", "payload"}
    assert body["entityId"] == member.member_id
    now_ms = int(ask.magicline.now().timestamp() * 1000)
    assert body["payload"] == [{"timestamp": now_ms, "type": "CUSTOMER_CREATED"}]


async def test_events_are_lost_and_doubled_and_out_of_order(ask: Asking) -> None:
    gym, webhooks = ask.magicline.gym, ask.magicline.webhooks
    gym.activated = True
    async with listening() as listener:
        webhooks.url, webhooks.habits = listener.url, Habits(copies=(0, 1, 4), spread=0.2)
        for _ in range(40):
            gym.change(gym.who("ordinary"))
        await webhooks.settled()
        came = [body["uuid"] for _, body in listener.got]
    counts = {one.uuid: came.count(one.uuid) for one in webhooks.told}
    assert set(counts.values()) == {0, 1, 4}
    first = sorted(set(came), key=came.index)
    assert first != [one.uuid for one in webhooks.told if counts[one.uuid]]


async def test_events_are_held_and_released_as_a_test_wants_them(ask: Asking) -> None:
    gym, webhooks = ask.magicline.gym, ask.magicline.webhooks
    gym.activated = webhooks.holding = True
    async with listening() as listener:
        webhooks.url = listener.url
        member = gym.add_member()
        gym.pause(member, gym.today(), gym.today())
        slot = gym.timetable.add(ask.magicline.now() + timedelta(hours=30))
        gym.timetable.cancel_slot(slot)
        assert not listener.got
        webhooks.release(copies=2, backwards=True)
        await webhooks.settled()
    assert listener.types == [
        *["CLASS_SLOT_CANCELLED"] * 2,
        *["CONTRACT_IDLE_PERIOD_CREATED"] * 2,
        *["CUSTOMER_CREATED"] * 2,
    ]
    assert listener.got[0][1]["payload"][0]["content"] == {"classId": slot.taught.class_id}
    content = listener.got[2][1]["payload"][0]["content"]
    assert content["contractId"] == member.contracts[0].contract_id


async def test_who_does_not_answer_well_is_told_again_or_not(ask: Asking) -> None:
    gym, webhooks = ask.magicline.gym, ask.magicline.webhooks
    gym.activated = True
    async with listening() as listener:
        webhooks.url, listener.status = listener.url, 500
        gym.add_member()
        await webhooks.settled()
        assert len(listener.got) == 1
        webhooks.habits = Habits(repeats=3, repeat_seconds=0.01)
        gym.add_member()
        await eventually(lambda: len(listener.got) >= 3)
        listener.status = 200
        await webhooks.settled()
        assert 4 <= len(listener.got) <= 5
        assert len({body["uuid"] for _, body in listener.got}) == 2


async def test_it_ends_while_somebody_still_waits_for_an_answer() -> None:
    async with asking() as ask:
        ask.magicline.fail(ANY, Fault.HANG)
        waiting: asyncio.Task[Any] = asyncio.create_task(ask("GET", "/v1/devices"))
        await eventually(lambda: ask.magicline.counts["getDevices"])
    with pytest.raises(httpx.TransportError):
        await waiting
