"""A wish for a person is heard, and what only sounds like one is not."""

import pytest

from arni_edge.domain.handoff import HandoffReason, handoff_wish

_ASKED = """
Mitarbeiter
ich will einen echten Menschen
Kann ich bitte mit jemandem sprechen?
mit jemandem sprechen
ich möchte mit einem Mitarbeiter sprechen
Verbinde mich mit einem Menschen
Kann mich bitte jemand zurückrufen?
ruft mich bitte an
Ich brauche einen Mitarbeiter
ich will mit eurem Chef reden
ich hätte gern einen Ansprechpartner
Gib mir einen Menschen
Kann ich mit einer echten Person reden
möchte mit wem reden
Ich will nicht mehr mit dem Bot reden sondern mit einem Menschen
I want to talk to a human
can I speak to someone please
human please
real person
get me a manager
talk to staff
can a human help me
"""
_NO_WISH = """
Sind Mitarbeiter da?
Ist gerade ein Trainer im Studio?
bist du ein Mensch?
spreche ich mit einem Menschen?
am I talking to a human
are you human?
is a trainer there?
Wie viele Menschen sind im Studio?
how many people are there
ich brauche keinen Mitarbeiter
I don't need to talk to a human
gestern habe ich mit einem Mitarbeiter gesprochen
Ich habe mit jemandem trainiert
Kannst du mit mir sprechen?
Wer ist der Trainer?
Tür auf bitte
danke
"""


@pytest.mark.parametrize("text", _ASKED.strip().splitlines())
def test_a_wish_for_a_person(text: str) -> None:
    assert handoff_wish(text) is HandoffReason.ASKED


@pytest.mark.parametrize("text", _NO_WISH.strip().splitlines())
def test_no_wish(text: str) -> None:
    assert handoff_wish(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ich möchte mich beschweren", HandoffReason.COMPLAINT),
        ("Ich wurde schlecht behandelt", HandoffReason.COMPLAINT),
        ("I want to make a complaint", HandoffReason.COMPLAINT),
        ("mein Anwalt meldet sich bei euch", HandoffReason.THREAT),
        ("I will sue you", HandoffReason.THREAT),
        ("ein Trainer hat mich belästigt", HandoffReason.HARASSMENT),
        ("I was harassed by a trainer", HandoffReason.HARASSMENT),
    ],
)
def test_complaints_threats_and_harassment_go_to_a_person(text: str, reason: HandoffReason) -> None:
    assert handoff_wish(text) is reason
