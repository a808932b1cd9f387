"""Places where people undress or are alone: no camera counts there, whatever the owner says."""

import re
import unicodedata

# German and English, in lower case, without accents, punctuation as single spaces.
_PRIVATE = re.compile(
    r"umkl(?:eid|\b)|ankleid|umzieh|garderob|\bkabinen?\b|dusch|wasch ?(?:raum|k|bereich|gelegenheit)|"
    r"nass ?(?:raum|zelle|bereich)|bade(?:zimmer|raum)|\bbad$|toilett|\bwc|wcs?\b|\bw c\b|"
    r"klos?\b|klosett|\bklo ?(?:raum|kabine|zelle|bereich|anlage)|\babort|pissoir|urinal|latrin|"
    r"wickel(?:raum|tisch|bereich)|still(?:raum|zimmer)|"
    r"sauna|dampf ?(?:bad|raum|kabine)|infrarot ?kabine|ham+am|solari|"
    r"changing|change ?room|fitting ?room|dressing|cloak ?room|locker(?!ung)|shower|toilet|lavator|\bloos?\b|"
    r"(?:rest|bath|wash|powder) ?room|\bbaths?\b|\b(?:women|men|ladie|gentlemen) ?s rooms?\b|steam"
)

# "damenWC" is two words; letters only, for accents are taken off before.
_NEXT_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BETWEEN = re.compile(r"[\W_]+")


def is_private(*names: str) -> bool:
    """Whether a name, as people or programs write it, is that of such a place.

    What is not seen does not help: soft hyphens and the like are left out, and letters that only look other
    (full width, accents) are taken for the plain ones.
    """
    return any(_PRIVATE.search(_plain(name)) for name in names)


def refusal(name: str, what: str) -> str:
    """Why a part of the settings is refused, and what to do instead.

    Args:
        name: Of the place, as it stands in the file.
        what: The part: camera, zone, line.
    """
    return (
        f"'{name[:40]}' is a place where nobody may be filmed (changing room, shower, WC, sauna): remove "
        f"this {what} and turn the camera away, or mask the region with 'masks'"
    )


def _plain(name: str) -> str:
    letters = (
        letter
        for letter in unicodedata.normalize("NFKD", name)
        if unicodedata.category(letter) not in {"Mn", "Cf"}
    )
    words = _NEXT_WORD.sub(" ", "".join(letters)).casefold()
    return _BETWEEN.sub(" ", words).strip()
