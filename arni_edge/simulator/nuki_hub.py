"""A simulated nuki_hub with a lock or an Opener behind it, as the firmware's source shows it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from arni_edge.broker import BrokerAddress, Will
from arni_edge.devices.nuki_hub.codec import ANSWERS, BLANKS, DEAF_SECONDS, PRESENCE, UNLATCH, Target
from arni_edge.simulator.mqtt_device import Identity, MqttDevice
from arni_edge.simulator.nuki import Leaf

_TRIES = 4  # the first and three more, the firmware's default

_ACTIONS: dict[Target, frozenset[str]] = {
    "lock": frozenset({"unlock", "lock", "unlatch", "lockNgo", "lockNgoUnlatch", "fullLock"}),
    "opener": frozenset(
        {"electricStrikeActuation", "activateRTO", "deactivateRTO", "activateCM", "deactivateCM"}
    ),
}
_OPENING: dict[Target, tuple[str, str, str]] = {
    "lock": ("unlatching", "unlatched", "unlocked"),
    "opener": ("opening", "open", "locked"),
}
"""The states of an opening: on the way, open, at rest again."""


@dataclass(frozen=True, slots=True)
class HubTiming:
    """Seconds.

    Attributes:
        bluetooth: For one try to reach the Nuki device.
        opening: Until the latch or strike is released.
        hold: How long it is.
        ring: How long the bell's topic says so; 2 in the firmware.
        deaf: After a connect, in which commands are thrown away; 6 in the firmware.
    """

    bluetooth: float = 0.8
    opening: float = 0.5
    hold: float = 3.0
    ring: float = 2.0
    deaf: float = DEAF_SECONDS


class SimulatedNukiHub(MqttDevice):
    """One hub with one Nuki device.

    Attributes:
        state: What the Nuki device was last heard to say, in the hub's words.
        executed: Every command that the Nuki device has carried out, in order: the truth for tests.
        unreachable: So many tries by Bluetooth fail from now on.
        completion: How the Nuki device will end its next action.
        lose_states: What the device says of its states does not get through.
    """

    def __init__(
        self,
        prefix: str,
        target: Target,
        address: BrokerAddress,
        leaf: Leaf,
        *,
        seed: int = 0,
        keepalive: int = 60,
        timing: HubTiming | None = None,
        reconnect: tuple[float, float] = (0.5, 10.0),
    ) -> None:
        """Plug the hub in, in a running event loop; it lives in :meth:`run`.

        Args:
            prefix: Of its topics.
            target: Which Nuki device is behind it.
            address: Of the broker.
            leaf: Gets its latch released.
            seed: For the pauses before a reconnect.
            keepalive: Seconds; 60 in real hubs.
            timing: How long things take.
            reconnect: Shortest and longest pause before a reconnect.
        """
        will = Will(f"{prefix}/{PRESENCE}", "offline", retain=True, qos=1)
        super().__init__(address, Identity(f"nukihub-{prefix}", keepalive, will, reconnect), seed=seed)
        self._prefix = prefix
        self._target = target
        self._leaf = leaf
        self._timing = timing or HubTiming()
        self._loop = asyncio.get_running_loop()
        self._connected_at = 0.0
        self._work: asyncio.Task[None] | None = None
        self._said_completion = ""
        self.state = _OPENING[target][2]
        self.executed: list[str] = []
        self.unreachable = 0
        self.completion = "success"
        self.lose_states = False

    def press_bell(self) -> None:
        """Somebody rings; nothing opens by that."""
        self._say("ring", "ring" if self.state == "RTOactive" else "ringlocked")
        self._say("binaryRing", "ring")
        self._loop.call_later(self._timing.ring, self._end_ring)

    def _end_ring(self) -> None:
        self._say("ring", "standby")
        self._say("binaryRing", "standby")

    # --- the connection ---------------------------------------------------------------------------------

    def topics(self) -> Sequence[tuple[str, int]]:
        """Its command topics, at QoS 1."""
        return [(f"{self._prefix}/{self._target}/{name}", 1) for name in ("action", "query/lockstate")]

    def on_connected(self) -> None:
        """Wipe its command topics, and say how it is; everything is retained."""
        self._connected_at = self._loop.time()
        for name, blank in (("action", "--"), ("query/lockstate", "0"), ("retry", "0"), ("ring", "standby")):
            self._say(name, blank)
        self.send(f"{self._prefix}/{PRESENCE}", "online", qos=1, retain=True)
        self._say_state()

    def on_message(self, topic: str, payload: bytes) -> None:
        """Take a command, unless it has only just connected."""
        text = payload.decode(errors="replace")
        if text in BLANKS | ANSWERS or self._loop.time() - self._connected_at < self._timing.deaf:
            return
        if topic.endswith("/query/lockstate"):
            self._say("query/lockstate", "0")
            self._say_state()
        elif text not in _ACTIONS[self._target]:
            self._answer("unknown_action")
        else:
            self._answer("ack")
            if self._work is not None:
                self._work.cancel()
            self._work = self.spawn(self._carry_out(text))

    # --- the Nuki device --------------------------------------------------------------------------------

    async def _carry_out(self, action: str) -> None:
        for tried in range(1, _TRIES + 1):
            await asyncio.sleep(self._timing.bluetooth)
            if not self.unreachable:
                break
            self.unreachable -= 1
            self._say("commandResult", "timeOut")
            self._say("retry", str(tried))
        else:
            self._say("retry", "failed")
            return
        self._say("commandResult", "success")
        self._say("retry", "--")
        await self._act(action)

    async def _act(self, action: str) -> None:
        on_the_way, open_, at_rest = _OPENING[self._target]
        if self.completion != "success":
            self._complete()
        elif action == UNLATCH[self._target]:
            self._enter(on_the_way)
            await asyncio.sleep(self._timing.opening)
            self.executed.append(action)
            self._leaf.release_latch(self._timing.hold)
            self._enter(open_)
            self._complete()
            await asyncio.sleep(self._timing.hold)
            self._enter(at_rest)
        else:
            self.executed.append(action)
            self._complete()

    def _enter(self, state: str) -> None:
        self.state = state
        self._say_state()

    # --- what it says -----------------------------------------------------------------------------------

    def _complete(self) -> None:
        """Published on the change only, as the firmware does."""
        if self._said_completion != self.completion:
            self._said_completion = self.completion
            self._say("completionStatus", self.completion)

    def _say_state(self) -> None:
        if not self.lose_states:
            self._say("state", self.state)

    def _say(self, name: str, payload: str) -> None:
        self.send(f"{self._prefix}/{self._target}/{name}", payload, qos=1, retain=True)

    def _answer(self, word: str) -> None:
        self.send(f"{self._prefix}/{self._target}/action", word, qos=1)
