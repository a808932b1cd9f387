"""The double of Magicline keeps a studio as the reference describes it: keys, pages, spellings, people."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
import pytest_asyncio
from support.clock import ManualClock
from support.simulated_magicline import Asking, asking

from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.magicline import NEW_ENUMS, SimulatedMagicline
from arni_edge.simulator.magicline.people import ROLES


@pytest_asyncio.fixture
async def ask() -> AsyncIterator[Asking]:
    async with asking(clock=ManualClock(), members=130) as one:
        yield one


# --- keys and scopes ------------------------------------------------------------------------------------


async def test_the_key_decides_and_can_be_probed_on_any_path(ask: Asking) -> None:
    url, key = ask.magicline.url, {"x-api-key": ask.magicline.api_key}
    assert (await ask.http.head(f"{url}/v1/there/is/no/such/thing", headers=key)).status_code == 200
    assert (await ask.http.head(f"{url}/v1/customers")).status_code == 401
    assert (await ask.http.get(f"{url}/v1/studios/utilization")).json()[
        "errorMessage"
    ] == "Authentication failed"
    ask.magicline.revoked = True
    assert (await ask.http.head(f"{url}/", headers=key)).status_code == 401
    assert await ask.refused("GET", "/v1/studios/utilization") == "401"
    assert ask.magicline.counts["probe"] == 3


async def test_what_is_not_allowed_or_not_simulated_or_not_there(ask: Asking) -> None:
    ask.magicline.scopes = {"STUDIO_READ"}
    await ask.get("/v1/studios/information")
    assert await ask.refused("GET", "/v1/customers") == "403 errormessage.scope.missing"
    assert (await ask("POST", "/v1/studios/confirmActivation")).status_code == 200  # needs none
    ask.magicline.scopes = None
    assert await ask.refused("GET", "/v1/taxadvisor/exports/7") == "403 errormessage.scope.missing"
    assert await ask.refused("GET", "/v1/employees/101/shifts") == "404"
    answer = await ask("DELETE", "/v1/customers")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    # With customer 0 and no body, a write says whether it is reachable, and does nothing.
    assert (await ask("POST", "/v1/classes/booking/book", {})).status_code == 400


# --- pages ----------------------------------------------------------------------------------------------


async def test_every_member_on_some_page_and_nobody_twice(ask: Asking) -> None:
    found, offset = [], None
    while True:
        page = await ask.get("/v1/customers", sliceSize=50, **({"offset": offset} if offset else {}))
        found += [one["id"] for one in page["result"]]
        assert isinstance(page["offset"], str)
        offset = page["offset"]
        if not page["hasNext"]:
            break
        assert offset == str(found[-1])  # here it is the last id
    members = [one for one in ask.magicline.gym.members.values() if one.status == "MEMBER"]
    assert found == sorted(one.member_id for one in members)
    assert len(found) == 130 + len(ROLES) - 2
    assert found[0] > 2**32
    prospects = await ask.get("/v1/customers", customerStatus="PROSPECT")
    assert [one["status"] for one in prospects["result"]] == ["PROSPECT"]
    assert await ask.refused("GET", "/v1/customers", customerStatus="FORMER_MEMBER") == (
        "400 errormessage.validation.invalid"
    )


async def test_a_page_can_be_too_large_and_too_small(ask: Asking) -> None:
    for path, low, high in (
        ("/v1/customers", 50, 500),
        ("/v1/classes", 10, 100),
        ("/v1/employees", 10, 100),
        (f"/v1/customers/{ask.magicline.gym.who('ordinary').member_id}/activities/checkins", 1, 50),
    ):
        for size in (low, high):
            await ask.get(path, sliceSize=size)
        assert await ask.refused("GET", path, sliceSize=high + 1) == "400 errormessage.validation.max"
        assert await ask.refused("GET", path, sliceSize=low - 1) == "400 errormessage.validation.min"


async def test_an_offset_is_an_id_here_and_a_count_there(ask: Asking) -> None:
    gym = ask.magicline.gym
    own = await ask.get("/v1/classes/1210000001/slots", sliceSize=10)
    assert own["offset"] == str(own["result"][-1]["id"])
    every = await ask.get("/v1/classes/slots", daysAhead=14, sliceSize=10)
    assert (every["offset"], every["hasNext"]) == ("10", True)
    rest = await ask.get("/v1/classes/slots", daysAhead=14, sliceSize=100, offset=every["offset"])
    ids = [one["id"] for one in every["result"] + rest["result"]]
    assert len(set(ids)) == len(ids) == 5 * 14
    assert {one["classInformation"]["id"] for one in rest["result"]} == set(gym.timetable.classes)


async def test_what_it_does_not_know_it_ignores(ask: Asking) -> None:
    plain = await ask.get("/v1/customers")
    assert await ask.get("/v1/customers", size=500, page=2, limit=7) == plain
    assert ask.magicline.asked("getCustomers")[-1].unknown == ("limit", "page", "size")
    ask.magicline.quirks.unknown_parameters_refused = True
    assert (await ask("GET", "/v1/customers", size=500)).status_code == 400


# --- people ---------------------------------------------------------------------------------------------


async def test_one_of_each_kind_that_makes_trouble(ask: Asking) -> None:
    gym, today = ask.magicline.gym, ask.magicline.gym.today().isoformat()
    who = {role: await ask.get(f"/v1/customers/{gym.who(role).member_id}") for role in ROLES}
    (pause,) = who["paused"]["idlePeriods"]
    assert pause["startDate"] <= today <= pause["endDate"]
    (endless,) = who["paused_unlimited"]["idlePeriods"]
    assert endless["unlimited"]
    assert endless["endDate"] < today
    assert who["access_refused"]["accessRefusal"]
    (restriction,) = who["restricted"]["accessRestrictions"]
    assert restriction["startDate"] <= today <= restriction["endDate"]
    digits = [re.sub(r"\D", "", who[role]["phonePrivateMobile"])[-8:] for role in ("mother", "child")]
    assert digits[0] == digits[1]
    assert not any(name.startswith("phone") for name in who["no_phone"])
    assert who["former"]["status"] == "FORMER_MEMBER"
    assert who["other_studio"]["studioId"] != gym.studio_id
    (contract,) = await ask.get(f"/v1/customers/{who['cancelled']['id']}/contracts", status="ACTIVE")
    assert contract["cancelled"]
    assert contract["endDate"] > today
    (ended,) = await ask.get(f"/v1/customers/{who['former']['id']}/contracts", status="INACTIVE")
    assert ended["endDate"] < today
    (void,) = await ask.get(f"/v1/customers/{who['reversed']['id']}/contracts")
    assert void["reversed"]
    balance = await ask.get(f"/v1/customers/{who['in_arrears']['id']}/account/balances")
    assert balance["accountBalance"]["amount"] < 0
    assert (await ask.get(f"/v1/customers/{who['in_collection']['id']}/account/balances"))["inDebtCollection"]


async def test_every_customer_brings_a_bank_account(ask: Asking) -> None:
    everybody = (await ask.get("/v1/customers", sliceSize=500))["result"]
    ibans = [one["bankAccount"]["iban"] for one in everybody]
    assert len(set(ibans)) == len(ibans)
    for iban in ibans:  # ISO 13616: "DE00" goes behind, letters become numbers
        assert int(iban[4:] + "1314" + iban[2:4]) % 97 == 1
    ask.magicline.quirks.bank_data = False
    assert "bankAccount" not in (await ask.get("/v1/customers"))["result"][0]


async def test_somebody_is_found_by_what_they_have(ask: Asking) -> None:
    member = ask.magicline.gym.who("ordinary")
    for query in (
        {"cardNumber": "1173673668653440"},
        {"cardNumber": "042b73321a3180", "cardNumberFormat": "HEX_MSB"},
        {"cardNumber": "80311a32732b04", "cardNumberFormat": "HEX_LSB"},
        {"customerNumber": member.number},
        {"qrCodeUuid": member.uuid},
        {"pin": "12378"},
        {"barcode": "PSZE00001"},
    ):
        assert (await ask.get("/v1/customers/by", **query))["id"] == member.member_id
    written = await ask.get(f"/v1/customers/{member.member_id}", cardNumberFormat="HEX_LSB")
    assert written["cardNumbers"] == ["80311a32732b04"]
    assert (await ask("GET", "/v1/customers/by", customerNumber="1-0")).status_code == 404
    assert (await ask("GET", "/v1/customers/by")).status_code == 400
    found = await ask.post("/v1/customers/search", {"lastName": member.last_name[:3].lower()})
    assert member.member_id in [one["id"] for one in found]
    phone = {"phoneNumber": member.phones["phonePrivateMobile"]}
    assert await ask.post("/v1/customers/search", phone) == []
    ask.magicline.quirks.phone_search = True
    assert [one["id"] for one in await ask.post("/v1/customers/search", phone)] == [member.member_id]


async def test_somebody_vanishes_without_a_word(ask: Asking) -> None:
    gym = ask.magicline.gym
    gym.activated = True
    member = gym.who("ordinary")
    gym.remove(member)
    assert await ask.refused("GET", f"/v1/customers/{member.member_id}") == "404 errormessage.entity.notfound"
    assert member.member_id not in [one["id"] for one in (await ask.get("/v1/customers"))["result"]]
    assert not ask.magicline.webhooks.told


# --- spellings ------------------------------------------------------------------------------------------


async def test_moments_are_spelled_differently_from_family_to_family(ask: Asking) -> None:
    gym = ask.magicline.gym
    zoned = r"\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000\+0[12]:00\[Europe/Berlin\]"
    (slot,) = (await ask.get("/v1/classes/slots", daysAhead=1, sliceSize=10))["result"][:1]
    for name in ("startDateTime", "endDateTime", "earliestBookingDateTime", "latestBookingDateTime"):
        assert re.fullmatch(zoned, slot[name])
    member = gym.add_member()
    gym.check_in(member)
    path = f"/v1/customers/{member.member_id}"
    assert re.fullmatch(zoned, (await ask.get(path))["createdDateTime"])
    visit = (await ask.get(f"{path}/activities/checkins"))["result"][0]
    assert visit["checkInDateTime"] == "2026-11-18T12:00:00+01:00"
    assert (await ask.get(f"{path}/access-code"))["expiresAt"] == "2026-11-18T11:05:00Z"
    wanted = {"amount": 29.9, "scope": "ECOM", "referenceText": "Beitrag"}
    session = await ask.post("/v1/payments/user-session", wanted)
    assert session["tokenValidUntil"] == "2026-11-18T11:30:00.000000Z"
    studio = await ask.get("/v1/studios/information")
    assert studio["closingHours"][0]["dateTimeFrom"] == "2026-12-25T00:00:00"
    assert studio["openingHours"][0]["timeFrom"] == {"hour": 6, "minute": 0, "second": 0, "nano": 0}
    ask.magicline.quirks.set("no-zone-suffix")
    ask.magicline.quirks.set("hours-as-text")
    (slot,) = (await ask.get("/v1/classes/slots", daysAhead=1, sliceSize=10))["result"][:1]
    assert slot["startDateTime"].endswith("+01:00")
    assert (await ask.get("/v1/studios/information"))["openingHours"][0]["timeFrom"] == "06:00:00"


async def test_its_habits_can_be_switched(ask: Asking) -> None:
    quirks, member = ask.magicline.quirks, ask.magicline.gym.who("ordinary")
    path = f"/v1/customers/{member.member_id}"
    plain = await ask.get(path)
    assert "imageUrl" not in plain
    quirks.nulls = quirks.unknown_fields = quirks.loose_scalars = True
    quirks.new_enums = set(NEW_ENUMS)
    odd = await ask.get(path)
    assert odd["imageUrl"] is None
    assert "sinceTomorrow" in odd["preferredLanguage"]
    assert odd["houseNumber"] == int(plain["houseNumber"])
    assert (odd["gender"], odd["status"], odd["accessMediums"][0]["type"]) == ("DIVERSE", "GUEST", "FACE_ID")
    quirks.instructors_hidden = True
    assert (await ask.get("/v1/classes/slots"))["result"][0]["instructors"] == []


# --- visits, pauses, contracts --------------------------------------------------------------------------


async def test_visits_are_counted_and_listed(ask: Asking) -> None:
    gym, member = ask.magicline.gym, ask.magicline.gym.add_member()
    member.visits.clear()
    before = (await ask.get("/v1/studios/utilization"))["count"]
    gym.check_in(member)
    assert (await ask.get("/v1/studios/utilization"))["count"] == before + 1
    ask.magicline.advance(4 * 3600)
    assert (await ask.get("/v1/studios/utilization"))["count"] == before
    path = f"/v1/customers/{member.member_id}/activities/checkins"
    assert len((await ask.get(path))["result"]) == ask.magicline.visits(member.member_id) == 1
    assert (await ask.get(path, fromDate="2026-11-01", toDate="2026-11-17"))["result"] == []
    assert (await ask("GET", path, fromDate="2025-01-01", toDate="2026-11-17")).status_code == 400


async def test_a_pause_is_asked_for_and_waits_for_the_staff(ask: Asking) -> None:
    gym, member = ask.magicline.gym, ask.magicline.gym.add_member()
    path = f"/v1/memberships/{member.contracts[0].contract_id}/self-service/idle-periods"
    config = await ask.get(f"{path}/config")
    wish = {"startDate": config["firstPossibleStartDate"], "temporalUnit": "MONTH", "termValue": 2}

    async def status(without: str = "", **changes: object) -> str:
        sent = {name: value for name, value in (wish | changes).items() if name != without}
        return str((await ask.post(f"{path}/validate", sent))["validationStatus"])

    assert await status() == "IDLEPERIOD_CREATABLE"
    assert await status(startDate="2026-12-02") == "IDLEPERIOD_DATE_NOT_FIRSTDAY_OF_TEMPORALUNIT"
    assert await status(startDate="2026-11-01") == "IDLEPERIOD_DEADLINE_VIOLATED"
    assert await status(termValue=7) == "IDLEPERIOD_MAXIMUM_TERMS_VIOLATED"
    assert await status(without="termValue") == "IDLEPERIOD_TERMVALUE_MISSING"
    pause = '{"reasonId":203,"startDate":"2026-12-01","temporalUnit":"MONTH","termValue":2}'
    made = await ask.http.post(
        f"{ask.magicline.url}{path}",
        headers={"X-API-KEY": ask.magicline.api_key},
        files={"data": ("", pause, "application/json")},
    )
    assert made.json()["state"] == "PENDING_VERIFICATION"
    assert made.json()["endDate"] == "2027-01-31"
    assert await status() == "IDLEPERIOD_PENDING_VERIFICATION"
    assert (await ask.get(f"/v1/customers/{member.member_id}"))["idlePeriods"] == []
    gym.accept(member.contracts[0].pauses[0])
    assert await status() == "IDLEPERIOD_OVERLAPPING"
    assert member.paused(date(2027, 1, 31))
    assert (await ask("DELETE", f"{path}/{made.json()['id']}")).json() == {"success": "true"}
    assert await status() == "IDLEPERIOD_CREATABLE"


async def test_a_contract_ends_on_one_of_the_days_that_are_offered(ask: Asking) -> None:
    member = ask.magicline.gym.add_member()
    path = f"/v1/memberships/{member.member_id}/self-service"
    (before,) = await ask.get(f"{path}/contract-data")
    assert "cancelationStatus" not in before
    (reason, *_) = await ask.get("/v1/memberships/self-service/contract-cancelation-reasons")
    wish = {"contractId": before["id"], "cancelationReasonId": reason["cancelationReasonId"]}
    odd = (date.fromisoformat(before["availableCancelationDates"][0]) + timedelta(days=1)).isoformat()
    refused = await ask("POST", f"{path}/ordinary-contract-cancelation", wish | {"cancelationDate": odd})
    assert refused.status_code == 400
    day = before["availableCancelationDates"][0]
    await ask.post(f"{path}/ordinary-contract-cancelation", wish | {"cancelationDate": day})
    (after,) = await ask.get(f"{path}/contract-data")
    assert (after["cancelationStatus"], after["cancelationDate"]) == ("PENDING_VERIFICATION", day)
    await ask.post(f"{path}/withdraw-ordinary-contract-cancelation/{before['id']}")
    assert await ask.get(f"{path}/contract-data") == [before]


async def test_a_lead_is_found_again_by_our_own_id(ask: Asking) -> None:
    config = await ask.get("/v1/leads/config")
    assert config["telephoneMode"] == "MANDATORY"
    lead = {"leadCustomer": {"firstname": "Neu", "lastname": "Hier", "email": "n@example.org"}}
    assert await ask.post("/v1/leads/validate", lead) == {"status": "INVALID_LEAD_DATA"}
    lead["leadCustomer"]["telephone"] = "030 901820"
    made = await ask.post("/v1/leads/create", lead | {"externalIdentifier": "wa-17"})
    assert ask.magicline.gym.leads["wa-17"]["customerId"] == made["customerId"]
    assert await ask.post("/v1/leads/validate", lead) == {"status": "DUPLICATE_CUSTOMER"}
    assert (await ask("POST", "/v1/leads/create", lead)).status_code == 400


async def test_two_gyms_of_one_seed_are_the_same() -> None:
    gyms = [SimulatedMagicline(clock=ManualClock(), seed=7).gym for _ in range(2)]
    assert gyms[0].members == gyms[1].members
    counts = [[(slot.slot_id, len(slot.bookings)) for slot in gym.timetable.slots()] for gym in gyms]
    assert counts[0] == counts[1]


@pytest.mark.parametrize("word", ["nonsense", "no-nonsense", "appointment-days=x", "zone-suffix=3"])
def test_a_quirk_that_does_not_exist(word: str) -> None:
    with pytest.raises(InvalidInput, match="there is no quirk"):
        SimulatedMagicline().quirks.set(word)
