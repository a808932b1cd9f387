"""Recognises an emergency in a text: plain phrases, no model, microseconds.

A missed emergency is worse than a false alarm; a phrase stands here only if it is hardly said otherwise.
"""

import re
from enum import StrEnum

from arni_edge.domain.text import words


class Cause(StrEnum):
    """What kind of emergency; chooses the words that staff read."""

    MEDICAL = "medical"
    FIRE = "fire"
    VIOLENCE = "violence"
    HELP = "help"


# Phrases over folded words: "ue" for "ü", single spaces. ``\w*`` lets endings and compounds through.
_PHRASES: tuple[tuple[Cause, str], ...] = (
    (Cause.MEDICAL, r"bewusstlos\w*|ohnmaechtig\w*|nicht ansprechbar|regt sich nicht|kein puls|erstick\w+"),
    (Cause.MEDICAL, r"(atmet|reagiert) (er |sie |es )?nicht|keine luft|blutet (stark|heftig|sehr)"),
    (Cause.MEDICAL, r"herzinfarkt|herzstillstand|schlaganfall|krampfanfall|zusammengebrochen|umgekippt"),
    (Cause.MEDICAL, r"(brauch\w*|ruf\w*|holt?) .{0,20}(notarzt|rettungswagen|krankenwagen|sanitaeter)"),
    (Cause.MEDICAL, r"unconscious|passed out|not breathing|cant breathe|can t breathe|no pulse|collapsed"),
    (Cause.MEDICAL, r"heart attack|cardiac arrest|having a (stroke|seizure)|bleeding (badly|heavily|a lot)"),
    (Cause.MEDICAL, r"(call|need) .{0,10}(ambulance|paramedic\w*)"),
    (Cause.FIRE, r"es brennt|feuer im|brennt im|raucht (stark|ueberall)|rauch im (studio|gym|keller|raum)"),
    (Cause.FIRE, r"(there is|theres|there s) (a )?fire|smoke everywhere|(gym|building|studio) is on fire"),
    (Cause.VIOLENCE, r"(werde|wird|wurde) .{0,15}(bedroht|angegriffen|verfolgt|zusammengeschlagen)"),
    (Cause.VIOLENCE, r"(hat|mit) (ein|einem|nem) messer|ueberfall|schlaegt (mich|ihn|sie) zusammen"),
    (Cause.VIOLENCE, r"(being|getting) (attacked|threatened|followed|chased)|has a (knife|gun)"),
    (Cause.HELP, r"das ist ein notfall|this is an emergency|(wir haben|hier ist) (ein|einen) notfall"),
)
_COMPILED = tuple((cause, re.compile(rf"\b(?:{pattern})\b")) for cause, pattern in _PHRASES)

# A cry that is nothing but a cry, over the whole text: "Hilfe!", "bitte Hilfe schnell", "help me please".
_CRY = re.compile(
    r"(?:(?:bitte|please|schnell|quick|zu)\s)*(?:hilfe|help|notfall|emergency|sos|mayday)"
    r"(?:\s(?:hilfe|help|notfall|emergency|sos|schnell|bitte|please|me|us|mir|uns|hier|here|now|jetzt|sofort))*"
)

# Judged clause by clause, so that a second sentence never silences the first:
# something that happened long ago, a denial, or a what-if about nobody in particular.
_NOT_NOW = re.compile(r"\b(gestern|vorgestern|letzte woche|neulich|damals|yesterday|last week)\b")
_DENIED = re.compile(r"\b(niemand|keiner|nobody|no one)( \w+){0,2} $")
_WHAT_IF = re.compile(r"^(wenn|falls|if|when) (mal |ever )?(jemand|man|einer|ich|somebody|someone|one|i)\b")
_CLAUSE_ENDS = re.compile(r"[.,;:!?\n]+")


def find_emergency(text: str) -> Cause | None:
    """The kind of emergency that a text reports, or None.

    Args:
        text: What a person wrote or said, in any spelling.
    """
    if _CRY.fullmatch(" ".join(words(text))):
        return Cause.HELP
    clauses = (" ".join(words(clause)) for clause in _CLAUSE_ENDS.split(text))
    return next((cause for clause in clauses if (cause := _in_clause(clause)) is not None), None)


def _in_clause(clause: str) -> Cause | None:
    if _NOT_NOW.search(clause) or _WHAT_IF.search(clause):
        return None
    for cause, pattern in _COMPILED:
        found = pattern.search(clause)
        if found and not _DENIED.search(clause[: found.start()]):
            return cause
    return None
