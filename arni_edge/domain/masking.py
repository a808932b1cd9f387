"""Takes out of texts what says who somebody is: for logs, for the cloud, for the eyes of staff.

The one module that masks. Everything is replaced by a word for its kind, so that the rest of the sentence
can still be understood. What it finds is in :mod:`arni_edge.domain.personal_data`; the time that it takes
grows with the length of a text and with nothing else, whoever wrote it.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final, NewType

from arni_edge.domain import personal_data as found
from arni_edge.domain.health_words import names_a_complaint, names_a_diagnosis
from arni_edge.domain.people import Member
from arni_edge.domain.phone_numbers import LONG_NUMBER, replace_phones
from arni_edge.domain.text import fold

MaskedText = NewType("MaskedText", str)
"""Text from which personal data were taken; what leaves the house takes nothing else."""

SECRET: Final = "***"  # noqa: S105 - it is none
"""Stands for passwords, tokens and keys."""

PHONE: Final = "[Telefon]"
EMAIL: Final = "[E-Mail]"
IBAN: Final = "[IBAN]"
CARD: Final = "[Karte]"
BIRTH: Final = "[Geburtsdatum]"
ADDRESS: Final = "[Adresse]"
HEALTH: Final = "[Gesundheit]"
NAME: Final = "[Name]"
MESSAGE_ID: Final = "[Nachricht]"

_LETTERS: Final = re.compile(r"[^\W\d_][^\W\d_-]*+(?:-[^\W\d_-]++)*+")
_SHORTEST_NAME: Final = 3


def mask_log(text: str) -> MaskedText:
    """For logs and for what technicians see: secrets, too, and every long number, whatever it may be.

    Args:
        text: A line, or a part of one.
    """
    text = found.MESSAGE_ID.sub(MESSAGE_ID, _without_secrets(text))
    text = _without_contacts(text, PHONE, health=names_a_diagnosis)
    return MaskedText(LONG_NUMBER.sub(PHONE, text))


def mask_cloud(text: str, names: Collection[str] = ()) -> MaskedText:
    """For a model that somebody else runs: nothing that says who it is, or how they are.

    Args:
        text: What somebody wrote.
        names: Names that the house knows, for instance of the member who writes.
    """
    text = found.MESSAGE_ID.sub(MESSAGE_ID, _without_secrets(text))
    text = _without_names(text, names, keep_first=False)

    def unwell(word: str) -> bool:
        return names_a_diagnosis(word) or names_a_complaint(word)

    return MaskedText(_without_contacts(text, PHONE, health=unwell))


def mask_staff(text: str, names: Collection[str] = ()) -> MaskedText:
    """For staff who read along: of a name the first one, of a number the last three digits.

    That somebody has pain they may read, what they suffer from they may not.

    Args:
        text: What somebody wrote.
        names: Names that the house knows, for instance of the member who writes.
    """
    text = found.MESSAGE_ID.sub(MESSAGE_ID, _without_secrets(text))
    text = _without_names(text, names, keep_first=True)
    return MaskedText(_without_contacts(text, "[Telefon …{last}]", health=names_a_diagnosis))


def mask_for_staff(text: str, member: Member | None) -> MaskedText:
    """:func:`mask_staff` for the chat of a member, or of somebody whom nobody knows."""
    return mask_staff(text, () if member is None else (member.name,))


# --- the parts --------------------------------------------------------------------------------------------


def _without_secrets(text: str) -> str:
    if "://" in text:
        text = found.WORD.sub(_without_credentials, text)
    text = found.SECRET_PARAMETER.sub(rf"\1{SECRET}", text)
    text = found.BEARER.sub(rf"\1{SECRET}", text)
    text = found.BOT_URL.sub(rf"\1{SECRET}", text)
    return found.TOKEN.sub(SECRET, text)


def _without_credentials(word: re.Match[str]) -> str:
    """``scheme://user:password@host``: up to the last @, for passwords hold @ and / too."""
    text = word[0]
    begin, end = text.find("://"), text.rfind("@")
    if begin < 0 or end < begin:
        return text
    return f"{text[: begin + 3]}{SECRET}{text[end:]}"


def _without_contacts(text: str, phone: str, *, health: found.Test) -> str:
    """Everything that is found by its shape, the more certain first."""
    if "@" in text or "(" in text or "[" in text:
        text = found.EMAIL.sub(EMAIL, text)
    text = found.replace_ibans(text, IBAN)
    text = found.replace_cards(text, CARD)
    text = found.replace_births(text, BIRTH)
    text = found.replace_addresses(text, ADDRESS)
    text = replace_phones(text, phone)
    return _LETTERS.sub(lambda word: HEALTH if health(fold(word[0])) else word[0], text)


def _without_names(text: str, names: Collection[str], *, keep_first: bool) -> str:
    text = found.replace_introductions(text, NAME, keep_first=keep_first)
    known = _known_names(frozenset(names))
    if not known:
        return text

    def replaced(word: re.Match[str]) -> str:
        places = [place for part in fold(word[0]).split("-") if (place := _place(known, part)) is not None]
        return NAME if any(place > 0 or not keep_first for place in places) else word[0]

    text = _LETTERS.sub(replaced, text)
    # "[Name] [Name]" is one person.
    return found.same_again(text, NAME)


def _place(known: dict[str, int], part: str) -> int | None:
    """Whether a part of a word is a part of a name, also in the genitive."""
    return known.get(part, known.get(part.removesuffix("s")))


@lru_cache(maxsize=256)
def _known_names(names: frozenset[str]) -> dict[str, int]:
    """Every folded part of the names, and whether it is a first one (0); short parts are no names."""
    known: dict[str, int] = {}
    for name in sorted(names):
        for place, part in enumerate(_LETTERS.findall(name)):
            for folded in fold(part).split("-"):
                if len(folded) >= _SHORTEST_NAME:
                    known[folded] = max(place, known.get(folded, 0))
    return known
