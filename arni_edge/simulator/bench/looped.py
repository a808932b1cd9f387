"""An RTSP server that plays encoded clips in a loop: cameras that cost next to nothing.

A process of its own: ``python -m arni_edge.simulator.bench.looped FOLDER RATE``. Every file of the folder is
a clip (:func:`write_clip`), played on any path below its name (``/moving/3``), RATE pictures a second, over
TCP. The first line on stdout is the port. ``pause`` and ``play`` on stdin hold all cameras up and let them go
on, answered by the same word; the process ends with its stdin.
"""

import asyncio
import base64
import itertools
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_LARGEST = 1400  # of a payload, as over a real network
_CLOCK = 90_000
_SPS, _PPS, _FU_A = 7, 8, 28
# After a pause, or on a busy box, so much is made up for.
_MOST_BEHIND = 0.2

_Unit = list[bytes]
"""The RTP payloads of one picture."""


def write_clip(file: Path, units: Sequence[bytes]) -> None:
    """Keep a clip, one length-prefixed access unit (Annex B) after the other."""
    file.write_bytes(b"".join(struct.pack(">I", len(unit)) + unit for unit in units))


def main() -> None:
    """Serve until stdin ends."""
    folder, rate = Path(sys.argv[1]), float(sys.argv[2])
    asyncio.run(_serve({file.name: _Clip(file.read_bytes()) for file in folder.iterdir()}, rate))


class _Clip:
    def __init__(self, content: bytes) -> None:
        nals = [list(_nals(unit)) for unit in _units(content)]
        self.units: list[_Unit] = [[payload for nal in unit for payload in _payloads(nal)] for unit in nals]
        sets = [nal for unit in nals for nal in unit if nal[0] & 31 in {_SPS, _PPS}]
        self.sprop = ",".join(base64.b64encode(nal).decode() for nal in dict.fromkeys(sets))

    def description(self) -> bytes:
        lines = (
            *("v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=loop", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"),
            *("m=video 0 RTP/AVP 96", f"a=rtpmap:96 H264/{_CLOCK}"),
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={self.sprop}",
            "a=control:track",
        )
        return "".join(f"{line}\r\n" for line in lines).encode()


async def _serve(clips: dict[str, _Clip], rate: float) -> None:
    playing = asyncio.Event()
    playing.set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Client(clips, rate, playing, reader, writer).talk()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the client went away, or this process ends
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    _say(str(server.sockets[0].getsockname()[1]))
    while line := await asyncio.to_thread(sys.stdin.readline):
        word = line.strip()
        if word == "pause":
            playing.clear()
        else:
            playing.set()
        _say(word)
    server.close()


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class _Client:
    def __init__(
        self,
        clips: dict[str, _Clip],
        rate: float,
        playing: asyncio.Event,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._clips, self._rate, self._playing = clips, rate, playing
        self._reader, self._writer = reader, writer
        self._film: asyncio.Task[None] | None = None

    async def talk(self) -> None:
        try:
            while not self._reader.at_eof():
                if not await self._answer():
                    return
        finally:
            if self._film is not None:
                self._film.cancel()

    async def _answer(self) -> bool:
        first = await self._reader.readexactly(1)
        if first == b"$":  # the client's own reports
            _, length = struct.unpack(">BH", await self._reader.readexactly(3))
            await self._reader.readexactly(length)
            return True
        request = (first + await self._reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
        method, address, *_ = [*request.split(maxsplit=2), "", ""]
        headers = dict(line.split(": ", 1) for line in request.split("\r\n")[1:] if ": " in line)
        clip = self._clips.get(next((part for part in address.split("/")[3:] if part in self._clips), ""))
        extra, body = "Session: 1\r\n", b""
        if method == "OPTIONS":
            extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
        elif clip is None:
            self._say(headers, "404 Not Found")
            return True
        elif method == "DESCRIBE":
            extra, body = (
                f"Content-Base: {address.rstrip('/')}/\r\nContent-Type: application/sdp\r\n",
                clip.description(),
            )
        elif method == "SETUP":
            if "TCP" not in headers.get("Transport", ""):
                self._say(headers, "461 Unsupported Transport")
                return True
            extra += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        elif method == "PLAY" and self._film is None:
            self._film = asyncio.create_task(self._play(clip))
        self._say(headers, "200 OK", extra, body)
        return method != "TEARDOWN"

    def _say(self, headers: dict[str, str], status: str, extra: str = "", body: bytes = b"") -> None:
        extra += f"CSeq: {headers.get('CSeq', '0')}\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(f"RTSP/1.0 {status}\r\n{extra}\r\n".encode() + body)

    async def _play(self, clip: _Clip) -> None:
        clock = asyncio.get_running_loop()
        began = due = clock.time()
        sequence = 0
        for unit in itertools.cycle(clip.units):
            await asyncio.sleep(max(0.0, due - clock.time()))
            await self._playing.wait()
            due = max(due, clock.time() - _MOST_BEHIND) + 1 / self._rate
            # A pause is one for the camera's clock, too: it goes on meanwhile.
            stamp = round((clock.time() - began) * _CLOCK) & 0xFFFFFFFF
            packets = []
            for number, payload in enumerate(unit, start=1):
                mark = 0x80 if number == len(unit) else 0
                header = struct.pack(">BBHII", 0x80, mark | 96, sequence & 0xFFFF, stamp, 1)
                packets.append(struct.pack(">cBH", b"$", 0, 12 + len(payload)) + header + payload)
                sequence += 1
            self._writer.write(b"".join(packets))
            await self._writer.drain()


def _units(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        yield content[place + 4 : place + 4 + length]
        place += 4 + length


def _nals(unit: bytes) -> Iterator[bytes]:
    """The parts of an access unit, without start codes."""
    for part in unit.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1"):
        if part:
            yield part


def _payloads(nal: bytes) -> Iterator[bytes]:
    """One RTP payload, or several fragments (RFC 6184, FU-A)."""
    if len(nal) <= _LARGEST:
        yield nal
        return
    indicator, kind, body = (nal[0] & 0xE0) | _FU_A, nal[0] & 31, nal[1:]
    for place in range(0, len(body), _LARGEST - 2):
        start, end = place == 0, place + _LARGEST - 2 >= len(body)
        yield bytes((indicator, start << 7 | end << 6 | kind)) + body[place : place + _LARGEST - 2]


if __name__ == "__main__":
    main()
