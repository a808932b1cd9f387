"""What can be configured of the relay. Every field is explained in ``config/relay.toml``."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from arni_edge.settings.base import Section, http_address
from arni_edge.settings.load import Form, load_form

ENVIRONMENT_PREFIX = "ARNI_RELAY_"
DEFAULT_PATH = Path("/etc/arni-relay/relay.toml")

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Server(Section):
    """Where it listens, and what it is called from outside."""

    public_url: str
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(default=8443, ge=0, le=65535)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    # a TLS proxy on another machine, or outside of this container
    behind_proxy: bool = False
    metrics: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    _http = field_validator("public_url")(http_address)

    @model_validator(mode="after")
    def _nothing_personal_travels_in_the_clear(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together")
        if self.listen_host not in _LOOPBACK and self.tls_certificate is None and not self.behind_proxy:
            raise ValueError(
                f"listen_host = '{self.listen_host}' is open to others: give tls_certificate and tls_key, or "
                "set behind_proxy = true if a TLS proxy stands before it"
            )
        return self


class Database(Section):
    """Where the logs are kept: PostgreSQL when there is a ``url``, else one SQLite file."""

    path: Path = Path("/var/lib/arni-relay/relay.db")
    url: SecretStr | None = None
    connections: int = Field(default=10, ge=2, le=200)


class Meta(Section):
    """Meta's app, if many gyms share one."""

    app_secret: SecretStr | None = None


class Limits(Section):
    """What one sender, one box and one instance may take."""

    body_megabytes: float = Field(default=3.0, gt=0, le=16)
    answer_seconds: float = Field(default=4.5, gt=0, lt=5)
    header_seconds: float = Field(default=10.0, gt=0, le=60)
    requests_per_gym: int = Field(default=32, ge=1, le=1000)
    requests: int = Field(default=128, ge=1, le=10_000)
    connections: int = Field(default=10_000, ge=10, le=100_000)
    wait_seconds: float = Field(default=60.0, ge=0, le=110)
    batch_events: int = Field(default=100, ge=1, le=1000)
    batch_megabytes: float = Field(default=2.0, gt=0, le=8)
    reconnect_seconds: int = Field(default=30, ge=1, le=600)


class Retention(Section):
    """How long events are kept, whether or not they were fetched."""

    days: int = Field(default=35, ge=30, le=365)
    enrolment_minutes: int = Field(default=60, ge=5, le=10_080)


class RelayServer(Section):
    """The whole configuration of one instance of the relay."""

    server: Server
    database: Database = Database()
    meta: Meta = Meta()
    limits: Limits = Limits()
    retention: Retention = Retention()


_FORM = Form(RelayServer, ENVIRONMENT_PREFIX, "config/relay.toml")


def relay_server_path(given: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Which file is meant: the given one, ``$ARNI_RELAY_CONFIG``, or ``/etc/arni-relay/relay.toml``."""
    env = os.environ if environment is None else environment
    return given or Path(env.get(f"{ENVIRONMENT_PREFIX}CONFIG", DEFAULT_PATH))


def load_relay_server(path: Path, environment: Mapping[str, str] | None = None) -> RelayServer:
    """Read the relay's settings: file, environment (``ARNI_RELAY_SERVER__LISTEN_PORT=…``), credentials.

    Raises:
        ConfigurationError: With one problem per line, each with its path in the file, secrets masked.
    """
    return load_form(_FORM, path, environment, _problems)


def _problems(settings: RelayServer) -> list[str]:
    secret = settings.database.url
    if secret is not None and not secret.get_secret_value().startswith(("postgresql://", "postgres://")):
        return ["database.url = ***: must be a postgresql:// address"]
    return []


__all__ = [
    "RelayServer",
    "load_relay_server",
    "relay_server_path",
]
