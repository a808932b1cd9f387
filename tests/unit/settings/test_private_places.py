"""Where people undress or are alone nothing is counted, however the place is written."""

from typing import Any

import pytest
from pydantic import ValidationError

from arni_edge.settings import Camera
from arni_edge.settings.private_places import is_private

CORNERS = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]


@pytest.mark.parametrize(
    "name",
    [
        *("Umkleide", "UMKLEIDE Damen", "Um\u00adkleide", "Umk\u200bleide", "Damenumkl.", "Ankleide"),
        *("Damen_WC", "DamenWC", "herrenwc", "W.C.", "\uff37\uff23", "Gäste-WCs", "Klo", "Klokabine"),
        *("Dusche", "duschbereich-h", "Waschräume", "Nasszelle", "Badezimmer", "Bad", "Sauna", "Sa\u00f9na"),
        *("Toilette", "Kabine 2", "Bathroom", "Dampfbad", "Infrarotkabine", "Wickelraum", "Solarium"),
        *("changing-room", "Change room", "locker_room", "Showers", "shower1", "rest room", "Bath"),
        *("Men's room", "loo", "cloakroom", "fitting room", "steam room", "lavatory", "toilets"),
    ],
)  # fmt: skip
def test_a_private_place_is_recognised_however_it_is_written(name: str) -> None:
    assert is_private(name)


@pytest.mark.parametrize(
    "name",
    [
        *("Freihanteln", "Lockerungszone", "Badminton", "Eingang Bad Homburg", "Team", "Kasse"),
        *("Umklappbank", "Gym floor", "Stretching", "Bereich C", "Klotz", "Kraftraum", "Cardio", "Aw, cool"),
        *("Ladies area", "Theke", "Schwimmbecken", "Eingang", "entrance_1", "Boxring", "ziwcy"),
    ],
)
def test_other_places_are_not_taken_for_one(name: str) -> None:
    assert not is_private(name)


def _camera(**values: Any) -> Camera:
    return Camera.model_validate({"id": "one", "url": "rtsp://10.0.0.1/2", **values})


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"id": "umkleide"}, "camera"),  # with no zone at all it would still be watched
        ({"zones": [{"id": "damen_wc", "name": "A", "kind": "entrance", "polygon": CORNERS}]}, "zone"),
        ({"zones": [{"id": "a", "name": "Damen_WC", "kind": "entrance", "polygon": CORNERS}]}, "zone"),
        ({"zones": [{"id": "a", "name": "A", "kind": "locker_room", "polygon": CORNERS}]}, "zone"),
        ({"lines": [{"id": "shower", "name": "A", "points": CORNERS[:2]}]}, "line"),
        ({"lines": [{"id": "a", "name": "Zur Sauna", "points": CORNERS[:2]}]}, "line"),
    ],
)
def test_no_camera_zone_or_line_may_be_of_one(values: dict[str, Any], part: str) -> None:
    with pytest.raises(ValidationError, match=rf"nobody may be filmed.*remove this {part}"):
        _camera(**values)


def test_a_mask_over_one_is_what_is_wanted() -> None:
    assert len(_camera(masks=[CORNERS]).masks) == 1


# --- what else a camera may not say -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://viewer:S3cret@10.0.0.1/2",
        "rtsp://viewer:S3/cret@10.0.0.1/2",  # the part before the slash would be taken for host and port
        "rtsp://viewer:12/S3cret@10.0.0.1/2",
        "rtsp://@10.0.0.1/2",
        "rtsp://10.0.0.1/user=admin_password=S3cret_channel=1_stream=1.sdp",
        "rtsp://10.0.0.1/2?user=admin&pwd=S3cret",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError, match="must not carry user or password") as refused:
        _camera(url=url)
    assert all("S3" not in problem["msg"] for problem in refused.value.errors())


@pytest.mark.parametrize(
    "url", ["rtsp://10.0.0.1:99999/2", "rtsp://10.0.0.1:x/2", "rtsp://10.0.0.1/2\n\x1b[2J"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must look like rtsp://"):
        _camera(url=url)


@pytest.mark.parametrize("corners", [[[0, 0], [0, 0], [0, 0]], [[1, 0], [1, 0.5], [1, 1]]])
def test_corners_without_anything_between_them_are_refused(corners: list[list[float]]) -> None:
    for values in ({"masks": [corners]}, {"qr": {"door": "front", "region": corners}}):
        with pytest.raises(ValidationError, match="lie on one line"):
            _camera(**values)
