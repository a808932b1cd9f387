"""Cameras are found on the LAN and asked for their streams, and nothing that answers can harm."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.simulator.onvif import OnvifCamera, Profile
from arni_edge.simulator.serve import serve
from arni_edge.vision.onvif import FoundCamera, StreamOffer, discover, read_match, streams

MAIN = Profile("main & first", "rtsp://192.0.2.10:554/stream1", 2560, 1440, 25, "H265")
SUB = Profile("sub", "rtsp://admin:secret@192.0.2.10:554/stream2?x=1", 640, 360, 10)


@pytest.fixture
async def camera() -> AsyncIterator[tuple[OnvifCamera, str, int]]:
    camera = OnvifCamera((MAIN, SUB))
    async with camera.serve() as (service, port):
        yield camera, service, port


async def test_a_camera_that_answers_is_found_once(camera: tuple[OnvifCamera, str, int]) -> None:
    _, service, port = camera
    found = await asyncio.to_thread(discover, 0.5, to=("127.0.0.1", port))
    assert found == [FoundCamera("127.0.0.1", service, "Front Door", "SIM-1")]


async def test_its_streams_are_offered_the_smallest_first_where_they_can_be_reached(
    camera: tuple[OnvifCamera, str, int],
) -> None:
    """Although its clock is hours wrong, and it names an address behind NAT with a login in it."""
    offers = await asyncio.to_thread(streams, camera[1], "viewer", "s3cret")
    assert offers == [
        StreamOffer("sub", "rtsp://127.0.0.1:554/stream2?x=1", "H264", 640, 360, 10.0),
        StreamOffer("main & first", "rtsp://127.0.0.1:554/stream1", "H265", 2560, 1440, 25.0),
    ]


@pytest.mark.parametrize("login", [("viewer", "wrong"), ("nobody", "s3cret"), ("", "")])
async def test_a_wrong_login_is_refused(camera: tuple[OnvifCamera, str, int], login: tuple[str, str]) -> None:
    with pytest.raises(Refused, match="user or password") as refused:
        await asyncio.to_thread(streams, camera[1], *login)
    assert "wrong" not in str(refused.value)


async def test_nobody_there() -> None:
    with pytest.raises(Unavailable, match="does not answer ONVIF"):
        await asyncio.to_thread(streams, "http://127.0.0.1:9/onvif/device_service", "viewer", "s3cret")


async def test_what_a_camera_calls_itself_moves_no_cursor(
    camera: tuple[OnvifCamera, str, int],
) -> None:
    shown, service, port = camera
    shown.name = "Front%1b[2J%0a%9b31m%e2%80%aeDoor" + "x" * 500
    shown.profiles = (
        Profile("sub\u009b2J", "rtsp://192.0.2.10/a", 640, 360, 10, "H\u009b264"),
        Profile("other", "rtsp://192.0.2.10/a\u009b2J", 320, 180, 10),
    )
    (found,) = await asyncio.to_thread(discover, 0.5, to=("127.0.0.1", port))
    (offer,) = await asyncio.to_thread(streams, service, "viewer", "s3cret")
    assert found.name.startswith("Front[2J")
    assert len(found.name) <= 60
    assert all(text.isprintable() for text in (found.name, offer.profile, offer.codec, offer.url))


async def test_a_password_in_the_address_is_not_told_on(camera: tuple[OnvifCamera, str, int]) -> None:
    shown, service, _ = camera
    shown.profiles = (
        Profile("sub", "rtsp://192.0.2.10/user=viewer_password=s3cret_channel=1", 640, 360, 10),
    )
    (offer,) = await asyncio.to_thread(streams, service, "viewer", "s3cret")
    assert offer.url == "rtsp://127.0.0.1/user=viewer_password={password}_channel=1"


async def test_a_clock_at_the_end_of_time_is_no_clock(camera: tuple[OnvifCamera, str, int]) -> None:
    shown, service, _ = camera
    shown.ahead = datetime.max.replace(tzinfo=UTC) - datetime.now(UTC) - timedelta(seconds=1)
    with pytest.raises(Refused):  # by that clock our signature is thousands of years old
        await asyncio.to_thread(streams, service, "viewer", "s3cret")


async def test_of_one_camera_only_its_own_word_counts() -> None:
    """Somebody else on the network hears that it is asked, and answers in its place."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        asked.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.2", 0))

        def answer() -> None:
            _, whoever = asked.recvfrom(65536)
            other.sendto(_match("http://127.0.0.2/onvif"), whoever)
            asked.sendto(_match("http://127.0.0.1/onvif"), whoever)

        thread = threading.Thread(target=answer)
        thread.start()
        found = await asyncio.to_thread(discover, 0.5, to=asked.getsockname())
        thread.join()
    assert [one.host for one in found] == ["127.0.0.1"]


async def test_an_answer_that_drips_is_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.vision.onvif._ANSWER_SECONDS", 0.3)

    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    async def answer(_: Request) -> Response:
        return StreamingResponse(drip())

    async with serve(Starlette(routes=[Route("/", answer, methods=["POST"])])) as base:
        with pytest.raises(Unavailable, match="takes too long"):
            await asyncio.to_thread(streams, f"{base}/", "viewer", "s3cret")


def test_what_is_no_address_is_said_to_be_none() -> None:
    for host in ("x" * 70, "no.such.host.invalid"):
        with pytest.raises(Unavailable, match="cannot be searched for"):
            discover(0.1, to=(host, 3702))
    with pytest.raises(InvalidInput, match="no address"):
        streams("http://[x", "viewer", "s3cret")


BOMB = '<!DOCTYPE a [<!ENTITY b "{}"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'.format("x" * 1000)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "error"),
        (b"<html>", "error"),
        (b"\xff" * 100, "error"),
        (BOMB.encode(), "error"),
        (b"<a>" + b"x" * 300_000 + b"</a>", "longer"),
    ],
)
async def test_an_answer_that_is_none_is_refused(content: bytes, words: str) -> None:
    async def answer(_: Request) -> Response:
        return Response(content)

    async with serve(Starlette(routes=[Route("/", answer, methods=["POST"])])) as base:
        with pytest.raises(Unavailable, match=words):
            await asyncio.to_thread(streams, f"{base}/", "viewer", "s3cret")


def _match(address: str) -> bytes:
    return f"<a><ProbeMatch><XAddrs>{address}</XAddrs></ProbeMatch></a>".encode()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello",
        BOMB.encode(),
        b"<ProbeMatch/>",
        _match("http://192.0.2.66/onvif"),  # somebody else's address: it would be sent our digest
        _match("file:///etc/passwd"),
        _match("http://[::1/onvif"),
    ],
)
def test_whoever_answers_for_another_is_not_believed(answer: bytes) -> None:
    assert read_match(answer, "192.0.2.10") is None
    good = _match("http://192.0.2.10/onvif/device_service")
    assert read_match(good, "192.0.2.10") is not None
