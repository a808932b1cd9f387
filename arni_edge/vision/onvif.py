"""Finds cameras on the LAN and asks them for their streams: ONVIF over WS-Discovery and SOAP.

Sources: ONVIF Core Specification 23.12, chapters 5.12 (security) and 7 (discovery), and the Media Service
Specification. Whatever answers is hostile until shown otherwise: it is asked only at the address that it
answered from, is read to a limit of size and time, its XML may define no entities, and what it calls itself
holds nothing that a terminal would obey.
"""

import base64
import hashlib
import re
import secrets
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from arni_edge.domain.errors import InvalidInput, Refused, Unavailable

GROUP: Final = ("239.255.255.250", 3702)
"""Where cameras listen for the question."""

_LONGEST = 256 * 1024
_MOST_PROFILES = 16
_MOST_CAMERAS = 256
_HTTP_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
"""Of one answer from its beginning to its end, however slowly it drips."""
_YEARS = range(1970, 9000)
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"

_CAPABILITIES = f'<GetCapabilities xmlns="{_DEVICE}"><Category>Media</Category></GetCapabilities>'
_CLOCK = ("Year", "Month", "Day", "Hour", "Minute", "Second")

_PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl">
<e:Header><w:MessageID>uuid:{id}</w:MessageID>
<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that answered.

    Attributes:
        host: The address it answered from.
        service: Its device service.
        name: As it calls itself; empty where it does not.
        hardware: Its model.
    """

    host: str
    service: str
    name: str
    hardware: str


@dataclass(frozen=True, slots=True)
class StreamOffer:
    """One stream of a camera.

    Attributes:
        profile: As the camera calls it.
        url: Without user and password.
        codec: For instance ``H264``; empty where it does not tell.
        width: In pixels, 0 where it does not tell.
        height: Likewise.
        rate: Pictures per second, 0 where it does not tell.
    """

    profile: str
    url: str
    codec: str
    width: int
    height: int
    rate: float


def discover(seconds: float = 3.0, *, to: tuple[str, int] = GROUP) -> list[FoundCamera]:
    """Ask the LAN for cameras; each is named once, in the order of their addresses.

    Args:
        seconds: How long answers are awaited; cameras wait a moment of chance before they answer.
        to: Whom to ask: the group, or one camera.

    Raises:
        Unavailable: This machine is in no network, or there is no such camera.
    """
    found: dict[str, FoundCamera] = {}
    probe = _PROBE.format(id=uuid.uuid4()).encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        try:
            asked = socket.gethostbyname(to[0])
            # Of one camera only its own word counts: somebody else's would lead user and digest elsewhere.
            anybody = ip_address(asked).is_multicast
            channel.sendto(probe, (asked, to[1]))
            deadline = time.monotonic() + seconds
            while (left := deadline - time.monotonic()) > 0:
                channel.settimeout(left)
                answer, (host, _) = channel.recvfrom(_LONGEST)
                camera = read_match(answer, host)
                if camera is not None and (anybody or host == asked) and len(found) < _MOST_CAMERAS:
                    found.setdefault(host, camera)
        except TimeoutError:
            pass
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "there is no such address"
            raise Unavailable(f"cameras cannot be searched for: {reason}") from None
    return [found[host] for host in sorted(found)]


def read_match(answer: bytes, host: str) -> FoundCamera | None:
    """Read an answer to the question; None for what is none, or names a service elsewhere."""
    root = _parse(answer)
    if root is None:
        return None
    for match in _all(root, "ProbeMatch"):
        scopes = dict(_scopes(_text(match, "Scopes")))
        for address in _text(match, "XAddrs").split():
            if _is_at(address, host):
                return FoundCamera(host, address, scopes.get("name", ""), scopes.get("hardware", ""))
    return None


def _is_at(address: str, host: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname == host


def streams(service: str, username: str, password: str) -> list[StreamOffer]:
    """Ask a camera for its streams, the smallest picture first: that is the one to count people on.

    Args:
        service: Its device service, from :func:`discover`.
        username: Of an ONVIF user; on many cameras another one than for its web page.
        password: Travels as a digest only.

    Raises:
        Refused: User or password is wrong.
        InvalidInput: The service is no address.
        Unavailable: It does not answer, or not like a camera.
    """
    try:
        host = urlsplit(service).hostname or ""
    except ValueError:
        raise InvalidInput(f"{service} is no address of a device service") from None
    with httpx.Client(timeout=_HTTP_SECONDS, trust_env=False, verify=False) as client:  # noqa: S501
        # Cameras make their certificates themselves; nothing secret travels but a digest for one moment.
        soap = _Soap(client, username, password)
        soap.learn_clock(service)
        capabilities = soap.ask(service, _CAPABILITIES)
        media = _at_home(_text(capabilities, "XAddr") or service, host)
        profiles = soap.ask(media, f'<GetProfiles xmlns="{_MEDIA}"/>')
        offers = []
        for profile in _all(profiles, "Profiles")[:_MOST_PROFILES]:
            token = profile.get("token", "")
            answer = soap.ask(media, _stream_question(token))
            url = _without_password(_at_home(_text(answer, "Uri"), host), password)
            if urlsplit(url).scheme in {"rtsp", "rtsps"} and url.isprintable():
                offers.append(_offer(profile, url))
    return sorted(offers, key=lambda offer: (offer.width * offer.height or 1 << 30, offer.profile))


def _stream_question(token: str) -> str:
    return (
        f'<GetStreamUri xmlns="{_MEDIA}"><StreamSetup><Stream xmlns="{_SCHEMA}">RTP-Unicast</Stream>'
        f'<Transport xmlns="{_SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
        f"<ProfileToken>{escape(token)}</ProfileToken></GetStreamUri>"
    )


def _offer(profile: Element, url: str) -> StreamOffer:
    encoder = next(iter(_all(profile, "VideoEncoderConfiguration")), profile)
    return StreamOffer(
        _plain(_text(profile, "Name") or profile.get("token", "")),
        url,
        _plain(_text(encoder, "Encoding")),
        int(_number(_text(encoder, "Width"))),
        int(_number(_text(encoder, "Height"))),
        _number(_text(encoder, "FrameRateLimit")),
    )


def _at_home(url: str, host: str) -> str:
    """An address of the camera's without login, at the host that we reach it by: some name another."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{shown}{port}"))


def _without_password(url: str, password: str) -> str:
    """Some cameras repeat it in the address; {password} stands for it in the settings."""
    given = "|".join({re.escape(password), re.escape(quote(password, safe=""))})
    return re.sub(rf"(?i)((?:pass(?:word|wd)?|pwd)=)(?-i:{given})", r"\1{password}", url) if password else url


class _Soap:
    """Asks one camera questions, signed for one moment by its own clock."""

    def __init__(self, client: httpx.Client, username: str, password: str) -> None:
        self._client = client
        self._username = username
        self._password = password
        self._ahead = timedelta()

    def learn_clock(self, service: str) -> None:
        """A digest is good for seconds by the camera's clock, which is rarely right."""
        answer = self.ask(service, f'<GetSystemDateAndTime xmlns="{_DEVICE}"/>', signed=False)
        moment = next(iter(_all(answer, "UTCDateTime")), None)
        if moment is None:
            return
        try:
            year, month, day, hour, minute, second = (int(_text(moment, name)) for name in _CLOCK)
            clock = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except (ValueError, OverflowError):
            return
        if year not in _YEARS:
            return
        self._ahead = clock - datetime.now(UTC)

    def ask(self, address: str, question: str, *, signed: bool = True) -> Element:
        """Ask, and read the answer's body."""
        header = self._signature() if signed and self._username else ""
        envelope = (
            f'<e:Envelope xmlns:e="{_SOAP}"><e:Header>{header}</e:Header>'
            f"<e:Body>{question}</e:Body></e:Envelope>"
        )
        try:
            with self._client.stream(
                "POST",
                address,
                content=envelope.encode(),
                headers={"Content-Type": "application/soap+xml; charset=utf-8"},
            ) as answer:
                content = b"".join(_limited(answer.iter_bytes()))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"the camera does not answer ONVIF ({type(error).__name__})") from None
        root = _parse(content)
        if answer.status_code in {401, 403} or (root is not None and "NotAuthorized" in _codes(root)):
            raise Refused("the camera refuses this ONVIF user or password")
        if answer.status_code != httpx.codes.OK or root is None:
            raise Unavailable(f"the camera answers ONVIF with an error (HTTP {answer.status_code})")
        return root

    def _signature(self) -> str:
        nonce = secrets.token_bytes(16)
        created = (datetime.now(UTC) + self._ahead).strftime("%Y-%m-%dT%H:%M:%SZ")
        # SHA-1 is what the specification says.
        digest = hashlib.sha1(nonce + created.encode() + self._password.encode()).digest()  # noqa: S324
        return (
            f'<s:Security xmlns:s="{_WSSE}" xmlns:u="{_WSU}"><s:UsernameToken>'
            f"<s:Username>{escape(self._username)}</s:Username>"
            f'<s:Password Type="{_DIGEST}">{base64.b64encode(digest).decode()}</s:Password>'
            f"<s:Nonce>{base64.b64encode(nonce).decode()}</s:Nonce><u:Created>{created}</u:Created>"
            "</s:UsernameToken></s:Security>"
        )


def _limited(parts: Iterator[bytes]) -> Iterator[bytes]:
    size, until = 0, time.monotonic() + _ANSWER_SECONDS
    for part in parts:
        size += len(part)
        if size > _LONGEST:
            raise Unavailable("the camera's answer is longer than any of ONVIF is")
        if time.monotonic() > until:
            raise Unavailable("the camera's answer takes too long")
        yield part


def _parse(content: bytes) -> Element | None:
    try:
        root: Element = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return root


def _all(root: Element, name: str) -> list[Element]:
    """Elements by their local name: prefixes and versions of namespaces differ from camera to camera."""
    return [one for one in root.iter() if one.tag.rpartition("}")[2] == name]


def _text(root: Element, name: str) -> str:
    return next((one.text.strip() for one in _all(root, name) if one.text), "")


def _codes(root: Element) -> str:
    return " ".join(one.text or "" for one in _all(root, "Value"))


def _scopes(text: str) -> Iterator[tuple[str, str]]:
    for scope in text.split():
        kind, _, value = scope.removeprefix("onvif://www.onvif.org/").partition("/")
        if scope.startswith("onvif://www.onvif.org/"):
            yield kind.lower(), _plain(unquote(value))


def _plain(text: str) -> str:
    """What may go to a terminal: no control characters, and not more than fits a line."""
    return "".join(letter for letter in text if letter.isprintable())[:60]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e6 else 0.0
