"""Everything together: the same looks give the same reports, and the figures fit each other."""

from hypothesis import given, settings
from hypothesis import strategies as st
from support.people import camera, crossings, filmed, moments, person, play, scene

from arni_edge.vision.orders import LineOrder, ZoneOrder
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Closer, SceneReport
from arni_edge.vision.scene.scene import Scene

ZONES = (
    ZoneOrder(
        id="front", polygon=((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)), limit=2, crowded_seconds=1.0
    ),
    ZoneOrder(id="back", polygon=((0.0, 0.0), (0.7, 0.0), (0.7, 0.6), (0.0, 0.6))),
)
LINES = (LineOrder(id="door", points=((0.5, 1.0), (0.5, 0.3))),)
FEET = st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 1), st.floats(0.1, 1)), max_size=5)
STEPS = st.lists(
    st.tuples(st.floats(0, 3), st.sampled_from(["saw", "saw", "saw", "unchanged", "storm", "lost"]), FEET),
    max_size=15,
)
Step = tuple[float, str, list[tuple[float, float, float]]]


def _reports(stage: Scene, steps: list[Step]) -> list[SceneReport]:
    at, reports = 0.0, []
    for seconds, what, feet in steps:
        at += seconds
        people = [person(x, y, score=score) for x, y, score in feet]
        if what == "lost":
            stage.lost()
        elif what == "unchanged":
            reports.append(stage.unchanged(at))
        else:
            reports.append(stage.saw(people, at, storm=what == "storm"))
            answers = [Closer(wish.id, None, changed=None, still=True) for wish in reports[-1].closer]
            reports.append(stage.looked_closer(answers, at))
    return reports


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_the_same_looks_give_the_same_reports(steps: list[Step]) -> None:
    assert _reports(scene(ZONES, LINES), steps) == _reports(scene(ZONES, LINES), steps)


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_the_figures_of_a_report_fit_each_other(steps: list[Step]) -> None:
    for report in _reports(scene(ZONES, LINES), steps):
        assert report.people == len(report.tracks) == len({track.id for track in report.tracks})
        assert all(track.confirmed for track in report.tracks)
        assert report.zones.keys() == {"front", "back"}
        assert sum(view.count for view in report.zones.values()) <= report.people
        assert {intruder.track for intruder in report.certain} <= {track.id for track in report.tracks}
        for view in report.zones.values():
            assert 0 <= view.confirmed <= view.count
            assert (view.dwell_seconds is None) == (view.count == 0)
            assert view.dwell_seconds is None or view.dwell_seconds >= 0
        for crossing in report.crossings:
            assert crossing.line == "door"


def test_a_camera_without_lines_counts_at_its_border_and_one_with_lines_does_not() -> None:
    looks = [(-1.0, list[Box]()), *filmed(moments(4), lambda at: person(0.02 + 0.08 * at))]
    assert [one.line for one in crossings(play(scene(), looks))] == [""]
    assert crossings(play(scene(lines=LINES), looks)) == []


def test_closer_looks_count_nobody_and_no_crossing_twice() -> None:
    stage = scene(ZONES, LINES)
    for at, boxes in filmed(moments(5), lambda at: person(0.3 + 0.1 * at)):
        report = stage.saw(boxes, at)
        again = stage.looked_closer((), at)
        assert (again.people, again.zones) == (report.people, report.zones)
        assert again.crossings == ()


def test_a_picture_in_which_nothing_moves_leaves_everything_as_it_was() -> None:
    stage = scene(ZONES, LINES)
    before = play(stage, [(at, [person(0.3), person(0.6, 0.9)]) for at in moments(3)])[-1]
    after = stage.unchanged(60.0)
    assert (after.people, after.certain) == (before.people, before.certain)
    assert [track.box for track in after.tracks] == [track.box for track in before.tracks]
    # Time goes on all the same.
    assert after.zones["front"].dwell_seconds == 60.0


def test_after_the_camera_was_away_nobody_is_there_until_somebody_is_seen() -> None:
    stage = scene(ZONES, LINES)
    play(stage, [(at, [person(0.3)]) for at in moments(3)])
    stage.lost()
    report = stage.unchanged(10.0)
    assert (report.people, report.certain, report.zones["front"].count) == (0, (), 0)
    assert stage.saw([person(0.3)], 11.0).people == 1


def test_where_person_down_is_turned_off_nobody_is_looked_at_more_closely() -> None:
    order = camera(ZONES).model_copy(update={"person_down": False})
    stage = Scene(order, person_down_seconds=5.0, confidence=0.35)
    looks = filmed(moments(30), lambda at: person(0.5, 0.8) if at < 5 else None)
    reports = play(stage, looks)
    assert all(not report.closer and not report.down for report in reports)
