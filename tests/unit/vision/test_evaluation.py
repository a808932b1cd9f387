"""Scores of recordings: what is counted right, what is not labelled, which camera a clip is."""

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import orjson
import pytest

from arni_edge.domain.errors import InvalidInput
from arni_edge.settings import Camera
from arni_edge.vision.evaluation.clips import frames
from arni_edge.vision.evaluation.play import cast
from arni_edge.vision.evaluation.score import ClipScore, summary
from arni_edge.vision.evaluation.truth import NOTHING_KNOWN, ClipTruth, Truth
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Crossing, Down, Intruder, SceneReport

BOX = Box(0.1, 0.1, 0.2, 0.5, 0.9)
TRUTH = {
    "clips": [
        {
            "file": "a.mp4",
            "counts": [
                {"from": 1, "to": 3, "count": 1, "tol": 0},
                {"from": 5, "to": 5, "count": 4, "tol": 1},
            ],
            "totals": {"entries": 2, "exits": 1, "peak": 4},
            "alerts": {"person_down": {"expected": 1, "not_before_frame": 30}, "intrusion": {"expected": 0}},
        },
        {"file": "stills/b.png", "counts": [{"from": 0, "to": 0, "count": 1}]},
    ],
    "tracks": [],
}


def _truth(tmp_path: Path, content: object = TRUTH) -> Truth:
    (tmp_path / "truth.json").write_bytes(orjson.dumps(content))
    return Truth.read(tmp_path / "truth.json")


def _report(people: int, **more: Any) -> SceneReport:
    return SceneReport(at=0.0, people=people, **more)


def test_only_labelled_pictures_are_scored_and_what_was_said_last_holds(tmp_path: Path) -> None:
    score = ClipScore("a.mp4", _truth(tmp_path).of(Path("/x/a.mp4")))
    for people in (0, 1, None, 2, 7, 3):
        score.add(None if people is None else _report(people), looked=people is not None)
    line = score.as_dict()
    assert (line["frames"], line["frames_labelled"], line["looks"]) == (6, 4, 5)
    assert line["count_exact"] == 0.75  # frames 1, 2 (still 1) and 5 (3 of 4, within tolerance); not frame 3
    assert line["count_mean_error"] == 0.5
    assert line["expected"] == {
        "entries": 2,
        "exits": 1,
        "person_down": 1,
        "person_down_not_before": 30,
        "intrusion": 0,
    }


def test_before_anything_is_known_nothing_is_right(tmp_path: Path) -> None:
    score = ClipScore("b.png", _truth(tmp_path).of(Path("/y/stills/b.png")))
    score.add(None, looked=False)
    assert (score.as_dict()["count_exact"], score.as_dict()["count_mean_error"]) == (0.0, 1.0)


def test_a_clip_that_nobody_labelled_has_no_score() -> None:
    score = ClipScore("c.mp4")
    score.add(_report(3), looked=True)
    line = score.as_dict()
    assert (line["frames_labelled"], line["count_exact"], line["count_mean_error"]) == (0, None, None)


def test_crossings_and_each_event_once() -> None:
    score = ClipScore("c.mp4", armed=True)
    down, certain = (Down(7, BOX, 0.0, "lying"),), (Intruder(1, 0.0),)
    crossed = (Crossing("", "in", 0.1, 1, 1), Crossing("", "in", 0.1, 2, 1), Crossing("", "out", 0.2, 1, 1))
    score.add(_report(1, crossings=crossed), looked=True)
    score.add(_report(1, down=down, certain=certain), looked=True)
    score.add(_report(1, down=down, certain=(*certain, Intruder(2, 0.2))), looked=True)
    score.add(_report(0), looked=True)
    score.add(_report(1, down=(Down(8, BOX, 0.0, "vanished"),), certain=(Intruder(9, 0.4),)), looked=True)
    line = score.as_dict()
    assert (line["entries"], line["exits"]) == (2, 1)
    assert line["person_down"] == [1, 4]
    assert line["intrusion"] == [1, 4]


def test_by_day_nobody_is_an_intruder() -> None:
    score = ClipScore("c.mp4")
    score.add(_report(1, certain=(Intruder(1, 0.0),)), looked=True)
    assert score.as_dict()["intrusion"] == []


def test_the_summary_weighs_pictures_not_clips() -> None:
    good, bad = ClipScore("a"), ClipScore("b")
    good.labelled, good.exact, bad.labelled, bad.exact, bad.error = 99, 99, 1, 0, 2
    figures = summary([good, bad])
    assert (figures["clips"], figures["count_exact"], figures["count_mean_error"]) == (2, 0.99, 0.02)
    assert summary([])["count_exact"] is None


def test_the_truth_knows_clips_by_their_names(tmp_path: Path) -> None:
    truth = _truth(tmp_path)
    assert truth.of(Path("b.png")).file == "stills/b.png"
    assert truth.of(Path("/data/stills/b.png")).file == "stills/b.png"
    assert truth.of(Path("unknown.mp4")) is NOTHING_KNOWN
    assert isinstance(truth.of(Path("a.mp4")), ClipTruth)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is not JSON"),
        (b"[]", "valid dictionary"),
        (
            b'{"clips": [{"file": "a", "counts": [{"from": -1, "to": 2, "count": 1}]}]}',
            r"clips\.0\.counts\.0\.from",
        ),
        (b'{"clips": [{"counts": []}]}', r"clips\.0\.file"),
    ],
)
def test_a_truth_that_is_none_says_where(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(InvalidInput, match=words):
        Truth.read(tmp_path / "t.json")
    with pytest.raises(InvalidInput, match="cannot be read"):
        Truth.read(tmp_path / "missing.json")


# --- which camera ---------------------------------------------------------------------------------------


def _camera(name: str) -> Camera:
    return Camera.model_validate(
        {"id": name, "url": "rtsp://10.0.0.1/1", "hours": {"monday": ["08:00-09:00"]}}
    )


def test_a_clip_is_the_camera_of_its_name() -> None:
    clips = [Path("/v/Door.mp4"), Path("/v/floor.mp4")]
    pairs = list(cast(clips, [_camera("floor"), _camera("door"), _camera("hall")]))
    assert [order.id for _, order in pairs] == ["door", "floor"]
    assert pairs[0][1].hours is None  # a recording is looked at whatever the hour


def test_one_camera_is_every_clip_and_as_many_cameras_are_in_order() -> None:
    clips = [Path("/v/a.mp4"), Path("/v/b.mp4")]
    assert [order.id for _, order in cast(clips, [_camera("door")])] == ["door", "door"]
    assert [order.id for _, order in cast(clips, [_camera("x"), _camera("y")])] == ["x", "y"]


def test_a_name_that_is_no_id_still_finds_its_camera() -> None:
    clips = [Path("/v/Vordere Tür (2).mp4"), Path("/v/b.v2.mp4")]
    pairs = list(cast(clips, [_camera("b-v2"), _camera("vordere-t-r-2"), _camera("x")]))
    assert [order.id for _, order in pairs] == ["vordere-t-r-2", "b-v2"]


def test_a_camera_of_one_name_is_not_another_clip_too() -> None:
    """In their order they are taken only when none of them says by its name whose it is."""
    with pytest.raises(InvalidInput, match="b\\.mp4: which camera is it"):
        list(cast([Path("Door.mp4"), Path("b.mp4")], [_camera("floor"), _camera("door")]))


def test_without_cameras_the_whole_picture_counts() -> None:
    ((_, order),) = cast([Path("/v/a.mp4")], [])
    assert (order.zones, order.lines, order.masks) == ((), (), ())


def test_when_it_cannot_be_told_which_camera_it_is_the_owner_is_asked() -> None:
    with pytest.raises(InvalidInput, match="Name one of them 'a'"):
        list(cast([Path("a.mp4")], [_camera("x"), _camera("y")]))


# --- clips ----------------------------------------------------------------------------------------------


def _film(file: Path, pictures: int = 12, *, codec: str = "mpeg4", turned: bool = False) -> Path:
    """A film whose left half becomes lighter with every picture."""
    with av.open(f"file:{file}", "w", format="matroska" if file.suffix == ".mkv" else "mp4") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height = 64, 48
        for shade in range(pictures):
            picture = np.zeros((48, 64, 3), np.uint8)
            picture[:, :32] = 240 - shade
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    if turned:
        # PyAV cannot write the matrix of a recording that lies on its side: 90 degrees, as phones write it.
        upright, on_its_side = (struct.pack(">9i", *one) for one in (_UPRIGHT, _ON_ITS_SIDE))
        content = file.read_bytes()
        place = content.rindex(upright)  # the first one is the whole film's, the last one the track's
        file.write_bytes(content[:place] + on_its_side + content[place + len(upright) :])
    return file


_ONE = 1 << 16
_UPRIGHT = (_ONE, 0, 0, 0, _ONE, 0, 0, 0, 1 << 30)
_ON_ITS_SIDE = (0, -_ONE, 0, _ONE, 0, 0, 0, 0, 1 << 30)


def test_a_clip_gives_every_picture_with_its_time(tmp_path: Path) -> None:
    times = [at for at, _ in frames(_film(tmp_path / "clip.mp4"))]
    assert times == pytest.approx([number / 10 for number in range(12)])


@pytest.mark.parametrize("name", ["a:b.mp4", "http:x.mp4", "50%d ü.mp4", "-i.mp4", "clip"])
def test_a_file_of_any_name_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(list(frames(_film(Path(name))))) == 12


def test_a_recording_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    (_, flat), *_ = frames(_film(tmp_path / "flat.mp4"))
    (_, turned), *_ = frames(_film(tmp_path / "phone.mp4", turned=True))
    assert (flat.width, flat.height) == (64, 48)
    assert turned.shape == (64, 48, 3)
    assert (turned[40:].mean(), turned[:24].mean()) == (pytest.approx(240, abs=8), pytest.approx(0, abs=8))


def test_what_is_damaged_costs_its_own_pictures_only(tmp_path: Path) -> None:
    file = _film(tmp_path / "clip.mp4", pictures=40)
    content = bytearray(file.read_bytes())
    with av.open(str(file)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    for place, size in packets[20:23]:
        content[place : place + size] = bytes(size)
    file.write_bytes(content)
    damage: list[bool] = []
    whole = list(frames(file, lambda: damage.append(True)))
    assert len(damage) + len(whole) == 40
    assert 1 <= len(damage) <= 3
    score = ClipScore("clip.mp4")
    score.spoiled()
    assert score.as_dict()["damaged"] == 1


def test_a_film_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    file = _film(tmp_path / "clip.mkv", pictures=40)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])
    assert 10 < len(list(frames(file))) < 40


def test_what_is_no_clip_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("these are my notes")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder.mp4").mkdir()
    _film(tmp_path / "nothing.mp4", pictures=0)
    for name in ("notes.mp4", "missing.mp4", "empty.mp4", "folder.mp4", "nothing.mp4"):
        with pytest.raises(InvalidInput, match="cannot be read as a video"):
            list(frames(tmp_path / name))
