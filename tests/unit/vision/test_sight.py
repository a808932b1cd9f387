"""Whether a camera sees: a gym at night and infrared are fine; dark, covered and frozen pictures are not."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.render import Light, Renderer
from arni_edge.simulator.world import World
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.luma import small_grey
from arni_edge.vision.worker.masks import Masks
from arni_edge.vision.worker.sight import Sight

CLIPS = Path(__file__).parents[3].parent / "shared" / "data" / "video"
PLAN = default_plan()
VIEWS = [view.name for view in PLAN.cameras]
ORDER = CameraOrder(id="c", url="rtsp://127.0.0.1/c", frozen_seconds=0)

Picture = np.ndarray
Draw = Callable[..., Picture]


@pytest.fixture(scope="module")
def draw() -> Draw:
    world = World(PLAN, SystemClock(), seed=2)
    for number in range(3):
        world.place(f"m{number}")
    world.step(0.1)
    renderers = {view.name: Renderer(view, PLAN) for view in PLAN.cameras}

    def one(view: str, light: Light | None = None) -> Picture:
        return np.asarray(renderers[view].draw(world.scene, light).frame)

    return one


def judged(
    pictures: Iterator[Picture] | list[Picture], order: CameraOrder = ORDER
) -> list[CameraState | None]:
    """What is said of pictures, five in a second, masks laid over them as the worker does."""
    sight, masks, said = Sight(order), Masks(order.masks), []
    for number, picture in enumerate(pictures):
        grey = small_grey(picture)
        assert grey is not None
        masks.on_grey(grey)
        status = sight.judge(grey, 100 + number / 5)
        said.append(None if status is None else status.state)
    return said


def noisy(picture: Picture, sigma: float = 4.0, seed: int = 0) -> Picture:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def hand(draw: Draw) -> Picture:
    """Skin before the lens: a bright blur with light around a finger."""
    y, x = np.mgrid[0:360, 0:640]
    glow = 90 + 80 * np.exp(-(((x - 500) / 300) ** 2 + ((y - 100) / 200) ** 2))
    return noisy(np.repeat(glow[..., None], 3, axis=2))


# --- what is fine ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "light",
    [
        Light(),
        Light(0.5),
        Light(0.2),
        Light(0.1),  # an emergency light alone
        Light(0.08),
        Light(1.0, (0.7, 0.8, 1.2)),
        Light(0.6, grey=True),  # infrared
    ],
)
def test_a_gym_by_day_by_night_and_in_infrared_is_seen(draw: Draw, view: str, light: Light) -> None:
    assert set(judged([draw(view, light) for _ in range(30)])) == {None}


@pytest.mark.parametrize("view", VIEWS)
def test_an_infrared_picture_with_little_contrast_is_seen(draw: Draw, view: str) -> None:
    picture = cv2.cvtColor(cv2.cvtColor(draw(view), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    flat = [noisy(picture * 0.25 + 80, 5, seed) for seed in range(5)]
    assert set(judged(flat * 5)) == {None}


@pytest.mark.parametrize(
    "clip",
    ["corridor_pair", "courtyard_a", "entrance_visits_a", "fall_slides_a", "store_aisle", "worker_zone"],
)
def test_no_real_clip_is_ever_judged_bad(clip: str) -> None:
    """The slide show among them stands still for half a minute."""
    if not CLIPS.is_dir():
        pytest.skip("the shared clips are not here (../shared/data/video)")
    order = ORDER.model_copy(update={"frozen_seconds": 60.0})
    sight, said = Sight(order), set()
    with av.open(str(CLIPS / f"{clip}.mp4")) as film:
        rate = float(film.streams.video[0].average_rate)
        for number, frame in enumerate(film.decode(video=0)):
            grey = small_grey(frame)
            assert grey is not None
            said.add(sight.judge(grey, number / rate))
    assert said == {None}


# --- what is not -------------------------------------------------------------------------------------------


def test_the_dark_is_dark_and_a_light_ends_it(draw: Draw) -> None:
    night = [noisy(np.zeros((360, 640, 3)), 6, seed) for seed in range(6)]
    said = judged([*[draw("floor")] * 10, *night * 10, *[draw("floor", Light(0.3))] * 30])
    assert said[:10] == [None] * 10
    assert said[10 + 16] is CameraState.DARK  # 3 s
    assert said[69] is CameraState.DARK
    assert said[70 + 8 :] == [None] * 22  # 1.5 s


@pytest.mark.parametrize(
    "cover",
    [
        lambda picture: picture // 32,  # the hand of the simulated camera: next to black
        lambda picture: noisy(picture * 0 + 120.0),  # a bag
        lambda picture: noisy(cv2.GaussianBlur(picture, (0, 0), 24)),  # sprayed, or out of focus
    ],
)
def test_a_covered_lens_is_said(draw: Draw, cover: Callable[[Picture], Picture]) -> None:
    good, bad = draw("door"), cover(draw("door"))
    said = judged([*[good] * 10, *[bad] * 40, *[good] * 20])
    assert said[10 + 16] in {CameraState.COVERED, CameraState.DARK}
    assert len(set(said[26:50])) == 1
    assert said[50 + 8 :] == [None] * 12


@pytest.mark.parametrize("brightness", [15.0, 25.0, 50.0])
def test_a_cover_is_said_in_little_light_too(draw: Draw, brightness: float) -> None:
    sprayed = cv2.GaussianBlur(draw("door"), (0, 0), 24) * (brightness / 160)
    for bad in (sprayed * 0 + brightness, sprayed):
        dim = [noisy(bad, 3, seed) for seed in range(5)]
        assert judged([draw("door", Light(0.1)), *dim * 6])[-1] is CameraState.COVERED


def test_a_hand_before_the_lens_is_covered(draw: Draw) -> None:
    assert judged([draw("door"), *[hand(draw)] * 30])[-1] is CameraState.COVERED


def test_the_clock_in_the_picture_of_a_camera_is_no_view(draw: Draw) -> None:
    dark = np.zeros((360, 640, 3), np.uint8)
    for text, place in (("2026-11-21 17:40:12", (10, 25)), ("CAM 01", (520, 350))):
        cv2.putText(dark, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
    assert judged([dark] * 20)[-1] is CameraState.DARK


def test_a_first_picture_that_shows_nothing_decides_at_once(draw: Draw) -> None:
    """Nobody is counted in it: unknown is never empty."""
    assert judged([hand(draw)]) == [CameraState.COVERED]


# --- no flapping -------------------------------------------------------------------------------------------


def test_a_light_switch_and_night_sight_that_swings_in_change_nothing(draw: Draw) -> None:
    black = np.zeros((360, 640, 3), np.uint8)
    night = draw("floor", Light(0.6, grey=True))
    white = np.full((360, 640, 3), 250, np.uint8)
    film = (
        [draw("floor")] * 10 + [black] * 8 + [white] * 4 + [night] * 20 + [black] * 6 + [draw("floor")] * 10
    )
    assert set(judged(film)) == {None}


def test_a_person_who_passes_close_to_the_lens_covers_nothing(draw: Draw) -> None:
    jacket = noisy(np.full((360, 640, 3), 60.0))
    assert set(judged([draw("door")] * 5 + [jacket] * 13 + [draw("door")] * 5 + [jacket] * 13)) == {None}


def test_a_light_that_flickers_does_not_make_the_state_flap(draw: Draw) -> None:
    black, lit = np.zeros((360, 640, 3), np.uint8), draw("floor")
    said = judged([lit] * 5 + [black] * 20 + ([lit] * 3 + [black] * 3) * 10 + [lit] * 20)
    changes = sum(one != other for one, other in pairwise(said))
    assert changes == 2  # into the dark, and out of it once


def test_a_camera_that_was_away_is_judged_anew(draw: Draw) -> None:
    sight = Sight(ORDER)
    dark, lit = small_grey(np.zeros((360, 640, 3), np.uint8)), small_grey(draw("floor"))
    assert dark is not None
    assert lit is not None
    assert sight.judge(dark, 1.0) is not None
    sight.forget()
    assert sight.judge(lit, 1.2) is None


# --- masks -------------------------------------------------------------------------------------------------


def test_what_is_masked_neither_darkens_nor_covers_nor_sharpens(draw: Draw) -> None:
    """Only a tenth of the picture is left; the rim of the mask is no view."""
    rest = (
        (0.0, 0.0),
        (1.0, 0.0),
        (1.0, 1.0),
        (0.65, 1.0),
        (0.65, 0.35),
        (0.35, 0.35),
        (0.35, 1.0),
        (0.0, 1.0),
    )
    order = ORDER.model_copy(update={"masks": (rest,)})
    assert set(judged([draw("floor")] * 20, order)) == {None}
    assert judged([hand(draw)] * 20, order)[-1] is CameraState.COVERED
    everything = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert set(judged([draw("floor")] * 3, ORDER.model_copy(update={"masks": (everything,)}))) == {None}


# --- frozen ------------------------------------------------------------------------------------------------


def frozen(seconds: float) -> CameraOrder:
    return ORDER.model_copy(update={"frozen_seconds": seconds})


def test_a_camera_that_repeats_one_picture_is_frozen_when_its_time_is_over(draw: Draw) -> None:
    said = judged([draw("floor")] * 110 + [draw("door")] * 2, frozen(20))
    assert said[:100] == [None] * 100
    assert said[102] is CameraState.FROZEN
    assert said[-1] is CameraState.FROZEN  # one other picture is not yet life


def test_an_empty_gym_in_which_nothing_moves_is_not_frozen(draw: Draw) -> None:
    """The noise of its sensor tells."""
    assert set(judged((draw("floor") for _ in range(300)), frozen(20))) == {None}


def test_an_encoder_that_leaves_out_the_noise_between_two_key_frames_freezes_nothing(draw: Draw) -> None:
    """Two seconds long each picture is the same as the one before, to the bit."""
    film = (picture for _ in range(40) for picture in [draw("floor")] * 10)
    assert set(judged(film, frozen(20))) == {None}


def test_an_encoder_that_pulses_does_not_hide_that_a_camera_is_frozen(draw: Draw) -> None:
    """Key frames are the same each time; what follows is refined at the whim of the rate control."""
    base = draw("floor")
    dice = np.random.default_rng(3)
    film = []
    for _ in range(40):
        film.append(base)
        film += [
            np.asarray(np.clip(base + dice.normal(0, 0.8, base.shape), 0, 255), np.uint8) for _ in range(3)
        ]
    assert judged(film, frozen(20))[-1] is CameraState.FROZEN


def test_a_frozen_camera_that_lives_again_is_said_within_seconds(draw: Draw) -> None:
    still = [draw("floor")] * 60
    said = judged([*still, *(draw("floor") for _ in range(40))], frozen(10))
    assert said[59] is CameraState.FROZEN
    assert said[60 + 35] is None  # 7 s, with nothing moving at all


def test_zero_seconds_never_freeze(draw: Draw) -> None:
    assert set(judged([draw("floor")] * 700, frozen(0))) == {None}
