"""The health board: edges are told once, ages are kept."""

import pytest
from structlog.testing import capture_logs
from support.clock import ManualClock

from arni_edge.bus import Bus
from arni_edge.domain.events import Event, HealthChanged
from arni_edge.domain.health import State
from arni_edge.supervision import HealthBoard


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class RecordedBus(Bus):
    """Remembers what was published."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[Event] = []

    def publish(self, event: Event) -> None:
        self.published.append(event)


@pytest.fixture
def bus() -> RecordedBus:
    return RecordedBus()


@pytest.fixture
def board(bus: RecordedBus, clock: ManualClock) -> HealthBoard:
    return HealthBoard(bus, clock)


def test_a_change_is_published_and_logged_once(
    bus: RecordedBus, board: HealthBoard, clock: ManualClock
) -> None:
    edges = [(State.OK, ""), (State.DOWN, "nobody listens"), (State.OK, "")]
    with capture_logs() as logs:
        for state, reason in edges:
            for _ in range(3):
                board.report("broker", state, reason)
    assert bus.published == [
        HealthChanged(at=clock.now(), part="broker", state=state, reason=reason) for state, reason in edges
    ]
    assert [(log["event"], log["state"], log["reason"]) for log in logs] == [
        ("health_changed", state, reason) for state, reason in edges
    ]


def test_what_is_not_well_is_a_warning(board: HealthBoard) -> None:
    with capture_logs() as logs:
        board.report("broker", State.OK)
        board.report("broker", State.DEGRADED, "a second instance")
    assert [log["log_level"] for log in logs] == ["info", "warning"]


def test_a_new_reason_for_the_same_state_keeps_its_age(board: HealthBoard, clock: ManualClock) -> None:
    board.report("broker", State.DOWN, "nobody listens")
    since = clock.now()
    clock.advance(60)
    board.report("broker", State.DOWN, "wrong password")
    health = board.of("broker")
    assert health is not None
    assert (health.reason, health.since) == ("wrong password", since)


def test_another_state_starts_a_new_age(board: HealthBoard, clock: ManualClock) -> None:
    board.report("broker", State.DOWN)
    clock.advance(60)
    board.report("broker", State.OK)
    health = board.of("broker")
    assert health is not None
    assert health.since == clock.now()


def test_a_reason_is_one_line_without_credentials(board: HealthBoard) -> None:
    board.report("camera", State.DOWN, "cannot open\n rtsp://admin:geheim@10.0.0.5/stream")
    health = board.of("camera")
    assert health is not None
    assert health.reason == "cannot open rtsp://***@10.0.0.5/stream"


def test_the_sentence_names_what_is_not_well(board: HealthBoard) -> None:
    board.report("control", State.OK)
    assert board.sentence() == "all 1 parts ok"
    board.report("broker", State.DOWN, "nobody listens")
    assert board.sentence() == "1/2 parts ok; broker down: nobody listens"
    for name in "xyz":
        board.report(name, State.DEGRADED, "so so")
    assert board.sentence().endswith("x degraded: so so, y degraded: so so and 1 more")


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], State.OK),
        ([State.OK, State.OK], State.OK),
        ([State.OK, State.DEGRADED], State.DEGRADED),
        ([State.DEGRADED, State.DOWN, State.OK], State.DOWN),
    ],
)
def test_the_whole_is_as_well_as_its_worst_part(board: HealthBoard, parts: list[State], whole: State) -> None:
    for number, state in enumerate(parts):
        board.report(str(number), state)
    assert board.overall is whole


def test_parts_of_a_former_house_are_forgotten(board: HealthBoard) -> None:
    for name in ("storage", "device/old-lamp", "control"):
        board.report(name, State.OK)
    board.forget_all_but("storage", "control")
    assert [health.part for health in board.parts] == ["control", "storage"]
