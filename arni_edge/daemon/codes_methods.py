"""What can be asked about credentials over the control socket: QR tokens, codes, visits, keys."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arni_edge.access import EntryDesk
from arni_edge.access.visits import Invitation
from arni_edge.access.words import public_text, staff_text
from arni_edge.control import Method
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.i18n import Catalogue
from arni_edge.settings import Hours, Settings
from arni_edge.settings.base import Identifier
from arni_edge.storage.credentials import Visit

_OVERLAP_HOURS: Final = 168.0

_MemberId = Annotated[str, Field(min_length=1, max_length=64)]


class _Params(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Qr(_Params):
    member_id: _MemberId
    door: Identifier | None = None


class _Code(_Params):
    member_id: _MemberId
    door: Identifier


class _VisitInput(_Params):
    label: str
    doors: list[Identifier]
    hours: Hours
    valid_from: datetime | None = None
    valid_until: datetime
    max_uses: int | None = None


class _VisitId(_Params):
    visit_id: Annotated[str, Field(min_length=1, max_length=64)]


class _Present(_Params):
    door: Identifier
    text: Annotated[str, Field(max_length=512)]


class _Rotate(_Params):
    overlap_hours: Annotated[float, Field(ge=0, le=24 * 90)] = _OVERLAP_HOURS


class Ground(Protocol):
    """What of the foundation is needed here."""

    @property
    def clock(self) -> Clock:
        """The box's clock."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """What people read and hear."""
        ...


class CodesHouse(Protocol):
    """What of the present house is about credentials."""

    @property
    def settings(self) -> Settings:
        """What it was made from."""
        ...

    @property
    def entry(self) -> EntryDesk:
        """The entry desk, which has the issuer."""
        ...


def codes_methods(base: Ground, house: Callable[[], CodesHouse]) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        base: What outlives a reload.
        house: The present house.
    """

    async def member_qr(params: Mapping[str, Any]) -> dict[str, Any]:
        asked = _read(_Qr, params)
        seconds = house().settings.access.qr_seconds
        return {"text": house().entry.issuer.qr(asked.member_id, asked.door), "seconds": seconds}

    async def member_code(params: Mapping[str, Any]) -> dict[str, Any]:
        asked = _read(_Code, params)
        code = await house().entry.issuer.code(asked.member_id, asked.door)
        return {"code_id": code.code_id, "code": code.digits, "expires_at": code.expires_at}

    async def add_visit(params: Mapping[str, Any]) -> dict[str, Any]:
        asked = _read(_VisitInput, params)
        zone = house().settings.site.zone
        windows = {day: [(span.start, span.until) for span in asked.hours.of(day)] for day in range(7)}
        invitation = Invitation(
            asked.label,
            tuple(asked.doors),
            {day: spans for day, spans in windows.items() if spans},
            base.clock.now() if asked.valid_from is None else _utc(asked.valid_from, zone),
            _utc(asked.valid_until, zone),
            asked.max_uses,
        )
        visit_id, digits = await house().entry.issuer.visits.add(invitation)
        return {"visit_id": visit_id, "code": digits}

    async def list_visits(_: Mapping[str, Any]) -> list[dict[str, Any]]:
        now = base.clock.now()
        return [_visit(visit, now) for visit in await house().entry.issuer.visits.kept()]

    async def revoke_visit(params: Mapping[str, Any]) -> bool:
        visit_id = _read(_VisitId, params).visit_id
        if not await house().entry.issuer.visits.revoke(visit_id):
            raise InvalidInput("there is no visit with this id that is not revoked already")
        return True

    async def present(params: Mapping[str, Any]) -> dict[str, Any]:
        asked = _read(_Present, params)
        entry = await house().entry.present(asked.door, asked.text, source="control")
        language = house().settings.site.language
        why = entry.denied or entry.asked
        return {
            "denied": entry.denied,
            "asked": entry.asked,
            "outcome": entry.outcome,
            "text": public_text(base.catalogue, entry, language, shown=True),
            "staff_text": None if why is None else staff_text(base.catalogue, why, language),
        }

    async def rotate_keys(params: Mapping[str, Any]) -> dict[str, Any]:
        overlap = timedelta(hours=_read(_Rotate, params).overlap_hours)
        kid, ends = await house().entry.issuer.rotate_keys(overlap)
        return {"kid": kid, "previous_until": ends}

    return {
        "members.qr": member_qr,
        "members.code": member_code,
        "visits.add": add_visit,
        "visits.list": list_visits,
        "visits.revoke": revoke_visit,
        "door.present": present,
        "keys.rotate": rotate_keys,
    }


_P = TypeVar("_P", bound=_Params)


def _read(model: type[_P], params: Mapping[str, Any]) -> _P:
    try:
        return model.model_validate(params)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise InvalidInput(f"'{where}': {problem['msg']}") from None


def _utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment that names no zone is meant in the studio's."""
    try:
        return (moment if moment.utcoffset() is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:  # the first or the last day that a datetime can name
        raise InvalidInput("that day is too far away") from None


def _visit(visit: Visit, now: datetime) -> dict[str, Any]:
    used_up = visit.max_uses is not None and visit.uses >= visit.max_uses
    state = "good"
    if visit.revoked:
        state = "revoked"
    elif now >= visit.valid_until:
        state = "over"
    elif used_up:
        state = "used up"
    elif now < visit.valid_from:
        state = "not yet"
    return {
        "visit_id": visit.visit_id,
        "label": visit.label,
        "doors": list(visit.doors),
        "windows": {str(day): [list(span) for span in spans] for day, spans in visit.windows.items()},
        "valid_from": visit.valid_from,
        "valid_until": visit.valid_until,
        "uses": visit.uses,
        "max_uses": visit.max_uses,
        "state": state,
    }
