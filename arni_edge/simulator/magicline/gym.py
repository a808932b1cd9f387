"""The simulated studio as Magicline knows it: people, plan, devices, and what is told by webhook."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from arni_edge.simulator.magicline.asking import absent
from arni_edge.simulator.magicline.diary import Diary
from arni_edge.simulator.magicline.people import STUDIO, Registry, employ, populate
from arni_edge.simulator.magicline.quirks import Quirks
from arni_edge.simulator.magicline.records import CheckIn, Contract, Device, Member, Pause
from arni_edge.simulator.magicline.spelling import ZONE, time_of_day
from arni_edge.simulator.magicline.timetable import Timetable

Tell = Callable[..., None]
"""Tells an event: its type, the id that it is about, and its content."""

STAY: Final = timedelta(hours=3)
"""Whoever has not checked out leaves by themselves after so long."""

_COUNTRIES = {"DE": "Germany", "AT": "Austria", "CH": "Switzerland"}
_DAYS = "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY".split()


class Gym:
    """The state behind the API. Tests may change it, as the people at the desk do.

    Attributes:
        studio_id: Its id.
        quirks: Its habits.
        members: Everybody, by id; those who vanished too.
        crowd: The ids of those whom the timetable books by itself; nobody else is in a class at first.
        employees: By id.
        devices: By id.
        timetable: Classes, slots and their bookings.
        diary: Appointments and their bookings.
        capacity: How many fit in; None: nobody counts.
        country: Where it is (ISO 3166-1 alpha-2).
        access_codes: Whether members get QR codes.
        product_prices: Euros by shelf of the vending machine.
        activated: Whether the integration was confirmed; before that no event is sent.
        leads: What leads were made of, by ``externalIdentifier`` or ``thirdPartyId``.
    """

    studio_id: Final = STUDIO

    def __init__(self, now: Callable[[], datetime], dice: Random, *, crowd: int, quirks: Quirks) -> None:
        """The gym opens with its members.

        Args:
            now: The server's clock.
            dice: For everything that is left to chance.
            crowd: How many ordinary members, besides those with a role.
            quirks: Its habits.
        """
        self._clock = now
        self._dice = dice
        self.quirks = quirks
        self.tell: Tell = lambda *_, **__: None
        self.registry = Registry(dice, self.now())
        self.members = {one.member_id: one for one in populate(self.registry, crowd)}
        self.crowd = [key for key, one in self.members.items() if not one.role]
        self.employees = {one.employee_id: one for one in employ()}
        self.devices = {
            26: Device(26, "Turnstile (left)", "GENERIC_CARD_READER"),
            27: Device(27, "Vending machine", "GENERIC_VENDING_READER"),
            28: Device(28, "Solarium", "GENERIC_TIME_READER"),
        }
        self.capacity: int | None = 120
        self.country = "DE"
        self.access_codes = True
        self.activated = False
        self.product_prices = {"1": 1.29, "2": 2.5}
        self.leads: dict[str, dict[str, Any]] = {}
        self.timetable = Timetable(self)
        self.diary = Diary(self)

    def now(self) -> datetime:
        """The server's clock, in the studio's time."""
        return self._clock().astimezone(ZONE)

    def today(self) -> date:
        """The day in the studio."""
        return self.now().date()

    @property
    def dice(self) -> Random:
        """For what is left to chance."""
        return self._dice

    # --- people -----------------------------------------------------------------------------------------

    def who(self, role: str) -> Member:
        """Who has one of the roles of ``people.ROLES``."""
        return next(one for one in self.members.values() if one.role == role)

    def member(self, member_id: int) -> Member:
        """Somebody who can be asked for.

        Raises:
            ApiError: Nobody, or they vanished.
        """
        found = self.members.get(member_id)
        if found is None or not found.listed:
            raise absent("The customer")
        return found

    def contract(self, contract_id: int) -> tuple[Member, Contract]:
        """A contract and whose it is.

        Raises:
            ApiError: There is none.
        """
        for one in self.members.values():
            for contract in one.contracts:
                if contract.contract_id == contract_id and one.listed:
                    return one, contract
        raise absent("The contract")

    def add_member(self, *, told: bool = True, status: str = "MEMBER", **changes: Any) -> Member:
        """Somebody signs up.

        Args:
            told: Whether the event is sent.
            status: ``MEMBER``, or ``PROSPECT`` without a contract.
            changes: Attributes of the :class:`Member`.
        """
        member = self.registry.member(status=status)
        for name, value in changes.items():
            setattr(member, name, value)
        self.members[member.member_id] = member
        if told:
            self.tell("CUSTOMER_CREATED", member.member_id)
        return member

    def change(self, member: Member, *, told: bool = True, **changes: Any) -> None:
        """The desk changes attributes of somebody."""
        for name, value in changes.items():
            setattr(member, name, value)
        if told:
            self.tell("CUSTOMER_UPDATED", member.member_id)

    def remove(self, member: Member, *, told: bool = False) -> None:
        """Somebody vanishes: in no list, 404 by id, without a tombstone; and mostly nobody is told."""
        member.listed = False
        if told:
            self.tell("CUSTOMER_DELETED", member.member_id)

    def pause(
        self, member: Member, start: date, end: date, *, told: bool = True, unlimited: bool = False
    ) -> Pause:
        """The desk pauses somebody's first contract."""
        pause = Pause(self.registry.new_id(), start, end, "Krankheit", 204, unlimited=unlimited)
        contract = member.contracts[0]
        contract.pauses.append(pause)
        if told:
            content = {"contractId": contract.contract_id, "idlePeriodId": pause.pause_id}
            self.tell("CONTRACT_IDLE_PERIOD_CREATED", member.member_id, **content)
        return pause

    def accept(self, pause: Pause) -> None:
        """The staff accepts a pause that a member asked for."""
        pause.accepted = True
        for member in self.members.values():
            for contract in member.contracts:
                if pause in contract.pauses:
                    content = {"contractId": contract.contract_id, "idlePeriodId": pause.pause_id}
                    self.tell("CONTRACT_IDLE_PERIOD_UPDATED", member.member_id, **content)

    # --- visits -----------------------------------------------------------------------------------------

    def check_in(self, member: Member, *, told: bool = True) -> CheckIn:
        """Somebody comes in; a visit that was still open ends."""
        self.check_out(member, told=False)
        visit = CheckIn(self.registry.new_id(), self.now())
        member.visits.append(visit)
        if told:
            self.tell("CUSTOMER_CHECKIN", member.member_id)
        return visit

    def check_out(self, member: Member, *, told: bool = True) -> None:
        """Somebody leaves."""
        for visit in member.visits:
            if visit.left is None:
                visit.left = min(self.now(), visit.came + STAY)
                if told:
                    self.tell("CUSTOMER_CHECKOUT", member.member_id)

    def inside(self) -> int:
        """How many are in."""
        now = self.now()
        return sum(
            any(visit.left is None and now - visit.came < STAY for visit in member.visits)
            for member in self.members.values()
        )

    # --- the studio -------------------------------------------------------------------------------------

    def information(self) -> dict[str, Any]:
        """The ``StudioInformation``."""
        holiday = date(self.today().year, 12, 25)
        hours = [
            {"dayOfWeekFrom": day, "dayOfWeekTo": day, "timeFrom": time_of_day(6), "timeTo": time_of_day(23)}
            for day in _DAYS
        ]
        return {
            "studioId": self.studio_id,
            "name": "Simulated Gym",
            "description": "A gym that does not exist",
            "country": _COUNTRIES.get(self.country, self.country),
            "countryCode": self.country,
            "email": "studio@example.org",
            "telephone": "030/901820-10",
            "street": "Kastanienallee",
            "houseNumber": "83",
            "zip": "10435",
            "city": "Berlin",
            "openingDate": "2020-06-11",
            "closingDate": None,
            "logoUrl": None,
            "website": "https://studio.example",
            "location": {"longitude": 13.41, "latitude": 52.54},
            "studioTags": [],
            "accessCodeConfiguration": {"enabled": self.access_codes},
            "openingHours": hours,
            "publicOpeningHours": hours,
            "closingHours": [
                {
                    "reason": "Weihnachten",
                    "dateTimeFrom": f"{holiday}T00:00:00",
                    "dateTimeTo": f"{holiday + timedelta(days=1)}T00:00:00",
                }
            ],
        }

    def closed(self, moment: datetime) -> bool:
        """Whether nobody can train then."""
        day = moment.astimezone(ZONE).date()
        return (day.month, day.day) == (12, 25)
