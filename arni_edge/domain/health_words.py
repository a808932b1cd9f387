"""Words that say something about somebody's health; folded, German and English.

A word counts when it begins with one of the stems, or holds one of the parts ("rueckenschmerzen").
"""

from typing import Final

_DIAGNOSES: Final = (
    "adhs aids alzheimer angststoerung anorexi arthritis arthros asthma bandscheib bipolar borderline bulimi "
    "burnout burn-out cancer chemotherap copd corona covid demenz dementia depress diabet drogenabhaengig "
    "epilep essstoerung fehlgeburt fibromyalg gicht haemophil hepatit herzfehler herzinfarkt "
    "herzinsuffizienz herzrhythmus herzschrittmacher hirntumor hiv-positiv hypertoni infarkt "
    "karzinom kreuzbandriss leukaemi lipoedem lungenembol meniskus migraen migraine miscarriage morbus "
    "multiple-sklerose neurodermit osteoporos pacemaker panikattack parkinson psoriasis psychos psychotherap "
    "querschnitt rheuma schizophren schlaganfall schwanger pregnan skoliose sklerose suchtkrank "
    "thrombos trauma tumor"
).split()
_DIAGNOSED_WHOLE: Final = frozenset("hiv krebs adhd ptsd ptbs".split())

_COMPLAINTS: Final = (
    "antidepress arbeitsunfaehig arzttermin attest beschwerden blutdruck bluthochdruck cortison "
    "dislocat entzuend erbroch erkrank fieber gehirnerschuetter hexenschuss inflammation injur insulin "
    "ischias krank medikament medication muskelfaserriss operiert painkill physio rehabilit schleimbeutel "
    "schwindel sciatic surgery symptom tablette tennisarm uebelkeit verletz verstauch wirbelsaeule zerrung"
).split()
_COMPLAINED_PARTS: Final = ("schmerz",)
_COMPLAINED_WHOLE: Final = frozenset(
    "pain pains painful hurt hurts ache aches aching sick illness ill disease disabled disability behindert "
    "behinderung reha op fever dizzy fainted nausea sprained torn fracture fractured gebrochen sehnenriss "
    "tendon blutverduenner betablocker allergie allergisch allergic allergy".split()
)
_NOT_ABOUT_HEALTH: Final = ("krankenkass", "krankenversicher", "physical")
"""Begin like a complaint and are none."""


def names_a_diagnosis(word: str) -> bool:
    """Whether a folded word names an illness or a condition."""
    return word in _DIAGNOSED_WHOLE or word.startswith(_DIAGNOSIS_STEMS)


def names_a_complaint(word: str) -> bool:
    """Whether a folded word says that somebody is unwell, hurt or treated."""
    if word.startswith(_NOT_ABOUT_HEALTH):
        return False
    return (
        word in _COMPLAINED_WHOLE
        or word.startswith(_COMPLAINT_STEMS)
        or any(part in word for part in _COMPLAINED_PARTS)
    )


_DIAGNOSIS_STEMS: Final = tuple(_DIAGNOSES)
_COMPLAINT_STEMS: Final = tuple(_COMPLAINTS)
