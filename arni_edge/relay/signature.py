"""Meta's signature on a webhook: HMAC-SHA256 over the exact bytes, keyed with the app secret."""

import hashlib
import hmac

HEADER = "X-Hub-Signature-256"
_PREFIX = "sha256="


def sign(app_secret: str, body: bytes) -> str:
    """The header value for these bytes."""
    return _PREFIX + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def verify(app_secret: str, body: bytes, header: str | None) -> bool:
    """Whether the header was made with the app secret from exactly these bytes, in constant time."""
    # As bytes: compare_digest raises on text that is not ASCII, and the header is anybody's.
    given = (header or "").strip().lower().encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, sign(app_secret, body).encode())
