"""Fails when an upgrade of aiomqtt or paho takes away something that the adapter reaches into."""

import asyncio
import inspect

import aiomqtt
import paho.mqtt.client as paho
import pytest
from support.mosquitto import Mosquitto

from arni_edge.broker.client import Connection
from arni_edge.domain.errors import Unavailable


@pytest.mark.parametrize(
    ("hook", "parameters"),
    [
        ("_on_message", ["self", "client", "userdata", "message"]),
        ("_on_publish", ["self", "client", "userdata", "mid", "reason_code", "properties"]),
        ("_on_subscribe", ["self", "client", "userdata", "mid", "reason_codes", "properties"]),
        ("_on_unsubscribe", ["self", "client", "userdata", "mid", "reason_codes", "properties"]),
        ("_on_disconnect", ["self", "client", "userdata", "flags", "reason_code", "properties"]),
        ("_on_socket_register_write", ["self", "client", "userdata", "sock"]),
        ("_on_socket_close", ["self", "client", "userdata", "sock"]),
        ("_client_connect", ["self"]),
    ],
)
def test_aiomqtt_still_has_the_hook(hook: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(aiomqtt.Client, hook)).parameters) == parameters


def test_message_can_be_made_from_a_message_of_paho() -> None:
    message = paho.MQTTMessage(mid=5, topic=b"a/b")
    message.payload = b"x"
    made = aiomqtt.Message._from_paho_message(message)
    assert (made.topic.value, made.payload, made.mid) == ("a/b", b"x", 5)


@pytest.mark.parametrize(
    "name",
    ["ack", "manual_ack_set", "is_connected", "loop_write", "_create_socket", "_sock_close", "disconnect"],
)
def test_paho_still_has_what_is_called(name: str) -> None:
    assert callable(getattr(paho.Client, name))


async def test_every_hook_is_wired(mosquitto: Mosquitto) -> None:
    """An override that paho no longer calls would be silent: each one must leave its trace."""
    lost: list[bool] = []
    connection = Connection(
        mosquitto.address(), client_id="edge", will=None, on_lost=lambda: lost.append(True)
    )
    assert connection._client._manual_ack
    assert len(connection._client._out_packet) == 0
    async with asyncio.timeout(20):
        await connection.open()
        assert await connection.subscribe_to(["t"]) == []
        await connection.sign_of_life()
        assert await connection.send("nobody", "", qos=1, retain=False, expiry=None) == 0x10
        assert await connection.send("t", "x", qos=1, retain=False, expiry=None) == 0
        message = await connection.receive(10)
        assert message is not None
        assert message.payload == b"x"
        connection.acknowledge(message)
        mosquitto.kill()
        with pytest.raises(Unavailable):
            await connection.receive(10)
    assert connection.thrown_out
    assert not connection._disconnected.cancelled()
    assert lost == [True]
