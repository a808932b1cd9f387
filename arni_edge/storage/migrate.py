"""Brings a database to the schema of this code, one numbered SQL file after the other."""

import re
import sqlite3
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from arni_edge.domain.errors import ConfigurationError

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
APPLICATION_ID = 0x41524E49
"""``ARNI``; marks the file as ours."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Whose tables a file has.

    Attributes:
        package: Where the folder ``migrations`` lies.
        application_id: Marks the file as theirs.
        setting: Says where the file lies; named when another program's lies there.
    """

    package: str
    application_id: int
    setting: str


BOX = Schema("arni_edge.storage", APPLICATION_ID, "paths.state")
"""The database of a box."""


def migrations(package: str = BOX.package) -> list[tuple[int, str]]:
    """All migrations as (version, SQL), in order."""
    folder = resources.files(package) / "migrations"
    found = [(match, file) for file in folder.iterdir() if (match := _NAME.match(file.name))]
    return sorted((int(match.group(1)), file.read_text(encoding="utf-8")) for match, file in found)


def migrate(connection: sqlite3.Connection, path: Path, schema: Schema = BOX) -> None:
    """Apply what is missing; each migration and its version number are one transaction.

    Raises:
        ConfigurationError: The file is newer than this code, or belongs to another program.
        sqlite3.OperationalError: The disk does not let us (full, failing).
    """
    steps = migrations(schema.package)
    newest = steps[-1][0]
    try:
        version = _pragma(connection, "user_version")
        owner = _pragma(connection, "application_id")
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.OperationalError:
        raise  # the disk's trouble, not the file's
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(
            f"{path}: is not a database of Arni Edge ({error}); restore a backup"
        ) from None
    if owner not in {0, schema.application_id} or (version == 0 and tables > 0):
        raise ConfigurationError(
            f"{path}: is a database of another program; set {schema.setting} to another folder"
        )
    if version > newest:
        raise ConfigurationError(
            f"{path}: was written by a newer Arni Edge (schema {version}, this one knows {newest}); "
            "install that version again or restore a backup from before the upgrade"
        )
    for number, sql in steps:
        if number > version:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA application_id={schema.application_id};\n"
                f"PRAGMA user_version={number};\nCOMMIT;"
            )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
