"""Text to speech by espeak-ng: text into a pipe, sound out of a pipe, nothing on a disk."""

import asyncio
import contextlib
import io
import os
import signal
import wave
from collections.abc import Mapping
from typing import Final

from arni_edge.domain.errors import Unavailable
from arni_edge.domain.messages import Language

PROGRAM: Final = "espeak-ng"

_RENDER_SECONDS: Final = 5.0
_LONGEST_SOUND: Final = 8 << 20
"""Three minutes; an announcement has ten seconds."""

_VOICES: Final[Mapping[Language, str]] = {Language.GERMAN: "de", Language.ENGLISH: "en"}
_WORDS_PER_MINUTE: Final = 145
"""Slower than it would speak by itself: halls echo."""

_HEADER: Final = 44
"""Bytes of a WAV header as espeak-ng writes it."""


async def render(text: str, language: Language, program: str = PROGRAM) -> bytes:
    """The sound of a text, 16-bit mono PCM, without a header: see :func:`wav_of`.

    Args:
        text: What is said.
        language: Chooses the voice.
        program: What renders it.

    Returns:
        Frames at :data:`SAMPLE_RATE`.

    Raises:
        Unavailable: It cannot be rendered; the reason is for the owner.
    """
    command = (program, "-v", _VOICES[language], "-s", str(_WORDS_PER_MINUTE), "--stdin", "--stdout")
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # see end()
        )
    except OSError as error:
        raise Unavailable(f"{program} cannot be started ({error.strerror}); install it") from None
    try:
        async with asyncio.timeout(_RENDER_SECONDS):
            sound, _ = await process.communicate(text.encode())
    except TimeoutError:
        raise Unavailable(f"{program} did not render a sentence within {_RENDER_SECONDS:g} s") from None
    finally:
        await end(process)
    if process.returncode != 0 or len(sound) <= _HEADER or len(sound) > _LONGEST_SOUND:
        raise Unavailable(f"{program} rendered nothing usable (exit code {process.returncode})")
    # As it writes into a pipe, the lengths in its header are not true.
    return sound[_HEADER:]


SAMPLE_RATE: Final = 22050
_SAMPLE_BYTES: Final = 2


def wav_of(frames: bytes) -> bytes:
    """Frames with a header that is true."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(_SAMPLE_BYTES)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes(frames)
    return file.getvalue()


def seconds_of(frames: bytes) -> float:
    """How long it takes to say this."""
    return len(frames) / (_SAMPLE_BYTES * SAMPLE_RATE)


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill a process that still runs, with all that it has started, and take note of its end.

    Args:
        process: It leads a session of its own: a player is often a script, and what that has started would
            go on speaking, and keep us waiting for the end of its pipes.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        await process.wait()
