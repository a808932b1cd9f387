"""From file, environment and credentials directory to :class:`Settings`, or to a report that helps."""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings.automation_check import automation_problems
from arni_edge.settings.explain import dotted, explain
from arni_edge.settings.model import Paths, Settings
from arni_edge.settings.shape import Where, is_list, is_secret, model_in, take_secrets

ENVIRONMENT_PREFIX = "ARNI_"
"""``ARNI_SITE__CAPACITY=40`` sets ``site.capacity``; two underscores separate the levels."""

DEFAULT_PATH = Path("/etc/arni-edge/arni.toml")

CAMERA_CREDENTIAL = "camera_{id}_password"
"""Name of the credential that holds a camera's password."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Form(Generic[M]):
    """What a file describes.

    Attributes:
        model: Its shape.
        prefix: Of the variables that set its values.
        example: The file that shows every setting.
    """

    model: type[M]
    prefix: str
    example: str


_BOX = Form(Settings, ENVIRONMENT_PREFIX, "config/arni.toml")


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
    return load_form(_BOX, path, environment, automation_problems)


def load_form(
    form: Form[M],
    path: Path,
    environment: Mapping[str, str] | None = None,
    check: Callable[[M], list[str]] = lambda _: [],
) -> M:
    """Read a file as :func:`load_settings` does, whatever it describes.

    Args:
        form: What it describes.
        path: The TOML file.
        environment: Instead of the process's own.
        check: Finds what is wrong with the whole, one sentence each.

    Raises:
        ConfigurationError: As :func:`load_settings`.
    """
    env = os.environ if environment is None else environment
    values = _read_file(path, form.example)
    problems = [f"{path}: {problem}" for problem in _refuse_secrets(values, form.model, form.example)]
    variables = _apply_environment(values, env, form)
    if directory := env.get("CREDENTIALS_DIRECTORY"):
        _apply_credentials(values, Path(directory), form.model)
    try:
        settings = form.model.model_validate(values)
    except ValidationError as error:
        for problem in error.errors():
            source = variables.get(problem["loc"][:2])
            where = f"environment {source}" if source else path
            problems.append(f"{where}: {explain(problem, form.model, form.example)}")
        raise ConfigurationError(*problems) from None
    problems += [f"{path}: {problem}" for problem in check(settings)]
    if problems:
        raise ConfigurationError(*problems)
    return settings


_OF_CAMERAS = {"site", "vision", "cameras", "counting"}
_SOME_SITE = {"id": "gym", "name": "Gym", "capacity": 100}


def load_cameras(path: Path) -> Settings:
    """Read the cameras of a file that need not describe a whole house: for playing recordings.

    Doors that lines and QR regions name are not asked for.

    Raises:
        ConfigurationError: As :func:`load_settings`.
    """
    values = {name: value for name, value in _read_file(path).items() if name in _OF_CAMERAS}
    problems = [f"{path}: {problem}" for problem in _refuse_secrets(values)]
    values.setdefault("site", _SOME_SITE)
    for camera in _tables(values.get("cameras")):
        camera.pop("qr", None)
        for line in _tables(camera.get("lines")):
            line.pop("door", None)
    vision = values.setdefault("vision", {})
    if isinstance(vision, dict) and "model" not in vision:
        vision["enabled"] = False
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [f"{path}: {explain(problem)}" for problem in error.errors()]
    if problems:
        raise ConfigurationError(*problems)
    return settings


def _tables(value: object) -> list[dict[str, Any]]:
    """The tables of a list of tables; what is none is left to the check of the whole."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def control_socket(path: Path, environment: Mapping[str, str] | None = None) -> Path:
    """Where a running daemon is asked, even when the rest of its file is broken by now.

    A daemon runs on with the settings it has; asking it how it is must not need a better file than it does.

    Raises:
        ConfigurationError: There is no such file, or it is not TOML at all.
    """
    env = os.environ if environment is None else environment
    values = {"paths": _read_file(path).get("paths", {})}
    _apply_environment(values, {name: text for name, text in env.items() if "_PATHS__" in name})
    try:
        return Paths.model_validate(values["paths"]).control_socket
    except ValidationError as error:
        problems = (f"{path}: paths.{dotted(problem['loc'])}: {problem['msg']}" for problem in error.errors())
        raise ConfigurationError(*problems) from None


def _read_file(path: Path, example: str = _BOX.example) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file; copy {example} there and fill it in"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not valid TOML: {error}") from None


def _refuse_secrets(
    values: dict[str, Any], model: type[BaseModel] = Settings, example: str = _BOX.example
) -> Iterator[str]:
    """Take the secrets out of the file's values; yields what to do with each instead."""
    for where in take_secrets(values, model):
        yield (
            f"{dotted(where)} = ***: a secret does not belong into the file; put it into the credential "
            f"'{_credential_name(values, where)}' (see {example})"
        )


def _credential_name(values: dict[str, Any], where: Where) -> str:
    if where[0] == "cameras" and isinstance(where[1], int):
        return CAMERA_CREDENTIAL.format(id=values["cameras"][where[1]].get("id", "ID"))
    return "_".join(str(part) for part in where)


# --- environment and credentials ------------------------------------------------------------------------


def _apply_environment(
    values: dict[str, Any], env: Mapping[str, str], form: Form[Any] = _BOX
) -> dict[Where, str]:
    """Put variables over the file's values; returns which variable set which path."""
    variables: dict[Where, str] = {}
    sections = dict(_sections(form.model))
    for name, text in env.items():
        if not name.startswith(form.prefix) or "__" not in name:
            continue
        section, _, key = name.removeprefix(form.prefix).lower().partition("__")
        target = values.setdefault(section, {})
        if section not in sections or not isinstance(target, dict):
            raise ConfigurationError(
                f"environment {name}: only plain sections can be set so: {', '.join(sections)}"
            )
        target[key] = text
        variables[section, key] = name
    return variables


def _apply_credentials(values: dict[str, Any], directory: Path, root: type[BaseModel]) -> None:
    for section, model in _sections(root):
        # A section that is always there need not stand in the file; one that is not there is switched off.
        always = isinstance(root.model_fields[section].default, BaseModel)
        if not isinstance(values.get(section, {} if always else None), dict):
            continue
        for name, field in model.model_fields.items():
            secret = _read_credential(directory, f"{section}_{name}")
            if is_secret(field.annotation) and secret is not None:
                values.setdefault(section, {})[name] = secret
    cameras = values.get("cameras")
    for camera in cameras if isinstance(cameras, list) else []:
        if isinstance(camera, dict):
            secret = _read_credential(directory, CAMERA_CREDENTIAL.format(id=camera.get("id")))
            if secret is not None:
                camera["password"] = secret


def _sections(root: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in root.model_fields.items():
        model = model_in(field.annotation)
        if model is not None and not is_list(field.annotation):
            yield name, model


def _read_credential(directory: Path, name: str) -> str | None:
    if "/" in name:
        return None
    try:
        return (directory / name).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # not UTF-8; or no name that a file could have
        raise ConfigurationError(f"credential {name!r}: cannot be read: {error}") from None
