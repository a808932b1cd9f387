"""How much an answer can cost: the one table that says which answers staff may hold."""

from typing import Final

from arni_edge.conversation.turn import Turn
from arni_edge.domain.risk import Risk
from arni_edge.swarm.router import Intent

RISKS: Final = {
    # Facts and fixed sentences. What became of a wish for the door is one: somebody stands before it.
    Intent.OCCUPANCY: Risk.READ,
    Intent.HOURS: Risk.READ,
    Intent.DOOR: Risk.READ,
    Intent.GREETING: Risk.READ,
    Intent.THANKS: Risk.READ,
    Intent.ASK_AI: Risk.READ,
    Intent.HUMAN: Risk.READ,
    # Facts out of the mirror, to whoever has proven that they are theirs.
    Intent.MEMBERSHIP: Risk.READ,
    Intent.OWN_BOOKINGS: Risk.READ,
    # Who proves who they are has minutes for it, and a code runs out.
    Intent.VERIFY: Risk.READ,
    Intent.CLAIM: Risk.READ,
    Intent.VOUCH: Risk.READ,
    Intent.NUMBER: Risk.READ,
    # What begins here cannot be undone once it is confirmed.
    Intent.CANCEL_CONTRACT: Risk.IRREVERSIBLE,
    Intent.ERASE_ME: Risk.IRREVERSIBLE,
    # Words about it, and what leaves the house: a person may do better.
    Intent.ASK_CANCEL: Risk.REVERSIBLE,
    Intent.ASK_ERASE: Risk.REVERSIBLE,
    Intent.EXPORT_ME: Risk.REVERSIBLE,
    Intent.UNKNOWN: Risk.REVERSIBLE,
}
"""By intent."""


def risk_of(turn: Turn) -> Risk:
    """The risk of a turn's answer.

    An answer without an intent is that of a stage: what was confirmed, that a person writes. Those are facts.
    One that only asks who it is begins nothing.
    """
    return Risk.READ if turn.intent is None or turn.asks_phone else RISKS[turn.intent]
