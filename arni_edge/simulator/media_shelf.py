"""Where the simulated Meta keeps media, and for how long: by its own clock."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from arni_edge.domain.clock import Clock

FROM_PEOPLE: Final = timedelta(days=7)
UPLOADED: Final = timedelta(days=30)
ADDRESS: Final = timedelta(minutes=5)
DOWNLOADS: Final = "/whatsapp_business/attachments/"


@dataclass(frozen=True, slots=True)
class Medium:
    """A file.

    Attributes:
        media_id: Meta's.
        content: Its bytes.
        mime: What it is said to be, with parameters.
        gone_at: From then on nobody gets it (aware).
    """

    media_id: str
    content: bytes
    mime: str
    gone_at: datetime

    @property
    def digest(self) -> bytes:
        """SHA-256: webhooks write it in base64, other answers in hex."""
        return hashlib.sha256(self.content).digest()


class MediaShelf:
    """All files that people sent and that the gym uploaded.

    Attributes:
        root: Where the downloads are served; webhooks name no address before it is known.
    """

    def __init__(self, clock: Clock) -> None:
        """It is empty.

        Args:
            clock: By which things vanish.
        """
        self.root = ""
        self._clock = clock
        self._media: dict[str, Medium] = {}
        self._addresses: dict[str, tuple[str, datetime]] = {}
        self._dice = Random(7)

    def put(self, content: bytes, mime: str, keep: timedelta = FROM_PEOPLE) -> Medium:
        """Keep a file."""
        media_id = str(1_000_000_000_000_000 + self._dice.randrange(10**15))
        medium = Medium(media_id, content, mime, self._clock.now() + keep)
        self._media[media_id] = medium
        return medium

    def find(self, media_id: object) -> Medium | None:
        """A file that is still kept."""
        medium = self._media.get(media_id) if isinstance(media_id, str) else None
        return medium if medium is not None and self._clock.now() < medium.gone_at else None

    def remove(self, media_id: str) -> bool:
        """Forget a file; whether it was there."""
        return self.find(media_id) is not None and self._media.pop(media_id, None) is not None

    def address(self, medium: Medium, root: str = "") -> str:
        """Where it can be fetched for five minutes; empty while nobody knows where that is."""
        if not (root or self.root):
            return ""
        expires, key = self._clock.now() + ADDRESS, f"{self._dice.getrandbits(128):032x}"
        self._addresses[key] = medium.media_id, expires
        query = f"mid={medium.media_id}&ext={int(expires.timestamp())}&hash={key}"
        return f"{(root or self.root).rstrip('/')}{DOWNLOADS}?{query}"

    def at(self, key: str) -> Medium | None:
        """What lies at an address that has not expired."""
        media_id, expires = self._addresses.get(key, ("", self._clock.now()))
        return self.find(media_id) if self._clock.now() < expires else None

    def described(self, medium: Medium) -> dict[str, Any]:
        """How a webhook names a file."""
        found = {
            "mime_type": medium.mime,
            "sha256": base64.b64encode(medium.digest).decode(),
            "id": medium.media_id,
        }
        address = self.address(medium)
        return found | {"url": address} if address else found
