"""A lock that does nothing but note when bytes arrive: a process of its own, so that it steals nobody's time.

``python -m arni_edge.simulator.bench.lock SOCKET USERNAME NUKI_ID``, the password on stdin. Every message
makes one line on stdout: nanoseconds of ``CLOCK_MONOTONIC``, which all processes share, and the payload.
"""

import os
import sys
import time
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from arni_edge.devices.nuki.codec import Action, Code, Trigger, command_topic

_COMMAND = str(int(Action.UNLATCH)).encode()


def main(socket: str, username: str, nuki_id: str) -> None:
    """Note what arrives until killed."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"Nuki_{nuki_id}",
        protocol=MQTTProtocolVersion.MQTTv311,
        transport="unix",
    )
    client.username_pw_set(username, sys.stdin.readline().strip())

    def say(topic: str, payload: str, *, qos: int = 0, retain: bool = True) -> None:
        client.publish(f"nuki/{nuki_id}/{topic}", payload, qos=qos, retain=retain)

    def on_connect(*_: Any) -> None:
        client.subscribe(command_topic(nuki_id), qos=1)

    def on_subscribe(*_: Any) -> None:
        say("connected", "true")
        say("state", str(int(Code.UNLOCKED)))

    def on_message(_client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        now = time.monotonic_ns()
        os.write(1, b"%d %s\n" % (now, message.payload))
        if message.payload == _COMMAND:
            # The motor of a dream: whoever waits for evidence does not wait for us.
            say("lockActionEvent", f"{int(Action.UNLATCH)},{int(Trigger.MQTT)},0,0,0", retain=False)
            say("state", str(int(Code.UNLATCHED)))
            say("state", str(int(Code.UNLOCKED)))

    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_message = on_message
    client.connect(socket, 1)  # a socket file has no port, but paho wants one
    client.loop_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
