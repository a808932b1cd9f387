"""Meta's signature, against vectors over exact bytes."""

import json
from pathlib import Path
from typing import Any

import pytest

from arni_edge.channels.whatsapp.signature import sign, verify

VECTORS = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "whatsapp" / "signature_vectors.json").read_text()
)["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["note"][:30])
def test_vectors(vector: dict[str, Any]) -> None:
    """Right ones are accepted; the one that must be rejected is."""
    good = verify(vector["app_secret"], vector["body_utf8"].encode(), vector["value"])
    assert good is (vector["note"] != "must be rejected")


def test_reserialised_bytes_have_another_signature() -> None:
    """The signature covers the escapes of the wire, not the meaning."""
    vector = VECTORS[0]
    again = json.dumps(json.loads(vector["body_utf8"]), ensure_ascii=False, separators=(",", ":"))
    assert not verify(vector["app_secret"], again.encode(), vector["value"])


@pytest.mark.parametrize("header", [None, "", "sha256=", "sha1=00", "sha256=ü\udc80", "0" * 64])
def test_what_is_no_signature_is_refused(header: str | None) -> None:
    """Nothing that a stranger can write raises."""
    assert not verify("secret", b"{}", header)


def test_sign_and_verify_agree() -> None:
    """What we sign we accept, in capitals as well."""
    assert verify("secret", b"{}", sign("secret", b"{}"))
    assert verify("secret", b"{}", sign("secret", b"{}").upper())
