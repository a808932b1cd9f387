"""The cable between a camera and the box, with the faults of cables: loss, damage, silence."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Self

Weather = Callable[[bytes], bytes]
"""What a wire makes of an interleaved packet; empty when it is lost."""

_CHUNK = 1 << 16
_RTP_HEADER = 12
_PATIENCE = 5.0  # seconds for a connection to the camera


class Wire:
    """Forwards connections on a port of its own to a camera's, RTSP with RTP interleaved (TCP).

    Attributes:
        port: On 127.0.0.1, once it is up.
        loss: Share of the RTP packets that get lost.
        flips: Share of the RTP packets in which a bit is wrong.
        connections: So many were made since it is up.
    """

    def __init__(self, camera_port: int, *, loss: float = 0.0, flips: float = 0.0, seed: int = 0) -> None:
        self.port = 0
        self.loss, self.flips = loss, flips
        self.connections = 0
        self._camera_port = camera_port
        self._silent = False
        self._flow = asyncio.Event()
        self._flow.set()
        self._dice = random.Random(seed)
        self._lines: set[_Line] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Plug it in."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Unplug it; nothing is left."""
        assert self._server is not None
        self._server.close()
        for line in tuple(self._lines):
            line.cut()
        while self._lines:
            await asyncio.sleep(0.01)

    def fall_silent(self) -> None:
        """The peer vanishes without a goodbye: connections stay, and nothing comes any more.

        New connections are accepted and not answered either.
        """
        self._silent = True
        for line in self._lines:
            line.dead.set()

    def mend(self) -> None:
        """New connections are forwarded again; what was silent stays so, as its peer knows nothing of it."""
        self._silent = False

    def hold_up(self) -> None:
        """Keep what is under way, as a jammed switch does."""
        self._flow.clear()

    def release(self) -> None:
        """Deliver all of it at once."""
        self._flow.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        line = _Line(writer, self._flow, dead=self._silent)
        self._lines.add(line)
        try:
            await line.run(reader, self._camera_port, self._weather)
        finally:
            self._lines.discard(line)
            line.cut()

    def _weather(self, packet: bytes) -> bytes:
        """What arrives of an interleaved packet."""
        channel = packet[1]
        if channel % 2:  # RTCP: left alone, it is so rare that its loss would make no difference
            return packet
        if self._dice.random() < self.loss:
            return b""
        if self._dice.random() < self.flips and len(packet) > 4 + _RTP_HEADER:
            damaged = bytearray(packet)
            damaged[self._dice.randrange(4 + _RTP_HEADER, len(packet))] ^= 1 << self._dice.randrange(8)
            return bytes(damaged)
        return packet


class _Line:
    """One connection."""

    def __init__(self, client: asyncio.StreamWriter, flow: asyncio.Event, *, dead: bool) -> None:
        self.dead = asyncio.Event()
        """Its peer has vanished."""
        if dead:
            self.dead.set()
        self._ends = [client]
        self._flow = flow

    def cut(self) -> None:
        """Tear both ends."""
        for end in self._ends:
            end.transport.abort()

    async def run(self, client: asyncio.StreamReader, camera_port: int, weather: Weather) -> None:
        """Forward until one side ends."""
        if self.dead.is_set():
            while await _read(client):
                pass
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                camera, to_camera = await asyncio.open_connection("127.0.0.1", camera_port)
        except OSError:
            return
        self._ends.append(to_camera)
        tasks = [
            asyncio.ensure_future(self._forward(client, to_camera, None)),
            asyncio.ensure_future(self._forward(camera, self._ends[0], weather)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self.dead.is_set():  # the camera's end is of no interest to a dead line
                await asyncio.wait(tasks[:1])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _forward(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, weather: Weather | None
    ) -> None:
        units, held = _Units(), b""
        while data := await _read(source):
            if self.dead.is_set():
                continue
            held += data
            if not self._flow.is_set():
                continue  # with the next that comes after the release all of it goes on
            data, held = held, b""
            parts = [data] if weather is None else [_pass(unit, weather) for unit in units.split(data)]
            sink.write(b"".join(parts))
            with contextlib.suppress(OSError):
                await sink.drain()


class _Units:
    """Splits what a camera sends into RTSP answers and interleaved packets (RFC 2326, 10.12)."""

    def __init__(self) -> None:
        self._rest = b""

    def split(self, data: bytes) -> Iterator[bytes]:
        self._rest += data
        while length := self._length():
            yield self._rest[:length]
            self._rest = self._rest[length:]

    def _length(self) -> int:
        """Of the next whole unit; 0 while it is not complete."""
        rest = self._rest
        if rest[:1] == b"$":
            length = 4 + int.from_bytes(rest[2:4], "big") if len(rest) >= 4 else len(rest) + 1
        else:
            end = rest.find(b"\r\n\r\n")
            if end < 0:
                return 0
            length = end + 4
            for line in rest[:end].split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    length += int(line.split(b":")[1])
        return length if len(rest) >= length else 0


def _pass(unit: bytes, weather: Weather) -> bytes:
    return weather(unit) if unit[:1] == b"$" else unit


async def _read(source: asyncio.StreamReader) -> bytes:
    try:
        return await source.read(_CHUNK)
    except OSError:
        return b""
