"""Personal data are where the documentation says, nowhere else; and erased they are nowhere."""

import asyncio
import base64
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.mqtt import Device
from support.waiting import eventually, eventually_is

from arni_edge.broker.accounts import DAEMON
from arni_edge.simulator.blueprint import DOOR
from arni_edge.simulator.phones import Phone
from arni_edge.simulator.premises import Gym

_NUMBER = "+4915118273645"
_ID = "M-PLANTED-7"
_NAME = "Wilhelmina Zuckschwerdt"
_BSUID = "DE.77112233445566778"
_SAID = {
    "name": "Zuckschwerdt",
    "e-mail": "wilhelmina@planted.example",
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "IBAN without spaces": "DE89370400440532013000",
    "health": "Bandscheibenvorfall",
    "birth": "23.05.1988",
    "address": "Pflanzenweg 7",
}
_MESSAGES = (
    f"Hallo, ich heiße {_NAME}, geboren am {_SAID['birth']}",
    f"Ich habe einen {_SAID['health']}, schreibt mir an {_SAID['e-mail']}",
    f"Meine IBAN ist {_SAID['IBAN']}, also {_SAID['IBAN without spaces']}, ich wohne im {_SAID['address']}",
    "Wie voll ist es?",
    "Mach bitte die Tür auf",
)
_DIGITS = _NUMBER.removeprefix("+")
_PLANTED = {
    **_SAID,
    "number": _DIGITS,
    "national number": f"0{_DIGITS.removeprefix('49')}",
    "member id": _ID,
    "business-scoped id": _BSUID,
    # Message ids hold the number in base64, at one of three places in the group of four letters.
    **{
        f"number in base64 {before}": base64.b64encode(b"0" * before + _DIGITS.encode()).decode()[
            before + 1 : -4
        ]
        for before in range(3)
    },
}
_DOCUMENTED = Path(__file__).parents[2] / "docs" / "privacy.md"


def _declared() -> set[str]:
    """Tables that hold something personal, as the documentation says."""
    part = _DOCUMENTED.read_text("utf-8").partition("\n## In the database\n")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in part.splitlines() if line.startswith("| `")]
    return {
        name
        for row in rows
        if not row[2].strip().startswith("none")
        for name in re.findall(r"`(\w+)`", row[1])
    }


def _found_in(content: bytes) -> set[str]:
    lower = content.lower()
    return {
        what
        for what, text in _PLANTED.items()
        if (text.encode() in content if "base64" in what else text.encode().lower() in lower)
    }


def _files(folders: Sequence[Path]) -> dict[str, set[str]]:
    """What was found in which file of the box, by its name; files without anything are not in it."""
    files = [
        file for folder in folders for file in folder.rglob("*") if file.is_file() and not file.is_symlink()
    ]
    assert len(files) > 5
    found = {str(file.name): _found_in(file.read_bytes()) for file in files}
    return {name: what for name, what in found.items() if what}


def _tables(database: Path) -> dict[str, set[str]]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as reader:
        names = [row[0] for row in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        contents = {
            name: repr(reader.execute(f'SELECT * FROM "{name}"').fetchall()).encode() for name in names
        }
    return {name: what for name, content in contents.items() if (what := _found_in(content))}


async def _talk(phone: Phone) -> None:
    for number, text in enumerate(_MESSAGES, start=1):
        phone.send(text)
        await eventually(lambda number=number: len(phone.inbox) >= number)  # type: ignore[misc]


async def _code_at_the_door(gym: Gym) -> str:
    code = str((await gym.box.ask("members.code", member_id=_ID, door=DOOR))["code"])
    assert (await gym.reader.show(code))["answer"] == "allowed"
    return code


@pytest.mark.timeout(120)
async def test_planted_data_are_where_they_may_be_and_erased_they_are_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARNI_LOGGING__LEVEL", "debug")  # it may say more then, but nothing of this
    gym = Gym(tmp_path, cameras=False)
    phone = gym.cloud.phones.add(_NUMBER, _NAME, user_id=_BSUID)
    async with gym, Device(gym.box.device_address(DAEMON), "#", client_id="listener") as listener:
        box, state = gym.box, gym.box.folder / "state"
        folders = (state, box._runtime)
        await box.ask("members.put", members=[{"member_id": _ID, "name": _NAME, "phone": _NUMBER}])
        await eventually_is(lambda: box.ask("status"), lambda status: status["doors"][DOOR]["live"])
        await _talk(phone)
        code = await _code_at_the_door(gym)
        await eventually_is(lambda: box.ask("status"), lambda status: status["outbox"].keys() == {"sent"})

        # Everything that was planted is kept somewhere, or this would prove nothing.
        tables = _tables(state / "arni.db")
        assert set.union(*tables.values()) >= _SAID.keys() | {"number", "member id", "business-scoped id"}
        assert any("base64" in what for what in tables["inbound"])
        assert tables.keys() <= _declared()
        assert _files(folders).keys() <= {"arni.db", "arni.db-wal"}
        said = "\n".join(f"{message.topic} {bytes(message.payload)!r}" for message in listener.raw)
        assert "arni/sim/event/door_command_ended" in said
        for where, text in (("log", box.log.read_text("utf-8")), ("broker", said.replace(code, "", 1))):
            assert not _found_in(text.encode()), where
            assert code not in text, where

        exported = json.dumps(await box.ask("privacy.export", member_id=_ID), ensure_ascii=False)
        assert {what for what in _found_in(exported.encode()) if what in _SAID} == _SAID.keys()

        proof = json.loads(await _erase(box.config))
        assert (proof["state"], proof["found"]) == ("proven", 0)
        assert proof["removed"]["inbound"] == len(_MESSAGES)
        # The daemon has looked itself; we look again, without its code, and into its log.
        assert _files(folders) == {}
        assert _tables(state / "arni.db") == {}
        assert not _found_in(box.log.read_bytes())
        assert len(await box.ask("members.list")) == len(gym.phones)  # the others, and nobody less
        assert {part["part"]: part["state"] for part in (await box.ask("status"))["parts"]}[
            "retention"
        ] == "ok"


async def _erase(config: Path) -> str:
    ended = await asyncio.to_thread(
        subprocess.run,
        [
            sys.executable,
            "-m",
            "arni_edge",
            "erase",
            _ID,
            "--yes",
            "--by",
            "nora",
            "--json",
            "--config",
            str(config),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout
