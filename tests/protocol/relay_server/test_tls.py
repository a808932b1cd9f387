"""The relay with a certificate of its own, over a real socket."""

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.relay_server import RelayProcess, add_gym, everything, post

from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import ConfigurationError, Unavailable
from arni_edge.relay import Papers, RelayClient
from arni_edge.relay.server import gyms
from arni_edge.relay.server.serve import serve
from arni_edge.settings import Relay
from arni_edge.settings.relay_server import load_relay_server


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by nobody else; and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
            "-out", str(certificate), "-keyout", str(key),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def _lock(key: Path, locked: Path) -> None:
    """The same key behind a password."""
    subprocess.run(
        ["openssl", "ec", "-in", key, "-aes256", "-passout", "pass:x", "-out", locked],
        check=True, capture_output=True,
    )  # fmt: skip


def _files(certificate: Path, key: Path) -> dict[str, str]:
    return {
        "ARNI_RELAY_SERVER__TLS_CERTIFICATE": str(certificate),
        "ARNI_RELAY_SERVER__TLS_KEY": str(key),
    }


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path, database=None)
    yield process
    process.stop()


async def test_it_serves_by_its_certificate_to_whoever_trusts_it(relay: RelayProcess, tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path, "relay")
    await asyncio.to_thread(relay.start, **_files(certificate, key))
    async with relay.store() as store:
        gym = await add_gym(store, "gym-a", gyms.Secrets())
    url = relay.url.replace("http:", "https:")
    trusting = ssl.create_default_context(cafile=certificate)
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=trusting, timeout=20) as http:
        assert (await post(http, gym, b"x")).status_code == 200
        assert [event["sequence"] for event in await everything(http, gym)] == [1]
    # A box trusts whom the world trusts, and nobody by accident; the environment has no say in it.
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("SSL_CERT_FILE", str(certificate))
        box = RelayClient(Relay(url=url), SystemClock(), Papers(tmp_path / "box"))
    with pytest.raises(Unavailable, match=r"its certificate is not trusted: self.signed"):
        await box.enroll("AAAAA-AAAAA-AAAAA-AAAAA")
    await box.aclose()
    # Without TLS there is nothing to be had on that port.
    async with httpx.AsyncClient(base_url=relay.url, trust_env=False, timeout=20) as http:
        with pytest.raises(httpx.HTTPError):
            await post(http, gym, b"x")


async def test_each_wrong_file_is_named(relay: RelayProcess, tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path, "relay")
    _, other = _certificate(tmp_path, "other")
    none, locked = tmp_path / "none.pem", tmp_path / "locked.key"
    await asyncio.to_thread(_lock, key, locked)
    for files, sentence in (
        ((none, key), f"server.tls_certificate = {none}: cannot be read: No such file or directory"),
        ((certificate, tmp_path), f"server.tls_key = {tmp_path}: cannot be read: Is a directory"),
        ((certificate, other), f"server.tls_key = {other}: is not the key of {certificate}"),
        ((key, key), "must be a certificate with its chain"),
        ((certificate, locked), "a key without password"),
    ):
        settings = load_relay_server(relay.config, relay.environment | _files(*files))
        with pytest.raises(ConfigurationError) as refused:
            await serve(settings, SystemClock())
        assert sentence in str(refused.value)
