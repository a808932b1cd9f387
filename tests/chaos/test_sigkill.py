"""SIGKILL at any moment: nothing acknowledged is lost, nothing answered twice, no door command replayed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.moments import MOMENTS, TROUBLES, lock_obeys
from support.storm import Storm
from support.waiting import eventually

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.logs import configure_logging
from arni_edge.simulator.premises import STRANGER, Gym

# Limits for a slow machine that is busy with other things; on an idle one the storms take about a minute.
pytestmark = pytest.mark.timeout(600)
_CALM_SECONDS = 240.0
_READY_SECONDS = 60.0

_TEXT = Catalogue.load().text


@asynccontextmanager
async def _storm(folder: Path, seed: int) -> AsyncIterator[Storm]:
    """A gym without cameras whose lock, light and siren are connected."""
    configure_logging("error", component="simulator")
    async with Gym(folder, seed=seed, cameras=False) as gym:
        await eventually(
            lambda: all(one.connected for one in (gym.lock, gym.light, gym.siren)), within=_READY_SECONDS
        )
        yield Storm(gym, seed)


@pytest.mark.parametrize("seed", [20261121])
async def test_the_daemon_is_killed_again_and_again(tmp_path: Path, seed: int) -> None:
    """Twenty-five deaths while people write, at every kind of moment."""
    async with _storm(tmp_path, seed) as storm:
        async with storm.people_writing():
            for number in range(25):
                await storm.die_at(MOMENTS[number % len(MOMENTS)])
        await storm.end(_CALM_SECONDS)
        interrupted = [row for row in storm.remains[-1].commands if row["outcome"] == "unknown"]
        assert interrupted, "no death came between a command and its outcome"


@pytest.mark.parametrize("seed", [112])
async def test_the_broker_and_the_relay_fail_as_well(tmp_path: Path, seed: int) -> None:
    """Each life meets a trouble of its own before it ends."""
    async with _storm(tmp_path, seed) as storm:
        async with storm.people_writing():
            for number in range(8):
                await TROUBLES[number % len(TROUBLES)](storm)
                await storm.die_at(storm.dice.choice(MOMENTS))
        await storm.end(_CALM_SECONDS)


async def test_an_interrupted_door_command_stays_interrupted(tmp_path: Path) -> None:
    """Its outcome is unknown, the person is told so, and the next request opens the door again."""
    async with _storm(tmp_path, seed=1) as storm:
        await storm.die_at(lock_obeys)
        (command,) = [row for row in storm.remains[-1].commands if row["state"] == "commanded"]
        await lock_obeys(storm)
        await storm.end(_CALM_SECONDS)
        assert len(storm.opened) == 2
        row = storm.remains[-1].door[command["key"]]
        assert (row["outcome"], row["evidence"]) == ("unknown", "the daemon was restarted")
        answer = storm.remains[-1].outbox[f"{command['key']}:answer"]
        assert _TEXT("door.unknown", Language.GERMAN) in answer["text"]
        assert sorted(row["outcome"] for row in storm.remains[-1].commands) == ["confirmed", "unknown"]


async def test_the_light_comes_on_after_a_death_in_the_alarm(tmp_path: Path) -> None:
    """The alarm is stored, the relays are out of reach; the next life switches them on."""

    async def alarm_without_light(storm: Storm) -> None:
        storm.gym.light.power_off()
        storm.gym.siren.power_off()
        storm.call_for_help(storm.gym.phones[STRANGER])
        while not await storm.gym.box.ask("alarms.log"):
            pass

    async with _storm(tmp_path, seed=1) as storm:
        await storm.die_at(alarm_without_light)
        assert len(storm.remains[-1].alarms) == 1
        acts = [
            row for row in storm.remains[-1].sinks.values() if row["sink"].startswith(("light/", "siren/"))
        ]
        assert [row["state"] for row in acts] == ["trying", "trying"]
        storm.gym.light.power_on()
        storm.gym.siren.power_on()
        await eventually(lambda: storm.gym.world.lights_on and storm.gym.siren.output, within=_READY_SECONDS)
        await storm.end(_CALM_SECONDS)
