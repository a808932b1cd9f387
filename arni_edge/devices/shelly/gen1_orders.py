"""Commands to a Shelly of generation 1: what shall be, how it shows, what speaks against it. Pure.

These devices answer no command and know no timer in it: the effect is the only evidence, and a pulse ends by
the device's own ``auto_off`` or not at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from arni_edge.devices.verdict import Verdict
from arni_edge.domain.doors import Outcome
from arni_edge.domain.readings import Value

State = Mapping[str, Value]
"""A part's values by attribute, in our vocabulary: ``output``, ``brightness``, ``current_pos`` …"""


def unhindered(_since: State, _before: State) -> str | None:
    """Nothing speaks against a command that can always be obeyed."""
    return None


@dataclass(frozen=True, slots=True)
class Gen1Order:
    """A command, and how to recognise what became of it.

    Attributes:
        verb: Last levels of its topic, behind the part's own: ``command``, ``set``.
        payload: The command itself.
        shows: Whether the effect shows in this, which the device has reported since the command was sent.
        words: What of a report is evidence, for the audit.
        hindrance: What in the reports since the command says that the device cannot do it, as evidence; None
            if nothing does. The second argument is what was known before, empty where that counts for
            nothing any more.
        settle_seconds: An effect that is taken back so soon was none.
        slow_seconds: The device takes so long to get there, besides the time that it needs anyway.
    """

    verb: str
    payload: str
    shows: Callable[[State], bool]
    words: Callable[[State], str]
    hindrance: Callable[[State, State], str | None] = unhindered
    settle_seconds: float = 0.0
    slow_seconds: float = 0.0


def endless(on: bool, longest: float, auto_off: float | None) -> Verdict | None:
    """Why a pulse would not end by the device itself in time, None if it will.

    Args:
        on: What would be commanded.
        longest: Seconds that the pulse may last.
        auto_off: The device's own timer in seconds, as verified on it; None while that is not certain.
    """
    if not on:
        return Verdict(Outcome.FAILED, "no timer ends an off on generation 1")
    if auto_off is None or auto_off <= 0:
        return Verdict(Outcome.FAILED, "auto_off not verified")
    if auto_off > longest:
        return Verdict(
            Outcome.FAILED, f"auto_off not verified: {auto_off:g} s instead of at most {longest:g} s"
        )
    return None


def output_of(state: State) -> bool | None:
    """Whether a relay or light is on; None when unknown."""
    output = state.get("output")
    return output if isinstance(output, bool) else None


def text_of(state: State) -> str:
    """The same in the device's own words, as evidence."""
    output = output_of(state)
    return "unknown" if output is None else "on" if output else "off"
