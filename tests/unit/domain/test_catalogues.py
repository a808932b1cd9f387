"""Everything a person reads exists in every language, with the same placeholders."""

import re
import string
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import arni_edge
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language

_PACKAGE = Path(arni_edge.__file__).parent


@cache
def _texts(language: Language) -> dict[str, str]:
    raw = tomllib.loads((_PACKAGE / "domain" / "catalogues" / f"{language}.toml").read_text("utf-8"))
    return dict(_flatten(raw, ""))


def _flatten(tree: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_sentences() -> None:
    assert _texts(Language.GERMAN).keys() == _texts(Language.ENGLISH).keys()


def test_every_sentence_has_the_same_placeholders_in_both_languages() -> None:
    german, english = _texts(Language.GERMAN), _texts(Language.ENGLISH)
    # "1 Person" needs no {count}; the plural form does.
    assert [
        key
        for key in german
        if _placeholders(german[key]) - {"count"} != _placeholders(english[key]) - {"count"}
    ] == []


def test_every_sentence_is_used() -> None:
    code = "\n".join(path.read_text("utf-8") for path in _PACKAGE.rglob("*.py"))
    # Keys with a computed last part, such as f"occupancy.{band}".
    computed = set(re.findall(r'f"([a-z_.]+)\.\{', code))
    unused = []
    for key in _texts(Language.GERMAN):
        parent = key.rpartition(".")[0]
        # A plural is one sentence, in several forms.
        above = parent.rpartition(".")[0] if key.endswith((".one", ".other")) else parent
        if f'"{key}"' not in code and f'"{parent}"' not in code and not {parent, above} & computed:
            unused.append(key)
    assert not unused


def test_the_count_chooses_the_plural_form() -> None:
    text = Catalogue.load().text
    assert "1 Person aus" in text("alarm.notified", Language.GERMAN, count=1)
    assert "2 Personen aus" in text("alarm.notified", Language.GERMAN, count=2)
