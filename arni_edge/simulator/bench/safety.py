"""How many messages a second the emergency matcher reads, beside the least that Python can do with a text."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Final

from arni_edge.safety.matcher import find_emergency

_WARM_UP: Final = 5_000
_TIMED_ONE_BY_ONE: Final = 20_000

# What people write to a gym. The names in braces are filled from the lists below.
_ORDINARY: Final = """\
hallo, wann habt ihr {day} offen?
moin, wie voll ist es gerade bei euch
ist {time} noch was frei im {course}?
trag mich bitte für {course} am {day} um {time} ein
kann ich {course} am {day} noch absagen, ich schaffe es nicht
Guten Tag, ich möchte meinen Vertrag zum Monatsende kündigen. Bitte um Bestätigung.
wie lange geht {day} die sauna?
meine karte geht nicht, könnt ihr kurz aufmachen
habt ihr an feiertagen normal auf oder nur bis {time}
ich hab gestern {thing} bei euch liegen lassen, habt ihr was gefunden?
was kostet ein probetraining und brauche ich da einen termin
Danke dir, bis {day}!
ok super
alles klar 👍
ist am {day} wenig los? ich komm eher so gegen {time}
kann ich meine mitgliedschaft für {number} monate pausieren?
die dusche ganz hinten ist seit tagen kalt
wer gibt {day} den {course} kurs
könnt ihr bitte die musik leiser machen, man versteht ja sein eigenes wort nicht
Meine neue Adresse ist Lindenweg {number}, bitte ändern
wieso wurden mir im {month} zweimal beiträge abgebucht?
gibts bei euch {thing} zu kaufen?
bin in {number} minuten da
mein {kin} will auch mal mitkommen, geht das mit gastkarte?
kannst du mir den plan für {course} schicken
habt ihr noch einen parkplatz für mein motorrad
Ich bin neu hier und habe ein paar Fragen zum {course}
seit wann ist {course} eigentlich immer so voll, man bekommt ja gar keinen platz mehr
das {device} nummer {number} quietscht, könnt ihr mal schauen
hi, are you open on {day}?
how busy is it right now
can you move my {course} from {day} to {time}
what does a day pass cost, I'm only here for a conference
I left {thing} in the changing room yesterday
please cancel my {course} booking for {day}, thanks
is there parking near the gym?
do you have {thing} for sale
my app doesn't show the QR code anymore
thanks, see you {day}!
can I bring my {kin} on {day} for a trial session?
üyeliğimi dondurmak istiyorum
czy jutro jesteście otwarci?
коли починається {course}?
متى تغلقون اليوم؟
"""
# Talk that needs a closer look, one message in twenty, and emergencies, one in two hundred.
_DELICATE: Final = """\
Wo ist bei euch der Notausgang?
ich bin tot nach dem {course} 😂
brauche hilfe beim login in die app
hab seit gestern schmerzen in der schulter, soll ich zum {course} kommen?
this {course} is killing me lol
das {device} ist kaputt, keiner verletzt
where is the first aid kit
was mache ich, wenn jemand umkippt?
mein knie tut weh nach {course}
kann ich meinen notfallkontakt ändern
"""
_EMERGENCIES: Final = """\
Hilfe, hier ist jemand umgekippt und atmet nicht mehr!
im technikraum brennt es
a man collapsed next to the {device}, please send someone
"""
_FILLED: Final = {
    "day": "montag dienstag mittwoch donnerstag freitag samstag sonntag heute morgen monday tonight".split(),
    "time": "6:30 7 9:15 11:00 12 14:30 16 17:45 18 19:30 20 21:15".split(),
    "course": "yoga spinning pilates zumba rückenfit bodypump crossfit hiit boxen cycling aquafit".split(),
    "thing": "handtuch trinkflasche kopfhörer schlüssel mütze headphones creatin schloss".split(),
    "number": [str(number) for number in range(1, 31)],
    "month": "januar februar märz april mai juni juli august september oktober november dezember".split(),
    "kin": "bruder freund freundin mann frau kollege sister friend".split(),
    "device": "laufband rudergerät ergometer treadmill stepper butterfly".split(),
}


def bench_safety(messages: int) -> dict[str, float]:
    """Read so many messages on one core.

    Args:
        messages: How many each of the two reads.

    Returns:
        ``messages_per_second``; ``microseconds_p50`` and ``microseconds_p99`` of single messages;
        ``sentences``: different ones in the mix; ``peer_per_second``: of ``str.casefold().split()`` over the
        same messages; ``ratio_to_peer``.
    """
    mix = _mix(messages)
    # A daemon reads for weeks: words that it saw before are known to it.
    for text in mix[:_WARM_UP]:
        find_emergency(text)
    taken = _seconds(find_emergency, mix)
    peer = _seconds(lambda text: text.casefold().split(), mix)
    single = sorted(_seconds(find_emergency, [text]) for text in mix[:_TIMED_ONE_BY_ONE])
    return {
        "messages_per_second": len(mix) / taken,
        "microseconds_p50": single[len(single) // 2] * 1e6,
        "microseconds_p99": single[len(single) * 99 // 100] * 1e6,
        "sentences": len(set(mix)),
        "peer_per_second": len(mix) / peer,
        "ratio_to_peer": peer / taken,
    }


def _mix(messages: int) -> list[str]:
    dice = random.Random(1)
    kinds = [text.splitlines() for text in (_ORDINARY, _DELICATE, _EMERGENCIES)]
    drawn = dice.choices(kinds, weights=[189, 10, 1], k=messages)
    return [
        dice.choice(kind).format(**{name: dice.choice(words) for name, words in _FILLED.items()})
        for kind in drawn
    ]


def _seconds(act: Callable[[str], object], texts: Sequence[str]) -> float:
    begin = time.perf_counter()
    for text in texts:
        act(text)
    return time.perf_counter() - begin
