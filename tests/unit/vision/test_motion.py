"""The motion gate: it saves inference, and nobody gets past it."""

import json
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from support.clips import video_folder

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.render import Light, Renderer
from arni_edge.simulator.world import World
from arni_edge.vision.worker.luma import HEIGHT, WIDTH, small_grey
from arni_edge.vision.worker.motion import (
    FLOOR_SECONDS,
    LINGER_SECONDS,
    OCCUPIED_SECONDS,
    Gate,
    Verdict,
)
from arni_edge.vision.worker.stream import Picture

RATE = 5


def room(seed: int = 1) -> Picture:
    """A small grey picture with edges and surfaces."""
    dice = np.random.default_rng(seed)
    return np.kron(dice.integers(40, 200, (10, 10)), np.ones((10, 18)))[:HEIGHT, :WIDTH].astype(np.uint8)


def somebody(picture: Picture, x: int, height: int = 30) -> Picture:
    seen = picture.copy()
    seen[60 - height : 60, x : x + height // 2] = 250 if picture[50, x] < 125 else 5
    return seen


def judged(pictures: Iterable[Picture], gate: Gate | None = None, *, start: float = 0.0) -> list[Verdict]:
    gate = gate or Gate()
    return [
        gate.judge(picture, start + index / RATE, occupied=False) for index, picture in enumerate(pictures)
    ]


def still(seconds: float, picture: Picture | None = None) -> Iterator[Picture]:
    for _ in range(round(seconds * RATE)):
        yield room() if picture is None else picture


def test_a_room_in_which_nothing_moves_is_looked_at_now_and_then_all_the_same() -> None:
    verdicts = judged(still(62))
    times = [index / RATE for index, verdict in enumerate(verdicts) if verdict.look and index > 3 * RATE]
    gaps = np.diff(times)
    assert gaps == pytest.approx(FLOOR_SECONDS)
    assert len(times) >= 11


def test_people_who_do_not_move_are_looked_at_again_and_again() -> None:
    gate = Gate()
    for index in range(5 * RATE):
        gate.judge(room(), index / RATE, occupied=True)
    looks = [gate.judge(room(), index / RATE, occupied=True).look for index in range(5 * RATE, 15 * RATE)]
    assert sum(looks) == pytest.approx(10 / OCCUPIED_SECONDS, abs=1)


def test_somebody_who_comes_in_is_looked_at_with_the_first_picture_and_after_they_have_stopped() -> None:
    gate = Gate()
    judged(still(12), gate)
    walk = [somebody(room(), x) for x in (5, 15, 25)]
    verdicts = judged([*walk, *([walk[-1]] * 30)], gate, start=12.0)
    assert all(verdict.look and verdict.moving for verdict in verdicts[:3])
    assert all(verdict.look for verdict in verdicts[: 3 + int(LINGER_SECONDS * RATE)])


def test_somebody_far_away_is_motion() -> None:
    gate = Gate()
    judged(still(12), gate)
    verdict = judged([somebody(room(), 100, height=6)], gate, start=12.0)[0]
    assert verdict.moving
    assert verdict.motion < 0.003


def test_a_noisy_pixel_is_no_motion() -> None:
    def noisy() -> Iterator[Picture]:
        dice = np.random.default_rng(3)
        for picture in still(40):
            dirty = picture.copy()
            for _ in range(3):
                dirty[dice.integers(HEIGHT), dice.integers(WIDTH)] = 255
            yield dirty

    assert not any(verdict.moving for verdict in judged(noisy())[1:])


def test_a_slowly_brightening_morning_is_no_motion() -> None:
    brightness = np.linspace(0, 50, 120 * RATE)
    pictures = (np.clip(room().astype(float) * (1 + b / 100), 0, 255).astype(np.uint8) for b in brightness)
    verdicts = judged(pictures)[1:]
    assert not any(verdict.moving or verdict.storm for verdict in verdicts)


def test_a_cloud_that_dims_everything_alike_is_no_motion() -> None:
    dim = [room() - np.uint8(min(15, step)) for step in range(5 * RATE)]
    verdicts = judged([*still(10), *dim])[1:]
    assert not any(verdict.moving or verdict.storm for verdict in verdicts)


@pytest.mark.parametrize("seconds_of_swing", [0.0, 2.0])
def test_a_light_that_is_switched_is_a_storm_until_the_picture_is_steady_again(
    seconds_of_swing: float,
) -> None:
    dark = (room() // 4).astype(np.uint8)
    swing = [
        (dark + (room() - dark) * share).astype(np.uint8)
        for share in np.linspace(0, 1, int(seconds_of_swing * RATE) + 1)
    ]
    gate = Gate()
    judged(still(12, dark), gate)
    verdicts = judged([*swing, *still(6)], gate, start=12.0)
    stormy = [index for index, verdict in enumerate(verdicts) if verdict.storm]
    assert stormy, "no storm"
    assert stormy == list(range(stormy[0], stormy[-1] + 1))
    assert stormy[0] <= len(swing) // 2 + 1
    after = stormy[-1] + 1
    assert after / RATE <= seconds_of_swing + 1.5
    looks = [verdict.look for verdict in verdicts[stormy[0] : after]]
    assert sum(looks) <= 1 + len(looks) / RATE, "inference in the storm"
    assert verdicts[after].look, "who switched it on is looked for at once"
    assert not any(verdict.moving for verdict in verdicts[after:])


def test_people_who_walk_do_not_keep_a_storm_going() -> None:
    dark = (room() // 5).astype(np.uint8)
    gate = Gate()
    judged(still(12, dark), gate)
    verdicts = judged((somebody(room(), 3 * x, height=50) for x in range(25)), gate, start=12.0)
    assert verdicts[1].storm
    assert not verdicts[2 * RATE].storm
    assert all(verdict.moving and verdict.look for verdict in verdicts[2 * RATE :])


def test_a_light_that_never_rests_does_not_blind_for_ever() -> None:
    dark = (room() // 5).astype(np.uint8)
    verdicts = judged(room() if index % 2 else dark for index in range(90 * RATE))
    assert any(not verdict.storm and verdict.look for verdict in verdicts[RATE:])
    looks = [index for index, verdict in enumerate(verdicts) if verdict.look]
    assert max(np.diff(looks)) <= 1.2 * RATE, "looked at less than once a second"


def test_a_person_who_comes_close_and_makes_the_exposure_drift_is_no_storm() -> None:
    drift = [
        np.clip(somebody(room(), 10 * min(step, 15), 55).astype(int) + 2 * step, 0, 255).astype(np.uint8)
        for step in range(10)
    ]
    verdicts = judged([*still(10), *drift])[1:]
    assert not any(verdict.storm for verdict in verdicts)
    assert all(verdict.look for verdict in verdicts[10 * RATE :])


def test_after_an_absence_the_first_picture_is_looked_at() -> None:
    gate = Gate()
    judged(still(30), gate)
    gate.lost()
    assert judged([room(2)], gate, start=30.2)[0].look


def encoded(pictures: Iterable[Picture], kbit: int, key_every: int) -> list[Picture]:
    """Through a real encoder and back, as small grey pictures."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 640, 360, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 10), Fraction(10)
    encoder.bit_rate, encoder.gop_size = kbit * 1000, key_every
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    packets = []
    for index, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
        frame.pts = index
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    decoder = av.CodecContext.create("h264", "r")
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(bytes(packet)))]
    greys = [small_grey(frame) for frame in [*frames, *decoder.decode(None)]]
    return [grey for grey in greys if grey is not None]


@pytest.mark.parametrize(("kbit", "key_every", "gain"), [(1200, 10, 0.25), (128, 20, 1.0)])
def test_the_pulse_of_key_frames_is_no_motion(kbit: int, key_every: int, gain: float) -> None:
    plan = default_plan()
    renderer, scene = Renderer(plan.cameras[0], plan), World(plan, SystemClock(), seed=3).scene
    pictures = (renderer.draw(scene, Light(gain)).frame for _ in range(50))
    assert not any(verdict.moving for verdict in judged(encoded(pictures, kbit, key_every))[1:])


@pytest.mark.parametrize("convert", [lambda frame: frame, lambda frame: frame.reformat(format="nv12")])
def test_brightness_is_the_same_from_a_decoder_and_from_pixels(
    convert: Callable[[av.VideoFrame], av.VideoFrame],
) -> None:
    picture = np.kron(room(), np.ones((4, 4)))[:360, :640].astype(np.uint8)
    colour = np.dstack([picture] * 3)
    frame = convert(av.VideoFrame.from_ndarray(colour, format="bgr24").reformat(format="yuvj420p"))
    ours, plain = small_grey(frame), small_grey(colour)
    assert ours is not None
    assert plain is not None
    assert ours.shape == plain.shape == (HEIGHT, WIDTH)
    if frame.format.name == "yuvj420p":
        assert np.abs(ours.astype(int) - plain).mean() < 2


def test_formats_without_a_plane_of_brightness_are_converted() -> None:
    colour = np.dstack([np.kron(room(), np.ones((4, 4)))[:360, :640].astype(np.uint8)] * 3)
    for name in ("rgb24", "yuyv422", "yuv420p10le", "gray16le"):
        grey = small_grey(av.VideoFrame.from_ndarray(colour, format="bgr24").reformat(format=name))
        assert grey is not None, name
        assert grey.shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize("clip", ["entrance_visits_a", "store_aisle"])
def test_no_frame_of_a_real_clip_on_which_the_count_changes_is_gated_away(clip: str) -> None:
    video = video_folder()
    clips = json.loads((video / "truth.json").read_text())["clips"]
    truth = next(one for one in clips if one["file"] == f"{clip}.mp4")
    changes = [
        after["from"]
        for before, after in zip(truth["counts"], truth["counts"][1:], strict=False)
        if before["count"] != after["count"] and after["from"] < 240
    ]
    looked = looks_at(video / truth["file"])
    assert looked[0]
    for frame in changes:  # the person is there, or gone, for certain: the frames before show it happen
        assert all(looked[frame - 4 : frame + 1]), f"gated away before frame {frame}"


def looks_at(file: Path) -> list[bool]:
    gate = Gate()
    looked: list[bool] = []
    with av.open(file) as container:
        rate = float(container.streams.video[0].average_rate or 10)
        for index, frame in enumerate(container.decode(video=0)):
            grey = small_grey(frame)
            assert grey is not None
            looked.append(gate.judge(grey, index / rate, occupied=False).look)
            if index == 240:
                break
    return looked
