"""The outbox drained over real HTTP: nothing lost, nothing doubled, whatever is cut off and whenever."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs
from support.waiting import eventually
from support.whatsapp import ANNA, Box, StopsAt, Store, running

from arni_edge.domain.health import State
from arni_edge.domain.messages import Priority, Template
from arni_edge.relay import RelayEvent
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.simulator.phones import Phone, Received

BEN = "+4915223433334"


async def eventually_in(store: Store, **states: str) -> None:
    deadline = time.monotonic() + 20
    while (found := await store.states()) != states:
        assert time.monotonic() < deadline, f"in the outbox: {found}"
        await asyncio.sleep(0.01)


def anything(_: Received) -> bool:
    return True


async def test_a_message_goes_out(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """It arrives with its quotation, the row is sent, and all is well."""
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("a", ANNA, "Grüße 👍", reply_to="wamid.X")
        received = await anna.wait_for(anything, 20)
        await eventually_in(store, a="sent")
        assert (received.text, received.context) == ("Grüße 👍", "wamid.X")
        await eventually(lambda: box.health == [("whatsapp", State.OK, "")])
    assert cloud.graph.accepted[0]["to"] == ANNA


async def test_a_person_without_a_number_is_written_to_by_user_id(
    cloud: SimulatedCloud, store: Store
) -> None:
    """Business-scoped ids go into another field than numbers."""
    carla = cloud.phones.add("+4915223433335", "Carla", user_id="DE.13491208655302741918", hidden=True)
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("a", "DE.13491208655302741918")
        await carla.wait_for(anything, 20)
    assert "to" not in cloud.graph.accepted[0]


async def test_an_alarm_to_staff_uses_its_template(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """Outside the window Meta takes templates only; line breaks are not allowed in their parameters."""
    cloud.graph.window = True
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("text", ANNA)
        await store.queue(
            "alarm", ANNA, "Notfall\nStudio", priority=Priority.ALARM, template=Template("alarm_staff")
        )
        received = await anna.wait_for(anything, 20)
        await eventually_in(store, text="failed", alarm="sent")
    assert (received.template, received.text) == ("alarm_staff", "Notfall Studio")


async def test_a_long_text_is_cut_before_it_is_sent(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """Every part is a row of its own; only the first one quotes."""
    text = "\n".join(f"Zeile {number} " + "x" * 80 for number in range(100))
    async with Box(cloud, store) as box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA, text, reply_to="wamid.X")
        await eventually(lambda: len(anna.inbox) == 3)
    assert "\n".join(message.text for message in anna.inbox) == text.strip()
    assert [message.context for message in anna.inbox] == ["wamid.X", None, None]
    assert cloud.counters["doubled"] == 0


async def test_messages_to_one_person_keep_their_order(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Never two in flight to one person, even when the first one has to be repeated."""
    cloud.graph.fail(131000)
    async with Box(cloud, store) as box, running(box.sending()):
        for number in range(4):
            await store.queue(f"m{number}", ANNA, f"Nummer {number}")
        await eventually(lambda: len(anna.inbox) == 4)
    assert [message.text for message in anna.inbox] == [f"Nummer {number}" for number in range(4)]


async def test_one_person_waiting_holds_up_nobody_else(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """The pair rate concerns one person."""
    ben = cloud.phones.add(BEN, "Ben")
    cloud.graph.fail(131056)
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("anna", ANNA)
        await eventually(lambda: cloud.graph.requests == 1)
        await store.queue("ben", BEN)
        await ben.wait_for(anything, 20)
        await anna.wait_for(anything, 20)
    assert anna.inbox[0].at > ben.inbox[0].at


@pytest.mark.parametrize("code", [131000, 130429])
async def test_temporary_errors_are_retried(
    cloud: SimulatedCloud, store: Store, anna: Phone, code: int
) -> None:
    """Refused is certainly not accepted: it is sent again, once."""
    cloud.graph.fail(code)
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("a", ANNA)
        await eventually_in(store, a="sent")
    assert len(anna.inbox) == 1


async def test_what_can_never_arrive_fails(cloud: SimulatedCloud, store: Store) -> None:
    """Nobody there: not again and again."""
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("a", BEN)
        await eventually_in(store, a="failed")
    assert cloud.graph.requests == 1


async def test_a_revoked_token_stops_the_line_and_keeps_the_outbox(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """The owner is told, nothing is thrown away; only a fresh alarm tries its luck."""
    cloud.graph.fail(190, times=2)
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("a", ANNA)
        await eventually(lambda: box.health and box.health[-1][1] is State.DOWN)
        await store.queue("b", ANNA)
        await store.queue("c", ANNA, "Notfall", priority=Priority.ALARM)
        await eventually_in(store, a="retry", b="queued", c="retry")
    assert "token" in box.health[-1][2]
    assert not anna.inbox


async def test_an_unreachable_api_is_no_loss(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """A refused connection: certainly not sent, so it is sent as soon as it can be."""
    await cloud.relay.enroll(store.papers)
    async with SimulatedCloud() as gone:
        pass
    async with Box(gone, store) as box, running(box.sending()):
        await store.queue("a", ANNA)
        await eventually_in(store, a="retry")
        await eventually(lambda: box.health and box.health[-1][1] is State.DEGRADED)
    async with Box(cloud, store) as box, running(box.sending()):
        await anna.wait_for(anything, 20)


# --- the fate is unknown --------------------------------------------------------------------------------


async def test_a_dropped_connection_after_acceptance_is_not_sent_twice(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """The status proves it, long after the grace has passed."""
    cloud.graph.drop_after_accepting()
    async with Box(cloud, store, resolve_seconds=1.0) as box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA)
        await eventually_in(store, a="sent")
        await asyncio.sleep(2.5)  # a repetition would come now
    assert (len(anna.inbox), cloud.counters["doubled"]) == (1, 0)


async def test_a_dropped_connection_before_acceptance_is_sent_again(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Silence of a relay that is caught up proves that Meta never had it."""
    cloud.graph.drop_before_accepting()
    async with Box(cloud, store, resolve_seconds=1.0) as box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA)
        await eventually_in(store, a="uncertain")
        await anna.wait_for(anything, 20)
        await eventually_in(store, a="sent")
    assert cloud.counters == {"in": 0, "out": 1, "doubled": 0}


async def test_a_gateway_error_after_acceptance_is_uncertain(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """502 without Meta's error body says nothing about the message."""
    cloud.graph.fail(None)
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("a", ANNA)
        await eventually_in(store, a="uncertain")


async def test_while_the_relay_is_away_nothing_uncertain_is_repeated(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """The status may be waiting there. It is, and it settles the matter."""
    cloud.graph.drop_after_accepting()
    cloud.relay.down = True
    async with Box(cloud, store, resolve_seconds=0.5) as box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA)
        await eventually_in(store, a="uncertain")
        await asyncio.sleep(2.0)  # four times the grace
        assert await store.states() == {"a": "uncertain"}
        cloud.relay.down = False
        # Meta delivers the missed status within its retry time, which is here longer than the grace.
        box.sender._silence.resolve_seconds = 10.0
        await eventually_in(store, a="sent")
    assert cloud.counters["doubled"] == 0
    assert len(anna.inbox) == 1


async def test_an_alarm_does_not_wait_for_the_relay(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """One alarm too many is better than none."""
    cloud.graph.drop_before_accepting()
    cloud.relay.down = True
    async with Box(cloud, store, resolve_seconds=0.5) as box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA, "Notfall", priority=Priority.ALARM)
        await anna.wait_for(anything, 20)


async def test_an_alarm_is_not_repeated_without_end(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """Three times in all; then it waits, while a new alarm goes out, and the relay settles it."""
    cloud.graph.drop_after_accepting(3)
    cloud.relay.down = True
    async with Box(cloud, store, resolve_seconds=0.3) as box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA, "Notfall", priority=Priority.ALARM)
        await eventually(lambda: len(anna.inbox) == 3)
        await eventually_in(store, a="uncertain")
        await asyncio.sleep(2.0)  # six times the grace
        assert (len(anna.inbox), await store.states()) == (3, {"a": "uncertain"})
        await store.queue("b", ANNA, "Noch ein Notfall", priority=Priority.ALARM)
        await eventually_in(store, a="uncertain", b="sent")
        # Meta delivers the missed status within its retry time, which is here longer than the grace.
        box.sender._silence.resolve_seconds = 30.0
        cloud.relay.down = False
        await eventually_in(store, a="sent", b="sent")
    assert len(anna.inbox) == 4


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("priority", [Priority.ALARM, Priority.CHAT])
async def test_what_is_a_day_old_and_uncertain_is_given_up(
    cloud: SimulatedCloud, store: Store, anna: Phone, priority: Priority, down: bool
) -> None:
    """Nobody waits for it any more, and what comes after it need not, either."""
    cloud.graph.drop_before_accepting()
    cloud.relay.down = down
    async with Box(cloud, store, resolve_seconds=0.5) as box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA, "gestern", priority=priority)
        await eventually_in(store, a="uncertain")
        await store.is_over("a")
        await store.queue("b", ANNA, "heute", priority=priority)
        await eventually_in(store, a="expired", b="sent")
    assert [message.text for message in anna.inbox] == ["heute"]


async def test_a_status_of_yesterday_counts_before_it_is_given_up(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """The box was off for a day: the status that waits at the relay tells the truth."""
    await store.queue("a", ANNA)
    await killed_at(cloud, store, "mark_sent", after=False)
    await store.is_over("a")
    async with Box(cloud, store, resolve_seconds=2.0) as box, running(box.pulling(), box.sending()):
        await eventually_in(store, a="sent")
    assert len(anna.inbox) == 1


async def test_an_alarm_waits_for_a_relay_that_is_there(
    cloud: SimulatedCloud, store: Store, anna: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backlog is no absence: the status lies in it, and the alarm is not sent twice."""
    through = asyncio.Event()
    cloud.graph.drop_after_accepting()
    box = Box(cloud, store, resolve_seconds=0.5)
    take_in = box.desk.consume

    async def hold_back(event: RelayEvent, log: str) -> None:
        await through.wait()
        await take_in(event, log)

    monkeypatch.setattr(box.desk, "consume", hold_back)
    async with box, running(box.pulling(), box.sending()):
        anna.send("Hallo")
        await store.queue("a", ANNA, "Notfall", priority=Priority.ALARM)
        await eventually_in(store, a="uncertain")
        await asyncio.sleep(2.0)  # four times the grace
        assert await store.states() == {"a": "uncertain"}
        through.set()
        await eventually_in(store, a="sent")
    assert (len(anna.inbox), cloud.counters["doubled"]) == (1, 0)


async def test_an_alarm_overtakes_an_uncertain_chat(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """Chat behind an uncertain message waits, an alarm does not."""
    cloud.graph.drop_before_accepting()
    async with Box(cloud, store, resolve_seconds=60) as box, running(box.sending()):
        await store.queue("a", ANNA)
        await eventually_in(store, a="uncertain")
        await store.queue("b", ANNA, "später")
        await store.queue("c", ANNA, "Notfall", priority=Priority.ALARM)
        await eventually_in(store, a="uncertain", b="queued", c="sent")
    assert [message.text for message in anna.inbox] == ["Notfall"]


# --- killed between two steps ---------------------------------------------------------------------------


async def killed_at(cloud: SimulatedCloud, store: Store, step: str, *, after: bool) -> None:
    """One life of the box that ends at a step, without any clean-up of the outbox."""
    port = StopsAt(store.database, store.clock, step, after=after)
    async with Box(cloud, store, port=port) as box, running(box.sending()):
        async with asyncio.timeout(20):
            await port.stopped.wait()


async def test_killed_before_the_request_it_is_sent_by_the_next_life(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Committed as sending, the request never left: no status comes, so it goes out after the grace."""
    await store.queue("a", ANNA)
    await killed_at(cloud, store, "mark_sending", after=True)
    assert (await store.states(), cloud.graph.requests) == ({"a": "sending"}, 0)
    async with Box(cloud, store, resolve_seconds=1.0) as box, running(box.pulling(), box.sending()):
        await anna.wait_for(anything, 20)
        await eventually_in(store, a="sent")
    assert len(anna.inbox) == 1


async def test_killed_before_the_answer_was_stored_it_is_not_sent_twice(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Meta had it: the status that waits at the relay says so to the next life."""
    await store.queue("a", ANNA)
    await killed_at(cloud, store, "mark_sent", after=False)
    assert (await store.states(), len(anna.inbox)) == ({"a": "sending"}, 1)
    async with Box(cloud, store, resolve_seconds=1.0) as box, running(box.pulling(), box.sending()):
        await eventually_in(store, a="sent")
        await asyncio.sleep(2.5)  # a repetition would come now
    assert (len(anna.inbox), cloud.counters["doubled"]) == (1, 0)


async def test_killed_in_the_middle_of_the_request(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """Cut off while Meta was still thinking; Meta accepts all the same."""
    cloud.graph.delay = 0.5
    await store.queue("a", ANNA)
    async with Box(cloud, store) as box, running(box.sending()):
        await eventually(lambda: cloud.graph.requests == 1)
    cloud.graph.delay = 0.0
    await anna.wait_for(anything, 20)
    async with Box(cloud, store, resolve_seconds=1.0) as box, running(box.pulling(), box.sending()):
        await eventually_in(store, a="sent")
        await asyncio.sleep(2.5)  # a repetition would come now
    assert (len(anna.inbox), cloud.counters["doubled"]) == (1, 0)


async def test_a_status_that_comes_before_the_answer_counts(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """The row is sent by the status; the answer that is lost afterwards does not make it uncertain."""
    cloud.graph.habits.latency = 0.0
    port = StopsAt(store.database, store.clock, "mark_sent", after=False)
    async with Box(cloud, store, port=port) as box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA)
        await eventually_in(store, a="sent")
        assert port.stopped.is_set()
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("b", ANNA)
        await eventually_in(store, a="sent", b="sent")
    assert len(anna.inbox) == 2


async def test_storage_that_is_back_is_well_although_nobody_writes(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Down while the answer cannot be stored; then as well as Meta was, with no new message needed."""
    writer = store.database._writer
    cloud.graph.delay = 0.5
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("a", ANNA)
        await eventually(lambda: cloud.graph.requests == 1)
        await writer.visit(writer.connection.execute, "PRAGMA query_only=ON")
        await eventually(lambda: box.health)
        assert box.health[0] == ("whatsapp", State.DOWN, "the outbox cannot be written")
        await writer.visit(writer.connection.execute, "PRAGMA query_only=OFF")
        await eventually(lambda: box.health[-1] == ("whatsapp", State.OK, ""))
        assert await store.states() == {"a": "uncertain"}


async def test_storage_that_is_back_does_not_hide_what_meta_refuses(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """The reason from before the outage is said again: it still holds."""
    writer = store.database._writer
    cloud.graph.fail(190)
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("a", ANNA)
        await eventually(lambda: box.health)
        refused = box.health[-1]
        cloud.graph.delay = 0.5
        await store.queue("b", ANNA, "Notfall", priority=Priority.ALARM)
        await eventually(lambda: cloud.graph.requests == 2)
        await writer.visit(writer.connection.execute, "PRAGMA query_only=ON")
        await eventually(lambda: box.health[-1][2] == "the outbox cannot be written")
        await writer.visit(writer.connection.execute, "PRAGMA query_only=OFF")
        await eventually(lambda: box.health[-1] == refused)


async def test_nothing_secret_or_personal_is_logged(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """Neither token nor number nor text, whatever goes wrong."""
    cloud.graph.fail(131000)
    cloud.graph.fail(190)
    cloud.graph.drop_after_accepting()
    with capture_logs() as logs:
        async with Box(cloud, store) as box, running(box.sending()):
            for key, number in (("a", ANNA), ("b", BEN)):
                await store.queue(key, number, "Streng geheim")
            await eventually(lambda: box.health and box.health[-1][1] is State.DOWN)
    assert logs
    for secret in (cloud.access_token, "4915223433333", "4915223433334", "Streng geheim"):
        assert secret not in repr(logs)
