"""No secret and no personal datum leaves by way of the log."""

import pytest

from arni_edge.domain.masking import mask_log
from arni_edge.logs import mask_fields


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("cannot open rtsp://admin:geheim@10.0.0.2/stream", "geheim"),
        ("cannot open rtsp://admin:P@ss/wort@10.0.0.2/stream", "wort"),
        ("cannot open rtsp://10.0.0.2/user=admin_password=geheim_1_channel=1", "geheim"),
        ("cannot open rtsp://10.0.0.2/2?usr=admin&pwd=geheim", "geheim"),
        ("call +49 151 2345678 now", "2345678"),
        ("wa_id 4915123456789 unknown", "4915123456789"),
        ("message wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQ= failed", "HBgL"),
        ("Authorization: Bearer EAAxyz", "EAAxyz"),
    ],
)
def test_running_text_is_masked(text: str, private: str) -> None:
    assert private not in mask_log(text)


@pytest.mark.parametrize(
    "text", ["schema 3", "port 18830", "2026-11-21T10:49:52Z", "state=5 after 1.2 s", "http://a/ and b@c"]
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert mask_log(text) == text


def test_private_fields_are_masked_at_any_depth() -> None:
    event = mask_fields(None, "", {"event": "x", "phone": "1", "inner": {"access_token": "t", "count": 3}})
    assert event["phone"] == "***"
    assert event["inner"] == {"access_token": "***", "count": 3}
