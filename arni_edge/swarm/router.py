"""From a text to an intent: rules over folded words. Pure; a classifier and a model come behind it."""

import re
from enum import StrEnum

from arni_edge.domain.handoff import handoff_wish
from arni_edge.domain.text import words
from arni_edge.swarm.wishes import Wish, find_wish


class Intent(StrEnum):
    """What a message is about."""

    OCCUPANCY = "occupancy"
    HOURS = "hours"
    DOOR = "door"
    GREETING = "greeting"
    THANKS = "thanks"
    ASK_AI = "ask_ai"
    CANCEL_CONTRACT = "cancel_contract"
    ASK_CANCEL = "ask_cancel"
    ERASE_ME = "erase_me"
    ASK_ERASE = "ask_erase"
    EXPORT_ME = "export_me"
    MEMBERSHIP = "membership"
    OWN_BOOKINGS = "own_bookings"
    VERIFY = "verify"
    CLAIM = "claim"
    VOUCH = "vouch"
    NUMBER = "number"
    """They sent their own number, because they were asked for it; there are no words."""
    HUMAN = "human"
    UNKNOWN = "unknown"


# In order: the first match wins. Hours before door: "wann macht ihr auf" is no wish to come in.
_RULES: dict[Intent, tuple[str, ...]] = {
    Intent.OCCUPANCY: (
        r"wie (voll|leer|busy)\b",
        r"wie viele? (leute|leuten|menschen|sind|ist)\b",
        r"(viel|wenig|was) los\b",
        r"ueberfuellt|auslastung|occupancy",
        r"(ist|sind) .{0,20}\b(voll|leer|frei)\b",
        r"how (busy|full|crowded|empty|many people)\b",
        r"(is|are) .{0,20}\b(busy|full|crowded|empty|packed|quiet)\b",
    ),
    Intent.HOURS: (
        r"oeffnungszeit",
        r"(wann|wie lange) .{0,30}\b(auf|offen|geoeffnet|zu|geschlossen|oeffnet|schliesst|macht)\b",
        r"(habt|macht) ihr .{0,20}\b(auf|offen|geoeffnet|zu)\b",
        r"opening (hours|times)",
        r"(when|how long|what time) .{0,25}\b(open|close|closed)\b",
        r"are you (still )?(open|closed)\b",
    ),
    Intent.DOOR: (
        r"(mach|mache|machst|oeffne|oeffnest|oeffnen) .{0,25}\b(tuer|eingang)\b(?! (bitte |wieder )*zu\b)",
        r"mach (mir |bitte |mal |schnell )*auf\b",
        r"tuer (bitte )?(auf|oeffnen)\b|tueroeffner",
        r"lass\w* mich .{0,10}rein|komm\w* nicht rein|(steh|stehe|warte) .{0,15}vor der tuer",
        r"(open|unlock) .{0,20}\bdoor\b|buzz me in|let me in\b",
    ),
    Intent.ASK_AI: (
        r"bist du .{0,15}(ki|ai|bot|roboter|mensch|echt)\b",
        r"sprech\w* ich mit .{0,15}(ki|bot|mensch|person)\b",
        r"are you .{0,15}(ai|bot|robot|human|real)\b|am i (talking|speaking) to",
    ),
    Intent.THANKS: (r"^(vielen |lieben |besten )?(dank\w*|thanks|thank you|thx|merci)\b",),
    Intent.GREETING: (
        r"^(hallo|hi|hey|hello|moin|servus|guten (tag|morgen|abend)|good (morning|evening))\b",
    ),
}
_COMPILED = tuple((intent, re.compile(rf"\b(?:{'|'.join(rules)})")) for intent, rules in _RULES.items())

# A door is opened for a wish, not for a question about the door or for a "do not". Looked for in what is left
# of the text when the wish itself is taken out; "ich komme nicht rein" is a wish.
_NO_WISH = re.compile(
    r"\b(nicht|nie|niemals|kein\w*|ohne|warum|wieso|weshalb|wer|wann|wie|gestern|morgen|spaeter|soll|sollte|darf|"
    r"kann man|koennte man|klemmt|kaputt|defekt|offen|geht|steht|not|don t|dont|never|why|who|how|when|"
    r"yesterday|tomorrow|later|should|anyone|anybody|stuck|broken)\b|^(ist|sind|war|waren|is|was|are|were|does)\b"
)

_BARE_YES = re.compile(
    r"(ja|jo|jap|jepp|yes|yep|yeah|ok|okay|klar|sure|gut|passt|genau|einverstanden|alles klar|mach|mach das|"
    r"do it)"
    r"( (bitte|please|gern|gerne|ja|klar|ok|okay|mach|mach das|mach mal|do it|passt|genau|gut))*"
)
_THUMBS = re.compile("[\U0001f44d\U0001f44c\U0001f197\u2705\u2714\u2611\ufe0f\U0001f3fb-\U0001f3ff\\s]+")

_FIRST = frozenset({Wish.VERIFY, Wish.CLAIM, Wish.VOUCH})
"""Texts that are this and nothing else."""


def route(text: str) -> Intent:
    """The intent of a text; ``UNKNOWN`` rather than a guess.

    Who stands before the door comes first, then one's data, a person, the contract, and then the rest.
    """
    wish, plain = find_wish(text), _route(text)
    if wish in _FIRST:
        return Intent(wish)
    if plain is Intent.DOOR:
        return plain
    if wish in {Wish.ERASE_ME, Wish.ASK_ERASE, Wish.EXPORT_ME}:
        return Intent(wish)
    if handoff_wish(text) is not None:
        return Intent.HUMAN
    return plain if wish is None else Intent(wish)


def _route(text: str) -> Intent:
    folded = " ".join(words(text))
    for intent, rule in _COMPILED:
        if found := rule.search(folded):
            rest = f"{folded[: found.start()]} {folded[found.end() :]}".strip()
            return Intent.UNKNOWN if intent is Intent.DOOR and _NO_WISH.search(rest) else intent
    return Intent.UNKNOWN


def is_bare_yes(text: str) -> bool:
    """Whether a text is only a yes, or a thumb: it can only ever mean the action last proposed."""
    thumb = text.strip() != "" and _THUMBS.fullmatch(text) is not None
    return thumb or _BARE_YES.fullmatch(" ".join(words(text))) is not None
