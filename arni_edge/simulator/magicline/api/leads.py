"""Leads: what a studio wants to know of somebody new, and who became one."""

from datetime import date
from typing import Any, Final

from arni_edge.simulator.magicline.asking import ApiError, Ask, Fields, Operation
from arni_edge.simulator.magicline.gym import Gym

_OPTIONAL: Final = ("secondFirstname", "secondLastname", "telephone", "thirdPartyId")


def _config(_: Gym, __: Ask) -> Any:
    return {
        "addressMode": "OPTIONAL",
        "dateOfBirthMode": "OPTIONAL",
        "genderMode": "INACTIVE",
        "telephoneMode": "MANDATORY",
        "additionalInformation": [],
        "communicationPreferences": [],
    }


def _verdict(gym: Gym, fields: Fields) -> tuple[str, Fields, date | None]:
    lead = fields.inner("leadCustomer")
    first, last, email = (lead.text(name) for name in ("firstname", "lastname", "email"))
    for name in _OPTIONAL:
        lead.optional(name)
    born = lead.day("dateOfBirth") if lead.has("dateOfBirth") else None
    if fields.has("address"):
        address = fields.inner("address")
        for name in ("street", "houseNumber", "zipCode", "city", "countryCode"):
            address.text(name)
    known = (one for one in gym.members.values() if one.listed and one.email == email)
    if any((one.first_name, one.last_name) == (first, last) for one in known):
        return "DUPLICATE_CUSTOMER", lead, born
    good = first and last and "@" in email and lead.has("telephone")
    return "POSSIBLE" if good else "INVALID_LEAD_DATA", lead, born


def _validate(gym: Gym, ask: Ask) -> Any:
    return {"status": _verdict(gym, ask.fields())[0]}


def _create(gym: Gym, ask: Ask) -> Any:
    fields = ask.fields()
    verdict, lead, born = _verdict(gym, fields)
    own_id = fields.optional("externalIdentifier") or lead.optional("thirdPartyId")
    if verdict != "POSSIBLE":
        raise ApiError(
            400, f"The lead cannot be created: {verdict}", code=f"errormessage.lead.{verdict.lower()}"
        )
    member = gym.add_member(
        status="PROSPECT",
        first_name=lead.text("firstname"),
        last_name=lead.text("lastname"),
        email=lead.text("email"),
        phones={"phonePrivateMobile": lead.text("telephone")},
        third_party_id=own_id,
    )
    member.born = born or member.born
    created = {
        "id": member.member_id + 1_000_000,
        "customerId": member.member_id,
        "uuid": member.uuid,
        "customerNumber": member.number,
    }
    gym.leads[own_id or member.uuid] = created
    return created


OPERATIONS: Final = (
    Operation("getleadconfig", "GET", "/v1/leads/config", "LEAD_READ", _config),
    Operation("validateforleadcreation", "POST", "/v1/leads/validate", "LEAD_READ", _validate),
    Operation("createlead", "POST", "/v1/leads/create", "LEAD_WRITE", _create),
)
