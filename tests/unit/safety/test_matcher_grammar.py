"""The notation of the phrase files."""

import re
from collections.abc import Callable

import pytest

from arni_edge.safety.matcher.grammar import compiled, keys, names_in, parsed

# One symbol a word, so that a text reads like itself.
_SYMBOLS: dict[str, str] = {
    "NOT": "n",
    "WHO": "wv",
    "breathes": "b",
    "stops": "s",
    "one": "1",
    "side": "d",
    "numb": "t",
}


def _found(rule: str, said: str) -> bool:
    return compiled([parsed(rule)], lambda name: _SYMBOLS.get(name, "")).search(said) is not None


@pytest.mark.parametrize(
    ("rule", "said", "found"),
    [
        ("WHO breathes", "vb", True),
        ("WHO breathes", "v_b", False),
        ("WHO ..2 breathes", "v__b", True),
        ("WHO ..2 breathes", "v___b", False),
        ("WHO ..2 breathes", "v.b", False),
        ("WHO ..2 breathes", "vnb", False),
        ("WHO? breathes", "b", True),
        ("( one side | stops ) numb", "1dt", True),
        ("( one side|stops ) numb", "st", True),
        ("( one side|stops ) numb", "1t", False),
        ("( one|side ){2,2} numb", "1dt", True),
        ("^ breathes $", "_.b.", True),
        ("^ breathes $", "_b", False),
        ("breathes !NOT", "bn", False),
        ("breathes !NOT", "b", True),
        ("stops ~ breathes", "s___b", True),
        ("stops ~ breathes", "s_,_b", False),
        ("stops ~~ breathes", "s_,_b", True),
        ("stops ~WHO breathes", "s_w_b", False),
        ("stops ~~~ breathes", "s_._b", True),
        ("stops ~~~ breathes", "s" + "_" * 31 + "b", False),
    ],
)
def test_a_rule_finds_what_it_says(rule: str, said: str, found: bool) -> None:
    assert _found(rule, said) is found


@pytest.mark.parametrize("rule", ["( one", "one )", "one | one side"])
def test_brackets_out_of_place_are_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(rule))):
        parsed(rule)


def test_a_name_that_no_word_has_is_refused() -> None:
    with pytest.raises(ValueError, match="WHOM"):
        _found("WHOM breathes", "b")


def _cost(costs: dict[str, int]) -> Callable[[str], int]:
    return lambda name: costs.get(name, 1)


def test_a_text_is_looked_at_for_the_rarest_words_of_a_rule() -> None:
    often = _cost({"WHO": 100, "one": 50})
    rule = parsed("WHO ..3 ( one side|stops ) numb?")
    assert keys(rule, often) == [{"side", "stops"}, {"WHO"}]
    assert set(names_in(rule)) == {"WHO", "one", "side", "stops", "numb"}
