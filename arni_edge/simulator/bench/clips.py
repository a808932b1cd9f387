"""Short H.264 clips of the simulated gym, encoded once so that encoding is in nobody's way later."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.render import Renderer
from arni_edge.simulator.scenery import Image
from arni_edge.simulator.world import World

WIDTH, HEIGHT = 640, 360
_KBIT = 512
_KEY_SECONDS = 1.0
_TRAINING = ("ada", "ben", "cem")


def clip(rate: int, seconds: float, *, people: bool) -> list[bytes]:
    """The training floor, with three people who train or with nobody.

    Args:
        rate: Pictures per second.
        seconds: How long; it is meant to be played in a loop.
        people: Whether somebody is there.

    Returns:
        One access unit (Annex B) per picture; the first one is a key frame.
    """
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, rate), Fraction(rate)
    encoder.bit_rate = _KBIT * 1000
    encoder.gop_size = max(1, round(rate * _KEY_SECONDS))
    # As cameras do it: no pictures that wait for later ones, one slice each.
    encoder.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "x264-params": "sliced-threads=0:threads=1",
    }
    units: list[bytes] = []
    for index, picture in enumerate(_pictures(rate, round(rate * seconds), people=people)):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
        frame.pts = index
        units += [bytes(packet) for packet in encoder.encode(frame)]
    return units + [bytes(packet) for packet in encoder.encode(None)]


def _pictures(rate: int, count: int, *, people: bool) -> Iterator[Image]:
    plan = default_plan()
    view = next(view for view in plan.cameras if view.name == "floor")
    world, renderer = World(plan, SystemClock(), seed=7), Renderer(view, plan)
    for name in _TRAINING if people else ():
        world.place(name)
    for _ in range(count):
        world.step(1 / rate)
        yield np.ascontiguousarray(renderer.draw(world.scene).frame)
