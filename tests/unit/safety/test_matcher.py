"""Emergencies are recognised in any spelling; talk about emergencies is not one."""

import pytest

from arni_edge.safety import Cause, find_emergency


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Hilfe, hier ist jemand bewusstlos!", Cause.MEDICAL),
        ("HILFE HIER IST JEMAND BEWUSSTLOS", Cause.MEDICAL),
        ("ein mann ist zusammengebrochen", Cause.MEDICAL),
        ("sie atmet nicht mehr", Cause.MEDICAL),
        ("ich krieg keine Luft", Cause.MEDICAL),
        ("bitte ruft einen krankenwagen", Cause.MEDICAL),
        ("Help, someone is unconscious", Cause.MEDICAL),
        ("I can't breathe", Cause.MEDICAL),
        ("es brennt im Keller!", Cause.FIRE),
        ("there's a fire", Cause.FIRE),
        ("ich werde hier bedroht", Cause.VIOLENCE),
        ("he has a knife", Cause.VIOLENCE),
        ("HILFE!!!", Cause.HELP),
        ("Notfall", Cause.HELP),
        ("das ist ein Notfall", Cause.HELP),
        ("n\u200bo\u200btfall", Cause.HELP),
    ],
)
def test_an_emergency_is_recognised(text: str, cause: Cause) -> None:
    assert find_emergency(text) is cause


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Wie voll ist es gerade?",
        "Wo ist der Notausgang?",
        "Gestern war hier ein Notfall, oder?",
        "Ich brauche Hilfe beim Kreuzheben",
        "Das kostet 112 Euro",
        "Kann ich meinen Notfallkontakt ändern?",
        "where is the emergency exit",
        "Habt ihr einen Erste-Hilfe-Kurs?",
        "der neue Kurs ist der Brenner",
        "Was mache ich, wenn jemand bewusstlos ist?",
    ],
)
def test_talk_about_emergencies_is_not_one(text: str) -> None:
    assert find_emergency(text) is None
