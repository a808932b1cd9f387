"""What can be asked about the relay over the control socket."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from arni_edge.control import Method
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import House
from arni_edge.daemon.params import line
from arni_edge.daemon.relay import RelayRoom
from arni_edge.domain.errors import ArniError, Refused
from arni_edge.relay import Identity
from arni_edge.storage import relay_cursor, relay_traces

_LONGEST_CODE: Final = 64
_LONGEST_NAME: Final = 64
_LOSSES: Final = 10


def relay_methods(base: Foundation, house: Callable[[], House]) -> Mapping[str, Method]:
    """All methods by name. Whoever enrolls stands in the audit as ``console:<name>``.

    Args:
        base: Has database, clock and audit.
        house: The present house.
    """

    def room() -> RelayRoom:
        found = house().relay
        if found is None:
            raise Refused("there is no [relay] in the settings")
        return found

    async def enroll(params: Mapping[str, Any]) -> dict[str, Any]:
        code, by = line(params, "code", _LONGEST_CODE), line(params, "by", _LONGEST_NAME)
        identity = await room().client.enroll(code)
        now = base.clock.now()
        await base.database.write(
            lambda tx: base.audit.note(
                tx, now, actor=f"console:{by}", act="relay.enrolled", box=identity.box, epoch=identity.epoch
            )
        )
        return _shown(identity)

    async def status(_: Mapping[str, Any]) -> dict[str, Any]:
        client, answer = room().client, dict[str, Any]()
        try:
            answer |= {"identity": _shown(client.identity)}
            head = await client.head()
            answer |= {"log": head.log, "oldest": head.oldest, "newest": head.newest, "problem": ""}
        except ArniError as error:
            answer |= {"problem": str(error)}
        position = await room().desk.position()
        return {
            "url": _url(house()),
            **answer,
            "cursor": position.sequence,
            "cursor_log": position.log,
            "to_erase": await relay_traces.waiting(base.database),
            "losses": [
                {"at": loss.at.isoformat(), "after": loss.after, "oldest": loss.oldest}
                for loss in await relay_cursor.losses(base.database, _LOSSES)
            ],
        }

    return {"relay.enroll": enroll, "relay.status": status}


def _url(house: House) -> str:
    return house.settings.relay.url if house.settings.relay else ""


def _shown(identity: Identity) -> dict[str, Any]:
    return {
        "box": identity.box,
        "epoch": identity.epoch,
        "public_key": identity.key.public,
        "enrolled_at": identity.enrolled_at.isoformat(),
    }
