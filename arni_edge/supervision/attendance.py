"""The daemon's side of a worker's link: hello, start, ready, and then a heart that must beat."""

import asyncio

import orjson
import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.supervision.board import HealthBoard
from arni_edge.supervision.link import PROTOCOL
from arni_edge.supervision.spec import WorkerSpec
from arni_edge.supervision.tree import SETTLED_SECONDS
from arni_edge.supervision.uplink import Beat, Hello, Message, PartHealth, Ready, parse

_LOG = structlog.get_logger(__name__)

LINE_LIMIT = 1 << 16
"""What a worker says is short; a buffer full of messages must not hold up the door."""

_TICK_SECONDS = 1.0
# Two beats a second and health on change: one that says more than this is broken, and would keep us busy.
_MESSAGES_PER_SECOND = 200
_MOST_PARTS = 256
# Said before the supervisor calls a part ok that merely runs.
_STARTING_AFTER = SETTLED_SECONDS / 2


class Attendance:
    """One run of a worker, from the start of its process to the end of its link.

    Attributes:
        parts: What the worker has reported on.
    """

    def __init__(self, spec: WorkerSpec, board: HealthBoard, clock: Clock) -> None:
        self._spec = spec
        self._board = board
        self._clock = clock
        self._began = clock.monotonic()
        self._limit = spec.handshake_seconds
        self._deadline = self._began + self._limit
        self._greeted = False
        self._ready = False
        self._second = self._began
        self._heard = 0
        self.parts: set[str] = set()

    async def run(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, progress: Progress
    ) -> None:
        """Listen until the worker closes its link.

        Raises:
            Unavailable: It hangs, is not the worker that was meant, or talks nonsense.
        """
        while True:
            self._judge()
            progress()
            line = await self._next_line(reader)
            if line == b"":
                return
            if line is not None:
                self._heed(self._parse(line), writer)

    async def _next_line(self, reader: asyncio.StreamReader) -> bytes | None:
        """A line; nothing at the end of the link; None when nothing was said for a while."""
        patience = min(_TICK_SECONDS, self._deadline - self._clock.monotonic())
        try:
            async with asyncio.timeout(max(0.05, patience)):
                line = await reader.readline()
        except TimeoutError:
            return None
        except ConnectionError:
            return b""
        except ValueError:
            raise Unavailable("broke its link: a line without an end") from None
        # Half a line is what a worker leaves that was killed while it spoke.
        return line if line.endswith(b"\n") else b""

    def _parse(self, line: bytes) -> Message:
        now = self._clock.monotonic()
        if now - self._second > 1.0:
            self._second, self._heard = now, 0
        self._heard += 1
        if self._heard > _MESSAGES_PER_SECOND:
            raise Unavailable("broke its link: it talks without a pause")
        try:
            return parse(line)
        except InvalidInput as error:
            raise Unavailable(f"broke its link: {error}") from None

    def _heed(self, message: Message, writer: asyncio.StreamWriter) -> None:
        match message:
            case Hello():
                self._greet(message, writer)
            case Ready():
                self._settle_in()
            case Beat() if self._ready:
                self._deadline = self._clock.monotonic() + self._limit
            case PartHealth():
                self._relay(message)

    def _greet(self, hello: Hello, writer: asyncio.StreamWriter) -> None:
        if (hello.worker, hello.protocol) != (self._spec.name, PROTOCOL) or self._greeted:
            raise Unavailable(f"the {self._spec.name} worker speaks another protocol: is its code older?")
        self._greeted = True
        writer.write(orjson.dumps({"start": self._spec.start()}) + b"\n")

    def _settle_in(self) -> None:
        _LOG.info("worker_ready", worker=self._spec.name)
        self._ready = True
        self._limit = self._spec.beat_seconds
        self._deadline = self._clock.monotonic() + self._limit
        self._board.report(self._spec.name, State.OK)

    def _relay(self, health: PartHealth) -> None:
        if not health.part.startswith(f"{self._spec.name}/") or len(self.parts | {health.part}) > _MOST_PARTS:
            raise Unavailable("broke its link: it reports on parts that are not its own")
        self.parts.add(health.part)
        self._board.report(health.part, health.state, health.reason)

    def _judge(self) -> None:
        now = self._clock.monotonic()
        if now > self._deadline:
            missing = "gave no sign of life for" if self._ready else "was not ready within"
            raise Unavailable(f"{missing} {self._limit:g} s and was killed")
        known = self._board.of(self._spec.name)
        if not self._ready and (known is None or self._greeted or now - self._began > _STARTING_AFTER):
            self._board.report(self._spec.name, State.DEGRADED, "is starting")
