"""Processes beside the benchmark: some that answer a line with a line, others that are run to their end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from arni_edge.domain.errors import Unavailable

_ANSWER_SECONDS = 60.0


class Servant:
    """Answers, line by line; ends with its stdin.

    Attributes:
        pid: Of the process.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Take a process that :func:`servant` has started."""
        self._process = process
        self.pid = process.pid

    async def ask(self, line: str) -> str:
        """Say something and hear the answer.

        Raises:
            Unavailable: It ended, or says nothing for a minute.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        return await self.answer()

    async def answer(self) -> str:
        """The next line; otherwise as :meth:`ask`."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise Unavailable(f"no answer within {_ANSWER_SECONDS:g} s") from None
        if not line.endswith(b"\n"):
            assert self._process.stderr is not None
            complaint = (await self._process.stderr.read(8192)).decode(errors="replace").strip()
            raise Unavailable(complaint[-300:] or "a process of the benchmark has ended")
        return line.decode().strip()


@contextlib.asynccontextmanager
async def servant(*command: str) -> AsyncIterator[Servant]:
    """Run a process that answers; it is gone after the block."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        yield Servant(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def output_of(*command: str, seconds: float, folder: Path) -> tuple[int, str]:
    """Run a command to its end.

    Args:
        command: The program, and what it is told.
        seconds: After them it is killed.
        folder: In which it runs.

    Returns:
        Its exit code and what it said; only its complaints when it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
    )
    try:
        async with asyncio.timeout(seconds):
            said, complaints = await process.communicate()
    except TimeoutError:
        return -1, f"it took longer than {seconds:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    code = process.returncode or 0
    return code, (said if code == 0 else complaints).decode(errors="replace")
