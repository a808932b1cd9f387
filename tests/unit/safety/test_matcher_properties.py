"""What holds for every text: spelling, growing transcripts, what is said before and after, hostile input."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arni_edge.safety import find_emergency

_CORPUS = [
    json.loads(line)
    for file in sorted((Path(__file__).parents[2] / "fixtures" / "emergencies").glob("*.jsonl"))
    for line in file.read_text("utf-8").splitlines()
]
_EMERGENCIES = [one["text"] for one in _CORPUS if one["emergency"]]
# "Hilfe! Hab mein Passwort vergessen" is one thought; meant is what has nothing to do with it. And a word of
# one letter would be one more of "H I L F E".
_MISHAPS = (
    *"vergessen locked finde hilfe help abgelaufen fehlermeldung password".split(),
    "geht nicht",
    "kommt nicht",
)
_CHAT = [
    one["text"]
    for one in _CORPUS
    if not one["emergency"]
    and one["kind"] == "chat"
    and not any(mishap in one["text"].lower() for mishap in _MISHAPS)
    and len(one["text"].split()[0]) > 1
]
_CLEAR = [
    "Hilfe, hier ist jemand bewusstlos!",
    "er atmet nicht",
    "in der Umkleide brennt es",
    "he has a knife",
    "please call an ambulance",
    "sie ist zusammengebrochen",
]
_ENDS = tuple(".!?…")


def _ended(text: str) -> str:
    return text if text.rstrip().endswith(_ENDS) else f"{text}."


@given(st.text())
def test_no_text_is_too_much(text: str) -> None:
    find_emergency(text)


@given(
    st.sampled_from([word for text in _EMERGENCIES + _CHAT for word in text.split()]), st.integers(0, 1000)
)
@settings(max_examples=50)
def test_words_in_any_order_are_judged(word: str, seed: int) -> None:
    words = [word, *random.Random(seed).choices(" ".join(_EMERGENCIES + _CHAT).split(), k=40)]
    find_emergency(" ".join(words))


@pytest.mark.parametrize(
    "text",
    [
        "hilfe " * 20_000,
        "gestern wenn nicht er umgekippt " * 4_000,
        "a" * 100_000,
        "a b " * 25_000,
        "!" * 100_000,
        "ab" * 50_000,
        "hilfe, " * 14_000 + "wlan",
        "feuer im feuer in " * 6_000,
        "\N{SQUARED SOS}" * 100_000,
        "نجدة " * 20_000,
        "1" * 100_000,
    ],
)
def test_a_text_without_end_is_judged(text: str) -> None:
    find_emergency(text[:100_000])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("emergency", _CLEAR)
def test_an_emergency_at_the_end_of_a_long_story_is_found(emergency: str) -> None:
    story = " ".join(_ended(text) for text in _CHAT)
    assert find_emergency(f"{story} {emergency}") is not None


@given(st.sampled_from(_EMERGENCIES), st.lists(st.sampled_from(_CHAT), min_size=1, max_size=3))
@settings(max_examples=200)
def test_what_is_said_afterwards_silences_no_emergency(emergency: str, after: list[str]) -> None:
    assert find_emergency(" ".join([_ended(emergency), *map(_ended, after)])) is not None


@given(st.lists(st.sampled_from(_CHAT), min_size=1, max_size=3), st.sampled_from(_EMERGENCIES))
@settings(max_examples=200)
def test_what_was_said_before_silences_no_emergency(before: list[str], emergency: str) -> None:
    assert find_emergency(" ".join([*map(_ended, before), emergency])) is not None


@given(st.sampled_from(_EMERGENCIES))
def test_a_growing_transcript_is_an_emergency_at_the_latest_when_it_is_whole(emergency: str) -> None:
    words = emergency.split()
    assert any(find_emergency(" ".join(words[:count])) is not None for count in range(1, len(words) + 1))


@given(st.sampled_from(_EMERGENCIES), st.sampled_from([str.upper, str.lower, str.title]))
@settings(max_examples=200)
def test_capitals_make_no_difference(emergency: str, change: object) -> None:
    assert callable(change)
    if "\N{LATIN SMALL LETTER DOTLESS I}" not in emergency:  # Turkish has its own capitals
        assert find_emergency(change(emergency)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "h\u200bi\u200bl\u200bf\u200be",
        "\uff28\uff29\uff2c\uff26\uff25",
        "H.I.L.F.E.",
        "h!lfe",
        "h1lfe",
        "hiiiiilfeeee",
        "hilfehilfe",
        "esbrennt",
        "HILFE!!!!!!!!!!!",
        "ohnmachtig",
        "ohnmächtig",
        "ohnma\u0308chtig",
        "bewustlos",
        "bewusstlso",
        "bewussrlos",
        "bewußt los",
        "er ist um gefallen",
        "herz infakt",
        "not artzt",
        "\N{SQUARED SOS}",
    ],
)
def test_a_disguised_cry_is_heard(text: str) -> None:
    assert find_emergency(text) is not None


@pytest.mark.parametrize(
    "text", ["Er rennt", "mein Bauch", "Hilfsmittel", "die Gewichte", "Feier am Freitag", "hole"]
)
def test_a_word_that_only_looks_like_one_is_none(text: str) -> None:
    assert find_emergency(text) is None
