"""From file, environment and credentials directory to :class:`Settings`, or to a report that helps."""

import difflib
import os
import tomllib
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from arni_edge.domain.errors import ConfigurationError
from arni_edge.logs import mask_text
from arni_edge.settings.model import Settings

ENVIRONMENT_PREFIX = "ARNI_"
"""``ARNI_SITE__CAPACITY=40`` sets ``site.capacity``; two underscores separate the levels."""

DEFAULT_PATH = Path("/etc/arni-edge/arni.toml")

CAMERA_CREDENTIAL = "camera_{id}_password"
"""Name of the credential that holds a camera's password."""


def settings_path(given: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Which file is meant: the one given, else ``$ARNI_CONFIG``, else ``/etc/arni-edge/arni.toml``."""
    env = os.environ if environment is None else environment
    return given or Path(env.get(f"{ENVIRONMENT_PREFIX}CONFIG", DEFAULT_PATH))


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of this box.

    Order, later wins: file, environment (``ARNI_…``), credentials directory (``$CREDENTIALS_DIRECTORY``, one
    file per secret, named like ``whatsapp_access_token`` or ``camera_door_password``).

    Args:
        path: The TOML file.
        environment: Instead of the process's own, for tests.

    Raises:
        ConfigurationError: With one problem per line, each with its path in the file, secrets masked.
    """
    env = os.environ if environment is None else environment
    values = _read_file(path)
    _refuse_secrets(values, path)
    _apply_environment(values, env)
    if directory := env.get("CREDENTIALS_DIRECTORY"):
        _apply_credentials(values, Path(directory))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(*(_explain(problem, path) for problem in error.errors())) from None


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file; copy config/arni.toml there and fill it in"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not valid TOML: {error}") from None


# --- what is secret -------------------------------------------------------------------------------------


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The section class inside an annotation such as ``WhatsApp | None`` or ``list[Camera]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in typing.get_args(annotation):
        if found := _model_in(inner):
            return found
    return None


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or SecretStr in typing.get_args(annotation)


def _is_list(annotation: object) -> bool:
    return typing.get_origin(annotation) is list


def _secret_values(
    values: object, model: type[BaseModel], at: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    """Paths of all secrets that are present in raw values."""
    if not isinstance(values, dict):
        return
    for name, field in model.model_fields.items():
        if name not in values:
            continue
        if _is_secret(field.annotation):
            yield (*at, name)
        elif inner := _model_in(field.annotation):
            items = values[name] if isinstance(values[name], list) else [values[name]]
            for index, item in enumerate(items):
                deeper = (*at, name, index) if _is_list(field.annotation) else (*at, name)
                yield from _secret_values(item, inner, deeper)


def _refuse_secrets(values: dict[str, Any], path: Path) -> None:
    found = [
        f"{path}: {_dotted(where)} = ***: a secret does not belong into the file; put it into the credential "
        f"'{_credential_name(values, where)}' (see config/arni.toml)"
        for where in _secret_values(values, Settings)
    ]
    if found:
        raise ConfigurationError(*found)


def _credential_name(values: dict[str, Any], where: tuple[str | int, ...]) -> str:
    if where[0] == "cameras" and isinstance(where[1], int):
        return CAMERA_CREDENTIAL.format(id=values["cameras"][where[1]].get("id", "ID"))
    return "_".join(str(part) for part in where)


# --- environment and credentials ------------------------------------------------------------------------


def _apply_environment(values: dict[str, Any], env: Mapping[str, str]) -> None:
    for name, text in env.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        target = values.setdefault(section, {})
        if not isinstance(target, dict):
            raise ConfigurationError(
                f"environment {name}: [{section}] is a list in the file; the environment cannot set it"
            )
        target[key] = text


def _apply_credentials(values: dict[str, Any], directory: Path) -> None:
    for section, model in _sections():
        if not isinstance(values.get(section), dict):
            continue
        for name, field in model.model_fields.items():
            secret = _read_credential(directory, f"{section}_{name}")
            if _is_secret(field.annotation) and secret is not None:
                values[section][name] = secret
    cameras = values.get("cameras")
    for camera in cameras if isinstance(cameras, list) else []:
        if isinstance(camera, dict):
            secret = _read_credential(directory, CAMERA_CREDENTIAL.format(id=camera.get("id")))
            if secret is not None:
                camera["password"] = secret


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Settings.model_fields.items():
        model = _model_in(field.annotation)
        if model is not None and not _is_list(field.annotation):
            yield name, model


def _read_credential(directory: Path, name: str) -> str | None:
    if "/" in name:
        return None
    try:
        return (directory / name).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"credential '{name}': cannot be read: {error}") from None


# --- telling people -------------------------------------------------------------------------------------


def _explain(problem: ErrorDetails, path: Path) -> str:
    where = tuple(part for part in problem["loc"] if part != "nuki")
    at = f"{path}: {_dotted(where)}" if where else f"{path}"
    if problem["type"] == "missing":
        return f"{at}: is missing; config/arni.toml shows what belongs there"
    if problem["type"] == "extra_forbidden":
        return f"{at}: is not a setting{_suggest(where)}"
    message = problem["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if not where:
        return f"{at}: {message}"
    return f"{at} = {_shown(problem['input'], where)}: {message}"


def _dotted(where: tuple[str | int, ...]) -> str:
    text = ""
    for part in where:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _annotation_at(where: tuple[str | int, ...]) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Settings
    for part in where:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part) if model else None
        model = _model_in(field.annotation) if field else None
    return model


def _shown(value: object, where: tuple[str | int, ...]) -> str:
    parent = _annotation_at(where[:-1])
    field = parent.model_fields.get(str(where[-1])) if parent else None
    if field is not None and _is_secret(field.annotation):
        return "***"
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    text = mask_text(repr(value) if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else text[:57] + "…'"


def _suggest(where: tuple[str | int, ...]) -> str:
    parent = _annotation_at(where[:-1])
    names = list(parent.model_fields) if parent else []
    close = difflib.get_close_matches(str(where[-1]), names, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known here: {', '.join(names)}" if names else ""
