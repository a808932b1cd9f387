"""Gyms with names much alike use one relay at random, rightly and wrongly: none meets another.

``ARNI_RELAY_STEPS`` says how many requests there are; ``ARNI_RELAY_SEED`` which.
"""

import base64
import os
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from support.relay_server import Gym, RelayProcess, add_gym, everything, post

from arni_edge.relay import keys
from arni_edge.relay.server import boxes, gyms
from arni_edge.relay.server.store import Store

_STEPS = int(os.environ.get("ARNI_RELAY_STEPS", "150"))
_SEED = int(os.environ.get("ARNI_RELAY_SEED", "6"))


class _Citizen:
    """A gym, and what must be in its log: the bodies in order, None where one was erased."""

    def __init__(self, gym: Gym) -> None:
        self.gym = gym
        self.log: list[bytes | None] = []
        self.codes: list[str] = [gym.code]  # all of them used

    @property
    def marks(self) -> list[str]:
        """What nobody else may ever see: name, address, and words, as they are and as they travel."""
        word = self.gym.secrets.magicline_key or ""
        return [f'"{self.gym.id}"', self.gym.path, word, base64.b64encode(word.encode() * 3).decode()[4:-4]]


class _Town:
    def __init__(self, http: httpx.AsyncClient, store: Store, citizens: list[_Citizen]) -> None:
        self._http = http
        self._store = store
        self._citizens = citizens
        self._dice = random.Random(_SEED)
        self.counts: dict[str, int] = {}

    async def step(self) -> None:
        deed: Callable[[_Citizen, _Citizen], Awaitable[str]] = self._dice.choice(
            [self._send, self._send, self._poll, self._poll, self._erase, self._enroll, self._forge]
        )
        one, other = self._dice.sample(self._citizens, 2)
        said = await deed(one, other)
        name = deed.__name__
        self.counts[name] = self.counts.get(name, 0) + 1
        for stranger in self._citizens:
            if stranger is not one:
                assert not [mark for mark in stranger.marks if mark in said], (name, said)

    async def _send(self, one: _Citizen, other: _Citizen) -> str:
        """With its own proof, and to its address with the proof of another."""
        source = self._dice.choice(["whatsapp", "magicline"])
        body = f"{one.gym.secrets.magicline_key * 3} {len(one.log)}".encode()  # type: ignore[operator]
        answer = await post(self._http, one.gym, body, source)
        assert answer.status_code == 200
        one.log.append(body)
        wrong = await self._http.post(
            f"/w/{one.gym.path}/{source}", content=body, headers=other.gym.headers(source, body)
        )
        assert wrong.status_code == 401
        return answer.text + str(answer.headers) + wrong.text + str(wrong.headers)

    async def _poll(self, one: _Citizen, other: _Citizen) -> str:
        after = self._dice.randrange(len(one.log) + 3)
        query = {"after": str(after), "wait": "0"}
        if self._dice.random() < 0.5:
            query["log"] = self._dice.choice([one.gym.id, other.gym.id, secrets.token_hex(8)])
        answer = await self._http.get("/v1/events", params=query, headers=one.gym.bearer())
        assert answer.status_code == 200
        bodies = [
            None if "erased" in event else base64.b64decode(event["body"])
            for event in answer.json()["events"]
        ]
        assert bodies == one.log[after:][: len(bodies)]
        assert bodies or after >= len(one.log)
        return answer.text

    async def _erase(self, one: _Citizen, _: _Citizen) -> str:
        """Numbers that others have too, and more than it has itself."""
        numbers = [self._dice.randrange(1, 40) for _ in range(self._dice.randrange(4))]
        answer = await self._http.post("/v1/erase", json={"sequences": numbers}, headers=one.gym.bearer())
        assert answer.status_code == 200
        for number in numbers:
            if number <= len(one.log):
                one.log[number - 1] = None
        return answer.text

    async def _enroll(self, one: _Citizen, other: _Citizen) -> str:
        """With a code of its own that is fresh, and with one that is not: of its own or another's."""
        gym = one.gym
        code = await boxes.new_code(self._store, gym.id, now=datetime.now(UTC), good_for=timedelta(minutes=5))
        before, key = gym.bearer(), keys.BoxKey(os.urandom(32))
        answer = await self._ask_in(code, key)
        assert answer.json() == {"box": gym.id, "epoch": gym.epoch + 1}
        gym.key, gym.epoch = key, gym.epoch + 1
        shut_out = await self._http.get("/v1/events", params={"after": "0"}, headers=before)
        assert (shut_out.status_code, shut_out.json()["reason"]) == (403, "replaced")
        used = await self._ask_in(self._dice.choice([*other.codes, *one.codes]), keys.BoxKey(os.urandom(32)))
        assert (used.status_code, used.json()["reason"]) == (403, "code")
        one.codes.append(code)
        return answer.text + shut_out.text + used.text

    async def _ask_in(self, code: str, key: keys.BoxKey) -> httpx.Response:
        return await self._http.post("/v1/enroll", json={"code": code, "public_key": key.public})

    async def _forge(self, one: _Citizen, other: _Citizen) -> str:
        """Its own key with another's name, and names that a careless query would take for another's."""
        theirs = other.gym.id
        names = {theirs, f"{theirs[:-1]}_", "%", f"{theirs}\0", other.gym.path} - {one.gym.id}
        name = self._dice.choice(sorted(names))
        bearer = one.gym.bearer(box=name, epoch=self._dice.choice([one.gym.epoch, other.gym.epoch]))
        answer = await self._http.request(
            *self._dice.choice([("GET", "/v1/events?after=0&wait=0"), ("POST", "/v1/erase")]),
            headers=bearer,
        )
        assert answer.status_code == 401
        return answer.text


@asynccontextmanager
async def _town(relay: RelayProcess, http: httpx.AsyncClient) -> AsyncIterator[tuple[_Town, list[_Citizen]]]:
    async with relay.store() as store:
        stem = secrets.token_hex(3)
        names = [f"{stem}{end}" for end in ("", "_", "-", "1", "_1", "11")]
        citizens = [
            _Citizen(await add_gym(store, name, gyms.Secrets(secrets.token_hex(8), secrets.token_hex(12))))
            for name in names
        ]
        yield _Town(http, store, citizens), citizens


@pytest.mark.timeout(60 + _STEPS)
async def test_gyms_at_one_relay_never_meet(relay: RelayProcess, http: httpx.AsyncClient) -> None:
    async with _town(relay, http) as (town, citizens):
        for _ in range(_STEPS):
            await town.step()
        for one in citizens:
            log = await everything(http, one.gym)
            assert [
                None if "erased" in event else base64.b64decode(event["body"]) for event in log
            ] == one.log
    assert len(town.counts) == 5, town.counts
    print(f"seed {_SEED}: {town.counts}")
