"""What can be asked of the daemon over the control socket."""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from arni_edge import __version__
from arni_edge.control import Method
from arni_edge.daemon.actions_methods import actions_methods
from arni_edge.daemon.alarms_methods import alarms_methods
from arni_edge.daemon.codes_methods import codes_methods
from arni_edge.daemon.devices_methods import devices_methods
from arni_edge.daemon.doors_methods import doors_methods
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.ghost_methods import ghost_methods
from arni_edge.daemon.hands import LockDriver
from arni_edge.daemon.house import House
from arni_edge.daemon.members_methods import members_methods
from arni_edge.daemon.occupancy_methods import occupancy_methods
from arni_edge.daemon.outbox_methods import outbox_methods
from arni_edge.daemon.params import limit
from arni_edge.daemon.privacy_methods import privacy_methods
from arni_edge.daemon.relay_methods import relay_methods
from arni_edge.daemon.sync_methods import mirror_status, sync_methods
from arni_edge.daemon.tickets_methods import tickets_methods
from arni_edge.devices.registry import Registry
from arni_edge.devices.strike import StrikeDriver
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.domain.occupancy import Occupancy, band
from arni_edge.settings import Door
from arni_edge.storage import alarms, door_audit, outbox


def control_methods(
    base: Foundation, house: Callable[[], House], reload: Callable[[], Awaitable[None]]
) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        base: What outlives a reload.
        house: The present house.
        reload: Re-reads the configuration; raises when it is refused.
    """
    started = base.clock.monotonic()

    async def status(_: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "version": __version__,
            "pid": os.getpid(),
            "uptime_seconds": round(base.clock.monotonic() - started, 1),
            "state": base.board.overall,
            "sentence": base.board.sentence(),
            "parts": [asdict(health) for health in base.board.parts],
            **_premises(house()),
            "messages": await _counts(base),
            "outbox": await outbox.summary(base.database),
            "lines": await outbox.lines(base.database),
            "mirror": await mirror_status(base, house()),
            "alarms": [dict(row) for row in await alarms.newest(base.database, 5)],
        }

    async def reload_settings(_: Mapping[str, Any]) -> str:
        await reload()
        return "reloaded"

    async def door_log(params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [dict(row) for row in await door_audit.newest(base.database, limit(params))]

    async def message_trace(params: Mapping[str, Any]) -> dict[str, Any] | None:
        rows = await base.database.read(
            "SELECT state, trace, intent FROM inbound WHERE message_id = ?", (str(params.get("message_id")),)
        )
        return dict(rows[0]) if rows else None

    return {
        "status": status,
        "reload": reload_settings,
        **members_methods(base),
        **outbox_methods(base),
        **relay_methods(base, house),
        **sync_methods(base, house),
        **alarms_methods(base.database, base.clock, house),
        **actions_methods(base.database, house),
        **tickets_methods(base.database, house),
        **ghost_methods(lambda: house().desks.ghost.desk),
        **occupancy_methods(
            base.clock,
            lambda: house().settings,
            lambda: house().occupancy,
            lambda: house().eyes.history,
        ),
        **codes_methods(base, house),
        **doors_methods(base.catalogue, house),
        **privacy_methods(base.catalogue, lambda: house().privacy),
        **devices_methods(
            base,
            lambda: house().hands.book,
            Registry(base.database, base.clock),
            lambda: house().settings,
            lambda: house().hands,
            reload,
        ),
        "door.log": door_log,
        "messages.trace": message_trace,
    }


def _premises(house: House) -> dict[str, Any]:
    """What the organs see, without asking anybody."""
    site = house.settings.site
    total = house.occupancy.total()
    return {
        "site": {"id": site.id, "name": site.name},
        "occupancy": {
            **_figure(total),
            "band": band(total.count, site.capacity),
            "zones": {
                zone.id: {"name": zone.name, **_figure(house.occupancy.zone(zone.id))}
                for camera in house.settings.cameras
                for zone in camera.zones
            },
        },
        "cameras": {
            camera: {"state": report.state, "reason": report.reason}
            for camera, report in house.occupancy.cameras.items()
        },
        "doors": {door.id: _door(door, house.locks[door.id]) for door in house.settings.doors},
        "switches": {
            name: {"on": switch.output, "live": switch.live} for name, switch in house.hands.switches.items()
        },
        "automation": house.automation.status(),
        "processes": {
            "mosquitto": house.mosquitto.pid if house.mosquitto else None,
            "vision": house.eyes.worker.pid if house.eyes.worker else None,
        },
    }


def _door(door: Door, lock: LockDriver) -> dict[str, Any]:
    view: dict[str, Any] = {"name": door.name, "live": lock.live, "jammed": False, "last_known": None}
    if isinstance(lock, StrikeDriver):
        return {**view, "lock": LockState.UNKNOWN, "contact": DoorContact.UNKNOWN}
    return {
        **view,
        "lock": lock.state,
        "contact": lock.contact,
        "jammed": lock.jammed,
        "last_known": lock.last_known.state,
    }


def _figure(occupancy: Occupancy) -> dict[str, Any]:
    age = round(occupancy.age, 2) if occupancy.age is not None else None
    return {"count": occupancy.count, "age_seconds": age}


async def _counts(base: Foundation) -> dict[str, int]:
    rows = await base.database.read("SELECT state, count(*) AS number FROM inbound GROUP BY state")
    return {row["state"]: row["number"] for row in rows}
