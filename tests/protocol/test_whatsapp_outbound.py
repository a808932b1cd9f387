"""What goes out on WhatsApp besides plain texts, and what becomes of what cannot go: over real HTTP."""

import asyncio
from datetime import datetime, timedelta

import httpx
import pytest
from support.waiting import eventually
from support.whatsapp import ANNA, Box, Store, no_progress, running

from arni_edge.channels.whatsapp import HeardWindows, sender
from arni_edge.channels.whatsapp.answers import Accepted, Undeliverable
from arni_edge.channels.whatsapp.letters import Body, template_body
from arni_edge.channels.whatsapp.marks import ReadMarks
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.domain.health import State
from arni_edge.domain.messages import (
    Channel,
    Choice,
    InboundMessage,
    Language,
    Option,
    Priority,
    Template,
)
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.simulator.phones import Phone, Received
from arni_edge.storage import Transaction, inbox

BEN = "+4915223433334"
BSUID = "DE.13491208655302741918"
WEEKDAYS = Choice((Option("tue", "Dienstag"), Option("wed", "Mittwoch")))


class Told:
    """Notes what staff are told, in the transaction."""

    def __init__(self) -> None:
        self.of: list[str] = []

    async def tell(self, tx: Transaction, line: str, trouble: str, now: datetime, about: str = "") -> None:
        del tx, now, about
        self.of.append(f"{line}/{trouble}")


def anything(_: Received) -> bool:
    return True


async def eventually_in(store: Store, **states: str) -> None:
    async with asyncio.timeout(20):
        while await store.states() != states:  # noqa: ASYNC110 - the database says it
            await asyncio.sleep(0.01)


async def wrote(store: Store, who: str, ago: timedelta, kind: str = "text") -> None:
    """Somebody wrote to the gym a while ago."""
    at = store.clock.now() - ago
    message = InboundMessage(Channel.WHATSAPP, f"w{ago}{who}", who.removeprefix("+"), "x", at, who, kind=kind)
    await store.database.write(lambda tx: inbox.add(tx, message, at))


# --- choices ------------------------------------------------------------------------------------------------


async def test_choices_arrive_as_buttons(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    async with Box(cloud, store) as box, running(box.sending()):
        await store.queue("a", ANNA, "Welcher Tag?", choice=WEEKDAYS, reply_to="wamid.X")
        received = await anna.wait_for(anything, 20)
    assert (received.text, received.choices, received.context) == (
        "Welcher Tag?",
        ("Dienstag", "Mittwoch"),
        "wamid.X",
    )


async def test_choices_that_are_refused_are_said_in_words(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """An old client, a kind that Meta does not take any more: the question is asked all the same, once."""
    cloud.graph.fail(131051)
    told = Told()
    async with Box(cloud, store, notices=told) as box, running(box.sending()):
        await store.queue("a", ANNA, "Welcher Tag?", choice=WEEKDAYS)
        await eventually_in(store, a="sent")
    assert [one.text for one in anna.inbox] == ["Welcher Tag?\n\n1. Dienstag\n2. Mittwoch"]
    assert told.of == []


# --- poison -------------------------------------------------------------------------------------------------


async def test_what_meta_does_not_understand_is_set_aside_and_holds_up_nobody(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Staff hear of it, and the next message to the same person leaves."""
    cloud.graph.fail(100, times=2)
    told = Told()
    async with Box(cloud, store, notices=told) as box, running(box.sending()):
        await store.queue("a", ANNA, "Welcher Tag?", choice=WEEKDAYS)
        await store.queue("b", ANNA, "Bis bald")
        await eventually_in(store, a="quarantined", b="sent")
    assert [one.text for one in anna.inbox] == ["Bis bald"]
    assert (told.of, cloud.graph.requests) == (["whatsapp/quarantined"], 3)


async def test_a_row_that_is_no_message_is_set_aside_without_a_request(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    await store.queue("a", ANNA)
    await store.queue("b", ANNA, " \n ")
    await store.queue("c", ANNA, "Bis bald")
    await store.database.write(
        lambda tx: tx.execute("UPDATE outbox SET payload = '{\"text\":7}' WHERE key = 'a'")
    )
    async with Box(cloud, store) as box, running(box.sending()):
        await eventually_in(store, a="quarantined", b="quarantined", c="sent")
    assert (len(anna.inbox), cloud.graph.requests) == (1, 1)


@pytest.mark.parametrize(
    "payload",
    [
        '{"text":"Gift","choice":{"options":[{"id":1,"title":2}]}}',
        '{"text":"Gift","link":{"title":"x","url":7}}',
        '{"text":"Gift","template":{"name":"x","values":[1],"always":true}}',
        '{"text":"Gift","template":{"name":"x","values":3}}',
        '{"text":"Gift","language":["de"]}',
    ],
)
async def test_a_row_whose_words_break_whoever_writes_them_is_set_aside(
    cloud: SimulatedCloud, store: Store, anna: Phone, payload: str
) -> None:
    """Before any request: the sender does not die of it, and the innocent ones around it leave."""
    told = Told()
    for key in "abc":
        await store.queue(key, ANNA, f"Nachricht {key}")
    await store.database.write(
        lambda tx: tx.execute(
            "UPDATE outbox SET payload = ?, kind = CASE WHEN ? LIKE '%always%' THEN 'template' ELSE kind END"
            " WHERE key = 'b'",
            (payload, payload),
        )
    )
    async with Box(cloud, store, notices=told) as box, running(box.sending()):
        await eventually_in(store, a="sent", b="quarantined", c="sent")
    assert [one.text for one in anna.inbox] == ["Nachricht a", "Nachricht c"]
    assert told.of == ["whatsapp/quarantined"]


async def test_a_text_that_nobody_can_mean_is_set_aside(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """A megabyte would be hundreds of messages, and whoever gets them would hear nothing else for an hour."""
    told = Told()
    await store.queue("a", ANNA, "Wort " * 200_000)
    await store.queue("b", ANNA, "Bis bald")
    async with Box(cloud, store, notices=told) as box, running(box.sending()):
        await eventually_in(store, a="quarantined", b="sent")
    assert [one.text for one in anna.inbox] == ["Bis bald"]
    assert told.of == ["whatsapp/quarantined"]


async def test_poison_does_not_take_the_one_before_it_along(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Where messages are joined because they would be too many, one that is none is not joined."""
    told = Told()
    for number in range(20):
        await store.queue(f"m{number:02}", ANNA, f"Nachricht {number}")
    await store.database.write(
        lambda tx: tx.execute("UPDATE outbox SET payload = '{\"text\":7}' WHERE key = 'm12'")
    )
    async with Box(cloud, store, notices=told) as box, running(box.sending()):
        wanted = {f"m{number:02}": "sent" for number in range(20)} | {"m12": "quarantined"}
        await eventually_in(store, **wanted)
    words = "\n\n".join(str(one.text) for one in anna.inbox).split("\n\n")
    assert words == [f"Nachricht {number}" for number in range(20) if number != 12]


async def test_a_row_that_breaks_the_sender_does_not_take_the_line_down(
    cloud: SimulatedCloud, store: Store, anna: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of our own: tried a few times, when it has certainly not left; then it is set aside."""
    told = Told()
    box = Box(cloud, store, resolve_seconds=0.2, notices=told)
    post = box.http.post

    async def breaks(url: str, *, json: Body, **more: object) -> httpx.Response:
        if json.get("text", {}).get("body") == "Gift":
            raise ZeroDivisionError
        return await post(url, json=json, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(box.http, "post", breaks)
    monkeypatch.setattr(sender, "_TICK_SECONDS", 0.1)
    async with box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA, "Gift")
        await store.queue("b", ANNA, "Bis bald")
        await eventually_in(store, a="quarantined", b="sent")
    assert [one.text for one in anna.inbox] == ["Bis bald"]
    assert told.of == ["whatsapp/quarantined"]


async def test_a_row_that_was_under_way_whenever_the_daemon_died_is_set_aside(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """The fifth life does not try it again."""
    told = Told()
    await store.queue("a", ANNA, "Gift")
    await store.queue("b", ANNA, "Bis bald")
    for _ in range(4):
        await store.database.write(
            lambda tx: tx.execute("UPDATE outbox SET state = 'sending' WHERE key = 'a'")
        )
        async with Box(cloud, store, notices=told) as box, running(box.sending()):
            await eventually_in(store, a="uncertain", b="queued")
    await store.database.write(lambda tx: tx.execute("UPDATE outbox SET state = 'sending' WHERE key = 'a'"))
    async with Box(cloud, store, notices=told) as box, running(box.sending()):
        await eventually_in(store, a="quarantined", b="sent")
    assert (told.of, len(anna.inbox)) == (["whatsapp/quarantined"], 1)


# --- the window ---------------------------------------------------------------------------------------------


async def test_inside_the_window_our_own_words_and_outside_a_template(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Without a template it ends, is not even tried, and staff hear of it."""
    cloud.phones.add(BEN, "Ben")
    cloud.graph.window = True
    anna.last_sent_at = store.clock.now()
    told, template = Told(), Template("news", always=False)
    await wrote(store, ANNA, timedelta(hours=23))
    await wrote(store, BEN, timedelta(hours=24))
    box = Box(cloud, store, windows=HeardWindows(store.database), notices=told)
    async with box, running(box.sending()):
        await store.queue("a", ANNA, "Neues", template=template)
        await store.queue("b", BEN, "Neues", template=template)
        await eventually_in(store, a="sent", b="sent")
        await store.queue("c", BEN, "Hallo")
        await eventually_in(store, a="sent", b="sent", c="failed")
    assert [one.get("template", {}).get("name") for one in cloud.graph.accepted] == [None, "news"]
    assert (cloud.graph.requests, told.of) == (2, ["whatsapp/window"])


async def test_a_reaction_opens_no_window_and_an_alarm_asks_meta(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    await wrote(store, ANNA, timedelta(hours=1), kind="reaction")
    async with Box(cloud, store, windows=HeardWindows(store.database)) as box, running(box.sending()):
        await store.queue("a", ANNA)
        await store.queue("b", ANNA, "Notfall", priority=Priority.ALARM)
        await eventually_in(store, a="failed", b="sent")
    assert [one.text for one in anna.inbox] == ["Notfall"]


async def test_meta_knows_better_whether_the_window_is_open(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """131047 inside the window, as Meta admits: the template goes; without one that was it."""
    cloud.graph.fail(131047)
    told = Told()
    async with Box(cloud, store, notices=told) as box, running(box.sending()):
        await store.queue("a", ANNA, "Neues", template=Template("news", always=False))
        await eventually_in(store, a="sent")
        cloud.graph.fail(131047)
        await store.queue("b", ANNA, "Hallo")
        await eventually_in(store, a="sent", b="failed")
    assert [one.template for one in anna.inbox] == ["news"]
    assert told.of == ["whatsapp/window"]


# --- codes --------------------------------------------------------------------------------------------------


async def test_a_code_goes_to_numbers_only(cloud: SimulatedCloud, store: Store, anna: Phone) -> None:
    """Not to a business-scoped id: neither do we ask, nor would Meta."""
    body = template_body("login", Language.GERMAN, (), "483912")
    async with Box(cloud, store) as box:
        assert isinstance(await box.graph.send(ANNA, body, "1"), Accepted)
        refused = await box.graph.send(BSUID, body, "2")
    assert refused == Undeliverable("this message cannot go to a user without a phone number (code 131062)")
    assert (anna.inbox[0].template, cloud.graph.requests) == ("login", 1)


# --- reports ------------------------------------------------------------------------------------------------


async def fail_later(cloud: SimulatedCloud, number: str, row: str, code: int) -> None:
    """Meta accepted it and reports later that it was not delivered; twice, as it does."""
    status = {
        "id": "wamid.failed",
        "status": "failed",
        "timestamp": "1749416383",
        "recipient_id": number.removeprefix("+"),
        "biz_opaque_callback_data": row,
        "errors": [{"code": code, "title": "x"}],
    }
    cloud._courier.deliver({"statuses": [status]}, times=2)


async def row_id(store: Store, key: str) -> str:
    rows = await store.database.read("SELECT tracking_id FROM outbox WHERE key = ?", (key,))
    return str(rows[0]["tracking_id"])


async def test_what_was_taken_and_then_not_delivered_leaves_again_under_another_id(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Reports of the first attempt, however often they come, do not end the second."""
    cloud.graph.habits.silent = True
    async with Box(cloud, store) as box, running(box.pulling(), box.sending()):
        await store.queue("a", ANNA, "Neues", template=Template("news", always=False))
        await eventually_in(store, a="sent")
        first = await row_id(store, "a")
        await fail_later(cloud, ANNA, first, 131047)
        await eventually(lambda: len(anna.inbox) == 2)
        await eventually_in(store, a="sent")
        assert await row_id(store, "a") != first
        await fail_later(cloud, ANNA, await row_id(store, "a"), 131026)
        await eventually_in(store, a="failed")
    assert [one.template for one in anna.inbox] == [None, "news"]


# --- stops, marks, media ------------------------------------------------------------------------------------


async def test_a_limit_on_templates_stops_no_answers(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Spam reports concern what the gym sends of its own accord."""
    cloud.phones.add(BEN, "Ben")
    cloud.graph.fail(131048)
    told = Told()
    async with Box(cloud, store, notices=told) as box, running(box.sending()):
        await store.queue("a", ANNA, "Neues", template=Template("news"))
        await eventually_in(store, a="retry")
        await store.queue("b", BEN, "Neues", template=Template("news"))
        await store.queue("c", ANNA, "Ja, wir haben offen")
        await store.queue("d", BEN, "Notfall", template=Template("alarm"), priority=Priority.ALARM)
        await eventually_in(store, a="retry", b="queued", c="sent", d="sent")
    assert told.of == ["whatsapp/templates_stopped"]
    assert box.health[-1][1] is State.DEGRADED


async def test_an_expired_token_is_told_to_staff(cloud: SimulatedCloud, store: Store) -> None:
    cloud.graph.fail(190)
    told = Told()
    async with Box(cloud, store, notices=told) as box, running(box.sending()):
        await store.queue("a", ANNA)
        await eventually(lambda: told.of == ["whatsapp/stopped"])


async def test_somebody_sees_that_an_answer_is_being_written(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """Best effort: what does not fit into the line is not marked, and nobody waits."""
    async with Box(cloud, store) as box:
        marks = ReadMarks(box.graph, store.clock)
        for number in range(100):
            message = InboundMessage(Channel.WHATSAPP, f"w{number}", "49", "x", store.clock.now())
            marks.answering(message)
        async with running(marks.run(no_progress)):
            await eventually(lambda: len(cloud.graph.typing) == 32)
        cloud.graph.down = True
        assert not await box.graph.mark_read("w1", typing=False)
    assert cloud.graph.read == cloud.graph.typing == [f"w{number}" for number in range(32)]
    assert not anna.inbox


async def test_a_voice_message_is_uploaded_sent_and_deleted(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    async with Box(cloud, store) as box:
        media_id = await box.graph.upload_voice(b"OggS" + bytes(100))
        assert b"OggS" in cloud.graph.uploads[media_id]
        assert b"audio/ogg" in cloud.graph.uploads[media_id]
        assert isinstance(await box.graph.send_voice(ANNA, media_id, tracking_id="1"), Accepted)
        await box.graph.delete_media(media_id)
        with pytest.raises(Refused):
            await box.graph.delete_media(media_id)
        for wrong in ("", "../x", "a/b"):
            with pytest.raises(InvalidInput):
                await box.graph.delete_media(wrong)
        with pytest.raises(InvalidInput):
            await box.graph.upload_voice(b"")
    assert cloud.graph.accepted[0]["audio"] == {"id": media_id, "voice": True}
    assert len(anna.inbox) == 1


# --- many ---------------------------------------------------------------------------------------------------


async def test_too_many_short_texts_to_one_person_leave_as_one(
    cloud: SimulatedCloud, store: Store, anna: Phone
) -> None:
    """In their order, each once; an alarm overtakes all of them."""
    async with Box(cloud, store) as box, running(box.pulling(), box.sending()):
        box.sender._traffic.pace.exhausted(ANNA, store.clock.monotonic())
        for number in range(6):
            await store.queue(f"m{number}", ANNA, f"Nummer {number}")
        await store.queue("alarm", ANNA, "Notfall", priority=Priority.ALARM)
        await eventually(lambda: len(anna.inbox) == 1)
        box.sender._traffic.pace._paid_back_at[ANNA] -= 18.0
        await eventually_in(store, **{f"m{n}": "sent" for n in range(6)}, alarm="sent")
    assert [one.text for one in anna.inbox] == [
        "Notfall",
        "\n\n".join(f"Nummer {number}" for number in range(6)),
    ]


async def test_hanging_chats_leave_room_for_alarms(cloud: SimulatedCloud, store: Store) -> None:
    """A backlog to many people, each request hanging: the alarm is asked for at once."""
    phones = [cloud.phones.add(f"+49152234340{number:02d}", "Jemand") for number in range(12)]
    cloud.graph.delay = 0.8
    async with Box(cloud, store) as box, running(box.sending()):
        for phone in phones[:10]:
            await store.queue(phone.number, phone.number)
        await eventually(lambda: cloud.graph.requests == 6)
        for phone in phones[10:]:
            await store.queue(phone.number, phone.number, "Notfall", priority=Priority.ALARM)
        await eventually(lambda: cloud.graph.requests == 8)
        assert len(box.sender._in_flight) == 8
