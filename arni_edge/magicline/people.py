"""Customers, contracts, visits, staff and the studio, as Magicline writes them.

Only what is named here is taken over. The bank account that comes with every customer is not, and so never
reaches a log, an exception or a database.
"""

from datetime import tzinfo
from typing import Final

from arni_edge.magicline.model import (
    Account,
    CheckIn,
    Closure,
    Contract,
    ContractStatus,
    Customer,
    CustomerStatus,
    Employee,
    Medium,
    MediumKind,
    OpeningSpan,
    Pause,
    Restriction,
    Studio,
    Utilization,
)
from arni_edge.magicline.scalars import (
    Json,
    Unreadable,
    choice,
    each,
    flag,
    identity,
    inner,
    line,
    prose,
    whole,
)
from arni_edge.magicline.times import read_day, read_moment, read_time

_PHONES: Final = ("phonePrivateMobile", "phonePrivate", "phoneBusinessMobile", "phoneBusiness")
_WEEKDAYS: Final = {
    name: number
    for number, name in enumerate("MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY".split())
}


def read_customer(item: Json, studio: tzinfo) -> Customer:
    """One customer, without the bank account.

    Raises:
        Unreadable: It has no number.
    """
    return Customer(
        customer_id=identity(item, "id"),
        number=line(item.get("customerNumber")),
        first_name=line(item.get("firstName")),
        last_name=line(item.get("lastName")),
        phones=_lines(item, _PHONES),
        email=line(item.get("email")),
        birthday=read_day(item.get("dateOfBirth")),
        language=line(inner(item.get("preferredLanguage")).get("languageCode")).lower() or None,
        status=choice(CustomerStatus, item.get("status")),
        # Whoever may not come in must not come in because a word was missing.
        access_refused=flag(item.get("accessRefusal")) is not False,
        restrictions=each(item.get("accessRestrictions"), _restriction),
        pauses=each(item.get("idlePeriods"), _pause),
        mediums=_mediums(item),
        studio_id=whole(item.get("studioId")),
        uuid=line(item.get("uuid")),
        created_at=read_moment(item.get("createdDateTime"), studio),
    )


def read_contract(item: Json) -> Contract:
    """One contract.

    Raises:
        Unreadable: It has no number.
    """
    codes = (line(code) for code in each(item.get("rateCodes"), lambda one: one.get("identifier")))
    return Contract(
        contract_id=identity(item, "id"),
        start=read_day(item.get("startDate")),
        end=read_day(item.get("endDate")),
        rate_name=line(item.get("rateName")),
        rate_codes=tuple(code for code in codes if code),
        status=choice(ContractStatus, item.get("contractStatus")),
        cancelled=flag(item.get("cancelled")) is True,
        cancellation_date=read_day(item.get("cancellationDate")),
        last_cancellation_date=read_day(item.get("lastPossibleCancellationDate")),
        reversed=flag(item.get("reversed")) is True,
    )


def read_account(item: Json) -> Account:
    """What an account says; amounts are not taken over."""
    # Where a word is missing, nobody is said to owe anything.
    return Account(line(item.get("dunningLevel")), flag(item.get("inDebtCollection")) is True)


def read_pause_refuses(item: Json) -> bool:
    """Whether the doors stay shut while a contract rests; also where the rules do not say."""
    return flag(item.get("accessRefusal")) is not False


def read_checkin(item: Json, studio: tzinfo) -> CheckIn:
    """One visit.

    Raises:
        Unreadable: It has no number.
    """
    return CheckIn(
        checkin_id=identity(item, "checkinId"),
        start=read_moment(item.get("checkInDateTime"), studio),
        end=read_moment(item.get("checkOutDateTime"), studio),
        studio_id=whole(item.get("studioId")),
    )


def read_employee(item: Json) -> Employee:
    """Somebody who works for the studio.

    Raises:
        Unreadable: They have no number.
    """
    return Employee(
        employee_id=identity(item, "id"),
        first_name=line(item.get("firstName")),
        last_name=line(item.get("lastName")),
        public_name=line(item.get("publicName")),
        initials=line(item.get("employeeInitials")),
        role=line(item.get("businessRole")),
        email=line(item.get("email")),
        phones=_lines(item, ("phone1", "phone2")),
    )


def read_studio(item: Json, studio: tzinfo) -> Studio:
    """The studio.

    Raises:
        Unreadable: It has no number.
    """
    country = line(item.get("countryCode")).upper()
    street = f"{line(item.get('street'))} {line(item.get('houseNumber'))}".strip()
    city = f"{line(item.get('zip'))} {line(item.get('city'))}".strip()

    def closure(one: Json) -> Closure | None:
        start, end = (read_moment(one.get(key), studio) for key in ("dateTimeFrom", "dateTimeTo"))
        return None if start is None or end is None else Closure(start, end, prose(one.get("reason")))

    return Studio(
        studio_id=identity(item, "studioId"),
        name=line(item.get("name")),
        country=country if len(country) == 2 and country.isascii() and country.isalpha() else None,
        email=line(item.get("email")),
        telephone=line(item.get("telephone")),
        address=", ".join(part for part in (street, city) if part),
        opening=each(item.get("openingHours"), _span),
        public_opening=each(item.get("publicOpeningHours"), _span),
        closures=each(item.get("closingHours"), closure),
        access_codes=flag(inner(item.get("accessCodeConfiguration")).get("enabled")) is True,
    )


def read_utilization(item: Json) -> Utilization:
    """How full it is.

    Raises:
        Unreadable: Nobody counted.
    """
    count = whole(item.get("count"))
    if count is None:
        raise Unreadable("no count")
    return Utilization(count, whole(item.get("capacity")))


def _lines(item: Json, keys: tuple[str, ...]) -> tuple[str, ...]:
    """What stands under some keys, once each."""
    return tuple(dict.fromkeys(text for key in keys if (text := line(item.get(key)))))


def _restriction(item: Json) -> Restriction:
    return Restriction(
        prose(item.get("reason")), read_day(item.get("startDate")), read_day(item.get("endDate"))
    )


def _pause(item: Json) -> Pause | None:
    start = read_day(item.get("startDate"))
    if start is None:
        return None
    return Pause(
        start=start,
        end=read_day(item.get("endDate")),
        unlimited=flag(item.get("unlimited")) is True,
        reason=prose(item.get("reason")),
        contract_id=whole(inner(item.get("contract")).get("id")),
    )


def _mediums(item: Json) -> tuple[Medium, ...]:
    """Cards, codes and passes; older answers know only card numbers, in a list of their own."""
    named = each(
        item.get("accessMediums"),
        lambda one: Medium(choice(MediumKind, one.get("type")), line(one.get("value"))),
    )
    numbers = item.get("cardNumbers")
    cards = [line(one) for one in numbers] if isinstance(numbers, list) else []
    every = (*named, *(Medium(MediumKind.CARD_NUMBER, card) for card in cards))
    return tuple(dict.fromkeys(medium for medium in every if medium.value))


def _span(item: Json) -> OpeningSpan | None:
    first, last = (_WEEKDAYS.get(line(item.get(key))) for key in ("dayOfWeekFrom", "dayOfWeekTo"))
    start, end = read_time(item.get("timeFrom")), read_time(item.get("timeTo"))
    if first is None or start is None or end is None:
        return None
    return OpeningSpan(first, first if last is None else last, start, end)
