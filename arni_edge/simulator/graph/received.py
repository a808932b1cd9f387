"""How what was sent through the Graph API looks on a phone."""

from datetime import datetime
from typing import Any

from arni_edge.simulator.phones import Received


def as_received(body: dict[str, Any], message_id: str, at: datetime) -> Received:
    """A message as its recipient has it.

    Args:
        body: Of the request, well formed.
        message_id: Meta's.
        at: When it arrives (aware).
    """
    kind = body.get("type", "text")
    content = body[kind]
    choices = _choices(kind, content)
    return Received(
        text=_words(kind, content),
        at=at,
        context=content["message_id"]
        if kind == "reaction"
        else (body.get("context") or {}).get("message_id"),
        template=content["name"] if kind == "template" else None,
        tracking_id=body.get("biz_opaque_callback_data"),
        choices=tuple(title for _, title in choices),
        ids=tuple(choice for choice, _ in choices),
        kind=content["type"] if kind == "interactive" else kind,
        message_id=message_id,
        media_id=content.get("id") if isinstance(content, dict) else None,
    )


def _words(kind: str, content: Any) -> str:
    match kind:
        case "text":
            return str(content["body"])
        case "interactive":
            return str(content["body"]["text"])
        case "template":
            parameters = [
                one for component in content.get("components", ()) for one in component.get("parameters", ())
            ]
            return " ".join(one["text"] for one in parameters if one.get("type") == "text")
        case "reaction":
            return str(content["emoji"])
        case "location":
            return f"{content['latitude']},{content['longitude']} {content.get('name', '')}".strip()
        case "contacts":
            return ", ".join(one["name"]["formatted_name"] for one in content)
        case _:
            return str(content.get("caption", ""))


def _choices(kind: str, content: Any) -> list[tuple[str, str]]:
    """Id and title of what can be tapped; a template's words are at Meta: its payload stands for both."""
    if kind == "template":
        buttons = [one for one in content.get("components", ()) if one.get("sub_type") == "quick_reply"]
        payloads = [one["parameters"][0]["payload"] for one in buttons]
        return list(zip(payloads, payloads, strict=True))
    if kind != "interactive":
        return []
    action = content["action"]
    buttons = [one["reply"] for one in action.get("buttons", ())]
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    return [(one["id"], one["title"]) for one in (*buttons, *rows)]
