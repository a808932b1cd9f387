"""What Meta's webhooks are about, beside what people send: the ``field`` of a change.

WhatsApp Cloud API, "webhook fields" (state August 2026).
"""

from typing import Final

MESSAGES: Final = "messages"
"""What people send, and what became of what was sent to them."""

ACCOUNT: Final = {
    "account_alerts": ("alert_info", "alert_type"),
    "account_review_update": ("decision",),
    "account_settings_update": ("type",),
    "account_update": ("event",),
    "business_capability_update": (),
    "business_status_update": ("event",),
    "message_template_components_update": (),
    "message_template_quality_update": ("new_quality_score",),
    "message_template_status_update": ("event",),
    "messaging_handovers": (),
    "partner_solutions": ("event",),
    "payment_configuration_update": (),
    "phone_number_name_update": ("decision",),
    "phone_number_quality_update": ("event",),
    "security": ("event",),
    # Somebody else answers on the gym's number now, and what people write no longer comes as messages.
    "standby": (),
    "template_category_update": ("new_category",),
    "template_correct_category_detection": ("correct_category",),
}
"""What is told to whoever runs the gym, and where it says what happened."""

_GROUP: Final = "about a group: the gym talks to one person at a time"
_APP: Final = "from the WhatsApp Business app: what the gym itself has or wrote there"
_FIGURES: Final = "figures about advertising"
ELSEWHERE: Final = {
    "automatic_events": _FIGURES,
    "calls": "a call: nobody can be called here",
    "flows": "about forms of WhatsApp (Flows): there are none here",
    "group_lifecycle_update": _GROUP,
    "group_participants_update": _GROUP,
    "group_settings_update": _GROUP,
    "group_status_update": _GROUP,
    "history": _APP,
    "message_echoes": _APP,
    "smb_app_state_sync": _APP,
    "smb_message_echoes": _APP,
    "tracking_events": _FIGURES,
    "user_id_update": "somebody's new id: WhatsApp's own message says it, too",
    "user_preferences": "somebody's wish about advertising: Meta itself keeps to it",
}
"""What is nothing to the gym, and why."""


def not_read(field: str) -> str:
    """Why a change of this field is not for us, in words for whoever reads recorded webhooks.

    Args:
        field: Neither of messages nor of the account; ``unknown`` for one whose name cannot be read.
    """
    if field == "unknown":
        return "a field without a name that can be read"
    return ELSEWHERE.get(field, f"field {field}: nothing that is known here")
