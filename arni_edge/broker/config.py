"""The managed broker's files, as text."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from arni_edge.broker.accounts import Account, Rights
from arni_edge.domain.errors import ConfigurationError

# sockaddr_un.sun_path holds 108 bytes with its end.
_SOCKET_PATH_BYTES = 107


def render_config(*, directory: Path, socket: Path, host: str, port: int, as_root: bool) -> str:
    """``mosquitto.conf``: the settings that keep an old command from opening a door.

    Args:
        directory: Holds ``passwords`` and ``acl``.
        socket: Unix socket for the processes of this box.
        host: Address on which devices reach the broker.
        port: TCP port for them.
        as_root: Whether we run as root.

    Raises:
        ConfigurationError: The path of the socket is too long.
    """
    if len(str(socket).encode()) > _SOCKET_PATH_BYTES:
        raise ConfigurationError(
            f"paths.runtime: '{socket}' is too long for a socket (at most {_SOCKET_PATH_BYTES} bytes)"
        )
    lines = [
        # Started as root it would become the user mosquitto, who may not read our files, and the kernel would
        # forget that it has to die with us: a change of user clears the parent-death signal.
        *(["user root"] if as_root else []),
        "per_listener_settings false",
        "allow_anonymous false",
        f"password_file {directory / 'passwords'}",
        f"acl_file {directory / 'acl'}",
        # A retained command that was cleared comes back from disk after a power cut. The broker is a wire.
        "persistence false",
        "queue_qos0_messages false",
        # Relayed at QoS 2 Shelly devices lose track of message ids, and their outputs toggle for ever.
        "upgrade_outgoing_qos false",
        # Without it every client with a retained will is refused: Nuki and Shelly.
        "retain_available true",
        "persistent_client_expiration 1h",
        "max_queued_messages 10000",
        "max_queued_bytes 16777216",
        "max_packet_size 262144",
        "log_dest stderr",
        "log_timestamp false",
        "log_type error",
        "log_type warning",
        "log_type notice",
        f"listener 0 {socket}",
        f"listener {port} {host}",
        "max_connections 200",
    ]
    return "\n".join(lines) + "\n"


def render_acl(rights: Rights) -> str:
    """The ACL file: what is not listed is refused."""
    blocks = []
    for username, acl in rights.items():
        rules = [f"topic {rule.access} {rule.topic}" for rule in acl]
        blocks.append("\n".join(_plain([f"user {username}", *rules])))
    return "\n\n".join(blocks) + "\n"


def render_passwords(accounts: Iterable[Account]) -> str:
    """The password file before ``mosquitto_passwd -U`` has hashed it."""
    lines = [f"{account.username}:{account.password.get_secret_value()}" for account in accounts]
    return "\n".join(_plain(lines)) + "\n"


def _plain(lines: Sequence[str]) -> Sequence[str]:
    """Refuse what would become a line, and so a right, of its own."""
    for line in lines:
        if not line.isprintable():
            raise ConfigurationError(
                f"broker: the account or topic {line.partition(':')[0]!r} contains a control character"
            )
    return lines
