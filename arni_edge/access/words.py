"""What people are told about a door: everybody the public words, staff the whole reason."""

from arni_edge.access.entry import Entry
from arni_edge.domain.doors import AskReason, DenyReason, Outcome
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language

# What everybody may hear. Whatever is missing here is private (a debt, a pause, a ban, a contract) or
# nobody's business: it gets the neutral words.
_PUBLIC = {
    DenyReason.STRANGER: "stranger",
    DenyReason.STALE: "stale",
    DenyReason.OUTSIDE_HOURS: "closed",
    DenyReason.VISIT_HOURS: "visit_hours",
    DenyReason.HOLIDAY: "holiday",
    DenyReason.FULL: "full",
    DenyReason.TOO_MANY_TRIES: "too_many_tries",
    DenyReason.UNREADABLE: "unreadable",
    DenyReason.UNKNOWN_CREDENTIAL: "code",
    DenyReason.FORGED: "code",
    DenyReason.EXPIRED: "code",
    DenyReason.TOO_EARLY: "code",
    DenyReason.USED: "code",
    DenyReason.WRONG_DOOR: "wrong_door",
}
_OUTCOMES = {
    Outcome.CONFIRMED: "confirmed",
    Outcome.BUSY: "busy",
    Outcome.OFFLINE: "offline",
    Outcome.NOT_PERMITTED: "failed",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "unknown",
}


def public_text(catalogue: Catalogue, entry: Entry, language: Language, *, shown: bool = False) -> str:
    """What the person at the door, and everybody behind them, may hear: nothing private.

    Args:
        catalogue: The words.
        entry: What became of the request.
        language: In which language.
        shown: They have shown a code, not written from a number.
    """
    if entry.asked is not None:
        return catalogue.text("door.asked", language)
    if entry.denied is not None:
        unknown_code = shown and entry.denied is DenyReason.STRANGER
        public = "code" if unknown_code else _PUBLIC.get(entry.denied, "neutral")
        return catalogue.text(f"door.denied.{public}", language)
    return catalogue.text(f"door.{_OUTCOMES[entry.outcome or Outcome.UNKNOWN]}", language)


def staff_text(catalogue: Catalogue, reason: DenyReason | AskReason, language: Language) -> str:
    """Why, in full: for staff alone."""
    return catalogue.text(f"door.staff.{reason}", language)
