"""A box at its relay as its owner meets it: both programs, and Magicline's webhooks through both of them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.daemon import DaemonProcess
from support.relay_server import RelayProcess
from support.waiting import eventually_is

from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Refused
from arni_edge.relay import Papers, RelayClient
from arni_edge.relay.server import boxes
from arni_edge.settings import Relay
from arni_edge.simulator.magicline import SimulatedMagicline

_WITHIN = 60.0
_WRONG = "AAAAA-AAAAA-AAAAA-AAAAA"


class _Owner:
    """Sits at the box and at the relay."""

    def __init__(self, box: DaemonProcess, relay: RelayProcess) -> None:
        self._box = box
        self._relay = relay

    async def box(self, *words: str) -> tuple[int, str]:
        """``arni-edge relay …``: its exit code, and all it says."""
        ended = await self._box.command("relay", *words)
        return ended.returncode, ended.stdout + ended.stderr

    async def relay(self, *words: str, stdin: str = "") -> str:
        """``arni-relay box …``: what it prints."""
        return await asyncio.to_thread(self._relay.command, "box", *words, stdin=stdin)

    async def code(self) -> str:
        return _value(await self.relay("code", "gym-a"), "code for the box")

    async def is_told(self, sentence: str) -> None:
        """What ``arni-edge relay status`` ends with 1 for; asked without the command, which takes long."""
        problem = (await self._box.ask("relay.status"))["problem"]
        assert sentence in problem if sentence else not problem

    async def enrolls(self, code: str) -> int:
        """``arni-edge relay enroll`` without the command; gives the epoch."""
        return int((await self._box.ask("relay.enroll", code=code, by="owner"))["epoch"])


def _value(text: str, name: str) -> str:
    match = re.search(rf"^{name} +(\S+)", text, re.MULTILINE)
    assert match, text
    return match[1]


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[RelayProcess]:
    process = RelayProcess(tmp_path, database=None)
    await asyncio.to_thread(process.start)
    yield process
    process.stop()


@pytest.fixture
async def daemon() -> AsyncIterator[DaemonProcess]:
    box = DaemonProcess()
    yield box
    box.remove()


@pytest.mark.timeout(300)
async def test_a_box_at_its_relay(relay: RelayProcess, daemon: DaemonProcess, tmp_path: Path) -> None:
    owner = _Owner(daemon, relay)
    async with SimulatedMagicline(members=0) as magicline:
        daemon.configure(
            more=f'[relay]\nurl = "{relay.url}"\nwait_seconds = 20\n'
            f'[magicline]\nurl = "{magicline.url}"\nrequests_per_minute = 1000\n'
        )
        await daemon.start_ready(ARNI_MAGICLINE__API_KEY=magicline.api_key)
        added = await owner.relay("add", "gym-a", "--magicline-key", "-", stdin=magicline.webhooks.key)
        magicline.webhooks.url = _value(added, "Magicline callback")
        await _enrols(owner, relay, _value(added, "code for the box"))
        await _webhooks_reach_the_mirror(daemon, magicline)
        await _is_shut_out_and_comes_back(owner, relay, tmp_path)
        newest = json.loads(await owner.relay("list", "--json"))[0]["newest"]

        async def read() -> int:
            return int((await daemon.ask("relay.status"))["cursor"])

        await eventually_is(read, lambda cursor: cursor == newest, within=_WITHIN)
        await asyncio.to_thread(relay.stop)
        await owner.is_told("the relay cannot be reached")
        with pytest.raises(Refused, match="the relay cannot be reached"):
            await owner.enrolls(_WRONG)
    assert "Traceback" not in daemon.log
    assert not relay.lines or "crashed" not in "".join(relay.lines)


async def _enrols(owner: _Owner, relay: RelayProcess, code: str) -> None:
    status, said = await owner.box("status")
    assert status == 1
    assert "this box is not enrolled at the relay; arni-edge relay enroll CODE" in said
    async with relay.store() as store:
        past = datetime.now(UTC) - timedelta(hours=2)
        expired = await boxes.new_code(store, "gym-a", now=past, good_for=timedelta(hours=1))
    bad = "this code is unknown, used or too old; get another one at the relay: arni-relay box code GYM"
    assert await owner.box("enroll", expired) == (1, f"arni-edge: {bad}\n")
    # The first of the three is worth nothing since there was another one.
    for one in (code, _WRONG, "ÄÖÜ ß"):
        with pytest.raises(Refused, match=bad):
            await owner.enrolls(one)
    good = await owner.code()
    # As somebody reads it out on the telephone.
    assert await owner.box("enroll", good.lower().replace("-", " ")) == (
        0, "enrolled: box gym-a, number 1 of this gym\n",
    )  # fmt: skip
    with pytest.raises(Refused, match=bad):
        await owner.enrolls(good)
    status, said = await owner.box("status")
    assert status == 0, said
    assert f"relay      {relay.url}\nbox        gym-a, number 1 of this gym\n" in said


async def _webhooks_reach_the_mirror(daemon: DaemonProcess, magicline: SimulatedMagicline) -> None:
    """From Magicline over the relay's address and the box's poll into its mirror: never, once, four times."""
    gym, webhooks = magicline.gym, magicline.webhooks

    async def is_known(member_id: int) -> bool:
        return f"ml-{member_id}" in {member["member_id"] for member in await daemon.ask("members.list")}

    async def becomes(member_id: int, *, known: bool) -> None:
        await eventually_is(lambda: is_known(member_id), lambda now: now is known, within=_WITHIN)

    await daemon.ask("sync.now", part="members")
    webhooks.holding = True
    lost = gym.add_member().member_id
    webhooks.held.clear()
    for copies, backwards in ((1, False), (4, True)):
        member = gym.add_member()
        gym.change(member, last_name="Neu")
        gone = gym.add_member()
        gym.remove(gone, told=True)
        webhooks.release(copies=copies, backwards=backwards)
        await webhooks.settled()
        assert {delivery.status for delivery in webhooks.deliveries} == {200}
        await becomes(member.member_id, known=True)
        await becomes(gone.member_id, known=False)
    assert not await is_known(lost)
    await daemon.ask("sync.now", part="members")
    await becomes(lost, known=True)
    # Who does not know the key tells nothing.
    told, webhooks.key = len(webhooks.deliveries), "wrong"
    gym.add_member()
    webhooks.release()
    await webhooks.settled()
    assert {delivery.status for delivery in list(webhooks.deliveries)[told:]} == {401}


async def _is_shut_out_and_comes_back(owner: _Owner, relay: RelayProcess, tmp_path: Path) -> None:
    await owner.relay("revoke", "gym-a")
    await owner.is_told("the relay has shut this box out; to let it in again: arni-edge relay enroll CODE")
    assert await owner.enrolls(await owner.code()) == 2
    await owner.is_told("")
    other = RelayClient(Relay(url=relay.url), SystemClock(), Papers(tmp_path / "other"))
    assert (await other.enroll(await owner.code())).epoch == 3
    await other.aclose()
    await owner.is_told("another box has taken this one's place at the relay: switch one of them off.")
    assert await owner.enrolls(await owner.code()) == 4
