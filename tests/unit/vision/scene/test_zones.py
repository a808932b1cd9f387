"""Who is in which zone: counted from tracks, steady at its edge."""

import random
from itertools import pairwise

import pytest
from support.people import filmed, moments, person, play, scene

from arni_edge.vision.orders import ZoneOrder

LEFT = ZoneOrder(id="left", polygon=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
RIGHT = ZoneOrder(id="right", polygon=((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
ALL = ZoneOrder(id="all", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))


def test_somebody_on_the_edge_of_a_zone_does_not_flicker() -> None:
    dice = random.Random(2)
    looks = filmed(moments(60), lambda _: person(0.5 + dice.gauss(0, 0.003), 0.7 + dice.gauss(0, 0.01)))
    counts = [report.zones["left"].count for report in play(scene([LEFT]), looks)]
    # On one side or the other, but not now here and now there.
    assert sum(before != after for before, after in pairwise(counts)) <= 1


def test_who_walks_over_goes_from_one_zone_to_the_next_and_is_never_in_both_or_none() -> None:
    reports = play(scene([LEFT, RIGHT]), filmed(moments(6, 10), lambda at: person(0.2 + 0.1 * at)))
    counts = [(report.zones["left"].count, report.zones["right"].count) for report in reports]
    assert counts[0] == (1, 0)
    assert counts[-1] == (0, 1)
    assert sorted(counts, reverse=True) == counts


@pytest.mark.parametrize("rate", [3.0, 5.0, 15.0])
def test_who_has_left_a_zone_is_out_of_it_within_half_a_second_and_a_look(rate: float) -> None:
    reports = play(scene([LEFT]), filmed(moments(6, rate), lambda at: person(0.2 + 0.1 * at)))
    gone = next(report.at for report in reports if not report.zones["left"].count)
    assert 3.0 < gone <= 3.5 + 1 / rate


def test_where_zones_overlap_the_first_one_owns_the_person() -> None:
    (report,) = play(scene([LEFT, ALL]), [(0.0, [person(0.2), person(0.8)])])
    assert (report.zones["left"].count, report.zones["all"].count) == (1, 1)


def test_a_picture_on_which_somebody_is_missed_or_doubled_does_not_show() -> None:
    two = [person(0.2), person(0.35, 0.9)]
    strange = {7: two[:1], 15: [*two, person(0.1, 0.5)], 22: two[1:], 23: two[1:], 30: []}
    looks = [(at, strange.get(number, two)) for number, at in enumerate(moments(10))]
    assert {report.zones["left"].count for report in play(scene([LEFT]), looks)} == {2}


def test_people_cut_by_the_lower_border_are_in_the_zone_that_reaches_it() -> None:
    (report,) = play(scene([LEFT]), [(0.0, [person(0.2, 1.2, height=0.6)])])
    assert report.zones["left"].count == 1


@pytest.mark.parametrize("rate", [2.0, 10.0])
def test_the_stay_is_measured_in_seconds_whatever_the_rate(rate: float) -> None:
    looks = filmed(
        moments(20, rate), lambda _: person(0.2), lambda at: person(0.9 - 0.1 * at if at < 5 else 0.4, 0.9)
    )
    reports = play(scene([LEFT]), looks)
    # The first for 20 s; the second came over the edge of the zone at 4 s.
    assert reports[0].zones["left"].dwell_seconds == 0
    dwell = reports[-1].zones["left"].dwell_seconds
    assert dwell is not None
    assert abs(dwell - (20 + 16) / 2) < 0.6


def test_an_empty_zone_has_no_stay() -> None:
    (report,) = play(scene([LEFT]), [(0.0, [])])
    assert report.zones["left"].dwell_seconds is None


def test_those_on_whom_an_alarm_may_be_staked_are_some_of_those_who_are_there() -> None:
    reports = play(scene([LEFT, RIGHT]), filmed(moments(5), lambda at: person(0.1 + 0.05 * at)))
    assert reports[0].zones["left"].confirmed == 0
    assert reports[-1].zones["left"].confirmed == 1
    assert all(view.confirmed <= view.count for report in reports for view in report.zones.values())


def test_a_crowd_is_more_than_the_limit_for_long_enough_and_ends_the_same_way() -> None:
    gym = ZoneOrder(id="left", polygon=LEFT.polygon, limit=1, crowded_seconds=30.0)
    looks = filmed(
        moments(120, 2),
        lambda _: person(0.2),
        lambda at: person(0.4, 0.9) if at < 60 or 62 < at < 65 else None,
    )
    reports = play(scene([gym]), looks)
    crowded = [report.at for report in reports if report.zones["left"].crowded]
    assert 30 <= crowded[0] <= 31
    # Away for two seconds is not the end; nobody follows who stood still and is gone for three.
    assert 73 <= crowded[-1] <= 80
    assert crowded == [report.at for report in reports if crowded[0] <= report.at <= crowded[-1]]
