"""The documentation says what the code is: whatever is added to one is missed in the other here."""

import re
import tomllib
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr
from support.house import open_house
from typer.main import get_command

from arni_edge.access.reader import answer_topic
from arni_edge.broker.mirror import online_topic as daemon_online_topic
from arni_edge.broker.readers import reader_topic
from arni_edge.cli.app import EX_CONFIG, app
from arni_edge.devices.nuki import codec
from arni_edge.devices.rights import newcomer_reply_topic, reply_topic
from arni_edge.safety.displays import alarm_topic
from arni_edge.settings import Hours, OnCall, Settings, Span
from arni_edge.vision import topics

_ROOT = Path(__file__).parents[2]
_PACKAGE = _ROOT / "arni_edge"
_PAGES = sorted(
    page for folder in (".", "docs", "docs/decisions", "models") for page in (_ROOT / folder).glob("*.md")
)


def _read(page: str) -> str:
    return (_ROOT / page).read_text("utf-8")


def _rows(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head; cells without back-ticks."""
    lines = iter(_read(page).partition(f"\n{heading}\n")[2].splitlines())
    table = []
    for line in lines:
        if line.startswith("|"):
            table.append([cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif table:
            break
    return table[2:]


# --- the map --------------------------------------------------------------------------------------------


def _floors() -> list[set[str]]:
    """The rooms of the import contract, from the roof down."""
    contracts = tomllib.loads(_read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return [{room.strip() for room in re.split(r"[|:]", layer)} for layer in layers]


def test_the_map_has_every_room_in_the_order_of_the_contract() -> None:
    rooms = [row[1] for row in _rows("docs/architecture.md", "## Floors and rooms")]
    for floor in _floors():
        here, rooms = set(rooms[: len(floor)]), rooms[len(floor) :]
        assert here == floor
    assert rooms == []


@pytest.mark.parametrize("where", [row[3] for row in _rows("docs/architecture.md", "## Floors and rooms")])
def test_every_room_can_be_entered_where_the_map_says(where: str) -> None:
    assert (_PACKAGE / where).is_file()


def test_the_picture_of_the_floors_is_the_contract() -> None:
    picture = _read("README.md").partition("## The floors of the house")[2].split("```")[1]
    # Columns: the floor's name, its rooms, what they are for.
    rooms = [re.split(r" {2,}", line[12:])[0].split(" · ") for line in picture.strip().splitlines()]
    assert [set(floor) for floor in rooms] == _floors()


async def test_the_map_has_every_stage_in_its_order(tmp_path: Path) -> None:
    rows = _rows("docs/architecture.md", "## One message, eleven stages")
    async with open_house(tmp_path) as house:
        assert [row[1] for row in rows] == list(house.pipeline.stages)
    assert [row[0] for row in rows] == [str(number + 1) for number in range(len(rows))]
    stages = _PACKAGE / "conversation" / "stages"
    assert {row[2] for row in rows} == {file.name for file in stages.glob("[!_]*.py")}


@pytest.mark.parametrize(
    "topic",
    [
        daemon_online_topic("<site>"),
        f"{reply_topic('<site>')}/rpc",
        alarm_topic("<site>"),
        topics.online_topic("<site>"),
        topics.zone_topic("<site>", "<zone>"),
        topics.camera_topic("<site>", "<camera>"),
        codec.command_topic("<ID>"),
        reader_topic("<site>", "<door>"),
        answer_topic("<site>", "<door>"),
        f"{newcomer_reply_topic('<site>')}/rpc",
        "nuki/<ID>/{" + ",".join(codec.Subject) + "}",
    ],
)
def test_the_map_has_every_topic(topic: str) -> None:
    assert f"| `{topic}` |" in _read("docs/architecture.md")


# --- settings -------------------------------------------------------------------------------------------


@cache
def _switched_on(text: str) -> dict[str, Any]:
    """The example configuration with everything in it that is commented out."""
    setting = re.compile(r"^# ?(?=\[|[a-z0-9_]+ = )", re.MULTILINE)
    return tomllib.loads(setting.sub("", text))


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in typing.get_args(annotation) if (found := _model_in(inner))), None)


def _settings(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, bool]]:
    """Every setting by its path, and whether it is a secret."""
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        # The days of the week are explained once, under [hours]; who can be on call, under [alarms].
        known = (inner is Hours and at) or (inner is OnCall and at != "alarms.")
        if inner is not None and inner is not Span and not known:
            yield from _settings(inner, f"{at}{name}.")
        else:
            secret = SecretStr in (field.annotation, *typing.get_args(field.annotation))
            yield f"{at}{name}", secret


def _there(values: object, path: str) -> bool:
    if isinstance(values, list):
        return any(_there(one, path) for one in values)
    name, _, rest = path.partition(".")
    if not isinstance(values, dict) or name not in values:
        return False
    return not rest or _there(values[name], rest)


def test_every_setting_is_explained_in_the_example() -> None:
    example = _switched_on(_read("config/arni.toml"))
    assert [path for path, secret in _settings(Settings) if not secret and not _there(example, path)] == []


def test_the_example_with_everything_switched_on_can_be_used() -> None:
    settings = Settings.model_validate(_switched_on(_read("config/arni.toml")))
    assert settings.doors
    assert settings.whatsapp is not None


@pytest.mark.parametrize("page", ["config/arni.toml", "docs/operations.md"])
@pytest.mark.parametrize("path", [path for path, secret in _settings(Settings) if secret])
def test_every_secret_has_its_credential_named(path: str, page: str) -> None:
    name = "camera_<id>_password" if path == "cameras.password" else path.replace(".", "_")
    assert name in _read(page)


# --- the command ----------------------------------------------------------------------------------------


def _commands(command: Any, name: str) -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield name
        return
    for inner, sub in command.commands.items():
        yield from _commands(sub, f"{name} {inner}")


def test_every_command_is_explained() -> None:
    rows = [row[0] for row in _rows("docs/operations.md", "## Commands")]
    commands = list(_commands(get_command(app), "arni-edge"))
    assert len(commands) > 20
    assert [one for one in commands if not any(row.startswith(one) for row in rows)] == []


def test_the_exit_code_for_a_configuration_is_explained() -> None:
    assert str(EX_CONFIG) in [row[0] for row in _rows("docs/operations.md", "### Exit codes")]


# --- what is kept ---------------------------------------------------------------------------------------


def _tables() -> set[str]:
    files = (_PACKAGE / "storage" / "migrations").glob("*.sql")
    return {name for file in files for name in re.findall(r"CREATE TABLE (\w+)", file.read_text("utf-8"))}


def test_every_table_says_what_is_personal_in_it_and_how_long_it_is_kept() -> None:
    rows = _rows("docs/privacy.md", "## In the database")
    assert {name for row in rows for name in row[0].split(", ")} == _tables()


# --- links ----------------------------------------------------------------------------------------------


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        there = page.parent / path if path else page
        assert there.exists(), target
        assert not anchor or anchor in _anchors(there), target


def test_every_decision_is_in_the_list() -> None:
    files = {page.name for page in _PAGES if re.match(r"\d{4}-", page.name)}
    assert files == set(re.findall(r"\((\d{4}-[^)]+)\)", _read("docs/decisions/README.md")))
