"""What a lookout may say of people who are down: that nobody is, only after it could have seen somebody."""

import pytest
from support.clock import ManualClock

from arni_edge.broker import BrokerAddress, BrokerSession
from arni_edge.vision.messages import CameraState, DownMessage
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Down, SceneReport
from arni_edge.vision.topics import down_topic
from arni_edge.vision.worker.lookout import Lookout
from arni_edge.vision.worker.publisher import Publisher
from arni_edge.vision.worker.reader import CameraReader, Status

HOLD = 15.0
SOMEBODY = Down(1, Box(0.4, 0.8, 0.6, 0.9, 0.5), since=0.0, evidence="lying")


class Post:
    """A camera that is there, and reports as its pictures would make them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        session = BrokerSession(BrokerAddress("x", 1, "u", None), client_id="c", clock=self.clock)
        self.publisher = Publisher("gym", session, self.clock, fresh_seconds=3)
        order = CameraOrder(id="cam", url="rtsp://nowhere/1")
        self.reader = CameraReader(order, self.clock, lambda: None)
        self.lookout = Lookout(order, self.reader, self.publisher, self.clock, person_down_seconds=HOLD)
        self.be(CameraState.OK)

    def be(self, state: CameraState) -> None:
        self.reader._status = Status(state)
        self.reader._heard_at = self.clock.monotonic()
        self.lookout.check()

    def watch(self, seconds: float, *down: Down) -> None:
        for _ in range(round(seconds)):
            self.clock.advance(1)
            self.reader._heard_at = self.clock.monotonic()
            self.lookout.looked()
            self.lookout.tell(SceneReport(self.clock.monotonic(), people=0, down=down))

    def said(self) -> int | None:
        """How many are down, as the next heartbeat says it; None when it says nothing."""
        word = self.publisher._words.get(down_topic("gym", "cam"))
        text = None if word is None else word.text()
        return None if text is None else DownMessage.parse(text.encode()).down


@pytest.fixture
def post() -> Post:
    return Post()


def test_a_worker_that_begins_says_nothing_of_who_is_down_before_it_could_have_seen_them(post: Post) -> None:
    post.watch(2 * HOLD)
    assert post.said() is None
    post.watch(8)
    assert post.said() == 0


def test_somebody_who_is_down_is_said_at_once_and_that_they_got_up_too(post: Post) -> None:
    post.watch(20, SOMEBODY)
    assert post.said() == 1
    post.watch(1)
    assert post.said() == 0, "who saw them down sees them get up"


def test_a_camera_that_comes_back_does_not_know_either(post: Post) -> None:
    post.watch(60)
    assert post.said() == 0
    post.be(CameraState.STALLED)
    assert post.said() is None
    post.be(CameraState.OK)
    post.watch(2 * HOLD)
    assert post.said() is None
    post.watch(8)
    assert post.said() == 0


def test_that_nobody_is_down_is_not_repeated_when_nobody_looks(post: Post) -> None:
    post.watch(60)
    assert post.said() == 0
    post.clock.advance(4)
    assert post.said() is None
