"""Serves one snapshot to one browser, once, and takes back what was drawn on it. Kept in memory only.

The address holds a secret; whoever does not know it gets nothing. The picture is given out a single time.
"""

import hmac
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from importlib import resources
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

import orjson

from arni_edge.domain.errors import ArniError, ConfigurationError, Unavailable

OPEN_SECONDS = 900.0
"""So long may somebody draw; then the address is gone."""

_LONGEST = 64 * 1024
_LONGEST_NUMBER = 6
_SOCKET_SECONDS = 10.0
_PICTURE_SECONDS = 120.0
"""So long the picture may take: it is given once, and the way to the browser may be a slow tunnel."""

Save = Callable[[Mapping[str, Any]], str]
"""Takes what was drawn; answers in words. Raises an :class:`ArniError` for what cannot be."""


class OneTimePage:
    """One picture at one secret address.

    Attributes:
        url: Where it is.
        port: Likewise.
    """

    def __init__(
        self, picture: bytes, host: str, port: int, *, save: Save | None, state: Mapping[str, Any]
    ) -> None:
        """Listen; nothing is served before :meth:`serve`.

        Args:
            picture: JPEG.
            host: Address to listen at; loopback unless the owner says otherwise.
            port: 0 for any.
            save: Takes what was drawn; None: the picture alone is served, and then it is over.
            state: What the page begins with, JSON-able.

        Raises:
            Unavailable: It cannot listen there.
        """
        self._picture: bytes | None = picture
        self._save = save
        self._state = orjson.dumps(state).decode().replace("<", "\\u003c")
        self._secret = secrets.token_urlsafe(24)
        self._over = threading.Event()
        self._lock = threading.Lock()
        page = self

        class Handler(_Handler):
            owner = page

        try:
            self._server = _server(host, port, Handler)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "there is no such address"
            raise Unavailable(f"cannot listen at {host}:{port}: {reason}") from None
        shown = f"[{host}]" if ":" in host else host
        self.port: int = self._server.server_address[1]
        self.url = f"http://{shown}:{self.port}/{self._secret}/"

    def serve(self, seconds: float = OPEN_SECONDS) -> bool:
        """Serve until it is over, or for so long.

        Returns:
            Whether it was used to its end.
        """
        thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + seconds
            while not self._over.is_set() and time.monotonic() < deadline:
                self._over.wait(0.2)
        finally:
            self._server.shutdown()
            self.close()
        return self._over.is_set()

    def end(self) -> None:
        """It is over; :meth:`serve` returns."""
        self._over.set()

    def close(self) -> None:
        """Do not listen any more, and forget the picture."""
        self._server.server_close()
        self._picture = None

    @property
    def picture_alone(self) -> bool:
        """Whether it is over once the picture was given."""
        return self._save is None

    # --- what the browser asks ----------------------------------------------------------------------------

    def known(self, path: str) -> str | None:
        """What is asked for behind the secret; None for whoever does not know it."""
        secret, _, rest = path.removeprefix("/").partition("/")
        return rest if hmac.compare_digest(secret.encode(), self._secret.encode()) else None

    def page(self) -> tuple[bytes, str]:
        """The page and the policy that lets nothing but itself run."""
        nonce = secrets.token_urlsafe(12)
        if self._save is None:
            style = f'<style nonce="{nonce}">img {{ max-width: 100% }}</style>'
            return (
                f"<!doctype html><title>Arni Edge</title>{style}<img src=picture.jpg>".encode(),
                f"default-src 'none'; img-src 'self'; style-src 'nonce-{nonce}'; frame-ancestors 'none'",
            )
        text = (resources.files("arni_edge.cli") / "draw.html").read_text(encoding="utf-8")
        text = text.replace("{{nonce}}", nonce).replace("{{state}}", self._state)
        policy = (
            f"default-src 'none'; img-src 'self'; connect-src 'self'; script-src 'nonce-{nonce}'; "
            f"style-src 'nonce-{nonce}'; frame-ancestors 'none'"
        )
        return text.encode(), policy

    def picture(self) -> bytes | None:
        """The picture, the first time."""
        with self._lock:
            picture, self._picture = self._picture, None
        return picture

    def take(self, body: bytes) -> tuple[int, str]:
        """Take what was drawn; a status and words for the page."""
        if self._save is None:
            return HTTPStatus.NOT_FOUND, ""
        try:
            drawn = orjson.loads(body)
        except orjson.JSONDecodeError:
            return HTTPStatus.BAD_REQUEST, "this is not JSON"
        if not isinstance(drawn, dict):
            return HTTPStatus.BAD_REQUEST, "this is no drawing"
        if drawn.get("done") is True:
            self.end()
            return HTTPStatus.OK, ""
        try:
            with self._lock:
                return HTTPStatus.OK, self._save(drawn)
        except ConfigurationError as error:
            return HTTPStatus.UNPROCESSABLE_ENTITY, "\n".join(error.problems)
        except ArniError as error:
            return HTTPStatus.UNPROCESSABLE_ENTITY, str(error)
        except Exception as error:  # noqa: BLE001 - what was drawn before is saved: the page goes on
            return HTTPStatus.INTERNAL_SERVER_ERROR, f"this was not saved: {type(error).__name__}"


class _Server(ThreadingMixIn, TCPServer):
    """Asks no name server for anything, and does not complain about browsers that hang up."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Nothing: what one browser does is no news for the terminal."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> _Server:
    return (_Server6 if ":" in host else _Server)((host, port), handler)


class _Handler(BaseHTTPRequestHandler):
    """One request; says nothing about itself and logs nothing (the address is a secret)."""

    owner: OneTimePage
    timeout = _SOCKET_SECONDS
    server_version = "arni-edge"
    sys_version = ""

    def do_GET(self) -> None:
        asked = self.owner.known(self.path)
        if asked == "":
            content, policy = self.owner.page()
            self._answer(HTTPStatus.OK, content, "text/html; charset=utf-8", policy)
        elif asked == "picture.jpg" and (picture := self.owner.picture()) is not None:
            self.connection.settimeout(_PICTURE_SECONDS)
            try:
                self._answer(HTTPStatus.OK, picture, "image/jpeg")
            finally:
                if self.owner.picture_alone:
                    self.owner.end()
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"", "text/plain")

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        # A page of somebody else's cannot send this type without being asked first.
        kind = self.headers.get("Content-Type", "")
        if self.owner.known(self.path) != "save" or kind != "application/json":
            self._answer(HTTPStatus.NOT_FOUND, b"", "text/plain")
        elif not size.isascii() or not size.isdigit() or len(size) > _LONGEST_NUMBER or int(size) > _LONGEST:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"", "text/plain")
        else:
            status, words = self.owner.take(self.rfile.read(int(size)))
            self._answer(status, words.encode(), "text/plain; charset=utf-8")

    def _answer(self, status: int, content: bytes, kind: str, policy: str = "default-src 'none'") -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", policy),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: the path is a secret."""
