"""Text from devices, made fit for screens and logs."""

_LONGEST = 64
_BYTES_PER_CHARACTER = 4


def printable(payload: bytes | str, longest: int = _LONGEST) -> str:
    """Text without control and other unprintable characters, cut to so many characters.

    Names are typed by people into vendors' apps: they may hold anything, terminal escapes included.
    """
    if isinstance(payload, bytes):
        payload = payload[: 4 * longest * _BYTES_PER_CHARACTER].decode(errors="replace")
    kept = "".join(mark if mark.isprintable() else " " for mark in payload[: 4 * longest])
    return " ".join(kept.split())[:longest]
