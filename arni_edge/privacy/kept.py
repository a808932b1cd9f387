"""How long everything is kept: the one table of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from arni_edge.settings import Settings
from arni_edge.storage.retention import Kept

Days = Callable[[Settings], int]

# A token that was used is remembered for longer than it lives: a clock that is set back must not make it new.
_TOKENS_DAYS: Final = 7
# Short enough to be forgotten soon, long enough that "expired" and "used" can be told from "unknown".
_CODES_DAYS: Final = 1
# Meta delivers a message again for seven days at most; a relay that is set up anew, all that it keeps: 35.
_DELIVERED_AGAIN_DAYS: Final = 40
_INCIDENTS_DAYS: Final = 365
# Telegram keeps updates for 24 hours; what we took in is remembered for longer.
_UPDATES_DAYS: Final = 2
# What staff were shown is not changed any more after that.
_POSTS_DAYS: Final = 14
# After it nobody can claim that consent was not given (three years, § 195 BGB).
_PROOFS_DAYS: Final = 1095
_RUNS_DAYS: Final = 365
# Magicline lists bookings for two weeks; what it has not listed for longer is over.
_MIRROR_DAYS: Final = 30
# The relay keeps webhooks for about a month, and may hand any of them out again.
_WEBHOOKS_DAYS: Final = 40


@dataclass(frozen=True, slots=True)
class Job:
    """One table and how long its rows are kept.

    Attributes:
        name: What it is called; the table's name where one job is enough.
        kept: Which rows.
        days: For so long, by the settings.
        setting: What the owner can change, or empty.
    """

    name: str
    kept: Kept
    days: Days
    setting: str = ""


def _messages(settings: Settings) -> int:
    return settings.privacy.messages_days


def _audit(settings: Settings) -> int:
    return settings.privacy.audit_days


def _alarms(settings: Settings) -> int:
    return settings.privacy.alarms_days


def _doors(settings: Settings) -> int:
    return settings.access.door_events_days


def _tailgating(settings: Settings) -> int:
    return settings.access.tailgating.days if settings.access.tailgating else 0


def _history(settings: Settings) -> int:
    return settings.counting.history_days


def _fixed(days: int) -> Days:
    return lambda _: days


_MESSAGES, _AUDIT, _ALARMS = "privacy.messages_days", "privacy.audit_days", "privacy.alarms_days"
_DOORS = "access.door_events_days"
_SILENT: Final = (
    "NOT EXISTS (SELECT 1 FROM inbound WHERE inbound.channel = conversations.channel"
    " AND inbound.conversation = conversations.address) AND mode = 'bot'"
    " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.line = conversations.channel"
    " AND outbox.order_key = conversations.address)"
)
# The newest word of somebody stays, and a "no" for as long as there is an older "yes" that it takes back: by
# address, or by member.
_OF_THE_SAME: Final = (
    "SELECT 1 FROM consents AS other WHERE other.purpose = consents.purpose"
    " AND ((other.channel = consents.channel AND other.address = consents.address)"
    " OR other.member_id = consents.member_id)"
)
_NEWER, _OLDER_YES = "other.id > consents.id", "other.id < consents.id AND other.granted = 1"
_SUPERSEDED: Final = (
    f"CASE granted WHEN 1 THEN EXISTS ({_OF_THE_SAME} AND {_NEWER})"
    f" ELSE forgotten_at IS NOT NULL AND NOT EXISTS ({_OF_THE_SAME} AND {_OLDER_YES}) END"
)

JOBS: Final = (
    # What has not been handled or sent is never too old.
    Job("inbound", Kept("inbound", "received_at", "state != 'received'", "id"), _messages, _MESSAGES),
    Job("forgotten_messages", Kept("forgotten_messages", "at"), _fixed(_DELIVERED_AGAIN_DAYS)),
    # What was under way so long ago is not: nobody will ever know whether it arrived.
    Job(
        "outbox",
        Kept("outbox", "updated_at", "state NOT IN ('queued', 'retry', 'parked')", "id"),
        _messages,
        _MESSAGES,
    ),
    Job("drafts", Kept("drafts", "ended_at", "state != 'held'"), _messages, _MESSAGES),
    Job("whispers", Kept("whispers", "at"), _messages, _MESSAGES),
    Job("handoffs", Kept("handoffs", "ended_at", "state = 'ended'"), _messages, _MESSAGES),
    Job("tickets", Kept("tickets", "ended_at", "state = 'done'"), _messages, _MESSAGES),
    Job("staff_posts", Kept("staff_posts", "updated_at", "state != 'queued'"), _fixed(_POSTS_DAYS)),
    # What staff asked for and were answered is of no use a day later.
    Job(
        "staff_answers",
        Kept("staff_posts", "updated_at", "key GLOB 'said/*' OR key GLOB 'ask/*'"),
        _fixed(_CODES_DAYS),
    ),
    # Whoever writes again after that is told anew that an AI is speaking.
    Job("conversations", Kept("conversations", "coalesce(disclosed_at, '')", _SILENT), _messages, _MESSAGES),
    Job(
        "staff_buttons",
        Kept(
            "staff_buttons",
            "''",
            "NOT EXISTS (SELECT 1 FROM staff_posts AS post WHERE post.contact = staff_buttons.contact"
            " AND post.key = staff_buttons.key)",
        ),
        _fixed(0),
    ),
    # Nobody reads along in a chat that is gone.
    Job(
        "ghost_readers",
        Kept(
            "ghost_readers",
            "at",
            "handle != '*' AND handle NOT IN (SELECT handle FROM conversations WHERE handle IS NOT NULL)",
        ),
        _fixed(_CODES_DAYS),
    ),
    Job("staff_questions", Kept("staff_questions", "at"), _fixed(_CODES_DAYS)),
    Job("kept_notices", Kept("kept_notices", "at"), _fixed(_POSTS_DAYS)),
    Job("staff_quiet", Kept("staff_quiet", "until"), _fixed(0)),
    Job("staff_invites", Kept("staff_invites", "expires_at"), _fixed(_CODES_DAYS)),
    # Telegram repeats what was not confirmed for 24 hours. After a week of silence its ids begin anew:
    # what is remembered for longer than the one and shorter than the other is never mistaken.
    Job("telegram_updates", Kept("telegram_updates", "at", "payload IS NULL"), _fixed(_UPDATES_DAYS)),
    Job("errands", Kept("errands", "expires_at"), _fixed(0)),
    # Whom it was bound to is on file no longer, and nothing that was written there is.
    Job(
        "identities",
        Kept(
            "identities",
            "bound_at",
            "member_id NOT IN (SELECT member_id FROM members) AND NOT EXISTS (SELECT 1 FROM inbound"
            " WHERE inbound.channel = identities.channel AND inbound.conversation = identities.address)",
        ),
        _messages,
        _MESSAGES,
    ),
    # Whose number it was is of use as long as something that was written from there is kept.
    Job(
        "addresses",
        Kept(
            "addresses",
            "coalesce(until, since)",
            "NOT EXISTS (SELECT 1 FROM inbound WHERE inbound.channel = addresses.channel"
            " AND inbound.conversation = addresses.address)",
        ),
        _messages,
        _MESSAGES,
    ),
    # Magicline has them no more, and nothing that was written by them is kept.
    Job(
        "members",
        Kept(
            "members",
            "gone_at",
            "gone_at IS NOT NULL AND kept_by = 'sync'",
            children=(("member_phones", "member_id"),),
        ),
        _messages,
        _MESSAGES,
    ),
    # Counted from when Magicline was last seen to list them still.
    Job("erased_members", Kept("erased_members", "seen_at"), _fixed(_PROOFS_DAYS)),
    Job("magicline_bookings", Kept("magicline_bookings", "read_at"), _fixed(_MIRROR_DAYS)),
    Job("magicline_checkins", Kept("magicline_checkins", "read_at"), _fixed(_MIRROR_DAYS)),
    Job("magicline_slots", Kept("magicline_slots", "read_at"), _fixed(_MIRROR_DAYS)),
    Job("magicline_webhooks", Kept("magicline_webhooks", "at"), _fixed(_WEBHOOKS_DAYS)),
    # Nothing in the audit stands under it any more.
    Job(
        "audit_subjects",
        Kept(
            "audit_subjects",
            "''",
            "NOT EXISTS (SELECT 1 FROM audit WHERE audit.subject = audit_subjects.pseudonym)",
        ),
        _fixed(0),
    ),
    Job("assurances", Kept("assurances", "until"), _fixed(_CODES_DAYS)),
    Job("identity_codes", Kept("identity_codes", "expires_at"), _fixed(_CODES_DAYS)),
    Job("identity_requests", Kept("identity_requests", "expires_at"), _fixed(_CODES_DAYS)),
    Job(
        "actions",
        Kept(
            "actions",
            "ended_at",
            "state IN ('done', 'failed', 'expired', 'denied') AND NOT EXISTS (SELECT 1 FROM saga_steps"
            " WHERE saga_steps.action_id = actions.action_id AND saga_steps.state IN"
            " ('begun', 'undoing', 'stuck'))",
            "action_id",
            (("saga_steps", "action_id"), ("confirmations", "action_id")),
        ),
        _audit,
        _AUDIT,
    ),
    Job(
        "alarms",
        Kept(
            "alarms",
            "closed_at",
            "state = 'closed'",
            "alarm_id",
            (("alarm_sinks", "alarm_id"), ("alarm_history", "alarm_id"), ("alarm_reports", "alarm_id")),
        ),
        _alarms,
        _ALARMS,
    ),
    # A month is over on its last day.
    Job("alarm_tests", Kept("alarm_tests", "month || '-31'"), _alarms, _ALARMS),
    Job("door_audit", Kept("door_audit", "at", "state != 'commanded'", "id"), _doors, _DOORS),
    Job("visits", Kept("visits", "min(valid_until, coalesce(revoked_at, valid_until))"), _doors, _DOORS),
    Job("tailgating", Kept("tailgating", "at"), _tailgating, "access.tailgating.days"),
    Job("entry_tokens", Kept("entry_tokens", "expires_at"), _fixed(_TOKENS_DAYS)),
    Job("entry_codes", Kept("entry_codes", "expires_at"), _fixed(_CODES_DAYS)),
    Job(
        "entry_tallies",
        Kept("entry_tallies", "max(began_at, coalesce(rests_until, ''))"),
        _fixed(_CODES_DAYS),
    ),
    # Counted from their end: what fails every minute fills no disk.
    Job("relay_losses", Kept("relay_losses", "at"), _fixed(_INCIDENTS_DAYS)),
    Job("relay_rereads", Kept("relay_rereads", "at", "told_at IS NOT NULL"), _fixed(_INCIDENTS_DAYS)),
    Job("incidents", Kept("incidents", "ended_at"), _fixed(_INCIDENTS_DAYS)),
    Job(
        "occupancy_hours",
        Kept("occupancy_hours", "hour", key="place, hour"),
        _history,
        "counting.history_days",
    ),
    Job("consents", Kept("consents", "at", _SUPERSEDED, "id"), _fixed(_PROOFS_DAYS)),
    Job("erasures", Kept("erasures", "at", "state != 'begun'"), _fixed(_PROOFS_DAYS)),
    Job("retention_runs", Kept("retention_runs", "at", key="id"), _fixed(_RUNS_DAYS)),
)
"""Everything that is forgotten by itself, but the audit chain: its beginning has to be signed anew."""

AUDIT: Final = "audit"
AUDIT_KEPT: Final = Kept("audit", "at")
