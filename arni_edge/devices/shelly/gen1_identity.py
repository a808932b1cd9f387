"""Which Shelly of generation 1 it is."""

import re
from collections.abc import Mapping
from typing import Any

from arni_edge.devices.shelly import gen1_values as value
from arni_edge.domain.readings import Identity

_SLEEPERS = frozenset({"SHHT-1", "SHWT-1", "SHSM-01", "SHDW-1", "SHDW-2", "SHBTN-1", "SHBTN-2"})
_SLEEP_SECONDS = 12 * 3600.0
"""Factory default of ``sleep_mode.period``."""

_ID = re.compile(r"[^#+$\x00-\x20\x7f][^#+\x00-\x20\x7f]{0,255}")
_MODEL = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}", re.ASCII)
_FIRMWARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_@-]{0,95}", re.ASCII)
_MAC = re.compile(r"[0-9A-F]{12}", re.ASCII)


def parse_announce(payload: bytes) -> Identity | None:
    """The identity from ``shellies/announce`` or ``<prefix>/announce``.

    Returns:
        None for what is no announcement, and for that of a newer generation (it has a key ``gen``). ``id`` is
        the element of the topics, not the true one, where the owner chose another: the MAC is the identity.
    """
    announced = value.json_object(payload)
    if announced is None or "gen" in announced:
        return None
    name = _matching(_ID, announced.get("id"))
    if name is None or not {"model", "mac", "fw_ver"} & announced.keys():
        return None
    model = _matching(_MODEL, announced.get("model"))
    return Identity(
        "shelly",
        generation=1,
        model=model,
        firmware=_matching(_FIRMWARE, announced.get("fw_ver")),
        mac=_matching(_MAC, announced.get("mac")),
        prefix=f"shellies/{name}",
        sleeps_seconds=_SLEEP_SECONDS if model in _SLEEPERS else None,
    )


def identity_of_info(status: Mapping[str, Any]) -> Identity:
    """What ``info`` says of the device itself: neither model nor prefix."""
    update = status.get("update")
    return Identity(
        "shelly",
        generation=1,
        firmware=_matching(_FIRMWARE, update.get("old_version")) if isinstance(update, dict) else None,
        mac=_matching(_MAC, status.get("mac")),
        sleeps_seconds=_SLEEP_SECONDS if "act_reasons" in status else None,
    )


def _matching(pattern: re.Pattern[str], raw: object) -> str | None:
    return raw if isinstance(raw, str) and pattern.fullmatch(raw) else None
