"""Emergencies are recognised in any spelling; talk about emergencies is not one."""

import pytest

from arni_edge.safety import Cause, find_emergency


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Hilfe, hier ist jemand bewusstlos!", Cause.MEDICAL),
        ("HILFE HIER IST JEMAND BEWUSSTLOS", Cause.MEDICAL),
        ("ein mann ist zusammengebrochen", Cause.MEDICAL),
        ("sie atmet nicht mehr", Cause.MEDICAL),
        ("ich krieg keine Luft", Cause.MEDICAL),
        ("bitte ruft einen krankenwagen", Cause.MEDICAL),
        ("Help, someone is unconscious", Cause.MEDICAL),
        ("I can't breathe", Cause.MEDICAL),
        ("es brennt im Keller!", Cause.FIRE),
        ("there's a fire", Cause.FIRE),
        ("ich werde hier bedroht", Cause.VIOLENCE),
        ("he has a knife", Cause.VIOLENCE),
        ("HILFE!!!", Cause.HELP),
        ("Notfall", Cause.HELP),
        ("das ist ein Notfall", Cause.HELP),
        ("n\u200bo\u200btfall", Cause.HELP),
        ("help", Cause.HELP),
        ("Help me please", Cause.HELP),
        ("Bitte Hilfe", Cause.HELP),
        ("Hilfe! Schnell!", Cause.HELP),
        # What else is said does not silence it.
        ("Es brennt! Wo ist der Notausgang?", Cause.FIRE),
        ("es brennt wo ist der notausgang", Cause.FIRE),
        ("Jemand ist bewusstlos, was mache ich wenn er nicht atmet", Cause.MEDICAL),
        ("He is not breathing, what do I do if he dies", Cause.MEDICAL),
        ("Gestern war noch alles gut, jetzt atmet er nicht mehr", Cause.MEDICAL),
        ("hier ist jemand bewusstlos und niemand hilft", Cause.MEDICAL),
        ("Hier ist jemand umgekippt! Niemand sonst ist da.", Cause.MEDICAL),
        ("Das Training bringt mich um haha. Im Ernst: mein Freund atmet nicht!", Cause.MEDICAL),
        # Who is called for says what it is.
        ("ruft die Feuerwehr", Cause.FIRE),
        ("please call the police", Cause.VIOLENCE),
        ("bitte wählt 112", Cause.HELP),
        # Whoever wants to die is in a crisis; whoever is threatened with death is not.
        ("ich will nicht mehr leben", Cause.CRISIS),
        ("thinking about killing myself", Cause.CRISIS),
        ("mein Ex will mich umbringen", Cause.VIOLENCE),
        ("he's going to kill me", Cause.VIOLENCE),
    ],
)
def test_an_emergency_is_recognised(text: str, cause: Cause) -> None:
    assert find_emergency(text) is cause


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Wie voll ist es gerade?",
        "Wo ist der Notausgang?",
        "Gestern war hier ein Notfall, oder?",
        "Ich brauche Hilfe beim Kreuzheben",
        "Das kostet 112 Euro",
        "Kann ich meinen Notfallkontakt ändern?",
        "where is the emergency exit",
        "Habt ihr einen Erste-Hilfe-Kurs?",
        "der neue Kurs ist der Brenner",
        "Was mache ich, wenn jemand bewusstlos ist?",
        "Gestern ist hier jemand umgekippt, wie geht es ihm?",
        "Hallo, Hilfe, ich komme nicht ins WLAN",
        "Zum Glück ist niemand bewusstlos geworden",
        "Bitte hilf mir beim Gerät",
        "dieses Workout bringt mich um",
        "das Laufband ist zusammengebrochen",
        "falls es brennt, wo ist der Sammelpunkt?",
        "it's not an emergency, but the shower is cold",
    ],
)
def test_talk_about_emergencies_is_not_one(text: str) -> None:
    assert find_emergency(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "A guy from my old gym is lying here and he is not breathing",
        "my friend stopped breathing, we just wanted to ask about the price",
        "Ich wollte wegen dem Beitrag fragen aber hier liegt einer und atmet nicht",
        "wegen der laufzeit: mein mann ist gerade zusammengebrochen",
        "i came to ask about fees and someone has collapsed at the desk",
        "Mein Beitrag wurde abgebucht. Außerdem brennt es in der Umkleide!",
        "wollte kündigen, aber jetzt hat mein Vater einen Herzinfarkt",
    ],
)
def test_business_in_the_same_message_silences_no_emergency(text: str) -> None:
    assert find_emergency(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "der Handyakku in meinem Spind brennt",  # a compound is what its last part is
        "her hair's caught in the treadmill",  # a short form, and a plural
        "Uwe atmet nicht",
        "im lastenaufzug eingesperrt",  # kin of a word that rules use
    ],
)
def test_a_word_stands_for_its_kin(text: str) -> None:
    assert find_emergency(text) is not None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("die musik ist so laut dass mir die ohren bluten", False),
        ("die musik ist so laut dass mir die ohren bluten, und der dj ist umgekippt", True),
        ("this sounds like a movie but someone's been stabbed", True),
        ("in the movie someone's been stabbed", False),
        ("locker ate my pound coin again", False),
        ("my son ate a coin and is choking", True),
    ],
)
def test_a_figure_of_speech_silences_only_itself(text: str, *, meant: bool) -> None:
    assert (find_emergency(text) is not None) is meant
