"""Who may say what in this house: every account of the broker, from the settings.

The rules of devices are theirs (``devices/rights.py``); here they are put together.
"""

from collections.abc import Iterator
from typing import Final

from arni_edge.broker.accounts import DAEMON, NEWCOMER, VISION, AclRule
from arni_edge.broker.config import render_acl
from arni_edge.broker.discovery import announcements
from arni_edge.broker.readers import reader_topic
from arni_edge.devices import rights as devices
from arni_edge.safety.displays import alarm_topic
from arni_edge.settings import Settings
from arni_edge.settings.doors import HubLock, NukiLock

HOME_ASSISTANT: Final = "home-assistant"
"""Account of a Home Assistant on the managed broker."""


def house_rights(settings: Settings) -> dict[str, tuple[AclRule, ...]]:
    """The rules of every account that this house needs, by username. What no rule allows is refused."""
    rights = {DAEMON: daemon_rights(settings), VISION: vision_rights(settings)}
    for door in settings.doors:
        if isinstance(door.lock, NukiLock):
            rights[devices.nuki_username(door.id)] = devices.nuki_rights(door.lock)
        elif isinstance(door.lock, HubLock):
            rights[devices.hub_username(door.id)] = devices.hub_rights(door.lock.prefix)
        if door.reader:
            rights[devices.reader_username(door.id)] = devices.reader_rights(settings.site.id, door.id)
    for shelly in settings.shellies:
        rights[devices.shelly_username(shelly.id)] = devices.shelly_rights(
            shelly.prefix, shelly.generation, settings.site.id
        )
    if settings.broker.newcomers:
        rights[NEWCOMER] = devices.newcomer_rights(settings.site.id, _adopted_topics(settings))
    if settings.broker.home_assistant:
        rights[HOME_ASSISTANT] = home_assistant_rights(settings)
    return rights


def home_assistant_rights(settings: Settings) -> tuple[AclRule, ...]:
    """A Home Assistant sees what we show it, says that it has started, and commands nothing."""
    site, prefix = settings.site.id, settings.broker.home_assistant_prefix
    return (
        AclRule("read", f"arni/{site}/online"),
        AclRule("read", f"arni/{site}/state/#"),
        AclRule("read", alarm_topic(site)),
        AclRule("read", f"arni/{site}/people/#"),
        AclRule("read", f"arni/{site}/camera/#"),
        AclRule("read", f"{prefix}/#"),
        AclRule("write", f"{prefix}/status"),
    )


def daemon_rights(settings: Settings) -> tuple[AclRule, ...]:
    """The daemon hears everything, and commands what the settings name.

    It reads command topics too, when it looks for retained commands; it holds no standing subscription there.
    """
    asks = [devices.NEWCOMERS_RPC] if settings.broker.newcomers else []
    writes = [
        "arni/#",
        # Also while it is switched off: then what was announced before is taken back.
        *announcements(settings.broker.home_assistant_prefix, settings.site.id),
        devices.ALL_SHELLIES,
        *asks,
        *device_commands(settings),
    ]
    return (AclRule("read", "#"), *(AclRule("write", topic) for topic in dict.fromkeys(writes)))


def vision_rights(settings: Settings) -> tuple[AclRule, ...]:
    """The vision worker reports what it sees and hears nothing.

    Where codes are shown to a camera it is the reader of that door, and of no other.
    """
    site = settings.site.id
    return (
        AclRule("write", f"arni/{site}/vision/#"),
        *(AclRule("write", reader_topic(site, door)) for door in doors_read_by_cameras(settings)),
    )


def doors_read_by_cameras(settings: Settings) -> list[str]:
    """Ids of the doors where codes are shown to a camera, each once."""
    return sorted({camera.qr.door for camera in settings.cameras if camera.qr is not None})


def device_commands(settings: Settings) -> Iterator[str]:
    """Every command topic of every device in the settings."""
    for door in settings.doors:
        if isinstance(door.lock, NukiLock):
            yield from devices.nuki_commands(door.lock)
        elif isinstance(door.lock, HubLock):
            yield from devices.hub_commands(door.lock.prefix)
    for shelly in settings.shellies:
        yield from devices.shelly_commands(shelly.prefix, shelly.generation)


def owners_acl(settings: Settings) -> str:
    """The ACL file for a broker that is the owner's own (``broker.mode = external``).

    One account for the daemon and its vision worker, named as in the settings; one for each device, named as
    they would be in managed mode. The broker also needs what we would set ourselves:

    - ``allow_anonymous false``, ``per_listener_settings false``, ``acl_file`` with this text, a password for
      every account;
    - ``persistence false``, or ``autosave_interval 1`` with ``autosave_on_changes true``: otherwise a cleared
      retained command comes back after a power cut;
    - ``queue_qos0_messages false``, ``upgrade_outgoing_qos false``, ``retain_available true`` (the defaults),
      ``persistent_client_expiration 1h``;
    - no other account may write a command topic, and none should subscribe to ``#`` or ``nuki/#``: a listener
      there, even one to whom nothing is delivered, hides that a device is away.
    """
    rights = house_rights(settings)
    ours = (*rights.pop(DAEMON), *rights.pop(VISION))
    return render_acl({settings.broker.username: ours, **rights})


def _adopted_topics(settings: Settings) -> Iterator[str]:
    for door in settings.doors:
        if isinstance(door.lock, NukiLock):
            yield from devices.nuki_topics(door.lock)
        elif isinstance(door.lock, HubLock):
            yield f"{door.lock.prefix}/#"
    for shelly in settings.shellies:
        yield f"{shelly.prefix}/#"
