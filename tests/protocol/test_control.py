"""The control socket: a real one, with callers who behave and callers who do not."""

import asyncio
import json
import socket
import stat
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.waiting import eventually

from arni_edge.control import ControlServer, call
from arni_edge.control.server import LINE_LIMIT
from arni_edge.domain.errors import ConfigurationError, InvalidInput, Refused, Unavailable

Params = Mapping[str, Any]


@pytest.fixture
def path() -> Iterator[Path]:
    """Short enough for a socket (107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="arni-ctl-", dir="/tmp") as folder:
        yield Path(folder) / "run" / "control.sock"


class Methods:
    """What can be asked; ``gate`` holds back those that ask for ``wait``."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.waiting = 0

    def table(self) -> dict[str, Callable[[Params], Awaitable[Any]]]:
        async def echo(params: Params) -> Any:
            return dict(params)

        async def wait(params: Params) -> Any:
            self.waiting += 1
            await self.gate.wait()
            return params["number"]

        async def refuse(_: Params) -> Any:
            raise InvalidInput("the member is not complete: phone")

        async def crash(_: Params) -> Any:
            raise KeyError("Erika Mustermann")

        async def unspeakable(_: Params) -> Any:
            return {1: object()}

        return {"echo": echo, "wait": wait, "refuse": refuse, "crash": crash, "unspeakable": unspeakable}


@asynccontextmanager
async def serving(path: Path, methods: Methods | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """A server that listens; leaving the block stops it, which must not take long."""
    ready = asyncio.Event()
    server = ControlServer(path, (methods or Methods()).table())
    task = asyncio.create_task(server.run(ready.set))
    try:
        async with asyncio.timeout(10):
            await ready.wait()
        yield task
    finally:
        task.cancel()
        began = time.monotonic()
        await asyncio.wait({task})
        assert time.monotonic() - began < 2


def leave_a_socket(path: Path) -> None:
    """What is left of a daemon that was killed."""
    path.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.exists()


async def ask(path: Path, method: str, **params: Any) -> Any:
    """Ask as the command does."""
    return await asyncio.to_thread(call, path, method, params, timeout=10.0)


class Caller:
    """Somebody at the socket who does not use our client."""

    @classmethod
    @asynccontextmanager
    async def at(cls, path: Path) -> AsyncIterator["Caller"]:
        caller = cls()
        caller.reader, caller.writer = await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
        try:
            yield caller
        finally:
            caller.writer.close()

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def says(self, line: bytes) -> dict[str, Any]:
        self.writer.write(line)
        return await self.hears()

    async def hears(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            answer: dict[str, Any] = json.loads(await self.reader.readline())
            return answer

    async def is_hung_up_on(self) -> bool:
        """At once, or with an error for what the server had not read."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True


# --- questions and answers --------------------------------------------------------------------------------


async def test_a_question_is_answered(path: Path) -> None:
    async with serving(path):
        assert await ask(path, "echo", text="grün", number=1.5, nothing=None) == {
            "text": "grün",
            "number": 1.5,
            "nothing": None,
        }


async def test_a_slow_question_does_not_hold_up_others(path: Path) -> None:
    methods = Methods()
    async with serving(path, methods):
        slow = [asyncio.create_task(ask(path, "wait", number=number)) for number in range(4)]
        await eventually(lambda: methods.waiting == 4)
        quick = await asyncio.gather(*(ask(path, "echo", number=number) for number in range(20)))
        assert quick == [{"number": number} for number in range(20)]
        assert not any(task.done() for task in slow)
        methods.gate.set()
        assert await asyncio.gather(*slow) == [0, 1, 2, 3]


async def test_one_connection_may_ask_many_times(path: Path) -> None:
    async with serving(path), Caller.at(path) as caller:
        for number in range(100):
            question = json.dumps({"method": "echo", "params": {"number": number}}).encode() + b"\n"
            assert await caller.says(question) == {"result": {"number": number}}


async def test_an_answer_may_be_large(path: Path) -> None:
    async with serving(path):
        text = "x" * 1_000_000
        assert await ask(path, "echo", text=text) == {"text": text}


async def test_what_a_terminal_would_obey_is_not_shown(path: Path) -> None:
    async with serving(path):
        answer = await ask(path, "echo", name="\x1b[2Jx\u202e\x9by", lines=["a\nb\r", {"\x07": 1}])
    assert answer == {"name": "\ufffd[2Jx\ufffd\ufffdy", "lines": ["a\nb\ufffd", {"\ufffd": 1}]}


async def test_an_expected_error_reaches_the_caller_in_its_words(path: Path) -> None:
    async with serving(path):
        with pytest.raises(Refused, match="the member is not complete: phone"):
            await ask(path, "refuse")


async def test_a_bug_in_a_method_is_told_without_details_and_logged_with_them(path: Path) -> None:
    async with serving(path) as server:
        with capture_logs() as logs, pytest.raises(Refused) as refused:
            await ask(path, "crash")
        assert str(refused.value) == "internal error (KeyError); the journal has the details"
        assert [(log["event"], log["log_level"]) for log in logs] == [("control_method_crashed", "error")]
        assert not server.done()
        assert await ask(path, "echo") == {}


async def test_an_answer_that_cannot_be_said_is_a_bug_too(path: Path) -> None:
    async with serving(path):
        with pytest.raises(Refused, match=r"internal error \(TypeError\)"):
            await ask(path, "unspeakable")


async def test_a_method_that_hangs_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.control.server._ANSWER_SECONDS", 0.2)
    async with serving(path):
        with pytest.raises(Refused, match=r"no answer within 0\.2 s"):
            await ask(path, "wait", number=1)


# --- callers who do not behave ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"GET / HTTP/1.1\r\n", "not JSON"),
        (b"\n", "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b'"status"\n', "a request needs 'method'"),
        (b'{"method": "echo", "params": [1]}\n', "a request needs 'method'"),
        (b"{}\n", "unknown method; known here: crash, echo"),
        (b'{"method": "format"}\n', "unknown method; known here: crash, echo"),
        (b'{"method": {"a": 1}}\n', "unknown method; known here: crash, echo"),
    ],
)
async def test_what_cannot_be_understood_is_answered_and_the_caller_may_try_again(
    path: Path, line: bytes, words: str
) -> None:
    async with serving(path), Caller.at(path) as caller:
        assert words in (await caller.says(line))["error"]
        assert await caller.says(b'{"method": "echo"}\n') == {"result": {}}


async def test_a_line_beyond_the_limit_is_refused_and_the_caller_hung_up_on(path: Path) -> None:
    async with serving(path), Caller.at(path) as caller:
        answer = await caller.says(b"x" * (2 * LINE_LIMIT + 1))
        assert answer == {"error": "the request is longer than 4 MiB"}
        assert await caller.is_hung_up_on()
        assert await ask(path, "echo") == {}


async def test_our_own_client_hears_that_its_request_is_too_long(path: Path) -> None:
    async with serving(path):
        with pytest.raises(Refused, match="longer than 4 MiB"):
            await ask(path, "echo", text="x" * (3 * LINE_LIMIT))


async def test_half_a_line_is_not_carried_out(path: Path) -> None:
    methods = Methods()
    async with serving(path, methods):
        async with Caller.at(path) as caller:
            caller.writer.write(b'{"method": "wait", "params": {"number": 1}}')
            caller.writer.write_eof()
            assert await caller.is_hung_up_on()
        assert methods.waiting == 0


async def test_a_caller_who_leaves_before_the_answer_harms_nobody(path: Path) -> None:
    methods = Methods()
    async with serving(path, methods) as server:
        async with Caller.at(path) as caller:
            caller.writer.write(b'{"method": "wait", "params": {"number": 1}}\n')
            await eventually(lambda: methods.waiting == 1)
        methods.gate.set()
        assert await ask(path, "echo") == {}
        assert not server.done()


async def test_a_silent_caller_is_hung_up_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.control.server._IDLE_SECONDS", 0.2)
    async with serving(path), Caller.at(path) as caller:
        assert await caller.is_hung_up_on()


async def test_too_many_callers_are_told_so_and_those_before_them_stay(path: Path) -> None:
    async with serving(path), Caller.at(path) as first:
        others = [await asyncio.open_unix_connection(path) for _ in range(31)]
        assert await first.says(b'{"method": "echo"}\n') == {"result": {}}
        async with Caller.at(path) as one_too_many:
            assert await one_too_many.hears() == {"error": "too many callers at once; try again"}
        assert await first.says(b'{"method": "echo"}\n') == {"result": {}}
        for _, writer in others:
            writer.close()
        await there_is_room_again(path)


async def there_is_room_again(path: Path) -> None:
    async with asyncio.timeout(10):
        while True:
            with suppress(Refused):
                assert await ask(path, "echo") == {}
                return
            await asyncio.sleep(0.01)


async def test_stopping_does_not_wait_for_callers(path: Path) -> None:
    methods = Methods()
    async with serving(path, methods) as server, Caller.at(path) as idle, Caller.at(path) as busy:
        busy.writer.write(b'{"method": "wait", "params": {"number": 1}}\n')
        await eventually(lambda: methods.waiting == 1)
        server.cancel()
        assert await idle.is_hung_up_on()
        assert await busy.is_hung_up_on()


# --- the socket file --------------------------------------------------------------------------------------


async def test_owner_and_group_may_use_the_socket_and_nobody_else(path: Path) -> None:
    async with serving(path):
        assert mode(path) == 0o660
    assert mode(path) is None


def mode(path: Path) -> int | None:
    """Who may do what with it; None when it is not there."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


async def test_the_socket_of_a_dead_daemon_is_replaced(path: Path) -> None:
    leave_a_socket(path)
    async with serving(path):
        assert await ask(path, "echo") == {}


async def test_the_socket_of_a_living_daemon_is_left_alone(path: Path) -> None:
    async with serving(path):
        with pytest.raises(Unavailable, match="another daemon answers"):
            await ControlServer(path, {}).run(lambda: None)
        assert await ask(path, "echo") == {}


async def test_a_socket_that_cannot_be_made_is_said_clearly(path: Path) -> None:
    leave_a_socket(path.parent)
    with pytest.raises(Unavailable, match=r"control\.sock cannot be opened: "):
        await ControlServer(path, {}).run(lambda: None)


def test_a_path_that_is_too_long_is_a_configuration_error(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="choose a shorter"):
        ControlServer(path.parent / ("x" * 100), {})


# --- our client -------------------------------------------------------------------------------------------


def test_without_a_daemon_the_client_says_so(path: Path) -> None:
    with pytest.raises(Unavailable, match=r"no daemon answers at .*control\.sock .*is arni-edge running\?"):
        call(path, "status")


def test_a_dead_daemons_socket_is_no_daemon(path: Path) -> None:
    leave_a_socket(path)
    with pytest.raises(Unavailable, match="no daemon answers"):
        call(path, "status")


@pytest.mark.parametrize("last_words", [b"", b'{"resu', b'{"result": 1}'])
def test_a_daemon_that_dies_while_it_answers_is_unavailable(path: Path, last_words: bytes) -> None:
    with dying_daemon(path, last_words), pytest.raises(Unavailable, match="ended the connection"):
        call(path, "status", timeout=10)


@contextmanager
def dying_daemon(path: Path, last_words: bytes) -> Iterator[None]:
    """Takes one question and ends in the middle of its answer."""
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(last_words)

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join(timeout=10)


def test_a_daemon_that_hangs_is_unavailable(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen()
        with pytest.raises(Unavailable, match=r"no answer within 0\.2 s"):
            call(path, "status", timeout=0.2)


async def test_a_method_that_may_take_longer_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arni_edge.control.server._ANSWER_SECONDS", 0.1)
    ready, gate = asyncio.Event(), asyncio.Event()

    async def slow(_: Params) -> str:
        await gate.wait()
        return "open"

    server = ControlServer(path, {"door.open": slow, "other": slow}, longer={"door.open": 30.0})
    task = asyncio.create_task(server.run(ready.set))
    try:
        await ready.wait()
        opening = asyncio.create_task(asyncio.to_thread(call, path, "door.open"))
        with pytest.raises(Refused, match=r"no answer within 0\.1 s"):
            await asyncio.to_thread(call, path, "other")
        assert not opening.done()
        gate.set()
        assert await opening == "open"
    finally:
        task.cancel()
        await asyncio.wait({task})
