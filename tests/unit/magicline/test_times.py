"""Days and times in every spelling that Magicline uses."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arni_edge.magicline.times import read_day, read_moment, read_time

_BERLIN = ZoneInfo("Europe/Berlin")
_SAMPLES = json.loads(
    (Path(__file__).parents[2] / "fixtures/magicline/samples/datetimes.json").read_text("utf-8")
)["payload"]


@pytest.mark.parametrize("sample", _SAMPLES, ids=lambda sample: sample["text"])
def test_every_documented_spelling_is_read(sample: dict[str, Any]) -> None:
    text = sample["text"]
    if sample["utc"]:
        moment = read_moment(text, _BERLIN)
        assert moment == datetime.fromisoformat(sample["utc"])
    elif "T" in text:
        assert read_moment(text, _BERLIN) == datetime(2025, 9, 20, 22, tzinfo=UTC)
    elif ":" in text:
        assert read_time(text) == time(6)
    else:
        assert read_day(text) == date(2022, 1, 1)


def test_the_zone_in_brackets_is_kept() -> None:
    moment = read_moment("2026-06-22T08:00:00.000-05:00[America/Chicago]", _BERLIN)
    assert moment is not None
    assert moment.tzinfo == ZoneInfo("America/Chicago")
    # Days later the clocks there change, and the zone knows it.
    assert (moment + timedelta(days=180)).utcoffset() == timedelta(hours=-6)


def test_the_offset_decides_which_of_the_two_hours_of_an_autumn_night_is_meant() -> None:
    first = read_moment("2026-10-25T02:30:00.000+02:00[Europe/Berlin]", UTC)
    second = read_moment("2026-10-25T02:30:00.000+01:00[Europe/Berlin]", UTC)
    assert first is not None
    assert second is not None
    assert first.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert second.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert first.time() == second.time() == time(2, 30)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-01-07T16:25:09.416924123Z", datetime(2025, 1, 7, 16, 25, 9, 416924, UTC)),
        ("2026-06-22T08:00[Europe/Berlin]", datetime(2026, 6, 22, 6, tzinfo=UTC)),
        ("2026-06-22T08:00:00+02:00[GMT+02:00]", datetime(2026, 6, 22, 6, tzinfo=UTC)),
        ("2026-06-22T08:00:00+02:00[Mars/Olympus]", datetime(2026, 6, 22, 6, tzinfo=UTC)),
        ("2026-06-22T08:00:00Z[UTC]", datetime(2026, 6, 22, 8, tzinfo=UTC)),
        ("2026-06-22T08:00:00+02:00[../../etc/passwd]", datetime(2026, 6, 22, 6, tzinfo=UTC)),
        ("2026-06-22T08:00:00[Mars/Olympus]", None),
        ("2026-06-22T08:00:00+02:00[/etc/passwd]", datetime(2026, 6, 22, 6, tzinfo=UTC)),
        ("2026-06-22T08:00:00+02:00[Europe]", datetime(2026, 6, 22, 6, tzinfo=UTC)),
        ("2026-06-22", datetime(2026, 6, 21, 22, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-13-01T00:00:00Z", None),
        ("", None),
        ("2026-06-22T08:00:00Z" * 10, None),
        (1750000000, None),
        (None, None),
    ],
)
def test_odd_moments(text: object, utc: datetime | None) -> None:
    assert read_moment(text, _BERLIN) == utc


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-02-28", date(2026, 2, 28)),
        ("2026-02-28T23:30:00Z", date(2026, 2, 28)),
        ("2026-02-29", None),
        ("2026-02-281", None),
        ("20260228", None),
        (20260228, None),
        ([2026, 2, 28], None),
    ],
)
def test_days(value: object, day: date | None) -> None:
    assert read_day(value) == day


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("23:00:00", time(23)),
        ("24:00:00", time.max),
        ({"hour": 6, "minute": 30, "second": 0, "nano": 0}, time(6, 30)),
        ({"hour": 24, "minute": 0}, time.max),
        ({"hour": 1000, "minute": 1000, "second": 1000, "nano": 1000}, None),
        ({"hour": "6"}, None),
        ({}, time(0)),
        ("6 Uhr", None),
        (6, None),
    ],
)
def test_times_of_day(value: object, result: time | None) -> None:
    assert read_time(value) == result


_ANY = st.text(max_size=90) | st.text("0123456789-:T.+Z[]/ae ", max_size=45) | st.none() | st.integers()


@given(_ANY | st.dictionaries(st.sampled_from(["hour", "minute", "second"]), _ANY))
@example("1-1-1T00:00[]")
def test_nothing_that_may_stand_there_raises(value: Any) -> None:
    read_day(value)
    read_time(value)
    moment = read_moment(value, _BERLIN)
    assert moment is None or (moment.utcoffset() is not None and moment.astimezone(UTC) == moment)
