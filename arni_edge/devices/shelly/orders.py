"""Commands to a Shelly of generation 2 or newer: what shall be, how it shows, what became of it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from arni_edge.broker import Delivery
from arni_edge.devices.shelly.components import scalar
from arni_edge.devices.shelly.frames import Status
from arni_edge.devices.shelly.rpc import Call
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.doors import Outcome

_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class SwitchResult:
    """The outcome of one command to a Shelly, with its evidence.

    Attributes:
        outcome: What became of it.
        evidence: What was seen on the wire, for the audit.
        seconds: From the command to the outcome.
    """

    outcome: Outcome
    evidence: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Order:
    """A command, and how to recognise that it was carried out.

    Attributes:
        method: For instance ``Switch.Set``.
        params: Its arguments.
        keys: Attributes of the component's status that decide; a report without any of them proves nothing.
        shows: Whether this status of the component shows the effect.
        words: What of a status is evidence, for the audit.
        unchanged: Whether the reply says that it was so before; None where it does not, so that what was
            known before the command counts. Without a change there is no notification.
        passing: The effect ends by itself: that it is not there any more proves nothing.
    """

    method: str
    params: Status
    keys: frozenset[str]
    shows: Callable[[Status], bool]
    words: Callable[[Status], str]
    unchanged: Callable[[Status], bool] | None = None
    passing: bool = False


def refusal(call: Call) -> Verdict | None:
    """The end of a command that was certainly not executed."""
    if call.delivery is Delivery.NO_SUBSCRIBER:
        return Verdict(Outcome.OFFLINE, "no matching subscribers")
    if call.delivery is Delivery.NOT_PERMITTED:
        return Verdict(Outcome.NOT_PERMITTED, "refused by the broker")
    if call.reply is not None and call.reply.error is not None:
        return Verdict(Outcome.FAILED, f"error {call.reply.error}")
    return None


def told(value: object) -> str:
    """A value as evidence: short words of the wire, or ``unknown``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    word = scalar(value)
    return "unknown" if word is None else str(word)[:_LONGEST_WORD]
