"""The board of posts: what changes, what waits, what is forgotten."""

from datetime import timedelta

from support.clock import ManualClock
from support.retention import forget

from arni_edge.domain.messages import Priority
from arni_edge.domain.staff import Button, StaffPost
from arni_edge.storage import Database, staff_posts
from arni_edge.storage.post_board import PostBoard, PostedItem, find_button

_BUTTONS = ((Button("Ja", "a", "1"),), (Button("Nein", "b", "1"), Button("Auch ja", "a", "1")))


async def _put(database: Database, clock: ManualClock, post: StaffPost, contact: str = "kim") -> bool:
    return await database.write(lambda tx: staff_posts.put(tx, contact, post, clock.now()))


async def _due(database: Database, clock: ManualClock) -> list[PostedItem]:
    return await PostBoard(database).due(clock.now())


async def test_what_changes_under_way_is_shown_next(database: Database) -> None:
    clock, board = ManualClock(), PostBoard(database)
    assert await _put(database, clock, StaffPost("p", "eins", _BUTTONS))
    assert not await _put(database, clock, StaffPost("p", "eins", _BUTTONS))
    (first,) = await _due(database, clock)
    assert await _put(database, clock, StaffPost("p", "zwei"))
    assert await board.begin(first) is None  # it is about to be said as it is now
    (second,) = await _due(database, clock)
    assert await board.begin(second) == []
    assert await _put(database, clock, StaffPost("p", "drei"))
    await board.mark_shown(second, 7, 70)
    (third,) = await _due(database, clock)
    assert (third.text, third.message_id, third.attempts) == ("drei", 70, 0)
    await board.mark_shown(third, 7, 70)
    assert await _due(database, clock) == []


async def test_the_first_of_each_contact_alarms_before_all(database: Database) -> None:
    clock = ManualClock()
    for contact in ("kim", "lee"):
        await _put(database, clock, StaffPost("n", "Hinweis"), contact)
        clock.advance(1)
    await _put(database, clock, StaffPost("a", "Alarm", priority=Priority.ALARM), "lee")
    assert [(one.contact, one.key) for one in await _due(database, clock)] == [("lee", "a"), ("kim", "n")]


async def test_what_waits_is_due_later_and_what_failed_when_it_is_put_again(database: Database) -> None:
    clock, board = ManualClock(), PostBoard(database)
    post = StaffPost("p", "eins")
    await _put(database, clock, post)
    (item,) = await _due(database, clock)
    await board.begin(item)
    await board.mark_later(item, clock.now() + timedelta(seconds=5), "limit", arrived=False)
    assert await _due(database, clock) == []
    assert not await board.is_empty()
    clock.advance(5)
    (item,) = await _due(database, clock)
    assert (item.attempts, item.delayed) == (0, True)
    await board.mark_failed(item, "blocked")
    assert await board.is_empty()
    assert await _put(database, clock, post)
    assert len(await _due(database, clock)) == 1


async def test_said_anew_the_message_before_loses_its_buttons(database: Database) -> None:
    clock, board = ManualClock(), PostBoard(database)
    for message_id in (70, 71):
        await _put(database, clock, StaffPost("p", "eins", _BUTTONS, anew=message_id > 70))
        (item,) = await _due(database, clock)
        await board.mark_shown(item, 7, message_id)
    (item,) = await _due(database, clock)
    assert (item.queued, item.stale_id, item.message_id) == (False, 70, 71)
    await board.mark_cleared(item)
    assert await _due(database, clock) == []


async def test_tokens_stay_the_same_and_go_with_their_post(database: Database) -> None:
    clock, board = ManualClock(), PostBoard(database)
    await _put(database, clock, StaffPost("said/1", "eins", _BUTTONS))
    await _put(database, clock, StaffPost("alarm/1", "eins", _BUTTONS), "lee")
    tokens = {one.contact: await board.tokens(one) for one in await _due(database, clock)}
    ((yes,), (no, also)) = tokens["kim"]
    assert yes == also != no
    assert yes not in str(tokens["lee"])
    assert await board.tokens((await _due(database, clock))[0]) in tokens.values()
    behind = await find_button(database, yes)
    assert behind is not None
    assert (behind.contact, behind.key, behind.act, behind.argument) == ("kim", "said/1", "a", "1")
    clock.advance(timedelta(days=2).total_seconds())
    assert (await forget(database, clock))["staff_answers"] == 1
    assert await find_button(database, yes) is None
    assert await find_button(database, tokens["lee"][0][0]) is not None
