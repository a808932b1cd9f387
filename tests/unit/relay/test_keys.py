"""A token proves which box asks: made with its key, for this relay, lately. Nothing else proves anything."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.relay import keys

_NOW = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
_KEY = keys.BoxKey(b"k" * 32)
_PUBLIC = keys.read_public_key(_KEY.public)


def _token(key: keys.BoxKey = _KEY, **changes: Any) -> str:
    given: dict[str, Any] = {"box": "gym-a", "audience": "relay.example", "epoch": 3, "now": _NOW} | changes
    return keys.sign_token(key, **given)


def _reason(token: str, *, now: datetime = _NOW, audience: str = "relay.example") -> str:
    with pytest.raises(keys.BadToken) as refused:
        keys.verify_token(keys.read_token(token), _PUBLIC, audience=audience, now=now)
    return refused.value.reason


def test_a_token_says_who_made_it() -> None:
    token = keys.read_token(_token())
    keys.verify_token(token, _PUBLIC, audience="relay.example", now=_NOW)
    assert (token.box, token.epoch, token.expires - token.issued) == ("gym-a", 3, 300)


def test_a_token_is_a_jwt_that_others_can_read() -> None:
    header, claims, _ = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in _token().split(".")
    )
    assert orjson.loads(header) == {"alg": "EdDSA", "typ": "JWT"}
    assert set(orjson.loads(claims)) == {"iss", "aud", "iat", "exp", "epoch"}


def test_another_key_proves_nothing() -> None:
    assert _reason(_token(keys.BoxKey(b"x" * 32))) == "token"


def test_a_token_is_for_one_relay() -> None:
    assert _reason(_token(), audience="other.example") == "audience"


def test_a_token_that_lives_too_long_is_refused() -> None:
    assert _reason(_token(lifetime=timedelta(minutes=6))) == "token"
    assert _reason(_token(lifetime=timedelta(0))) == "token"


@pytest.mark.parametrize(("minutes", "reason"), [(-2.1, "clock"), (7.1, "expired")])
def test_a_clock_that_is_wrong_is_named(minutes: float, reason: str) -> None:
    assert _reason(_token(), now=_NOW + timedelta(minutes=minutes)) == reason


@pytest.mark.parametrize("minutes", [-1.9, 6.9])
def test_a_clock_may_be_two_minutes_off(minutes: float) -> None:
    keys.verify_token(
        keys.read_token(_token()), _PUBLIC, audience="relay.example", now=_NOW + timedelta(minutes=minutes)
    )


def test_the_algorithm_is_not_the_tokens_choice() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    _, claims, signature = _token().split(".")
    with pytest.raises(keys.BadToken):
        keys.read_token(f"{header}.{claims}.{signature}")


@pytest.mark.parametrize("box", ["gym-a\0", "gym\u2028a", "", "x" * 257])
def test_a_name_that_no_gym_has_is_no_token(box: str) -> None:
    """PostgreSQL cannot even be asked for a text with NUL."""
    token = keys.sign_token(_KEY, box=box, audience="relay.example", epoch=3, now=_NOW)
    with pytest.raises(keys.BadToken):
        keys.read_token(token)


@given(st.text(max_size=300) | st.from_regex(r"[\w-]{0,80}\.[\w-]{0,80}\.[\w-]{0,80}", fullmatch=True))
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(keys.BadToken):
        keys.verify_token(keys.read_token(text), _PUBLIC, audience="relay.example", now=_NOW)


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_no_changed_token_is_accepted(place: int, value: int) -> None:
    token = bytearray(_token().encode())
    place %= len(token)
    if token[place] == value:
        return
    token[place] = value
    with pytest.raises(keys.BadToken):
        keys.verify_token(
            keys.read_token(token.decode("latin-1")), _PUBLIC, audience="relay.example", now=_NOW
        )


@pytest.mark.parametrize("text", [None, 5, "", "abc", _KEY.public + "=", "ü" * 43, "A" * 200])
def test_what_is_no_public_key_is_refused(text: object) -> None:
    with pytest.raises(InvalidInput):
        keys.read_public_key(text)


def test_the_key_lies_in_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "relay-key"
    key = keys.make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.load(path).public == key.public
    assert [one.name for one in tmp_path.iterdir()] == ["relay-key"]


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "relay-key"
    key = keys.make_key(path)
    with pytest.raises(FileExistsError):
        keys.make_key(path)
    assert keys.load(path).public == key.public
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("content", ["", "short", "ä", "A" * 43 + "!"])
def test_a_damaged_key_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "relay-key"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="relay-key"):
        keys.load(path)


def test_a_missing_key_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        keys.load(tmp_path / "nothing")


@pytest.mark.parametrize(
    "url", ["https://Relay.Example", "https://relay.example:8443/v1", "https://relay.example"]
)
def test_the_audience_is_the_host(url: str) -> None:
    assert keys.audience_of(url) == "relay.example"
