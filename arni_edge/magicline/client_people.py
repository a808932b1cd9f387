"""Questions about people: customers, contracts, visits, staff."""

from datetime import date, timedelta, tzinfo
from typing import Final

from arni_edge.domain.errors import InvalidInput
from arni_edge.magicline import operations as op
from arni_edge.magicline import people
from arni_edge.magicline.asking import Asking
from arni_edge.magicline.model import (
    Account,
    CheckIn,
    Contract,
    ContractStatus,
    Customer,
    CustomerStatus,
    Employee,
    Page,
)
from arni_edge.magicline.scalars import Json

_MOST_CHECKIN_DAYS: Final = 365


class PeopleQuestions:
    """What the client can ask about people; see :mod:`arni_edge.magicline.client` for what may go wrong."""

    _asking: Asking
    _zone: tzinfo

    async def customers(
        self, status: CustomerStatus = CustomerStatus.MEMBER, offset: str | None = None
    ) -> Page[Customer]:
        """Up to 500 customers; former ones cannot be listed, and there is no "changed since".

        Args:
            status: ``MEMBER`` or ``PROSPECT``.
            offset: Of the page before, or None for the first.
        """
        params = {"customerStatus": status.value}
        return await self._asking.page(op.CUSTOMERS, self._customer, offset, params=params)

    async def customer(self, customer_id: int) -> Customer | None:
        """One customer, or None when this studio has none with this number (any more)."""
        return await self._asking.one(op.CUSTOMER, self._customer, customer_id)

    async def contracts(self, customer_id: int, status: ContractStatus | None = None) -> Page[Contract]:
        """All contracts of a customer, on one page.

        Args:
            customer_id: Whose.
            status: Only those that run, or only those that do not.
        """
        params = {"status": status.value} if status else {}
        return await self._asking.whole(op.CONTRACTS, people.read_contract, customer_id, params=params)

    async def account(self, customer_id: int) -> Account | None:
        """Whether a customer is dunned, or None when this studio has none with this number."""
        return await self._asking.one(op.ACCOUNT, people.read_account, customer_id)

    async def pause_refuses(self, contract_id: int) -> bool | None:
        """Whether the doors stay shut while a contract rests, or None when there is no such contract."""
        return await self._asking.one(op.PAUSE_RULES, people.read_pause_refuses, contract_id)

    async def checkins(
        self, customer_id: int, since: date, until: date, offset: str | None = None
    ) -> Page[CheckIn]:
        """Up to 50 visits of a customer.

        Args:
            customer_id: Whose.
            since: First day.
            until: Last day, at most 365 days later.
            offset: Of the page before, or None for the first.

        Raises:
            InvalidInput: That is more than Magicline answers.
        """
        if not timedelta(0) <= until - since <= timedelta(days=_MOST_CHECKIN_DAYS):
            raise InvalidInput(f"visits can be read for at most {_MOST_CHECKIN_DAYS} days at once")
        params = {"fromDate": since.isoformat(), "toDate": until.isoformat()}
        return await self._asking.page(op.CHECKINS, self._checkin, offset, customer_id, params=params)

    async def employees(self, offset: str | None = None) -> Page[Employee]:
        """Up to 100 people who work for the studio."""
        return await self._asking.page(op.EMPLOYEES, people.read_employee, offset)

    def _customer(self, item: Json) -> Customer:
        return people.read_customer(item, self._zone)

    def _checkin(self, item: Json) -> CheckIn:
        return people.read_checkin(item, self._zone)
