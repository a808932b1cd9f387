"""The words by which staff ask the house something, whatever the channel; ``/help`` is the channel's."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from arni_edge.daemon.staff_building import Building
from arni_edge.daemon.staff_ports import StaffPorts
from arni_edge.daemon.staff_work import Work
from arni_edge.domain.staff import Contact, Role, Said, StaffAct, StaffCommand

_LONGEST: Final = 4000
"""Characters; Telegram takes 4096."""

Ask = Callable[[Contact, str], Awaitable[Said]]


def staff_commands(ports: StaffPorts) -> Mapping[str, StaffCommand]:
    """All words, without their slash."""
    building, work = Building(ports), Work(ports)
    viewers: dict[str, Ask] = {
        "status": building.status,
        "who": building.inside,
        "alarms": work.alarms,
        "rota": work.rota,
        "quiet": work.quiet,
    }
    staff: dict[str, Ask] = {
        "door": building.doors,
        "lights": building.lights,
        "arm": building.arm,
        "disarm": building.disarm,
        "ghost": work.ghost,
        "say": work.say,
        "approvals": work.approvals,
        "tickets": work.tickets,
        "test": work.test,
    }
    roles = dict.fromkeys(viewers, Role.VIEWER) | dict.fromkeys(staff, Role.STAFF)
    return {
        word: StaffCommand(roles[word], _bounded(ask), f"staff.help.{word}")
        for word, ask in (viewers | staff).items()
    }


def staff_command_acts(ports: StaffPorts) -> Mapping[str, StaffAct]:
    """What the buttons under answers do that belongs to no desk."""
    return {"door.open": StaffAct(Role.STAFF, Building(ports).open_door, "staff.door.reason")}


def _bounded(ask: Ask) -> Ask:
    async def answer(who: Contact, text: str) -> Said:
        said = await ask(who, text)
        if len(said.text) <= _LONGEST:
            return said
        return replace(said, text=f"{said.text[: _LONGEST - 1]}…")

    return answer
