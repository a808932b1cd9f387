"""Wishes of consequence in a chat: who it is must be proven, and the strict word must be said."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from support.house import MIA, STRANGER
from support.talk import KIM, LEE, Talk, talking
from support.waiting import eventually, eventually_is

from arni_edge.access.identity import Correspondent
from arni_edge.actions.tools import Hands
from arni_edge.channels.whatsapp.reports import DeliveryReports
from arni_edge.channels.whatsapp.webhook import DeliveryState, DeliveryStatus
from arni_edge.conversation.turn import Turn
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Channel, InboundMessage, Language
from arni_edge.domain.people import Assurance, Member, MemberState
from arni_edge.storage import members

BEN = Member("10482", "Ben Beispiel", "+4915198765432")
HIDDEN = "DE.1234567890"
"""An account that hides its number."""


@dataclass
class Erased:
    erasure_id: str = "e-1"
    state: str = "proven"


@dataclass
class FakeErasure:
    """Stands at the port; erasing is proven where it is built."""

    erased: list[tuple[str, str]] = field(default_factory=list)

    async def erase(self, member_id: str, ordered_by: str) -> Erased:
        self.erased.append((member_id, ordered_by))
        return Erased()


class Refusing(FakeErasure):
    async def erase(self, member_id: str, ordered_by: str) -> Erased:
        del member_id, ordered_by
        raise Refused("Das Gesetz will, dass Rechnungen bleiben.")


@dataclass
class FakeExport:
    asked: list[str] = field(default_factory=list)

    async def export(self, member_id: str) -> Mapping[str, Any]:
        self.asked.append(member_id)
        return {"data": {"messages": [1, 2, 3], "member": {"name": "…"}}, "version": 1}


async def _put(talk: Talk, *people: Member) -> None:
    clock = talk.house.clock
    await talk.house.database.write(lambda tx: members.put_by_hand(tx, people, clock.now()))


async def _proven(talk: Talk, wish: str, **who: Any) -> str:
    """Wish for something and return the code that comes by SMS; what is said then."""
    await talk.say(wish, **who)
    return await talk.say(await talk.code(), **who)


# --- a cancellation from beginning to end -------------------------------------------------------------------


async def test_a_cancellation_needs_a_code_and_the_word_and_then_a_person(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        asked = await talk.say("Hiermit kündige ich meinen Vertrag fristgerecht")
        assert "per SMS" in asked
        assert await talk.actions() == []
        proposed = await talk.say(await talk.code())
        assert [phone for phone, _ in talk.house.sms.sent] == [MIA.phone]
        assert "Kündigung des Vertrags von Mia …789 (m1)" in proposed
        assert "18.11.2026" in proposed
        assert "KÜNDIGEN" in proposed
        assert await talk.actions() == [("contract.cancel", "proposed")]
        assert await talk.tickets() == []
        received = await talk.say("kündigen")
        assert "am 18.11.2026 eingegangen" in received
        assert "geantwortet hat noch niemand" in received
        assert await talk.actions() == [("contract.cancel", "done")]
        assert await talk.tickets() == ["contract.cancel"]
        assert "Kündigung von Mia …789 (m1)" in await talk.post(KIM, "ticket")
        # The same again is no second cancellation.
        assert "schon erledigt" in await talk.say("KÜNDIGEN")
        assert "schon beim Team" in await talk.say("ich will kündigen")
        assert await talk.tickets() == ["contract.cancel"]
        assert "gespeichert" in await talk.press(KIM, "Erledigt", "ticket")
        assert await talk.tickets() == []
        assert "Erledigt von Kim" in await talk.post(LEE, "ticket")


async def test_a_bare_yes_is_no_yes_to_a_cancellation(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _proven(talk, "ich will kündigen")
        for text in ("ja", "ok", "Ja bitte", "👍", "👍🏽", "ja mach", "passt"):
            answer = await talk.say(text)
            assert "KÜNDIGEN" in answer
            assert "Kündigung des Vertrags" in answer
            assert await talk.actions() == [("contract.cancel", "proposed")]
            assert await talk.tickets() == []


async def test_a_no_ends_it(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _proven(talk, "hallo, ich will kündigen")
        for number, text in enumerate(("nein", "Nein danke", "doch nicht", "abbrechen"), start=1):
            assert "bleibt alles" in await talk.say(text)
            assert await talk.actions() == [("contract.cancel", "denied")] * number
            assert "KÜNDIGEN" in await talk.say("ich will kündigen")
        assert await talk.tickets() == []


async def test_a_question_leaves_it_open_and_is_answered(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _proven(talk, "ich will kündigen")
        assert "06:00" in await talk.say("Wann habt ihr auf?")
        await talk.say("und was passiert dann mit meinem Guthaben, nein?")
        assert await talk.actions() == [("contract.cancel", "proposed")]
        assert "eingegangen" in await talk.say("Kündigen")


async def test_after_five_minutes_the_word_means_nothing(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _proven(talk, "ich will kündigen")
        talk.house.clock.advance(301)
        await talk.say("KÜNDIGEN")
        assert await talk.tickets() == []
        states = [state for _, state in await talk.actions()]
        assert "done" not in states


async def test_the_word_of_one_conversation_confirms_nothing_in_another(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _put(talk, BEN)
        await _proven(talk, "ich will kündigen")
        await talk.say("KÜNDIGEN", BEN.phone)
        await talk.say("KÜNDIGEN", STRANGER)
        await talk.say("KÜNDIGEN", address=HIDDEN)
        assert await talk.actions() == [("contract.cancel", "proposed")]
        assert await talk.tickets() == []


async def test_a_button_means_its_own_action_only(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _proven(talk, "ich will kündigen")
        (row,) = await talk.house.database.read("SELECT action_id, digest FROM actions")
        button = f"{row['action_id']}.{row['digest'][:16]}"
        forged = f"{row['action_id']}.{'0' * 16}"
        await talk.say("Bestätigen", payload=f"action.confirm:{forged}", kind="interactive")
        await talk.say("Bestätigen", payload="action.confirm:", kind="interactive")
        await talk.say("Bestätigen", BEN.phone, payload=f"action.confirm:{button}", kind="interactive")
        assert await talk.tickets() == []
        answer = await talk.say("Bestätigen", payload=f"action.confirm:{button}", kind="interactive")
        assert "eingegangen" in answer
        assert await talk.tickets() == ["contract.cancel"]


async def test_the_word_in_a_second_life_is_answered_once_and_done_once(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _proven(talk, "ich will kündigen")
        word = talk.house.message("KÜNDIGEN")
        await talk.send(word)
        # As if the daemon had died after the action had ended, and before its message was marked as handled.
        await talk.house.database.write(
            lambda tx: tx.execute(
                "UPDATE inbound SET state = 'received' WHERE message_id = ?", (word.message_id,)
            )
        )
        talk.house.turns.wake()
        await talk.handled()
        heard = await talk.heard()
        assert sum("Diese Nachricht bestätigt nur den Eingang" in one for one in heard) == 1
        assert await talk.tickets() == ["contract.cancel"]
        assert await talk.actions() == [("contract.cancel", "done")]


# --- who it is ----------------------------------------------------------------------------------------------


async def test_a_code_is_good_once_in_its_conversation_and_is_kept_nowhere(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _put(talk, BEN)
        await talk.say("ich will kündigen")
        code = await talk.code()
        assert "kein Code" in await talk.say(code, BEN.phone)
        assert await talk.actions() == []
        await talk.say(f"Mein Code ist {code[:3]} {code[3:]}")
        assert await talk.actions() == [("contract.cancel", "proposed")]
        assert "kein Code" in await talk.say(code)
        await talk.say("hier: 12 34 56 78")
        for table in ("inbound", "outbox", "identity_codes", "errands", "actions", "audit", "entry_tallies"):
            for row in await talk.house.database.read(f"SELECT * FROM {table}"):
                shown = json.dumps([str(value) for value in tuple(row)])
                assert code not in shown.replace(" ", ""), table
        rows = await talk.house.database.read("SELECT text FROM inbound ORDER BY id")
        kept = ["••••••", "mein code ist ••• •••", "••••••", "hier: 12 34 56 78"]
        assert [row["text"] for row in rows][1:] == kept


async def test_after_five_wrong_tries_the_code_is_none(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.say("ich will kündigen")
        code = await talk.code()
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        for _ in range(5):
            assert "stimmt nicht" in await talk.say(wrong)
        assert "weiß ich, dass du es bist" not in await talk.say(code)
        assert await talk.actions() == []


async def test_a_code_is_over_after_ten_minutes_and_what_it_proved_after_fifteen(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.say("ich will kündigen")
        code = await talk.code()
        talk.house.clock.advance(600)
        assert "kein Code" in await talk.say(code)
        await _proven(talk, "ich will kündigen")
        await talk.say("nein")
        assert "KÜNDIGEN" in await talk.say("ich will kündigen")  # still sure enough
        await talk.say("nein")
        talk.house.clock.advance(901)
        assert "per SMS" in await talk.say("ich will kündigen")


@pytest.mark.parametrize("change", ["number", "ban", "gone", "system"])
async def test_what_was_proven_is_lost_when_it_may_be_somebody_else(tmp_path: Path, change: str) -> None:
    async with talking(tmp_path) as talk:
        await talk.say("Mitgliedsnummer 10482", address=HIDDEN)  # nobody has it yet
        await _put(talk, BEN)
        await talk.say("ich will kündigen", address=HIDDEN)
        await talk.say("Mitgliedsnummer: 10482", address=HIDDEN)
        proposed = await talk.say(await talk.code(), address=HIDDEN)
        assert "Ben …432 (10482)" in proposed
        if change == "number":
            await _put(talk, replace(BEN, phone="+4915100000000"))
        elif change == "ban":
            await _put(talk, replace(BEN, state=MemberState.BANNED))
        elif change == "gone":
            await talk.house.database.write(
                lambda tx: tx.execute("DELETE FROM members WHERE member_id = ?", (BEN.member_id,))
            )
        else:
            await talk.say("", address=HIDDEN, kind="system")
        await talk.say("KÜNDIGEN", address=HIDDEN)
        assert await talk.tickets() == []
        assert "wer du bist" in await talk.say("ich will kündigen", address=HIDDEN)


async def test_a_number_that_two_members_share_is_nobodys(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _put(talk, replace(BEN, phone=MIA.phone))
        assert "wer du bist" in await talk.say("ich will kündigen")
        # And a code to it proves nothing about which of them it is: none is sent.
        await talk.say("Mitgliedsnummer m1")
        await eventually(talk.house.office.codes._parcels.empty)
        assert talk.house.sms.sent == []


async def test_an_account_without_a_number_is_known_from_its_code_on(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _put(talk, BEN)
        assert "kenne ich nicht" in await talk.say("Tür auf bitte", address=HIDDEN)
        await talk.say("Mitgliedsnummer 10482", address=HIDDEN)
        assert "weiß ich" in await talk.say(await talk.code(), address=HIDDEN)
        talk.house.clock.advance(86_400)
        assert "Die Tür ist offen" in await talk.say("Tür auf bitte", address=HIDDEN)
        assert "SMS" in await talk.say("ich will kündigen", address=HIDDEN)
        # Somebody else's number proves nothing for good.
        await talk.say("Mitgliedsnummer 10482", STRANGER)
        await talk.say(await talk.code(), STRANGER)
        talk.house.clock.advance(901)
        assert "kenne ich nicht" in await talk.say("Tür auf bitte", STRANGER)


async def test_nobody_learns_who_is_a_member(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _put(talk, BEN)
        said, writes = {}, {}
        for number, stranger in (("10482", "+4915111111111"), ("99999", "+4915122222222")):
            before = await _changes(talk)
            said[number] = [await talk.say(f"Mitgliedsnummer {number}", stranger)]
            writes[number] = await _changes(talk) - before
            said[number] += [await talk.say("Freigabe", stranger)]
            said[number] += [await talk.say("000000", stranger) for _ in range(6)]
            said[number] += [await talk.say(f"Mitgliedsnummer {number}", stranger) for _ in range(6)]
        assert said["10482"] == said["99999"]
        assert writes["10482"] == writes["99999"]
        assert len({row["n"] for row in await _counts(talk, "identity_codes")}) == 1
        assert [phone for phone, _ in talk.house.sms.sent] == [BEN.phone] * len(talk.house.sms.sent)


async def _changes(talk: Talk) -> int:
    """How many rows were written so far; commits say less, as one may hold what many wrote."""
    rows = await talk.house.database.write(lambda tx: tx.fetch("SELECT total_changes() AS n"))
    return int(rows[0]["n"])


async def _counts(talk: Talk, table: str) -> list[Any]:
    return await talk.house.database.read(
        f"SELECT conversation, count(*) AS n FROM {table} GROUP BY conversation"
    )


async def test_a_stranger_cannot_use_up_the_codes_of_a_member(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        for number in range(7):
            await talk.say("Mitgliedsnummer m1", f"+491511111110{number}")
        assert "per SMS" in await talk.say("ich will kündigen")


async def test_without_sms_a_code_never_comes_into_the_same_conversation(tmp_path: Path) -> None:
    async with talking(tmp_path, with_sms=False) as talk:
        refused = await talk.say("ich will kündigen")
        assert "das wäre kein Beweis" in refused
        rows = await talk.house.database.read("SELECT 1 FROM outbox WHERE secret")
        assert rows == []
        assert "beim Team" in await talk.say("Freigabe")
        assert "Mia …789 (Mitglied m1)" in await talk.post(LEE, "identity")
        assert "Danke" in await talk.press(KIM, "Ja, geprüft", "identity")
        assert "Bestätigt von Kim" in await talk.post(LEE, "identity")
        heard = await talk.heard()
        assert "bestätigt, dass du es bist" in heard[-2]
        assert "KÜNDIGEN" in heard[-1]
        assert "eingegangen" in await talk.say("KÜNDIGEN")
        (row,) = await talk.house.database.read("SELECT actor FROM audit WHERE act = 'identity.proven'")
        assert row["actor"] == "staff:kim"


async def test_the_same_chat_under_another_name_is_no_other_way(tmp_path: Path) -> None:
    async with talking(tmp_path, with_sms=False) as talk:
        await talk.say("hallo")
        # Meta names the chat by the account from now on, and still tells the number.
        renamed = replace(talk.house.message("ich will kündigen", address=HIDDEN), phone=MIA.phone)
        assert "das wäre kein Beweis" in await talk.send(renamed)
        assert await _secret(talk) == []


async def test_staff_decide_about_the_number_that_they_were_asked_about(tmp_path: Path) -> None:
    async with talking(tmp_path, with_sms=False) as talk:
        await talk.say("ich will kündigen")
        await talk.say("Freigabe")
        await _put(talk, replace(MIA, phone="+4915100000000"))
        with pytest.raises(Refused, match="zu lange her"):
            await talk.press(KIM, "Ja, geprüft", "identity")
        assert await talk.house.database.read("SELECT 1 FROM assurances") == []


async def test_nobody_is_promised_a_team_that_nothing_reaches(tmp_path: Path) -> None:
    async with talking(tmp_path, with_sms=False, staff=(replace(KIM, telegram=None),)) as talk:
        assert "noch das Team fragen" in await talk.say("ich will kündigen")
        assert "noch das Team fragen" in await talk.say("Freigabe")


async def test_staff_may_say_that_it_is_not_them(tmp_path: Path) -> None:
    async with talking(tmp_path, with_sms=False) as talk:
        await talk.say("ich will kündigen")
        await talk.say("Freigabe")
        await talk.press(KIM, "Nein", "identity")
        assert "konnte nicht bestätigen" in (await talk.heard())[-1]
        assert await talk.actions() == []
        assert "das wäre kein Beweis" in await talk.say("ich will kündigen")


async def test_a_code_by_whatsapp_goes_to_the_registered_number_and_is_forgotten(tmp_path: Path) -> None:
    async with talking(tmp_path, with_sms=False) as talk:
        await talk.say("hallo")  # Mia has written from her number: the window is open
        await talk.say("ich will kündigen", address=HIDDEN)
        await talk.say("Mitgliedsnummer m1", address=HIDDEN)
        row = (await eventually_is(lambda: _secret(talk), lambda rows: rows))[0]
        assert row["recipient"] == MIA.phone
        found = re.search(r"\d{6}", row["text"])
        assert found is not None
        assert "KÜNDIGEN" in await talk.say(found[0], address=HIDDEN)


async def _secret(talk: Talk) -> list[Any]:
    return await talk.house.database.read("SELECT recipient, text FROM outbox WHERE secret")


async def test_a_code_that_cannot_be_sent_is_said(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        talk.house.sms.broken = True
        await talk.say("ich will kündigen")
        await eventually_is(talk.heard, lambda heard: "nicht verschicken" in heard[-1])
        await _put(talk, BEN)
        before = await talk.heard(STRANGER)
        await talk.say("Mitgliedsnummer 10482", STRANGER)
        await eventually(talk.house.office.codes._parcels.empty)
        assert len(await talk.heard(STRANGER)) == len(before) + 1


# --- the other wishes ---------------------------------------------------------------------------------------


async def test_erasure_and_export(tmp_path: Path) -> None:
    erasure, export = FakeErasure(), FakeExport()
    async with talking(tmp_path, hands=Hands(erasure=erasure, export=export)) as talk:
        await talk.say("Was habt ihr über mich gespeichert?")
        assert export.asked == []
        assert "4 Einträge" in await talk.say(await talk.code())
        assert export.asked == ["m1"]
        assert await talk.tickets() == ["member.export"]
        proposed = await talk.say("Bitte löscht alle meine Daten")
        assert "Danach öffnet dir keine Tür mehr" in proposed
        await talk.say("ok")
        assert erasure.erased == []
        assert "Nachweis e-1" in await talk.say("LÖSCHEN")
        assert erasure.erased == [("m1", "member")]


async def test_what_could_not_be_done_is_said_once(tmp_path: Path) -> None:
    async with talking(tmp_path, hands=Hands(erasure=Refusing())) as talk:
        await _proven(talk, "lösch meine Daten")
        assert await talk.say("LÖSCHEN") == "Das Gesetz will, dass Rechnungen bleiben."
        assert await talk.actions() == [("member.erase", "failed")]


async def test_a_stranger_can_wish_for_nothing_of_this(tmp_path: Path) -> None:
    erasure, export = FakeErasure(), FakeExport()
    async with talking(tmp_path, hands=Hands(erasure=erasure, export=export)) as talk:
        for wish in ("lösch meine Daten", "welche Daten habt ihr über mich?", "ich kündige meinen Vertrag"):
            assert "wer du bist" in await talk.say(wish, STRANGER)
            await talk.say("LÖSCHEN", STRANGER)
        assert (erasure.erased, export.asked, await talk.actions()) == ([], [], [])


async def test_a_question_about_cancelling_is_answered_and_proposes_nothing(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        assert "vorher passiert nichts" in await talk.say("Wie kann ich kündigen?")
        assert talk.house.sms.sent == []
        assert await talk.actions() == []


async def test_somebody_who_wants_a_person_gets_one(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.say("Ich will mit einem Menschen sprechen")
        rows = await talk.house.database.read("SELECT state, reason FROM handoffs")
        assert [tuple(row) for row in rows] == [("asked", "asked")]


async def test_answers_keep_the_language_of_the_wish(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        assert "by SMS" in await talk.say("please cancel my membership, I am moving")
        assert "CANCEL CONTRACT" in await talk.say(await talk.code())
        assert "was received on 18 November 2026" in await talk.say("CANCEL CONTRACT")


async def test_a_wish_survives_a_restart(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.say("ich will kündigen")
        code = await talk.code()
    async with talking(tmp_path) as talk:
        talk.house.numbers[0] = 100
        assert "KÜNDIGEN" in await talk.say(code)


async def test_a_code_taken_up_again_after_a_crash_gets_the_same_answer(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.say("ich will kündigen")
        message: InboundMessage = talk.house.message(await talk.code())
        person = talk.house.office.errands
        who = await _person(talk, message)
        first = await person.verify(who, message.text)
        again = await person.verify(who, message.text)
        assert "KÜNDIGEN" in first
        assert first == again
        assert await talk.actions() == [("contract.cancel", "proposed")]


async def _person(talk: Talk, message: InboundMessage) -> Any:
    turn = Turn(message, Language.GERMAN)
    (identify,) = [stage for stage in talk.house.pipeline.turn if stage.name == "identify"]
    await identify(turn)
    return turn.person


async def _fails(talk: Talk) -> None:
    """Meta has taken the code, and reports later that it was not delivered."""
    (row,) = await talk.house.database.read("SELECT tracking_id FROM outbox WHERE secret")
    now = talk.house.clock.now()
    report = DeliveryStatus(
        Channel.WHATSAPP, "wamid.X", DeliveryState.FAILED, now, row["tracking_id"], 131026
    )
    for _ in range(2):  # reports come more than once
        await talk.house.database.write(lambda tx: DeliveryReports().note(tx, [report], now))
    await talk.house.office.codes.tell_of_failed()


async def test_a_code_that_fails_after_it_was_taken_is_said_where_it_was_asked_for(tmp_path: Path) -> None:
    """Once; in the conversation that waits, not in the one to which it went."""
    async with talking(tmp_path, with_sms=False) as talk:
        await talk.say("hallo")
        clock, bound = talk.house.clock, Correspondent(Channel.WHATSAPP, HIDDEN, None, Language.GERMAN)
        known = talk.house.office.known
        await talk.house.database.write(lambda tx: known.prove(tx, bound, MIA, Assurance.CODE, by="code"))
        clock.advance(16 * 60)  # bound, and no longer as sure
        assert "WhatsApp" in await talk.say("ich will kündigen", address=HIDDEN)
        await eventually_is(lambda: _secret(talk), lambda rows: rows)
        await _fails(talk)
        await talk.house.office.codes.tell_of_failed()
        said = [text for text in await talk.heard(HIDDEN) if "nicht verschicken" in text]
        assert len(said) == 1
        assert not [text for text in await talk.heard(MIA.phone) if "nicht verschicken" in text]


async def test_whoever_named_a_number_learns_nothing_of_a_code_that_failed(tmp_path: Path) -> None:
    async with talking(tmp_path, with_sms=False) as talk:
        await talk.say("hallo")
        await talk.say("ich will kündigen", address=HIDDEN)
        await talk.say("Mitgliedsnummer m1", address=HIDDEN)
        await eventually_is(lambda: _secret(talk), lambda rows: rows)
        heard = await talk.heard(HIDDEN)
        await _fails(talk)
        assert await talk.heard(HIDDEN) == heard
