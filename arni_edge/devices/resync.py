"""Asks devices how they are: after each reconnect, after their reboot, and when one has been quiet.

After a restart of the broker dozens of devices come back in the same second, so questions are spread. Battery
devices are left asleep, and strangers are asked who they are and nothing else.
"""

import random
from collections.abc import Callable, Iterable
from functools import partial

import orjson
import structlog

from arni_edge.broker import BrokerSession, Delivery
from arni_edge.devices import availability
from arni_edge.devices.picture import Picture
from arni_edge.devices.shelly.rpc import Call, ShellyRpc
from arni_edge.domain.clock import Clock
from arni_edge.domain.devices import Availability
from arni_edge.domain.errors import Unavailable

_log = structlog.get_logger(__name__)

_ANSWER_SECONDS = 2.0
_STRANGER_SECONDS = 1.0
_SPREAD_PER_DEVICE = 0.1
_LONGEST_SPREAD = 10.0
_MOTION_SECONDS = 3600.0
"""More often, questions empty the battery of a motion sensor; ``shellies/command`` reaches it, too."""

_MOST_STRANGERS_ASKED = 100
_EXPIRY_SECONDS = 5

Answer = Callable[[str, bytes], None]
"""Takes what a device answered, as the topic and payload by which it would have said it unasked."""


class Resync:
    """When to ask whom."""

    def __init__(
        self,
        broker: BrokerSession,
        rpc: ShellyRpc,
        strangers_rpc: ShellyRpc,
        clock: Clock,
        answer: Answer,
    ) -> None:
        """Nothing is asked before :meth:`begin`.

        Args:
            broker: Carries the texts that Gen1 understands.
            rpc: Carries questions to generation 2 and newer; its ``run`` puts them one after the other.
            strangers_rpc: The same for devices that are nobody's: with a reply topic of their own, so that
                they cannot answer in the name of others.
            clock: For the pauses.
            answer: Gets the answers.
        """
        self._broker = broker
        self._rpc = rpc
        self._strangers_rpc = strangers_rpc
        self._clock = clock
        self._answer = answer
        self._due: dict[int, tuple[float, Picture]] = {}
        self._asked: dict[int, float] = {}
        self._announced: float | None = None
        self._announce_due = False
        self._introduced: set[str] = set()
        self._introducing = False

    def begin(self, owned: Iterable[Picture]) -> None:
        """A session with the broker began: nothing is known, everybody of the settings is asked."""
        devices = list(owned)
        spread = min(_LONGEST_SPREAD, _SPREAD_PER_DEVICE * len(devices))
        for picture in devices:
            self.ask_soon(picture, within=spread)
        self._introduced.clear()
        self._introducing = False
        self._announce_due = True

    def stop(self) -> None:
        """The session ended: there is nobody to be asked."""
        self._due.clear()
        self._announce_due = False

    def ask_soon(self, picture: Picture, *, within: float = 0.5) -> None:
        """Ask a device at a random moment within so many seconds."""
        wait = random.uniform(0.0, within)  # noqa: S311 - spreads questions, guards nothing
        self._due.setdefault(id(picture), (self._clock.monotonic() + wait, picture))

    async def turn(self, owned: Iterable[Picture], strangers: Iterable[Picture]) -> None:
        """Ask whose turn it is."""
        now = self._clock.monotonic()
        if self._announce_due and (self._announced is None or now - self._announced >= _MOTION_SECONDS):
            self._announced = now
            await self._say("shellies/command", "announce")
        self._announce_due = False
        for picture in owned:
            if self._quiet(picture, now):
                self._due.setdefault(id(picture), (now, picture))
        for number, (when, picture) in list(self._due.items()):
            if when <= now:
                del self._due[number]
                self._asked[number] = now
                await self._ask(picture, now)
        self._introduce(strangers, now)

    def _quiet(self, picture: Picture, now: float) -> bool:
        """Silence means something only of a device that was asked: an idle relay has nothing to say."""
        if picture.owned is None or picture.identity.family != "shelly" or picture.presence.since is None:
            return False
        patience = picture.limit / 2
        spoke = picture.presence.heard or picture.presence.since
        asked = self._asked.get(id(picture), picture.presence.since)
        there = picture.availability(now) in {Availability.LIVE, Availability.UNKNOWN}
        return there and now - max(spoke, asked) >= patience

    async def _ask(self, picture: Picture, now: float) -> None:
        prefix = picture.prefix
        if picture.identity.family != "shelly" or prefix is None or availability.is_sleeper(picture.identity):
            return
        if picture.generation == 1:
            if availability.is_motion(picture.identity) and not self._may_wake(picture, now):
                return
            if picture.identity.model is None:
                await self._say(f"{prefix}/command", "announce")
            await self._say(f"{prefix}/command", "update")
            return
        self._rpc.ask_later(f"book/{prefix}", lambda: self._question(picture, prefix))

    def _may_wake(self, picture: Picture, now: float) -> bool:
        heard = picture.presence.heard
        return heard is None or now - heard >= _MOTION_SECONDS

    async def _say(self, topic: str, text: str) -> None:
        try:
            await self._broker.publish(topic, text, qos=1, retain=False, expiry_seconds=_EXPIRY_SECONDS)
        except Unavailable as error:
            _log.debug("device_not_asked", topic=topic, reason=str(error))

    async def _question(self, picture: Picture, prefix: str) -> bool:
        """Ask who it is, once, and how everything is; False to be asked again."""
        try:
            if picture.identity.model is None:
                call = await self._rpc.call(prefix, "Shelly.GetDeviceInfo", {}, deadline=_ANSWER_SECONDS)
                if call.reply is None:
                    return call.delivery is not Delivery.ACCEPTED
                self._introduce_itself(prefix, call)
            call = await self._rpc.call(prefix, "Shelly.GetStatus", {}, deadline=_ANSWER_SECONDS)
        except Unavailable:
            return True  # the next session asks again
        if call.reply is None:
            return call.delivery is not Delivery.ACCEPTED
        if call.reply.error is None and isinstance(call.reply.result, dict):
            frame = {
                "src": call.reply.source,
                "dst": f"{prefix}/events",
                "method": "NotifyFullStatus",
                "params": call.reply.result,
            }
            self._answer(f"{prefix}/events/rpc", orjson.dumps(frame))
        return True

    def _introduce_itself(self, prefix: str, call: Call) -> None:
        if call.reply is not None and call.reply.error is None and isinstance(call.reply.result, dict):
            self._answer(f"{prefix}/announce", orjson.dumps(call.reply.result))

    # --- strangers --------------------------------------------------------------------------------------

    def _introduce(self, strangers: Iterable[Picture], now: float) -> None:
        """Ask one stranger at a time who it is, so that a crowd of them keeps nobody of ours waiting."""
        if self._introducing or len(self._introduced) >= _MOST_STRANGERS_ASKED:
            return
        for picture in strangers:
            if (prefix := self._nameless(picture, now)) is not None:
                self._introduced.add(prefix)
                self._introducing = True
                self._strangers_rpc.ask_later("book/stranger", partial(self._greeting, prefix))
                return

    def _nameless(self, picture: Picture, now: float) -> str | None:
        """The prefix of a stranger that is there and has not been asked yet."""
        wanted = (
            picture.identity.family == "shelly"
            and picture.generation != 1
            and picture.identity.model is None
            and picture.prefix not in self._introduced
            and picture.availability(now) is Availability.LIVE
        )
        return picture.prefix if wanted else None

    async def _greeting(self, prefix: str) -> bool:
        try:
            call = await self._strangers_rpc.call(
                prefix, "Shelly.GetDeviceInfo", {}, deadline=_STRANGER_SECONDS
            )
            self._introduce_itself(prefix, call)
        except Unavailable:
            return True
        finally:
            self._introducing = False
        return True
