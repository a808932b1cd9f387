"""QR tokens: genuine only with the right key, in one spelling, for a short while. And their keys."""

import base64
import hmac
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arni_edge.access.keys import EntryKeys
from arni_edge.access.tokens import LONGEST, Token, hkdf_sha256, holder_key, parse, sign, verify
from arni_edge.domain.doors import Credential, Verdict
from arni_edge.domain.errors import ConfigurationError, Unavailable

_BOX = bytes(range(32))
_KID = "0a1b2c"
_ISSUED = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
_LIFE, _SKEW = timedelta(seconds=30), timedelta(seconds=30)
_TOKEN = Token(_KID, "m1", None, _ISSUED, b"12345678")


def _look(text: str, kids: dict[str, bytes] | None = None) -> Credential | None:
    read = parse(text)
    if read is None:
        return None
    kids = {_KID: _BOX} if kids is None else kids
    return verify(*read, kids.get, life=_LIFE, skew=_SKEW)


def _text(token: Token = _TOKEN, box: bytes = _BOX) -> str:
    return sign(token, holder_key(box, token.kid, token.holder))


def test_the_key_derivation_is_that_of_rfc_5869() -> None:
    # Appendix A.1; its output is 42 bytes, ours the first block of it.
    secret, salt, info = b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA))
    expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    assert hkdf_sha256(secret, salt=salt, info=info).hex() == expected


def test_a_token_is_what_the_documentation_says() -> None:
    version, kid, holder, door, issued, nonce, mac = _text(replace(_TOKEN, door="front")).split(".")
    assert (version, kid, issued) == ("AE1", _KID, str(int(_ISSUED.timestamp())))
    assert base64.urlsafe_b64decode(holder + "==") == b"m1"
    assert base64.urlsafe_b64decode(door + "=") == b"front"
    # What a phone computes with nothing but its own derived key.
    key = holder_key(_BOX, _KID, "m1")
    body = f"AE1.{kid}.{holder}.{door}.{issued}.{nonce}"
    right = hmac.digest(key, body.encode(), "sha256")[:16]
    assert base64.urlsafe_b64encode(right).decode().rstrip("=") == mac


def test_a_genuine_token_says_whose_it_is_and_how_long_it_is_good() -> None:
    credential = _look(_text(replace(_TOKEN, door="front")))
    assert credential is not None
    assert credential.verdict is Verdict.GENUINE
    assert credential.holder == "m1"
    assert credential.doors == frozenset({"front"})
    assert credential.not_before == _ISSUED - _SKEW
    assert credential.expires_at == _ISSUED + _LIFE + _SKEW
    assert credential.credential_id
    assert credential.credential_id not in _text()


def test_a_key_of_one_holder_speaks_for_nobody_else() -> None:
    stolen = holder_key(_BOX, _KID, "m1")
    credential = _look(sign(replace(_TOKEN, holder="m2"), stolen))
    assert credential is not None
    assert credential.verdict is Verdict.FORGED


def test_a_key_that_is_gone_verifies_nothing() -> None:
    credential = _look(_text(), kids={})
    assert credential is not None
    assert credential.verdict is Verdict.UNKNOWN


_tokens = st.builds(
    Token,
    st.binary(min_size=3, max_size=3).map(bytes.hex),
    st.text(min_size=1, max_size=64).filter(lambda text: text.isprintable()),
    st.none() | st.builds("{}{}".format, st.sampled_from("a0z"), st.text("abcxyz0189_-", max_size=31)),
    st.integers(0, 229 * 365 * 86_400).map(
        lambda seconds: datetime(1971, 1, 1, tzinfo=UTC) + timedelta(0, seconds)
    ),
    st.binary(min_size=8, max_size=8),
)


@settings(max_examples=300, deadline=None)
@given(_tokens, st.binary(min_size=32, max_size=32))
def test_every_token_is_read_as_it_was_made(token: Token, box: bytes) -> None:
    text = _text(token, box)
    assert len(text) <= LONGEST
    read = parse(text)
    assert read is not None
    assert read[0] == token
    assert verify(*read, {token.kid: box}.get, life=_LIFE, skew=_SKEW).verdict is Verdict.GENUINE


@settings(max_examples=500, deadline=None)
@given(_tokens, st.data())
def test_no_changed_token_is_genuine(token: Token, data: st.DataObject) -> None:
    text = _text(token)
    at = data.draw(st.integers(0, len(text) - 1))
    change = data.draw(st.characters() | st.sampled_from("ABCxyz019-_.= \n") | st.just(""))
    kind = data.draw(st.sampled_from(["replace", "insert", "cut"]))
    rest = {"replace": text[at + 1 :], "insert": text[at:], "cut": ""}[kind]
    changed = text[:at] + change + rest
    if changed == text:
        return
    credential = _look(changed, kids={token.kid: _BOX})
    assert credential is None or credential.verdict is not Verdict.GENUINE


@settings(max_examples=500, deadline=None)
@given(st.text() | st.text(alphabet="AE1.0123456789abcdef-_", max_size=LONGEST + 10) | st.binary().map(repr))
def test_hostile_text_is_no_token_and_no_exception(text: str) -> None:
    for hostile in (text, f"AE1.{text}", f"{_text()}{text}" if text else "AE1"):
        credential = _look(hostile)
        assert credential is None or credential.verdict is not Verdict.GENUINE


@pytest.mark.parametrize("issued", ["0", "99999999999", "00", "-1", "1e9", "١٢٣٤٥٦", "999999999999"])
def test_strange_times_are_no_exception(issued: str) -> None:
    parts = _text().split(".")
    parts[4] = issued
    credential = _look(".".join(parts))
    assert credential is None or credential.verdict is Verdict.FORGED


# --- the keys -----------------------------------------------------------------------------------------------

_HOUR = timedelta(hours=1)


def test_the_keys_are_made_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "state" / "entry-keys.json"
    made = EntryKeys.keep(file, _ISSUED)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = EntryKeys.keep(file, _ISSUED + _HOUR)
    assert again.signing == made.signing
    assert again.pepper == made.pepper


def test_the_key_before_verifies_for_as_long_as_the_overlap(tmp_path: Path) -> None:
    file = tmp_path / "entry-keys.json"
    keys = EntryKeys.keep(file, _ISSUED)
    before = keys.signing
    fresh = keys.rotate(_ISSUED, _HOUR)
    for known in (keys, EntryKeys.keep(file, _ISSUED)):
        assert known.signing == fresh
        assert known.secret_of(fresh.kid, _ISSUED) == fresh.secret
        assert known.secret_of(before.kid, _ISSUED + _HOUR - timedelta(seconds=1)) == before.secret
        assert known.secret_of(before.kid, _ISSUED + _HOUR) is None
        assert known.secret_of("ffffff", _ISSUED) is None


def test_a_stolen_key_is_worthless_at_once_and_keys_that_are_over_are_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "entry-keys.json"
    keys = EntryKeys.keep(file, _ISSUED)
    stolen = keys.signing
    keys.rotate(_ISSUED, timedelta(0))
    assert keys.secret_of(stolen.kid, _ISSUED) is None
    # Not even when the clock is set back afterwards, or after a restart.
    for known in (keys, EntryKeys.keep(file, _ISSUED)):
        assert known.secret_of(stolen.kid, _ISSUED - _HOUR) is None
    keys.rotate(_ISSUED + _HOUR, _HOUR)
    assert stolen.kid not in file.read_text()
    assert len(json.loads(file.read_text())["keys"]) == 2


def test_a_rotation_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    keys = EntryKeys.keep(folder / "entry-keys.json", _ISSUED)
    before = keys.signing
    (folder / "entry-keys.json").unlink()
    folder.rmdir()
    folder.write_text("a file where the folder was")
    with pytest.raises(Unavailable):
        keys.rotate(_ISSUED, _HOUR)
    assert keys.signing == before
    assert keys.secret_of(before.kid, _ISSUED + timedelta(days=999)) == before.secret


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"keys": [], "pepper": ""}',
        '{"keys": [{"kid": "a"}], "pepper": "AAAA"}',
        '{"keys": 7, "pepper": 8}',
    ],
)
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    file = tmp_path / "entry-keys.json"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match="restore it from a backup"):
        EntryKeys.keep(file, _ISSUED)
    assert file.read_text() == content
