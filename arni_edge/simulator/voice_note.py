"""A voice note that is none: silence in OGG with Opus, mono, as WhatsApp records it (RFC 3533, RFC 7845)."""

import struct
from typing import Final

MIME: Final = "audio/ogg; codecs=opus"
_SILENCE: Final = b"\xf8\xff\xfe"
"""20 ms of nothing, in CELT (RFC 6716)."""
_FRAME: Final = 960
"""Samples of 20 ms; Opus counts 48,000 a second whatever was recorded."""
_PER_PAGE: Final = 50
_FIRST, _LAST = 2, 4


def voice_note(seconds: float = 1.0) -> bytes:
    """So many seconds of silence, as a file that can be played."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 16000, 0, 0)
    vendor = b"arni-edge"
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
    pages = [_page([head], 0, 0, _FIRST), _page([tags], 0, 1)]
    left = max(1, round(seconds * 50))
    position = 0
    while left:
        count = min(left, _PER_PAGE)
        left -= count
        position += count * _FRAME
        pages.append(_page([_SILENCE] * count, position, len(pages), 0 if left else _LAST))
    return b"".join(pages)


def _page(packets: list[bytes], position: int, number: int, flags: int = 0) -> bytes:
    """One page; no packet here is longer than 254 bytes, so each has one entry in the table."""
    table = bytes(len(packet) for packet in packets)
    body = bytes([len(table)]) + table + b"".join(packets)
    before = b"OggS" + struct.pack("<BBqII", 0, flags, position, 1, number)
    return before + struct.pack("<I", _checksum(before + bytes(4) + body)) + body


def _checksum(page: bytes) -> int:
    """CRC-32 as OGG has it: not reflected, without start and end values."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x104C11DB7 if value & 0x80000000 else 0)
    return value
