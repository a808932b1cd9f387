"""Closer looks, through a detector that sees one colour and only those who stand: as real ones do."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Closer, CloserLook
from arni_edge.vision.worker.background import Background
from arni_edge.vision.worker.closer import CloserEye

WIDTH, HEIGHT = 320, 180
Picture = npt.NDArray[np.uint8]


class Upright:
    """Sees red shapes that are higher than wide and fill enough of what it is shown; remembers that."""

    def __init__(self, score: float = 0.7, smallest: float = 0.0) -> None:
        self.shown: list[Picture] = []
        self.asked: list[float | None] = []
        self._score = score
        self._smallest = smallest

    def people(self, picture: Picture, confidence: float | None = None) -> list[Box]:
        self.shown.append(picture)
        self.asked.append(confidence)
        red = ((picture[..., 2] > 150) & (picture[..., 1] < 80)).astype(np.uint8)
        height, width = red.shape
        count, _, stats, _ = cv2.connectedComponentsWithStats(red)
        found = []
        for left, top, across, down, _ in stats[1:count].tolist():
            if down > 1.5 * across and down >= self._smallest * height:
                share = Box(
                    left / width, top / height, (left + across) / width, (top + down) / height, self._score
                )
                found.append(share)
        return found if confidence is None or self._score >= confidence else []


def picture(*people: tuple[int, int, int, int]) -> Picture:
    shown = np.full((HEIGHT, WIDTH, 3), 160, np.uint8)
    for left, top, right, bottom in people:
        shown[top:bottom, left:right] = (30, 30, 200)
    return shown


def in_shares(left: int, top: int, right: int, bottom: int, score: float = 0.7) -> Box:
    return Box(left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT, score)


def corners(box: Box | None) -> tuple[float, float, float, float]:
    assert box is not None
    return box.left, box.top, box.right, box.bottom


LYING = (140, 120, 200, 140)
STANDING = (60, 60, 80, 130)
PART = in_shares(100, 90, 260, 170)


def grey(shown: Picture) -> npt.NDArray[np.uint8]:
    small: Picture = cv2.resize(
        cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY), (160, 90), interpolation=cv2.INTER_AREA
    )
    return small


def background(*shown: Picture, occupied: Sequence[Box] = ()) -> Background:
    """That has seen each picture for four seconds."""
    scene = Background()
    for number, one in enumerate(shown):
        for step in range(20):
            scene.update(grey(one), occupied, number * 4 + step * 0.2)
    return scene


def look(eye: CloserEye, shown: Picture, part: Box = PART) -> Closer:
    (answer,) = eye.look(shown, [CloserLook(5, part)])
    return answer


@pytest.mark.parametrize("mirrored", [False, True])
def test_somebody_who_lies_is_found_in_the_turned_view_where_they_lie(*, mirrored: bool) -> None:
    person = (120, 120, 180, 140) if mirrored else LYING
    answer = look(CloserEye(Upright(), Background()), picture(person))
    assert answer.id == 5
    assert corners(answer.person) == pytest.approx(corners(in_shares(*person)), abs=0.005)
    assert answer.aspect == pytest.approx(WIDTH / HEIGHT)


def test_somebody_who_stands_is_found_without_turning_and_with_one_view() -> None:
    detector = Upright()
    answer = look(CloserEye(detector, Background()), picture((150, 95, 165, 160)))
    assert corners(answer.person) == pytest.approx(corners(in_shares(150, 95, 165, 160)), abs=0.005)
    assert len(detector.shown) == 1


class TakesAll(Upright):
    """Also sees those who lie in its view: the one that stands in the room lies in the turned view."""

    def people(self, picture: Picture, confidence: float | None = None) -> list[Box]:
        upright = super().people(picture, confidence)
        lying = super().people(np.ascontiguousarray(np.transpose(picture, (1, 0, 2))), confidence)
        turned = [Box(one.top, one.left, one.bottom, one.right, one.score) for one in lying]
        return upright or [one for one in turned if picture.shape[0] > picture.shape[1]]


def test_who_stands_in_the_picture_and_is_only_found_lying_in_a_turned_view_is_nobody() -> None:
    class OnlyTurned(TakesAll):
        def people(self, picture: Picture, confidence: float | None = None) -> list[Box]:
            found = super().people(picture, confidence)
            return found if picture.shape[0] > picture.shape[1] else []

    assert look(CloserEye(OnlyTurned(), Background()), picture((150, 95, 165, 160))).person is None


def test_who_lies_goes_before_who_stands_beside_them() -> None:
    answer = look(CloserEye(Upright(score=0.5), Background()), picture(LYING, (230, 95, 245, 165)))
    assert corners(answer.person) == pytest.approx(corners(in_shares(*LYING)), abs=0.005)


def test_the_detector_is_asked_for_less_sure_people_than_usual() -> None:
    detector = Upright(score=0.3)
    assert look(CloserEye(detector, Background()), picture(LYING)).person is not None
    assert detector.asked
    assert all(one is not None and one <= 0.3 for one in detector.asked)


def test_what_is_new_in_the_place_is_enlarged_further_than_the_wish() -> None:
    scene = background(picture(), picture(LYING))
    shown = picture(LYING)
    near, far = Upright(smallest=0.4), Upright(smallest=0.4)
    assert look(CloserEye(far, Background()), shown).person is None, "too small in the whole part"
    answer = look(CloserEye(near, scene), shown)
    assert corners(answer.person) == pytest.approx(corners(in_shares(*LYING)), abs=0.01)
    assert answer.thing is not None
    assert corners(answer.thing) == pytest.approx(corners(in_shares(*LYING)), abs=0.02)
    assert answer.still


def test_a_place_that_is_as_before_costs_no_inference() -> None:
    detector = Upright()
    answer = look(CloserEye(detector, background(picture())), picture())
    assert not detector.shown
    assert answer.person is None
    assert answer.thing is None
    assert answer.changed == pytest.approx(0.0, abs=0.01)


def test_a_picture_of_a_lying_person_that_was_always_there_is_nobody() -> None:
    poster = (220, 110, 250, 122)
    scene = background(picture(poster), picture(poster, (120, 120, 150, 150)))
    answer = look(
        CloserEye(Upright(), scene), picture(poster, (120, 120, 150, 150)), in_shares(90, 90, 300, 170)
    )
    assert answer.person is None
    assert answer.thing is not None


def test_the_views_for_one_picture_are_limited_and_the_rest_is_left_unanswered() -> None:
    detector = Upright(score=0.3)
    wishes = [CloserLook(number, PART) for number in range(5)]
    answers = CloserEye(detector, Background(), views_at_once=10).look(picture(LYING), wishes)
    assert [one.id for one in answers] == [0, 1]
    assert len(detector.shown) <= 10


def test_a_part_at_the_edge_or_thinner_than_a_picture_is_borne() -> None:
    eye = CloserEye(Upright(), Background())
    for part in (Box(0.9, 0.9, 1.0, 1.0, 0.0), Box(0.5, 0.5, 0.501, 0.5, 0.0), Box(0.0, 0.0, 1.0, 1.0, 0.0)):
        assert look(eye, picture(), part).person is None


@pytest.mark.parametrize("angle", [40, 135])
def test_somebody_who_lies_aslant_is_found_and_lies(angle: int) -> None:
    shown = picture()
    corner_points = cv2.boxPoints(((180, 130), (66, 16), angle)).astype(np.int32)
    cv2.fillPoly(shown, [corner_points], (30, 30, 200))
    square = in_shares(135, 85, 225, 175)
    answer = look(CloserEye(Upright(), Background()), shown, square)
    assert answer.lies
    left, top, right, bottom = corners(answer.person)
    assert ((left + right) / 2 * WIDTH, (top + bottom) / 2 * HEIGHT) == pytest.approx((180, 130), abs=4)
    assert (right - left) * WIDTH == pytest.approx(np.ptp(corner_points[:, 0]), abs=12)


def test_somebody_who_stands_or_sits_does_not_lie() -> None:
    for person in ((160, 90, 185, 160), (160, 110, 190, 160)):
        answer = look(CloserEye(Upright(), Background()), picture(person), in_shares(120, 80, 220, 175))
        assert not answer.lies
