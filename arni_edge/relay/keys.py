"""Who a box is to its relay: an Ed25519 key that never leaves the box, and short-lived tokens made with it.

Both ends use this file. A token is a JWT (RFC 7519) signed with EdDSA (RFC 8037), and nothing of it is
negotiable: one algorithm, all claims needed, five minutes at most. Nothing is remembered to keep a token from
being shown twice: what it allows is reading by a cursor, and erasing, which do no more the second time.

PyNaCl, because it costs the daemon 1.1 MB where ``cryptography`` costs 9.3 MB, and verifies in half the time.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from arni_edge import files
from arni_edge.domain.errors import ConfigurationError, InvalidInput

LIFETIME = timedelta(minutes=5)
"""No token lives longer."""

SKEW = timedelta(minutes=2)
"""So far may the clocks of box and relay be apart."""

_HEADER = {"alg": "EdDSA", "typ": "JWT"}
_LONGEST = 2048
"""Characters of a token; ours have about 300."""

Reason = Literal["token", "clock", "expired", "audience"]


class BadToken(InvalidInput):
    """A token that proves nothing.

    Attributes:
        reason: What is wrong with it, for programs.
    """

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason: Reason = reason


class BoxKey:
    """The private key of a box. It cannot be shown by accident: it has no text."""

    def __init__(self, seed: bytes) -> None:
        """Take a key.

        Args:
            seed: Its 32 secret bytes.
        """
        self._signing = SigningKey(seed)

    @property
    def public(self) -> str:
        """The public half as the relay is told it: 32 bytes in base64url, without padding."""
        return _encode(bytes(self._signing.verify_key))

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of a signature."""
        return self._signing.sign(message).signature


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. Worth nothing before :func:`verify_token`.

    Attributes:
        box: Whose it claims to be.
        audience: For which relay it is, by host name.
        issued: Seconds since 1970.
        expires: Seconds since 1970.
        epoch: Which of the boxes of this gym it claims to be.
    """

    box: str
    audience: str
    issued: int
    expires: int
    epoch: int
    signed: bytes
    signature: bytes


# --- the box's side -----------------------------------------------------------------------------------------


def make_key(path: Path) -> BoxKey:
    """Make a key and keep it in a file that only its owner can read; one that is there is never replaced.

    Args:
        path: The file; its folder is there.

    Raises:
        FileExistsError: There is a key already.
        OSError: It cannot be stored.
    """
    seed = secrets.token_bytes(32)
    files.create(path, f"{_encode(seed)}\n".encode())
    return BoxKey(seed)


def load(path: Path) -> BoxKey:
    """Read the key from its file, or from a credential.

    Raises:
        FileNotFoundError: There is none.
        ConfigurationError: It cannot be read, or is no key.
    """
    try:
        seed = _decode(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: the box's key cannot be read ({type(error).__name__})") from None
    if len(seed) != 32:
        raise ConfigurationError(f"{path}: is no key of a box; enroll the box again")
    return BoxKey(seed)


def audience_of(url: str) -> str:
    """What tokens name as their audience: the host of the relay's address, in lower case, without port."""
    return (urlsplit(url).hostname or "").lower()


def sign_token(
    key: BoxKey, *, box: str, audience: str, epoch: int, now: datetime, lifetime: timedelta = LIFETIME
) -> str:
    """Make the token that goes into ``Authorization: Bearer …``.

    Args:
        key: The box's own.
        box: The id that the relay gave at the enrolment.
        audience: :func:`audience_of` the relay's address.
        epoch: The number that the relay gave at the enrolment.
        now: The box's wall clock (aware).
        lifetime: How long it is good for, five minutes at most.
    """
    issued = int(now.timestamp())
    claims = {
        "iss": box,
        "aud": audience,
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
        "epoch": epoch,
    }
    signed = f"{_encode(orjson.dumps(_HEADER))}.{_encode(orjson.dumps(claims))}"
    return f"{signed}.{_encode(key.sign(signed.encode()))}"


# --- the relay's side ---------------------------------------------------------------------------------------


def read_public_key(text: object) -> bytes:
    """The 32 bytes of a public key that somebody sent.

    Raises:
        InvalidInput: It is none.
    """
    try:
        key = _decode(text) if isinstance(text, str) and len(text) <= 64 else b""
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InvalidInput("public_key must be the 32 bytes of an Ed25519 key, in base64url")
    return key


def read_token(text: str) -> Token:
    """Take a token apart, to know by whose key it is to be verified.

    Raises:
        BadToken: It has not the form of a token.
    """
    try:
        header, claims, signature = text[:_LONGEST].split(".")
        _check_algorithm(orjson.loads(_decode(header)))
        said = orjson.loads(_decode(claims))
        return Token(
            box=_text(said["iss"]),
            audience=_text(said["aud"]),
            issued=_whole(said["iat"]),
            expires=_whole(said["exp"]),
            epoch=_whole(said["epoch"]),
            signed=f"{header}.{claims}".encode("ascii"),
            signature=_decode(signature),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadToken("token", "this is not the token of a box") from None


def verify_token(token: Token, public_key: bytes, *, audience: str, now: datetime) -> None:
    """Whether a token was made with a key, for this relay, and lately.

    Args:
        token: From :func:`read_token`.
        public_key: The key that belongs to ``token.box`` and ``token.epoch``.
        audience: The host name of this relay.
        now: The relay's wall clock (aware).

    Raises:
        BadToken: It was not. What is wrong with the clock is said only to whoever has the key.
    """
    try:
        VerifyKey(public_key).verify(token.signed, token.signature)
    except (BadSignatureError, ValueError, TypeError):
        raise BadToken("token", "this is not the token of a box") from None
    if token.audience != audience:
        raise BadToken("audience", "this token is for another relay")
    if not 0 < token.expires - token.issued <= LIFETIME.total_seconds():
        raise BadToken("token", "this token is good for longer than five minutes")
    at, skew = now.timestamp(), SKEW.total_seconds()
    if token.issued > at + skew:
        ahead = round(token.issued - at)
        raise BadToken("clock", f"the clock of the box is {ahead} s ahead of the relay's; set it right")
    if token.expires < at - skew:
        behind = round(at - token.expires)
        raise BadToken("expired", f"this token ended {behind} s ago; is the clock of the box right?")


def _check_algorithm(header: Any) -> None:
    """Only this one: whoever lets a token choose its algorithm lets it choose "none"."""
    if header.get("alg") != _HEADER["alg"]:
        raise ValueError("another algorithm")


# --- spelling -----------------------------------------------------------------------------------------------


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """Only the one spelling that :func:`_encode` makes.

    Raises:
        ValueError: It is another one, or none.
    """
    try:
        data = base64.b64decode(f"{text}{'=' * (-len(text) % 4)}".encode("ascii"), b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64url") from None
    if _encode(data) != text:
        raise ValueError("not base64url")
    return data


def _text(value: Any) -> str:
    # Not every database can be asked for every text: PostgreSQL knows no NUL.
    if not isinstance(value, str) or not 0 < len(value) <= 256 or not value.isprintable():
        raise ValueError("not a name")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError("not a number")
    return value
