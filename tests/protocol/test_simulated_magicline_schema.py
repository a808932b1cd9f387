"""Whatever the simulated Magicline answers is what the official description allows; and it never breaks."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from support.clock import ManualClock
from support.openapi import Description
from support.simulated_magicline import Asking, asking

from arni_edge.simulator.magicline import ANY, Fault, Quirks
from arni_edge.simulator.magicline.api import OPERATIONS
from arni_edge.simulator.magicline.unsimulated import UNSIMULATED

_FIXTURES = Path(__file__).parents[1] / "fixtures" / "magicline"
_DOCUMENT = json.loads((_FIXTURES / "openapi-used.json").read_text("utf-8"))
_DESCRIPTION = Description("openapi-used.json")
_DESCRIBED = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in _DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
_JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "x", -1, 2**70, 1.5, True, [], {}, "2026-02-30", "9999-12-31T23:59:59Z"]
)
_BROKEN = st.sampled_from([b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[1]", b"{" * 5000])


class Desk:
    """The simulator in a loop of its own, so that plain functions can ask it."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        options: dict[str, Any] = {"clock": ManualClock(), "seed": 3}
        self.asking: Asking = self._runner.run(self._stack.enter_async_context(asking(**options)))
        self.gym = self.asking.magicline.gym
        self.asking.magicline.limits.per_minute = None

    def ask(
        self, method: str, path: str, query: dict[str, str], body: bytes | None, kind: str
    ) -> httpx.Response:
        headers = {"X-API-KEY": self.asking.magicline.api_key, "Content-Type": kind}
        request = self.asking.http.request(
            method, f"{self.asking.magicline.url}{path}", params=query, content=body, headers=headers
        )

        async def asked() -> httpx.Response:
            return await request

        return self._runner.run(asked())

    def known(self) -> dict[str, list[int]]:
        """Ids that exist, by the name under which they are asked for."""
        gym = self.gym
        return {
            "customerId": [one.member_id for one in gym.members.values()][:25],
            "contractId": [one.contract_id for m in gym.members.values() for one in m.contracts][:25],
            "classId": list(gym.timetable.classes),
            "classSlotId": [one.slot_id for one in gym.timetable.slots()],
            "bookingId": [*list(gym.timetable.bookings)[:20], *gym.diary.bookings],
            "bookableAppointmentId": list(gym.diary.bookables),
            "deviceId": list(gym.devices),
            "id": list(gym.employees),
            "idlePeriodId": [p.pause_id for m in gym.members.values() for c in m.contracts for p in c.pauses],
            "accessMediumId": [one.medium_id for m in gym.members.values() for one in m.mediums][:25],
            "cancelationReasonId": [1000],
            "reasonId": [203, 204],
        }

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


@pytest.fixture
def fresh_desk() -> Iterator[Desk]:
    """One at which nobody became a lead yet."""
    desk = Desk()
    yield desk
    desk.close()


def _conforms(operation: dict[str, Any], answer: httpx.Response) -> None:
    """The status is documented, and the body is what belongs to it."""
    described = operation["responses"].get(str(answer.status_code))
    assert described is not None, f"{answer.status_code} is not documented: {answer.text[:300]}"
    content = described.get("content", {})
    if "application/json" not in content:
        assert answer.content == b""
        return
    assert answer.headers["content-type"] == "application/json"
    schema = {"allOf": [content["application/json"]["schema"]], "components": _DOCUMENT["components"]}
    Draft202012Validator(schema).validate(answer.json())


def test_every_operation_that_we_use_is_simulated_and_every_other_is_known() -> None:
    simulated = {(one.method, one.path) for one in OPERATIONS}
    assert {(method, path) for method, path, _ in _DESCRIBED.values()} <= simulated
    assert not simulated & set(UNSIMULATED)
    ours = {one.name for one in OPERATIONS if one.path.startswith("/v1/")}
    assert set(_DESCRIBED) <= ours
    assert len(UNSIMULATED) == 75


def _moment(desk: Desk, bookable_id: int) -> tuple[str, str]:
    path = f"/v1/appointments/bookable/{bookable_id}/slots"
    day = (desk.gym.today() + timedelta(days=1)).isoformat()
    answer = desk.ask("GET", path, {"slotWindowStartDate": day}, None, "application/json")
    slot = answer.json()[0]
    return slot["startDateTime"], slot["endDateTime"]


def _good(desk: Desk, name: str) -> tuple[dict[str, Any], dict[str, str], Any]:
    """Path, query and body with which an operation answers 200."""
    gym = desk.gym
    member = gym.add_member(told=False)
    slot = gym.timetable.add(desk.asking.magicline.now() + timedelta(days=2), taught=0)
    path: dict[str, Any] = {
        "customerId": member.member_id,
        "contractId": member.contracts[0].contract_id,
        "classId": slot.taught.class_id,
        "classSlotId": slot.slot_id,
        "bookableAppointmentId": 20_335,
        "deviceId": 26,
        "id": 101,
        "accessMediumId": member.mediums[0].medium_id,
    }
    wish = {"customerId": member.member_id, "classSlotId": slot.slot_id}
    query: dict[str, str] = {}
    body: Any = None
    if name in ("getClassBookingById", "cancelClassSlotById"):
        path["bookingId"] = gym.timetable.book(member, slot).booking_id
    if name in ("validateClassSlot", "bookClassSlot"):
        body = wish
    if "ppointmentBooking" in name:
        start, end = _moment(desk, 20_335)
        own = {"customerId": member.member_id, "bookableAppointmentId": 20_335}
        body = own | {"startDateTime": start, "endDateTime": end}
        if name in ("getAppointmentBooking", "deleteAppointmentBooking", "getAppointmentBookings"):
            sent = json.dumps(body).encode()
            made = desk.ask("POST", "/v1/appointments/booking/book", {}, sent, "application/json")
            path["bookingId"], body = made.json()["bookingId"], None
    if name in ("getClassBookingsByCustomerId", "getAppointmentBookings"):
        query["customerId"] = str(member.member_id)
    if name in ("getCustomerBy", "getCustomerContractsBy"):
        query["customerNumber"] = member.number
    if name == "createContractCancelationAmendment":
        data = desk.ask("GET", f"/v1/memberships/{member.member_id}/self-service/contract-data", {}, None, "")
        body = {
            "contractId": member.contracts[0].contract_id,
            "cancelationDate": data.json()[0]["availableCancelationDates"][0],
            "cancelationReasonId": 1000,
        }
    if name == "withdrawContractCancelation":
        member.contracts[0].cancelation = "PENDING_VERIFICATION"
    if name == "withdrawIdlePeriod":
        day = gym.today() + timedelta(days=20)
        path["idlePeriodId"] = gym.pause(member, day, day, told=False).pause_id
    return path, query, body if body is not None else _BODIES.get(name)


_LEAD = {
    "leadCustomer": {
        "firstname": "Neu",
        "lastname": "Hier",
        "email": "neu@example.org",
        "telephone": "030 1",
    },
    "externalIdentifier": "wa-17",
}
_BODIES: dict[str, Any] = {
    "searchCustomers": {"lastName": "K"},
    "createCustomer": {
        "firstName": "Peter",
        "lastName": "Muller",
        "dateOfBirth": "2001-08-24",
        "email": "p@example.org",
        "street": "Weg",
        "city": "Berlin",
        "zipCode": "10435",
        "countryCode": "DE",
        "language": {"languageCode": "de"},
    },
    "addAccessMediums": {"type": "PIN", "value": "4711"},
    "updateAccessMediums": {"value": "4712"},
    "setAccessRestriction": {"reason": "Hausverbot", "startDate": "2026-11-01", "endDate": "2026-12-01"},
    "validateIdlePeriodRequest": {"startDate": "2027-01-01", "temporalUnit": "MONTH", "termValue": 1},
    "updateCommunicationPreferences": [
        {"messageCategory": "GENERAL", "channels": [{"communicationChannel": "CHAT", "active": True}]}
    ],
    "validateforleadcreation": _LEAD,
    "createlead": _LEAD,
}
_PAUSE = (
    b'--b\r\nContent-Disposition: form-data; name="data"\r\nContent-Type: application/json\r\n\r\n'
    b'{"startDate":"2027-01-01","temporalUnit":"MONTH","termValue":2,"reasonId":203}\r\n--b--\r\n'
)


@pytest.mark.parametrize("name", sorted(_DESCRIBED))
def test_every_operation_has_a_good_answer_that_is_described(desk: Desk, name: str) -> None:
    method, path, operation = _DESCRIBED[name]
    values, query, body = _good(desk, name)
    sent, kind = (None, "") if body is None else (json.dumps(body).encode(), "application/json")
    if name == "createIdlePeriodAmendment":
        sent, kind = _PAUSE, "multipart/form-data; boundary=b"
    answer = desk.ask(method, path.format_map(values), query, sent, kind)
    assert answer.status_code == 200, answer.text
    _conforms(operation, answer)


_STRICT = FormatChecker(formats=["date"])
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@_STRICT.checks("date-time")
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or _RFC3339.fullmatch(value) is not None


def _stray(desk: Desk, name: str) -> list[str]:
    """What in a good answer the description does not allow, the spelling of moments included."""
    method, path, operation = _DESCRIBED[name]
    values, query, body = _good(desk, name)
    sent, kind = (None, "") if body is None else (json.dumps(body).encode(), "application/json")
    if name == "createIdlePeriodAmendment":
        sent, kind = _PAUSE, "multipart/form-data; boundary=b"
    answer = desk.ask(method, path.format_map(values), query, sent, kind)
    content = operation["responses"]["200"].get("content", {})
    if "application/json" not in content:
        return []
    schema = {"allOf": [content["application/json"]["schema"]], "components": _DOCUMENT["components"]}
    found = Draft202012Validator(schema, format_checker=_STRICT).iter_errors(answer.json())
    return [one.message for one in found]


def test_by_itself_nothing_contradicts_the_description_and_live_it_does(fresh_desk: Desk) -> None:
    """The command serves it as described; tests of ours meet it as real studios are."""
    desk = fresh_desk
    quirks = desk.asking.magicline.quirks
    quirks.set("no-live")
    try:
        assert quirks == Quirks.as_described()
        assert {name: stray for name in sorted(_DESCRIBED) if (stray := _stray(desk, name))} == {}
    finally:
        quirks.set("live")
    assert quirks == Quirks()
    astray = {name for name in _DESCRIBED if _stray(desk, name)}
    assert {"getStudioInformation", "getClassSlots"} <= astray


def test_by_itself_every_contract_has_the_status_that_is_required(desk: Desk) -> None:
    """Our copy of the description does without: a contract that nobody has cancelled has none to tell."""
    path = f"/v1/memberships/{desk.gym.add_member(told=False).member_id}/self-service/contract-data"
    (live,) = desk.ask("GET", path, {}, None, "").json()
    desk.asking.magicline.quirks.set("no-live")
    (described,) = desk.ask("GET", path, {}, None, "").json()
    desk.asking.magicline.quirks.set("live")
    assert "cancelationStatus" not in live
    assert described["cancelationStatus"] == "PENDING_WITHDRAWAL_VERIFICATION"


def _made(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    return _DESCRIPTION._made(schema)


def _spoilt(value: Any, known: dict[str, list[int]], draw: Any) -> Any:
    """With ids that exist in place of most that do not, and now and then nonsense."""
    if isinstance(value, list):
        return [_spoilt(one, known, draw) for one in value]
    if not isinstance(value, dict):
        return value
    spoilt = {}
    for name, inner in value.items():
        dice = draw(st.integers(0, 9))
        if dice == 0:
            spoilt[name] = draw(_JUNK)
        elif name in known and dice < 9:
            spoilt[name] = draw(st.sampled_from(known[name]))
        else:
            spoilt[name] = _spoilt(inner, known, draw)
    return spoilt


def _query(operation: dict[str, Any], known: dict[str, list[int]], draw: Any) -> dict[str, str]:
    query = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] != "query" or not draw(st.booleans()):
            continue
        values = (
            st.sampled_from(known[parameter["name"]]) if parameter["name"] in known else st.integers(0, 600)
        )
        either = st.one_of(_made(parameter["schema"]), values, _JUNK)
        query[parameter["name"]] = str(draw(either))
    return query


@pytest.mark.parametrize("name", sorted(_DESCRIBED))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_answer_is_described_whatever_is_asked(desk: Desk, name: str, data: st.DataObject) -> None:
    method, template, operation = _DESCRIBED[name]
    known = desk.known()

    def part(match: re.Match[str]) -> str:
        real = st.sampled_from(known[match[1]])
        odd = st.sampled_from(["0", "x", "-1", "9" * 30, "%00", "\u0661"])
        return str(data.draw(st.one_of(real, real, real, odd)))

    path = re.sub(r"\{(\w+)\}", part, template)
    body, kind = None, "application/json"
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        value = _spoilt(data.draw(_made(content["application/json"]["schema"])), known, data.draw)
        body = data.draw(_BROKEN) if data.draw(st.integers(0, 9)) == 0 else json.dumps(value).encode()
    elif content:
        body = _PAUSE.replace(b"203", data.draw(st.sampled_from([b"203", b"204", b"1", b'"x"', b"{"])))
        kind = data.draw(
            st.sampled_from(["multipart/form-data; boundary=b", "multipart/form-data", "text/x"])
        )
    _conforms(operation, desk.ask(method, path, _query(operation, known, data.draw), body, kind))


@pytest.mark.parametrize("fault", [Fault.CRASH, Fault.CONFLICT, Fault.BARE, Fault.LOCKED])
def test_the_errors_too(desk: Desk, fault: Fault) -> None:
    magicline = desk.asking.magicline
    magicline.fail(ANY, fault)
    method, path, operation = _DESCRIBED["getUtilization"]
    answer = desk.ask(method, path, {}, None, "")
    assert answer.status_code in (400, 409, 429, 500)
    _conforms(operation, answer)


# --- samples --------------------------------------------------------------------------------------------

_SAMPLES = {
    sample["_source"]["request"]: sample["payload"]
    for sample in (json.loads(file.read_text("utf-8")) for file in (_FIXTURES / "samples").glob("*.json"))
    if "request" in sample["_source"]
}


def _shape(value: Any, at: str = "") -> set[str]:
    """The names in an answer, dotted; of a list those of all its elements."""
    if isinstance(value, list):
        return {at, *(name for one in value for name in _shape(one, at))}
    if not isinstance(value, dict):
        return {at}
    return {at, *(name for key, inner in value.items() for name in _shape(inner, f"{at}.{key}"))}


@pytest.mark.parametrize(
    "name", [one for one in sorted(_DESCRIBED) if " ".join(_DESCRIBED[one][:2]) in _SAMPLES]
)
def test_the_answers_have_the_shape_of_the_samples(desk: Desk, name: str) -> None:
    """Every name of the sample is in some answer; what is empty here is not looked into."""
    method, path, _ = _DESCRIBED[name]
    values, query, body = _good(desk, name)
    if name == "getCustomersContracts":
        values["customerId"] = desk.gym.who("cancelled").member_id
    if name == "searchCustomers":
        body = {"email": desk.gym.who("paused").email}
    desk.asking.magicline.quirks.nulls = True
    try:
        sent = None if body is None else json.dumps(body).encode()
        answer = desk.ask(method, path.format_map(values), query, sent, "application/json").json()
    finally:
        desk.asking.magicline.quirks.nulls = False
    ours = _shape(answer)
    leaves = {one for one in ours if not any(other.startswith(f"{one}.") for other in ours)}
    missing = {
        one
        for one in _shape(_SAMPLES[f"{method} {path}"])
        if one not in ours and not any(one.startswith(f"{leaf}.") for leaf in leaves)
    }
    # The fee tables of the sample's contract are examples of forms that no contract has all at once.
    assert {one for one in missing if "monthDaysToPrices" not in one and "termsToPrices" not in one} == set()
