"""What each kind of device may say and hears on the broker; the rights of its account follow from that.

Topics are listed one by one: a device that may write below its whole prefix could write its own command
topic. The commands are used three times: the device may read them, the daemon may write them, and whoever
looks for retained commands looks there.
"""

from collections.abc import Iterable
from itertools import product
from typing import Final

from arni_edge.broker.accounts import AclRule
from arni_edge.broker.readers import reader_topic
from arni_edge.devices.nuki.codec import spellings
from arni_edge.devices.shelly.topics import subscriptions_for
from arni_edge.settings.doors import NukiLock

# Nuki MQTT API 1.5 (30.7.2024).
_NUKI_IS: Final = (
    "connected",
    "state",
    "mode",
    "doorsensorState",
    "batteryCritical",
    "batteryChargeState",
    "batteryCharging",
    "keypadBatteryCritical",
    "doorsensorBatteryCritical",
    "serverConnected",
    "timestamp",
    "ringactionTimestamp",
    "deviceType",
    "name",
    "firmware",
)
_NUKI_DOES: Final = ("commandResponse", "lockActionEvent")
# "lock" and "unlock" are never used by us, but a lock obeys them: somebody may have left a command there.
_NUKI_OBEYS: Final = ("lockAction", "lock", "unlock")

_GEN1_OBEYS: Final = (
    "command",
    "relay/+/command",
    *(f"{light}/+/{verb}" for light, verb in product(("light", "color", "white"), ("command", "set"))),
    "roller/+/command",
    "roller/+/command/pos",
    "valve/+/command",
    "sensor/start_self_test",
    "sensor/mute",
    "sensor/unmute",
)
_GEN2_OBEYS: Final = ("rpc", "command", "command/#")
_ANNOUNCE: Final = "shellies/announce"
ALL_SHELLIES: Final = "shellies/command"
"""All Shelly devices hear it: ``announce``, ``update``."""

# nuki_hub: one hub speaks for a lock, an opener, or both.
_HUB_SAYS_OF_EACH: Final = (
    "state",
    "hastate",
    "binaryState",
    "json",
    "trigger",
    "lastLockAction",
    "log",
    "shortLog",
    "rollingLog",
    "lastRollingLog",
    "completionStatus",
    "commandResult",
    "authorizationId",
    "authorizationName",
    "doorSensorState",
    "continuousMode",
    "ring",
    "binaryRing",
    "retry",
    "rssi",
    "address",
    "statusUpdated",
    "query/lockstateCommandResult",
    "availability",
    "battery/level",
    "battery/critical",
    "battery/charging",
    "battery/voltage",
    "battery/keypadCritical",
    "battery/doorSensorCritical",
    "battery/basicJson",
    "info/firmwareVersion",
)
_HUB_SAYS: Final = (
    *(f"{each}/{topic}" for each, topic in product(("lock", "opener"), _HUB_SAYS_OF_EACH)),
    "battery/+",
    "info/+",
    "configuration/basicJson",
    "configuration/advancedJson",
    "configuration/commandResult",
    "maintenance/mqttConnectionState",
    "maintenance/networkDevice",
    "maintenance/uptime",
    "maintenance/wifiRssi",
    "maintenance/freeHeap",
    "maintenance/restartReasonNukiHub",
    "maintenance/restartReasonNukiEsp",
    "presence/devices",
)
_HUB_OBEYS: Final = tuple(
    f"{each}/{topic}"
    for each, topic in product(("lock", "opener"), ("action", "query/lockstate", "query/battery"))
)


# --- names ------------------------------------------------------------------------------------------------


def nuki_username(door_id: str) -> str:
    """Account of the lock of a door."""
    return f"nuki-{door_id}"


def shelly_username(shelly_id: str) -> str:
    """Account of a Shelly device."""
    return f"shelly-{shelly_id}"


def hub_username(door_id: str) -> str:
    """Account of the nuki_hub of a door."""
    return f"hub-{door_id}"


def reader_username(door_id: str) -> str:
    """Account of the QR reader or keypad of a door."""
    return f"reader-{door_id}"


def reply_topic(site_id: str) -> str:
    """``src`` of our requests to Shelly devices: they answer on ``<src>/rpc``."""
    return f"arni/{site_id}/edge"


def newcomer_reply_topic(site_id: str) -> str:
    """``src`` of what we ask devices that are not adopted: they must not answer in the name of others."""
    return f"arni/{site_id}/newcomer"


def nuki_commands(lock: NukiLock) -> tuple[str, ...]:
    """Every topic on which this lock obeys, in every spelling of its id."""
    return tuple(f"nuki/{name}/{topic}" for name, topic in product(spellings(lock.nuki_id), _NUKI_OBEYS))


def shelly_commands(prefix: str, generation: int) -> tuple[str, ...]:
    """Every topic on which this Shelly alone obeys; all of them also hear :data:`ALL_SHELLIES`."""
    return tuple(f"{prefix}/{topic}" for topic in (_GEN1_OBEYS if generation == 1 else _GEN2_OBEYS))


def hub_commands(prefix: str) -> tuple[str, ...]:
    """The topics on which a nuki_hub acts or asks its device. Those that configure it are nobody's."""
    return tuple(f"{prefix}/{topic}" for topic in _HUB_OBEYS)


# --- rights of the devices ----------------------------------------------------------------------------------


def nuki_rights(lock: NukiLock) -> tuple[AclRule, ...]:
    """A lock speaks for itself only, and cannot command itself.

    Not ``homeassistant/#``, which its discovery would like to write: that puts buttons that open the door
    into every Home Assistant on this broker.
    """
    says = product(spellings(lock.nuki_id), (*_NUKI_IS, *_NUKI_DOES))
    return (
        *(AclRule("write", f"nuki/{name}/{topic}") for name, topic in says),
        *(AclRule("read", topic) for topic in nuki_commands(lock)),
    )


def shelly_rights(prefix: str, generation: int, site_id: str) -> tuple[AclRule, ...]:
    """A Shelly speaks for itself, answers the daemon, and cannot command itself."""
    says = {*subscriptions_for(prefix, generation=generation), _ANNOUNCE}
    if generation != 1:
        says |= {f"{prefix}/debug/log", f"{reply_topic(site_id)}/rpc"}
    return (
        *(AclRule("write", topic) for topic in sorted(says)),
        *(AclRule("read", topic) for topic in (*shelly_commands(prefix, generation), ALL_SHELLIES)),
    )


def hub_rights(prefix: str) -> tuple[AclRule, ...]:
    """A nuki_hub speaks for its devices, and cannot command them.

    It would like to answer ``ack`` on the topic of the action itself. That is refused, and the hub does not
    notice: whoever may write there could open the door, and the effect is seen in its states.
    """
    return (
        *(AclRule("write", f"{prefix}/{topic}") for topic in _HUB_SAYS),
        *(AclRule("read", topic) for topic in hub_commands(prefix)),
    )


def reader_rights(site_id: str, door_id: str) -> tuple[AclRule, ...]:
    """A reader says what was shown to it, hears what to answer, and stands at one door only."""
    topic = reader_topic(site_id, door_id)
    return (AclRule("write", topic), AclRule("read", f"{topic}/answer"))


def newcomer_rights(site_id: str, adopted: Iterable[str]) -> tuple[AclRule, ...]:
    """A device that nobody has adopted may say who and how it is, and hear who wants to know.

    All newcomers share one account, so they can speak in each other's name; but never in that of a device
    that is adopted, and they hear nothing that is meant for one.

    Args:
        site_id: Of this house.
        adopted: What belongs to adopted devices: topic filters.
    """
    says = (
        _ANNOUNCE,
        *(f"+/{topic}" for topic in ("online", "announce", "events/rpc", "status/+")),
        *(f"shellies/+/{topic}" for topic in ("online", "announce", "info")),
        *(f"nuki/+/{topic}" for topic in _NUKI_IS),
        f"{newcomer_reply_topic(site_id)}/rpc",
    )
    return (
        *(AclRule("deny", topic) for topic in adopted),
        *(AclRule("write", topic) for topic in says),
        AclRule("read", ALL_SHELLIES),
        AclRule("read", NEWCOMERS_RPC),
    )


NEWCOMERS_RPC: Final = "+/rpc"
"""Where a device with the vendor's own prefix is asked who it is. A rule with its client id (``%c``) would
hold for all accounts of the broker, and anybody can call himself as he likes."""


def nuki_topics(lock: NukiLock) -> tuple[str, ...]:
    """Everything that belongs to this lock."""
    return tuple(f"nuki/{name}/#" for name in spellings(lock.nuki_id))
