"""The configuration of a box in the simulated gym, as an installer would have written it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from arni_edge.settings import DAYS
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.simulator.gateway import SimulatedGateway
from arni_edge.simulator.plan import GymPlan
from arni_edge.simulator.rtsp import CameraServer
from arni_edge.simulator.telegram import SimulatedTelegram

SITE = "sim"
GYM = "Simuliertes Studio"
CAPACITY = 12
DOOR = "front"
NUKI_ID = "2BB28570"
LIGHT = "light-floor"
SHELLY = "shellyplus1-a8032abe54dc"
SIREN = "siren-floor"
SIREN_SHELLY = "shellyplus1-a8032abe54dd"
FLOOD = "flood-showers"
FLOOD_NAME = "Wassermelder Duschen"
FLOOD_SHELLY = "shellyflood-EC64C9C1DA9A"
ON_CALL = "+4915550000001"
KIM, KIM_PHONE, KIM_TELEGRAM = "kim", "+4915550000002", 70000001
ALEX, ALEX_PHONE, ALEX_TELEGRAM = "alex", "+4915550000003", 70000002
SOS = "sos-floor"
SOS_SHELLY = "shellyplusi4-a8032abe54de"
GATEWAY_TOKEN = "sim-gateway-token"  # noqa: S105 - opens the simulated gateway only
CAMERA_USER = "viewer"
CAMERA_PASSWORD = "sim-camera"  # noqa: S105 - opens the simulated cameras only


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What the box is connected to."""

    plan: GymPlan
    cameras: tuple[CameraServer, ...]
    cloud: SimulatedCloud
    telegram: SimulatedTelegram
    gateway: SimulatedGateway
    http: Mapping[str, int] = field(default_factory=dict)
    """Ports of the Shellys' own web servers, by the ids of the settings."""
    spoken: Path = Path("/dev/null")
    """Where the loudspeaker's sound goes."""


def credentials(blueprint: Blueprint) -> dict[str, str]:
    """The credentials directory: one secret per file."""
    cloud = blueprint.cloud
    return {
        "whatsapp_access_token": cloud.access_token,
        "whatsapp_app_secret": cloud.app_secret,
        "telegram_token": blueprint.telegram.token,
        "sms_token": GATEWAY_TOKEN,
        "phone_token": GATEWAY_TOKEN,
        **{f"camera_{camera.view.name}_password": CAMERA_PASSWORD for camera in blueprint.cameras},
    }


def render_settings(
    blueprint: Blueprint, *, state: Path, runtime: Path, broker_port: int, model: Path
) -> str:
    """The TOML file."""
    cloud = blueprint.cloud
    tables: dict[str, dict[str, object]] = {
        "site": {"id": SITE, "name": GYM, "capacity": CAPACITY},
        "paths": {"state": str(state), "runtime": str(runtime)},
        "broker": {"mode": "managed", "listen_port": broker_port},
        "vision": {"model": str(model), "backend": "onnxruntime", "device": "cpu"},
        # Always open, so that a demonstration works at any hour.
        "hours": {day: ["00:00-24:00"] for day in DAYS},
        "relay": {"url": cloud.relay_url, "wait_seconds": 20.0},
        "whatsapp": {
            "phone_number_id": cloud.phone_number_id,
            "graph_url": cloud.graph_url,
            "resolve_seconds": 3.0,
        },
        "automation": {"watches": [{"kind": "leak", "device": FLOOD}]},
        "alarms": {
            "on_call": [{"name": "Bereitschaft", "phone": ON_CALL}, {"staff": KIM}],
            "acknowledge_seconds": 10.0,
            "person_down_ask_seconds": 2.0,
            "announce": True,
            "speaker": ["dd", f"of={blueprint.spoken}", "status=none"],
            "test_day": 0,
            "buttons": [{"id": SOS, "device": SOS, "entity": "input:0.state", "name": "Notknopf"}],
        },
        "telegram": {"api_url": blueprint.telegram.url},
        "sms": {"url": blueprint.gateway.url},
        "phone": {"url": blueprint.gateway.url},
    }
    lines = list(_lines(tables))
    lines += [f'[[doors]]\nid = "{DOOR}"\nname = "Haupteingang"\nreader = true']
    lines += [f'lock = {{ nuki_id = "{NUKI_ID}" }}']
    for staff, name, phone, telegram, role in (
        (KIM, "Kim", KIM_PHONE, KIM_TELEGRAM, "owner"),
        (ALEX, "Alex", ALEX_PHONE, ALEX_TELEGRAM, "owner"),
    ):
        lines += [f'[[staff]]\nid = "{staff}"\nname = "{name}"\nrole = "{role}"']
        lines += [f'phone = "{phone}"\ntelegram = {telegram}']
    for shelly, prefix, role in ((LIGHT, SHELLY, "light"), (SIREN, SIREN_SHELLY, "siren")):
        lines += [f'[[shellies]]\nid = "{shelly}"\nprefix = "{prefix}"\nrole = "{role}"']
        if shelly in blueprint.http:
            lines += [f'address = "127.0.0.1:{blueprint.http[shelly]}"']
    lines += [f'[[shellies]]\nid = "{SOS}"\nprefix = "{SOS_SHELLY}"\nrole = "button"']
    lines += [f'[[shellies]]\nid = "{FLOOD}"\nname = "{FLOOD_NAME}"\nrole = "sensor"']
    lines += [f'generation = 1\nprefix = "shellies/{FLOOD_SHELLY}"']
    for camera in blueprint.cameras:
        lines += _camera(camera)
    return "\n".join(lines) + "\n"


def _camera(camera: CameraServer) -> Iterable[str]:
    name = camera.view.name
    yield f'[[cameras]]\nid = "{name}"\nurl = "rtsp://127.0.0.1:{camera.port}/{name}"'
    yield f'username = "{CAMERA_USER}"'
    for zone, polygon in camera.view.zones.items():
        kind = "floor" if zone == "floor" else "entrance"
        corners = json.dumps([[min(1.0, max(0.0, x)), min(1.0, max(0.0, y))] for x, y in polygon])
        yield f'[[cameras.zones]]\nid = "{zone}"\nname = "{zone.title()}"\nkind = "{kind}"'
        yield f'polygon = {corners}\nlegal_basis = "simulated people"'


def _lines(tables: dict[str, dict[str, object]]) -> Iterable[str]:
    for name, values in tables.items():
        yield f"[{name}]"
        for key, value in values.items():
            yield f"{key} = {_toml(value)}"


def _toml(value: object) -> str:
    """A value as TOML; JSON's notation serves for all but inline tables."""
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
