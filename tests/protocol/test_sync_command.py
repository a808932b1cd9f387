"""``arni-edge sync``: the command, the control socket, the passes, and Magicline behind them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from support.box import Box, a_box, a_config
from support.daemon import DaemonProcess
from support.documented import json_words
from support.magicline_mirror import Box as MirrorBox
from support.magicline_mirror import mirror_box

from arni_edge.control import call
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import House
from arni_edge.daemon.sync_methods import sync_methods
from arni_edge.magicline.checkin_acts import NotPosted
from arni_edge.simulator.magicline import SimulatedMagicline

SyncBox = Box[MirrorBox]


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[SyncBox]:
    with a_config() as config:
        async with mirror_box(tmp_path) as here:
            ground = SimpleNamespace(database=here.database, clock=here.clock)
            house = SimpleNamespace(
                settings=SimpleNamespace(magicline=here.magicline.settings()),
                magicline=SimpleNamespace(passes=here.passes),
            )
            methods = sync_methods(cast("Foundation", ground), lambda: cast("House", house))
            async with here.running(), a_box(config, here, methods) as opened:
                yield opened


async def test_reading_anew_and_how_old_everything_is(box: SyncBox) -> None:
    shown = await box.says("sync", "now")
    assert "members" in shown
    status: dict[str, Any] = orjson.loads(await box.says("sync", "status", "--json"))
    parts = {one["part"]: one for one in status["parts"]}
    ends = {"posted", "already", "waiting", "expired", "dropped", "quarantined", *NotPosted}
    said = {*status, *status["parts"][0], *status["pass"], *status["checkins"], *ends}
    assert said | {"hand", "sync"} == json_words("sync status")
    assert status["kept_by"] == "sync"
    assert parts["members"]["rows"] == len(
        [one for one in box.here.magicline.gym.members.values() if one.status in ("MEMBER", "PROSPECT")]
    )
    assert parts["members"]["age_seconds"] < 600
    assert not parts["members"]["old"]
    assert parts["accounts"]["rows"] == parts["members"]["rows"] - 1, "of all but the prospect"
    assert status["checkins"] == {"posting": True, "last_day": {}}
    assert "check-ins of the last day: none" in shown
    assert "no part" in await box.says("sync", "now", "--part", "bank", code=1)
    box.here.clock.advance(27 * 3600)
    box.here.magicline.down = True
    shown = await box.says("sync", "status")
    for part in ("members", "accounts", "bookings"):
        assert any(line.startswith(part) and "27 h old, OLD" in line for line in shown.splitlines()), part


@pytest.fixture
async def probe() -> AsyncIterator[DaemonProcess]:
    box = DaemonProcess()
    try:
        yield box
    finally:
        box.remove()


async def test_the_daemon_fills_its_mirror(probe: DaemonProcess) -> None:
    async with SimulatedMagicline(members=0) as magicline:
        probe.configure(more=f'[magicline]\nurl = "{magicline.url}"\nrequests_per_minute = 1000\n')
        await probe.start_ready(ARNI_MAGICLINE__API_KEY=magicline.api_key)
        answer = await asyncio.to_thread(call, probe.socket, "sync.now", {"part": "members"}, timeout=60.0)
        rows = {one["part"]: one["rows"] for one in answer["parts"]}
        listed = [one for one in magicline.gym.members.values() if one.status != "FORMER_MEMBER"]
        assert rows["members"] == len(listed)
        assert magicline.gym.activated
        status = await asyncio.to_thread(call, probe.socket, "status")
        assert status["mirror"]["kept_by"] == "sync"
        assert "magicline" in {part["part"] for part in status["parts"]}
        for member in listed:
            assert member.iban.encode() not in (probe.folder / "log").read_bytes()
