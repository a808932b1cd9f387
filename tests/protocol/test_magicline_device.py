"""The card reader that check-ins are booked on, over real HTTP."""

import json
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.magicline import DROP, Front, Said, SleeplessClock, magicline_settings, open_front, said
from support.openapi import Description

from arni_edge.domain.errors import ArniError, ConfigurationError, InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.magicline import CardFormat, DeviceClient, Identification, IdentificationKind
from arni_edge.magicline.errors import Away, MaybeDone, NotAllowed, Rejected

_TOKEN = "token-of-the-reader-0815"
_SAMPLE = json.loads(
    (Path(__file__).parents[1] / "fixtures/magicline/samples/device_identification.json").read_text("utf-8")
)["payload"]
_CARD = Identification(IdentificationKind.NUMBER, "1173673668653440")
_DEVICE_API = Description("deviceapi-used.json")


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[Front]:
    async with open_front() as front:
        yield front


@pytest.fixture
def front(served: Front) -> Front:
    return served.anew()


@pytest.fixture
def reader(front: Front) -> DeviceClient:
    settings = magicline_settings("https://unused.invalid", device_url=front.url, device_token=_TOKEN)
    clock = SleeplessClock()
    return DeviceClient(settings, clock, http=front.http, sleep=clock.sleep)


async def test_what_we_send_obeys_the_description(front: Front, reader: DeviceClient) -> None:
    for kind, spelled, execute in product(IdentificationKind, CardFormat, (False, True)):
        await reader.check_in(Identification(kind, "042b73321a3180", spelled), execute=execute)
        asked = front.asked[-1]
        assert _DEVICE_API.problems(asked.method, asked.path, asked.query, asked.headers, asked.body) == []
        assert json.loads(asked.body)["shouldExecuteAction"] is execute
        assert asked.headers["authorization"] == f"Bearer {_TOKEN}"
    assert len(front.asked) == 30


async def test_the_description_sees_what_would_be_wrong() -> None:
    def problems(identification: dict[str, str]) -> list[str]:
        body = json.dumps({"identification": identification, "shouldExecuteAction": False}).encode()
        path = "/open-api/device/cardreader/identification"
        return _DEVICE_API.problems("POST", path, [], {"content-type": "application/json"}, body)

    assert problems({"type": "PIN", "value": "1"}) == []
    assert problems({"type": "NOSE", "value": "1"})
    assert problems({"type": "NUMBER", "value": "1", "format": "ROMAN"})


@pytest.mark.parametrize(
    "sample", _SAMPLE["requests"], ids=lambda sample: sample["body"]["identification"]["type"]
)
async def test_the_requests_of_the_documentation(
    front: Front, reader: DeviceClient, sample: dict[str, Any]
) -> None:
    who = sample["body"]["identification"]
    identification = Identification(IdentificationKind(who["type"]), who["value"])
    await reader.check_in(identification, execute=sample["body"]["shouldExecuteAction"])
    assert front.asked[0].path == sample["path"]
    assert json.loads(front.asked[0].body) == sample["body"]


async def test_an_empty_answer_lets_in_and_a_refusal_is_for_the_member_to_read(
    front: Front, reader: DeviceClient
) -> None:
    granted, refused = _SAMPLE["responses"]
    front.answers = [Said(granted["http_status"])]
    await reader.check_in(_CARD, execute=True)
    front.answers = [said(refused["body"], refused["http_status"])]
    with pytest.raises(Rejected) as error:
        await reader.check_in(_CARD, execute=True, language=Language.ENGLISH)
    assert type(error.value) is Rejected
    assert error.value.sentence == "Kein Zutritt"
    assert "Kein Zutritt" not in str(error.value)
    assert [asked.headers["accept-language"] for asked in front.asked] == ["de", "en"]


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_refusal_without_a_sentence_is_none(front: Front, reader: DeviceClient, status: int) -> None:
    front.answers = [Said(status, b"<html>Forbidden</html>")]
    with pytest.raises(Away):
        await reader.check_in(_CARD, execute=True)


async def test_a_wrong_token_says_nothing_about_the_member(front: Front, reader: DeviceClient) -> None:
    front.answers = [said({"errorMessage": "Unauthorized"}, 401)]
    with pytest.raises(NotAllowed):
        await reader.check_in(_CARD, execute=True)


@pytest.mark.parametrize(
    ("answer", "execute", "kind"),
    [
        (DROP, True, MaybeDone),
        (DROP, False, Away),
        (Said(500), True, MaybeDone),
        (Said(500), False, Away),
        (Said(503, b"<html>"), True, MaybeDone),
        (Said(503), False, Away),
        (Said(429), True, Away),
    ],
)
async def test_a_check_in_whose_fate_is_unknown_is_never_repeated(
    front: Front, reader: DeviceClient, answer: Said, execute: bool, kind: type[ArniError]
) -> None:
    front.answers = [answer]
    with pytest.raises(kind):
        await reader.check_in(_CARD, execute=execute)
    assert len(front.asked) == 1


@pytest.mark.parametrize("value", ["", "x" * 4097, "\ud800"])
async def test_what_nobody_can_hold_against_a_reader_is_not_sent(value: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Identification(IdentificationKind.QR_CODE, value)
    assert "x" * 20 not in str(error.value)


async def test_a_code_is_not_printed() -> None:
    assert "1173" not in repr(_CARD)


async def test_without_an_address_there_is_no_reader() -> None:
    with pytest.raises(ConfigurationError):
        DeviceClient(magicline_settings("https://unused.invalid"), SleeplessClock())
