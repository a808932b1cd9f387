"""What is said about a door: nothing private to everybody, everything to staff. And rules from settings."""

from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.clock import ManualClock
from support.questions import question

from arni_edge.access import Entry, rules_of
from arni_edge.access.policy import Choice, DoorRule, PlanRule
from arni_edge.access.words import public_text, staff_text
from arni_edge.domain.doors import AskReason, DenyReason, Outcome
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.settings import Hours, Settings, Site
from arni_edge.swarm.agents import Ops

_CATALOGUE = Catalogue.load()
# What says something about a person, their contract or money.
_PRIVATE = {
    DenyReason.BANNED,
    DenyReason.PAUSED,
    DenyReason.ENDED,
    DenyReason.NOT_YET,
    DenyReason.ARREARS,
    DenyReason.UNKNOWN_PLAN,
    DenyReason.PLAN_DOOR,
    DenyReason.PLAN_HOURS,
    DenyReason.GROUP,
    DenyReason.STAFF_ONLY,
    DenyReason.WRONG_HOLDER,
}


@pytest.mark.parametrize("language", Language)
def test_private_reasons_sound_alike_and_staff_hear_each(language: Language) -> None:
    public = {public_text(_CATALOGUE, Entry(reason, None), language) for reason in _PRIVATE}
    assert public == {_CATALOGUE.text("door.denied.neutral", language)}
    staff = {staff_text(_CATALOGUE, reason, language) for reason in _PRIVATE}
    assert len(staff) == len(_PRIVATE)


@pytest.mark.parametrize("language", Language)
def test_there_are_words_for_everything(language: Language) -> None:
    ends = (
        *(Entry(reason, None) for reason in DenyReason),
        *(Entry(None, outcome) for outcome in Outcome),
        *(Entry(None, None, reason) for reason in AskReason),
    )
    for entry in ends:
        for shown in (True, False):
            text = public_text(_CATALOGUE, entry, language, shown=shown)
            assert "{" not in text
    for reason in (*DenyReason, *AskReason):
        assert staff_text(_CATALOGUE, reason, language)


def test_who_shows_an_unknown_code_is_not_told_about_a_number() -> None:
    stranger = Entry(DenyReason.STRANGER, None)
    assert "Nummer kenne ich nicht" in public_text(_CATALOGUE, stranger, Language.GERMAN)
    assert "Dieser Code" in public_text(_CATALOGUE, stranger, Language.GERMAN, shown=True)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry(None, None, AskReason.ARREARS), "geantwortet hat noch niemand"),
        (Entry(DenyReason.OUTSIDE_HOURS, None), "Heute (Mittwoch) kannst du von 06:00 bis 23:00 Uhr"),
        (Entry(DenyReason.FULL, None), "gerade voll"),
    ],
)
async def test_the_chat_says_what_became_of_it(entry: Entry, words: str) -> None:
    site = Site(id="demo", name="Demo", capacity=10)
    ops = Ops(_CATALOGUE, ManualClock(), site, Hours.model_validate({"wednesday": ["06:00-23:00"]}))

    async def enter() -> Entry:
        return entry

    answer = await ops.door(question(Language.GERMAN, enter))
    assert words in answer
    assert "Beiträge" not in answer


def test_the_settings_become_rules() -> None:
    configured: dict[str, Any] = {
        "site": {"id": "g", "name": "G", "capacity": 9},
        "hours": {"monday": ["06:00-24:00"]},
        "doors": [
            {"id": "front", "name": "F", "lock": {"nuki_id": "1"}},
            {"id": "office", "name": "O", "lock": {"nuki_id": "2"}, "kind": "staff", "groups": ["team"]},
        ],
        "access": {
            "mirror_max_age_hours": 5,
            "stale_policy": "allow",
            "arrears_policy": "deny",
            "full_policy": "ask_staff",
            "unknown_plan_policy": "ask_staff",
            "anti_passback_minutes": 7,
            "clock_skew_seconds": 9,
            "plans": [
                {"id": "morning", "hours": {"tuesday": ["06:00-12:00"]}, "doors": ["front"]},
                {"id": "all"},
            ],
            "holidays": [{"day": "2026-12-25"}, {"day": "2026-12-24", "hours": ["10:00-14:00"]}],
        },
    }
    rules = rules_of(Settings.model_validate(configured))
    assert rules.zone == ZoneInfo("Europe/Berlin")
    assert rules.windows == {0: [(time(6), time.max)], **{day: [] for day in range(1, 7)}}
    assert rules.doors == {"front": DoorRule(), "office": DoorRule(True, frozenset({"team"}))}
    assert rules.mirror_max_age == timedelta(hours=5)
    assert rules.anti_passback == timedelta(minutes=7)
    assert rules.clock_skew == timedelta(seconds=9)
    assert (rules.stale, rules.arrears) == (Choice.ALLOW, Choice.DENY)
    assert (rules.full, rules.unknown_plan) == (Choice.ASK_STAFF, Choice.ASK_STAFF)
    assert rules.plans["all"] == PlanRule()
    assert rules.plans["morning"].doors == frozenset({"front"})
    assert rules.plans["morning"].windows is not None
    assert rules.plans["morning"].windows[1] == [(time(6), time(12))]
    assert rules.holidays == {date(2026, 12, 25): [], date(2026, 12, 24): [(time(10), time(14))]}
