"""What the door needs to know of a customer besides: contracts, what a pause of one means, debts."""

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from arni_edge.magicline import copies
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.errors import Rejected
from arni_edge.magicline.model import Account, Contract
from arni_edge.storage import Transaction
from arni_edge.storage.magicline import ages, people

T = TypeVar("T")

ACCOUNTS: Final = "accounts"
PAUSES: Final = "pauses"
_WRONG_KEY: Final = 401


@dataclass(frozen=True, slots=True)
class Dossier:
    """What was read.

    Attributes:
        asked_at: When it was asked for.
        contracts: All of theirs.
        pause_refuses: By number of the contract, whether the doors stay shut while it rests; contracts of
            which nobody has said are not in it.
        account: Whether they are dunned; None: nobody has said.
        problems: By part, why something could not be read.
    """

    asked_at: datetime
    contracts: tuple[Contract, ...]
    pause_refuses: Mapping[int, bool] = field(default_factory=dict)
    account: Account | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    async def put(self, tx: Transaction, customer_id: int) -> None:
        """Store it."""
        rows = [
            {
                **copies.contract_row(one, customer_id, self.asked_at),
                "pause_refuses": self.pause_refuses.get(one.contract_id),
            }
            for one in self.contracts
        ]
        await people.put_contracts(tx, customer_id, rows, self.asked_at)
        if self.account is not None:
            await people.put_account(tx, customer_id, self.asked_at, dunned=self.account.dunned)
            await ages.note(tx, ACCOUNTS, self.asked_at, full=False)
        if self.pause_refuses:
            await ages.note(tx, PAUSES, self.asked_at, full=False)
        for part, problem in self.problems.items():
            await ages.failed(tx, part, problem)


async def read_dossier(
    client: MagiclineClient, customer_id: int, resting: Collection[int], asked_at: datetime
) -> Dossier:
    """Read it.

    Args:
        client: Asks.
        customer_id: Whose.
        resting: Contracts that rest, or will.
        asked_at: Now.

    Raises:
        Unavailable: Magicline is away.
        Rejected: It refuses to list contracts, or the key altogether. That the key does not allow the rest is
            a problem that is noted.
    """
    contracts = (await client.contracts(customer_id)).items
    problems: dict[str, str] = {}

    async def perhaps(part: str, asked: Awaitable[T | None]) -> T | None:
        try:
            return await asked
        except Rejected as error:
            if error.status == _WRONG_KEY:
                raise
            problems[part] = str(error)
            return None

    refuses: dict[int, bool] = {}
    for contract in contracts:
        if contract.contract_id in resting:
            said = await perhaps(PAUSES, client.pause_refuses(contract.contract_id))
            if said is not None:
                refuses[contract.contract_id] = said
    account = await perhaps(ACCOUNTS, client.account(customer_id))
    return Dossier(asked_at, tuple(contracts), refuses, account, problems)
