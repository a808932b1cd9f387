"""The page with the snapshot: one picture, once, to whoever knows the address, whatever else knocks."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from arni_edge.cli.drawing import OneTimePage, Save
from arni_edge.domain.errors import InvalidInput, Unavailable

PICTURE = b"\xff\xd8\xff" + bytes(3_000_000)


class _Served:
    def __init__(self, page: OneTimePage) -> None:
        self.page = page
        self.port = urlsplit(page.url).port or 0
        self.path = urlsplit(page.url).path
        self.used: bool | None = None

    def ask(self, method: str, path: str = "", **more: Any) -> tuple[int, bytes]:
        answer = self.answer(method, path, **more)
        return answer.status, answer.read()

    def answer(self, method: str, path: str = "", **more: Any) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, self.path + path, **more)
        return connection.getresponse()

    def say(self, raw: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as channel:
            channel.sendall(raw)
            channel.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: channel.recv(65536), b""))


@contextmanager
def _served(save: Save | None = None, picture: bytes = PICTURE) -> Iterator[_Served]:
    page = OneTimePage(picture, "127.0.0.1", 0, save=save, state={})
    served = _Served(page)

    def serve() -> None:
        served.used = page.serve(20)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield served
    finally:
        page.end()
        thread.join(10)
        assert not thread.is_alive()


def test_a_slow_browser_gets_the_whole_picture_before_it_is_over() -> None:
    with _served() as served, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(10)
        slow.connect(("127.0.0.1", served.port))
        slow.sendall(f"GET {served.path}picture.jpg HTTP/1.0\r\n\r\n".encode())
        time.sleep(1.0)  # not waiting for anything: that is how slow it is
        assert served.used is None
        came = b"".join(iter(lambda: slow.recv(65536), b""))
        assert came.endswith(PICTURE)
        assert came.split(b"\r\n")[0].endswith(b"200 OK")
    assert served.used is True


def test_many_ask_at_once_and_one_gets_it() -> None:
    with _served(lambda _: "") as served:
        together = threading.Barrier(8)
        statuses: list[int] = []

        def ask() -> None:
            together.wait(10)
            statuses.append(served.ask("GET", "picture.jpg")[0])

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(10)
        assert sorted(statuses) == [200, *[404] * 7]


def test_asking_how_large_it_is_does_not_use_it_up() -> None:
    with _served(lambda _: "") as served:
        assert served.ask("HEAD", "picture.jpg")[0] in {404, 405, 501}
        assert served.ask("GET", "picture.jpg")[0] == 200


@pytest.mark.parametrize(
    "path", ["", "/", "/picture.jpg", "/../picture.jpg", "//etc/passwd", "/%2e%2e/etc/passwd", "/\udcff"]
)
def test_without_the_secret_there_is_nothing(path: str) -> None:
    with _served(lambda _: "") as served:
        request = f"GET {path or '/favicon.ico'} HTTP/1.0\r\nHost: evil.example\r\n\r\n"
        assert b" 404 " in served.say(request.encode("utf-8", "surrogateescape")).split(b"\r\n")[0]
        for beyond in ("../picture.jpg", "picture.jpg/", "picture.jpg?x", "x"):
            assert served.ask("GET", beyond)[0] == 404
        assert served.ask("GET", "picture.jpg")[0] == 200  # nothing of this has used it up


@pytest.mark.parametrize("size", ["", "-1", "x", "\xb2", "70000", "9" * 5000])
def test_a_body_without_a_sensible_length_is_refused(size: str, capfd: pytest.CaptureFixture[str]) -> None:
    with _served(lambda _: "saved") as served:
        head = f"POST {served.path}save HTTP/1.0\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {size}\r\n\r\n" if size else "\r\n"
        assert served.say(head.encode("latin-1") + b"{}").split()[1] in {b"400", b"413"}
        json = {"Content-Type": "application/json"}
        assert served.ask("POST", "save", body=b"{}", headers=json) == (200, b"saved")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'{"a": "\\ud800"}', b"[" * 60_000, b"\xff"])
def test_what_is_no_drawing_is_refused(body: bytes) -> None:
    with _served(lambda _: "saved") as served:
        status, _ = served.ask("POST", "save", body=body, headers={"Content-Type": "application/json"})
        assert status == 400


def test_what_cannot_be_saved_is_said_and_a_bug_ends_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    errors = iter([InvalidInput("not so"), OSError(28, "No space left on device"), RuntimeError("bug")])

    def save(_: object) -> str:
        raise next(errors)

    with _served(save) as served:
        json = {"Content-Type": "application/json"}
        said = [served.ask("POST", "save", body=b"{}", headers=json) for _ in range(3)]
        assert said[0] == (422, b"not so")
        assert [status for status, _ in said[1:]] == [500, 500]
        assert all(b"Traceback" not in words for _, words in said)
    assert "Traceback" not in capfd.readouterr().err


def test_browsers_that_hang_up_are_not_complained_about(capfd: pytest.CaptureFixture[str]) -> None:
    with _served(lambda _: "") as served:
        for raw in (b"", b"GET /", b"\x16\x03\x01\x02", b"GET " + b"x" * 70_000 + b" HTTP/1.0\r\n\r\n"):
            served.say(raw)
        with socket.socket() as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset
            rude.connect(("127.0.0.1", served.port))
            rude.sendall(f"GET {served.path}picture.jpg HTTP/1.0\r\n\r\n".encode())
        assert served.ask("GET")[0] == 200
    assert capfd.readouterr().err == ""


def test_whoever_says_nothing_keeps_nobody_waiting() -> None:
    with _served(lambda _: "") as served:
        idle = [socket.create_connection(("127.0.0.1", served.port), timeout=10) for _ in range(40)]
        assert served.ask("GET", "picture.jpg")[0] == 200
        for one in idle:
            one.close()


def test_a_place_that_is_taken_is_no_fault_of_the_configuration() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Unavailable, match="cannot listen at"):
            OneTimePage(PICTURE, "127.0.0.1", other.getsockname()[1], save=None, state={})
    for host in ("192.0.2.1", "no.such.host.invalid", "x" * 70):
        with pytest.raises(Unavailable, match="cannot listen at"):
            OneTimePage(PICTURE, host, 0, save=None, state={})


def test_it_is_served_over_ipv6_too() -> None:
    if not socket.has_ipv6:
        return
    page = OneTimePage(PICTURE, "::1", 0, save=None, state={})
    assert page.url.startswith("http://[::1]:")
    page.close()


def test_the_picture_alone_fits_into_the_window() -> None:
    """Its page may have no style of its own but the one that its policy names."""
    with _served() as served:
        answer = served.answer("GET")
        policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()
        assert "max-width" in page
        nonce = policy.split("'nonce-")[1].split("'")[0]
        assert f'<style nonce="{nonce}">' in page
        assert served.ask("GET", "picture.jpg")[0] == 200
