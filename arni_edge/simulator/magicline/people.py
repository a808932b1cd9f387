"""Who trains in the simulated gym: a crowd by dice, and one of each kind that makes trouble."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from arni_edge.simulator.magicline.records import (
    CheckIn,
    Contract,
    Employee,
    Medium,
    Member,
    Pause,
    Restriction,
)
from arni_edge.simulator.magicline.spelling import at

FIRST_MEMBER: Final = 5_229_488_491
"""Beyond 32 bits, as ids of the real one are."""
STUDIO: Final = 1_238_735_970
OTHER_STUDIO: Final = 1_238_735_971

ROLES: Final = (
    "ordinary",
    "paused",
    "paused_unlimited",
    "pause_over",
    "pause_lenient",
    "cancelled",
    "former",
    "in_arrears",
    "in_collection",
    "access_refused",
    "restricted",
    "restriction_over",
    "mother",
    "child",
    "no_phone",
    "odd_phone",
    "reversed",
    "other_studio",
    "prospect",
    "english",
)
"""Who is there exactly once; the crowd has none of it."""

_GIRLS = "Anna Lena Ayşe Marie Sofia Emily Hanna Zoë Katarzyna Nele Mia Leyla Ida Małgorzata Clara".split()
_BOYS = "Jonas Paul Mehmet Finn Luca Björn Piotr Max Can Tobias Noah Emil René Oskar David Søren".split()
_LAST = (
    "Müller Schmidt Şimşek Weber Nowak Fischer Kaya Großmann Hoffmann Øster Kowalski Lehmann Demir Braun"
    " Krüger O'Neill von-Thun Zimmermann Çelik Vogel"
).split()
_STREETS = "Kastanienallee Torstraße Schönhauser-Allee Lychener-Straße Danziger-Straße".split()
_RATES: Final = (("Basic", 19.9), ("Premium", 29.9), ("Student", 24.9), ("Off-Peak", 15.0))


@dataclass(slots=True)
class Registry:
    """Makes people whose ids follow each other.

    Attributes:
        dice: Of this gym.
        now: When it opens.
    """

    dice: Random
    now: datetime
    made: int = 0
    numbers: int = 0

    @property
    def today(self) -> date:
        """The day on which it opens."""
        return self.now.date()

    def new_id(self) -> int:
        """An id for whatever belongs to people."""
        self.numbers += 1
        return 6_100_000_000 + self.numbers

    def member(self, role: str = "", *, status: str = "MEMBER") -> Member:
        """Somebody with a contract, a card and a telephone."""
        self.made += 1
        dice, number = self.dice, self.made
        girl = dice.random() < 0.5
        first, last = dice.choice(_GIRLS if girl else _BOYS), dice.choice(_LAST)
        days = dice.randrange(30, 1500)
        member = Member(
            member_id=FIRST_MEMBER + number - 1,
            number=f"1-{10002 + number}",
            first_name=first,
            last_name=last,
            born=date(dice.randrange(1950, 2006), dice.randrange(1, 13), dice.randrange(1, 29)),
            email=f"member{number}@example.org",
            gender="FEMALE" if girl else "MALE",
            street=dice.choice(_STREETS),
            house=str(dice.randrange(1, 120)),
            zip_code=f"104{dice.randrange(35, 40)}",
            status=status,
            created=at(self.today - timedelta(days=days), 17, 42),
            uuid=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            studio_id=STUDIO,
            iban=_iban(number),
            role=role,
            # Invented, in the shape in which a desk types them.
            phones={"phonePrivateMobile": f"+49 176 040{number:05d}"},
        )
        if status != "PROSPECT":
            self._sign(member, days)
        return member

    def _sign(self, member: Member, days: int) -> None:
        rate, price = self.dice.choice(_RATES)
        start = self.today - timedelta(days=days)
        term = 365
        end = start + timedelta(days=term * (days // term + 1))
        if end - self.today < timedelta(days=40):
            end += timedelta(days=term)
        member.contracts.append(Contract(self.new_id(), start, end, rate, price, start - timedelta(days=3)))
        number = self.made
        member.mediums += [
            Medium(self.new_id(), "CARD_NUMBER", str(1_173_673_668_653_440 + number - 1)),
            Medium(self.new_id(), "PIN", f"{12377 + number}"),
            Medium(self.new_id(), "BARCODE", f"PSZE{number:05d}"),
        ]
        for visit in range(self.dice.randrange(0, 9), 0, -1):
            came = at(
                self.today - timedelta(days=3 * visit), self.dice.randrange(7, 20), self.dice.randrange(60)
            )
            left = came + timedelta(minutes=self.dice.randrange(35, 130))
            member.visits.append(CheckIn(self.new_id(), came, left))


def _iban(number: int) -> str:
    """A German account number with a right check digit, at a bank that does not exist."""
    account = f"99999999{number:010d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def populate(registry: Registry, crowd: int) -> list[Member]:
    """One of each of :data:`ROLES`, then a crowd.

    Args:
        registry: Makes them.
        crowd: How many ordinary members besides.
    """
    everybody: list[Member] = []
    for role in ROLES:
        member = registry.member(role, status="PROSPECT" if role == "prospect" else "MEMBER")
        _Trouble(registry, member, everybody).make()
        everybody.append(member)
    return everybody + [registry.member() for _ in range(crowd)]


@dataclass(slots=True)
class _Trouble:
    """Makes somebody what their role says; a method for each that needs one."""

    registry: Registry
    member: Member
    before: list[Member]

    def make(self) -> None:
        getattr(self, f"_{self.member.role}", lambda: None)()

    def _in(self, days: int) -> date:
        return self.registry.today + timedelta(days=days)

    def _rest(self, start: int, end: int, *, unlimited: bool = False) -> None:
        own = self.registry.new_id()
        pause = Pause(own, self._in(start), self._in(end), "Urlaub", 203, unlimited=unlimited)
        self.member.contracts[0].pauses.append(pause)

    def _paused(self) -> None:
        self._rest(-10, 20)

    def _paused_unlimited(self) -> None:
        self._rest(-60, -30, unlimited=True)

    def _pause_over(self) -> None:
        self._rest(-90, -60)

    def _pause_lenient(self) -> None:
        self._rest(-10, 20)
        self.member.contracts[0].pause_refuses = False

    def _cancelled(self) -> None:
        contract = self.member.contracts[0]
        contract.cancelled_on, contract.reason = self._in(-20), "Umzug"
        contract.end, contract.cancelation = self._in(45), "CANCELED"

    def _former(self) -> None:
        self.member.status = "FORMER_MEMBER"
        contract = self.member.contracts[0]
        contract.cancelled_on, contract.end = self._in(-120), self._in(-30)

    def _in_arrears(self) -> None:
        self.member.owes, self.member.dunning = 59.8, "Mahnstufe 1"

    def _in_collection(self) -> None:
        self.member.owes, self.member.dunning = 358.8, "Mahnstufe 3"
        self.member.collection = self.member.access_refused = True

    def _access_refused(self) -> None:
        self.member.access_refused = True

    def _restricted(self) -> None:
        self.member.restrictions.append(Restriction("Hausverbot", self._in(-5), self._in(25)))

    def _restriction_over(self) -> None:
        self.member.restrictions.append(Restriction("Verwarnung", self._in(-60), self._in(-30)))

    def _mother(self) -> None:
        self.member.phones = {"phonePrivate": "030/901820", "phonePrivateMobile": "+49 176 04099901"}

    def _child(self) -> None:
        self.member.last_name = self.before[-1].last_name
        self.member.born = date(self.registry.today.year - 14, 5, 4)
        self.member.phones = {"phonePrivateMobile": "0176 - 04099901"}

    def _no_phone(self) -> None:
        self.member.phones = {}

    def _odd_phone(self) -> None:
        self.member.phones = {
            "phonePrivate": "0171/123 45 67 (abends)",
            "phoneBusinessMobile": "0049171 1234567",
        }

    def _reversed(self) -> None:
        self.member.contracts[0].reversed = True

    def _other_studio(self) -> None:
        self.member.studio_id = OTHER_STUDIO

    def _english(self) -> None:
        self.member.language = "en"


def employ() -> list[Employee]:
    """Who works here."""
    names = (
        ("Sabine", "Kern", "STUDIO_OWNER", "FEMALE"),
        ("Anna", "Chodak", "TRAINER", "FEMALE"),
        ("Timo", "Reuter", "TRAINER", "MALE"),
        ("Yusuf", "Aydin", "TRAINER", "MALE"),
        ("Petra", "Lind", "SERVICE_EMPLOYEE", "FEMALE"),
    )
    return [Employee(101 + index, *name) for index, name in enumerate(names)]
