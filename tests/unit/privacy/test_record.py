"""What has to be said about the processing follows from the configuration, and names what is missing."""

import json
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.database import open_database
from support.member_data import BSUID, KIM, OTHER, fill

from arni_edge.domain.errors import Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.privacy.export import ExportDesk
from arni_edge.privacy.record import as_markdown, build_record
from arni_edge.privacy.sign import sign_text
from arni_edge.settings import Settings

CATALOGUE = Catalogue.load()
BARE = {"site": {"id": "demo", "name": "Demo Gym", "capacity": 10}}
CORNERS = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
FULL = Settings.model_validate(
    {
        **BARE,
        "privacy": {"controller": "Demo GmbH, Weg 1", "contact": "mail@demo.example", "messages_days": 45},
        "vision": {"model": "/m.onnx"},
        "doors": [{"id": "front", "name": "Front", "lock": {"nuki_id": "2BB28570"}}],
        "relay": {"url": "https://relay.example/x"},
        "whatsapp": {"phone_number_id": "123456"},
        "telegram": {},
        "sms": {"url": "https://sms.example/send"},
        "cameras": [
            {
                "id": "hall",
                "url": "rtsp://10.0.0.9/s",
                "person_down": False,
                "hours": {
                    "monday": ["06:00-24:00"],
                    "tuesday": ["06:00-24:00"],
                    "friday": ["08:00-12:00"],
                },
                "masks": [CORNERS],
                "zones": [
                    {
                        "id": "mat",
                        "name": "Matte",
                        "kind": "mat",
                        "polygon": CORNERS,
                        "legal_basis": "Abwägung vom 1. Mai",
                    },
                    {"id": "entrance", "name": "Eingang", "kind": "entrance", "polygon": CORNERS},
                ],
                "lines": [{"id": "line", "name": "Türlinie", "points": [[0, 0], [1, 1]], "door": "front"}],
            }
        ],
    }
)


def test_the_record_says_what_this_configuration_does() -> None:
    page = as_markdown(build_record(FULL, CATALOGUE, Language.GERMAN), CATALOGUE, Language.GERMAN)
    for said in (
        "Demo GmbH, Weg 1",
        "relay.example",
        "sms.example",
        "45 Tage",
        "30 Tage",
        "Abwägung vom 1. Mai",
        "Montag - Dienstag 06:00-24:00; Freitag 08:00-12:00",
        "1 Bereich ist geschwärzt",
        "Linie Türlinie",
    ):
        assert said in page, said
    assert "am Boden liegen" not in page  # it was switched off
    assert "Zone 'Eingang': legal_basis fehlt" in page
    assert "privacy.officer ist leer" in page


def test_what_is_not_configured_is_not_claimed() -> None:
    record = build_record(Settings.model_validate(BARE), CATALOGUE, Language.ENGLISH)
    text = json.dumps(record.as_json())
    assert "Meta" not in text
    assert "Telegram" not in text
    assert "Camera" not in text
    assert [gap.partition(" ")[0] for gap in record.gaps] == [
        "privacy.controller",
        "privacy.contact",
        "privacy.officer",
    ]


def test_the_sign_names_places_controller_and_what_is_missing() -> None:
    sign = sign_text(FULL, CATALOGUE, Language.GERMAN)
    assert "Matte, Eingang, Türlinie" in sign
    assert "Verantwortlich: Demo GmbH, Weg 1" in sign
    assert "Sprechanlage" not in sign
    assert "Sprechanlage" in sign_text(FULL, CATALOGUE, Language.GERMAN, intercom=True)
    bare = sign_text(Settings.model_validate(BARE), CATALOGUE, Language.ENGLISH)
    assert "Controller: [missing]" in bare
    assert "camera" not in bare.lower()


# --- export -------------------------------------------------------------------------------------------------


async def test_an_export_holds_everything_of_hers_and_nothing_of_others(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        await fill(database, clock.now())
        made = await ExportDesk(database, clock, CATALOGUE, FULL).export(KIM.member_id)
    text = json.dumps(made, ensure_ascii=False)
    for hers in (
        KIM.name,
        KIM.phone,
        BSUID,
        "Bandscheibenvorfall",
        "will reden",
        "nett sein",
        "memory",
        "help",
    ):
        assert hers in text, hers
    for other in (OTHER.name, OTHER.phone.removeprefix("+"), "DE.2", "nora", "salt", "digest"):
        assert other not in text, other
    assert {"inbound", "outbox", "door_audit", "consents", "alarms", "actions", "tickets"} <= made[
        "data"
    ].keys()
    assert made["kept_days"]["inbound"] == 45
    assert "Meta" in made["recipients"][0]


async def test_nobody_unknown_is_exported(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        with pytest.raises(Refused):
            await ExportDesk(database, ManualClock(), CATALOGUE, FULL).export("M9")


def test_who_was_followed_is_recorded_where_it_is_kept() -> None:
    access = {"access": {"tailgating": {"days": 12}}}
    record = build_record(Settings.model_validate({**BARE, **access}), CATALOGUE, Language.GERMAN)
    kept = {one.name: one.kept for one in record.activities}
    assert kept["Mitgehen an der Tür"] == "12 Tage"
    bare = build_record(Settings.model_validate(BARE), CATALOGUE, Language.GERMAN)
    assert "Mitgehen an der Tür" not in {one.name for one in bare.activities}
    codes = next(
        one for one in build_record(FULL, CATALOGUE, Language.GERMAN).activities if "Nachr" in one.name
    )
    assert any("sms.example" in one for one in codes.recipients)  # codes go to numbers of members
