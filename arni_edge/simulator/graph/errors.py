"""What the simulated Graph API refuses, in Meta's shapes (error reference, 2025-12-12)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from starlette.responses import JSONResponse, Response

_KNOWN: Final[dict[int, tuple[int, str]]] = {
    0: (401, "AuthException"),
    1: (400, "API Unknown"),
    2: (503, "API Service"),
    3: (500, "API Method"),
    4: (400, "API Too Many Calls"),
    10: (403, "Permission Denied"),
    33: (400, "Parameter value is not valid"),
    100: (400, "Invalid parameter"),
    190: (401, "Error validating access token: Session has expired"),
    368: (403, "Temporarily blocked for policies violations"),
    2500: (400, "Unknown path components"),
    80007: (400, "Rate limit issues"),
    130429: (400, "Rate limit hit"),
    130472: (400, "User's number is part of an experiment"),
    130497: (403, "Business account is restricted from messaging users in this country"),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (500, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131031: (403, "Account has been locked"),
    131042: (400, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "This message was not delivered to maintain healthy ecosystem engagement."),
    131050: (400, "Unable to deliver the message: the user has stopped marketing messages"),
    131051: (400, "Unsupported message type"),
    131052: (400, "Media download error"),
    131053: (400, "Media upload error"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    131062: (400, "Recipient is not supported for this message"),
    131064: (400, "Template classification limit hit"),
    132000: (400, "Template Param Count Mismatch"),
    132001: (404, "Template does not exist"),
    132005: (400, "Template Hydrated Text Too Long"),
    132007: (400, "Template Format Character Policy Violated"),
    132012: (400, "Template Parameter Format Mismatch"),
    132015: (400, "Template is Paused"),
    132016: (400, "Template is Disabled"),
    132018: (400, "There is an issue with the parameters in the template"),
    133004: (503, "Server Temporarily Unavailable"),
    132068: (400, "Flow is blocked"),
    132069: (400, "Flow is throttled"),
    133010: (400, "Phone number Not Registered"),
    133016: (400, "Account register deregister rate limit exceeded"),
    135000: (400, "Generic user error"),
    137000: (400, "Identity key mismatch"),
}
_HREF: Final = "/documentation/business-messaging/whatsapp/support/error-codes"
_TOKEN: Final = frozenset({0, 190})


class ErrorData(StrEnum):
    """In which shape the details come; the documents show an object, production a text now and then."""

    OBJECT = "object"
    TEXT = "text"
    NONE = "none"


@dataclass
class GraphError(Exception):
    """A refusal.

    Attributes:
        code: Meta's, by which it is to be judged.
        details: What exactly.
        status: Of HTTP; None: as Meta's reference has it, 400 where it says nothing.
    """

    code: int
    details: str = ""
    status: int | None = None


def refusal(error: GraphError, shape: ErrorData = ErrorData.OBJECT) -> Response:
    """The answer to a request that is refused."""
    status, title = _KNOWN.get(error.code, (400, "Simulated"))
    details = error.details or title
    body: dict[str, Any] = {
        # Meta's token errors bear no number in their text, and no details.
        "message": title if error.code in _TOKEN else f"(#{error.code}) {title}",
        "type": "OAuthException",
        "code": error.code,
        "fbtrace_id": "SIMzE7kq5hT3nJYlC0bUa_X",
    }
    if error.code not in _TOKEN and shape is not ErrorData.NONE:
        as_object = {"messaging_product": "whatsapp", "details": details}
        body["error_data"] = as_object if shape is ErrorData.OBJECT else details
    return JSONResponse({"error": body}, error.status or status)


def told(code: int, details: str = "") -> dict[str, Any]:
    """The same trouble in a webhook."""
    _, title = _KNOWN.get(code, (400, "Simulated"))
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or title},
        "href": _HREF,
    }
