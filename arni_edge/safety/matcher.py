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
    (Cause.MEDICAL, r"bewusstlos\w*|ohnmaechtig\w*|nicht ansprechbar|reagiert nicht( mehr)?|regt sich nicht"),
    (
        Cause.MEDICAL,
        r"atmet nicht( mehr)?|keine luft( mehr)?|erstick\w+|kein puls|blutet (stark|heftig|sehr)",
    ),
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
    (
        Cause.HELP,
        r"^(hilfe|notfall|emergency|sos|mayday)( (hilfe|notfall|emergency|sos|schnell|bitte|please))*$",
    ),
    (Cause.HELP, r"das ist ein notfall|this is an emergency|(wir haben|hier ist) (ein|einen) notfall"),
)
_COMPILED = tuple((cause, re.compile(rf"(?:^|\b)(?:{pattern})(?:\b|$)")) for cause, pattern in _PHRASES)

# Said about an emergency rather than in one.
_HARMLESS = re.compile(
    r"notausgang|notfallkontakt|notfallnummer|erste hilfe kurs|emergency (exit|contact|number)|"
    r"\b(gestern|letzte woche|neulich|damals|yesterday|last week)\b|\bniemand (ist )?bewusstlos|"
    r"was (mache|passiert) (ich )?(bei|wenn)|what (happens|do i do) if"
)


def find_emergency(text: str) -> Cause | None:
    """The kind of emergency that a text reports, or None.

    Args:
        text: What a person wrote or said, in any spelling.
    """
    folded = " ".join(words(text))
    if _HARMLESS.search(folded):
        return None
    return next((cause for cause, pattern in _COMPILED if pattern.search(folded)), None)
