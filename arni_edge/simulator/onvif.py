"""A camera that speaks ONVIF: answers the question of WS-Discovery, and SOAP about its streams.

As real ones do: its clock is wrong, and a digest is good for five seconds by it; a nonce is taken once; only
what tells the time is answered without a signature; the address in its answers is one that nobody can reach.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast
from xml.sax.saxutils import escape, unescape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arni_edge.simulator.serve import serve

_GOOD_FOR = timedelta(seconds=5)
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error"'
    ' xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>'
)
_FAULT = (
    "<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode>"
    "<SOAP-ENV:Value>ter:NotAuthorized</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code>"
    "<SOAP-ENV:Reason><SOAP-ENV:Text>Sender not authorized</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream that the camera offers."""

    token: str
    url: str
    width: int
    height: int
    rate: int
    encoding: str = "H264"


@dataclass
class OnvifCamera:
    """One camera.

    Attributes:
        profiles: Its streams.
        username: Of its ONVIF user.
        password: Likewise.
        name: As it calls itself.
        ahead: How wrong its clock is.
        inner_host: The address that it believes to have.
    """

    profiles: tuple[Profile, ...]
    username: str = "viewer"
    password: str = "s3cret"  # noqa: S105 - of a simulated camera
    name: str = "Front Door"
    ahead: timedelta = timedelta(hours=-7, minutes=3)
    inner_host: str = "192.0.2.10"
    _nonces: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[tuple[str, int]]:
        """Answer on loopback; gives the address of its device service and the port of its discovery."""
        app = Starlette(routes=[Route("/onvif/{service}", self._soap, methods=["POST"])])
        async with serve(app) as base:
            service = f"{base}/onvif/device_service"
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Discovery(lambda: self._match(service)), local_addr=("127.0.0.1", 0)
            )
            try:
                yield service, transport.get_extra_info("sockname")[1]
            finally:
                transport.close()

    def _match(self, service: str) -> str:
        name = self.name.replace(" ", "%20")
        return _ENVELOPE.format(
            body="<d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference><wsa:Address>urn:uuid:1</wsa:Address>"
            "</wsa:EndpointReference><d:Types>tds:Device</d:Types>"
            f"<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/{name} "
            "onvif://www.onvif.org/hardware/SIM-1</d:Scopes>"
            f"<d:XAddrs>http://{self.inner_host}/onvif/device_service {service}</d:XAddrs>"
            "</d:ProbeMatch></d:ProbeMatches>"
        )

    async def _soap(self, request: Request) -> Response:
        text = (await request.body()).decode()
        if "GetSystemDateAndTime" in text:
            return _answer(self._clock())
        if not self._signed(text):
            return _answer(_FAULT, 400)
        if "GetCapabilities" in text:
            inner = f"http://{self.inner_host}:{request.url.port}/onvif/media_service"
            return _answer(
                "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media>"
                f"<tt:XAddr>{inner}</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>"
            )
        if "GetProfiles" in text:
            return _answer("".join(map(_profile, self.profiles)))
        token = re.search(r"<ProfileToken>([^<]*)</ProfileToken>", text)
        profile = next((one for one in self.profiles if token and one.token == unescape(token[1])), None)
        if profile is None:
            return _answer(_FAULT.replace("NotAuthorized", "NoProfile"), 400)
        return _answer(
            "<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>"
            f"{escape(profile.url)}</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>"
        )

    def _clock(self) -> str:
        now = datetime.now(UTC) + self.ahead
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime>"
            f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
            f"<tt:Second>{now.second}</tt:Second></tt:Time><tt:Date><tt:Year>{now.year}</tt:Year>"
            f"<tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date>"
            "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )

    def _signed(self, text: str) -> bool:
        found = {
            name: match[1]
            for name in ("Username", "Password", "Nonce", "Created")
            if (match := re.search(rf"<\w+:{name}[^>]*>([^<]*)</", text))
        }
        if len(found) < 4 or found["Username"] != self.username or found["Nonce"] in self._nonces:
            return False
        self._nonces.add(found["Nonce"])
        created = datetime.strptime(found["Created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(datetime.now(UTC) + self.ahead - created) > _GOOD_FOR:
            return False
        whole = base64.b64decode(found["Nonce"]) + found["Created"].encode() + self.password.encode()
        return base64.b64encode(hashlib.sha1(whole).digest()).decode() == found["Password"]  # noqa: S324


class _Discovery(asyncio.DatagramProtocol):
    """Answers whoever asks for cameras."""

    def __init__(self, match: Callable[[], str]) -> None:
        self._match = match
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # says so itself from Python 3.12 on

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and b"NetworkVideoTransmitter" in data:
            self._transport.sendto(b"<not-xml", addr)  # other things on a LAN answer, too
            self._transport.sendto(self._match().encode(), addr)
            self._transport.sendto(self._match().encode(), addr)  # cameras say it twice


def _profile(profile: Profile) -> str:
    return (
        f'<trt:Profiles token="{escape(profile.token)}"><tt:Name>{escape(profile.token)}</tt:Name>'
        f"<tt:VideoEncoderConfiguration><tt:Encoding>{profile.encoding}</tt:Encoding><tt:Resolution>"
        f"<tt:Width>{profile.width}</tt:Width><tt:Height>{profile.height}</tt:Height></tt:Resolution>"
        f"<tt:RateControl><tt:FrameRateLimit>{profile.rate}</tt:FrameRateLimit></tt:RateControl>"
        "</tt:VideoEncoderConfiguration></trt:Profiles>"
    )


def _answer(body: str, status: int = 200) -> Response:
    return Response(_ENVELOPE.format(body=body), status, media_type="application/soap+xml")
