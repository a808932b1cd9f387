"""Stage 3, listen: a voice note becomes words, which are then looked at like any others."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Protocol

import structlog

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.domain.messages import Language, Media
from arni_edge.domain.text import guess_language
from arni_edge.storage import Database, inbox

_LOG = structlog.get_logger(__name__)

_FETCHABLE: Final = timedelta(days=7)
"""So long Meta keeps what a person sent."""
_AT_ONCE: Final = 2
"""Recordings in memory, each of up to 16 MB: while one is listened to, the next is fetched."""


class Speech(Protocol):
    """Whoever can listen. The recording is in memory only, on both sides."""

    async def words(self, recording: bytes, mime: str, language: Language) -> str:
        """What was said; empty when nothing could be understood.

        Args:
            recording: The file as it was sent, for instance OGG with Opus.
            mime: Its type.
            language: In which it is most likely spoken.

        Raises:
            Unavailable: Nobody can listen now.
            InvalidInput: It is no recording.
        """
        ...


class Recordings(Protocol):
    """Whoever fetches what came with a message."""

    async def fetch(self, media: Media) -> bytes:
        """The bytes.

        Raises:
            Unavailable: They cannot be fetched now.
            Refused: They cannot be fetched any more.
            InvalidInput: They are too many, or not what was sent.
        """
        ...


class Listen:
    """Fetches a voice note and has it written down. With nobody to listen it stays without words.

    What was said goes past the first stage again: an emergency that is spoken is one.
    """

    name = "listen"

    def __init__(
        self,
        database: Database,
        clock: Clock,
        safety: Callable[[Turn], Awaitable[Step]],
        recordings: Recordings | None,
        speech: Speech | None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._safety = safety
        self._recordings = recordings
        self._speech = speech
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, turn: Turn) -> Step:
        """Put words in the place of a recording."""
        media = turn.message.media
        if media is None or not media.voice or turn.message.text or not self._speech or not self._recordings:
            return Step.ON
        if self._clock.now() - turn.message.sent_at > _FETCHABLE:
            return Step.ON
        try:
            async with self._few:
                recording = await self._recordings.fetch(media)
                words = await self._speech.words(recording, media.mime, turn.language)
                del recording
        except (Refused, InvalidInput) as error:
            _LOG.info("voice_note_unheard", message=turn.message.key, reason=str(error))
            return Step.ON
        if not words.strip():
            return Step.ON
        turn.hear(words, guess_language(words, turn.language))
        # First looked at, then kept: what is on the disk is not listened to again after a crash.
        if await self._safety(turn) is Step.END:
            return Step.END
        kept = await self._database.write(lambda tx: inbox.hear(tx, turn.message, words))
        return Step.ON if kept else Step.END
