"""What a message is about; a wrong guess about a door is worse than none."""

import pytest

from arni_edge.swarm.router import Intent, is_bare_yes, route


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Wie voll ist es gerade?", Intent.OCCUPANCY),
        ("ist grad viel los bei euch", Intent.OCCUPANCY),
        ("Wie viele Leute sind da?", Intent.OCCUPANCY),
        ("How busy is it right now?", Intent.OCCUPANCY),
        ("is it crowded?", Intent.OCCUPANCY),
        ("Wann habt ihr heute auf?", Intent.HOURS),
        ("bis wann habt ihr offen", Intent.HOURS),
        ("Öffnungszeiten?", Intent.HOURS),
        ("When do you close?", Intent.HOURS),
        ("Wann macht ihr auf?", Intent.HOURS),
        ("Macht ihr morgen auf?", Intent.HOURS),
        ("Tür auf bitte", Intent.DOOR),
        ("Kannst du mir bitte die Tür öffnen?", Intent.DOOR),
        ("Mach mal auf", Intent.DOOR),
        ("ich stehe vor der Tür", Intent.DOOR),
        ("please open the door", Intent.DOOR),
        ("let me in", Intent.DOOR),
        ("ich komme nicht rein", Intent.DOOR),
        ("bin da, kannst du die tür öffnen? danke!", Intent.DOOR),
        ("Mach die Tür nicht auf!", Intent.UNKNOWN),
        ("Mach die Tür bitte zu", Intent.UNKNOWN),
        ("Ist die Tür auf?", Intent.UNKNOWN),
        ("Kann man die Tür öffnen ohne Handy?", Intent.UNKNOWN),
        ("Die Tür auf der linken Seite klemmt", Intent.UNKNOWN),
        ("Wie öffne ich die Tür?", Intent.UNKNOWN),
        ("Wer hat gestern die Tür auf gelassen?", Intent.UNKNOWN),
        ("please don't open the door", Intent.UNKNOWN),
        ("how do I open the door?", Intent.UNKNOWN),
        ("why is the door open", Intent.UNKNOWN),
        ("Hallo!", Intent.GREETING),
        ("danke dir", Intent.THANKS),
        ("Bist du ein Bot?", Intent.ASK_AI),
        ("Was kostet die Mitgliedschaft?", Intent.UNKNOWN),
        ("", Intent.UNKNOWN),
    ],
)
def test_the_intent_of_a_text(text: str, intent: Intent) -> None:
    assert route(text) is intent


@pytest.mark.parametrize(
    ("text", "bare"), [("Ja", True), ("ok!", True), ("ja, aber wann?", False), ("", False)]
)
def test_a_bare_yes(text: str, bare: bool) -> None:
    assert is_bare_yes(text) is bare
