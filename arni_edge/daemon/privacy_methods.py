"""What can be asked about privacy over the control socket."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, Protocol

from arni_edge.control import Method
from arni_edge.daemon.params import line
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.privacy.consent import ConsentDesk, Purpose
from arni_edge.privacy.erasure import ErasureDesk
from arni_edge.privacy.export import ExportDesk
from arni_edge.privacy.proofs import Proof
from arni_edge.privacy.retention import RetentionDesk
from arni_edge.storage.consents import Consenter

_LONGEST: Final = 64

ERASE_SECONDS: Final = 600.0
"""Until an erasure is proven: every file is read, and the database is rewritten."""
_BY_HAND: Final = "console"
"""The channel of what was said to staff, not written in a chat."""


class PrivacyRoom(Protocol):
    """The desks of the present house."""

    @property
    def consents(self) -> ConsentDesk:
        """Asked before anything is kept that the contract does not need."""
        ...

    @property
    def erasure(self) -> ErasureDesk:
        """Erases."""
        ...

    @property
    def export(self) -> ExportDesk:
        """Collects."""
        ...

    @property
    def retention(self) -> RetentionDesk:
        """Forgets."""
        ...


def privacy_methods(catalogue: Catalogue, room: Callable[[], PrivacyRoom]) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        catalogue: Words of the proofs.
        room: The desks of the present house.
    """

    async def erase(params: Mapping[str, Any]) -> dict[str, Any]:
        proof = await room().erasure.erase(
            line(params, "member_id", _LONGEST), f"console:{line(params, 'by', _LONGEST)}"
        )
        return _shown(proof, catalogue, _language(params))

    async def erasures(params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [_shown(proof, catalogue, _language(params)) for proof in await room().erasure.proofs()]

    async def export(params: Mapping[str, Any]) -> dict[str, Any]:
        return await room().export.export(line(params, "member_id", _LONGEST))

    async def retention(params: Mapping[str, Any]) -> list[dict[str, Any]]:
        if params.get("run") is True:
            await room().retention.forget()
        return [asdict(one) for one in await room().retention.standing()]

    async def consent(params: Mapping[str, Any]) -> dict[str, Any]:
        desk, member_id = room().consents, line(params, "member_id", _LONGEST)
        await room().export.require(member_id)
        # What a member has signed on paper, or said to somebody of staff.
        who = Consenter(_BY_HAND, member_id, member_id)
        for order, note in (("grant", desk.grant), ("revoke", desk.revoke)):
            if params.get(order) is not None:
                await note(who, _purpose(params, order))
        return {
            purpose.value: {**asdict(one), "at": one.at.isoformat() if one.at else None}
            for purpose, one in (await desk.state_of_member(member_id)).items()
        }

    return {
        "privacy.consent": consent,
        "privacy.erase": erase,
        "privacy.erasures": erasures,
        "privacy.export": export,
        "privacy.retention": retention,
    }


def _shown(proof: Proof, catalogue: Catalogue, language: Language) -> dict[str, Any]:
    """A proof with sentences instead of keys."""
    return {
        **asdict(proof),
        "at": proof.at.isoformat(),
        "left_out": [catalogue.text(f"privacy.left_out.{key}", language) for key in proof.left_out],
        "elsewhere": [catalogue.text(f"privacy.elsewhere.{key}", language) for key in proof.elsewhere],
    }


def _purpose(params: Mapping[str, Any], name: str) -> Purpose:
    try:
        return Purpose(line(params, name, _LONGEST))
    except ValueError:
        raise InvalidInput(f"'{name}' must be one of {', '.join(Purpose)}") from None


def _language(params: Mapping[str, Any]) -> Language:
    return Language.GERMAN if params.get("language") == Language.GERMAN else Language.ENGLISH
