"""Who is on call at a moment: hours of the gym's wall clock, the first that holds, else the usual list."""

from datetime import UTC, datetime

import pytest
from support.alarms import gym

from arni_edge.safety import Roster

_STAFF: list[dict[str, object]] = [
    {"id": "kim", "name": "Kim", "telegram": 7},
    {"id": "lee", "name": "Lee", "phone": "+4915550000002"},
    {"id": "boss", "name": "Boss", "role": "owner"},
    {"id": "guest", "name": "Guest", "role": "viewer"},
]


def roster(*rota: object, on_call: tuple[object, ...] = ("kim",)) -> Roster:
    return Roster.of(gym(on_call, _STAFF, rota=list(rota)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_NIGHT = {"hours": {"sunday": ["00:00-06:00", "22:00-24:00"]}, "on_call": ["lee"]}


@pytest.mark.parametrize(
    ("utc", "who"),
    [
        # Sunday 2026-10-25: at 3:00 summer time it is 2:00 again; 2:30 is there twice, 6:00 is 05:00 UTC.
        ("2026-10-24T21:59", "kim"),
        ("2026-10-24T22:00", "lee"),
        ("2026-10-25T00:30", "lee"),
        ("2026-10-25T01:30", "lee"),
        ("2026-10-25T04:59", "lee"),
        ("2026-10-25T05:00", "kim"),
        ("2026-10-25T20:59", "kim"),
        ("2026-10-25T21:00", "lee"),
        ("2026-10-25T22:59", "lee"),
        ("2026-10-25T23:00", "kim"),
        # Sunday 2026-03-29: after 1:59 comes 3:00.
        ("2026-03-29T00:59", "lee"),
        ("2026-03-29T01:00", "lee"),
        ("2026-03-29T03:59", "lee"),
        ("2026-03-29T04:00", "kim"),
    ],
)
def test_hours_are_those_of_the_gyms_wall_clock(utc: str, who: str) -> None:
    assert [one.id for one in roster(_NIGHT).on_call(at(utc))] == [who]


def test_the_first_entry_that_holds_decides() -> None:
    boss = {"hours": {"sunday": ["00:00-24:00"]}, "on_call": ["boss", "kim"]}
    assert [one.id for one in roster(_NIGHT, boss).on_call(at("2026-10-25T02:00"))] == ["lee"]
    assert [one.id for one in roster(boss, _NIGHT).on_call(at("2026-10-25T02:00"))] == ["boss", "kim"]


def test_nobody_is_nobody_and_the_others_are_those_who_may_act() -> None:
    nobody = roster(on_call=())
    assert nobody.on_call(at("2026-10-25T12:00")) == ()
    assert {one.id for one in nobody.others(())} == {"kim", "lee", "boss"}
    some = roster()
    assert {one.id for one in some.others(some.on_call(at("2026-10-25T12:00")))} == {"lee", "boss"}


def test_people_without_an_id_of_their_own_are_told_apart_across_lists() -> None:
    here, there = ({"name": name, "phone": f"+491555000000{n}"} for n, name in enumerate("AB"))
    both = roster({**_NIGHT, "on_call": [there]}, on_call=(here,))
    day, night = both.on_call(at("2026-10-25T12:00")), both.on_call(at("2026-10-25T02:00"))
    assert (day[0].name, night[0].name) == ("A", "B")
    assert both.everybody[day[0].id].name == "A"
    assert both.everybody[night[0].id].name == "B"
