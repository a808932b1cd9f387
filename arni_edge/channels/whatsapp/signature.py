"""Meta's signature on a webhook; the relay makes and verifies it in the same way."""

from arni_edge.relay.signature import HEADER, sign, verify

__all__ = ["HEADER", "sign", "verify"]
