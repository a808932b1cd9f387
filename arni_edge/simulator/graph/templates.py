"""The templates that Meta has approved, or not, or not any more."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from arni_edge.simulator.graph.errors import GraphError
from arni_edge.simulator.telegram_limits import units

_FORBIDDEN: Final = re.compile(r"[\n\t]| {5,}")
_INDEX: Final = re.compile("[0-9]", re.ASCII)
_PARAMETER: Final = 1024
_CODE: Final = 15


class Category(StrEnum):
    """What a template is for; decides what it costs and to whom it may go."""

    UTILITY = "utility"
    MARKETING = "marketing"
    AUTHENTICATION = "authentication"


class Approval(StrEnum):
    """What Meta thinks of a template, in the words of its webhooks."""

    APPROVED = "APPROVED"
    PENDING = "PENDING"
    REJECTED = "REJECTED"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


@dataclass(slots=True)
class MessageTemplate:
    """A template.

    Attributes:
        name: As it was handed in.
        languages: In which it exists.
        category: What it is for.
        parameters: How many its body has; None: any number.
        approval: What Meta thinks of it.
        held: Its messages are held back until Meta knows how the first ones were taken.
    """

    name: str
    languages: tuple[str, ...] = ("de", "en")
    category: Category = Category.UTILITY
    parameters: int | None = None
    approval: Approval = Approval.APPROVED
    held: bool = False


class Templates:
    """All templates of the gym.

    Attributes:
        strict: Whether a template that nobody has added does not exist; otherwise it is approved.
    """

    def __init__(self, *, strict: bool = False) -> None:
        """None was handed in yet.

        Args:
            strict: See the attribute.
        """
        self.strict = strict
        self._known: dict[str, MessageTemplate] = {}

    def add(self, template: MessageTemplate) -> MessageTemplate:
        """Hand one in, or change it."""
        self._known[template.name] = template
        return template

    def of(self, body: dict[str, Any]) -> MessageTemplate:
        """The template that a message names.

        Raises:
            GraphError: There is none, or it may not be used: 132001, 132015, 132016.
        """
        name, language = body.get("name"), body.get("language")
        code = language.get("code") if isinstance(language, dict) else None
        if not isinstance(name, str) or not isinstance(code, str):
            raise GraphError(131008, "Required parameter is missing: template name and language code")
        template = self._known.get(name)
        if template is None and not self.strict:
            copies = any(one["sub_type"] == "url" for one in _buttons(body))
            return MessageTemplate(
                name, (code,), Category.AUTHENTICATION if copies else Category.UTILITY, None
            )
        if (
            template is None
            or code not in template.languages
            or template.approval in (Approval.PENDING, Approval.REJECTED)
        ):
            raise GraphError(132001, f"template name ({name}) does not exist in {code}")
        if template.approval is Approval.PAUSED:
            raise GraphError(132015, "Template is paused due to low quality.")
        if template.approval is Approval.DISABLED:
            raise GraphError(132016, "Template was paused too many times and is disabled.")
        return template

    def check(self, body: dict[str, Any], *, to_number: bool) -> None:
        """Whether a message with a template can be sent.

        Args:
            body: What stands under ``template``.
            to_number: Whether it goes to a phone number, not to a business-scoped id.

        Raises:
            GraphError: It cannot.
        """
        template = self.of(body)
        parameters = [one for part in _components(body, "body") for one in _parameters(part)]
        if template.parameters is not None and len(parameters) != template.parameters:
            raise GraphError(
                132000,
                f"body: number of localizable_params ({len(parameters)}) does not match the expected number"
                f" of params ({template.parameters})",
            )
        for parameter in parameters:
            _check_parameter(parameter)
        for button in _buttons(body):
            _check_button(button)
        if template.category is Category.AUTHENTICATION:
            if not to_number:
                raise GraphError(131062, "Authentication templates go to phone numbers only.")
            _check_code(body, parameters)


def _components(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    components = body.get("components", [])
    if not isinstance(components, list) or not all(isinstance(one, dict) for one in components):
        raise GraphError(132012, "components must be a list of objects")
    for one in components:
        if one.get("type") not in ("header", "body", "button"):
            raise GraphError(132012, "component type must be one of header, body, button")
        _parameters(one)
    return [one for one in components if one["type"] == kind]


def _parameters(component: dict[str, Any]) -> list[dict[str, Any]]:
    parameters = component.get("parameters", [])
    if not isinstance(parameters, list) or not all(isinstance(one, dict) for one in parameters):
        raise GraphError(132012, "parameters must be a list of objects")
    return parameters


def _check_parameter(parameter: dict[str, Any]) -> None:
    if parameter.get("type") not in ("text", "currency", "date_time"):
        raise GraphError(132012, "body: parameter type must be one of text, currency, date_time")
    if parameter["type"] != "text":
        return
    text = parameter.get("text")
    if not isinstance(text, str) or not text:
        raise GraphError(131008, "Required parameter is missing: text of a parameter")
    if _FORBIDDEN.search(text):
        raise GraphError(
            132018, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        )
    if units(text) > _PARAMETER:
        raise GraphError(132005, "Translated text too long")


def _buttons(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons that a message fills; each has a ``sub_type``."""
    buttons = _components(body, "button")
    for one in buttons:
        if one.get("sub_type") not in ("quick_reply", "url") or not _INDEX.fullmatch(str(one.get("index"))):
            raise GraphError(132012, "button: sub_type and index are needed")
    return buttons


def _check_button(button: dict[str, Any]) -> None:
    key = "payload" if button["sub_type"] == "quick_reply" else "text"
    parameters = _parameters(button)
    if len(parameters) != 1 or parameters[0].get("type") != key or not parameters[0].get(key):
        raise GraphError(
            131008, f"buttons: Button at index {button.get('index')} requires a parameter of type {key}"
        )


def _check_code(body: dict[str, Any], parameters: list[dict[str, Any]]) -> None:
    """An authentication template says its code twice: in the body, and for the button that copies it."""
    buttons = [one for one in _buttons(body) if one["sub_type"] == "url"]
    if len(buttons) != 1:
        raise GraphError(131008, "buttons: Button at index 0 of type Url requires a parameter")
    code = _parameters(buttons[0])[0]["text"]
    if len(parameters) != 1 or parameters[0].get("text") != code or units(code) > _CODE:
        raise GraphError(
            132018, f"the code has at most {_CODE} characters and is the same in body and button"
        )
