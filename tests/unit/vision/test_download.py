"""Fetching a model from a real server that misbehaves in every way we know."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from arni_edge.domain.errors import ArniError, Refused, Unavailable
from arni_edge.vision.download import download
from arni_edge.vision.models import MANIFEST, ModelEntry, Verdict, read_manifest, read_verified, verify

CONTENT = bytes(range(256)) * 600
Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            """Nothing on the test's output."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/weights.onnx"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def sends(content: bytes, *, length: int | None = None, status: int = 200) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        if length is not None:
            request.send_header("Content-Length", str(length))
        request.end_headers()
        request.wfile.write(content)

    return answer


def entry(url: str, content: bytes = CONTENT) -> ModelEntry:
    return ModelEntry(
        name="tiny",
        file="tiny.onnx",
        kind="detector",
        source="a test",
        url=url,
        licence="MIT",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        input=(1, 3, 32, 32),
        classes=("person",),
        note='with "quotes", \\ and ü',
    )


def fetch(answer: Answer, folder: Path) -> list[int]:
    came: list[int] = []
    with server(answer) as url:
        download(entry(url), folder, came.append, timeout=httpx.Timeout(0.5))
    return came


def test_a_model_is_fetched_with_its_entry(tmp_path: Path) -> None:
    came = fetch(sends(CONTENT, length=len(CONTENT)), tmp_path / "new" / "models")
    path = tmp_path / "new" / "models" / "tiny.onnx"
    assert came[-1] == len(CONTENT)
    assert came == sorted(came)
    assert read_verified(path) == CONTENT
    assert verify(path) is Verdict.MATCHES
    (known,) = read_manifest(path.with_name(MANIFEST))
    assert known.note == 'with "quotes", \\ and ü'
    assert sorted(one.name for one in path.parent.iterdir()) == [MANIFEST, "tiny.onnx"]


def test_a_source_that_has_moved_is_followed(tmp_path: Path) -> None:
    """GitHub's releases answer with the address of another host."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/there":
            return sends(CONTENT)(request)
        request.send_response(302)
        request.send_header("Location", "/there")
        request.end_headers()
        return None

    fetch(answer, tmp_path)
    assert verify(tmp_path / "tiny.onnx") is Verdict.MATCHES


def packed(request: BaseHTTPRequestHandler) -> None:
    """A small answer that would unfold into a large one."""
    import gzip  # noqa: PLC0415

    request.send_response(200)
    request.send_header("Content-Encoding", "gzip")
    request.end_headers()
    request.wfile.write(gzip.compress(bytes(1 << 24)))


def silent(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    request.wfile.write(CONTENT[:100])
    request.wfile.flush()
    request.rfile.read(1)  # until the other side goes away


@pytest.mark.parametrize(
    ("answer", "kind", "complaint"),
    [
        (sends(b"gone", status=404), Unavailable, "answers 404"),
        (sends(b"", status=500), Unavailable, "answers 500"),
        (sends(CONTENT[:-1], length=len(CONTENT)), Unavailable, "broke off after"),
        (sends(CONTENT[:-1]), Unavailable, "153599 of 153600 bytes"),
        (sends(CONTENT + b"x"), Refused, "more than the 153600 bytes"),
        (sends(CONTENT[::-1]), Refused, "another checksum"),
        (packed, Unavailable, "of 153600 bytes"),
        (silent, Unavailable, "does not answer in time"),
    ],
    ids=["404", "500", "cut short", "too short", "too long", "other content", "packed", "silent"],
)
def test_what_is_not_the_model_leaves_everything_as_it_was(
    tmp_path: Path, answer: Answer, kind: type[ArniError], complaint: str
) -> None:
    (tmp_path / "tiny.onnx").write_bytes(b"the old one")
    with pytest.raises(kind, match=complaint):
        fetch(answer, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["tiny.onnx"]
    assert (tmp_path / "tiny.onnx").read_bytes() == b"the old one"


def test_a_host_that_is_not_there_is_named(tmp_path: Path) -> None:
    with server(sends(CONTENT)) as url:
        pass
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1 cannot be reached: is this box connected"):
        download(entry(url), tmp_path, lambda _: None)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with server(sends(CONTENT)) as url, pytest.raises(Unavailable, match=r"file/models cannot be written"):
        download(entry(url), tmp_path / "file" / "models", lambda _: None)


def test_what_has_no_source_cannot_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="tiny cannot be fetched: a test"):
        download(entry(""), tmp_path, lambda _: None)
