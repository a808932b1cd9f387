"""Identifiers that sort by time and are unique without asking anybody."""

import secrets
import time


def new_id() -> str:
    """A 26-character identifier: milliseconds since 1970, then 60 random bits, in hexadecimal.

    Sorts by creation time, so that an index on it stays compact on flash.
    """
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(8)[:15]}"
