"""What personal data look like in a text: numbers, addresses, dates, and how people say who they are.

Everything here is linear in the length of the text: a pattern begins only where a word does, repeats nothing
that it may have to give back, and what needs a sum (IBAN, cards) is computed once per candidate of bounded
length.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

Test = Callable[[str], bool]
"""Whether a folded word is one of some kind."""

# --- secrets ----------------------------------------------------------------------------------------------

WORD: Final = re.compile(r"\S++")
SECRET_PARAMETER: Final = re.compile(
    r"(?i)((?:pass(?:word|wd|wort)?|pwd|kennwort|[a-z_]{0,20}token|[a-z_]{0,20}secret|api_?key)=)[^\s&]++"
)
BEARER: Final = re.compile(r"(?i)(bearer\s{1,9})\S++")
# Bots of Telegram carry their token in the path of every address.
BOT_URL: Final = re.compile(r"(/bot)\d{5,15}:[\w-]++")
# Telegram's bot tokens, Meta's access tokens, JSON web tokens.
TOKEN: Final = re.compile(
    r"(?<![\w-])(?:\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])|EAA[A-Za-z0-9]{20,}+|eyJ[\w-]{10,}+\.[\w-]++\.[\w-]*+)"
)
MESSAGE_ID: Final = re.compile(r"wamid\.\S++")
"""WhatsApp's ids of messages hold the number of the other side in base64."""

# --- e-mail -----------------------------------------------------------------------------------------------

EMAIL: Final = re.compile(
    r"(?<![\w.+%-])[\w.+%-]++(?:@|\s?[(\[](?:at|ät)[)\]]\s?)[^\W_][\w-]{0,62}(?:\.[\w-]{1,63}){1,8}"
)

# --- IBAN (ISO 13616) -------------------------------------------------------------------------------------

_LENGTHS: Final = {
    name: length
    for length, names in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC", 32: "LC",
    }.items()
    for name in names.split()
}  # fmt: skip
# Looked for at every place where one may begin: what only looks like one must not hide the one behind it.
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z]{2}[0-9]{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,28}))")
_SAYS_IBAN: Final = re.compile(
    r"(?i)(?:iban|kontonummer|bankverbindung|konto)\W{0,3}(?:\w{1,10}\W{1,3}){0,2}$"
)


def iban_holds(compact: str) -> bool:
    """Whether the check digits of an IBAN without spaces are right (mod 97, ISO 7064)."""
    if len(compact) != _LENGTHS.get(compact[:2].upper()) or not (compact.isascii() and compact.isalnum()):
        return False
    return int("".join(str(int(mark, 36)) for mark in compact[4:] + compact[:4])) % 97 == 1


def replace_ibans(text: str, word: str) -> str:
    """Replace IBANs whose check digits are right; wrong ones, too, where somebody calls them an IBAN."""

    def end_of(match: re.Match[str]) -> int | None:
        spelled = match[1]
        cut = _cut_behind(spelled, _LENGTHS.get(spelled[:2].upper(), 0))
        if cut is None:
            return None
        compact = re.sub(r"[ \u00a0-]", "", spelled[:cut])
        if iban_holds(compact) or _SAYS_IBAN.search(text, max(0, match.start() - 40), match.start()):
            return match.start() + cut
        return None

    return _replace(text, _IBAN, end_of, word)


def _cut_behind(spelled: str, length: int) -> int | None:
    """Where so many letters and digits end, or None when there are not as many, or a word goes on there."""
    number = 0
    for at, mark in enumerate(spelled):
        number += mark.isalnum()
        if length and number == length:
            return at + 1 if not spelled[at + 1 : at + 2].isalnum() else None
    return None


def _replace(
    text: str, begins: re.Pattern[str], end_of: Callable[[re.Match[str]], int | None], word: str
) -> str:
    """Replace what begins where a pattern of no width matches and ends where a test says."""
    pieces, at = [], 0
    for match in begins.finditer(text):
        if match.start() >= at and (end := end_of(match)) is not None:
            pieces += [text[at : match.start()], word]
            at = end
    return "".join([*pieces, text[at:]])


# --- cards (ISO/IEC 7812) ---------------------------------------------------------------------------------

_CARD: Final = re.compile(
    r"(?<![\w.,+-])(?=((?P<most>[2-6]\d{3}([ -]?)\d{4}\3\d{4}\3\d{4})(?P<more>\3\d{1,3})?(?!\d)"
    r"|3\d{3}[ -]?\d{6}[ -]?\d{5}(?!\w)))"
)


def luhn_holds(digits: str) -> bool:
    """Whether the check digit of a card's number is right."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def replace_cards(text: str, word: str) -> str:
    """Replace numbers of payment cards whose check digit is right."""

    def end_of(match: re.Match[str]) -> int | None:
        # Three digits behind it may belong to it, or be its security code.
        for spelled in (match[1], match["most"]):
            if spelled is not None and luhn_holds(re.sub(r"[ -]", "", spelled)):
                return match.start() + len(spelled)
        return None

    return _replace(text, _CARD, end_of, word)


# --- dates of birth ---------------------------------------------------------------------------------------

_MONTHS: Final = (
    "jan(?:uar|uary)?|jänner|feb(?:ruar|ruary)?|mär(?:z)?|mar(?:ch)?|maerz|apr(?:il)?|mai|may|jun[ie]?|jul[iy]?|"
    "aug(?:ust)?|sep(?:t|tember)?|okt(?:ober)?|oct(?:ober)?|nov(?:ember)?|dez(?:ember)?|dec(?:ember)?"
)
_DATE: Final = re.compile(
    rf"(?i)(?<![\w.:/-])(?:\d{{1,2}}\s?[./-]\s?\d{{1,2}}\s?[./-]\s?(?P<y1>\d{{4}}|\d{{2}})"
    rf"|(?P<y2>\d{{4}})-\d{{1,2}}-\d{{1,2}}"
    rf"|\d{{1,2}}(?:\.|st|nd|rd|th)?\s?(?:of\s)?(?:{_MONTHS})\.?,?\s(?P<y3>\d{{4}}|\d{{2}})"
    rf"|(?:{_MONTHS})\.?\s\d{{1,2}}(?:st|nd|rd|th)?,?\s(?P<y4>\d{{4}}))(?!\w|\.\d|:)"
)
_BORN_BEFORE: Final = re.compile(
    r"(?i)(?:\bgeb(?:oren|\.|urts\w{1,12})?|\bd\.?o\.?b\b|\bbirth\w{0,5}|\bborn|\bjahrgang|\*)"
    r"\W{0,4}(?:[\w']{1,12}\W{1,3}){0,3}$"
)
_BORN_BEHIND: Final = re.compile(r"(?i)\W{1,3}(?:\w{1,8}\W{1,3}){0,1}(?:geboren|geb\b|born)")
# Whoever is younger than that is not a member; a date alone is the answer to a question for it.
_YOUNGEST: Final = 2015
_SHORT: Final = 40


def replace_births(text: str, word: str) -> str:
    """Replace dates that somebody calls a date of birth, and an old date that is all of the text."""

    def replaced(match: re.Match[str]) -> str:
        called = _BORN_BEFORE.search(text, max(0, match.start() - 48), match.start())
        if called or _BORN_BEHIND.match(text, match.end()):
            return word
        year = next(year for year in match.groups() if year is not None)
        alone = len(text) < _SHORT and text.strip(" .!?\n\t") == match[0].strip(" .")
        return word if alone and len(year) == 4 and 1900 <= int(year) < _YOUNGEST else match[0]

    return _DATE.sub(replaced, text)


# --- addresses --------------------------------------------------------------------------------------------

_NAMED: Final = re.compile(
    r"(?<![\w.-])((?:[A-ZÄÖÜ][\w.-]{0,40}\s){0,2})([^\W\d_][\w-]{0,60}\.?)\s{0,2}"
    r"(\d{1,4}(?:\s?[a-zA-Z](?!\w))?(?:\s?-\s?\d{1,4}[a-z]?)?)(?![\w%€]|:\d|[.,]\d)"
)
_ENDS_LOWER: Final = ("strasse", "straße", "str.", "str", "allee", "gasse", "chaussee")
_ENDS_CAPITAL: Final = (
    "weg",
    "platz",
    "ring",
    "ufer",
    "damm",
    "pfad",
    "steig",
    "promenade",
    "stieg",
    "markt",
)
_NO_STREETS: Final = frozenset(
    "arbeitsplatz parkplatz stellplatz sitzplatz trainingsplatz startplatz kursplatz umweg ausweg hinweg "
    "rückweg fluchtweg during spring bring string boxring supermarkt keyring monitoring".split()
)
_TOWN: Final = re.compile(
    r"(?:\s{0,2},?\s{1,2}|,)(?:(?:D|A|CH)-)?\d{4,5}\s{1,2}[A-ZÄÖÜ][\w-]{1,40}"
    r"(?:\s(?:am|an der|im|a\.)\s[\w-]{1,30})?"
)
_AT: Final = re.compile(
    r"(?<!\w)(?:[Aa]m|[Aa]n de[rmn]|[Aa]uf de[rm]|[Ii]m|[Ii]n der|[Zz]um|[Zz]ur|[Hh]inter de[rm])"
    r"\s[A-ZÄÖÜ]\w{1,40}\s\d{1,4}\s?[a-z]?(?=,?\s{1,2}\d{5}\s[A-ZÄÖÜ])"
)
_ENGLISH: Final = re.compile(
    r"(?<!\w)\d{1,5}[a-zA-Z]?\s(?:[A-Z][\w'-]{1,30}\s){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|"
    r"Blvd|Court|Square|Terrace|Crescent|Way|Close)(?!\w)\.?"
    r"(?:,?\s[A-Z][\w-]{1,30})?(?:,?\s[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}(?!\w))?"
)
_LIVES_IN: Final = re.compile(
    r"(?i)(?:adresse|anschrift|wohn\w{0,10}|address|plz|postleitzahl|umgezogen)\W{0,4}(?:\w{1,12}\W{1,3}){0,3}$"
)
_POSTCODE: Final = re.compile(r"(?<![\w.,/-])\d{5}\s[A-ZÄÖÜ][\w-]{2,40}")


def replace_addresses(text: str, word: str) -> str:
    """Replace streets with a number, with postcode and town behind them, and towns where somebody lives."""
    if not any(mark.isdigit() for mark in text):
        return text
    pieces, at = [], 0
    for begin, end in sorted([*_streets(text), *((m.start(), m.end()) for m in _AT.finditer(text)),
                              *((m.start(), m.end()) for m in _ENGLISH.finditer(text))]):  # fmt: skip
        if begin < at:
            continue
        pieces += [text[at:begin], word]
        at = end
        if (behind := _TOWN.match(text, at)) is not None:
            at = behind.end()
    text = "".join([*pieces, text[at:]])

    def replaced(match: re.Match[str]) -> str:
        lives = _LIVES_IN.search(text, max(0, match.start() - 48), match.start())
        return word if lives else match[0]

    return _POSTCODE.sub(replaced, text)


def _streets(text: str) -> Iterator[tuple[int, int]]:
    for match in _NAMED.finditer(text):
        street = match[2].casefold()
        if street.rstrip(".") in _NO_STREETS:
            continue
        bare = street.rstrip(".") in {"str", "strasse", "straße", *_ENDS_LOWER, *_ENDS_CAPITAL}
        capital = match[2][0].isupper() and (street.endswith(_ENDS_CAPITAL))
        if bare and not match[1]:  # "Platz 5" alone is a place on a floor
            continue
        if street.endswith(_ENDS_LOWER) or capital:
            yield (match.start() if bare else match.start(2)), match.end()


# --- how people say who they are --------------------------------------------------------------------------

_INTRODUCTION: Final = re.compile(
    r"(?i)(?<!\w)(?:ich hei(?:ß|ss)e|mein name (?:ist|lautet)|hier (?:ist|schreibt|spricht)|"
    r"my name is|my name's|i am called|i'm called|this is|name:)"
    r"\s{1,3}(?P<name>[^\W\d_][\w'-]{1,40}(?:\s[^\W\d_][\w'.-]{0,40}){0,2})"
)
_CERTAIN: Final = re.compile(r"(?i)ich hei|mein name|my name|i am called|i'm called|name:|hier s")
_NO_NAMES: Final = frozenset(
    "und and aber but aus from bin ich i wollte moechte möchte habe hab have am was der die das ein eine mit "
    "with wohne wohn geboren born nicht not hier here von vom auch also seit since jahre mitglied member "
    "brauche need can could would want kann komme bei ist is the it an so noch in im zu zum um auf "
    "heute gestern".split()
)


def replace_introductions(text: str, word: str, *, keep_first: bool) -> str:
    """Replace what stands behind "ich heiße" and its like.

    Args:
        text: Any.
        word: What stands there instead.
        keep_first: Leave a first name where a second one follows.
    """

    def replaced(match: re.Match[str]) -> str:
        whole, said = match[0], match["name"]
        certain = _CERTAIN.match(whole) is not None
        parts: list[str] = []
        for part in said.split():
            if part.casefold().strip(".") in _NO_NAMES or not (certain or part[0].isupper()):
                break
            parts.append(part)
        if not parts or (len(parts) == 1 and not certain):  # "hier ist Wasser" introduces nobody
            return whole
        name = " ".join(parts)
        kept = f"{parts[0]} " if keep_first and len(parts) > 1 else ""
        if keep_first and len(parts) == 1:
            return whole
        begin = match.start("name") - match.start()
        return whole[:begin] + kept + word + whole[begin + len(name) :]

    return _INTRODUCTION.sub(replaced, text)


def same_again(text: str, word: str) -> str:
    """Write a placeholder once where it stands several times in a row."""
    return re.sub(rf"{re.escape(word)}(?:\s{re.escape(word)})++", word, text)
