"""The rotating QR token: ``AE1.<kid>.<holder>.<door>.<issued>.<nonce>.<mac>``.

========  ==========================================================================================
part      what it is
========  ==========================================================================================
AE1       the version of this format; another one is another token
kid       which box key signed it: 6 hexadecimal digits
holder    the member's id, UTF-8 in base64url without padding
door      the only door it is for, in base64url; empty: every door that the member may use
issued    seconds since 1970 by the clock of whoever made it; its life is counted from there
nonce     8 random bytes in base64url: no two tokens are the same
mac       HMAC-SHA256 over everything before the last dot, its first 16 bytes in base64url
========  ==========================================================================================

The key of the MAC belongs to one holder: HKDF-SHA256 (RFC 5869) over the box key with the kid and the holder
as context. A phone that knows its own derived key can rotate its QR by itself and offline, and can speak for
nobody else; the box derives the same key again and needs no list of phones. A token says who it is, so it has
to be short-lived and single-use: a picture of it is worth nothing a minute later, nor after its first use.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from arni_edge.domain.doors import Credential, Verdict, Via
from arni_edge.domain.people import Assurance

VERSION = "AE1"
LONGEST = 512
"""Characters; the longest member id (64 characters of 4 bytes) makes a token of about 450."""
NONCE_BYTES = 8
_MAC_BYTES = 16

_SHAPE = re.compile(
    r"AE1\.(?P<kid>[0-9a-f]{6})\.(?P<holder>[A-Za-z0-9_-]{1,344})\.(?P<door>[A-Za-z0-9_-]{0,44})"
    r"\.(?P<issued>0|[1-9][0-9]{0,10})\.(?P<nonce>[A-Za-z0-9_-]{11})\.(?P<mac>[A-Za-z0-9_-]{22})",
    re.ASCII,
)

FindKey = Callable[[str], bytes | None]
"""The box key of a kid, or None when there is none (any more)."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says; nothing of it is proven before its MAC was compared.

    Attributes:
        kid: Which box key signed it.
        holder: Whose it is.
        door: The only door it is for, or None.
        issued: When it was made (aware).
        nonce: Random bytes.
    """

    kid: str
    holder: str
    door: str | None
    issued: datetime
    nonce: bytes

    @property
    def body(self) -> str:
        """What the MAC is over."""
        issued = int(self.issued.timestamp())
        parts = (self.kid, _encode(self.holder.encode()), _encode((self.door or "").encode()), str(issued))
        return ".".join((VERSION, *parts, _encode(self.nonce)))

    @property
    def token_id(self) -> str:
        """A digest by which it is known once it was used; the token cannot be made from it."""
        return hashlib.sha256(self.body.encode()).hexdigest()[:32]


def holder_key(box_key: bytes, kid: str, holder: str) -> bytes:
    """The 32 byte key of one holder: HKDF-SHA256 with one block of output."""
    return hkdf_sha256(box_key, salt=VERSION.encode(), info=f"entry/{kid}/{holder}".encode())


def hkdf_sha256(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """RFC 5869, extract and the first block of expand: 32 bytes."""
    pseudo_random_key = hmac.digest(salt, secret, "sha256")
    return hmac.digest(pseudo_random_key, info + b"\x01", "sha256")


def sign(token: Token, key: bytes) -> str:
    """The text of a token, signed with its holder's key."""
    return f"{token.body}.{_encode(_mac(token.body, key))}"


def parse(text: str) -> tuple[Token, bytes] | None:
    """Read hostile text: the token and the MAC it claims, or None when it is no token.

    Strict: one spelling per token. A second spelling of the same one would be a second use of it.
    """
    if len(text) > LONGEST or (match := _SHAPE.fullmatch(text)) is None:
        return None
    try:
        token = Token(
            match["kid"],
            _decode(match["holder"]).decode(),
            _decode(match["door"]).decode() or None,
            datetime.fromtimestamp(int(match["issued"]), UTC),
            _decode(match["nonce"]),
        )
        mac = _decode(match["mac"])
    except (ValueError, binascii.Error, OverflowError, OSError):
        return None
    return (token, mac) if f"{token.body}.{_encode(mac)}" == text else None


def verify(token: Token, mac: bytes, find_key: FindKey, *, life: timedelta, skew: timedelta) -> Credential:
    """Look at a token, offline. Whether it was used before is the database's to say.

    Args:
        token: As :func:`parse` read it.
        mac: The MAC it claims.
        find_key: Box keys that are still good.
        life: For so long it is good.
        skew: How wrong the clock of the phone may be.
    """
    box_key = find_key(token.kid)
    if box_key is None:
        verdict = Verdict.UNKNOWN
    else:
        right = hmac.compare_digest(_mac(token.body, holder_key(box_key, token.kid, token.holder)), mac)
        verdict = Verdict.GENUINE if right else Verdict.FORGED
    try:
        not_before, expires_at = token.issued - skew, token.issued + life + skew
    except OverflowError:  # the first or the last minutes that a datetime can name
        verdict, not_before, expires_at = Verdict.FORGED, token.issued, token.issued
    return Credential(
        Via.QR,
        Assurance.CHANNEL,
        verdict,
        not_before=not_before,
        expires_at=expires_at,
        holder=token.holder,
        doors=frozenset({token.door}) if token.door else None,
        credential_id=token.token_id,
    )


def _mac(body: str, key: bytes) -> bytes:
    return hmac.digest(key, body.encode(), "sha256")[:_MAC_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
