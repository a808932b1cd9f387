"""Magicline: the gym's member management, mirrored and written to."""

from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.device import CardFormat, DeviceClient, Identification, IdentificationKind
from arni_edge.magicline.errors import Away, Conflict, MaybeDone, Missing, NotAllowed, Rejected
from arni_edge.magicline.transport import open_http

__all__ = [
    "Away",
    "CardFormat",
    "Conflict",
    "DeviceClient",
    "Identification",
    "IdentificationKind",
    "MagiclineClient",
    "MaybeDone",
    "Missing",
    "NotAllowed",
    "Rejected",
    "open_http",
]
