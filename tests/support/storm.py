"""A simulated gym whose daemon is killed again and again while people write, and what was seen of it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from arni_edge.channels.whatsapp.webhook import parse
from arni_edge.devices.nuki.codec import Action
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.simulator.blueprint import LIGHT, SIREN
from arni_edge.simulator.phones import Phone
from arni_edge.simulator.premises import MEMBERS, STRANGER, Gym
from arni_edge.simulator.report import message_figures
from support.post_mortem import Remains, contradictions, examine
from support.whatsapp import running

_MOMENT_SECONDS = 10.0
# From a decision to the lock: it may end another motion first, and the broker keeps a command for 5 s.
_COMMAND_SECONDS = 20.0
_MORE_STRANGERS = 23
_PAUSE_SECONDS = (4.0, 15.0)
"""Between two messages of one person; all of them together write three times a second."""
_MOST_PER_LIFE = 40
"""Messages of all people together between two deaths, in the mean."""
_EMERGENCY = "Hilfe, hier ist jemand bewusstlos!"
_DOOR = "Tür auf bitte"
_TALK = ("Wann habt ihr heute auf?", "Wie voll ist es gerade?", "Danke!", "Bist du ein Mensch?", "qwertz")

Moment = Callable[["Storm"], Awaitable[None]]
"""Returns at a moment that is a good one to die; it provokes the moment."""

_ACTS = (f"light/{LIGHT}", f"siren/{SIREN}")
"""What the gym does at once in an emergency."""


class Storm:
    """One gym, its people, the dice, and what was seen at each death.

    Attributes:
        gym: The gym.
        dice: Decides about everything that is left to chance; one seed, one storm.
        opened: When the lock began to act, every time.
        remains: What was found on the disk at each death.
        emergencies: Ids of the messages that report one.
    """

    def __init__(self, gym: Gym, seed: int) -> None:
        self.gym = gym
        self.dice = random.Random(seed)
        self.opened: list[datetime] = []
        self.remains: list[Remains] = []
        self.emergencies: list[str] = []
        self._written = 0
        gym.lock.executed = _Noting(self.opened)

    # --- people -----------------------------------------------------------------------------------------

    @asynccontextmanager
    async def people_writing(self) -> AsyncIterator[None]:
        """Members and strangers keep writing as long as the block lasts.

        They are many: whoever writes every second gets several answers in one message, as Meta's limit for
        one person demands, and nobody could tell by the phones that each message had its answer.
        """
        known = [self.gym.phones[name] for name in (*MEMBERS, STRANGER)]
        add = self.gym.cloud.phones.add
        others = [add(f"+491577{number:07d}", f"Stranger {number}") for number in range(_MORE_STRANGERS)]
        async with running(*(self._keep_writing(phone) for phone in (*known, *others))):
            yield

    async def _keep_writing(self, phone: Phone) -> None:
        dice = random.Random(self.dice.random())
        while True:
            await asyncio.sleep(dice.uniform(*_PAUSE_SECONDS))
            if self._written >= _MOST_PER_LIFE * (1 + len(self.remains)):
                continue  # where a life takes long, what waits would grow until nothing else got done
            self._written += 1
            chance = dice.random()
            if chance < 0.05:
                self.call_for_help(phone)
            else:
                phone.send(_DOOR if chance < 0.3 else dice.choice(_TALK), times=dice.choice((1, 1, 2, 3)))

    def ask_to_come_in(self) -> None:
        """A member asks for the door."""
        self.gym.phones[self.dice.choice(MEMBERS)].send(_DOOR)

    def call_for_help(self, phone: Phone) -> None:
        """Somebody reports an emergency; Meta delivers it more than once."""
        self.emergencies.append(phone.send(_EMERGENCY, times=2))

    # --- deaths -----------------------------------------------------------------------------------------

    async def die_at(self, moment: Moment) -> None:
        """Wait for a moment, kill the daemon, look at what is left, and start the next life."""
        # A moment that does not come (a lock that has not found its broker) is as good as any other.
        with suppress(TimeoutError):
            async with asyncio.timeout(_MOMENT_SECONDS):
                await moment(self)
        await self.gym.box.kill()
        self.gym.cloud.graph.answer_delay = 0.0
        self.look()
        await self.gym.box.start()

    def look(self) -> None:
        """Take notes of what is on the disk; the daemon must not run."""
        remains = examine(self.gym.box.folder / "state")
        if self.remains:
            assert contradictions(self.remains[-1], remains) == []
        assert len(self.opened) <= len(remains.commands), "the lock acted without a command on file"
        self.remains.append(remains)

    # --- the calm afterwards ------------------------------------------------------------------------------

    async def end(self, within: float) -> None:
        """Wait until everybody has an answer and the box has nothing left to do; then judge."""
        deadline = time.monotonic() + within
        while unfinished := await self._unfinished():
            assert time.monotonic() < deadline, unfinished
            await asyncio.sleep(0.1)
        await self.gym.box.stop()
        self.look()
        await self._assert_nothing_acknowledged_was_lost()
        self._assert_answered_once()
        self._assert_alarmed_once()
        self._assert_opened_by_command()

    async def _unfinished(self) -> str:
        """What is still to be done, as a reason for the test; empty when nothing is."""
        try:
            status = await self.gym.box.ask("status")
            alarms = await self.gym.box.ask("alarms.log", limit=1000)
        except ArniError as error:
            return f"the daemon does not answer: {error}"
        figures = message_figures(self.gym.cloud.phones)
        messages, outbox = status["messages"], status["outbox"]
        silent = sum(not set(_ACTS) <= _done(alarm) for alarm in alarms)
        if (
            not figures["lost"]
            and messages.keys() == {"handled"}
            and outbox.keys() == {"sent"}
            and not silent
        ):
            return ""
        return f"{figures}, inbound {messages}, outbox {outbox}, {silent} alarms unrecorded"

    async def _assert_nothing_acknowledged_was_lost(self) -> None:
        """At every death all messages before the cursor were on the disk."""
        sequences = await self._first_deliveries()
        for remains in self.remains:
            acknowledged = {name for name, sequence in sequences.items() if sequence <= remains.cursor}
            assert not acknowledged - remains.inbound.keys(), "acknowledged and lost"

    async def _first_deliveries(self) -> dict[str, int]:
        """Where in the relay's log each message came first."""
        log, phone_number_id = self.gym.cloud.relay.log, self.gym.cloud.phone_number_id
        sequences: dict[str, int] = {}
        last = 0
        while last < log.newest:
            for event in await log.after(last):
                last = event.sequence
                assert event.body is not None
                for item in parse(event.body, event.received_at, phone_number_id):
                    if isinstance(item, InboundMessage):
                        sequences.setdefault(item.message_id, last)
        return sequences

    def _assert_answered_once(self) -> None:
        figures = message_figures(self.gym.cloud.phones)
        assert (figures["lost"], figures["doubled"]) == (0, 0), figures
        # This one also knows of the calls to the person on call, which answer no message.
        assert self.gym.cloud.counters["doubled"] == 0

    def _assert_alarmed_once(self) -> None:
        last = self.remains[-1]
        raised = [last.inbound[message]["trace"] for message in self.emergencies]
        assert raised == ["safety"] * len(self.emergencies), raised
        # Whoever says it again within minutes speaks of the same alarm.
        assert last.reports.keys() == {_key(message) for message in self.emergencies}
        assert last.alarms.keys() <= last.reports.keys()
        known = {row["alarm_id"] for row in last.alarms.values()}
        assert {row["alarm_id"] for row in last.reports.values()} == known
        done = {(row["alarm_id"], row["sink"]) for row in last.sinks.values() if row["state"] == "done"}
        assert done >= {(row["alarm_id"], act) for row in last.alarms.values() for act in _ACTS}, last.sinks

    def _assert_opened_by_command(self) -> None:
        """Every act of the lock has a command of its own, and every command its end."""
        last = self.remains[-1]
        assert {row["state"] for row in last.door.values()} <= {"denied", "ended"}
        assert all(row["state"] == "denied" for row in last.door.values() if row["member_id"] is None)
        commands = [datetime.fromisoformat(row["at"]) for row in last.commands]
        for opened in self.opened:
            while commands and (opened - commands[0]).total_seconds() > _COMMAND_SECONDS:
                commands.pop(0)
            assert commands, "the lock acted without a command"
            assert commands.pop(0) <= opened, "the lock acted before it was told to"
        # Two who ask while one opening is under way share it.
        confirmed = [
            row
            for row in last.commands
            if row["outcome"] == "confirmed" and not row["evidence"].endswith("(joined)")
        ]
        assert len(confirmed) <= len(self.opened)


def _done(alarm: dict[str, Any]) -> set[str]:
    return {sink["sink"] for sink in alarm["sinks"] if sink["state"] == "done"}


def _key(message_id: str) -> str:
    return InboundMessage(Channel.WHATSAPP, message_id, "", "", datetime.now(UTC)).key


class _Noting(list[Action]):
    """The lock's list of acts, which also keeps their times."""

    def __init__(self, times: list[datetime]) -> None:
        super().__init__()
        self._times = times

    def append(self, action: Action) -> None:
        super().append(action)
        self._times.append(SystemClock().now())
