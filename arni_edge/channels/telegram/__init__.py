"""Telegram: the gym's bot, for staff only; long polls in, posts and their changes out."""

from arni_edge.channels.telegram.binding import Invite, StaffInvites
from arni_edge.channels.telegram.line import TelegramLine
from arni_edge.channels.telegram.people import Roster

__all__ = ["Invite", "Roster", "StaffInvites", "TelegramLine"]
