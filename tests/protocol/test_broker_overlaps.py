"""Filters of different handlers that overlap, and handlers that come and go, with a real Mosquitto."""

import pytest
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected
from support.waiting import eventually

from arni_edge.broker import BrokerSession, Delivery, Received
from arni_edge.domain.clock import SystemClock


class Keeper:
    """A handler that keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[Received] = []

    async def __call__(self, message: Received) -> None:
        self.got.append(message)

    @property
    def said(self) -> list[tuple[str, str, bool]]:
        return sorted((one.topic, one.payload.decode(), one.retained) for one in self.got)


def a_session(mosquitto: Mosquitto) -> BrokerSession:
    return BrokerSession(mosquitto.address(), client_id="edge", clock=SystemClock())


async def all_handled(session: BrokerSession, device: Device) -> None:
    """Wait until everything that was published before has been handled; Mosquitto keeps the order."""
    end = Keeper()
    await session.listen(["the/end"], end)
    await device.publish("the/end", "")
    await eventually(lambda: end.got)
    await session.forget(end)


# --- overlaps ---------------------------------------------------------------------------------------------

OVERLAPS: dict[str, list[list[str]]] = {
    "one covers the other": [["nuki/+/state", "nuki/+/mode"], ["nuki/A/state", "nuki/A/mode"]],
    "they cross": [["nuki/+/state"], ["nuki/A/+"]],
    "the same twice": [["nuki/A/state", "nuki/A/mode"], ["nuki/A/state", "nuki/A/mode"]],
    "everything at once": [["nuki/#"], ["nuki/+/state", "nuki/A/+"], ["+/A/state"], ["nuki/A/mode"]],
    "one handler overlaps itself": [["nuki/A/+", "nuki/+/state", "nuki/A/state"]],
}
WANTED = {
    "nuki/+/state": {"nuki/A/state"},
    "nuki/+/mode": {"nuki/A/mode"},
    "nuki/A/state": {"nuki/A/state"},
    "nuki/A/mode": {"nuki/A/mode"},
    "nuki/A/+": {"nuki/A/state", "nuki/A/mode"},
    "nuki/#": {"nuki/A/state", "nuki/A/mode"},
    "+/A/state": {"nuki/A/state"},
}


@pytest.mark.parametrize("filters", OVERLAPS.values(), ids=OVERLAPS.keys())
@pytest.mark.parametrize("late", [False, True], ids=["from the beginning", "while it runs"])
async def test_each_handler_gets_each_message_once(
    mosquitto: Mosquitto, filters: list[list[str]], late: bool
) -> None:
    session, keepers = a_session(mosquitto), [Keeper() for _ in filters]
    async with Device(mosquitto.address("lock")) as device:
        await device.publish("nuki/A/state", "retained", retain=True)
        await device.publish("nuki/A/mode", "retained", retain=True)
        for keeper, wishes in zip(keepers, filters, strict=True):
            if not late:
                session.subscribe(wishes, keeper)
        async with connected(session):
            for keeper, wishes in zip(keepers, filters, strict=True):
                if late:
                    await session.listen(wishes, keeper)
            await all_handled(session, device)
            await device.publish("nuki/A/state", "live")
            await device.publish("nuki/A/mode", "live", qos=0)
            await all_handled(session, device)
    for keeper, wishes in zip(keepers, filters, strict=True):
        topics = sorted(set().union(*(WANTED[wish] for wish in wishes)))
        assert keeper.said == [
            (topic, *message) for topic in topics for message in (("live", False), ("retained", True))
        ]


async def test_the_broker_is_asked_for_as_little_as_possible(mosquitto: Mosquitto) -> None:
    session = a_session(mosquitto)
    session.subscribe(["nuki/+/state"], Keeper())
    session.subscribe(["nuki/A/state", "nuki/A/mode"], Keeper())
    async with connected(session), Device(mosquitto.address("lock")) as device:
        await device.publish("nuki/A/state", "1")
        await all_handled(session, device)
    sent = [line for line in mosquitto.log.splitlines() if "Sending PUBLISH to edge" in line]
    assert len([line for line in sent if "nuki/A/state" in line]) == 1
    assert "\tnuki/A/state (QoS" not in mosquitto.log
    assert "\tnuki/+/state (QoS 1)" in mosquitto.log
    assert "\tnuki/A/mode (QoS 1)" in mosquitto.log


# --- coming and going -------------------------------------------------------------------------------------


async def test_a_device_that_is_adopted_is_heard_without_a_new_session(mosquitto: Mosquitto) -> None:
    session, book, driver = a_session(mosquitto), Keeper(), Keeper()
    session.subscribe(["nuki/+/state"], book)
    async with Device(mosquitto.address("lock")) as device:
        await device.publish("nuki/A/state", "1", retain=True)
        async with connected(session):
            await eventually(lambda: book.got)
            await session.listen(["nuki/A/state", "nuki/A/mode"], driver)
            await eventually(lambda: driver.got)
            await device.publish("nuki/A/mode", "2")
            await eventually(lambda: len(driver.got) == 2)
            assert session.session == 1
    assert driver.said == [("nuki/A/mode", "2", False), ("nuki/A/state", "1", True)]
    assert book.said == [("nuki/A/state", "1", True)]


async def test_who_listens_before_there_is_a_connection_is_heard_with_it(mosquitto: Mosquitto) -> None:
    session, keeper = a_session(mosquitto), Keeper()
    await session.listen(["t"], keeper)
    async with connected(session), Device(mosquitto.address("lock")) as device:
        await device.publish("t", "1")
        await eventually(lambda: keeper.got)


async def test_a_late_listener_hears_on_after_the_broker_was_away(mosquitto: Mosquitto) -> None:
    session, early, late = a_session(mosquitto), Keeper(), Keeper()
    session.subscribe(["nuki/+/state"], early)
    address = mosquitto.address("lock")
    async with connected(session):
        await session.listen(["nuki/A/state"], late)
        mosquitto.kill()
        mosquitto.start()
        await eventually(lambda: session.session == 2 and session.connected)
        async with Device(address) as device:
            await device.publish("nuki/A/state", "1")
            await all_handled(session, device)
    assert [one.session for one in early.got] == [2]
    assert [one.session for one in late.got] == [2]


async def test_who_is_forgotten_hears_nothing_and_the_others_hear_on(mosquitto: Mosquitto) -> None:
    session, stays, leaves = a_session(mosquitto), Keeper(), Keeper()
    session.subscribe(["nuki/A/state"], stays)
    session.subscribe(["nuki/+/state", "nuki/A/mode"], leaves)
    async with connected(session), Device(mosquitto.address("lock")) as device:
        await session.forget(leaves)
        await device.publish("nuki/A/state", "1")
        await device.publish("nuki/A/mode", "2")
        await all_handled(session, device)
    assert stays.said == [("nuki/A/state", "1", False)]
    assert leaves.got == []


async def test_nobody_is_left_subscribed_to_what_nobody_hears(mosquitto: Mosquitto) -> None:
    """A forgotten subscription would make an absent device look present (0x00 instead of 0x10)."""
    async with connected(a_session(mosquitto)) as session:
        await session.listen(["a/b", "a/+"], keeper := Keeper())
        assert await session.publish("a/b", "1") is Delivery.ACCEPTED
        await session.forget(keeper)
        assert await session.publish("a/b", "2") is Delivery.NO_SUBSCRIBER


async def test_a_handler_may_listen_and_forget_while_it_handles(mosquitto: Mosquitto) -> None:
    session, keeper = a_session(mosquitto), Keeper()

    async def introduce(message: Received) -> None:
        await session.listen([message.payload.decode()], keeper)
        await session.forget(introduce)

    session.subscribe(["hello"], introduce)
    async with connected(session), Device(mosquitto.address("lock")) as device:
        await device.publish("hello", "t")
        await all_handled(session, device)
        await device.publish("hello", "u")
        await device.publish("t", "1")
        await device.publish("u", "2")
        await all_handled(session, device)
    assert keeper.said == [("t", "1", False)]


@pytest.mark.parametrize("bad", ["", "a/#/b", "a\0b", "a+"])
async def test_what_is_no_filter_harms_nobody(mosquitto: Mosquitto, bad: str) -> None:
    """An id of a device may be anything; the broker would hang up on all of us."""
    session, keeper = a_session(mosquitto), Keeper()
    with pytest.raises(ValueError, match="not an MQTT topic filter"):
        session.subscribe([bad], keeper)
    async with connected(session), Device(mosquitto.address("lock")) as device:
        with pytest.raises(ValueError, match="not an MQTT topic filter"):
            await session.listen(["t", bad], keeper)
        await session.listen(["t"], keeper)
        await device.publish("t", "1")
        await eventually(lambda: keeper.got)
        assert session.session == 1
