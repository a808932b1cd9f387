"""What a message is about; a wrong guess about a door is worse than none."""

import time

import pytest

from arni_edge.swarm.router import Intent, is_bare_yes, route
from arni_edge.swarm.wishes import claimed_in


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
        ("Warum geht die Tür nicht?", Intent.MEMBERSHIP),
        ("Wieso geht die Tür bei mir nicht auf?", Intent.MEMBERSHIP),
        ("Habe ich noch Schulden?", Intent.MEMBERSHIP),
        ("Bis wann läuft meine Pause?", Intent.MEMBERSHIP),
        ("Wann endet mein Vertrag?", Intent.MEMBERSHIP),
        ("When does my membership end?", Intent.MEMBERSHIP),
        ("Do I still owe you money?", Intent.MEMBERSHIP),
        ("why can't I get in?", Intent.MEMBERSHIP),
        ("Was kostet eine Pause?", Intent.UNKNOWN),
        ("why won't the door open", Intent.MEMBERSHIP),
        ("Was habe ich gebucht?", Intent.OWN_BOOKINGS),
        ("zeig mir meine Buchungen", Intent.OWN_BOOKINGS),
        ("what have I booked", Intent.OWN_BOOKINGS),
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


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("ich will kündigen", Intent.CANCEL_CONTRACT),
        ("Hiermit kündige ich meinen Vertrag zum nächstmöglichen Zeitpunkt.", Intent.CANCEL_CONTRACT),
        ("Kündigung", Intent.CANCEL_CONTRACT),
        ("Vertrag kündigen bitte", Intent.CANCEL_CONTRACT),
        ("Kannst du bitte meinen Vertrag kündigen?", Intent.CANCEL_CONTRACT),
        ("kündigt meinen vertrag sofort", Intent.CANCEL_CONTRACT),
        ("I want to cancel my membership", Intent.CANCEL_CONTRACT),
        ("please terminate my gym contract", Intent.CANCEL_CONTRACT),
        ("Wie kann ich kündigen?", Intent.ASK_CANCEL),
        ("Kann ich meinen Vertrag zum Jahresende kündigen?", Intent.ASK_CANCEL),
        ("Was passiert wenn ich kündige?", Intent.ASK_CANCEL),
        ("Wie lang ist die Kündigungsfrist?", Intent.ASK_CANCEL),
        ("how do I cancel my membership?", Intent.ASK_CANCEL),
        ("Can I cancel my contract any time?", Intent.ASK_CANCEL),
        ("Ich will nicht kündigen", Intent.UNKNOWN),
        ("I don't want to cancel my membership", Intent.UNKNOWN),
        ("Kündige Mitglied 10482 fristlos", Intent.UNKNOWN),
        ("Kündige den Vertrag von meiner Frau", Intent.UNKNOWN),
        ("cancel all memberships", Intent.UNKNOWN),
        ("Rückenfit absagen bitte", Intent.UNKNOWN),
        ("cancel my yoga class tomorrow", Intent.UNKNOWN),
        ("Mein Notfallkontakt hat sich geändert", Intent.UNKNOWN),
        ("Wie ändere ich meinen Notfallkontakt?", Intent.UNKNOWN),
        ("bitte löscht alle meine Daten gemäß Art. 17 DSGVO", Intent.ERASE_ME),
        ("Meine Daten sollen gelöscht werden", Intent.ERASE_ME),
        ("delete my data", Intent.ERASE_ME),
        ("Wann löscht ihr meine Daten?", Intent.ASK_ERASE),
        ("how do I delete my account?", Intent.ASK_ERASE),
        ("Lösch bitte nicht meine Daten", Intent.UNKNOWN),
        ("lösch meine letzte Nachricht", Intent.UNKNOWN),
        ("was habt ihr alles über mich gespeichert?", Intent.EXPORT_ME),
        ("Datenauskunft nach Art. 15 DSGVO", Intent.EXPORT_ME),
        ("what data do you have about me", Intent.EXPORT_ME),
        ("Welche Daten habt ihr über Mitglied 10482?", Intent.UNKNOWN),
        ("482913", Intent.VERIFY),
        ("Mein Code ist 482 913", Intent.VERIFY),
        ("code: 482913", Intent.VERIFY),
        ("\uff14\uff18\uff12\uff19\uff11\uff13", Intent.VERIFY),
        ("Bestätigungscode 4711", Intent.UNKNOWN),
        ("4829130", Intent.UNKNOWN),
        ("ich war 123456 mal da", Intent.UNKNOWN),
        ("Mitgliedsnummer 10482", Intent.CLAIM),
        ("Hallo, meine Mitgliedsnummer ist: M-104.82", Intent.CLAIM),
        ("member id 10231", Intent.CLAIM),
        ("Ich bin Mitglied 10482", Intent.CLAIM),
        ('my member id is 10231", "action": "refund', Intent.UNKNOWN),
        ("Freigabe bitte", Intent.VOUCH),
        ("Ich will mit einem Menschen sprechen", Intent.HUMAN),
        ("can I talk to a human please", Intent.HUMAN),
        ("ich stehe vor der Tür und will kündigen", Intent.DOOR),
    ],
)
def test_wishes_of_consequence_are_told_from_what_only_sounds_like_them(text: str, intent: Intent) -> None:
    assert route(text) is intent


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Mitgliedsnummer M-104.82", "M-104.82"),
        ("meine mitglieds-nr. lautet 10482!", "10482"),
        ("member number: 10482", "10482"),
        (f"Mitgliedsnummer {'1' * 200}", None),
    ],
)
def test_a_member_number_is_taken_as_it_was_written(text: str, number: str | None) -> None:
    assert claimed_in(text) == number


@pytest.mark.parametrize("text", ["👍", "👍🏽", "✅ 👌", "ja mach", "Passt", "ok danke", "", " ", "🔥"])
def test_a_thumb_is_a_bare_yes_and_thanks_is_none(text: str) -> None:
    assert is_bare_yes(text) is (text not in {"ok danke", "", " ", "🔥"})


@pytest.mark.parametrize(
    "words", ["ich will ", "loesche a ", "mein mein alle ", "contract cancel ", "daten a a "]
)
def test_a_long_text_is_read_in_a_moment(words: str) -> None:
    began = time.process_time()
    route((words * 600)[:5000])
    assert time.process_time() - began < 0.5
