"""What every database of the relay must do, asked of each of them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.relay.server import boxes, events, gyms
from arni_edge.relay.server.gyms import Secrets
from arni_edge.relay.server.store import Store, Transaction

_NOW = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
_KEY, _OTHER = b"a" * 32, b"b" * 32


async def _append(store: Store, gym: str, body: bytes, at: datetime = _NOW) -> int | None:
    return await events.append(store, gym, "whatsapp", at=at, body=body, signature="sha256=00")


async def _page(
    store: Store, gym: str, after: int, *, epoch: int = 1, count: int = 100, size: int = 10**6
) -> events.Page:
    page = await events.page(store, gym, epoch, after, events=count, size=size)
    assert page is not None
    return page


async def _gym(store: Store, name: str = "gym-a", key: bytes = _KEY) -> gyms.Passes:
    passes = await gyms.add(store, name, Secrets())
    code = await boxes.new_code(store, name, now=_NOW, good_for=timedelta(hours=1))
    await boxes.enroll(store, code, key, now=_NOW)
    return passes


# --- the log ------------------------------------------------------------------------------------------------


async def test_numbers_count_up_by_one_for_each_gym(store: Store) -> None:
    await _gym(store, "gym-a")
    await _gym(store, "gym-b")
    assert [await _append(store, "gym-a", b"1") for _ in range(3)] == [1, 2, 3]
    assert await _append(store, "gym-b", b"1") == 1
    assert await _append(store, "nobody", b"1") is None


async def test_what_comes_at_once_has_no_gap_and_is_seen_in_order(store: Store) -> None:
    await _gym(store)
    seen: list[int] = []

    async def read_along() -> None:
        while len(seen) < 60:
            page = await _page(store, "gym-a", len(seen))
            assert page.newest >= len(seen) + len(page.events)
            seen.extend(event.sequence for event in page.events)

    reading = asyncio.create_task(read_along())
    numbers = await asyncio.gather(*(_append(store, "gym-a", b"%d" % number) for number in range(60)))
    await reading
    assert sorted(number or 0 for number in numbers) == list(range(1, 61))
    assert seen == list(range(1, 61))


async def test_the_exact_bytes_come_back(store: Store) -> None:
    await _gym(store)
    body = bytes(range(256)) * 9
    await _append(store, "gym-a", body, _NOW + timedelta(milliseconds=7))
    await _append(store, "gym-a", b"")
    first, second = (await _page(store, "gym-a", 0)).events
    assert (first.body, first.signature, first.source) == (body, "sha256=00", "whatsapp")
    assert first.received_at == _NOW + timedelta(milliseconds=7)
    assert second.body == b""


async def test_nothing_goes_by_being_read(store: Store) -> None:
    await _gym(store)
    await _append(store, "gym-a", b"1")
    assert await _page(store, "gym-a", 0) == await _page(store, "gym-a", 0)


@pytest.mark.parametrize(("count", "size", "expected"), [(2, 10**6, 2), (9, 25, 2), (9, 5, 1), (9, 30, 3)])
async def test_a_page_is_bounded_in_events_and_bytes(
    store: Store, count: int, size: int, expected: int
) -> None:
    await _gym(store)
    for _ in range(4):
        await _append(store, "gym-a", b"0123456789")
    page = await _page(store, "gym-a", 0, count=count, size=size)
    assert [event.sequence for event in page.events] == list(range(1, expected + 1))
    assert page.newest == 4


async def test_a_unit_that_raises_leaves_nothing(store: Store) -> None:
    await _gym(store)

    async def unit(tx: Transaction) -> None:
        await tx.execute("UPDATE gym SET newest = 99 WHERE id = :gym", {"gym": "gym-a"})
        raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        await store.write(unit)
    assert await _append(store, "gym-a", b"1") == 1


async def test_whoever_gives_up_waiting_is_told(store: Store) -> None:
    await _gym(store)
    with pytest.raises(Unavailable):
        await events.append(
            store, "gym-a", "whatsapp", at=_NOW, body=b"x" * 100_000, signature=None, deadline=0.0
        )


# --- erased and expired -------------------------------------------------------------------------------------


async def test_a_tombstone_keeps_its_place(store: Store) -> None:
    await _gym(store)
    await _gym(store, "gym-b")
    for gym in ("gym-a", "gym-b"):
        for number in range(3):
            await _append(store, gym, b"%d" % number)
    assert await events.erase(store, "gym-a", [2, 2, 77]) == 1
    assert await events.erase(store, "gym-a", [2]) == 0
    page = await _page(store, "gym-a", 0)
    assert [(event.sequence, event.body, event.signature) for event in page.events] == [
        (1, b"0", "sha256=00"), (2, None, None), (3, b"2", "sha256=00"),
    ]  # fmt: skip
    assert [event.body for event in (await _page(store, "gym-b", 0)).events] == [b"0", b"1", b"2"]
    assert await events.erase_all(store, "gym-a") == 2
    assert await events.erase(store, "gym-a", list(range(1, 1001))) == 0


async def test_what_is_too_old_goes_from_the_beginning(store: Store) -> None:
    await _gym(store)
    await _gym(store, "gym-b")
    # The third is older than the second: a clock was set back. It must not make a hole.
    for days in (40, 20, 40, 0):
        await _append(store, "gym-a", b"x", _NOW - timedelta(days=days))
    assert await events.expire_all(store, _NOW, timedelta(days=35)) == 1
    page = await _page(store, "gym-a", 0)
    assert (page.oldest, page.newest, [event.sequence for event in page.events]) == (2, 4, [2, 3, 4])
    assert await events.expire_all(store, _NOW, timedelta(days=10)) == 2
    assert await events.expire_all(store, _NOW + timedelta(days=11), timedelta(days=10)) == 1
    page = await _page(store, "gym-a", 1)
    assert (page.oldest, page.newest, page.events) == (5, 4, ())
    assert await _append(store, "gym-a", b"x") == 5


async def test_many_old_events_go_in_batches(store: Store) -> None:
    await _gym(store)
    many = events.EXPIRY_BATCH + 10
    await asyncio.gather(*(_append(store, "gym-a", b"x", _NOW - timedelta(days=40)) for _ in range(many)))
    assert await events.expire_all(store, _NOW, timedelta(days=35)) == events.EXPIRY_BATCH
    assert (await _page(store, "gym-a", 0)).oldest == events.EXPIRY_BATCH + 1
    assert await events.expire_all(store, _NOW, timedelta(days=35)) == 10
    assert await events.expire_all(store, _NOW, timedelta(days=35)) == 0


# --- gyms and boxes -----------------------------------------------------------------------------------------


async def test_a_gym_is_found_by_its_path_alone(store: Store) -> None:
    passes = await _gym(store)
    assert len(passes.path) == 32
    door = await gyms.door_at(store, passes.path)
    assert door.gym == "gym-a"
    assert door.knows_verify_token(passes.verify_token)
    assert not door.knows_verify_token(passes.path)
    assert not door.knows_magicline_key("")
    assert (await gyms.door_at(store, passes.path[:-1])).gym is None
    assert (await gyms.door_at(store, "gym-a")).gym is None


async def test_another_path_ends_the_one_before(store: Store) -> None:
    before = await _gym(store)
    after = await gyms.rotate_path(store, "gym-a")
    assert (await gyms.door_at(store, before.path)).gym is None
    assert (await gyms.door_at(store, after.path)).gym == "gym-a"


async def test_secrets_can_be_changed(store: Store) -> None:
    passes = await _gym(store)
    await gyms.set_secrets(store, "gym-a", Secrets(magicline_key="key-1"))
    await gyms.set_secrets(store, "gym-a", Secrets(app_secret="app-1"))
    door = await gyms.door_at(store, passes.path)
    assert (door.app_secret, door.knows_magicline_key("key-1")) == ("app-1", True)


async def test_a_gym_is_added_once_and_can_be_removed(store: Store) -> None:
    await _gym(store)
    with pytest.raises(InvalidInput):
        await gyms.add(store, "gym-a", Secrets())
    await _append(store, "gym-a", b"1")
    await gyms.remove(store, "gym-a")
    assert await gyms.standings(store) == []
    await _gym(store)
    assert (await _page(store, "gym-a", 0)).events == ()


@pytest.mark.parametrize("change", [gyms.rotate_path, gyms.renew_log, gyms.remove, boxes.revoke])
async def test_who_is_not_there_cannot_be_changed(store: Store, change: object) -> None:
    with pytest.raises(InvalidInput):
        await change(store, "nobody")  # type: ignore[operator]


async def test_a_code_is_good_for_one_box(store: Store) -> None:
    await gyms.add(store, "gym-a", Secrets())
    code = await boxes.new_code(store, "gym-a", now=_NOW, good_for=timedelta(hours=1))
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert await boxes.enroll(store, typed, _KEY, now=_NOW) == boxes.Enrolled("gym-a", 1)
    # The answer was lost; the box asks again.
    assert await boxes.enroll(store, code, _KEY, now=_NOW) == boxes.Enrolled("gym-a", 1)
    with pytest.raises(Refused):
        await boxes.enroll(store, code, _OTHER, now=_NOW)


async def test_of_two_at_the_same_time_one_gets_in(store: Store) -> None:
    await gyms.add(store, "gym-a", Secrets())
    code = await boxes.new_code(store, "gym-a", now=_NOW, good_for=timedelta(hours=1))
    tries = [boxes.enroll(store, code, bytes([number]) * 32, now=_NOW) for number in range(8)]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert [end for end in ends if not isinstance(end, Refused)] == [boxes.Enrolled("gym-a", 1)]


async def test_a_code_ends_with_its_time_and_with_the_next_one(store: Store) -> None:
    await gyms.add(store, "gym-a", Secrets())
    first = await boxes.new_code(store, "gym-a", now=_NOW, good_for=timedelta(hours=1))
    with pytest.raises(Refused):
        await boxes.enroll(store, first, _KEY, now=_NOW + timedelta(hours=2))
    await boxes.new_code(store, "gym-a", now=_NOW, good_for=timedelta(hours=1))
    with pytest.raises(Refused):
        await boxes.enroll(store, first, _KEY, now=_NOW)


async def test_the_replacement_counts(store: Store) -> None:
    await _gym(store)
    code = await boxes.new_code(store, "gym-a", now=_NOW, good_for=timedelta(hours=1))
    assert (await boxes.enroll(store, code, _OTHER, now=_NOW)).epoch == 2
    old, new = await boxes.box_of(store, "gym-a", 1), await boxes.box_of(store, "gym-a", 2)
    assert old is not None
    assert new is not None
    assert (old.public_key, old.position.epoch) == (_KEY, 2)
    assert new.public_key == _OTHER
    assert await events.page(store, "gym-a", 1, 0, events=9, size=9) is None


async def test_a_revoked_box_reads_nothing_until_one_enrols(store: Store) -> None:
    await _gym(store)
    code = await boxes.new_code(store, "gym-a", now=_NOW, good_for=timedelta(hours=1))
    await boxes.revoke(store, "gym-a")
    assert await events.page(store, "gym-a", 1, 0, events=9, size=9) is None
    with pytest.raises(Refused):
        await boxes.enroll(store, code, _OTHER, now=_NOW)
    assert await _append(store, "gym-a", b"1") == 1
    code = await boxes.new_code(store, "gym-a", now=_NOW, good_for=timedelta(hours=1))
    enrolled = await boxes.enroll(store, code, _OTHER, now=_NOW)
    assert len((await _page(store, "gym-a", 0, epoch=enrolled.epoch)).events) == 1


async def test_positions_tell_every_change(store: Store) -> None:
    await _gym(store)
    states = [await boxes.positions(store, ["gym-a", "nobody"])]
    await _append(store, "gym-a", b"1")
    states.append(await boxes.positions(store, ["gym-a"]))
    await gyms.renew_log(store, "gym-a")
    states.append(await boxes.positions(store, ["gym-a"]))
    await boxes.revoke(store, "gym-a")
    states.append(await boxes.positions(store, ["gym-a"]))
    assert [list(state) for state in states] == [["gym-a"]] * 4
    assert len({state["gym-a"] for state in states}) == 4
