"""One voice for the whole gym: sentences in memory, one announcement at a time, alarms first."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import structlog

from arni_edge.daemon.announcer import espeak
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language

_LOG = structlog.get_logger(__name__)

_BEGIN_SECONDS: Final = 8.0
"""Whoever announces something waits no longer for its beginning."""

_SOUNDS_SECONDS: Final = 0.25
"""A player that lives for so long has found its loudspeaker: one without fails at once."""

_SPARE_SECONDS: Final = 5.0
_MOST_WAITING: Final = 4
_PROGRESS_SECONDS: Final = 2.0
_PAUSE: Final = bytes(2 * espeak.SAMPLE_RATE // 2)
"""Half a second of silence between languages."""

Sentence = tuple[str, Language]
"""Key in the catalogue, and language."""


class Rank(IntEnum):
    """What overtakes what; the lower one goes first and ends what is being said."""

    LEAVE = 0
    """Everybody has to leave the building."""
    ALARM = 1
    QUESTION = 2
    NOTICE = 3


@dataclass(slots=True, eq=False)
class _Utterance:
    key: str
    rank: Rank
    frames: bytes
    began: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def waited_for(self) -> bool:
        return not self.began.done()

    def fail(self, reason: str) -> None:
        if self.waited_for:
            self.began.set_exception(Unavailable(reason))
            self.began.exception()  # whoever asked may have gone


class Speaker:
    """Says sentences of the catalogue through a program that plays WAV from its standard input."""

    def __init__(
        self,
        catalogue: Catalogue,
        clock: Clock,
        command: Sequence[str],
        *,
        ranks: Mapping[str, Rank],
        prepared: Sequence[Sentence],
        health: Callable[[State, str], None],
        renderer: str = espeak.PROGRAM,
    ) -> None:
        """Nothing is rendered or said before :meth:`run`.

        Args:
            catalogue: The words.
            clock: For how long it took.
            command: What plays, for instance ``aplay -q -``; it gets a WAV file on its standard input.
            ranks: Rank of a key or of what its beginning is, for instance ``announce.alarm``; others are
                notices.
            prepared: Sentences without placeholders that are kept as sound, so that they begin at once.
            health: Told how it is.
            renderer: What makes sound of text.
        """
        self._catalogue = catalogue
        self._clock = clock
        self._command = tuple(command)
        self._ranks = dict(ranks)
        self._prepared = tuple(prepared)
        self._health = health
        self._renderer = renderer
        self._sounds: dict[Sentence, bytes] = {}
        self._waiting: list[_Utterance] = []
        self._news = asyncio.Event()
        self._playing: _Utterance | None = None
        self._problems = {"renderer": "", "player": ""}

    # --- asking -------------------------------------------------------------------------------------------

    async def announce(self, key: str, *languages: Language, **values: object) -> str:
        """Begin to speak, see :class:`~arni_edge.safety.announcer.Announcer`."""
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(_BEGIN_SECONDS):
                utterance = await self._in_line(key, languages, values)
                await asyncio.shield(utterance.began)
        except TimeoutError:
            raise Unavailable(f"nothing was said within {_BEGIN_SECONDS:g} s") from None
        took = self._clock.monotonic() - started
        spoken = ", ".join(languages)
        return f"spoke after {took:.2f} s ({spoken}, {espeak.seconds_of(utterance.frames):.0f} s)"

    async def _in_line(
        self, key: str, languages: Sequence[Language], values: Mapping[str, object]
    ) -> _Utterance:
        """Take a place in the line; what is being said already, or waits, is not said twice."""
        for known in (self._playing, *self._waiting):
            if known is not None and known.key == key and not values:
                return known
        rank = self._rank(key)
        sounds = [await self._sound(key, language, values) for language in languages]
        utterance = _Utterance(key, rank, _PAUSE.join(sounds))
        if len(self._waiting) >= _MOST_WAITING:
            last = max(self._waiting, key=lambda one: one.rank)
            if last.rank <= rank:
                raise Unavailable("too much waits to be said")
            self._waiting.remove(last)
            last.fail("overtaken")
        self._waiting.append(utterance)
        self._waiting.sort(key=lambda one: one.rank)  # stable: the elder of two alike goes first
        self._news.set()
        return utterance

    async def _sound(self, key: str, language: Language, values: Mapping[str, object]) -> bytes:
        if not values and (known := self._sounds.get((key, language))) is not None:
            return known
        return await espeak.render(self._catalogue.text(key, language, **values), language, self._renderer)

    def _rank(self, key: str) -> Rank:
        beginnings = [one for one in self._ranks if key == one or key.startswith(f"{one}.")]
        return self._ranks[max(beginnings, key=len)] if beginnings else Rank.NOTICE

    # --- speaking -----------------------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Keep sentences ready and say what is in line, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._prepare(), name="speaker sentences")
                while True:
                    progress()
                    await self._next(progress)
        finally:
            for utterance in self._waiting:
                utterance.fail("the loudspeaker was switched off")
            self._waiting.clear()

    async def _prepare(self) -> None:
        if shutil.which(self._command[0]) is None:
            self._tell("player", f"{self._command[0]} is not installed; see alarms.speaker")
        backoff = Backoff(first=2.0, longest=300.0)
        while missing := [one for one in self._prepared if one not in self._sounds]:
            try:
                for key, language in missing:
                    self._sounds[key, language] = await self._sound(key, language, {})
            except Unavailable as error:
                self._tell("renderer", str(error))
                await asyncio.sleep(backoff.next())
        self._tell("renderer", "")

    async def _next(self, progress: Progress) -> None:
        """Say what is first in line, or wait for something a little while."""
        if not self._waiting:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PROGRESS_SECONDS):
                    await self._news.wait()
            return
        utterance = self._playing = self._waiting.pop(0)
        try:
            await self._play(utterance, progress)
        except Unavailable as error:
            utterance.fail(str(error))
            self._tell("player", str(error))
        else:
            self._tell("player", "")
        finally:
            self._playing = None
            utterance.fail("interrupted")

    async def _play(self, utterance: _Utterance, progress: Progress) -> None:
        """Say it to its end, unless something more urgent comes.

        Raises:
            Unavailable: The player cannot be started, fails, or does not end.
        """
        program = self._command[0]
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # see espeak.end()
            )
        except OSError as error:
            raise Unavailable(f"{program} cannot be started ({error.strerror}); see alarms.speaker") from None
        feeding = asyncio.ensure_future(process.communicate(espeak.wav_of(utterance.frames)))
        try:
            started = self._clock.monotonic()
            limit = espeak.seconds_of(utterance.frames) + _SPARE_SECONDS
            await asyncio.wait({feeding}, timeout=_SOUNDS_SECONDS)
            while not feeding.done():
                if utterance.waited_for:
                    utterance.began.set_result(None)
                if self._waiting and self._waiting[0].rank < utterance.rank:
                    _LOG.info("announcement_overtaken", key=utterance.key, by=self._waiting[0].key)
                    return
                if self._clock.monotonic() - started > limit:
                    raise Unavailable(f"{program} does not end; see alarms.speaker")
                progress()
                self._news.clear()
                urgent = asyncio.ensure_future(self._news.wait())
                await asyncio.wait(
                    {feeding, urgent}, timeout=_PROGRESS_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                urgent.cancel()
            if process.returncode != 0:
                raise Unavailable(f"{program} failed (exit code {process.returncode}); see alarms.speaker")
            if utterance.waited_for:
                utterance.began.set_result(None)
        finally:
            feeding.cancel()
            await espeak.end(process)
            await asyncio.wait({feeding})
            if not feeding.cancelled():
                feeding.exception()

    def _tell(self, what: str, problem: str) -> None:
        self._problems[what] = problem
        reason = "; ".join(one for one in self._problems.values() if one)
        self._health(State.DEGRADED if reason else State.OK, reason)
