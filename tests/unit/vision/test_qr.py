"""Codes held up to the door's camera: tilted, damaged, small, on glaring screens, outside the region."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import segno

from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.render import Renderer
from arni_edge.simulator.world import Scene
from arni_edge.vision.orders import QrOrder
from arni_edge.vision.worker.qr import LONGEST, QrEye

TOKEN = "AE1.0a1b2c.bWVtYmVyLTQ3MTE.ZnJvbnQ.1795000000.AAECAwQFBgc.c2lnbmF0dXJlMTIzNDU2Nw"
REGION = ((0.25, 0.2), (0.75, 0.2), (0.75, 0.9), (0.25, 0.9))

Picture = np.ndarray[Any, np.dtype[np.uint8]]


@pytest.fixture(scope="module")
def empty() -> Picture:
    """What the door's camera sees with nobody before it."""
    plan = default_plan()
    return Renderer(plan.camera("door"), plan).draw(Scene((), 0.0, lights_on=True)).frame


def _code(text: str = TOKEN) -> Picture:
    """A code as a phone shows it, 6 pixels a module, black on white."""
    rows = [[0 if dark else 255 for dark in row] for row in segno.make(text, error="m").matrix_iter(6, 4)]
    return np.array(rows, np.uint8)


def _shown(
    empty: Picture, code: Picture, *, side: int = 150, at: tuple[int, int] = (320, 190), turn: float = 0.0,
    lean: float = 0.0,
) -> Picture:  # fmt: skip
    """The code held into the picture, ``side`` pixels large, turned by degrees and leaning backwards."""
    size = code.shape[0]
    half = side / 2
    narrow = half * (1 - lean)
    corners = np.array([(-narrow, -half), (narrow, -half), (half, half), (-half, half)])
    angle = np.radians(turn)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = (corners @ spin.T + at).astype(np.float32)
    source = np.array([(0, 0), (size, 0), (size, size), (0, size)], np.float32)
    warp = cv2.getPerspectiveTransform(source, target)
    picture = empty.copy()
    height, width = picture.shape[:2]
    grey = cv2.warpPerspective(code, warp, (width, height), flags=cv2.INTER_AREA)
    where = cv2.warpPerspective(np.full_like(code, 255), warp, (width, height))
    np.copyto(picture, grey[..., None].repeat(3, axis=2), where=(where > 128)[..., None])
    return picture


def _read(picture: Picture, at: float = 10.0) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    QrEye(QrOrder(door="front", region=REGION), lambda door, text: found.append((door, text))).look(
        picture, at
    )
    return found


def _same(code: Picture) -> Picture:
    return code


def _scratched(code: Picture) -> Picture:
    """A crack over the display: a fifteenth of the code is gone."""
    code = code.copy()
    side = code.shape[0]
    cv2.line(code, (int(side * 0.3), side), (int(side * 0.75), int(side * 0.35)), 255, side // 28)
    return code


def _glaring(code: Picture) -> Picture:
    """A bright screen in a dark hall: black is nearly white."""
    return np.asarray(210 + code.astype(np.float32) / 255 * 45, np.uint8)


def _blooming(code: Picture) -> Picture:
    """Light runs over from the bright modules to the dark ones."""
    glow = cv2.GaussianBlur(code, (0, 0), 9).astype(np.float32)
    return np.asarray(np.clip(0.75 * code + 0.55 * glow, 0, 255), np.uint8)


def _reflecting(code: Picture) -> Picture:
    """A lamp mirrors in the glass, over the middle of the code."""
    side = code.shape[0]
    lamp = np.zeros(code.shape, np.float32)
    cv2.circle(lamp, (int(side * 0.6), int(side * 0.55)), side // 6, 200.0, -1)
    return np.asarray(np.clip(code + cv2.GaussianBlur(lamp, (0, 0), side / 25), 0, 255), np.uint8)


def _inverted(code: Picture) -> Picture:
    """A phone in night mode that turns colours round."""
    return 255 - code


@pytest.mark.parametrize(
    "treat",
    [_same, _scratched, _glaring, _blooming, _reflecting, _inverted],
    ids=lambda treat: treat.__name__,
)
@pytest.mark.parametrize(("turn", "lean"), [(0.0, 0.0), (17.0, 0.1), (90.0, 0.0), (-35.0, 0.15)])
def test_a_code_is_read(
    empty: Picture, treat: Callable[[Picture], Picture], turn: float, lean: float
) -> None:
    picture = _shown(empty, treat(_code()), side=190, turn=turn, lean=lean)
    assert _read(picture) == [("front", TOKEN)]


@pytest.mark.parametrize("side", [110, 130, 170, 240])
def test_a_code_is_read_from_near_and_far(empty: Picture, side: int) -> None:
    assert _read(_shown(empty, _code(), side=side)) == [("front", TOKEN)]


def test_the_sensors_noise_and_the_codec_do_not_matter(empty: Picture) -> None:
    dice = np.random.default_rng(4)
    picture = _shown(empty, _code(), side=170, turn=8.0)
    noisy = np.clip(picture + dice.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
    coded = cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 45])[1], cv2.IMREAD_COLOR)
    assert _read(np.asarray(coded, np.uint8)) == [("front", TOKEN)]


def test_without_a_code_nothing_is_read(empty: Picture) -> None:
    assert _read(empty) == []


def test_a_code_outside_the_region_is_not_read(empty: Picture) -> None:
    assert _read(_shown(empty, _code(), side=120, at=(80, 190))) == []


def test_a_region_need_not_be_a_rectangle(empty: Picture) -> None:
    triangle = ((0.0, 0.0), (0.2, 0.0), (0.0, 0.2))  # its bounding box holds more than it does
    found: list[str] = []
    eye = QrEye(QrOrder(door="front", region=triangle), lambda _, text: found.append(text))
    eye.look(_shown(empty, _code(), side=60, at=(100, 45)), 1.0)
    assert found == []


@pytest.mark.parametrize("text", ["x" * (LONGEST + 1), "line\nbreak", "\x1b[31mred"])
def test_what_can_be_no_code_of_ours_is_not_handed_on(empty: Picture, text: str) -> None:
    picture = cv2.resize(_shown(empty, _code(text), side=250), None, fx=4, fy=4)
    assert _read(np.asarray(picture, np.uint8)) == []


def test_a_code_that_is_held_up_is_handed_on_once_in_a_while(empty: Picture) -> None:
    found: list[str] = []
    eye = QrEye(QrOrder(door="front", region=REGION), lambda _, text: found.append(text))
    picture = _shown(empty, _code())
    for at in np.arange(0, 5, 0.1):
        eye.look(picture, float(at))
    assert 2 <= len(found) <= 3
    eye.look(_shown(empty, _code("another code")), 5.2)
    assert found[-1] == "another code"
