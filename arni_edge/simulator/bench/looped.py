"""An RTSP server that plays encoded clips in a loop: cameras that cost next to nothing.

A process of its own: ``python -m arni_edge.simulator.bench.looped FOLDER RATE``. Every file of the folder is
a clip (:func:`write_clip`), played on any path below its name (``/moving/3``), RATE pictures a second, over
TCP. The first line on stdout is the port; the process ends with its stdin.
"""

import asyncio
import base64
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_LARGEST = 1400  # of a payload, as over a real network
_CLOCK = 90_000
_SPS, _PPS, _FU_A = 7, 8, 28

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
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Client(clips, rate, reader, writer).talk()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the client went away, or this process ends
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


class _Client:
    def __init__(
        self,
        clips: dict[str, _Clip],
        rate: float,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._clips, self._rate = clips, rate
        self._reader, self._writer = reader, writer
        self._playing: asyncio.Task[None] | None = None

    async def talk(self) -> None:
        try:
            while not self._reader.at_eof():
                if not await self._answer():
                    return
        finally:
            if self._playing is not None:
                self._playing.cancel()

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
        elif method == "PLAY" and self._playing is None:
            self._playing = asyncio.create_task(self._play(clip))
        self._say(headers, "200 OK", extra, body)
        return method != "TEARDOWN"

    def _say(self, headers: dict[str, str], status: str, extra: str = "", body: bytes = b"") -> None:
        extra += f"CSeq: {headers.get('CSeq', '0')}\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(f"RTSP/1.0 {status}\r\n{extra}\r\n".encode() + body)

    async def _play(self, clip: _Clip) -> None:
        clock = asyncio.get_running_loop()
        began, sequence, index = clock.time(), 0, 0
        while True:
            unit = clip.units[index % len(clip.units)]
            stamp = round(index * _CLOCK / self._rate) & 0xFFFFFFFF
            for number, payload in enumerate(unit, start=1):
                mark = 0x80 if number == len(unit) else 0
                header = struct.pack(">BBHII", 0x80, mark | 96, sequence & 0xFFFF, stamp, 1)
                self._writer.write(struct.pack(">cBH", b"$", 0, 12 + len(payload)) + header + payload)
                sequence += 1
            index += 1
            await self._writer.drain()
            await asyncio.sleep(max(0.0, began + index / self._rate - clock.time()))


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
