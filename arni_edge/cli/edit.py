"""Changes the configuration file for its owner: comments and order stay, nothing invalid is ever written."""

import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, Table

from arni_edge import files
from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.settings.load import CAMERA_CREDENTIAL, load_settings

Part = Literal["zones", "lines"]
"""What a camera has several of, each with an id."""


def add_camera(path: Path, values: Mapping[str, Any]) -> None:
    """Append a ``[[cameras]]`` table.

    Args:
        path: The configuration file.
        values: Of the table; the password is a credential and does not belong here.

    Raises:
        InvalidInput: There is a camera with this id already.
        ConfigurationError: The file, or what it would become, cannot be used; it stays as it is.
    """

    def change(document: tomlkit.TOMLDocument) -> None:
        cameras = _tables(document, "cameras")
        if _find(cameras, values["id"]) is not None:
            raise InvalidInput(f"there is a camera '{values['id']}' already; choose another id")
        cameras.append(_table(values))

    _change(path, change)


def put_part(path: Path, camera: str, part: Part, values: Mapping[str, Any]) -> bool:
    """Add a zone or line to a camera, or replace the one with the same id.

    Returns:
        Whether one was replaced.

    Raises:
        InvalidInput: There is no such camera in the file.
        ConfigurationError: As :func:`add_camera`.
    """
    replaced = False

    def change(document: tomlkit.TOMLDocument) -> None:
        nonlocal replaced
        parts = _tables(_camera(document, path, camera), part)
        present = _find(parts, values["id"])
        if present is None:
            parts.append(_table(values))
            return
        replaced = True
        for name, value in values.items():
            present[name] = _value(value)

    _change(path, change)
    return replaced


def put_masks(path: Path, camera: str, masks: Sequence[Sequence[Sequence[float]]]) -> None:
    """Give a camera these masks instead of those it has.

    Raises:
        InvalidInput: There is no such camera in the file.
        ConfigurationError: As :func:`add_camera`.
    """
    _change(path, lambda document: _camera(document, path, camera).update({"masks": _value(masks)}))


def put_qr(path: Path, camera: str, door: str, region: Sequence[Sequence[float]]) -> None:
    """Say where codes are shown to a camera, and for which door.

    Raises:
        InvalidInput: There is no such camera in the file.
        ConfigurationError: As :func:`add_camera`.
    """
    qr = {"door": door, "region": region}
    _change(path, lambda document: _camera(document, path, camera).update({"qr": _table(qr)}))


def write_credential(folder: Path, camera: str, password: str) -> Path:
    """Keep a camera's password where the service finds it; readable by its owner alone.

    Returns:
        The file.

    Raises:
        ConfigurationError: It cannot be written.
    """
    target = folder / CAMERA_CREDENTIAL.format(id=camera)
    try:
        files.make_folder(folder, mode=0o700)
        files.replace(target, password.encode(), keep_owner=True)
    except OSError as error:
        raise ConfigurationError(f"{target}: cannot be written: {error.strerror}") from None
    return target


def _change(path: Path, change: Callable[[tomlkit.TOMLDocument], object]) -> None:
    try:
        path = path.resolve()  # a link stays one: what it leads to is changed
        document = tomlkit.parse(path.read_bytes().decode())  # as they are: line ends, too
        change(document)
        text = tomlkit.dumps(document)
        _check(path, text)
        files.replace(path, text.encode(), mode=stat.S_IMODE(path.stat().st_mode), keep_owner=True)
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file; copy config/arni.toml there and fill it in"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be changed: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except TOMLKitError as error:
        raise ConfigurationError(f"{path}: is not valid TOML: {error}") from None


def _check(path: Path, text: str) -> None:
    """Refuse a text that could not be loaded; problems name the real file."""
    with tempfile.TemporaryDirectory(prefix="arni-") as folder:
        trial = Path(folder) / path.name
        trial.write_bytes(text.encode())
        try:
            load_settings(trial)
        except ConfigurationError as error:
            raise ConfigurationError(
                *(problem.replace(str(trial), str(path)) for problem in error.problems)
            ) from None


def _camera(document: tomlkit.TOMLDocument, path: Path, camera: str) -> Table:
    found = _find(_tables(document, "cameras"), camera)
    if found is None:
        raise InvalidInput(
            f"{path} has no camera '{camera}'; add it with: arni-edge cameras add {camera} URL"
        )
    return found


def _tables(parent: tomlkit.TOMLDocument | Table, name: str) -> AoT:
    """The list of tables of this name, made when it is not there."""
    if name not in parent:
        parent[name] = tomlkit.aot()
    tables = parent[name]
    if not isinstance(tables, AoT):
        raise InvalidInput(f"'{name}' is written as a list in one line; write it as [[{name}]] tables first")
    return tables


def _find(tables: AoT, wanted: str) -> Table | None:
    return next((table for table in tables if table.get("id") == wanted), None)


def _table(values: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    for name, value in values.items():
        if value is not None:
            table.add(name, _value(value))
    return table


def _value(value: Any) -> Any:
    """Places with four digits: a tenth of a pixel of a large picture."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list | tuple):
        array: Array = tomlkit.array()
        array.extend(_value(one) for one in value)
        return array
    return value
