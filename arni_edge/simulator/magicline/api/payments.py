"""Payment sessions: a token for a browser, good for nothing else; its moment has a spelling of its own."""

import uuid
from datetime import timedelta
from typing import Any, Final

from arni_edge.simulator.magicline.asking import Ask, Operation
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.spelling import in_utc_exactly

_LASTS: Final = timedelta(minutes=30)


def _session(gym: Gym, ask: Ask) -> Any:
    fields = ask.fields()
    fields.amount("amount")
    fields.choice("scope", ("MEMBER_ACCOUNT", "ECOM"))
    fields.text("referenceText")
    if fields.has("customerId"):
        gym.member(fields.integer("customerId"))
    token, customer = (str(uuid.UUID(int=gym.dice.getrandbits(128), version=4)) for _ in range(2))
    until = in_utc_exactly(gym.now() + _LASTS)
    return {"token": token, "tokenValidUntil": until, "finionPayCustomerId": customer}


OPERATIONS: Final = (
    Operation("userSession", "POST", "/v1/payments/user-session", "PAYMENT_WRITE", _session),
)
