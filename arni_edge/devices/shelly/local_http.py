"""Switches a Shelly on by its own web server: the second way to a light or a siren in an emergency.

Only for what helps at once when the broker is away or a device does not hear it; everything else goes over
the broker, whose rights say who may command what. Only the address in our own settings is asked, never one
that a device announced. A device that wants a password is not asked with one: digest authentication is not
spoken here, so that such a device is reached over the broker alone.
"""

import asyncio
import secrets
import ssl
from collections.abc import Mapping
from typing import Any, Final

import httpx

from arni_edge.devices.shelly.frames import parse_object
from arni_edge.domain.errors import Unavailable
from arni_edge.settings import Shelly

_DEADLINE_SECONDS: Final = 2.0
_LONGEST_ANSWER: Final = 16 * 1024
_PLAIN: Final = {"Accept-Encoding": "identity"}
"""What is not packed cannot unfold."""

_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody and is never used. One of httpx's own would read a list of authorities from the disk first,
for every light anew: 16 to 70 ms in which nothing else moves."""

_ID_BITS: Final = 31
_FULL: Final = 100
"""Brightness in an emergency, in per cent."""

_METHODS: Final[Mapping[str, str]] = {
    "switch": "Switch.Set", "light": "Light.Set", "rgb": "RGB.Set", "rgbw": "RGBW.Set", "cct": "CCT.Set",
}  # fmt: skip

_GEN1_LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "switch": ("relay",), "light": ("light", "white"), "cct": ("light", "white"),
    "rgb": ("color",), "rgbw": ("color",),
}  # fmt: skip
"""A dimmer has ``/light/0``, an RGBW2 that is set to white ``/white/0`` to ``/white/3``."""

_NOT_THERE: Final = 404


class LocalHttp:
    """One Shelly, by its address in the device network."""

    def __init__(self, shelly: Shelly, address: str) -> None:
        """Nothing is asked yet.

        Args:
            shelly: The device, from the settings.
            address: Where it answers HTTP, from the settings: a host name or address, with a port if not 80.
        """
        self._shelly = shelly
        self._address = address

    async def switch_on(self, *, seconds: float | None = None) -> str:
        """Switch it on, lights with all their brightness. Doing it twice does no harm.

        Args:
            seconds: After so long the *device* switches it off again; None: it stays on.

        Returns:
            What the device answered, for the proof log.

        Raises:
            Unavailable: It is not certain that it is on.
        """
        try:
            async with (
                asyncio.timeout(_DEADLINE_SECONDS),
                # A stray HTTP_PROXY must not answer for a siren.
                httpx.AsyncClient(
                    timeout=_DEADLINE_SECONDS, trust_env=False, follow_redirects=False, verify=_NO_TLS
                ) as client,
            ):
                if self._shelly.generation == 1:
                    return await self._first_generation(client, seconds)
                return await self._call(client, seconds)
        except (TimeoutError, httpx.TimeoutException):
            raise Unavailable("the device does not answer over HTTP in time") from None
        except (OSError, UnicodeError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"the device cannot be reached over HTTP ({type(error).__name__})") from None

    async def _call(self, client: httpx.AsyncClient, seconds: float | None) -> str:
        """Generation 2 and newer: one request frame, as over the broker."""
        component, method = self._shelly.component, _METHODS[self._shelly.component]
        params: dict[str, object] = {"id": self._shelly.switch, "on": True}
        if component != "switch":
            params["brightness"] = _FULL
        if seconds is not None:
            params["toggle_after"] = seconds
        frame_id = secrets.randbits(_ID_BITS)
        request = client.build_request(
            "POST",
            f"http://{self._address}/rpc",
            json={"id": frame_id, "src": "arni-edge", "method": method, "params": params},
            headers=_PLAIN,
        )
        status, answer = await _said(client, request)
        error = answer.get("error")
        if isinstance(error, dict):
            raise Unavailable(f"HTTP {method}: the device answers with error {_number(error.get('code'))}")
        if answer.get("id") != frame_id or "result" not in answer:
            raise Unavailable(f"HTTP {method}: the answer (HTTP {status}) is not that of such a Shelly")
        result = answer["result"]
        was_on = result.get("was_on") if isinstance(result, dict) else None
        return f"HTTP {method}: result{'' if not isinstance(was_on, bool) else f' was_on={was_on}'.lower()}"

    async def _first_generation(self, client: httpx.AsyncClient, seconds: float | None) -> str:
        wish = {"turn": "on"}
        if self._shelly.component != "switch":
            wish["gain" if self._shelly.component in {"rgb", "rgbw"} else "brightness"] = str(_FULL)
        if seconds is not None:
            wish["timer"] = f"{seconds:.0f}"
        for level in _GEN1_LEVELS[self._shelly.component]:
            path = f"/{level}/{self._shelly.switch}"
            status, answer = await self._get(client, path, wish)
            if status == _NOT_THERE:
                continue
            if answer.get("ison") is not True:
                raise Unavailable(f"HTTP {path}: the device does not say that it is on (HTTP {status})")
            if seconds is not None and answer.get("has_timer") is not True:
                # What has no timer would sound until somebody comes.
                await self._get(client, path, {"turn": "off"})
                raise Unavailable(f"HTTP {path}: the device has set no timer; it was switched off again")
            return f"HTTP {path}: ison=true{'' if seconds is None else ' has_timer=true'}"
        raise Unavailable("HTTP: the device has no such part")

    async def _get(
        self, client: httpx.AsyncClient, path: str, wish: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        request = client.build_request(
            "GET", f"http://{self._address}{path}", params=dict(wish), headers=_PLAIN
        )
        return await _said(client, request)


async def _said(client: httpx.AsyncClient, request: httpx.Request) -> tuple[int, dict[str, Any]]:
    """The status and the JSON object of an answer; an empty one where there is none.

    Raises:
        Unavailable: The device wants a password, or says too much.
    """
    if request.url.port is not None and request.url.port > 0xFFFF:
        raise httpx.InvalidURL("no such port")  # httpx itself would only find out when it connects
    answer = await client.send(request, stream=True)
    try:
        if answer.status_code == 401:
            raise Unavailable("the device asks for a password over HTTP; it is reached over the broker only")
        content = bytearray()
        async for chunk in answer.aiter_raw():
            content += chunk
            if len(content) > _LONGEST_ANSWER:
                raise Unavailable("the device's answer is too large")
    finally:
        await answer.aclose()
    return answer.status_code, parse_object(bytes(content)) or {}


def _number(value: object) -> str:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else "unknown"
