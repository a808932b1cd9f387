"""From packets to pictures: films that a camera could have sent, encoded here."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from support.films import packets

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.render import Renderer
from arni_edge.simulator.world import World
from arni_edge.vision.worker import decoding as module
from arni_edge.vision.worker.decoding import Decoding

PLAN = default_plan()
CONSTANT = "bitrate=800:vbv-maxrate=800:vbv-bufsize=80"
CALM, ALL = 120, 150
"""Pictures (ten per second) until somebody appears, and in all."""


def film() -> Iterator[np.ndarray]:
    """An empty gym with the noise of the sensor, into which somebody comes."""
    world = World(PLAN, SystemClock(), seed=2)
    world.step(0.1)
    renderer = Renderer(PLAN.camera("floor"), PLAN)
    for number in range(ALL):
        if number == CALM:
            world.place("a")
        if number >= CALM:
            world.step(0.1)
        yield np.asarray(renderer.draw(world.scene).frame)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return list(film())


class Watched:
    """What was decoded: with which packet, which pictures."""

    def __init__(self, *, idle: bool = True, per_second: float = 10.0) -> None:
        self.decoding = Decoding(100.0, doze=True, trust_stamps=False)
        self.decoding.idle = idle
        self.per_second = per_second
        self.came: list[list[int]] = []
        self.dozed: list[bool] = []

    def feed(self, coded: Iterable[Any]) -> "Watched":
        for packet in coded:
            self.one(packet)
        return self

    def one(self, packet: Any, *, lost: bool = False) -> list[int]:
        at = 100.0 + len(self.came) / self.per_second
        taken = list(self.decoding.pictures(packet, at, lost=lost))
        self.came.append([round(one.frame.pts * one.frame.time_base * 10) for one in taken])
        self.dozed.append(self.decoding.dozing)
        return self.came[-1]


def test_key_frames_are_enough_while_nothing_happens(pictures: list[np.ndarray]) -> None:
    watched = Watched().feed(packets(pictures[:CALM]))
    assert all(watched.dozed[60:])
    assert [number for number, came in enumerate(watched.came) if came][-6:] == [60, 70, 80, 90, 100, 110]


def test_not_one_picture_of_what_wakes_it_is_lost(pictures: list[np.ndarray]) -> None:
    """The first frame on which somebody appears is larger: all since the key frame is decoded at once."""
    watched = Watched().feed(packets(pictures))
    assert watched.dozed[CALM - 1]
    woke = next(number for number in range(CALM, ALL) if not watched.dozed[number])
    assert woke <= CALM + 2
    shown = [number for came in watched.came[CALM - 1 :] for number in came]
    assert shown[-29:] == list(range(ALL - 29, ALL))
    assert set(range(CALM, ALL)) <= set(shown)


def test_what_wakes_in_the_middle_between_two_key_frames_comes_with_all_since_the_last(
    pictures: list[np.ndarray],
) -> None:
    shifted = [*pictures[: CALM - 4], *pictures[CALM:]]  # somebody appears with the seventh after a key frame
    watched = Watched().feed(packets(shifted))
    woke = next(number for number in range(CALM - 4, ALL) if not watched.dozed[number])
    assert watched.came[woke] == list(range(111, woke + 1))


def test_the_watch_can_wake_it(pictures: list[np.ndarray]) -> None:
    coded, watched = list(packets(pictures[:CALM])), Watched()
    watched.feed(coded[:105])
    assert watched.dozed[-1]
    watched.decoding.idle = False
    assert watched.one(coded[105]) == [101, 102, 103, 104, 105]
    assert watched.one(coded[106]) == [106]


def test_nothing_is_left_out_while_something_happens(pictures: list[np.ndarray]) -> None:
    watched = Watched(idle=False).feed(packets(pictures))
    assert [number for came in watched.came for number in came] == list(range(ALL))


def test_packets_that_come_are_a_sign_of_life_while_it_dozes(pictures: list[np.ndarray]) -> None:
    watched = Watched()
    for packet in packets(pictures[:CALM]):
        watched.one(packet)
        now = 100.0 + (len(watched.came) - 1) / 10
        assert now == watched.decoding.good_at == watched.decoding.fresh_at


@pytest.mark.parametrize(
    ("why", "options"),
    [
        ("key frames come every three seconds", {"gop": 30}),
        ("a constant rate fills its pipe", {"nal-hrd": "cbr", "x264-params": CONSTANT}),
        ("the decoder holds pictures back", {"tune": "film", "bf": "2", "b_strategy": "0"}),
    ],
)  # fmt: skip
def test_everything_is_decoded_where_sizes_tell_nothing(
    pictures: list[np.ndarray], why: str, options: dict[str, Any]
) -> None:
    calm = pictures[:CALM]
    watched = Watched().feed(packets(calm, **options))
    assert not any(watched.dozed), why
    assert sum(map(len, watched.came)) >= CALM - 4


def test_what_is_kept_has_a_bound(pictures: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_KEPT", 5)
    watched = Watched().feed(packets(pictures[:CALM]))
    dozing = [number for number, dozed in enumerate(watched.dozed) if dozed]
    assert dozing
    for key in range(60, CALM, 10):
        assert watched.came[key + 5] == list(range(key + 1, key + 6))  # full: all of it is decoded
        assert watched.came[key + 6] == [key + 6]


def test_after_a_loss_nothing_is_shown_until_a_key_frame(pictures: list[np.ndarray]) -> None:
    """The decoder would fill the hole with what was there before."""
    coded, watched = list(packets(pictures[:40])), Watched(idle=False)
    for number, packet in enumerate(coded):
        watched.one(packet, lost=number == 13)
    assert [number for number, came in enumerate(watched.came) if not came] == list(range(13, 20))


def test_a_key_frame_right_after_a_loss_may_have_the_hole_in_its_beginning(
    pictures: list[np.ndarray],
) -> None:
    coded, watched = list(packets(pictures[:40])), Watched(idle=False)
    for number, packet in enumerate(coded):
        watched.one(packet, lost=number == 9)
    assert [number for number, came in enumerate(watched.came) if not came] == list(range(9, 20))


def test_a_loss_in_a_doze_leaves_out_what_was_kept(pictures: list[np.ndarray]) -> None:
    coded, watched = list(packets(pictures[:CALM])), Watched()
    watched.feed(coded[:84])
    assert watched.dozed[-1]
    watched.one(coded[84], lost=True)
    watched.decoding.idle = False
    assert [watched.one(packet) for packet in coded[85:92]] == [[], [], [], [], [], [90], [91]]


def test_a_film_that_begins_in_the_middle_waits_for_its_key_frame(pictures: list[np.ndarray]) -> None:
    watched = Watched(idle=False)
    watched.feed(list(packets(pictures[:25]))[4:])
    assert next(number for number, came in enumerate(watched.came) if came) == 6
