"""``arni-edge devices set`` over a real control socket: the house's own drivers, simulated devices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs
from support.database import open_database
from support.devices import plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import connected, running
from support.waiting import eventually
from typer.testing import CliRunner

from arni_edge.broker import BrokerSession
from arni_edge.broker.managed import ManagedMosquitto
from arni_edge.bus import Bus
from arni_edge.cli.app import app
from arni_edge.control import ControlServer
from arni_edge.daemon.devices_methods import devices_methods
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.hands import Hands, build_hands
from arni_edge.devices.registry import Registry
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.i18n import Catalogue
from arni_edge.settings import Settings
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_gen1_movers import SimulatedLightGen1, SimulatedRollerGen1
from arni_edge.simulator.shelly_movers import Light
from arni_edge.simulator.shelly_parts import Input
from arni_edge.storage.audit import AuditLog, keep_key
from arni_edge.supervision import HealthBoard

LAMP, BLIND = "shellydimmer2-E098068D0E70", "shellyswitch25-3494546BBF7E"
SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio", "capacity": 10},
        "doors": [{"id": "back", "name": "Back", "lock": {"kind": "strike", "device": "buzzer"}}],
        "shellies": [
            {"id": "siren", "prefix": "gym/siren", "role": "siren"},
            {"id": "buzzer", "prefix": "gym/buzzer", "role": "strike"},
            {"id": "rain", "prefix": "gym/rain", "role": "sensor"},
            {"id": "mood", "prefix": "gym/mood", "role": "light", "component": "rgbw"},
            {
                "id": "lamp",
                "prefix": f"shellies/{LAMP}",
                "role": "light",
                "component": "light",
                "generation": 1,
            },
            {"id": "blind", "prefix": f"shellies/{BLIND}", "role": "cover", "generation": 1},
        ],
    }
)


@dataclass
class Desk:
    """A house as far as its hands are concerned, the devices in it, and the command beside it."""

    config: Path
    hands: Hands
    siren: SimulatedShellyGen2
    buzzer: SimulatedShellyGen2
    mood: Light
    lamp: SimulatedLightGen1
    blind: SimulatedRollerGen1
    sounded: list[bool]
    logs: list[Any]

    async def set(self, *words: str) -> tuple[int, str]:
        """Type a command; returns its exit code and what it printed."""
        arguments = ["devices", "set", *words, "--config", str(self.config)]
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        said = "" if isinstance(result.exception, SystemExit | None) else str(result.exception)
        return result.exit_code, result.output + said

    async def ask(self, *words: str) -> tuple[int, dict[str, Any]]:
        code, text = await self.set(*words, "--json")
        return code, orjson.loads(text)


@asynccontextmanager
async def a_desk(mosquitto: Mosquitto, folder: Path) -> AsyncIterator[Desk]:
    for account in ("arni-edge", "shelly"):
        mosquitto.address(account)
    config = folder / "arni.toml"
    config.write_text(f'[paths]\nruntime = "{folder}"\n')
    clock, bus, sounded = SystemClock(), Bus(), list[bool]()
    async with open_database(folder / "arni.db") as database, AsyncExitStack() as stack:
        # Not to the standard output, which the command has for itself meanwhile.
        logs = stack.enter_context(capture_logs())
        base = Foundation(
            database,
            clock,
            bus,
            HealthBoard(bus, clock),
            Catalogue.load(),
            ManagedMosquitto(folder / "unused"),
            AuditLog(keep_key(folder / "audit-key")),
        )
        session = BrokerSession(mosquitto.address(), client_id="edge", clock=clock)
        hands = build_hands(SETTINGS, base, session, mosquitto.address())

        async def changed() -> None:
            raise AssertionError("trying a device changes nothing")

        methods = devices_methods(
            base, lambda: hands.book, Registry(database, clock), lambda: SETTINGS, lambda: hands, changed
        )
        control = ControlServer(folder / "control.sock", methods)
        there, mood = mosquitto.address("shelly", tcp=True), Light("rgbw")
        devices = (
            SimulatedShellyGen2("gym/siren", "s1", there, sounded.append, latency=0.01),
            SimulatedShellyGen2("gym/buzzer", "b1", there, latency=0.01),
            SimulatedShellyGen2("gym/mood", "m1", there, parts=[Input(0), mood], latency=0.01),
            SimulatedLightGen1(LAMP, there),
            SimulatedRollerGen1(BLIND, there, travel_seconds=60.0),
        )
        for run in (*(child.run for child in hands.children), control.run):
            await stack.enter_async_context(running(run))
        await stack.enter_async_context(connected(session))
        for device in devices:
            await stack.enter_async_context(plugged_in(device))
        siren, buzzer, _, lamp, blind = devices
        await eventually((folder / "control.sock").exists)
        await eventually(lambda: all(one.live and one.output is not None for one in hands.switches.values()))
        await eventually(lambda: hands.covers["blind"].position is not None)
        yield Desk(config, hands, siren, buzzer, mood, lamp, blind, sounded, logs)


async def test_what_was_adopted_can_be_tried_out(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_desk(mosquitto, tmp_path) as desk:
        code, text = await desk.set("lamp", "--brightness", "40")
        assert (code, text) == (0, "lamp: on brightness 40: confirmed (light/0=on brightness=40)\n")
        assert (desk.lamp.output, desk.lamp.look["brightness"]) == (True, 40)
        (entry,) = [log for log in desk.logs if log["event"] == "device_tried"]
        assert (entry["device"], entry["wish"], entry["outcome"]) == ("lamp", "on brightness 40", "confirmed")
        code, answer = await desk.ask("lamp", "--off")
        assert (code, answer["confirmed"], answer["evidence"]) == (0, True, "light/0=off")
        code, answer = await desk.ask("mood", "--on", "--rgb", "#ff8000")
        assert (code, desk.mood.look["rgb"]) == (0, [255, 128, 0])
        assert answer["evidence"] == "result and output=true rgb=255,128,0"


async def test_a_cover_moves(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_desk(mosquitto, tmp_path) as desk:
        assert await desk.set("blind", "--open") == (0, "blind: open: confirmed (roller/0 state=opening)\n")
        assert (await desk.set("blind", "--stop"))[0] == 0
        assert (await desk.set("blind", "--position", "90"))[0] == 0
        assert [text for _, text in desk.blind.executed] == ["open", "stop", "90"]
        assert (await desk.set("blind", "--stop"))[0] == 0
        desk.blind.hindrance = "safety_switch"
        code, text = await desk.set("blind", "--close")
        assert code == 1
        assert "it did not obey" in text
        assert "stop_reason=safety_switch" in text


async def test_a_siren_falls_silent_by_its_own_timer(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_desk(mosquitto, tmp_path) as desk:
        code, answer = await desk.ask("siren", "--on")
        assert (code, answer["wish"]) == (0, "on for 5 s")
        assert await desk.set("siren", "--off") == (0, "siren: off: confirmed (result and output=false)\n")
        assert (await desk.set("siren", "--on", "--seconds", "0.3"))[0] == 0
        await eventually(lambda: desk.sounded == [True, False, True, False])
        code, text = await desk.set("siren", "--on", "--seconds", "121")
        assert code != 0
        assert "at most 120 s" in text
        assert len(desk.sounded) == 4
        refused = [log["wish"] for log in desk.logs if log["event"] == "device_trial_refused"]
        assert refused == ["on for 121 s"]


async def test_what_is_not_confirmed_is_a_failure(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_desk(mosquitto, tmp_path) as desk:
        code, text = await desk.set("lamp", "--on", "--seconds", "3")
        assert (code, text) == (1, "lamp: on for 3 s: it did not obey (auto_off not verified)\n")
        desk.lamp.freeze()
        code, answer = await desk.ask("lamp", "--on")
        assert (code, answer["confirmed"], answer["outcome"]) == (1, False, "unknown")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("buzzer", "--on"), "doors are opened with: arni-edge door open"),
        (("buzzer", "--off"), "doors are opened with: arni-edge door open"),
        (("back", "--open"), "arni-edge door open back"),
        (("rain", "--on"), "never commanded"),
        (("nobody\x1b", "--on"), "no device of this house has the id 'nobody?'"),
        (("lamp",), "say what it shall do"),
        (("lamp", "--open"), "'lamp' does not move"),
        (("blind", "--on"), "'blind' is a cover"),
        (("blind", "--open", "--close"), "give one of"),
        (("blind", "--open", "--position", "5"), "give one of"),
        (("blind", "--on", "--open"), "either switched or moved"),
        (("blind", "--position", "101"), "position: "),
        (("lamp", "--off", "--brightness", "5"), "neither brightness nor colour"),
        (("lamp", "--brightness", "0"), "brightness: "),
        (("lamp", "--off", "--seconds", "5"), "give it with --on"),
        (("lamp", "--rgb", "#ff8800"), "a light without colours"),
        (("mood", "--rgb", "orange"), "a colour is written #RRGGBB"),
        (("siren", "--brightness", "50"), "'siren' is a relay"),
    ],
)
async def test_what_makes_no_sense_is_said_and_not_done(
    mosquitto: Mosquitto, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    async with a_desk(mosquitto, tmp_path) as desk:
        code, text = await desk.set(*words)
        assert code != 0
        assert sentence in text
        assert "\x1b" not in text
        assert [*desk.lamp.executed, *desk.blind.executed, *desk.sounded, *desk.buzzer.executed] == []
