"""QR readers, keypads and cameras at doors: what they see comes over the local broker; so goes the answer.

A reader publishes to ``arni/<site>/reader/<door>``: the text itself, or ``{"text": "…"}``. The answer comes
on ``arni/<site>/reader/<door>/answer`` as ``{"answer": "allowed" | "denied" | "asked", "text": "…"}``: public
words only, because everybody at the door can read a display.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import orjson
import structlog

from arni_edge.access.entry import Entry, EntryDesk
from arni_edge.access.words import public_text
from arni_edge.broker import BrokerSession, Received
from arni_edge.broker.readers import reader_topic
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.settings import Door

_LOG = structlog.get_logger(__name__)

LONGEST = 512
"""Bytes of what a reader may say."""
_ANSWER_EXPIRY_SECONDS = 10
_BEAT_SECONDS = 2.0


def answer_topic(site_id: str, door_id: str) -> str:
    """Where the reader of a door hears what to show."""
    return f"{reader_topic(site_id, door_id)}/answer"


def read_payload(payload: bytes) -> str | None:
    """What a reader saw, from hostile bytes; None when it cannot be anything."""
    if not payload or len(payload) > LONGEST:
        return None
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    if not text.startswith("{"):
        return text
    try:
        said = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    shown = said.get("text") if isinstance(said, dict) else None
    return shown if isinstance(shown, str) and shown else None


@dataclass(slots=True)
class _Reader:
    """One reader: at most one attempt is under way or waits; a person has one code at a time."""

    door: str
    shown: str | None = None
    busy: bool = False
    dropped: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class DoorReaders:
    """Hands what the readers see to the entry desk."""

    def __init__(
        self,
        broker: BrokerSession,
        entry: EntryDesk,
        catalogue: Catalogue,
        *,
        site_id: str,
        language: Language,
        doors: Sequence[Door],
        seen_by_cameras: Collection[str] = (),
    ) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            broker: Carries what readers see, and the answers.
            entry: Decides.
            catalogue: The words for a display.
            site_id: Part of the topics.
            language: Of the displays.
            doors: All doors; those with ``reader`` have one.
            seen_by_cameras: Ids of doors where a camera reads what is shown: the vision worker says it.
        """
        self._broker = broker
        self._entry = entry
        self._catalogue = catalogue
        self._site_id = site_id
        self._language = language
        self._readers = {
            reader_topic(site_id, door.id): _Reader(door.id)
            for door in doors
            if door.reader or door.id in seen_by_cameras
        }
        if self._readers:
            broker.subscribe(sorted(self._readers), self._on_message)

    @property
    def dropped(self) -> int:
        """What readers said while an attempt was under way, and what could not be read as anything."""
        return sum(reader.dropped for reader in self._readers.values())

    async def _on_message(self, message: Received) -> None:
        """Take note and return: an opening takes seconds, and needs the messages behind this one."""
        reader = self._readers[message.topic]
        if message.retained:  # history: nobody is standing there
            return
        shown = read_payload(message.payload)
        if shown is None or reader.busy or reader.shown is not None:
            reader.dropped += 1
            return
        reader.shown = shown
        reader.arrived.set()

    async def run(self, progress: Progress) -> None:
        """Serve all readers until cancelled."""
        async with asyncio.TaskGroup() as group:
            for reader in self._readers.values():
                group.create_task(self._serve(reader), name=f"reader {reader.door}")
            while True:
                progress()
                await asyncio.sleep(_BEAT_SECONDS)

    async def _serve(self, reader: _Reader) -> None:
        while True:
            await reader.arrived.wait()
            reader.arrived.clear()
            shown, reader.shown = reader.shown, None
            if shown is None:
                continue
            await self._serve_one(reader, shown)

    async def _serve_one(self, reader: _Reader, shown: str) -> None:
        try:
            reader.busy = True
            try:
                entry = await self._entry.present(reader.door, shown, source="reader")
            finally:
                reader.busy = False  # before the answer: whoever has it may show the next code
            await self._broker.publish(
                answer_topic(self._site_id, reader.door),
                orjson.dumps(
                    {
                        "answer": _word(entry),
                        "text": public_text(self._catalogue, entry, self._language, shown=True),
                    }
                ),
                expiry_seconds=_ANSWER_EXPIRY_SECONDS,
            )
        except Unavailable as error:
            _LOG.warning("reader_not_answered", door=reader.door, reason=str(error))


def _word(entry: Entry) -> str:
    if entry.asked is not None:
        return "asked"
    return "allowed" if entry.denied is None else "denied"
