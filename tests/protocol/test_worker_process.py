"""Worker processes, real ones: how they are started, watched, bound, killed and started again."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.processes import alive, environment, group, limits, niceness
from support.waiting import eventually

from arni_edge.bus import Bus
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.supervision import (
    Child,
    HealthBoard,
    Limits,
    RestartPolicy,
    Supervisor,
    WorkerProcess,
    WorkerSpec,
)

TESTS = Path(__file__).parents[1]
FREE = Limits(nice=0, may_write=True)


@pytest.fixture(autouse=True)
def workers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


class Attended:
    """A worker with somebody who attends it, and no supervisor to start it again."""

    def __init__(self, behaviour: str, *, limits: Limits = FREE, **spec: Any) -> None:
        self.start: dict[str, Any] = spec.pop("start", {})
        self.clock = SystemClock()
        self.board = HealthBoard(Bus(), self.clock)
        self.spec = WorkerSpec(
            name="probe",
            module=f"support.workers.{behaviour}",
            limits=limits,
            start=lambda: self.start,
            **{"handshake_seconds": 30.0, "beat_seconds": 10.0, **spec},
        )
        self.process = WorkerProcess(self.spec, self.board, self.clock)
        self.progress = 0

    def moved(self) -> None:
        self.progress += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Run it; leaving the block stops it, which must not take three seconds, and nothing stays behind."""
        task = asyncio.create_task(self.process.run(self.moved))
        pids: list[int] = []
        try:
            await eventually(lambda: self.process.pid)
            pids.append(self.pid)
            yield task
        finally:
            task.cancel()
            began = time.monotonic()
            await asyncio.wait({task})
            assert time.monotonic() - began < 3
            # A child of the worker's that was killed with it is gone when the kernel next comes to it.
            await eventually(lambda: not any(group(pid) for pid in pids))

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def state(self, part: str = "probe") -> State | None:
        health = self.board.of(part)
        return health.state if health else None

    def reason(self, part: str = "probe") -> str:
        health = self.board.of(part)
        return health.reason if health else ""

    async def is_ready(self) -> None:
        await eventually(lambda: self.state() is State.OK, within=30)

    async def ends(self, *, within: float = 30.0) -> str:
        """Run it until it is judged; returns the verdict."""
        async with self.running() as task:
            _, waiting = await asyncio.wait({task}, timeout=within)
            assert not waiting, "nobody judged it"
            with pytest.raises(Unavailable) as verdict:
                task.result()
            return str(verdict.value)


# --- life -------------------------------------------------------------------------------------------------


async def test_a_worker_is_starting_until_it_is_ready_and_then_beats() -> None:
    worker = Attended("obedient", beat_seconds=1.0)
    with capture_logs() as logs:
        async with worker.running():
            await worker.is_ready()
            moved = worker.progress
            await asyncio.sleep(2.5)  # two and a half times as long as it may be silent
            assert worker.process.pid
            assert worker.progress > moved
    edges = [(log["state"], log["reason"]) for log in logs if log["event"] == "health_changed"]
    assert edges == [("degraded", "is starting"), ("ok", "")]


async def test_a_worker_that_is_asked_to_end_ends_by_itself() -> None:
    worker = Attended("obedient")
    with capture_logs() as logs:
        async with worker.running():
            await worker.is_ready()
    assert "worker_killed" not in {log["event"] for log in logs}
    assert worker.process.pid is None


async def test_a_worker_gets_a_start_message_of_any_size() -> None:
    worker = Attended("obedient", start={"parts": {"probe/x": "here"}, "ballast": "x" * 900_000})
    async with worker.running():
        await eventually(lambda: worker.reason("probe/x") == "here")


async def test_a_worker_that_died_is_started_again_by_the_supervisor() -> None:
    worker = Attended("obedient", start={"parts": {"probe/camera": "dark"}})
    tree = Supervisor(worker.board, worker.clock, policy=RestartPolicy(first_delay=1.0))
    tree.add(Child("probe", worker.process.run))
    keeping = asyncio.create_task(tree.run())
    try:
        await worker.is_ready()
        first = worker.pid
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: worker.state("probe/camera") is State.DOWN)
        assert worker.reason("probe/camera") == "the probe worker is away"
        await eventually(lambda: worker.reason() == "the process ended by SIGKILL")
        await eventually(lambda: worker.process.pid not in {None, first})
        await worker.is_ready()
        await eventually(lambda: worker.state("probe/camera") is State.DEGRADED)
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})


async def test_a_worker_that_crashes_says_why_in_the_log() -> None:
    with capture_logs() as logs:
        assert await Attended("dying").ends() == "the process ended with code 1"
    said = [log["line"] for log in logs if log["event"] == "worker_said"]
    assert said[-1] == "RuntimeError: no camera library here"


async def test_a_worker_that_does_not_exist_is_unavailable() -> None:
    assert await Attended("nonexistent").ends() == "the process ended with code 1"


# --- hanging ----------------------------------------------------------------------------------------------


async def test_a_worker_that_never_says_hello_is_killed() -> None:
    began = time.monotonic()
    assert await Attended("mute", handshake_seconds=1.5).ends() == "was not ready within 1.5 s and was killed"
    assert time.monotonic() - began < 4


async def test_a_worker_that_never_gets_ready_is_killed_although_its_heart_beats() -> None:
    verdict = await Attended("unready", handshake_seconds=3.0).ends()
    assert verdict == "was not ready within 3 s and was killed"


async def test_a_worker_that_hangs_is_killed_with_all_its_processes() -> None:
    worker = Attended("hung", beat_seconds=1.0)
    async with worker.running() as task:
        await eventually(lambda: worker.state("probe/child"), within=30)
        child = int(worker.reason("probe/child").removeprefix("pid "))
        assert alive(child)
        began = time.monotonic()
        await asyncio.wait({task}, timeout=20)
        assert time.monotonic() - began < 1 + 2
        with pytest.raises(Unavailable, match="no sign of life for 1 s"):
            task.result()
        await eventually(lambda: not alive(child))  # when the kernel comes to it
        assert worker.state("probe/child") is State.DOWN


async def test_a_worker_that_is_stopped_by_a_signal_is_killed() -> None:
    worker = Attended("obedient", beat_seconds=1.0)
    async with worker.running() as task:
        await worker.is_ready()
        os.kill(worker.pid, signal.SIGSTOP)
        await asyncio.wait({task}, timeout=20)
        with pytest.raises(Unavailable, match="no sign of life"):
            task.result()


@pytest.mark.parametrize("behaviour", ["hung", "mute"])
async def test_stopping_does_not_wait_for_a_worker_that_hangs(behaviour: str) -> None:
    worker = Attended(behaviour, start={"ballast": "x" * 900_000})
    async with worker.running():
        if behaviour == "hung":
            await eventually(lambda: worker.state("probe/child"), within=30)
    # That it took less than three seconds, and that nothing was left, was checked on the way out.


# --- nonsense ---------------------------------------------------------------------------------------------


async def test_a_worker_of_another_version_is_refused() -> None:
    assert await Attended("older").ends() == "the probe worker speaks another protocol: is its code older?"


@pytest.mark.parametrize(
    "say",
    [
        "garbage",
        "[]",
        '{"type": "unknown"}',
        '{"type": "health", "part": "probe/x"}',
        '{"type": "health", "part": "probe/x", "state": "excellent", "reason": ""}',
        '{"type": "health", "part": "broker", "state": "ok", "reason": ""}',
        '{"type": "hello", "worker": "probe", "protocol": 1}',
        "\xff",
    ],
)
async def test_a_worker_that_talks_nonsense_is_ended(say: str) -> None:
    worker = Attended("talkative", start={"say": say})
    verdict = await worker.ends()
    assert "link" in verdict or "protocol" in verdict
    assert worker.board.of("broker") is None


async def test_a_line_without_an_end_is_not_gathered_for_ever() -> None:
    verdict = await Attended("talkative", start={"say": "x" * 1000, "newline": False}).ends()
    assert verdict == "broke its link: a line without an end"


async def test_a_worker_that_talks_without_a_pause_does_not_hold_up_the_door() -> None:
    worker = Attended("talkative", start={"say": '{"type": "beat"}', "times": 1000})
    longest = 0.0

    async def door() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()  # what others do with the processor does not count
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
            await asyncio.sleep(0.005)

    waiting = asyncio.create_task(door())
    assert await worker.ends() == "broke its link: it talks without a pause"
    waiting.cancel()
    assert longest < 0.2


async def test_a_worker_cannot_fill_the_health_board() -> None:
    worker = Attended("obedient", start={"parts": {f"probe/{number}": "" for number in range(300)}})
    assert "broke its link" in await worker.ends()
    assert len(worker.board.parts) < 270


# --- its log ----------------------------------------------------------------------------------------------


async def test_what_a_worker_says_is_forwarded_with_credentials_masked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = [
        "[rtsp] 401 for rtsp://admin:geheim@10.0.0.5/stream",
        json.dumps({"event": "camera_lost", "url": "rtsp://admin:geheim@10.0.0.5/stream"}),
        "{not our json}",
        "x" * 200_000,
        "the end",
    ]
    worker = Attended("obedient", start={"stderr": "\n".join(lines) + "\n"})
    with capture_logs() as logs:
        async with worker.running():
            await eventually(lambda: "the end" in [log.get("line") for log in logs])
    said = [log["line"] for log in logs if log["event"] == "worker_said"]
    assert said == ["[rtsp] 401 for rtsp://***@10.0.0.5/stream", "{not our json}", "the end"]
    assert '{"event": "camera_lost", "url": "rtsp://***@10.0.0.5/stream"}\n' in capsys.readouterr().err


async def test_a_worker_that_complains_without_end_does_not_fill_the_journal() -> None:
    worker = Attended("obedient", start={"stderr": "corrupt packet\n" * 20_000})
    with capture_logs() as logs:
        async with worker.running():
            await worker.is_ready()
            await eventually(lambda: any(log["event"] == "worker_says_too_much" for log in logs))
    assert len([log for log in logs if log["event"] == "worker_said"]) < 600


# --- bounds -----------------------------------------------------------------------------------------------


async def test_the_limits_are_in_force_before_the_worker_is_ready() -> None:
    bound = Limits(nice=7, memory_bytes=700 << 20, may_write=False)
    worker = Attended("obedient", limits=bound)
    async with worker.running():
        await worker.is_ready()
        found = limits(worker.pid)
        assert {
            name: found[name] for name in ("Max core file size", "Max file size", "Max address space")
        } == {
            "Max core file size": "0",
            "Max file size": "0",
            "Max address space": str(700 << 20),
        }
        assert niceness(worker.pid) == os.nice(0) + 7


async def test_a_worker_that_may_write_leaves_no_core_file_either() -> None:
    worker = Attended("obedient", limits=FREE)
    async with worker.running():
        await worker.is_ready()
        found = limits(worker.pid)
        assert (found["Max core file size"], found["Max file size"]) == ("0", "unlimited")


async def test_memory_is_refused_above_the_limit() -> None:
    worker = Attended("greedy", limits=Limits(nice=0, memory_bytes=400 << 20, may_write=False))
    async with worker.running():
        await worker.is_ready()
        assert 0 < int(worker.reason("probe/memory").split()[2]) < 400 // 16


HARMLESS = {"read", "null"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def tried(limits: Limits, folder: Path) -> dict[str, State]:
    file = folder / "file"
    file.write_bytes(b"there before")
    (folder / "another").touch()
    worker = Attended("clerk", limits=limits, start={"file": str(file)})
    async with worker.running():
        await worker.is_ready()
        parts = [part for part in worker.board.parts if part.part != "probe"]
        return {part.part.removeprefix("probe/"): part.state for part in parts}


async def test_a_worker_that_may_not_write_can_do_nothing_to_files(tmp_path: Path) -> None:
    found = await tried(Limits(nice=0, may_write=False), tmp_path)
    assert {name for name, state in found.items() if state is State.OK} == HARMLESS
    assert len(found) == 12
    assert contents(tmp_path) == {"another": b"", "file": b"there before"}


async def test_the_same_worker_can_when_it_may(tmp_path: Path) -> None:
    found = await tried(FREE, tmp_path)
    assert set(found.values()) == {State.OK}
    assert len(found) == 12


async def test_a_worker_inherits_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARNI_WHATSAPP__ACCESS_TOKEN", "geheim")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/arni-edge")
    worker = Attended("obedient")
    async with worker.running():
        await worker.is_ready()
        given = environment(worker.pid)
        assert "ARNI_WORKER_FD" in given
        assert not {"ARNI_WHATSAPP__ACCESS_TOKEN", "CREDENTIALS_DIRECTORY"} & given


async def test_a_worker_dies_with_its_daemon_even_when_it_hangs() -> None:
    command = (sys.executable, "-m", "support.worker_keeper", "hung")
    daemon = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert daemon.stdout is not None
    try:
        async with asyncio.timeout(30):
            worker = int(await daemon.stdout.readline())
        assert alive(worker)
    finally:
        daemon.kill()
        await daemon.wait()
    try:
        await eventually(lambda: not alive(worker))
    finally:
        for pid in group(worker):  # its own child, which nobody asked the kernel to kill
            os.kill(pid, signal.SIGKILL)
