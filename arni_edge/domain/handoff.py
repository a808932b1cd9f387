"""Does somebody want to talk to a person? Words only: rules over folded text, German and English."""

import re
from enum import StrEnum
from typing import Final

from arni_edge.domain.text import words


class HandoffReason(StrEnum):
    """Why a conversation goes to a person."""

    ASKED = "asked"
    """They asked for one."""
    COMPLAINT = "complaint"
    """They complain."""
    THREAT = "threat"
    """They threaten with a lawyer, the police or the press."""
    HARASSMENT = "harassment"
    """They tell of how somebody treated them or others."""


_A: Final = (
    r"(?:(?:ein|einen|einem|eine|einer|nem|nen|ner|a|an|the|den|dem|der|das|your|euren|eurem|eurer) )?"
)
_REAL: Final = (
    r"(?:(?:echt|richtig|real|actual|live|normal|lebend|menschlich|human|zustaendig)"
    r"(?:e|en|em|er|es|ig|ige|igen)? )?"
)
_SOMEBODY: Final = (
    r"(?:mensch|menschen|person|mitarbeiter|mitarbeiterin|mitarbeitern|personal|chef|chefin|trainer|trainerin|"
    r"leitung|studioleitung|betreiber|ansprechpartner|ansprechpartnerin|ansprechperson|kollegen|kollegin|"
    r"support|kundenservice|kundendienst|human|human being|employee|staff|staff member|member of staff|"
    r"manager|agent|representative|team member|somebody real|someone real)"
)
_ANYBODY: Final = (
    rf"(?:{_A}{_REAL}{_SOMEBODY}|jemand|jemanden|jemandem|wem|somebody|someone|euch persoenlich)"
)

# What is asked about, told of, or not wanted is no wish: "sind Mitarbeiter da?", "I do not need a human".
_NO_WISH: Final = re.compile(
    r"\b(?:kein|keine|keinen|keinem|nicht mit|nicht mehr mit|nie|no|not|don t|dont|never|without|ohne) "
    rf"(?:(?!(?:sondern|but|lieber|bot|ki|ai)\b)\w+ ){{0,6}}?{_SOMEBODY}\b"
    rf"|\b(?:sind|ist|are|is) (?:\w+ ){{0,3}}?{_SOMEBODY}(?: \w+){{0,3}}"
    r" (?:da|vor ort|im studio|there|here)\b"
    r"|\b(?:gestern|neulich|yesterday|last week)\b.{0,40}\b(?:gesprochen|geredet|spoke|talked)\b"
    r"|\b(?:bist du|are you|sprech\w* ich mit|schreib\w* ich mit|am i (?:talking|speaking) (?:to|with))\b"
)

_ASKED: Final = re.compile(
    rf"^(?:bitte )?(?:mit )?(?:{_A}{_REAL}{_SOMEBODY})(?: (?:bitte|please|jetzt|now))*$"
    rf"|\b(?:mit|with|to) {_ANYBODY}(?: \w+){{0,4}}"
    r" (?:sprechen|reden|schreiben|telefonieren|chatten|verbunden)\b"
    r"|\b(?:sprechen|reden|speak|talk|chat|verbinde|verbinden|verbind|connect|transfer)"
    rf"(?: \w+){{0,3}}? (?:mit|with|to|zu) {_ANYBODY}\b"
    r"|\b(?:will|moechte|wuensche|brauche|braeuchte|haette gern|hol|hole|gib|gebt|schick|schickt|want|need|"
    r"get|give|send|would like)(?: (?:mir|bitte|gern|gerne|me|jetzt|now|mal|to|uns|us|sofort)){0,4} "
    rf"{_A}{_REAL}{_SOMEBODY}\b"
    rf"|\b(?:kann|koennte|can|could|soll) (?:(?:mir|mich|sich|bitte|mal|ich|i|me|please) ){{0,3}}{_ANYBODY}"
    r"(?: \w+){0,4} (?:anrufen|melden|zurueckrufen|helfen|uebernehmen|antworten|call|contact|help|reply|"
    r"take over)\b"
    r"|\b(?:ruf|ruft|rufen sie) (?:mich|uns)(?: \w+){0,3} (?:an|zurueck)\b|\bcall me(?: back)?\b"
    r"|\b(?:echter|echten|real|actual) (?:mensch|menschen|person|human)\b"
)
_HARASSED: Final = re.compile(
    r"\b(?:belaestigt|begrapscht|angegrapscht|angegafft|gestalkt|sexuell|diskriminiert|rassis\w+|beleidigt|gemobbt|"
    r"harass\w*|groped|stalk\w*|discriminat\w*|racis\w*|insulted|bullied|sexual\w*)\b"
)
_THREATENED: Final = re.compile(
    r"\b(?:mein\w* anwalt|rechtsanwalt|anwaelt\w*|anzeige (?:erstatten|gegen)|zeige euch an|verklag\w*|"
    r"verbraucherzentrale|klage (?:ein|einreichen)|rechtliche schritte|my lawyer|my attorney|sue you|"
    r"legal action|press charges|datenschutzbehoerde)\b"
)
_COMPLAINED: Final = re.compile(
    r"\b(?:beschwer(?:de|den|en|e)|reklam\w+|unverschaemt\w*|frechheit|unmoeglich (?:behandelt|von euch)|"
    r"schlecht behandelt|complain(?:t|ts|ing)?|(?:treated|behandelt) (?:badly|unfairly|unfair|schlecht)|"
    r"(?:badly|unfairly) treated|outrageous|unacceptable|inakzeptabel)\b"
)


def handoff_wish(text: str) -> HandoffReason | None:
    """Why this text should go to a person, or None.

    Args:
        text: What somebody wrote; anything.
    """
    folded = " ".join(words(text))
    if _HARASSED.search(folded):
        return HandoffReason.HARASSMENT
    if _THREATENED.search(folded):
        return HandoffReason.THREAT
    if _COMPLAINED.search(folded):
        return HandoffReason.COMPLAINT
    if _ASKED.search(folded) and not _NO_WISH.search(folded):
        return HandoffReason.ASKED
    return None
