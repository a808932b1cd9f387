"""What staff ask of the building: how it is, who is inside, doors, lights, guard.

What has an effect goes through the executor, and stops there if it cannot be undone.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from arni_edge.actions.action import STAFF, Proposed, Started
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.daemon.doors_methods import SaysOutput, SaysState
from arni_edge.daemon.staff_ports import StaffPorts
from arni_edge.domain.errors import ArniError, InvalidInput
from arni_edge.domain.health import Health, State
from arni_edge.domain.messages import Language
from arni_edge.domain.occupancy import band
from arni_edge.domain.people import Assurance
from arni_edge.domain.staff import Button, Contact, Role, Said
from arni_edge.settings import Door
from arni_edge.vision.messages import CameraState

_MOST_TROUBLES: Final = 8
_LONGEST_REASON: Final = 120
_OUTSIDE: Final = ("relay", "whatsapp", "telegram")
"""Parts by which the house reaches the world, as the health board calls them."""

OPEN_DOOR: Final = "door.open_for_guest"
LIGHTS: Final = "lights.switch"
ARM: Final = "house.arm"
DISARM: Final = "house.disarm"


class Building:
    """Answers about the building."""

    def __init__(self, ports: StaffPorts) -> None:
        self._ports = ports
        self._text = ports.catalogue.text
        self._doors = {door.id: door for door in ports.settings.doors}

    # --- how it is ----------------------------------------------------------------------------------------

    async def status(self, who: Contact, _: str) -> Said:
        """One line that answers "how is it?", then doors, cameras, alarms and the ways out."""
        language, site = who.language, self._ports.settings.site
        now = self._ports.clock.now()
        parts = list(self._ports.board.parts)
        troubled = [part for part in parts if part.state is not State.OK]
        key = "staff.status.all_ok" if not troubled else "staff.status.some"
        lines = [
            f"{site.name}, {now.astimezone(site.zone):%H:%M}",
            self._text(key, language, ok=len(parts) - len(troubled), all=len(parts)),
            *(self._trouble(part, language) for part in troubled[:_MOST_TROUBLES]),
            *(self._door(door, language) for door in self._doors.values()),
            *self._cameras(language),
            self._text("staff.status.alarms", language, number=len(await self._ports.alarms.open())),
            *(self._way(part, language) for part in parts if part.part in _OUTSIDE),
        ]
        return Said("\n".join(lines))

    async def inside(self, who: Contact, _: str) -> Said:
        """How many are inside, how sure that is and how old, and every zone."""
        return Said("\n".join(self._inside(who.language)))

    def _inside(self, language: Language) -> Iterator[str]:
        figure, settings = self._ports.eyes.figure(), self._ports.settings
        if figure.count is None:
            why = self._text(f"occupancy_view.why.{figure.reason}", language)
            yield self._text("occupancy_view.unknown", language, why=why)
        else:
            name = self._text(f"occupancy_view.band.{band(figure.count, settings.site.capacity)}", language)
            yield self._text("occupancy_view.people", language, count=figure.count, band=name)
            yield self._text(
                f"occupancy_view.basis.{figure.basis}",
                language,
                confidence=f"{100 * figure.confidence:.0f} %",
                age=_ago(figure.age or 0.0),
            )
        for zone in (zone for camera in settings.cameras for zone in camera.zones):
            seen = self._ports.eyes.zone(zone.id)
            if seen.count is None:
                yield f"{zone.name}: {self._text('occupancy_view.unseen', language)}"
            else:
                yield f"{zone.name}: {seen.count} ({_ago(seen.age or 0.0)})"

    def _trouble(self, part: Health, language: Language) -> str:
        state = self._text(f"staff.state.{part.state}", language)
        return (
            f"• {part.part}: {state}, {self._since(part, language)}. {part.reason[:_LONGEST_REASON]}".rstrip()
        )

    def _way(self, part: Health, language: Language) -> str:
        state = self._text(f"staff.state.{part.state}", language)
        return f"{part.part}: {state}, {self._since(part, language)}"

    def _since(self, part: Health, language: Language) -> str:
        seconds = (self._ports.clock.now() - part.since).total_seconds()
        return self._text("staff.since", language, age=_ago(max(0.0, seconds)))

    def _cameras(self, language: Language) -> Iterator[str]:
        wanted = [camera.id for camera in self._ports.settings.cameras]
        states = {name: view.state for name, view in self._ports.eyes.cameras.items()}
        blind = [name for name in wanted if states.get(name) is not CameraState.OK]
        if wanted:
            seeing = len(wanted) - len(blind)
            yield self._text("staff.status.cameras", language, seeing=seeing, all=len(wanted))
        for name in blind:
            state = self._text(f"staff.camera.{states.get(name, 'silent')}", language)
            yield f"• {name}: {state}"

    # --- doors --------------------------------------------------------------------------------------------

    async def doors(self, who: Contact, wanted: str) -> Said:
        """How doors are, with a button that proposes to open each."""
        doors = [self._known_door(who, wanted)] if wanted else list(self._doors.values())
        if not doors:
            return Said(self._text("staff.door.none", who.language))
        may = who.role >= Role.STAFF and OPEN_DOOR in self._ports.executor.tools
        rows = tuple(
            (Button(self._text("staff.door.button", who.language, name=door.name), "door.open", door.id),)
            for door in doors
            if may
        )
        return Said("\n".join(self._door(door, who.language) for door in doors), rows)

    async def open_door(self, who: Contact, door: str, reason: str) -> str:
        """Propose to open a door for a reason; it opens once that is confirmed by its button."""
        known = self._known_door(who, door)
        return await self._have_done(
            who, OPEN_DOOR, {"door": known.id, "reason": reason}, "action.pressed.done"
        )

    def _door(self, door: Door, language: Language) -> str:
        lock, contact = self._ports.locks[door.id], self._ports.patrols[door.id].contact
        said = [self._text(f"staff.contact.{contact}", language)]
        if isinstance(lock, SaysState):
            said.insert(0, self._text(f"staff.lock.{lock.state}", language))
        elif isinstance(lock, SaysOutput) and lock.output is not None:
            said.insert(0, self._text(f"staff.strike.{'on' if lock.output else 'off'}", language))
        if not lock.live:
            said.append(self._text("staff.door.silent", language))
        return f"{door.name} ({door.id}): {', '.join(said)}"

    def _known_door(self, who: Contact, wanted: str) -> Door:
        found = self._doors.get(wanted.strip().lower())
        if found is None:
            known = ", ".join(self._doors) or "-"
            raise InvalidInput(self._text("staff.door.unknown", who.language, known=known))
        return found

    # --- lights and guard ---------------------------------------------------------------------------------

    async def lights(self, who: Contact, text: str) -> Said:
        """Switch one light, or all of them."""
        word, _, device = text.strip().lower().partition(" ")
        lights = [device.strip()] if device.strip() else list(self._ports.lights)
        if word not in {"on", "off"} or not set(lights) <= set(self._ports.lights):
            known = ", ".join(self._ports.lights) or "-"
            raise InvalidInput(self._text("staff.lights.usage", who.language, known=known))
        lines = []
        for name in lights:
            arguments = {"device": name, "on": word == "on"}
            try:
                done = await self._have_done(who, LIGHTS, arguments, f"staff.lights.{word}")
            except ArniError as error:  # of several, the others are switched and told all the same
                done = str(error)
            lines.append(f"{name}: {done}")
        return Said("\n".join(lines) or self._text("staff.lights.none", who.language))

    async def arm(self, who: Contact, _: str) -> Said:
        """Put the house on guard."""
        return Said(await self._have_done(who, ARM, {}, "staff.guard.armed"))

    async def disarm(self, who: Contact, _: str) -> Said:
        """Take the house off guard; it cannot be undone that nobody was told, so it is proposed first."""
        return Said(await self._have_done(who, DISARM, {}, "action.pressed.done"))

    async def _have_done(self, who: Contact, tool: str, arguments: dict[str, Any], done: str) -> str:
        """Ask the executor, and say what became of it: what it waits for, or that it is done."""
        actor = Actor(ActorKind.STAFF, who.id, STAFF, Assurance.STAFF, who.role, who.language)
        became = await self._ports.executor.do(tool, arguments, actor)
        if isinstance(became, Proposed):
            return became.question
        if isinstance(became, Started):
            return became.sentence
        unseen = getattr(became.result, "on", True) is None
        return self._text("staff.lights.unseen" if unseen else done, who.language)


def _ago(seconds: float) -> str:
    """A time span as people say it, in the coarsest unit that says something."""
    span = timedelta(seconds=round(seconds))
    if span < timedelta(minutes=2):
        return f"{span.total_seconds():.0f} s"
    if span < timedelta(hours=2):
        return f"{span.total_seconds() / 60:.0f} min"
    return f"{span.total_seconds() / 3600:.0f} h"
