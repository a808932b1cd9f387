"""A simulated Nuki Smart Lock with its own MQTT, as the vendor's API 1.5 and real locks show it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from arni_edge.broker import BrokerAddress, Will
from arni_edge.devices.nuki.codec import Action, Code, Response, SensorCode, Trigger
from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.simulator.mqtt_device import Identity, MqttDevice


class Leaf(Protocol):
    """The door leaf that the lock sits on."""

    is_open: bool
    listeners: list[Callable[[bool], None]]

    def release_latch(self, seconds: float) -> None:
        """Hold the latch back for that long."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that the motor takes.

    Attributes:
        turn: Bolt out or in.
        unlatch: Until the latch is pulled.
        hold: How long the latch is held (a setting of real locks, 1 to 30).
        lock_n_go: Between unlocking and locking by itself (a setting, 5 to 60).
        jam_shown: About 10 s, then the lock says something else although nothing was repaired.
        drop: Until the quirk of ``drop_on_command`` drops the connection.
    """

    turn: float = 1.5
    unlatch: float = 1.0
    hold: float = 3.0
    lock_n_go: float = 20.0
    jam_shown: float = 10.0
    drop: float = 1.0


_TURNING = frozenset({Code.UNLOCKING, Code.LOCKING, Code.UNLATCHING})

Step = tuple[Code, float]
"""A state, and how long it lasts; 0 for a resting state."""


class SimulatedNuki(MqttDevice):
    """One lock on one door.

    Attributes:
        state: What it says of itself.
        executed: Every action that it has begun, in order: the truth for tests.
        deny_locking: "Allow locking" is off in the app: from its next connection on it hears no commands.
        drop_on_command: Quirk of a 3.0 Pro: about a second after a command it drops the connection instead of
            acting.
        lose_qos0: All state topics get lost on their way.
    """

    def __init__(
        self,
        nuki_id: str,
        address: BrokerAddress,
        leaf: Leaf,
        *,
        knob_door: bool = True,
        seed: int = 0,
        keepalive: int = 300,
        timing: Timing | None = None,
        clock: Clock | None = None,
        reconnect: tuple[float, float] = (0.5, 10.0),
    ) -> None:
        """Mount the lock, in a running event loop; it lives in :meth:`run`.

        Args:
            nuki_id: As printed on it, for instance ``2BB28570``.
            address: Of the broker.
            leaf: Gets its latch released, and says when it opens and closes. May call from another thread.
            knob_door: A knob outside: then the simple action ``unlock`` opens.
            seed: For the motor's times and the pauses before a reconnect.
            keepalive: Seconds; 300 in real locks.
            timing: How long the motor takes.
            clock: For ``timestamp``.
            reconnect: Shortest and longest pause before a reconnect; not known of real locks.
        """
        will = Will(f"nuki/{nuki_id}/connected", "false", retain=True, qos=0)
        identity = Identity(f"Nuki_{nuki_id}", keepalive, will, reconnect)
        super().__init__(address, identity, seed=seed)
        self._id = nuki_id
        self._leaf = leaf
        self._knob_door = knob_door
        self._timing = timing or Timing()
        self._clock = clock or SystemClock()
        self._motor: asyncio.Task[None] | None = None
        self._jammed = False
        self._loop = asyncio.get_running_loop()
        self.state = Code.UNLOCKED
        self.executed: list[Action] = []
        self.deny_locking = False
        self.drop_on_command = False
        self.lose_qos0 = False
        leaf.listeners.append(self._on_leaf)

    # --- people and faults ------------------------------------------------------------------------------

    def jam(self) -> None:
        """Block the motor: the next motion ends in state 254."""
        self._jammed = True

    def repair(self) -> None:
        """Free the motor."""
        self._jammed = False

    def press_button(self, action: Action = Action.UNLATCH) -> None:
        """Somebody inside presses the lock's button."""
        self._start(action, Trigger.BUTTON, context=1)

    def enter_code(self, auth: int, code: int) -> None:
        """Somebody outside enters a valid keypad code. A wrong one is never published."""
        self._start(Action.UNLATCH, Trigger.SYSTEM, auth=auth, code=code, context=1)

    # --- the connection ---------------------------------------------------------------------------------

    def topics(self) -> Sequence[tuple[str, int]]:
        """The control topics, at QoS 2."""
        names = () if self.deny_locking else ("lockAction", "lock", "unlock")
        # A subscription of nothing is not allowed by the protocol; its own will is the least it may read.
        return [(f"nuki/{self._id}/{name}", 2) for name in names] or [(f"nuki/{self._id}/connected", 0)]

    def on_connected(self) -> None:
        """Publish every state topic, retained."""
        states = {
            "connected": "true",
            "state": str(int(self.state)),
            "mode": "2",
            "doorsensorState": self._sensor(),
            "batteryCritical": "false",
            "batteryChargeState": "84",
            "batteryCharging": "false",
            "serverConnected": "true",
            "deviceType": "4",
            "name": "Simulated door",
            "firmware": "4.4.3",
        }
        for name, payload in states.items():
            self._publish(name, payload)
        self._publish_time()

    def on_message(self, topic: str, payload: bytes) -> None:
        """Carry a command out, retained or not, however old."""
        name = topic.rsplit("/", 1)[-1]
        action = self._action(name, payload)
        if action is None:
            if name == "lockAction" and payload:
                self._respond(Response.BAD_PARAMETER)
        elif self.drop_on_command:
            self._loop.call_later(self._timing.drop, self.drop_connection)
        elif not self._start(action, Trigger.MQTT):
            self._respond(Response.BUSY)

    def on_power_lost(self) -> None:
        """The motor stops, and the spring takes the latch back."""
        if self._motor is not None:
            self._motor.cancel()
        if self.state in _TURNING or self.state is Code.UNLATCHED:
            self.state = Code.UNLOCKED

    def _action(self, name: str, payload: bytes) -> Action | None:
        if name == "lockAction":
            return next((action for action in Action if payload == b"%d" % action), None)
        if payload != b"true":
            return None
        if name == "lock":
            return Action.LOCK
        return {"unlock": Action.UNLATCH if self._knob_door else Action.UNLOCK}.get(name)

    # --- the motor --------------------------------------------------------------------------------------

    def _start(
        self, action: Action, trigger: Trigger, *, auth: int = 0, code: int = 0, context: int = 0
    ) -> bool:
        """Begin an action.

        Returns:
            False if the motor turns already; actions are not queued. While the latch is held it does not
            turn: an unlatch is a pulse and may begin anew.
        """
        if self.state in _TURNING or not self.powered:
            return False
        if self._motor is not None:
            self._motor.cancel()
        self._event(f"{action:d},{trigger:d},{auth},{code},{context}")
        self._motor = self.spawn(self._carry_out(action, by_mqtt=trigger is Trigger.MQTT))
        return self._motor is not None

    async def _carry_out(self, action: Action, *, by_mqtt: bool) -> None:
        before = self.state
        self.executed.append(action)
        answered = not by_mqtt
        for state, usual in self._steps(action):
            seconds = usual * self.dice.uniform(0.9, 1.1)
            self._enter(state)
            if self._jammed and state in _TURNING:
                await self._show_jam(before, seconds / 2, by_mqtt=by_mqtt)
                return
            if not answered:
                answered = True
                self._respond(Response.SUCCESS)
            if state is Code.UNLATCHED:
                self._leaf.release_latch(seconds)
            await asyncio.sleep(seconds)

    def _steps(self, action: Action) -> Iterator[Step]:
        timing, locked = self._timing, self.state is Code.LOCKED
        if action in {Action.LOCK, Action.FULL_LOCK}:
            yield from ((Code.LOCKING, timing.turn), (Code.LOCKED, 0.0))
            return
        if locked or action is Action.UNLOCK:
            yield (Code.UNLOCKING, timing.turn)
        if action in {Action.UNLATCH, Action.LOCK_N_GO_UNLATCH}:
            yield from ((Code.UNLATCHING, timing.unlatch), (Code.UNLATCHED, timing.hold))
        if action in {Action.LOCK_N_GO, Action.LOCK_N_GO_UNLATCH}:
            yield (Code.UNLOCKED_LOCK_N_GO, timing.lock_n_go)
            yield from ((Code.LOCKING, timing.turn), (Code.LOCKED, 0.0))
        else:
            yield (Code.UNLOCKED, 0.0)

    async def _show_jam(self, before: Code, trying: float, *, by_mqtt: bool) -> None:
        await asyncio.sleep(trying)
        if by_mqtt:
            self._respond(Response.MOTOR_BLOCKED)
        self._enter(Code.MOTOR_BLOCKED)
        await asyncio.sleep(self._timing.jam_shown)
        self._enter(before)

    # --- what it says -----------------------------------------------------------------------------------

    def _enter(self, state: Code) -> None:
        self.state = state
        self._publish("state", str(int(state)))
        self._publish_time()

    def _on_leaf(self, _is_open: bool) -> None:
        # The world may move its door in a thread of its own.
        self._loop.call_soon_threadsafe(self._publish_leaf)

    def _publish_leaf(self) -> None:
        self._publish("doorsensorState", self._sensor())
        self._publish_time()

    def _sensor(self) -> str:
        return str(int(SensorCode.OPEN if self._leaf.is_open else SensorCode.CLOSED))

    def _publish(self, name: str, payload: str) -> None:
        if not self.lose_qos0:
            self.send(f"nuki/{self._id}/{name}", payload, qos=0, retain=True)

    def _publish_time(self) -> None:
        self._publish("timestamp", self._clock.now().isoformat(timespec="seconds"))

    def _event(self, payload: str) -> None:
        self.send(f"nuki/{self._id}/lockActionEvent", payload, qos=2)

    def _respond(self, response: Response) -> None:
        self.send(f"nuki/{self._id}/commandResponse", str(int(response)), qos=2)
