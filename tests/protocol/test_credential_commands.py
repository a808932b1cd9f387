"""Credentials as the owner meets them: the command, the control socket, the desk and its database."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.box import Box, a_box, a_config
from support.clock import ManualClock
from support.entry import Doorstep, doorstep

from arni_edge.access import EntryKeys
from arni_edge.daemon.codes_methods import codes_methods
from arni_edge.daemon.members_methods import members_methods
from arni_edge.domain.errors import Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.settings import load_settings

_A_VISIT = {
    "label": "x",
    "doors": ["front"],
    "hours": {"monday": ["06:00-09:00"]},
    "valid_until": "2026-12-01T00:00",
}


DoorstepBox = Box[Doorstep]


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[DoorstepBox]:
    with a_config() as config:
        settings = load_settings(config)
        keys = EntryKeys.keep(tmp_path / "entry-keys.json", ManualClock().now())
        async with doorstep(tmp_path, keys=keys) as here:
            ground = SimpleNamespace(database=here.database, clock=here.clock, catalogue=Catalogue.load())
            house = SimpleNamespace(settings=settings, entry=here.desk)
            methods = {**members_methods(ground), **codes_methods(ground, lambda: house)}
            async with a_box(config, here, methods) as opened:
                yield opened


async def test_a_member_with_a_qr_and_a_code(box: DoorstepBox) -> None:
    await box.says("members", "add", "m1", "Mia Muster", "+49 151 23456789", "--group", "women")
    text = (await box.says("members", "qr", "m1")).strip()
    assert re.fullmatch(r"AE1(\.[A-Za-z0-9_-]*){6}", text)
    assert "Die Tür ist offen" in await box.says("door", "present", "front", text)
    drawn = await box.says("members", "qr", "m1", "--door", "front", "--terminal")
    assert len(drawn.splitlines()) > 15
    code = (await box.says("members", "code", "m1", "--door", "front")).strip()
    assert re.fullmatch(r"[0-9]{6}", code)
    await box.says("door", "present", "front", code)
    again = await box.says("door", "present", "front", code, code=1)
    assert "Dieser Code gilt nicht" in again
    assert "for staff: Der Code wurde schon benutzt." in again
    rows = await box.here.audit()
    assert [(row["source"], row["via"], row["member_id"], row["rule"]) for row in rows] == [
        ("control", "qr", "m1", "member_in_hours"),
        ("control", "code", "m1", "member_in_hours"),
        ("control", "code", "m1", "used"),
    ]
    assert box.here.front.opened == 2


async def test_a_member_with_everything_and_one_who_owes_money(box: DoorstepBox) -> None:
    await box.says(
        *("members", "add", "m2", "Ben Beispiel", "+49 151 23456780", "--plan", "gold", "--arrears"),
        *(
            "--group",
            "women",
            "--group",
            "staff",
            "--paused-from",
            "2020-01-01",
            "--paused-until",
            "2020-02-01",
        ),
    )
    ben = next(member for member in await box.ask("members.list") if member["member_id"] == "m2")
    assert (ben["plan"], ben["groups"], ben["arrears"]) == ("gold", ["women", "staff"], True)
    assert (ben["paused_from"], ben["paused_until"]) == ("2020-01-01", "2020-02-01")
    text = (await box.says("members", "qr", "m2")).strip()
    asked = await box.says("door", "present", "front", text, code=1)
    assert "liegt jetzt beim Team" in asked
    assert "Es sind Beiträge offen." in asked.partition("for staff:")[2]


async def test_a_visit_from_its_making_to_its_end(box: DoorstepBox) -> None:
    when = ("--when", "mon-sun 00:00-24:00")
    made = await box.says(
        "visits", "add", "cleaners", "--door", "front", *when, "--until", "2027-01-31", "--uses", "3"
    )
    match = re.fullmatch(r"([0-9]{8})  \(visit (v-[0-9a-f]{8})\)\n", made)
    assert match is not None
    digits, visit_id = match.groups()
    await box.says("door", "present", "front", digits)
    listed = await box.says("visits", "list")
    assert visit_id in listed
    assert "1/3" in listed
    assert digits not in listed
    await box.says("visits", "revoke", visit_id)
    await box.says("door", "present", "front", digits, code=1)
    assert "revoked" in await box.says("visits", "list")


async def test_keys_rotate(box: DoorstepBox) -> None:
    await box.says("members", "add", "m1", "Mia Muster", "+49 151 23456789")
    text = (await box.says("members", "qr", "m1")).strip()
    await box.says("members", "rotate-keys", "--overlap-hours", "0")
    refused = await box.says("door", "present", "front", text, code=1)
    assert "Dieser Code gilt nicht" in refused


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("members.qr", {}),
        ("members.qr", {"member_id": "m1", "door": "vault"}),
        ("members.qr", {"member_id": ["m1"]}),
        ("members.code", {"member_id": "nobody", "door": "front"}),
        ("members.code", {"member_id": "m1", "door": "../front"}),
        (
            "visits.add",
            {"label": "x", "doors": ["front"], "hours": {"monday": ["9-5"]}, "valid_until": "2027-01-01"},
        ),
        ("visits.add", {"label": "x", "doors": ["front"], "hours": {}, "valid_until": "2027-01-01T00:00"}),
        ("visits.revoke", {"visit_id": "v-0"}),
        ("door.present", {"door": "front", "text": "x" * 513}),
        ("keys.rotate", {"overlap_hours": -1}),
        (
            "members.put",
            {"members": [{"member_id": "m", "name": "n", "phone": "+4915111111111", "groups": ["a b"]}]},
        ),
        ("members.put", {}),
        ("members.put", {"members": 5}),
        ("members.put", {"members": "m1"}),
        ("members.put", {"members": [{"member_id": "m\n", "name": "n", "phone": "+4915111111111"}]}),
        ("members.put", {"members": [{"member_id": "m", "name": "\x1b[2J", "phone": "+4915111111111"}]}),
        ("visits.add", _A_VISIT | {"hours": {"monday": ["06:00+01:00-09:00"]}}),
        ("visits.add", _A_VISIT | {"hours": {"monday": [{"start": "06:00Z", "until": "09:00Z"}]}}),
        ("visits.add", _A_VISIT | {"hours": {"monday": ["06:00-09:00"] * 49}}),
        ("visits.add", _A_VISIT | {"valid_until": "9999-12-31T23:59:59-12:00"}),
        ("visits.add", _A_VISIT | {"valid_from": "0001-01-01T00:00:00+14:00"}),
        ("visits.add", _A_VISIT | {"max_uses": 2**62}),
        ("visits.add", _A_VISIT | {"label": "a\x1b[31m"}),
    ],
)
async def test_wrong_questions_get_a_sentence(
    box: DoorstepBox, method: str, params: dict[str, object]
) -> None:
    with pytest.raises(Refused) as refused:
        await box.ask(method, **params)
    assert "internal error" not in str(refused.value)
