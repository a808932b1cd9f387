"""Answers to options that were offered as numbered lines: "2", "die zweite", "Nummer 2".

Where a list or buttons cannot be shown, the same options stand below each other with numbers. A number then
means the option, as if it had been tapped: of the last thing that was said in this conversation (or of the
message that is quoted), within half an hour, once. Anything else is no answer to it, and nobody guesses.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from arni_edge.domain.messages import InboundMessage, Option
from arni_edge.domain.text import words
from arni_edge.storage import Database, offers

_FRESH: Final = timedelta(minutes=30)
_SKEW: Final = timedelta(seconds=5)
"""Clocks differ; what was written before it was offered is no answer."""
_LONGEST: Final = 40
"""Characters; what is longer says more than a number."""
_AROUND: Final = frozenset(
    "die der das den dem the nummer nr number no option punkt antwort bitte please nehme ich i take".split()
)
_NAMES: Final = (
    "1 eins ein erste ersten erster erstes one first",
    "2 zwei zwo zweite zweiten zweiter zweites two second",
    "3 drei dritte dritten dritter drittes three third",
    "4 vier vierte vierten vierter viertes four fourth",
    "5 fuenf fuenfte fuenften fuenfter fuenftes five fifth",
    "6 sechs sechste sechsten sechster sechstes six sixth",
    "7 sieben siebte siebten siebter siebtes seven seventh",
    "8 acht achte achten achter achtes eight eighth",
    "9 neun neunte neunten neunter neuntes nine ninth",
    "10 zehn zehnte zehnten zehnter zehntes ten tenth",
)
_NUMBERS: Final = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}


@dataclass(frozen=True, slots=True)
class Chosen:
    """An option was chosen.

    Attributes:
        option: Which.
        offer: Key of the message that offered it.
    """

    option: Option
    offer: str


@dataclass(frozen=True, slots=True)
class Missed:
    """A number that is none of the options.

    Attributes:
        most: They go from 1 to this; 0: the offer is over, or was answered.
    """

    most: int


def number_in(text: str) -> int | None:
    """The number that a text is, whatever is said around it; None when it is something else. Pure."""
    if len(text) > _LONGEST:
        return None
    said = [word for word in words(text) if word not in _AROUND]
    if len(said) != 1:
        return None
    word = said[0].lstrip("0") or said[0]
    if word.isascii() and word.isdecimal() and len(word) <= 2:
        return int(word)
    return _NUMBERS.get(word)


async def answer_in(database: Database, message: InboundMessage) -> Chosen | Missed | None:
    """What a message answers, if it is a number and numbered options were offered.

    Raises:
        Unavailable: The database does not answer.
    """
    number = None if message.payload is not None else number_in(message.text)
    if number is None:
        return None
    offer = await offers.last(database, message)
    if offer is None or message.sent_at + _SKEW < offer.at:
        return None
    if offer.taken_by not in {None, message.key} or message.sent_at - offer.at > _FRESH:
        return Missed(0)
    if not 1 <= number <= len(offer.options):
        return Missed(len(offer.options))
    return Chosen(offer.options[number - 1], offer.key)
