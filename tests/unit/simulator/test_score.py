"""The score of a day: a perfect one is perfect, and every mistake of the eyes costs."""

import dataclasses
from collections.abc import Callable

import pytest

from arni_edge.simulator.eyes.course import Diary, Span
from arni_edge.simulator.eyes.day import Day, Moment
from arni_edge.simulator.eyes.score import missed_targets, score
from arni_edge.simulator.truth import Crossing as TrueCrossing
from arni_edge.simulator.truth import Fall, Opening
from arni_edge.vision.messages import CameraState
from arni_edge.vision.scene.report import Crossing

SECONDS = 400
NIGHT = Span(250.0, 390.0)
Change = Callable[[Moment], Moment]

# Kim and Alex on one opening, Robin on the next; all have left before the night.
OPENINGS = ((20.0, ["Kim", "Alex"]), (90.0, ["Robin"]))
PASSAGES = (
    (21.0, "in", "Kim"), (22.5, "in", "Alex"), (91.0, "in", "Robin"),
    (150.0, "out", "Kim"), (160.0, "out", "Alex"), (200.0, "out", "Robin"),
)  # fmt: skip


def inside(at: float) -> int:
    return sum(1 if way == "in" else -1 for when, way, _ in PASSAGES if when <= at)


def perfect() -> Day:
    """A day of which everything was seen as it was: a moment a second and camera."""
    diary = Diary(
        armed=NIGHT,
        burglary=Span(370.0, 385.0),
        zero_at=300.0,
        inside=[inside(tick / 10) for tick in range(1, SECONDS * 10 + 1)],
        contacts=[(20.5, True), (24.0, False), (90.5, True), (93.0, False)],
    )
    moments: dict[str, list[Moment]] = {"door": [], "floor": []}
    for second in range(1, SECONDS):
        at = float(second)
        burglar = int(372 <= at <= 382)
        lies = int(120 <= at < 160)
        crossed = tuple(
            Crossing("door", "in" if way == "in" else "out", when, number, 1)
            for number, (when, way, _) in enumerate(PASSAGES)
            if at - 1 < when <= at
        )
        moments["door"].append(Moment(at, {"entrance": 0}, {"entrance": 0}, 0, crossed, 0, 0, None))
        truth = {"floor": inside(at) + burglar}
        moments["floor"].append(Moment(at, truth, dict(truth), burglar, (), lies, burglar, None))
    return Day(
        diary,
        [TrueCrossing(when, "door", "in" if way == "in" else "out", who) for when, way, who in PASSAGES],
        [Opening(at, list(names)) for at, names in OPENINGS],
        [Fall("Kim", 104.0, 145.0)],
        moments,
    )


def changed(camera: str, begin: float, end: float, change: Change) -> Day:
    """The perfect day, with other moments of one camera from ``begin`` until before ``end``."""
    day = perfect()
    day.moments[camera] = [
        change(moment) if begin <= moment.at < end else moment for moment in day.moments[camera]
    ]
    return day


def test_a_perfect_day_misses_nothing() -> None:
    """All figures at their best."""
    figures = score(perfect(), hours=0.1)
    assert missed_targets(figures) == []
    assert figures["zone_mean_error"] == 0
    assert figures["crossings"] == {"truth": 6, "counted": 6, "entries": 3, "exits": 3, "rate": 1.0}
    assert (figures["drift_before_zero"], figures["drift_after_zero"]) == (0, 0)
    assert (figures["tailgating"]["truth"], figures["tailgating"]["found"]) == (1, 1)
    assert (figures["tailgating"]["precision"], figures["tailgating"]["recall"]) == (1.0, 1.0)
    assert figures["intrusion_alarms"] == 0
    assert figures["intruders"] == {"truth": 1, "found": 1}
    assert (figures["person_down"]["truth"], figures["person_down"]["found"]) == (1, 1)
    assert figures["person_down"]["false"] == 0
    assert figures["person_down"]["seconds_mean"] == 16.0


def without_crossings(moment: Moment) -> Moment:
    return dataclasses.replace(moment, crossings=())


def twice(moment: Moment) -> Moment:
    return dataclasses.replace(moment, crossings=moment.crossings * 2)


def test_a_missed_exit_costs_and_the_nightly_zero_heals_it() -> None:
    """One too many all evening, none after the zero."""
    figures = score(changed("door", 200, 201, without_crossings), hours=0.1)
    assert figures["crossings"]["rate"] == pytest.approx(5 / 6, abs=1e-3)
    assert (figures["drift_before_zero"], figures["drift_after_zero"]) == (1, 0)
    assert missed_targets(figures) == ["crossings < 98%"]


def test_somebody_counted_twice_costs_as_well() -> None:
    """More counted than there were is no better than fewer."""
    figures = score(changed("door", 91, 92, twice), hours=0.1)
    assert figures["crossings"]["rate"] == pytest.approx(6 / 7, abs=1e-3)


def test_a_crossing_in_the_wrong_direction_is_no_crossing() -> None:
    """An exit taken for an entry was not found."""

    def turned(moment: Moment) -> Moment:
        return dataclasses.replace(
            moment, crossings=tuple(dataclasses.replace(one, direction="in") for one in moment.crossings)
        )

    figures = score(changed("door", 160, 161, turned), hours=0.1)
    assert figures["crossings"]["rate"] == pytest.approx(5 / 6, abs=1e-3)


def test_a_count_that_does_not_go_back_to_zero_is_a_drift() -> None:
    """Somebody whom a camera goes on seeing in the empty gym after the zero."""

    def ghost(moment: Moment) -> Moment:
        return dataclasses.replace(moment, counts={"floor": 1}, confirmed=1)

    figures = score(changed("floor", 305, 350, ghost), hours=0.1)
    assert figures["drift_after_zero"] == 1
    assert "the nightly zero left a drift" in missed_targets(figures)


def test_a_wrong_count_is_an_error_and_an_unknown_one_is_none() -> None:
    """Two too many for half of the time, in one of two zones, is a half; while covered nothing counts."""

    def two_more(moment: Moment) -> Moment:
        return dataclasses.replace(moment, counts={"floor": moment.truth["floor"] + 2})

    wrong = score(changed("floor", 0, 200, two_more), hours=0.1)
    assert wrong["zone_mean_error"] == pytest.approx(0.5, abs=0.01)
    assert wrong["zones"]["floor"]["exact"] == pytest.approx(0.5, abs=0.01)

    def covered(moment: Moment) -> Moment:
        return dataclasses.replace(moment, counts=None, state=CameraState.COVERED)

    unknown = score(changed("floor", 0, 200, covered), hours=0.1)
    assert unknown["zone_mean_error"] == 0
    assert unknown["zones"]["floor"]["seen"] == pytest.approx(0.5, abs=0.01)


def test_a_companion_who_is_not_seen_costs_recall() -> None:
    """The second entry on the first opening was missed: nothing is suspected."""
    figures = score(changed("door", 22.5, 23.5, without_crossings), hours=0.1)
    assert figures["tailgating"]["recall"] == 0
    assert "tailgating recall < 0.95" in missed_targets(figures)


def test_an_invented_companion_costs_precision() -> None:
    """Robin was counted a second time a moment later."""

    def invented(moment: Moment) -> Moment:
        return dataclasses.replace(moment, crossings=(Crossing("door", "in", 95.0, 99, 1),))

    figures = score(changed("door", 95, 96, invented), hours=0.1)
    assert (figures["tailgating"]["found"], figures["tailgating"]["false"]) == (1, 1)
    assert "tailgating precision < 0.95" in missed_targets(figures)


def test_an_alarm_in_the_empty_gym_is_one_alarm_however_long() -> None:
    """With short pauses one, and away from the burglary none may be."""

    def alarm(moment: Moment) -> Moment:
        return dataclasses.replace(moment, certain=int(moment.at % 3 == 0))

    figures = score(changed("floor", 310, 340, alarm), hours=0.1)
    assert figures["intrusion_alarms"] == 1
    assert figures["intruders"] == {"truth": 1, "found": 1}
    assert missed_targets(figures) == ["intrusion alarm with nobody there"]


def test_a_burglar_whom_nobody_notices_is_a_miss() -> None:
    """Eyes that never raise an alarm do not pass."""

    def asleep(moment: Moment) -> Moment:
        return dataclasses.replace(moment, certain=0, confirmed=0)

    figures = score(changed("floor", 0, SECONDS, asleep), hours=0.1)
    assert figures["intruders"] == {"truth": 1, "found": 0}
    assert missed_targets(figures) == ["an intruder was not noticed"]


def test_a_fall_that_is_not_told_and_one_that_was_none() -> None:
    """Both show."""

    def nobody_down(moment: Moment) -> Moment:
        return dataclasses.replace(moment, down=0)

    def somebody_down(moment: Moment) -> Moment:
        return dataclasses.replace(moment, down=1)

    missed = score(changed("floor", 0, SECONDS, nobody_down), hours=0.1)["person_down"]
    assert (missed["truth"], missed["found"], missed["seconds_mean"]) == (1, 0, None)
    invented = score(changed("floor", 220, 230, somebody_down), hours=0.1)["person_down"]
    assert (invented["found"], invented["false"]) == (1, 1)
