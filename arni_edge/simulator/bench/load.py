"""What a worker under load brings, by its own words on the broker, and costs, by the kernel's."""

import asyncio
import contextlib
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt

from arni_edge.broker import BrokerAddress
from arni_edge.broker.accounts import DAEMON
from arni_edge.broker.managed import BrokerPlan
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.supervision import WorkerProcess
from arni_edge.vision.messages import CameraMessage, CameraState
from arni_edge.vision.topics import camera_topic

_SAMPLE_SECONDS = 1.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the worker has cost and brought."""

    fps_in: float
    fps_inferred: float
    cores: float
    rss: list[float]

    @property
    def growth(self) -> float:
        """Megabytes that the last quarter takes more than the first."""
        quarter = max(1, len(self.rss) // 4)
        return statistics.fmean(self.rss[-quarter:]) - statistics.fmean(self.rss[:quarter])


@dataclass(slots=True)
class Ear:
    """Hears what the worker says of its cameras."""

    cameras: set[str]
    site: str
    heard: dict[str, list[CameraMessage]] = field(default_factory=dict)

    @property
    def all_see(self) -> bool:
        """Whether every camera was heard, and sees."""
        newest = [self.heard[camera][-1] for camera in self.cameras if camera in self.heard]
        return len(newest) == len(self.cameras) and all(one.state is CameraState.OK for one in newest)

    def forget(self) -> None:
        """Begin to listen anew."""
        self.heard = {}

    def rate(self, of: Callable[[CameraMessage], float | None]) -> float:
        """The sum of the cameras' mean rates."""
        means = [
            statistics.fmean(rate for rate in (of(one) or 0.0 for one in heard))
            for heard in self.heard.values()
        ]
        return sum(means)

    async def listen(self, plan: BrokerPlan) -> None:
        """Hear until cancelled."""
        async with _client(plan.address(DAEMON)) as client:
            await client.subscribe(camera_topic(self.site, "+"), qos=1)
            async for message in client.messages:
                with contextlib.suppress(InvalidInput):
                    said = CameraMessage.parse(bytes(message.payload))
                    self.heard.setdefault(said.camera, []).append(said)


async def measure(worker: WorkerProcess, ear: Ear, seconds: float) -> Load:
    """Watch a worker for so many seconds.

    Args:
        worker: It runs.
        ear: Hears it.
        seconds: How long.

    Raises:
        Unavailable: It died, or does not see all of its cameras any more.
    """
    clock = SystemClock()
    pid = worker.pid
    if pid is None:
        raise Unavailable("the worker has ended")
    ear.forget()
    began, used, rss = clock.monotonic(), _cpu_seconds(pid), [_rss_megabytes(pid)]
    while clock.monotonic() - began < seconds:
        await asyncio.sleep(min(_SAMPLE_SECONDS, seconds))
        if worker.pid != pid:
            raise Unavailable("the worker died under the load")
        rss.append(_rss_megabytes(pid))
    spent = clock.monotonic() - began
    cores = (_cpu_seconds(pid) - used) / spent
    if set(ear.heard) != ear.cameras or not ear.all_see:
        raise Unavailable("the worker does not see all of its cameras any more")
    return Load(
        ear.rate(lambda one: one.pictures_per_second), ear.rate(lambda one: one.looks_per_second), cores, rss
    )


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _rss_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def _client(address: BrokerAddress) -> aiomqtt.Client:
    assert address.password is not None
    return aiomqtt.Client(
        str(address.socket),
        1,
        transport="unix",
        username=address.username,
        password=address.password.get_secret_value(),
        identifier="arni-bench-ear",
        protocol=aiomqtt.ProtocolVersion.V5,
    )
