"""How messages look on WhatsApp: within Meta's limits, or in another form that is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from arni_edge.channels.whatsapp.letters import Letters, in_plain, text_body
from arni_edge.channels.whatsapp.text import units
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import (
    Channel,
    Choice,
    Language,
    Link,
    Option,
    OutboundMessage,
    Template,
)

_LETTERS = Letters(Catalogue.load(), Language.GERMAN)
_HELLO = OutboundMessage("k", Channel.WHATSAPP, "+491", "Welcher Kurs?", reply_to="wamid.X")
_SAMPLES = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "whatsapp" / "outgoing_requests.json").read_text()
)["requests"]


def _options(*titles: str) -> tuple[Option, ...]:
    return tuple(Option(f"o{number}", title) for number, title in enumerate(titles))


def _asking(*titles: str, **more: str) -> OutboundMessage:
    return replace(_HELLO, choice=Choice(_options(*titles), **more))


def _interactive(message: OutboundMessage) -> dict[str, Any]:
    body = _LETTERS.rich(message)
    assert body is not None
    assert (body["type"], body["context"]) == ("interactive", {"message_id": "wamid.X"})
    interactive: dict[str, Any] = body["interactive"]
    return interactive


def _shape(value: object) -> object:
    """A body without its words."""
    if isinstance(value, dict):
        return {key: _shape(one) for key, one in value.items()}
    return [_shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def test_up_to_three_short_titles_are_buttons() -> None:
    interactive = _interactive(_asking("Ja", "Nein"))
    assert interactive["type"] == "button"
    assert [one["reply"] for one in interactive["action"]["buttons"]] == [
        {"id": "o0", "title": "Ja"},
        {"id": "o1", "title": "Nein"},
    ]
    assert _shape(interactive) == _shape(_SAMPLES["Send Reply Button"]["interactive"])


def test_more_of_them_or_longer_ones_are_a_list() -> None:
    """A title that is too long goes on in the second line."""
    long = "HIIT mit Langhantel und Kettlebell"
    interactive = _interactive(_asking(*(f"Kurs {number}" for number in range(9)), long, footer="f"))
    assert (interactive["type"], interactive["footer"]) == ("list", {"text": "f"})
    assert interactive["action"]["button"] == "Auswählen"
    (section,) = interactive["action"]["sections"]
    assert section["rows"][-1]["title"] == "HIIT mit Langhantel und…"
    assert section["rows"][-1]["description"].startswith(long)
    assert _interactive(_asking("a" * 21))["type"] == "list"
    assert _interactive(_asking("Ja", "Ja"))["type"] == "list"


def test_sections_of_a_list() -> None:
    options = tuple(Option(str(n), f"Kurs {n}", "Trainer", "Heute" if n < 2 else "Morgen") for n in range(4))
    message = replace(_HELLO, choice=Choice(options, "Kurse", "Kopf", "Fuß"))
    interactive = _interactive(message)
    sections = interactive["action"]["sections"]
    assert [(one["title"], len(one["rows"])) for one in sections] == [("Heute", 2), ("Morgen", 2)]
    assert _shape(interactive) == _shape(_SAMPLES["Send List Message"]["interactive"])


def test_what_fits_nowhere_is_numbered() -> None:
    """Eleven rows; an id that could not come back; two that are the same."""
    message = _asking(*(f"Kurs {number}" for number in range(11)))
    assert _LETTERS.rich(message) is None
    assert in_plain(message).startswith("Welcher Kurs?\n\n1. Kurs 0\n2. Kurs 1\n")
    for options in ((Option("x" * 257, "Ja"),), (Option("x", "Ja"), Option("x", "Nein")), ()):
        assert _LETTERS.rich(replace(_HELLO, choice=Choice(options))) is None


def test_a_link_is_a_button_or_stands_below() -> None:
    message = replace(_HELLO, link=Link("Zum Vertrag", "https://gym.example/x"))
    interactive = _interactive(message)
    assert interactive["action"]["parameters"] == {
        "display_text": "Zum Vertrag",
        "url": "https://gym.example/x",
    }
    assert in_plain(message) == "Welcher Kurs?\n\nZum Vertrag: https://gym.example/x"
    assert _LETTERS.rich(replace(_HELLO, link=Link("x", "javascript:alert(1)"))) is None


def test_a_number_is_asked_for_with_a_button() -> None:
    interactive = _interactive(replace(_HELLO, asks_phone=True))
    assert (interactive["type"], interactive["action"]) == (
        "contact_request",
        {"name": "request_contact_info"},
    )


def test_a_template_in_the_language_of_the_reader() -> None:
    message = replace(_HELLO, language=Language.ENGLISH)
    body = _LETTERS.as_template(message, Template("alarm", ("Not\nfall     hier", "EG")))
    template = body["template"]
    assert template["language"] == {"code": "en"}
    assert [one["text"] for one in template["components"][0]["parameters"]] == ["Not fall hier", "EG"]
    assert "context" not in body


def test_a_code_stands_in_the_template_and_on_its_button() -> None:
    components = _LETTERS.as_template(_HELLO, Template("login", code="483912"))["template"]["components"]
    assert components == [
        {"type": "body", "parameters": [{"type": "text", "text": "483912"}]},
        {
            "type": "button",
            "sub_type": "url",
            "index": "0",
            "parameters": [{"type": "text", "text": "483912"}],
        },
    ]


def test_plain_words_are_as_meta_shows_them() -> None:
    assert _shape(text_body("x")) == _shape(
        {key: _SAMPLES["Send Text Message"][key] for key in ("type", "text")}
    )


_titles = st.text(min_size=0, max_size=60)


@settings(max_examples=100)
@given(
    text=st.text(min_size=1, max_size=1200),
    options=st.lists(st.builds(Option, st.text(max_size=10), _titles, _titles, _titles), max_size=12),
    header=_titles,
    footer=_titles,
    button=_titles,
)
def test_whatever_is_asked_keeps_the_limits(
    text: str, options: list[Option], header: str, footer: str, button: str
) -> None:
    """Titles, ids, rows, sections, header and footer; where it is not shown, all of it stands in the text."""
    message = replace(_HELLO, text=text, choice=Choice(tuple(options), button, header, footer))
    body = _LETTERS.rich(message)
    if body is None:
        assert all(option.title in in_plain(message) for option in options if option.title.strip())
        return
    interactive = body["interactive"]
    action = interactive["action"]
    assert all(
        units(interactive[part].get("text", "")) <= 60 for part in ("header", "footer") if part in interactive
    )
    if interactive["type"] == "button":
        replies = [one["reply"] for one in action["buttons"]]
        assert len(replies) <= 3
        assert all(1 <= units(one["title"]) <= 20 for one in replies)
        assert len({one["title"] for one in replies}) == len(replies)
        assert units(text) <= 1024
        return
    rows = [row for section in action["sections"] for row in section["rows"]]
    assert 1 <= units(action["button"]) <= 20
    assert {row["id"] for row in rows} == {option.id for option in options}
    assert len(rows) <= 10
    assert all(1 <= units(row["title"]) <= 24 for row in rows)
    assert all(1 <= units(row.get("description", "x")) <= 72 for row in rows)
    assert all(units(section.get("title", "")) <= 24 for section in action["sections"])
    assert len(action["sections"]) == 1 or all(section["title"] for section in action["sections"])
