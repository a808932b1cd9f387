"""Everything a person reads or hears, by key and language, with plural forms."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from arni_edge.domain.messages import Language


class Catalogue:
    """The gym's sentences in all its languages."""

    def __init__(self, texts: Mapping[Language, Mapping[str, Any]]) -> None:
        self._texts = texts

    @classmethod
    def load(cls) -> "Catalogue":
        """Read the catalogues that ship with the package."""
        return cls({language: _read(language) for language in Language})

    def text(self, key: str, language: Language, **values: object) -> str:
        """The sentence for a key.

        Args:
            key: Dotted path in the catalogue, for instance ``occupancy.busy``.
            language: In which language.
            values: What fills the placeholders. ``count`` chooses between the forms ``one`` and ``other``.

        Raises:
            KeyError: There is no such sentence: a bug, found by the test that compares the catalogues.
        """
        found: Any = self._texts[language]
        for part in key.split("."):
            found = found[part]
        if isinstance(found, dict):
            found = found["one" if values.get("count") == 1 else "other"]
        return str(found).format(**values)


@cache
def _read(language: Language) -> Mapping[str, Any]:
    """Read once in a process: it takes tens of milliseconds, and nobody changes it."""
    file = resources.files("arni_edge.domain") / "catalogues" / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
