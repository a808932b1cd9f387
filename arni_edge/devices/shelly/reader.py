"""Everything that any Shelly says: which dialect, which device, what it means."""

from dataclasses import replace
from typing import Final

from arni_edge.devices.shelly import frames, routes, topics
from arni_edge.devices.shelly.frames import Reply, Status
from arni_edge.devices.shelly.gen1 import Gen1Reader, parse_announce
from arni_edge.devices.shelly.gen2 import Gen2Reader
from arni_edge.devices.shelly.replies import is_info
from arni_edge.devices.shelly.routes import Claim, Route, Routes
from arni_edge.devices.shelly.topics import Place, Said
from arni_edge.domain.readings import DeviceEvent, Identity, Interpretation

_LARGEST: Final = 256 * 1024
"""Bytes. The largest real messages, a status with dozens of components, have about 20 000."""

_FULL_HOUSE: Final = "too many prefixes"
_CONTRADICTION: Final = "src is not the device of this prefix"


class ShellyReader:
    """Reads for all Shellys of the house. No clock, no wire; nothing raises for what a device may send."""

    def __init__(self) -> None:
        self._routes = Routes()
        self._gen1 = Gen1Reader()
        self._gen2 = Gen2Reader()

    def claims(self, topic: str) -> bool:
        """Whether a Shelly could say this, or be told so, by the topic's shape."""
        return topics.take_apart(topic) is not None

    def read(self, topic: str, payload: bytes, *, retained: bool) -> Interpretation:
        """What one message means.

        Args:
            topic: As it came.
            payload: As it came.
            retained: It is history: a hint at who is who, never an event.
        """
        said = self._read(topic, payload, retained=retained)
        return _as_history(said) if retained and said.events else said

    def _read(self, topic: str, payload: bytes, *, retained: bool) -> Interpretation:
        place = topics.take_apart(topic)
        if place is None:
            return Interpretation(None, ignored="not a topic of a Shelly")
        if len(payload) > _LARGEST:
            return Interpretation(None, ignored="larger than anything that a Shelly says")
        if place.said is Said.RPC:
            return self._read_rpc(place, payload, retained=retained)
        if place.said is Said.COMMAND:
            return self._read_command(place, payload, retained=retained)
        if place.said is Said.LOG:
            return Interpretation(self._key(place.prefix), ignored="log line")
        if place.shared:
            return self._read_shared_announcement(payload)
        if place.said is Said.EVENTS:
            return self._read_notification(place.prefix, payload, retained=retained)
        return self._read_own(place, payload, retained=retained)

    def remember(self, prefix: str, mac: str | None = None, *, generation: int | None = None) -> None:
        """Learn from the settings, or from what was stored, who is behind a prefix.

        Nobody else can then pretend to be that device, not even before it has spoken.
        """
        route = self._routes.meet(prefix) if topics.is_prefix(prefix) else None
        if route is None:
            return
        if generation is not None:
            route.first = generation == 1
        if (known := routes.mac(mac)) is not None:
            self._claim(route, known, None, proven=True)

    def forget(self, device: str) -> None:
        """Forget who a device is, and what was remembered of it; it may then appear under another prefix."""
        for route in self._routes.all():
            if route.key == device:
                self._routes.drop(route)
        self._gen1.forget(device)
        self._gen2.forget(device)

    def new_session(self) -> None:
        """Our session with the broker is new: the next input events only set the baseline."""
        for route in self._routes.all():
            self._gen1.forget(route.key)

    # --- topics of one device ---------------------------------------------------------------------------

    def _read_own(self, place: Place, payload: bytes, *, retained: bool) -> Interpretation:
        route = self._routes.meet(place.prefix)
        if route is None:
            return Interpretation(None, ignored=_FULL_HOUSE)
        if place.said is Said.ANNOUNCE:
            said = self._read_announcement(route, payload, retained=retained)
        elif place.said is Said.STATUS:
            said = self._read_component(route, place.leaf, payload, retained=retained)
        elif place.said is Said.ERROR:
            said = self._gen2.complaint(route.key, place.leaf, payload)
        elif place.said is Said.ONLINE:
            said = self._read_online(route, payload, retained=retained)
        else:
            said = self._read_first(route, place.leaf, payload, retained=retained)
        return self._introduce(route, said)

    def _read_online(self, route: Route, payload: bytes, *, retained: bool) -> Interpretation:
        """Both dialects have it; generation 1 only below ``shellies/``."""
        first = route.first is not False and route.prefix.startswith(topics.ROOT)
        said = (
            self._gen1.read(route.key, "online", payload, retained=retained)
            if first
            else self._gen2.online(route.key, payload)
        )
        if said.present and not retained:
            route.restarted = True
        return said

    def _read_notification(self, prefix: str, payload: bytes, *, retained: bool) -> Interpretation:
        notice = frames.parse_notification(payload)
        if notice is None:
            return Interpretation(self._key(prefix), ignored="not a notification frame")
        route = self._routes.meet(prefix)
        if route is None:
            return Interpretation(None, ignored=_FULL_HOUSE)
        route.first = False
        formerly: tuple[str, ...] = ()
        if (mac := routes.mac_of(notice.source)) is not None:
            claim, formerly = self._claim(route, mac, notice.source, proven=not retained)
            if claim is Claim.CONTRADICTION:
                return Interpretation(route.key, ignored=_CONTRADICTION)
        said = self._gen2.notification(route.key, notice, retained=retained)
        return self._introduce(route, replace(said, formerly=formerly))

    def _read_component(
        self, route: Route, component: str, payload: bytes, *, retained: bool
    ) -> Interpretation:
        status = frames.parse_object(payload)
        if status is not None:
            route.first = False
        mac = routes.mac(status.get("mac")) if status is not None and component == "sys" else None
        formerly = self._claim(route, mac, None, proven=not retained)[1] if mac else ()
        said = self._gen2.component(route.key, component, payload, retained=retained)
        return replace(said, formerly=formerly)

    def _read_first(self, route: Route, leaf: str, payload: bytes, *, retained: bool) -> Interpretation:
        if route.first is False:
            return Interpretation(
                route.key, ignored="a topic of generation 1, below the prefix of a newer device"
            )
        route.first = True
        said = self._gen1.read(route.key, leaf, payload, retained=retained)
        return self._settle(route, said, proven=not retained)

    def _read_announcement(self, route: Route, payload: bytes, *, retained: bool) -> Interpretation:
        info = frames.parse_object(payload)
        if info is not None and is_info(info):
            route.first = False
            said = self._gen2.announcement(route.key, info)
            return self._settle(route, said, routes.mac(info["mac"]), info.get("id"), proven=not retained)
        if not route.prefix.startswith(topics.ROOT):
            return Interpretation(route.key, ignored="not an announcement")
        said = self._gen1.read(route.key, "announce", payload, retained=retained)
        if said.identity is not None:
            route.first = True
        return self._settle(route, said, proven=not retained)

    # --- topics that all devices share ------------------------------------------------------------------

    def _read_shared_announcement(self, payload: bytes) -> Interpretation:
        """Anybody may have said it: it tells who is there, and moves nobody."""
        info = frames.parse_object(payload)
        if info is not None and is_info(info):
            mac = routes.mac(info["mac"])
            if mac is None:
                return Interpretation(None, ignored="an announcement without a MAC")
            return self._complete(self._gen2.announcement(f"shelly:{mac}", info), mac)
        identity = parse_announce(payload)
        prefix = identity.prefix if identity is not None else None
        if identity is None or prefix is None or not topics.is_prefix(prefix):
            return Interpretation(None, ignored="not an announcement")
        route = self._routes.meet(prefix)
        if route is None:
            return Interpretation(None, ignored=_FULL_HOUSE)
        if route.first is None:
            route.first = True
        said = Interpretation(route.key, identity=identity)
        return self._introduce(route, self._settle(route, said, proven=False))

    def _read_command(self, place: Place, payload: bytes, *, retained: bool) -> Interpretation:
        device = None if place.shared else self._key(place.prefix)
        if retained and payload:
            # It lies on the broker, and the device obeys it at every reconnect.
            return Interpretation(device, events=(DeviceEvent("retained_command", place.leaf[:64]),))
        return Interpretation(device, ignored="command to the device")

    def _read_rpc(self, place: Place, payload: bytes, *, retained: bool) -> Interpretation:
        """A request to a device, or an answer of one: the topics look alike, the frames do not."""
        reply = frames.parse_reply(payload)
        if reply is None:
            frame = frames.parse_object(payload)
            if retained or (frame is not None and "method" in frame):
                return self._read_command(place, payload, retained=retained)
            return Interpretation(None, ignored="neither a request nor a response frame")
        return self._read_reply(reply, retained=retained)

    def _read_reply(self, reply: Reply, *, retained: bool) -> Interpretation:
        """It goes by the device that signs it, whatever its prefix."""
        if not routes.is_source(reply.source):
            return Interpretation(None, ignored="src is no id of a device")
        mac, info = routes.mac_of(reply.source), reply.fields
        if is_info(info) and mac is not None and routes.mac(info["mac"]) != mac:
            return Interpretation(None, ignored="the device describes itself as another one")
        if mac is not None and self._is_another(mac, reply.source):
            mac = None
        device = f"shelly:{mac}" if mac else self._key(reply.source)
        said, meaning = self._gen2.reply(device, reply, retained=retained)
        if mac is None:
            return said
        formerly: tuple[str, ...] = ()
        if meaning.mqtt is not None:
            formerly = self._learn_prefix(meaning.mqtt, reply.source, mac)
        elif meaning.info is not None and (route := self._routes.find(reply.source)) is not None:
            # The default prefix is the device's id.
            formerly = self._claim(route, mac, reply.source, proven=False)[1]
        return self._complete(replace(said, formerly=formerly), mac)

    def _is_another(self, mac: str, source: str) -> bool:
        """Whether a device with this MAC signs differently."""
        route = self._routes.of(mac)
        return route is not None and (route.first is True or route.source not in {None, source.lower()})

    def _learn_prefix(self, mqtt: Status, source: str, mac: str) -> tuple[str, ...]:
        prefix = mqtt.get("topic_prefix") or source
        if not isinstance(prefix, str) or not topics.is_prefix(prefix):
            return ()
        route = self._routes.meet(prefix)
        return self._claim(route, mac, source, proven=False)[1] if route is not None else ()

    # --- who is who -------------------------------------------------------------------------------------

    def _key(self, prefix: str) -> str:
        route = self._routes.find(prefix)
        return route.key if route is not None else f"shelly:{prefix}"

    def _claim(
        self, route: Route, mac: str, source: str | None, *, proven: bool
    ) -> tuple[Claim, tuple[str, ...]]:
        """Learn who is behind a prefix.

        Returns:
            What became of it, and the key by which the device was known until now, if that changes.
        """
        before, unknown = route.key, route.mac is None
        claim = self._routes.claim(route, mac, source, proven=proven)
        if claim is not Claim.BOUND or route.key == before or not unknown:
            return claim, ()
        self._gen1.rename(before, route.key)
        self._gen2.rename(before, route.key)
        route.introduced = False
        return claim, (before,)

    def _settle(
        self,
        route: Route,
        said: Interpretation,
        mac: str | None = None,
        source: object = None,
        *,
        proven: bool,
    ) -> Interpretation:
        """Use the MAC that the device has just told, for this message already."""
        mac = mac or (routes.mac(said.identity.mac) if said.identity is not None else None)
        if mac is None:
            return said
        signed = source if isinstance(source, str) else None
        claim, formerly = self._claim(route, mac, signed, proven=proven)
        if claim is Claim.CONTRADICTION:
            return Interpretation(route.key, ignored=_CONTRADICTION)
        return replace(said, device=route.key, formerly=formerly)

    def _introduce(self, route: Route, said: Interpretation) -> Interpretation:
        """Say once what the prefix tells of the device; with everything that it says of itself, too."""
        if said.ignored is not None or (route.introduced and said.identity is None):
            return said
        route.introduced = True
        identity = said.identity or Identity("shelly")
        generation = identity.generation or (1 if route.first else None)
        known = replace(identity, mac=route.mac, prefix=route.prefix, generation=generation)
        return replace(said, identity=known)

    def _complete(self, said: Interpretation, mac: str) -> Interpretation:
        """Add to what a reply says of a device what else we know."""
        route = self._routes.of(mac)
        if said.identity is None and not said.formerly and (route is None or route.introduced):
            return said
        if route is not None:
            route.introduced = True
        identity = replace(
            said.identity or Identity("shelly"), mac=mac, prefix=route.prefix if route is not None else None
        )
        return replace(said, identity=identity)


def _as_history(said: Interpretation) -> Interpretation:
    """What is retained is no news, except a command: the device obeys it again at every reconnect."""
    events = tuple(event for event in said.events if event.name == "retained_command")
    rest = replace(said, events=events)
    if events or rest.updates or rest.identity or rest.present is not None:
        return rest
    return replace(rest, ignored="a retained event is history")
