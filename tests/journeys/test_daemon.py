"""The daemon as a process: what systemd and an administrator see of it, from start to end."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import START_SECONDS, DaemonProcess
from support.processes import alive
from support.waiting import eventually

from arni_edge.domain.errors import Refused

EX_CONFIG = 78


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    box = DaemonProcess()
    yield box
    box.remove()


# --- start ------------------------------------------------------------------------------------------------


async def test_it_is_ready_when_control_and_storage_work(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    assert await daemon.ask("members.put", members=[]) == 0
    assert (await daemon.ask("status"))["pid"] == daemon.pid


async def test_it_is_not_ready_before_the_control_socket_is_open(daemon: DaemonProcess) -> None:
    daemon.socket.mkdir(parents=True)  # where the socket should be
    daemon.start()
    await daemon.shows("control down")
    assert daemon.systemd.count("READY=1") == 0
    daemon.socket.rmdir()
    await daemon.says("READY=1")
    assert (await daemon.ask("status"))["pid"] == daemon.pid


async def test_a_broker_that_is_away_does_not_delay_it(daemon: DaemonProcess) -> None:
    daemon.configure(broker=f'mode = "external"\nport = {daemon.port}')
    await daemon.start_ready()
    await daemon.shows("broker down")


async def test_systemd_hears_how_it_is_and_only_from_the_daemon_itself(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    await daemon.is_well()
    await daemon.shows("STATUS=all ")
    # Debian's Mosquitto would say READY too, if it knew where.
    assert daemon.systemd.count("READY=1") == 1


async def test_a_second_daemon_on_the_same_state_is_refused(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    second = await daemon.command("run")
    assert second.returncode == 1
    assert "another Arni Edge is running" in second.stderr
    assert "Traceback" not in second.stderr
    assert (await daemon.ask("status"))["pid"] == daemon.pid


# --- stop -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_cleanly_and_leaves_nothing_behind(
    daemon: DaemonProcess, number: signal.Signals
) -> None:
    await daemon.start_ready()
    broker = (await daemon.is_well())["processes"]["mosquitto"]
    daemon.signal(number)
    assert await daemon.ends() == 0
    assert daemon.systemd.said[-1] == "STOPPING=1"
    assert not alive(broker)
    assert daemon.processes == []
    assert not daemon.socket.exists()
    assert '"level":"error"' not in daemon.log


async def test_it_stops_in_time_although_its_broker_hangs(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    broker = (await daemon.is_well())["processes"]["mosquitto"]
    os.kill(broker, signal.SIGSTOP)
    assert await daemon.stop() == 0
    assert daemon.processes == []


async def test_it_can_be_stopped_before_it_is_ready(daemon: DaemonProcess) -> None:
    daemon.start()
    database = daemon.folder / "state" / "arni.db"
    await eventually(database.exists, within=START_SECONDS)
    assert await daemon.stop() == 0
    assert daemon.processes == []


async def test_a_part_that_refuses_to_stop_is_shown_and_does_not_hold_it(daemon: DaemonProcess) -> None:
    start_faulty(daemon, "refuses-to-stop")
    await daemon.says("READY=1")
    await daemon.is_well()
    daemon.signal(signal.SIGTERM)
    assert await daemon.ends(10) == 1
    assert '"part":"refuses-to-stop","event":"part_did_not_stop"' in daemon.log
    assert "most recent call first" in daemon.log
    await eventually(lambda: daemon.processes == [])


def start_faulty(daemon: DaemonProcess, fault: str, **environment: str) -> None:
    """Start the daemon with a broken part in its house."""
    command = (sys.executable, "-m", "support.faulty_daemon", fault, str(daemon.config))
    daemon.start(*command, PYTHONPATH=str(Path(__file__).parents[1]), **environment)


# --- hard ends --------------------------------------------------------------------------------------------


async def test_after_a_hard_end_it_starts_as_if_nothing_had_been(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    first = (await daemon.is_well())["processes"]["mosquitto"]
    daemon.signal(signal.SIGKILL)
    await daemon.ends()
    assert daemon.socket.exists()
    await eventually(lambda: not alive(first))
    await daemon.start_ready()
    assert (await daemon.is_well())["processes"]["mosquitto"] != first
    assert await daemon.stop() == 0
    assert daemon.processes == []


async def test_it_survives_being_killed_again_and_again_while_it_starts(daemon: DaemonProcess) -> None:
    for seconds in (0.4, 0.7, 1.0):
        daemon.start()
        await asyncio.sleep(seconds)  # wherever that is
        daemon.signal(signal.SIGKILL)
        await daemon.ends()
    await daemon.start_ready()
    await daemon.is_well()


# --- watchdog ---------------------------------------------------------------------------------------------


async def test_the_watchdog_is_pinged_while_it_lives_and_not_while_it_hangs(daemon: DaemonProcess) -> None:
    await daemon.start_ready(WATCHDOG_USEC="600000")
    await daemon.says("WATCHDOG=1", times=5)
    daemon.signal(signal.SIGSTOP)
    await asyncio.sleep(0.1)
    told = daemon.systemd.count("WATCHDOG=1")
    await asyncio.sleep(2.5)  # a dozen pings would have been due
    assert daemon.systemd.count("WATCHDOG=1") == told
    daemon.signal(signal.SIGCONT)
    await daemon.says("WATCHDOG=1", times=told + 3)
    assert "part_silent" not in daemon.log


async def test_the_watchdog_is_not_pinged_when_a_part_hangs_and_restarting_it_does_not_help(
    daemon: DaemonProcess,
) -> None:
    start_faulty(daemon, "makes-no-progress", WATCHDOG_USEC="600000")
    await daemon.says("WATCHDOG=1", times=2)
    await daemon.says("STATUS=no progress in makes-no-progress")
    assert daemon.log.count('"event":"part_silent"') >= 1
    await eventually(lambda: "watchdog_withheld" in daemon.log)
    told = daemon.systemd.count("WATCHDOG=1")
    await asyncio.sleep(1.5)  # seven pings would have been due
    assert daemon.systemd.count("WATCHDOG=1") == told


async def test_a_watchdog_for_somebody_else_is_not_pinged(daemon: DaemonProcess) -> None:
    await daemon.start_ready(WATCHDOG_USEC="300000", WATCHDOG_PID="1")
    await daemon.is_well()
    assert daemon.systemd.count("WATCHDOG=1") == 0


# --- reload -----------------------------------------------------------------------------------------------


async def test_a_reload_moves_into_the_house_that_the_file_describes(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    first = await daemon.is_well()
    daemon.configure(
        name="Other Gym", more='[[shellies]]\nid = "lamp"\nprefix = "shelly-1"\nrole = "light"\n'
    )
    reload = await daemon.command("reload", "--wait")
    assert (reload.returncode, reload.stderr) == (0, "")
    status = await daemon.ask("status")
    assert status["site"]["name"] == "Other Gym"
    assert list(status["switches"]) == ["lamp"]
    assert status["pid"] == first["pid"]
    told = [said.split("\n")[0] for said in daemon.systemd.said if "STATUS" not in said]
    assert told == ["READY=1", "RELOADING=1", "READY=1"]


async def test_what_a_former_house_had_is_forgotten(daemon: DaemonProcess) -> None:
    daemon.configure(more='[[shellies]]\nid = "lamp"\nprefix = "shelly-1"\nrole = "light"\n')
    await daemon.start_ready()
    assert "mosquitto" in await daemon.parts(until_there_is="mosquitto")
    daemon.configure(broker=f'mode = "external"\nport = {daemon.port}')
    await daemon.ask("reload")
    parts = await daemon.parts(until_there_is="broker")
    assert not {"mosquitto", "device/lamp"} & parts
    assert {"storage", "control", "house"} <= parts
    assert daemon.processes == [daemon.pid]


async def test_sighup_reloads_too(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    daemon.configure(name="Other Gym")
    daemon.signal(signal.SIGHUP)
    await daemon.says("READY=1", times=2)
    assert (await daemon.ask("status"))["site"]["name"] == "Other Gym"


async def test_a_broken_file_is_refused_with_the_reason_and_the_old_house_runs_on(
    daemon: DaemonProcess,
) -> None:
    await daemon.start_ready()
    before = await daemon.is_well()
    daemon.configure(name="Other Gym", more="[vision]\nframes = 5\n")
    with pytest.raises(Refused, match=r"arni\.toml: vision\.frames: is not a setting"):
        await daemon.ask("reload")
    reload = await daemon.command("reload")
    assert reload.returncode != 0
    assert "vision.frames: is not a setting" in reload.stderr
    assert "Traceback" not in reload.stderr
    after = await daemon.ask("status")
    assert after["site"]["name"] == "Probe Gym"
    assert after["processes"] == before["processes"]
    assert all(part in after["parts"] for part in before["parts"])


async def test_a_broken_file_is_refused_by_sighup_too(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    daemon.config.write_text("[site\n")
    daemon.signal(signal.SIGHUP)
    await daemon.says("READY=1", times=2)
    assert "reload_refused" in daemon.log
    assert (await daemon.ask("status"))["site"]["name"] == "Probe Gym"


async def test_paths_cannot_change_while_it_runs(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    text = daemon.config.read_text()
    daemon.config.write_text(text.replace(f"{daemon.folder}/state", f"{daemon.folder}/elsewhere"))
    with pytest.raises(Refused, match="paths: cannot change while running; restart instead"):
        await daemon.ask("reload")
    assert not (daemon.folder / "elsewhere").exists()


async def test_reloads_at_the_same_time_follow_each_other(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    daemon.configure(name="Other Gym")
    assert await asyncio.gather(*(daemon.ask("reload") for _ in range(3))) == ["reloaded"] * 3
    await daemon.is_well()
    assert len(daemon.processes) == 2


# --- what cannot work -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "there is no such file"),
        ("[site\n", "is not valid TOML"),
        ("[site]\nid = 'x'\n", "site.name: is missing"),
        ("[site]\nid = 'x'\nname = 'X'\ncapacity = 'many'\n", "site.capacity"),
    ],
)
async def test_without_a_usable_configuration_it_ends_for_good(
    daemon: DaemonProcess, text: str | None, problem: str
) -> None:
    rewrite(daemon.config, text)
    daemon.start()
    assert await daemon.ends(20) == EX_CONFIG
    assert problem in daemon.log
    assert "Traceback" not in daemon.log
    assert daemon.systemd.count("READY=1") == 0


def rewrite(file: Path, text: str | None) -> None:
    file.unlink()
    if text is not None:
        file.write_text(text)


async def test_a_database_of_a_newer_version_is_refused(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    await daemon.stop()
    age_database(daemon.folder / "state" / "arni.db")
    daemon.start()
    assert await daemon.ends(20) == EX_CONFIG
    assert "was written by a newer Arni Edge (schema 9999" in daemon.log
    assert "Traceback" not in daemon.log


def age_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=9999")
    connection.commit()
    connection.close()


async def test_a_runtime_folder_with_too_long_a_name_is_a_configuration_error(daemon: DaemonProcess) -> None:
    text = daemon.config.read_text()
    daemon.config.write_text(text.replace(f"{daemon.folder}/run", f"{daemon.folder}/{'x' * 100}"))
    daemon.start()
    assert await daemon.ends(20) == EX_CONFIG
    assert "choose a shorter paths.runtime" in daemon.log
    assert "Traceback" not in daemon.log


# --- the command ------------------------------------------------------------------------------------------


async def test_status_says_whether_all_is_well(daemon: DaemonProcess) -> None:
    away = await daemon.command("status")
    assert away.returncode == 1
    assert "no daemon answers" in away.stderr
    await daemon.start_ready()
    await daemon.is_well()
    well = await daemon.command("status")
    assert (well.returncode, well.stderr) == (0, "")
    assert "Probe Gym: ok" in well.stdout
    daemon.configure(broker=f'mode = "external"\nport = {daemon.port}')
    await daemon.ask("reload")
    unwell = await daemon.command("status")
    assert unwell.returncode == 1
    assert "broker" in unwell.stdout


async def test_config_check_judges_a_file_without_a_daemon(daemon: DaemonProcess) -> None:
    good = await daemon.command("config", "check")
    assert (good.returncode, good.stderr) == (0, "")
    assert "ok (Probe Gym: 0 doors" in good.stdout
    daemon.configure(more='[whatsapp]\nphone_number_id = "abc"\naccess_token = "geheim"\n')
    bad = await daemon.command("config", "check")
    assert bad.returncode == 1
    assert "whatsapp.access_token" in bad.stderr
    assert "geheim" not in bad.stderr + bad.stdout
    assert "Traceback" not in bad.stderr
