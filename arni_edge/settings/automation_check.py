"""Whether the rules of the building fit the devices, doors and zones that the file names."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from arni_edge.settings.automation import Automation, Sensor
from arni_edge.settings.doors import Door, HubLock, NukiLock, Shelly

if TYPE_CHECKING:
    from arni_edge.settings.model import Settings

_Used = tuple[str, str, frozenset[str]]
"""Path of the rule, id of the Shelly that it switches, roles that such a Shelly may have."""

_LIGHTS = frozenset({"light", "path_light", "plug"})


def automation_problems(settings: "Settings") -> list[str]:
    """What makes the rules unusable: one sentence each, beginning with its path; empty when all is well."""
    automation = settings.automation
    shellies = {shelly.id: shelly for shelly in settings.shellies}
    zones = {zone.id for camera in settings.cameras for zone in camera.zones}
    return [
        *_switches(automation, shellies),
        *_sensors(automation, shellies),
        *_zones(automation, zones),
        *_doors(automation, {door.id: door for door in settings.doors}),
        *_names(automation),
        *_sense(settings, zones),
    ]


def switched_devices(automation: Automation) -> Iterator[_Used]:
    """Every Shelly that a rule switches."""
    for at, light in enumerate(automation.lights, 1):
        yield from ((f"automation.lights[{at}].devices", device, _LIGHTS) for device in light.devices)
    if automation.path_light:
        path = "automation.path_light.devices"
        yield from ((path, device, _LIGHTS) for device in automation.path_light.devices)
    if automation.closing:
        path, roles = "automation.closing.switch_off", frozenset({"light", "plug"})
        yield from ((path, device, roles) for device in automation.closing.switch_off)
    for at, heating in enumerate(automation.heating, 1):
        yield f"automation.heating[{at}].heater", heating.heater, frozenset({"heating", "plug"})
    for at, ventilation in enumerate(automation.ventilation, 1):
        yield f"automation.ventilation[{at}].fan", ventilation.fan, frozenset({"ventilation", "plug"})


def _switches(automation: Automation, shellies: dict[str, Shelly]) -> Iterator[str]:
    first: dict[str, str] = {}
    for path, device, roles in switched_devices(automation):
        shelly = shellies.get(device)
        if shelly is None:
            yield f"{path}: '{device}' has no [[shellies]] table; a rule needs its devices in the file"
            continue
        if shelly.role not in roles:
            yield (
                f"{path}: '{device}' has the role '{shelly.role}'; this rule may switch only "
                f"{_either(sorted(roles))}"
            )
        elif shelly.component == "cover":
            yield f"{path}: '{device}' is a cover; a rule can only switch on and off"
        rule = path.rpartition(".")[0]
        before = first.setdefault(device, rule)
        # A light of the path may also be a light of a room: on wins. Anything else would be a quarrel.
        shared = {before.rstrip("[0123456789]"), rule.rstrip("[0123456789]")}
        if before != rule and shared != {"automation.lights", "automation.path_light"}:
            yield f"{path}: '{device}' is switched by {before} already; two rules would quarrel about it"


def _sensors(automation: Automation, shellies: dict[str, Shelly]) -> Iterator[str]:
    for path, device in _sensing(automation):
        if device not in shellies:
            yield f"{path}: '{device}' has no [[shellies]] table; a rule needs its devices in the file"


def _sensing(automation: Automation) -> Iterator[tuple[str, str]]:
    def listed(path: str, sensors: Iterable[Sensor]) -> Iterator[tuple[str, str]]:
        return ((f"{path}.sensors", sensor.device) for sensor in sensors)

    yield from listed("automation.presence", automation.presence.sensors)
    for at, light in enumerate(automation.lights, 1):
        yield from listed(f"automation.lights[{at}]", light.sensors)
    if automation.arming:
        yield from listed("automation.arming", automation.arming.sensors)
    for at, heating in enumerate(automation.heating, 1):
        yield f"automation.heating[{at}].sensor", heating.sensor.device
    for at, fan in enumerate(automation.ventilation, 1):
        for name, sensor in (("co2", fan.co2), ("humidity", fan.humidity), ("temperature", fan.temperature)):
            if sensor is not None:
                yield f"automation.ventilation[{at}].{name}", sensor.device
    for at, watch in enumerate(automation.watches, 1):
        yield f"automation.watches[{at}].device", watch.device


def _zones(automation: Automation, known: set[str]) -> Iterator[str]:
    used = [
        *((f"automation.lights[{at}]", light.zones) for at, light in enumerate(automation.lights, 1)),
        *((f"automation.heating[{at}]", one.zones) for at, one in enumerate(automation.heating, 1)),
        *((f"automation.ventilation[{at}]", one.zones) for at, one in enumerate(automation.ventilation, 1)),
        ("automation.arming", automation.arming.zones if automation.arming else []),
    ]
    for path, zones in used:
        for zone in zones:
            if zone not in known:
                yield f"{path}.zones: no camera has a zone '{zone}'"


def _doors(automation: Automation, doors: dict[str, Door]) -> Iterator[str]:
    used = [
        ("automation.path_light.doors", automation.path_light.doors if automation.path_light else []),
        ("automation.arming.doors", automation.arming.doors if automation.arming else []),
        ("automation.closing.lock_doors", automation.closing.lock_doors if automation.closing else []),
    ]
    for path, named in used:
        for door in named:
            if door not in doors:
                yield f"{path}: there is no door '{door}'"
            elif path.endswith("lock_doors") and not _can_be_locked(doors[door]):
                yield f"{path}: '{door}' has no lock with a bolt; a strike or an opener locks by itself"


def _can_be_locked(door: Door) -> bool:
    lock = door.lock
    return isinstance(lock, NukiLock) or (isinstance(lock, HubLock) and lock.target == "lock")


def _names(automation: Automation) -> Iterator[str]:
    named = {
        "lights": [one.id for one in automation.lights],
        "heating": [one.id for one in automation.heating],
        "ventilation": [one.id for one in automation.ventilation],
        "watches": [f"{one.kind} {one.device} {one.entity or ''}".strip() for one in automation.watches],
    }
    for name, ids in named.items():
        for doubled in (one for one, times in Counter(ids).items() if times > 1):
            yield f"automation.{name}: '{doubled}' is there twice; every rule must be unique"


def _sense(settings: "Settings", zones: set[str]) -> Iterator[str]:
    automation, presence = settings.automation, settings.automation.presence
    if automation.lights and not any(light.everywhere for light in automation.lights):
        yield (
            "automation.lights: every light follows a part of the gym only; one without zones and sensors is "
            "needed, so that nobody between the zones stands in the dark"
        )
    if presence.complete and not zones and not presence.sensors:
        yield (
            "automation.presence.complete: no camera zone and no sensor sees anybody, so that nobody can "
            "know that the gym is empty"
        )
    arming = automation.arming
    if arming and not (arming.sensors or arming.doors or arming.zones or zones or settings.doors):
        yield "automation.arming: there is no sensor, no door and no zone that could notice anybody"


def _either(words: list[str]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
