"""Retained commands: found, never acted on, never cleared silently, and gone for good once cleared."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected
from support.waiting import eventually

from arni_edge.broker import BrokerSession, Delivery, Received
from arni_edge.broker.probe import clear_retained, find_retained
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable

COMMANDS = ["nuki/A/lockAction", "nuki/A/lock", "nuki/A/unlock", "gym/light/rpc", "gym/light/command/#"]
PROBE = "arni-edge-site1-probe"


def a_session(mosquitto: Mosquitto) -> BrokerSession:
    return BrokerSession(mosquitto.address(), client_id="arni-edge-site1", clock=SystemClock())


async def look(mosquitto: Mosquitto, topics: list[str] = COMMANDS) -> list[tuple[str, bytes]]:
    found = await find_retained(mosquitto.address(), PROBE, topics, deadline=20.0)
    assert all(one.retained for one in found)
    return sorted((one.topic, one.payload) for one in found)


@contextlib.asynccontextmanager
async def retained(mosquitto: Mosquitto, topic: str, payload: str) -> AsyncIterator[Device]:
    """Somebody has published a command with the retain flag."""
    async with Device(mosquitto.address("somebody")) as somebody:
        await somebody.publish(topic, payload, retain=True)
        yield somebody


# --- looking ----------------------------------------------------------------------------------------------


async def test_a_clean_broker_has_none(mosquitto: Mosquitto) -> None:
    assert await look(mosquitto) == []
    assert await look(mosquitto, []) == []


@pytest.mark.parametrize("topic", ["nuki/A/lockAction", "gym/light/rpc", "gym/light/command/switch:0"])
async def test_finds_one_and_leaves_it_where_it_is(mosquitto: Mosquitto, topic: str) -> None:
    async with retained(mosquitto, topic, "3"), Device(mosquitto.address("lock"), topic) as lock:
        await eventually(lambda: lock.got)
        assert await look(mosquitto) == [(topic, b"3")]
        assert await look(mosquitto) == [(topic, b"3")]
        async with connected(a_session(mosquitto)) as session:
            await session.publish(topic, "end")
            await eventually(lambda: (topic, "end") in lock.got)
    assert lock.got == [(topic, "3"), (topic, "end")]  # the probe sent nothing


async def test_finds_more_than_may_be_on_their_way_at_once(mosquitto: Mosquitto) -> None:
    """The broker holds back what exceeds our receive maximum of 20 until it has our receipts."""
    async with Device(mosquitto.address("somebody")) as somebody:
        for number in range(150):
            await somebody.publish(f"gym/light/command/switch:{number}", "on", retain=True)
    assert len(await look(mosquitto)) == 150


async def test_overlapping_topics_are_found_once(mosquitto: Mosquitto) -> None:
    async with retained(mosquitto, "nuki/A/lockAction", "3"):
        topics = ["nuki/+/lockAction", "nuki/A/lockAction", "nuki/A/+", "nuki/A/lockAction"]
        assert await look(mosquitto, topics) == [("nuki/A/lockAction", b"3")]


async def test_a_command_that_is_given_while_it_looks_is_no_find(mosquitto: Mosquitto) -> None:
    async with (
        connected(a_session(mosquitto)) as session,
        Device(mosquitto.address("lock"), "nuki/A/lockAction"),
    ):
        looking = asyncio.ensure_future(look(mosquitto))
        while not looking.done():
            await session.publish("nuki/A/lockAction", "3")
        assert looking.result() == []


async def test_is_gone_when_it_returns_so_that_an_absent_device_is_noticed(mosquitto: Mosquitto) -> None:
    async with connected(a_session(mosquitto)) as session:
        for _ in range(20):
            await look(mosquitto)
            assert await session.publish("nuki/A/lockAction", "3") is Delivery.NO_SUBSCRIBER
        assert session.session == 1
        assert not session.second_instance


async def test_payloads_may_be_anything(mosquitto: Mosquitto) -> None:
    async with connected(a_session(mosquitto)) as session:
        await session.publish("nuki/A/lockAction", b"\xff\x00" * 50_000, retain=True)
        assert await look(mosquitto) == [("nuki/A/lockAction", b"\xff\x00" * 50_000)]


async def test_a_broker_that_is_away_or_frozen_is_not_taken_for_a_clean_one(mosquitto: Mosquitto) -> None:
    address = mosquitto.address()
    mosquitto.pause()
    with pytest.raises(Unavailable, match=r"within 0\.3 s"):
        await find_retained(address, PROBE, COMMANDS, deadline=0.3)
    mosquitto.kill()
    with pytest.raises(Unavailable, match="no broker"):
        await find_retained(address, PROBE, COMMANDS, deadline=20.0)


async def test_a_retained_command_at_the_start_of_the_session_reaches_no_handler(
    mosquitto: Mosquitto,
) -> None:
    got: list[Received] = []

    async def keep(message: Received) -> None:
        got.append(message)

    async with retained(mosquitto, "nuki/A/lockAction", "3") as somebody:
        session = a_session(mosquitto)
        session.subscribe(["nuki/+/state"], keep)
        async with connected(session):
            await look(mosquitto)
            await somebody.publish("nuki/A/state", "1")
            await eventually(lambda: got)
    assert [one.topic for one in got] == ["nuki/A/state"]


# --- clearing ---------------------------------------------------------------------------------------------


async def test_a_person_has_it_cleared(mosquitto: Mosquitto) -> None:
    async with retained(mosquitto, "nuki/A/lockAction", "3"), connected(a_session(mosquitto)) as session:
        assert await clear_retained(session, "nuki/A/lockAction") is Delivery.NO_SUBSCRIBER
        assert await look(mosquitto) == []
        async with Device(mosquitto.address("lock"), "nuki/A/lockAction") as lock:
            await session.publish("nuki/A/lockAction", "end")
            await eventually(lambda: lock.got)
    assert lock.got == [("nuki/A/lockAction", "end")]


async def test_the_living_device_sees_the_clearing_as_an_empty_command(mosquitto: Mosquitto) -> None:
    async with (
        retained(mosquitto, "nuki/A/lockAction", "3"),
        connected(a_session(mosquitto)) as session,
        Device(mosquitto.address("lock"), "nuki/A/lockAction") as lock,
    ):
        assert await clear_retained(session, "nuki/A/lockAction") is Delivery.ACCEPTED
        await eventually(lambda: len(lock.got) == 2)
    assert lock.got == [("nuki/A/lockAction", "3"), ("nuki/A/lockAction", "")]


async def test_says_when_it_was_not_allowed_to_clear(start_mosquitto: Callable[..., Mosquitto]) -> None:
    mosquitto = start_mosquitto("user arni-edge\ntopic read #\n\nuser somebody\ntopic readwrite #\n")
    async with retained(mosquitto, "nuki/A/lockAction", "3"), connected(a_session(mosquitto)) as session:
        assert await clear_retained(session, "nuki/A/lockAction") is Delivery.NOT_PERMITTED
        assert await look(mosquitto) == [("nuki/A/lockAction", b"3")]


@pytest.mark.parametrize("topic", ["", "nuki/+/lockAction", "#", "a\0b"])
async def test_clears_one_topic_only(mosquitto: Mosquitto, topic: str) -> None:
    async with connected(a_session(mosquitto)) as session:
        with pytest.raises(ValueError, match="not a single MQTT topic"):
            await clear_retained(session, topic)
        assert session.session == 1


# --- a power cut after clearing ---------------------------------------------------------------------------


async def cleared_then_power_cut(mosquitto: Mosquitto) -> list[tuple[str, bytes]]:
    """Retain, save, clear, cut the power; what is there when the broker has come back."""
    async with retained(mosquitto, "nuki/A/lockAction", "3"), connected(a_session(mosquitto)) as session:
        mosquitto.save()
        await clear_retained(session, "nuki/A/lockAction")
        assert await look(mosquitto) == []
        mosquitto.kill()
    mosquitto.start()
    return await look(mosquitto)


async def test_with_debians_persistence_a_cleared_command_comes_back(
    start_mosquitto: Callable[..., Mosquitto],
) -> None:
    """Mosquitto writes its database every 30 minutes only. This is why ours keeps nothing."""
    mosquitto = start_mosquitto(persistence=[])
    assert await cleared_then_power_cut(mosquitto) == [("nuki/A/lockAction", b"3")]
    async with Device(mosquitto.address("lock"), "nuki/A/lockAction") as lock:
        await eventually(lambda: lock.got == [("nuki/A/lockAction", "3")])  # and it opens


async def test_with_a_broker_that_saves_every_change_it_does_not(
    start_mosquitto: Callable[..., Mosquitto],
) -> None:
    """What an owner of an external broker is asked to set."""
    mosquitto = start_mosquitto(persistence=["autosave_interval 1", "autosave_on_changes true"])
    assert await cleared_then_power_cut(mosquitto) == []
