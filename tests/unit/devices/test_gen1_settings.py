"""Whether a strike at a Shelly of generation 1 may be used: fetched from real HTTP servers, and judged."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from support.clock import ManualClock
from support.mosquitto import free_port
from support.mqtt import running
from support.waiting import eventually

from arni_edge.devices.shelly import gen1_settings
from arni_edge.devices.shelly.gen1_settings import (
    DeviceSettings,
    Gen1Guard,
    RelaySettings,
    fetch_settings,
    judge_contact,
    judge_strike,
    parse_settings,
)
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.settings import Shelly
from arni_edge.simulator.serve import serve

PREFIX = "shellies/shelly1-34945472A643"
STRIKE = Shelly(id="front", prefix=PREFIX, role="strike", generation=1, address="192.168.8.93")


def answer(**relay: Any) -> dict[str, Any]:
    """As a device with good settings answers, but for what is named."""
    return {
        "mqtt": {"id": PREFIX.removeprefix("shellies/")},
        "factory_reset_from_switch": False,
        "relays": [
            {"auto_off": 3.0, "auto_on": 0.0, "default_state": "off", "btn_type": "detached", **relay}
        ],
    }


def settings(**relay: Any) -> DeviceSettings:
    return parse_settings(json.dumps(answer(**relay)).encode())


@asynccontextmanager
async def device(reply: Callable[[Request], Awaitable[Response]]) -> AsyncIterator[str]:
    async with serve(Starlette(routes=[Route("/{path:path}", reply)])) as url:
        yield url.removeprefix("http://")


# --- judging ----------------------------------------------------------------------------------------------


def test_good_settings_are_no_problem() -> None:
    assert settings().relays == (RelaySettings(3.0, 0.0, "off", "detached"),)
    assert judge_strike(settings(), prefix=PREFIX, relay=0) == []
    assert judge_contact(settings()) == []


@pytest.mark.parametrize(
    ("relay", "words"),
    [
        ({"auto_off": 0.0}, "auto_off is 0, so that the strike would stay open for ever"),
        ({"auto_off": -1}, "auto_off is -1, so that"),
        ({"auto_off": 31}, "auto_off is 31 s; at most 30 s"),
        ({"auto_off": None}, "auto_off is unknown"),
        ({"auto_off": True}, "auto_off is unknown"),
        ({"auto_off": "soon"}, "auto_off is unknown"),
        ({"auto_on": 5.0}, "auto_on is 5 s: the strike would open by itself"),
        ({"default_state": "on"}, "default_state is on"),
        ({"default_state": "last"}, "default_state is last"),
        ({"default_state": 1}, "default_state is unknown"),
    ],
)
def test_what_could_hold_a_door_open_is_a_problem(relay: dict[str, Any], words: str) -> None:
    (problem,) = judge_strike(settings(**relay), prefix=PREFIX, relay=0)
    assert problem.startswith(words)


def test_the_settings_of_another_device_prove_nothing() -> None:
    (problem,) = judge_strike(settings(), prefix="shellies/shelly1-AABBCCDDEEFF", relay=0)
    assert f"has the topics of {PREFIX}, not shellies/shelly1-AABBCCDDEEFF" in problem
    (problem,) = judge_strike(
        parse_settings(json.dumps({**answer(), "mqtt": {}}).encode()), prefix=PREFIX, relay=0
    )
    assert "has the topics of nobody" in problem


def test_a_relay_that_is_not_there_is_a_problem() -> None:
    assert judge_strike(settings(), prefix=PREFIX, relay=1) == ["the device has no relay 1"]


def test_a_door_contact_must_not_work_the_relay_or_reset_the_device() -> None:
    for button, word in (("momentary", "momentary"), (None, "unknown")):
        (danger,) = judge_strike(settings(btn_type=button), prefix=PREFIX, relay=0, contact=True)
        assert danger.startswith(f"btn_type is {word}")
    assert judge_strike(settings(btn_type="momentary"), prefix=PREFIX, relay=0) == []
    resetting = parse_settings(json.dumps({**answer(), "factory_reset_from_switch": True}).encode())
    (warning,) = judge_contact(resetting)
    assert warning.startswith("factory_reset_from_switch is on")


numbers = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=4)
)
states = numbers | st.sampled_from(["off", "on", "last", "switch"])


@given(auto_off=numbers | st.floats(0, 30), auto_on=numbers, state=states)
def test_no_settings_pass_that_do_not_end_every_pulse(
    auto_off: object, auto_on: object, state: object
) -> None:
    judged = settings(auto_off=auto_off, auto_on=auto_on, default_state=state)
    if not judge_strike(judged, prefix=PREFIX, relay=0):
        seconds = judged.relays[0].auto_off
        assert seconds is not None
        assert 0 < seconds <= 30
        assert state == "off"


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"relays":{}}', b'{"a":' * 5000, b"\xff"])
def test_what_is_no_such_device_is_said_so(payload: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_settings(payload)


def test_odd_relays_are_unknown() -> None:
    assert parse_settings(b'{"relays":[null,7]}').relays == (RelaySettings(None, None, None, None),) * 2


# --- fetching ---------------------------------------------------------------------------------------------


async def test_the_settings_are_fetched() -> None:
    asked: list[str] = []

    async def reply(request: Request) -> Response:
        asked.append(request.url.path)
        return JSONResponse(answer(auto_off=4))

    async with device(reply) as address:
        assert (await fetch_settings(address)).relays[0].auto_off == 4
    assert asked == ["/settings"]


async def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    async def reply(request: Request) -> Response:
        asked.append(request.url.path)
        return RedirectResponse("/elsewhere")

    async with device(reply) as address:
        with pytest.raises(Unavailable, match="HTTP 307"):
            await fetch_settings(address)
    assert asked == ["/settings"]


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (Response(status_code=401), "asks for a password"),
        (Response(status_code=500), "HTTP 500"),
        (Response(b"x" * 70_000), "too large"),
        (Response(b"<html>"), "not that of a Shelly"),
        (
            Response(gzip.compress(json.dumps(answer()).encode()), headers={"Content-Encoding": "gzip"}),
            "not that",
        ),
    ],
)
async def test_what_is_no_answer_is_unavailable(response: Response, words: str) -> None:
    async def reply(_request: Request) -> Response:
        return response

    async with device(reply) as address:
        with pytest.raises(Unavailable, match=words):
            await fetch_settings(address)


async def test_a_device_that_dawdles_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gen1_settings, "_DEADLINE_SECONDS", 0.2)
    released = asyncio.Event()

    async def reply(_request: Request) -> Response:
        await released.wait()
        return JSONResponse(answer())

    async with device(reply) as address:
        with pytest.raises(Unavailable, match="in time"):
            await fetch_settings(address)
        released.set()


async def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await fetch_settings(f"127.0.0.1:{free_port()}")


@pytest.mark.parametrize("address", ["[", "127.0.0.1:99999999", "a..b", ":", "127.0.0.1:x"])
async def test_no_address_at_all_is_unavailable(address: str) -> None:
    with pytest.raises(Unavailable):
        await fetch_settings(address)


# --- guarding ---------------------------------------------------------------------------------------------


class Door:
    """A device whose settings somebody may change."""

    def __init__(self) -> None:
        self.says: dict[str, Any] | None = answer()
        self.asked = 0

    async def reply(self, _request: Request) -> Response:
        self.asked += 1
        return Response(status_code=503) if self.says is None else JSONResponse(self.says)


async def test_nothing_is_certain_before_the_device_has_answered() -> None:
    guard = Gen1Guard(STRIKE, f"127.0.0.1:{free_port()}", SystemClock())
    assert guard.auto_off is None
    assert guard.safe is None
    assert guard.problems == ("not verified yet",)
    async with running(guard.run):
        await eventually(lambda: "cannot be reached" in guard.problems[0])
        assert guard.auto_off is None


async def test_the_device_is_verified_every_hour() -> None:
    door, clock = Door(), ManualClock()
    async with device(door.reply) as address:
        guard = Gen1Guard(STRIKE, address, clock)
        async with running(guard.run):
            await eventually(lambda: guard.auto_off == 3.0)
            assert (guard.problems, door.asked) == ((), 1)
            door.says = answer(auto_off=0)
            clock.advance(3601)
            await eventually(lambda: guard.auto_off is None)
            assert guard.problems[0].startswith("auto_off is 0")
            assert guard.safe is False


async def test_a_doubt_withdraws_at_once_what_was_verified() -> None:
    door = Door()
    async with device(door.reply) as address:
        guard = Gen1Guard(STRIKE, address, SystemClock())
        async with running(guard.run):
            await eventually(lambda: guard.auto_off == 3.0)
            guard.doubt()
            assert guard.auto_off is None
            await eventually(lambda: guard.auto_off == 3.0)
            assert door.asked == 2


async def test_what_was_verified_is_trusted_for_two_hours_without_an_answer() -> None:
    door, clock = Door(), ManualClock()
    async with device(door.reply) as address:
        guard = Gen1Guard(STRIKE, address, clock)
        async with running(guard.run):
            await eventually(lambda: guard.auto_off == 3.0)
            door.says = None
            clock.advance(3601)
            await eventually(lambda: guard.problems == ("the device answers with HTTP 503",))
            assert (guard.auto_off, guard.safe) == (3.0, True)
            clock.advance(3600)
            assert (guard.auto_off, guard.safe) == (None, None)


async def test_a_warning_does_not_close_the_door() -> None:
    door = Door()
    door.says = {**answer(), "factory_reset_from_switch": True}
    async with device(door.reply) as address:
        guard = Gen1Guard(STRIKE, address, SystemClock(), contact=True)
        async with running(guard.run):
            await eventually(lambda: guard.auto_off == 3.0)
            assert len(guard.problems) == 1


async def test_a_contact_that_switches_the_strike_closes_the_door() -> None:
    door = Door()
    door.says = answer(btn_type="toggle")
    async with device(door.reply) as address:
        guard = Gen1Guard(STRIKE, address, SystemClock(), contact=True)
        async with running(guard.run):
            await eventually(lambda: guard.safe is False)
            assert guard.auto_off is None
            assert guard.problems[0].startswith("btn_type is toggle")


@pytest.mark.parametrize(("seconds", "safe"), [(120.0, True), (121.0, False), (0.0, False)])
async def test_a_siren_may_sound_for_two_minutes_and_no_longer(seconds: float, *, safe: bool) -> None:
    door = Door()
    door.says = answer(auto_off=seconds)
    async with device(door.reply) as address:
        siren = Shelly.model_validate({**STRIKE.model_dump(), "role": "siren"})
        guard = Gen1Guard(siren, address, SystemClock())
        async with running(guard.run):
            await eventually(lambda: guard.safe is not None)
            assert guard.safe is safe


def test_lights_have_the_same_timer() -> None:
    said = answer(auto_off=4.0)
    said["lights"] = said.pop("relays")
    assert parse_settings(json.dumps(said).encode()) == settings(auto_off=4.0)
