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
from arni_edge.vision.messages import HEARTBEAT_SECONDS, CameraMessage, CameraState
from arni_edge.vision.topics import camera_topic

RATE_SECONDS = 5.0
"""So far back look the rates that the worker tells."""

_SAMPLE_SECONDS = 1.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """What the worker has cost and brought for a while.

    Attributes:
        fps_in: Pictures a second that came from all cameras.
        fps_inferred: Looks a second.
        cores: Processors that it kept busy.
        rss: Megabytes, a sample a second.
    """

    fps_in: float
    fps_inferred: float
    cores: float
    rss: list[float]


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


async def measure(worker: WorkerProcess, ear: Ear, seconds: float, *, deaf: float = 0.0) -> Load:
    """Watch a worker for so many seconds, and until every camera was heard.

    Args:
        worker: It runs.
        ear: Hears it.
        seconds: How long.
        deaf: For so long at the beginning what it says is not listened to: it tells of the time before.

    Raises:
        Unavailable: It died, or does not see all of its cameras any more.
    """
    clock = SystemClock()
    pid = worker.pid
    if pid is None:
        raise Unavailable("the worker has ended")
    began, used, rss = clock.monotonic(), cpu_seconds(pid), [_rss_megabytes(pid)]
    ends, patience = began + seconds, began + seconds + 3 * HEARTBEAT_SECONDS
    await asyncio.sleep(deaf)
    ear.forget()
    while (now := clock.monotonic()) < ends or (not ear.all_see and now < patience):
        await asyncio.sleep(max(0.05, min(_SAMPLE_SECONDS, ends - now)))
        if worker.pid != pid:
            raise Unavailable("the worker died under the load")
        rss.append(_rss_megabytes(pid))
    cores = (cpu_seconds(pid) - used) / (clock.monotonic() - began)
    if not ear.all_see:
        raise Unavailable("the worker does not see all of its cameras any more")
    return Load(
        ear.rate(lambda one: one.pictures_per_second), ear.rate(lambda one: one.looks_per_second), cores, rss
    )


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, all its threads together."""
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
