"""Whatever a box, a sender or a stranger asks: never a byte of another gym."""

import asyncio
import base64
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.relay_server import Gym, RelayProcess, add_gym, everything, post

from arni_edge.relay.server import boxes, gyms

_SOME_EVENTS = 3


class _Town:
    """Three gyms with words of their own in their logs; the third was replaced, and revoked after that."""

    def __init__(self, relay: RelayProcess) -> None:
        self.loop = asyncio.new_event_loop()
        # Without certificates to load, and one connection for all examples.
        self._http = httpx.AsyncClient(base_url=relay.url, trust_env=False, verify=False, timeout=20)
        self.gyms = self.loop.run_until_complete(self._build(relay))

    async def _build(self, relay: RelayProcess) -> list[Gym]:
        async with relay.store() as store:
            found = [
                await add_gym(
                    store, f"gym-{secrets.token_hex(4)}", gyms.Secrets(f"app-{number}", f"key-{number}")
                )
                for number in range(3)
            ]
            now = datetime.now(UTC)
            code = await boxes.new_code(store, found[2].id, now=now, good_for=timedelta(minutes=5))
            await boxes.enroll(store, code, b"n" * 32, now=now)
            await boxes.revoke(store, found[2].id)
        for gym in found:
            for _ in range(_SOME_EVENTS):
                assert (await post(self._http, gym, _word(gym))).status_code == 200
        return found

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self.loop.run_until_complete(self._http.request(method, path, **request))

    def is_whole(self) -> bool:
        """Whether each log holds its own three events and nothing else."""
        return self.loop.run_until_complete(self._is_whole())

    async def _is_whole(self) -> bool:
        for gym in self.gyms[:2]:
            bodies = [base64.b64decode(event.get("body", "")) for event in await everything(self._http, gym)]
            if bodies != [_word(gym)] * _SOME_EVENTS:
                return False
        return True

    def close(self) -> None:
        self.loop.run_until_complete(self._http.aclose())
        self.loop.close()


def _word(gym: Gym) -> bytes:
    return f"only for {gym.id}".encode()


@pytest.fixture(scope="session")
def town(relay: RelayProcess) -> Iterator[_Town]:
    built = _Town(relay)
    yield built
    built.close()


_who = st.integers(0, 2)
_cursor = st.integers(0, 5).map(str) | st.sampled_from(
    ["-1", "0 OR 1=1", "'", "9007199254740991", "%00", "*"]
)
_epoch = st.integers(0, 3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claims=_who, key=_who, epoch=_epoch, cursor=_cursor, box=st.none() | st.text(min_size=1, max_size=20))
def test_a_token_opens_only_its_own_log(
    town: _Town, claims: int, key: int, epoch: int, cursor: str, box: str | None
) -> None:
    named, signer = town.gyms[claims], town.gyms[key]
    bearer = signer.bearer(box=box or named.id, epoch=epoch)
    answer = town.ask("GET", "/v1/events", params={"after": cursor, "wait": "0"}, headers=bearer)
    allowed = claims == key != 2 and epoch == 1 and box is None
    assert (answer.status_code == 200) == (allowed and cursor.isdecimal() and len(cursor) < 9), answer.text
    for gym in town.gyms:
        mine = answer.status_code == 200 and gym is named
        assert mine or base64.b64encode(_word(gym)).decode() not in answer.text
        assert mine or gym.id not in answer.text


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claims=_who, key=_who, sequences=st.lists(st.integers(-3, 9) | st.text(max_size=5), max_size=4))
def test_nobody_erases_for_others(town: _Town, claims: int, key: int, sequences: list[object]) -> None:
    bearer = town.gyms[key].bearer(box=town.gyms[claims].id)
    if claims == key:
        bearer = town.gyms[key].bearer(epoch=9)
    answer = town.ask("POST", "/v1/erase", json={"sequences": sequences}, headers=bearer)
    assert answer.status_code in {401, 403}
    assert town.is_whole()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=_who | st.text("abcXYZ019_-~%./?#", max_size=40),
    proof=_who,
    source=st.sampled_from(["whatsapp", "magicline", "whatsapp/", "other"]),
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
)
def test_no_sender_writes_to_others(
    town: _Town, path: int | str, proof: int, source: str, method: str
) -> None:
    known = town.gyms[path].path if isinstance(path, int) else path
    headers = town.gyms[proof].headers("whatsapp", b"{}") | town.gyms[proof].headers("magicline", b"{}")
    if path == proof:
        headers = {}
    query = {"hub.mode": "subscribe", "hub.challenge": "c", "hub.verify_token": town.gyms[proof].verify_token}
    if path == proof:
        query = {}
    answer = town.ask(method, f"/w/{known}/{source}", content=b"{}", headers=headers, params=query)
    assert answer.status_code in {401, 403, 404, 405}
    assert town.is_whole()
