"""Who this box is to its relay: files in the state folder that nobody else can read.

::

    relay/next.key    a key that is being enrolled: the same code with the same key may be tried again
    relay/<…>.key     the key that is enrolled, named by the beginning of its public half
    relay/box.json    the box's id, its epoch, the relay's host and the name of the key; written after the key
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from arni_edge import files
from arni_edge.domain.errors import ConfigurationError, Unavailable
from arni_edge.relay import keys
from arni_edge.relay.errors import ENROLL, NOT_ENROLLED, ShutOut

_BOX: Final = "box.json"
_NEXT: Final = "next.key"


@dataclass(frozen=True, slots=True)
class Identity:
    """An enrolled box.

    Attributes:
        box: Its id at the relay.
        epoch: Which of the gym's boxes it is.
        audience: The relay's host, for which its tokens are.
        enrolled_at: When (aware).
        key: Its key.
    """

    box: str
    epoch: int
    audience: str
    enrolled_at: datetime
    key: keys.BoxKey

    def token(self, now: datetime) -> str:
        """What goes into ``Authorization: Bearer …`` now; good for five minutes."""
        return keys.sign_token(self.key, box=self.box, audience=self.audience, epoch=self.epoch, now=now)


class Papers:
    """The files of the box's identity."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read or made yet.

        Args:
            folder: Where they lie; made when it is needed.
        """
        self._folder = folder

    def load(self) -> Identity:
        """Who this box is.

        Raises:
            ShutOut: It has never been enrolled, or its files cannot be used.
        """
        file = self._folder / _BOX
        try:
            said = orjson.loads(file.read_bytes())
            return _identity(said, keys.load(self._folder / str(said["key"])))
        except FileNotFoundError:
            raise ShutOut("not enrolled", NOT_ENROLLED) from None
        except (OSError, ValueError, KeyError, TypeError, ConfigurationError) as error:
            sentence = f"{file} or its key cannot be used ({type(error).__name__}); {ENROLL}"
            raise ShutOut("unusable", sentence) from None

    def next_key(self) -> keys.BoxKey:
        """The key to enrol with: of an attempt that came to no end, else a new one.

        Raises:
            Unavailable: It cannot be stored.
            ConfigurationError: The one that is there cannot be used.
        """
        try:
            files.make_folder(self._folder, mode=0o700)
            with suppress(FileExistsError):
                return keys.make_key(self._folder / _NEXT)
            return keys.load(self._folder / _NEXT)
        except OSError as error:
            raise Unavailable(f"{self._folder}: the box's key cannot be stored: {error.strerror}") from None

    def keep(self, key: keys.BoxKey, box: str, epoch: int, audience: str, now: datetime) -> Identity:
        """The next key is enrolled: from now on the box is this.

        Args:
            key: From :meth:`next_key`.
            box: The id that the relay gave.
            epoch: The number that the relay gave.
            audience: The relay's host.
            now: The moment.

        Raises:
            Unavailable: It cannot be stored; the same code may be tried again.
        """
        name = f"{key.public[:16]}.key"
        said = {
            "box": box,
            "epoch": epoch,
            "audience": audience,
            "enrolled_at": now.isoformat(),
            "key": name,
        }
        try:
            with suppress(FileExistsError):
                files.link(self._folder / _NEXT, self._folder / name)
            files.replace(self._folder / _BOX, orjson.dumps(said))
            for file in self._folder.glob("*.key"):
                if file.name != name:
                    file.unlink()
            files.sync(self._folder)  # a key that comes back would be enrolled again
        except OSError as error:
            raise Unavailable(
                f"{self._folder}: the box's identity cannot be stored: {error.strerror}"
            ) from None
        return _identity(said, key)

    @property
    def version(self) -> int:
        """Changes with every enrolment; 0 before the first."""
        try:
            return (self._folder / _BOX).stat().st_mtime_ns
        except OSError:
            return 0


def _identity(said: dict[str, Any], key: keys.BoxKey) -> Identity:
    return Identity(
        str(said["box"]),
        int(said["epoch"]),
        str(said["audience"]),
        datetime.fromisoformat(said["enrolled_at"]),
        key,
    )
