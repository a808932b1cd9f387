"""The sentry: looks for commands that lie on the broker and would be carried out at every reconnect.

A find is an incident that names the topic. It is never cleared silently: it has been carried out already, at
each reconnect, and after a power cut of the broker a cleared one can come back. For the same reason the
incident does not end when the topic is clean again: only a person ends it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

import structlog

from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.broker.filters import matches
from arni_edge.devices import rights
from arni_edge.devices.nuki_hub import codec as hub_codec
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.doors import Incident
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.settings import Door, HubLock, NukiLock, Shelly, StrikeLock

_LOG = structlog.get_logger(__name__)

_EVERY_SECONDS: Final = 3600.0
_AGAIN_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 20.0
_PROGRESS_SECONDS: Final = 5.0
_WHAT_TO_DO: Final = "; stays until a person has removed it and cleared this"


class Found(Protocol):
    """A retained message."""

    @property
    def topic(self) -> str:
        """Where it lies."""
        ...

    @property
    def payload(self) -> bytes:
        """What it says."""
        ...


Finder = Callable[[Sequence[str]], Awaitable[Sequence[Found]]]
"""Looks what is retained on topics now, with a deadline of its own; raises :class:`Unavailable`."""


def command_topics(doors: Sequence[Door], shellies: Sequence[Shelly]) -> dict[str, Subject]:
    """Every topic, or filter of topics, on which our devices take commands, and whose trouble a find is."""
    strikes = {
        door.lock.device: Subject("door", door.id) for door in doors if isinstance(door.lock, StrikeLock)
    }
    topics = {rights.ALL_SHELLIES: Subject("device", "shellies")} if shellies else {}
    for door in doors:
        if isinstance(door.lock, NukiLock):
            commands = rights.nuki_commands(door.lock)
        else:
            commands = rights.hub_commands(door.lock.prefix) if isinstance(door.lock, HubLock) else ()
        topics |= dict.fromkeys(commands, Subject("door", door.id))
    for shelly in shellies:
        subject = strikes.get(shelly.id, Subject("device", shelly.id))
        topics |= dict.fromkeys(rights.shelly_commands(shelly.prefix, shelly.generation), subject)
    return topics


def hub_action_topics(doors: Sequence[Door]) -> frozenset[str]:
    """Where a nuki_hub itself leaves marks, retained, among the commands."""
    hubs = [door.lock.prefix for door in doors if isinstance(door.lock, HubLock)]
    return frozenset(topic for prefix in hubs for topic in rights.hub_commands(prefix))


class RetainedSentry:
    """Looks at start, after every reconnect to the broker, and every hour."""

    def __init__(
        self,
        topics: Mapping[str, Subject],
        find: Finder,
        incidents: IncidentDesk,
        *,
        marked: Collection[str] = (),
        every_seconds: float = _EVERY_SECONDS,
        again_seconds: float = _AGAIN_SECONDS,
    ) -> None:
        """Nothing is looked at before :meth:`run`.

        Args:
            topics: See :func:`command_topics`.
            find: Looks at the broker.
            incidents: Stores and tells.
            marked: Topics on which a mark of the device is no command; see :func:`hub_action_topics`.
            every_seconds: Between two looks.
            again_seconds: After a look at a broker that was away, or has just come back: whoever retains a
                command may return to it later than we do.
        """
        self._topics = topics
        self._find = find
        self._incidents = incidents
        self._marked = frozenset(marked)
        self._returned = asyncio.Event()
        self._every_seconds = every_seconds
        self._again_seconds = again_seconds

    async def on_session(self, _session: int) -> None:
        """We are connected anew, perhaps to another broker, or to one that kept what was removed from it."""
        self._returned.set()

    async def look(self) -> list[str]:
        """Look once; every find becomes an incident of its door or device.

        Returns:
            The topics on which a command lies.

        Raises:
            Unavailable: The broker is away; nothing is known.
        """
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                found = await self._find(list(self._topics))
        except TimeoutError:
            raise Unavailable(f"the broker did not answer within {_LOOK_SECONDS:g} s") from None
        topics = sorted({one.topic for one in found if self._is_command(one)})
        by_subject: dict[Subject, list[str]] = {}
        for topic in topics:
            by_subject.setdefault(self._whose(topic), []).append(topic)
        for subject, theirs in by_subject.items():
            trouble = Incident.RETAINED_COMMAND if subject.kind == "door" else DeviceTrouble.RETAINED_COMMAND
            await self._incidents.begin(subject, trouble, f"retained: {', '.join(theirs)}{_WHAT_TO_DO}")
        return topics

    async def run(self, progress: Progress) -> None:
        """Look for ever, until cancelled."""
        while True:
            pause = self._again_seconds if self._returned.is_set() else self._every_seconds
            self._returned.clear()
            try:
                await self.look()
            except Unavailable as error:
                _LOG.info("retained_commands_not_looked_for", reason=str(error))
                pause = self._again_seconds
            await self._rest(pause, progress)

    async def _rest(self, seconds: float, progress: Progress) -> None:
        """Wait, but not when the broker has come back."""
        while seconds > 0 and not self._returned.is_set():
            progress()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, _PROGRESS_SECONDS)):
                    await self._returned.wait()
            seconds -= _PROGRESS_SECONDS

    def _is_command(self, found: Found) -> bool:
        return bool(found.payload) and (
            found.topic not in self._marked or hub_codec.is_command(found.payload)
        )

    def _whose(self, topic: str) -> Subject:
        owner = next((whose for pattern, whose in self._topics.items() if matches(pattern, topic)), None)
        return owner or Subject("device", topic)
