"""The broker session's contract, with a real Mosquitto that is killed, frozen and started again."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from support.clock import ManualClock
from support.mosquitto import Mosquitto, free_port
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerAddress, BrokerSession, Delivery, NotSent, Received, Will
from arni_edge.broker.client import Connection
from arni_edge.broker.probe import find_retained
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable


def a_session(mosquitto: Mosquitto, *, will: Will | None = None, tcp: bool = False) -> BrokerSession:
    return BrokerSession(mosquitto.address(tcp=tcp), client_id="edge", clock=SystemClock(), will=will)


def keeper(into: list[Received]) -> Callable[[Received], "asyncio.Future[None]"]:
    async def keep(message: Received) -> None:
        into.append(message)

    return lambda message: asyncio.ensure_future(keep(message))


# --- receiving --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tcp", [False, True], ids=["unix", "tcp"])
async def test_hands_messages_to_the_handler_of_their_topic(mosquitto: Mosquitto, tcp: bool) -> None:
    locks: list[Received] = []
    lights: list[Received] = []
    session = a_session(mosquitto, tcp=tcp)
    session.subscribe(["nuki/+/state", "nuki/+/connected"], keeper(locks))
    session.subscribe(["light/status/#"], keeper(lights))
    async with connected(session), Device(mosquitto.address("lock")) as device:
        await device.publish("nuki/A/state", "1")
        await device.publish("light/status/switch:0", "{}")
        await device.publish("elsewhere", "?")
        await device.publish("nuki/A/connected", "true")
        await eventually(lambda: len(locks) == 2 and lights)
    assert locks == [
        Received("nuki/A/state", b"1", False, 1),
        Received("nuki/A/connected", b"true", False, 1),
    ]
    assert lights == [Received("light/status/switch:0", b"{}", False, 1)]


async def test_says_which_messages_are_history(mosquitto: Mosquitto) -> None:
    got: list[Received] = []
    session = a_session(mosquitto)
    session.subscribe(["nuki/A/state"], keeper(got))
    async with Device(mosquitto.address("lock")) as device:
        await device.publish("nuki/A/state", "5", retain=True)
        async with connected(session):
            await eventually(lambda: len(got) == 1)
            await device.publish("nuki/A/state", "1", retain=True)
            await eventually(lambda: len(got) == 2)
    assert [(message.payload, message.retained) for message in got] == [(b"5", True), (b"1", False)]


async def test_acknowledges_only_after_the_handler(mosquitto: Mosquitto) -> None:
    """A PUBACK before our commit loses the message when we are killed between the two."""
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(_: Received) -> None:
        entered.set()
        await leave.wait()

    session = a_session(mosquitto)
    session.subscribe(["t"], slow)
    async with connected(session), Device(mosquitto.address("lock")) as device:
        await device.publish("t", "1")
        await entered.wait()
        # An answer to something sent later proves that everything sent before has arrived.
        await session.publish("nobody", "")
        assert "PUBACK from edge" not in mosquitto.log
        leave.set()
        await eventually(lambda: "PUBACK from edge" in mosquitto.log)


async def test_no_puback_when_stopped_in_the_middle_of_a_handler(mosquitto: Mosquitto) -> None:
    entered = asyncio.Event()

    async def endless(_: Received) -> None:
        entered.set()
        await asyncio.Event().wait()

    session = a_session(mosquitto)
    session.subscribe(["t"], endless)
    async with connected(session), Device(mosquitto.address("lock")) as device:
        await device.publish("t", "1")
        await entered.wait()
    await eventually(lambda: "Client edge disconnected" in mosquitto.log)
    assert "PUBACK from edge" not in mosquitto.log


async def test_handles_messages_one_after_the_other_in_order(mosquitto: Mosquitto) -> None:
    order: list[str] = []

    async def uneven(message: Received) -> None:
        order.append(f"begin {message.payload.decode()}")
        await asyncio.sleep(0.02 if message.payload == b"0" else 0)
        order.append(f"end {message.payload.decode()}")

    session = a_session(mosquitto)
    session.subscribe(["a"], uneven)
    session.subscribe(["b"], uneven)
    async with connected(session), Device(mosquitto.address("lock")) as device:
        for number in range(100):
            await device.publish("ab"[number % 2], str(number), qos=number % 3)
        await eventually(lambda: len(order) == 200)
    numbers = [int(entry.split()[1]) for entry in order]
    assert numbers[::2] == numbers[1::2]
    # At QoS 2 the broker itself forwards later; among the others the order is that of the wire.
    assert [one for one in numbers[::2] if one % 3 != 2] == [one for one in range(100) if one % 3 != 2]


async def test_poison_is_logged_and_acknowledged(mosquitto: Mosquitto) -> None:
    got: list[bytes] = []

    async def picky(message: Received) -> None:
        if message.payload == b"poison":
            raise ZeroDivisionError
        got.append(message.payload)

    session = a_session(mosquitto)
    session.subscribe(["t"], picky)
    with capture_logs() as logs:
        async with connected(session), Device(mosquitto.address("lock")) as device:
            for _ in range(30):  # more than may be unacknowledged
                await device.publish("t", "poison")
            await device.publish("t", "food")
            await eventually(lambda: got == [b"food"])
    assert [log["event"] for log in logs].count("broker_message_not_handled") == 30


async def test_a_flood_at_qos_0_costs_no_message_at_qos_1(mosquitto: Mosquitto) -> None:
    got: list[bytes] = []
    leave = asyncio.Event()

    async def slow(message: Received) -> None:
        await leave.wait()
        got.append(message.payload)

    session = a_session(mosquitto)
    session.subscribe(["t"], slow)
    with capture_logs() as logs:
        async with connected(session), Device(mosquitto.address("lock")) as device:
            for _ in range(1100):
                await device.publish("t", "flood", qos=0)
            for _ in range(30):
                await device.publish("t", "door")
            await session.publish("nobody", "")
            leave.set()
            await eventually(lambda: got.count(b"door") == 30)
    assert 1000 <= got.count(b"flood") < 1100
    assert [log["event"] for log in logs].count("broker_inbox_full") == 1


# --- publishing -------------------------------------------------------------------------------------------


async def test_tells_accepted_from_nobody_there(mosquitto: Mosquitto) -> None:
    async with connected(a_session(mosquitto)) as session:
        assert await session.publish("cmd", "1") is Delivery.NO_SUBSCRIBER
        async with Device(mosquitto.address("lock"), "cmd") as device:
            assert await session.publish("cmd", "2") is Delivery.ACCEPTED
            await eventually(lambda: device.got == [("cmd", "2")])


async def test_tells_what_is_not_permitted(start_mosquitto: Callable[..., Mosquitto]) -> None:
    mosquitto = start_mosquitto("user arni-edge\ntopic readwrite arni/#\n")
    async with connected(a_session(mosquitto)) as session:
        with capture_logs() as logs:
            assert await session.publish("nuki/A/lockAction", "1") is Delivery.NOT_PERMITTED
        assert await session.publish("arni/x", "1") is Delivery.NO_SUBSCRIBER
    assert {"event": "publish_refused", "topic": "nuki/A/lockAction", "code": "0x87"}.items() <= logs[
        0
    ].items()


async def test_every_publish_in_flight_gets_its_own_answer(start_mosquitto: Callable[..., Mosquitto]) -> None:
    mosquitto = start_mosquitto("user arni-edge\ntopic readwrite ok/#\n\nuser lock\ntopic read ok/#\n")
    topics = ["ok/heard", "ok/unheard", "forbidden"] * 30
    async with connected(a_session(mosquitto)) as session, Device(mosquitto.address("lock"), "ok/heard"):
        answers = await asyncio.gather(*(session.publish(topic, "x") for topic in topics))
    assert answers == [Delivery.ACCEPTED, Delivery.NO_SUBSCRIBER, Delivery.NOT_PERMITTED] * 30


async def test_publishes_at_qos_0_without_an_answer(mosquitto: Mosquitto) -> None:
    async with connected(a_session(mosquitto)) as session, Device(mosquitto.address("lock"), "t") as device:
        assert await session.publish("t", b"\x00\xff", qos=0) is Delivery.ACCEPTED
        await eventually(lambda: device.raw)
    assert device.raw[0].payload == b"\x00\xff"


async def test_puts_the_expiry_on_the_wire(mosquitto: Mosquitto) -> None:
    v5 = aiomqtt.ProtocolVersion.V5
    async with (
        connected(a_session(mosquitto)) as session,
        Device(mosquitto.address("lock"), "t", protocol=v5) as device,
    ):
        await session.publish("t", "1", expiry_seconds=7)
        await session.publish("t", "2")
        await eventually(lambda: len(device.raw) == 2)
    expiries = [getattr(message.properties, "MessageExpiryInterval", None) for message in device.raw]
    assert expiries in ([7, None], [6, None])


async def test_an_expired_command_never_reaches_a_device_that_was_away(mosquitto: Mosquitto) -> None:
    """A device with a persistent session gets everything it missed, except what has expired."""
    address = mosquitto.address("lock")
    async with Device(address, "cmd", client_id="lock", clean=False):
        pass
    async with connected(a_session(mosquitto)) as session:
        await session.publish("cmd", "open", expiry_seconds=1)
        await session.publish("cmd", "state", expiry_seconds=60)
        asked = time.time()
        # Mosquitto counts in whole seconds on its wall clock.
        await eventually(lambda: time.time() > asked + 2.1)
        async with Device(address, "cmd", client_id="lock", clean=False) as device:
            await eventually(lambda: device.got)
            await session.publish("cmd", "end")
            await eventually(lambda: ("cmd", "end") in device.got)
    assert device.got == [("cmd", "state"), ("cmd", "end")]


# --- outages: a command is sent now or never ----------------------------------------------------------------


async def test_refuses_at_once_without_a_connection(mosquitto: Mosquitto) -> None:
    session = a_session(mosquitto)
    with pytest.raises(NotSent, match="nothing was sent"):
        await session.publish("cmd", "open")


async def test_nothing_asked_for_while_the_broker_is_dead_is_sent_later(mosquitto: Mosquitto) -> None:
    address = mosquitto.address("lock")
    async with connected(a_session(mosquitto)) as session:
        mosquitto.kill()
        for _ in range(3):
            with pytest.raises(Unavailable):
                await session.publish("cmd", "open")
        mosquitto.start()
        async with Device(address, "cmd") as device:
            await eventually(lambda: session.connected)
            await session.publish("cmd", "end")
            await eventually(lambda: device.got)
    assert device.got == [("cmd", "end")]


async def test_nothing_is_given_to_a_frozen_broker(mosquitto: Mosquitto) -> None:
    """What waits in the socket of a frozen broker would open the door when it wakes up."""
    async with (
        connected(a_session(mosquitto)) as session,
        Device(mosquitto.address("lock"), "cmd") as device,
    ):
        mosquitto.pause()
        with pytest.raises(NotSent, match="nothing was sent"):
            await session.publish("cmd", "open", deadline=0.3)
        assert not session.connected
        mosquitto.resume()
        await eventually(lambda: session.session > 1 and session.connected)
        await session.publish("cmd", "end")
        await eventually(lambda: device.got)
    assert device.got == [("cmd", "end")]


async def test_a_roused_broker_is_not_asked_a_second_time(mosquitto: Mosquitto) -> None:
    def asked() -> int:
        return mosquitto.log.count("Received UNSUBSCRIBE")

    async with connected(a_session(mosquitto)) as session, Device(mosquitto.address("lock"), "cmd"):
        for roused in (False, True, True):
            before = asked()
            if roused:
                session.rouse()
                session.rouse()
            assert await session.publish("cmd", "open") is Delivery.ACCEPTED
            assert asked() == before + 1
            await asyncio.sleep(0.3)  # an answer that old proves nothing any more


async def test_nothing_is_given_to_a_broker_that_froze_when_it_was_roused(mosquitto: Mosquitto) -> None:
    async with (
        connected(a_session(mosquitto)) as session,
        Device(mosquitto.address("lock"), "cmd") as device,
    ):
        mosquitto.pause()
        session.rouse()
        with pytest.raises(NotSent, match="nothing was sent"):
            await session.publish("cmd", "open", deadline=0.2)
        assert not session.connected
        mosquitto.resume()
        await eventually(lambda: session.session > 1 and session.connected)
        await session.publish("cmd", "end")
        await eventually(lambda: device.got)
    assert device.got == [("cmd", "end")]


@pytest.mark.parametrize("ending", ["resume", "kill"])
async def test_a_command_caught_in_flight_is_never_sent_again(mosquitto: Mosquitto, ending: str) -> None:
    """Frozen between sign of life and command: the broker may still deliver what it got, but only once."""
    edge, lock = mosquitto.address(), mosquitto.address("lock")
    connection = Connection(edge, client_id="edge", will=None, on_lost=lambda: None)
    async with Device(lock, "cmd") as before:
        await connection.open()
        mosquitto.pause()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await connection.send("cmd", "open", qos=1, retain=False, expiry=None)
        assert not connection.alive
        if ending == "kill":
            mosquitto.kill()
            mosquitto.start()
        else:
            mosquitto.resume()
        session = BrokerSession(edge, client_id="edge", clock=SystemClock())
        async with connected(session), Device(lock, "cmd") as after:
            await session.publish("cmd", "end")
            await eventually(lambda: ("cmd", "end") in after.got)
    assert after.got == [("cmd", "end")]
    assert before.got == ([] if ending == "kill" else [("cmd", "open"), ("cmd", "end")])


async def test_a_command_without_a_receipt_is_of_unknown_fate_and_never_sent_again(
    mosquitto: Mosquitto,
) -> None:
    """The broker shows a sign of life, then the way to it swallows the command."""
    edge = mosquitto.address(tcp=True)
    async with (
        swallowing_publishes(edge) as (port, swallowed),
        Device(mosquitto.address("lock"), "cmd") as device,
    ):
        way = BrokerAddress("127.0.0.1", port, edge.username, edge.password, None)
        session = BrokerSession(way, client_id="edge", clock=SystemClock())
        async with connected(session):
            with pytest.raises(Unavailable, match="fate of the message is unknown") as caught:
                await session.publish("cmd", "open", deadline=0.5)
            assert not isinstance(caught.value, NotSent)
            assert not session.connected
            await eventually(lambda: session.session == 2 and session.connected)
            await session.publish("cmd", "end")
            await eventually(lambda: device.got)
    assert len(swallowed) == 1
    assert device.got == [("cmd", "end")]


@contextlib.asynccontextmanager
async def swallowing_publishes(address: BrokerAddress) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A proxy that loses the first PUBLISH; gives its port and what it lost."""
    swallowed: list[bytes] = []

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            if data[0] >> 4 == 3 and b"open" in data and not swallowed:
                swallowed.append(data)
                continue
            target.write(data)
        target.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(address.host, address.port)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], swallowed
    finally:
        server.close()


async def test_a_cancelled_publish_takes_the_connection_along(mosquitto: Mosquitto) -> None:
    """Whoever gave up waiting must not be surprised by a door that opens afterwards."""
    async with connected(a_session(mosquitto)) as session:
        mosquitto.pause()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await session.publish("cmd", "open")
        assert not session.connected
        mosquitto.resume()


async def test_publishes_in_flight_fail_when_the_connection_is_lost(mosquitto: Mosquitto) -> None:
    async with connected(a_session(mosquitto)) as session:
        mosquitto.pause()
        waiting = [asyncio.ensure_future(session.publish("cmd", "open", deadline=30)) for _ in range(5)]
        await asyncio.sleep(0)
        mosquitto.kill()
        async with asyncio.timeout(10):
            done = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in done] == [NotSent] * 5


async def test_tries_every_address_of_a_name(mosquitto: Mosquitto) -> None:
    """``localhost`` is often ::1 first, where nobody listens."""
    edge = mosquitto.address()
    by_name = BrokerAddress("localhost", edge.port, edge.username, edge.password, None)
    async with connected(BrokerSession(by_name, client_id="edge", clock=SystemClock())):
        pass


# --- sessions -----------------------------------------------------------------------------------------------


async def test_comes_back_with_a_new_number_and_its_subscriptions(mosquitto: Mosquitto) -> None:
    got: list[Received] = []
    sessions: list[int] = []
    lost: list[bool] = []
    session = a_session(mosquitto)
    session.subscribe(["t"], keeper(got))

    async def begin(number: int) -> None:
        sessions.append(number)

    session.on_session(begin)
    session.on_lost(lambda: lost.append(session.connected))
    device = mosquitto.address("lock")
    async with connected(session):
        for number in (1, 2, 3):
            await eventually(lambda number=number: sessions == list(range(1, number + 1)))  # type: ignore[misc]
            async with Device(device) as talking:
                await talking.publish("t", str(number))
                await eventually(lambda number=number: len(got) == number)  # type: ignore[misc]
            if number < 3:
                mosquitto.kill()
                await eventually(lambda number=number: len(lost) == number)  # type: ignore[misc]
                mosquitto.start()
        assert session.session == 3
    assert [(message.payload, message.session) for message in got] == [(b"1", 1), (b"2", 2), (b"3", 3)]
    assert lost == [False, False, False]


async def test_one_who_fails_at_the_loss_keeps_nobody_believing(mosquitto: Mosquitto) -> None:
    lost: list[str] = []
    session = a_session(mosquitto)

    def fail() -> None:
        raise KeyError("a bug")

    session.on_lost(fail)
    session.on_lost(lambda: lost.append("heard"))
    async with connected(session):
        mosquitto.kill()
        await eventually(lambda: lost == ["heard"])
        mosquitto.start()
        await eventually(lambda: session.session == 2)


async def test_the_beginning_of_a_session_comes_before_its_messages(mosquitto: Mosquitto) -> None:
    order: list[str] = []
    session = a_session(mosquitto)

    async def begin(number: int) -> None:
        order.append(f"begin {number}")
        assert await session.publish("ask", "state?") is Delivery.ACCEPTED
        order.append("asked")

    async def handle(message: Received) -> None:
        order.append(message.payload.decode())

    session.on_session(begin)
    session.subscribe(["t", "ask"], handle)
    async with Device(mosquitto.address("lock")) as device:
        await device.publish("t", "history", retain=True)
        async with connected(session):
            await eventually(lambda: len(order) == 4)
    assert order == ["begin 1", "asked", "history", "state?"]


async def test_a_part_that_cannot_begin_does_not_keep_the_others(mosquitto: Mosquitto) -> None:
    got: list[Received] = []
    session = a_session(mosquitto)

    async def begin(_: int) -> None:
        raise Unavailable

    session.on_session(begin)
    session.subscribe(["t"], keeper(got))
    with capture_logs() as logs:
        async with connected(session):
            await session.publish("t", "1")
            await eventually(lambda: got)
    assert "broker_session_callback_failed" in [log["event"] for log in logs]


async def test_leaves_its_will_on_a_clean_stop_too(mosquitto: Mosquitto) -> None:
    session = a_session(mosquitto, will=Will("arni/x/status", "offline"))
    async with Device(mosquitto.address("lock"), "arni/x/status") as device:
        async with connected(session):
            await session.publish("arni/x/status", "online", retain=True)
        await eventually(lambda: len(device.got) == 2)
    assert device.got == [("arni/x/status", "online"), ("arni/x/status", "offline")]


async def test_reports_progress_while_the_broker_is_away(mosquitto: Mosquitto) -> None:
    beats: list[float] = []
    address = BrokerAddress("127.0.0.1", free_port(), "arni-edge", None, None)
    session = BrokerSession(address, client_id="edge", clock=SystemClock())
    async with running(lambda _: session.run(lambda: beats.append(0))):
        await eventually(lambda: len(beats) > 4)
    assert "no broker at 127.0.0.1" in session.problem


async def test_says_that_the_login_was_refused(mosquitto: Mosquitto) -> None:
    good = mosquitto.address()
    bad = BrokerAddress(good.host, good.port, good.username, SecretStr("wrong"), good.socket)
    session = BrokerSession(bad, client_id="edge", clock=SystemClock())
    async with running(session.run):
        await eventually(lambda: "refused the login" in session.problem)
    assert "wrong" not in session.problem


async def test_an_outage_is_logged_once_at_each_edge(mosquitto: Mosquitto) -> None:
    session = a_session(mosquitto)
    with capture_logs() as logs:
        async with connected(session):
            mosquitto.kill()
            await eventually(lambda: "no broker" in session.problem)
            tries = time.monotonic() + 1.5
            await eventually(lambda: time.monotonic() > tries)
            mosquitto.start()
            await eventually(lambda: session.connected)
    events = [log["event"] for log in logs]
    # Lost, and then for another reason still away.
    assert events == ["broker_connected", "broker_unavailable", "broker_unavailable", "broker_connected"]


async def test_recognises_a_second_instance(mosquitto: Mosquitto) -> None:
    session = a_session(mosquitto)
    with capture_logs() as logs:
        async with connected(session):
            for taken in range(6):
                assert not session.second_instance
                await eventually(lambda taken=taken: session.session == taken + 1 and session.connected)  # type: ignore[misc]
                async with Device(mosquitto.address(), client_id="edge"):
                    await eventually(lambda: not session.connected)
            await eventually(lambda: session.second_instance)
            await eventually(lambda: "second_instance_detected" in [log["event"] for log in logs])
    assert [log["event"] for log in logs].count("second_instance_detected") == 1


async def test_two_daemons_notice_each_other_and_the_last_one_is_free_again(mosquitto: Mosquitto) -> None:
    """More than five takeovers in a minute; when the other one has gone for so long, doors work again."""
    clock = ManualClock()
    ours, theirs = (BrokerSession(mosquitto.address(), client_id="edge", clock=clock) for _ in range(2))
    with capture_logs() as logs:
        async with running(ours.run):
            async with running(theirs.run):
                await eventually(lambda: ours.second_instance and theirs.second_instance, within=60)
            await eventually(lambda: ours.connected)
            assert ours.second_instance
            clock.advance(61)
            await eventually(lambda: not ours.second_instance)
            await eventually(lambda: "second_instance_gone" in [log["event"] for log in logs])
            assert await ours.publish("cmd", "3") is Delivery.NO_SUBSCRIBER


async def test_a_probe_beside_the_session_is_no_second_instance(mosquitto: Mosquitto) -> None:
    async with connected(a_session(mosquitto)) as session:
        for _ in range(10):
            await find_retained(mosquitto.address(), "edge-probe", ["cmd"], deadline=20)
        assert session.session == 1
        assert not session.second_instance


async def test_a_broker_that_restarts_is_no_second_instance(mosquitto: Mosquitto) -> None:
    async with connected(a_session(mosquitto)) as session:
        for number in range(1, 8):
            await eventually(lambda number=number: session.session == number and session.connected)  # type: ignore[misc]
            mosquitto.kill()
            mosquitto.start()
        assert not session.second_instance


@pytest.mark.parametrize("crowd", [0, 2], ids=["room in its line", "its line is full"])
async def test_gives_up_dialling_a_broker_that_never_answers(tmp_path: Path, crowd: int) -> None:
    """A frozen broker takes connections until its line is full, and then none."""
    address = BrokerAddress("", 0, "x", None, tmp_path / "s")
    with contextlib.ExitStack() as sockets:
        frozen = sockets.enter_context(socket.socket(socket.AF_UNIX))
        frozen.bind(str(address.socket))
        frozen.listen(1)
        for _ in range(crowd):
            sockets.enter_context(socket.socket(socket.AF_UNIX)).connect(str(address.socket))
        connection = Connection(address, client_id="edge", will=None, on_lost=lambda: None)
        with pytest.raises((TimeoutError, Unavailable)):
            async with asyncio.timeout(0.2):
                await connection.open()
        assert not connection.alive
