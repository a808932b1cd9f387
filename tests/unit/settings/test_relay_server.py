"""The relay's own settings: every one explained, and what would be dangerous refused."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings.relay_server import RelayServer, load_relay_server

_EXAMPLE = Path(__file__).parents[3] / "config" / "relay.toml"
_MINIMUM = '[server]\npublic_url = "https://relay.example"\n'


def _load(tmp_path: Path, text: str = _MINIMUM, **environment: str) -> RelayServer:
    path = tmp_path / "relay.toml"
    path.write_text(text, encoding="utf-8")
    return load_relay_server(path, environment)


def _problems(tmp_path: Path, text: str, **environment: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        _load(tmp_path, text, **environment)
    return str(refused.value)


def test_the_example_shows_every_setting_with_its_default(tmp_path: Path) -> None:
    shown = tomllib.loads(_EXAMPLE.read_text("utf-8").replace("\n# tls_", "\ntls_"))
    for section, field in RelayServer.model_fields.items():
        model: Any = field.annotation
        assert issubclass(model, BaseModel)
        secret = {name for name, one in model.model_fields.items() if SecretStr in _parts(one.annotation)}
        assert set(shown[section]) == set(model.model_fields) - secret, section
        for name in secret:
            assert f"{section}_{name}" in _EXAMPLE.read_text("utf-8")
    example, defaults = load_relay_server(_EXAMPLE, {}), _load(tmp_path)
    assert example.limits == defaults.limits
    assert example.retention == defaults.retention
    assert example.database == defaults.database


def _parts(annotation: Any) -> tuple[Any, ...]:
    return (annotation, *getattr(annotation, "__args__", ()))


def test_secrets_come_from_credentials_also_where_the_file_has_no_section(tmp_path: Path) -> None:
    (tmp_path / "meta_app_secret").write_text("s\n")
    (tmp_path / "database_url").write_text("postgresql://relay@db/relay")
    settings = _load(tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert settings.meta.app_secret is not None
    assert settings.meta.app_secret.get_secret_value() == "s"
    assert settings.database.url is not None


def test_variables_come_over_the_file(tmp_path: Path) -> None:
    assert _load(tmp_path, ARNI_RELAY_SERVER__LISTEN_PORT="9000").server.listen_port == 9000
    problem = _problems(tmp_path, _MINIMUM, ARNI_RELAY_LIMITS__REQUESTS="many")
    assert "environment ARNI_RELAY_LIMITS__REQUESTS: limits.requests = 'many': must be a whole" in problem


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "server: is missing; config/relay.toml shows"),
        ('[server]\npublic_url = "http://relay.example"\n', "must be an https:// address"),
        (_MINIMUM + 'listen_host = "0.0.0.0"\n', "set behind_proxy = true"),
        (_MINIMUM + 'tls_key = "/k"\n', "belong together"),
        (_MINIMUM + "[retention]\ndays = 29\n", "retention.days = 29: must be at least 30"),
        (_MINIMUM + "[limits]\nanswer_seconds = 5\n", "must be less than 5"),
        (_MINIMUM + "[limits]\nwait_second = 5\n", "did you mean 'wait_seconds'?"),
        (
            _MINIMUM + '[database]\nurl = "postgresql://r:topsecret@db"\n',
            "credential 'database_url'",
        ),
    ],
)
def test_what_would_be_wrong_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    problem = _problems(tmp_path, text)
    assert sentence in problem
    assert "topsecret" not in problem


def test_another_database_is_refused_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / "database_url").write_text("mysql://relay:topsecret@db/relay")
    problem = _problems(tmp_path, _MINIMUM, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert "must be a postgresql:// address" in problem
    assert "topsecret" not in problem


def test_a_relay_open_to_others_has_a_certificate_or_a_proxy(tmp_path: Path) -> None:
    assert _load(tmp_path, _MINIMUM + 'listen_host = "0.0.0.0"\nbehind_proxy = true\n').server.behind_proxy
    own = _MINIMUM + 'listen_host = "::"\ntls_certificate = "/c"\ntls_key = "/k"\n'
    assert _load(tmp_path, own).server.tls_key == Path("/k")
