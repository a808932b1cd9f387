"""Answers of the broker find those who wait for them."""

import asyncio

import pytest

from arni_edge.broker.answers import Answers


async def test_each_gets_its_own_answer() -> None:
    answers = Answers()
    waiting = [asyncio.ensure_future(answers.of(mid)) for mid in (1, 2, 3)]
    await asyncio.sleep(0)
    for mid in (3, 1, 2):
        answers.settle(mid, (mid,))
    assert await asyncio.gather(*waiting) == [(1,), (2,), (3,)]


async def test_an_answer_may_come_before_anybody_waits_for_it() -> None:
    answers = Answers()
    answers.settle(7, (0x10,))
    assert await answers.of(7) == (0x10,)


async def test_an_id_that_is_used_again_gets_a_new_answer() -> None:
    answers = Answers()
    for code in (0, 0x87):
        answers.settle(7, (code,))
        assert await answers.of(7) == (code,)


async def test_nobody_waits_for_ever_when_the_connection_is_lost() -> None:
    answers = Answers()
    waiting = [asyncio.ensure_future(answers.of(mid)) for mid in (1, 2)]
    await asyncio.sleep(0)
    answers.settle(1, (0,))
    answers.give_up()
    assert await asyncio.gather(*waiting) == [(0,), ()]


async def test_an_answer_to_somebody_who_has_left_does_no_harm() -> None:
    answers = Answers()
    waiting = asyncio.ensure_future(answers.of(1))
    await asyncio.sleep(0)
    waiting.cancel()
    answers.settle(1, (0,))
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_an_answer_that_nobody_came_for_is_not_the_next_ones() -> None:
    answers = Answers()
    early = answers.ahead(7)
    answers.settle(7, (0,))
    assert await early == (0,)
    await asyncio.sleep(0)
    answers.settle(7, (0x87,))
    assert await answers.of(7) == (0x87,)
