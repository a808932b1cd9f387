"""Wishes that concern somebody's contract, data or identity: rules over folded words, pure.

A wish is told from a question about it ("wie kann ich kündigen?"), from its contrary, and from somebody
else's contract: what is found here is proposed or answered, never done; a miss costs a question and no more.
"""

import re
from enum import StrEnum
from typing import Final

from arni_edge.domain.text import fold, words


class Wish(StrEnum):
    """What somebody wants."""

    CANCEL_CONTRACT = "cancel_contract"
    ASK_CANCEL = "ask_cancel"
    """How it would be cancelled."""
    ERASE_ME = "erase_me"
    ASK_ERASE = "ask_erase"
    """How, or when, data are erased."""
    EXPORT_ME = "export_me"
    MEMBERSHIP = "membership"
    """How their own contract, pause or account stands, and so why a door stays shut."""
    OWN_BOOKINGS = "own_bookings"
    """What they have booked."""
    VERIFY = "verify"
    """Digits of a code, and nothing else."""
    CLAIM = "claim"
    """A member number, and nothing else."""
    VOUCH = "vouch"
    """Staff should say that it is them."""


_CONTRACT: Final = r"(?:vertrag|mitgliedschaft|abo|abonnement|contract|membership|subscription)"
_MINE: Final = r"(?:mein\w*|unser\w*|den|die|das|my|our|the)"
_CANCEL: Final = r"(?:cancel|terminate|quit|end|leave)"

_CANCEL_WISH: Final = re.compile(
    r"\b(?:ich|wir) (?:will|wollen|moechte|moechten|wuerde gern\w*|muss|muessen|haette gern\w*)\b"
    r"(?: \w+){0,8}? (?:kuendigen|gekuendigt)\b"
    r"|\b(?:ich kuendige|wir kuendigen|kuendige ich|kuendigen wir)\b"
    rf"|\bkuendig(?:e|t|en sie)?(?: \w+){{0,4}}? {_CONTRACT}\b"
    rf"|\b(?:kannst|koenntest|koennt|koenntet|koennen|wuerdet|wuerdest)(?: \w+){{0,8}}? {_CONTRACT}"
    r"(?: \w+){0,4}? kuendigen\b"
    rf"|^(?:bitte )?(?:{_MINE} )?(?:{_CONTRACT} )?(?:bitte )?(?:sofort )?(?:kuendigen|kuendigung)(?: bitte)?$"
    r"|\b(?:i|we) (?:want|would like|d like|wish|need|have|am going|decided) to "
    rf"{_CANCEL} {_MINE} (?:\w+ ){{0,2}}?{_CONTRACT}\b"
    rf"|\b{_CANCEL} (?:my|our) (?:\w+ ){{0,2}}?{_CONTRACT}\b"
)
_CANCEL_WORDS: Final = re.compile(
    r"\b(?:kuendig\w*|gekuendigt)\b"
    rf"|\b(?:cancel\w*|terminat\w*|notice period)\b.{{0,40}}\b{_CONTRACT}\b"
    rf"|\b{_CONTRACT}\b.{{0,40}}\bcancel\w*"
)
# A question, a condition, a report: what is asked or told is not wanted, yet.
_ONLY_ASKED: Final = re.compile(
    r"^(?:\w+ ){0,3}?(?:wie|wann|wo|was|warum|wieso|ob|muss ich|kann ich|kann man|darf ich|koennte ich|wenn|"
    r"falls|how|when|where|what|why|can i|may i|could i|do i|if|should i|am i)\b"
    r"|\b(?:wenn|falls|bevor|if|before|unless) (?:ich|wir|i|we)\b"
    r"|\b(?:wie|how) (?:kann|koennte|muss|do|can|could|would)\b"
)
_NOT: Final = re.compile(
    r"\b(?:nicht|nie|niemals|kein\w*)(?: \w+){0,3}? (?:kuendig\w*|gekuendigt|loesch\w*|geloescht)\b"
    rf"|\b(?:not|never|don t|dont|didn t|didnt)(?: \w+){{0,4}}? (?:{_CANCEL}|delete|erase)\b"
    r"|\b(?:kuendig\w*|loesch\w*|cancel|delete|erase)(?: \w+){0,6}? (?:nicht|not)\b"
)
# Nobody acts for somebody else: whose contract it is, is decided by who writes.
_SOMEBODY_ELSE: Final = re.compile(
    r"\b(?:mitglied\w*|kunde\w*|member\w*|customer)(?: \w+){0,2}? \d"
    rf"|\b{_CONTRACT} (?:von|vom|meine[rs]|of|for)\b"
    r"|\b(?:his|her|their|seinen?|ihren?|anderen?|fremden?|allen?|aller|all|every\w*) (?:\w+ )?"
    rf"(?:{_CONTRACT}|vertraege|contracts|memberships)\b"
)

_DATA: Final = r"(?:daten|informationen|data|information|infos|account|konto|profil|profile)"
_ERASE_WISH: Final = re.compile(
    rf"\b(?:loesch\w*|vernichte\w*|entfern\w*)(?: \w+){{0,5}}? (?:mein\w*|unser\w*)(?: \w+){{0,4}}? {_DATA}\b"
    rf"|\b(?:mein\w*|unser\w*|alle)(?: \w+){{0,4}}? {_DATA}(?: \w+){{0,5}}?"
    r" (?:loesch\w*|geloescht|entfern\w*|vernicht\w*)\b"
    r"|\bvergiss mich\b|\brecht auf (?:vergessen\w*|loeschung)\b|\bdaten loeschen\b"
    rf"|\b(?:delete|erase|remove|wipe)(?: \w+){{0,3}}? my(?: \w+){{0,3}}? {_DATA}\b"
    r"|\bforget (?:about )?me\b|\bright to be forgotten\b"
)
_EXPORT_WISH: Final = re.compile(
    rf"\b(?:welche|was fuer)(?: \w+){{0,3}}? {_DATA}(?: \w+){{0,6}}?"
    r" (?:ueber|von|zu) (?:mich|mir|meiner person)\b"
    r"|\bwas (?:wisst|weisst|habt|speichert|speicherst)(?: \w+){0,5}? (?:ueber|von) mi(?:ch|r)\b"
    r"|\b(?:daten|selbst)auskunft\b|\bauskunft(?: \w+){0,6}? (?:daten|dsgvo|artikel 15|art 15)\b"
    rf"|\b(?:kopie|export|auszug)(?: \w+){{0,3}}? mein\w* {_DATA}\b"
    rf"|\b(?:exportier\w*|schick\w*|sende\w*|gib|gebt)(?: \w+){{0,3}}? mein\w*(?: \w+){{0,2}}? {_DATA}\b"
    rf"|\bwhat(?: \w+){{0,2}}? {_DATA}(?: \w+){{0,6}}? (?:about|on|of) me\b"
    r"|\bwhat do you (?:know|have|store|keep)(?: \w+){0,3}? (?:about|on) me\b"
    rf"|\b(?:export|download|send|give|copy of)(?: \w+){{0,3}}? my(?: \w+){{0,2}}? (?:personal )?{_DATA}\b"
    r"|\b(?:subject access request|data export)\b"
)

_MEMBERSHIP: Final = re.compile(
    r"\b(?:bis wann|wie lange|wann)(?: \w+){0,3}? (?:meine?|die) (?:pause|ruhezeit|stilllegung)\b"
    rf"|\b(?:bis wann|wie lange|wann)(?: \w+){{0,2}}? (?:laeuft|endet|geht|gilt) mein\w* {_CONTRACT}\b"
    r"|\b(?:habe?|hab) ich (?:noch |irgendwelche |offene |bei euch )*"
    r"(?:schulden|rueckstaende|etwas offen|was offen)\b"
    r"|\b(?:offene|ausstehende) (?:rechnung\w*|betraeg\w*|beitraege|forderung\w*)\b"
    r"|\b(?:warum|wieso|weshalb)(?: \w+){0,3}? (?:die |eure )?tuer(?: \w+){0,3}? nicht\b"
    r"|\b(?:warum|wieso|weshalb) (?:komm\w*|kann|darf) ich (?:\w+ ){0,2}?nicht (?:mehr )?rein\b"
    r"|\b(?:when|how long)(?: \w+){0,3}? my (?:pause|freeze|hold)\b"
    rf"|\bwhen (?:does|will) my {_CONTRACT} (?:end|expire|run out)\b"
    r"|\b(?:do i (?:still )?owe|am i in arrears|any (?:open|outstanding) (?:payments?|invoices?|bills?))\b"
    r"|\bwhy (?:does|is|can)(?: \w+){0,3}? door(?: \w+){0,3}? not\b"
    r"|\bwhy (?:(?:won|doesn|isn) t|wont|doesnt|isnt)(?: \w+){0,3}? door\b"
    r"|\bwhy can(?: t|not| i not| i)(?: \w+){0,2}? (?:get|come) in\b"
)
_OWN_BOOKINGS: Final = re.compile(
    r"\b(?:was|welche\w*|wann)(?: \w+){0,3}? (?:habe?|hab) ich(?: \w+){0,3}? gebucht\b"
    r"|\bmeine (?:buchungen|termine|gebuchten kurse|kursbuchungen)\b"
    r"|\bwhat (?:have i|did i) book\w*\b|\bmy (?:bookings|booked classes|reservations)\b"
)

_VERIFY: Final = re.compile(
    r"(?:(?:hallo|hi|hey|hello|ok|okay|ja|yes|danke|thanks|hier|here|also|so|das|this|it|ist|is|s) ){0,4}?"
    r"(?:(?:(?:mein|der|my|the) )?(?:code|pin)(?: (?:ist|lautet|is))? )?(\d{6}|\d{3} \d{3})"
    r"(?: (?:bitte|please|danke|thanks)){0,2}"
)
_VOUCH: Final = re.compile(r"(?:bitte |please )?(?:freigabe|confirm me|vouch for me)(?: bitte| please)?")
# On the text as it was written: a number in the books may have capitals, dots and dashes.
_CLAIM: Final = re.compile(
    r"\W*(?:(?:hallo|hi|ja|also|hello|yes)\W+)?(?:(?:meine?|die|my|the|das ist meine)\s+)?"
    r"(?:mitglieds?-?\s*(?:nummer|nr\.?)|member(?:ship)?\s*(?:number|no\.?|id)|"
    r"(?:ich bin |i am |i'm )(?:das |)(?:mitglied|member)(?:\s*(?:nummer|nr\.?|number|no\.?))?)"
    r"\s*(?:ist|lautet|is)?\s*[:=#]?\s*([A-Za-z0-9][A-Za-z0-9._/-]{0,63}?)[\s.!]*",
    re.IGNORECASE,
)
_LONGEST_CLAIM: Final = 120


def find_wish(text: str) -> Wish | None:
    """What of all this a text is, or None."""
    folded = " ".join(words(text))
    if code_in(text) is not None:
        return Wish.VERIFY
    if claimed_in(text) is not None:
        return Wish.CLAIM
    if _VOUCH.fullmatch(folded):
        return Wish.VOUCH
    asked = _ONLY_ASKED.search(folded) is not None
    if _ERASE_WISH.search(folded) and not _NOT.search(folded) and not _SOMEBODY_ELSE.search(folded):
        return Wish.ASK_ERASE if asked else Wish.ERASE_ME
    if _EXPORT_WISH.search(folded) and not _SOMEBODY_ELSE.search(folded):
        return Wish.EXPORT_ME
    if _OWN_BOOKINGS.search(folded) and not _CANCEL_WORDS.search(folded):
        return Wish.OWN_BOOKINGS
    if _MEMBERSHIP.search(folded) and not _SOMEBODY_ELSE.search(folded) and not _CANCEL_WORDS.search(folded):
        return Wish.MEMBERSHIP
    if _CANCEL_WORDS.search(folded) or _CANCEL_WISH.search(folded):
        return _about_cancelling(folded, asked=asked)
    return None


def _about_cancelling(folded: str, *, asked: bool) -> Wish | None:
    if _NOT.search(folded) or _SOMEBODY_ELSE.search(folded):
        return None
    if _CANCEL_WISH.search(folded) and not asked:
        return Wish.CANCEL_CONTRACT
    return Wish.ASK_CANCEL


def code_in(text: str) -> str | None:
    """The six digits of a text that is a code and nothing else."""
    found = _VERIFY.fullmatch(" ".join(words(text)))
    return None if found is None else found[1].replace(" ", "")


def claimed_in(text: str) -> str | None:
    """The member number of a text that names one and nothing else; as it was written."""
    found = _CLAIM.fullmatch(text) if len(text) <= _LONGEST_CLAIM else None
    return None if found is None else found[1]


def without_code(text: str) -> str:
    """The text with every digit hidden: what is kept of a message that brought a code."""
    return re.sub(r"\d", "•", fold(text))
