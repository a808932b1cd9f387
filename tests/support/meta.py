"""Meta's own description of what is sent to the Graph API and of what it tells."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_FIXTURES = Path(__file__).parents[1] / "fixtures/whatsapp"
_COMPONENTS = json.loads((_FIXTURES / "openapi-used.json").read_text("utf-8"))["components"]


def fixture(name: str) -> Any:
    """One of the samples."""
    return json.loads((_FIXTURES / name).read_text("utf-8"))


def problems(schema: str, content: object) -> list[str]:
    """What contradicts the description; nothing when it is as Meta describes it.

    Args:
        schema: Its name in the description, such as ``Message`` or ``WebhookPayload``.
        content: JSON.
    """
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": _COMPONENTS})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]
