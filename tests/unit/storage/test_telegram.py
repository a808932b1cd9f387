"""What the box remembers of Telegram."""

from datetime import timedelta

from support.clock import ManualClock
from support.retention import forget

from arni_edge.storage import Database, telegram


async def test_an_update_that_was_acted_on_is_not_acted_on_again(database: Database) -> None:
    """However often Telegram sends it in 24 hours; a week later its number may be another one's."""
    clock = ManualClock()

    async def add() -> bool:
        return await database.write(lambda tx: telegram.add_update(tx, 5, 7, "something", clock.now()))

    assert await add()
    assert not await add()
    assert [one.update_id for one in await telegram.open_updates(database)] == [5]
    await database.write(lambda tx: telegram.end_update(tx, 5))
    clock.advance(timedelta(hours=24).total_seconds())
    await forget(database, clock)
    assert not await add()
    assert await telegram.open_updates(database) == []
    clock.advance(timedelta(days=6).total_seconds())
    await forget(database, clock)
    assert await add()


async def test_what_was_not_acted_on_is_never_forgotten(database: Database) -> None:
    clock = ManualClock()
    await database.write(lambda tx: telegram.add_update(tx, 5, 7, "something", clock.now()))
    clock.advance(timedelta(days=30).total_seconds())
    await forget(database, clock)
    assert len(await telegram.open_updates(database)) == 1


async def test_an_invitation_works_once_and_each_of_staff_has_one_account(database: Database) -> None:
    clock = ManualClock()
    until = clock.now() + timedelta(hours=24)

    async def use(digest: str, person: int) -> str | None:
        return await database.write(lambda tx: telegram.use_invite(tx, digest, person, clock.now()))

    await database.write(lambda tx: telegram.add_invite(tx, "a", "lee", until))
    assert await use("a", 7) == "lee"
    assert await use("a", 8) is None
    assert await telegram.bindings(database) == {7: "lee"}
    await database.write(lambda tx: telegram.add_invite(tx, "b", "lee", until))
    assert await use("b", 8) == "lee"
    assert await telegram.bindings(database) == {8: "lee"}
    await database.write(lambda tx: telegram.add_invite(tx, "c", "kim", until))
    clock.advance(timedelta(hours=24).total_seconds())
    assert await use("c", 9) is None
    assert await database.write(lambda tx: telegram.keep_bindings_of(tx, ["kim"])) == 1
    assert await telegram.bindings(database) == {}
