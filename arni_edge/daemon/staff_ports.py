"""What the words of staff ask of the house: ports, so that each answer can be had without the rest of it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from arni_edge.actions.action import Action, Done, Proposed, Started
from arni_edge.actions.tool import Actor, Described
from arni_edge.conversation.ghost import GhostDesk
from arni_edge.daemon.doors_methods import Lock, Patrol
from arni_edge.domain.clock import Clock
from arni_edge.domain.health import Health
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.occupancy import Occupancy
from arni_edge.domain.staff import Button, Contact
from arni_edge.safety.model import Alarm
from arni_edge.settings import Settings
from arni_edge.storage import Database
from arni_edge.vision.headcount import Figure
from arni_edge.vision.messages import CameraState


class Board(Protocol):
    """How every part of the house is doing."""

    @property
    def parts(self) -> Sequence[Health]:
        """All of them."""
        ...


class CameraView(Protocol):
    """What the worker last said of a camera."""

    @property
    def state(self) -> CameraState:
        """How it is."""
        ...


class Eyes(Protocol):
    """Who is inside."""

    @property
    def cameras(self) -> Mapping[str, CameraView]:
        """The last live word of every camera, by id."""
        ...

    def figure(self) -> Figure:
        """People in the house, and how sure that is."""
        ...

    def zone(self, zone_id: str) -> Occupancy:
        """People in one zone."""
        ...


class Alarms(Protocol):
    """What is an alarm now."""

    async def open(self) -> Sequence[Alarm]:
        """All that nobody has ended."""
        ...

    async def drill(self, who: Contact) -> str:
        """Test the chain; returns the alarm's id."""
        ...


class AlarmWords(Protocol):
    """How an alarm reads."""

    def call(self, alarm: Alarm, language: Language) -> str:
        """What staff are told of it."""
        ...

    def buttons(self, alarm: Alarm, contact: Contact) -> tuple[tuple[Button, ...], ...]:
        """What this person can do about it."""
        ...


class Executor(Protocol):
    """The only way to an effect."""

    @property
    def tools(self) -> Mapping[str, Described]:
        """What can be asked for, by name."""
        ...

    async def do(self, name: str, arguments: Mapping[str, Any], actor: Actor) -> Done | Proposed | Started:
        """Do something, or propose it when it cannot be undone."""
        ...

    async def waiting(self) -> Sequence[Action]:
        """Everything that waits for a confirmation."""
        ...


class Tickets(Protocol):
    """What people have to do by hand."""

    async def waiting(self) -> Sequence[Mapping[str, Any]]:
        """All open ones: ``ticket_id``, ``kind``, ``text``."""
        ...


@dataclass(frozen=True, slots=True)
class StaffPorts:
    """The house as its staff can ask it.

    Attributes:
        database: Who wants quiet.
        clock: Time.
        catalogue: What they read, ``staff.*``.
        settings: Names of doors, cameras and zones; the rota.
        board: How the house is.
        eyes: Who is inside.
        locks: By door id.
        patrols: By door id.
        lights: Ids of what ``/lights`` switches.
        alarms: What is an alarm now.
        alarm_words: How that reads.
        executor: For everything that has an effect.
        tickets: What waits for hands.
        ghost: Chats.
        on_call: Who is called at a moment.
    """

    database: Database
    clock: Clock
    catalogue: Catalogue
    settings: Settings
    board: Board
    eyes: Eyes
    locks: Mapping[str, Lock]
    patrols: Mapping[str, Patrol]
    lights: Collection[str]
    alarms: Alarms
    alarm_words: AlarmWords
    executor: Executor
    tickets: Tickets
    ghost: GhostDesk
    on_call: Callable[[datetime], Sequence[Contact]]
