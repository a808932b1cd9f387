"""Tells an owner what is wrong with the settings: where, what stands there, and what would be right."""

import difflib

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from arni_edge.domain.masking import mask_log
from arni_edge.settings.model import Settings
from arni_edge.settings.shape import Where, is_list, is_secret, section_at

# Plain words for the kinds of error that owners make; the validator's own sentence for the rest.
_WORDS = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": 'must be text in quotes: "…"',
    "string_too_short": "must not be empty",
    "path_type": 'must be a path in quotes: "/…"',
    "list_type": "must be a list: […]",
    "tuple_type": "must be a point [x, y]",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "needs at least {min_length} entries",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
}
_PATTERNS = {
    "id": "must be lower-case letters, digits, - and _, at most 32 of them, beginning with a letter or digit",
    "nuki_id": 'must be the hexadecimal id from the Nuki app, for instance "2BB28570"',
    "prefix": "must be an MQTT topic prefix without #, +, %, ? and spaces, not beginning with $",
    "phone_number_id": "must be the number that Meta shows as 'Phone number ID': digits only",
}


def dotted(where: Where) -> str:
    """A path as owners read it; places in lists count from one."""
    text = ""
    for part in where:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def explain(
    problem: ErrorDetails, root: type[BaseModel] = Settings, example: str = "config/arni.toml"
) -> str:
    """One problem as a sentence, beginning with its path; secrets masked.

    Args:
        problem: From the validator.
        root: What the file describes.
        example: The file that shows every setting of it.
    """
    # The kind of lock is a step in the validator's path that the file does not have.
    where = tuple(part for part in problem["loc"] if part != "nuki")
    if problem["type"] == "missing":
        return f"{dotted(where)}: is missing; {example} shows what belongs there"
    if problem["type"] == "extra_forbidden":
        return f"{dotted(where)}: is not a setting{_suggestion(where, root)}"
    if not where:
        return _words(problem, where, root)
    shown = _shown(problem["input"], where, root)
    return f"{dotted(where)} = {shown}: {_words(problem, where, root)}"


def _words(problem: ErrorDetails, where: Where, root: type[BaseModel]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    name = str(where[-1]) if where else ""
    if kind == "string_pattern_mismatch" and name in _PATTERNS:
        return _PATTERNS[name]
    if kind in {"model_type", "model_attributes_type"}:
        return f"must be a table: [{dotted(where)}]"
    if kind == "list_type" and section_at(root, where) is not None and len(where) == 1:
        return f"must be written as tables: [[{name}]]"
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    message = problem["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _shown(value: object, where: Where, root: type[BaseModel]) -> str:
    parent = section_at(root, where[:-1])
    field = parent.model_fields.get(str(where[-1])) if parent else None
    if field is not None and is_secret(field.annotation):
        return "***"
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    text = mask_log(repr(value) if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else text[:57] + "…'"


def _suggestion(where: Where, root: type[BaseModel]) -> str:
    parent = section_at(root, where[:-1])
    names = list(parent.model_fields) if parent else []
    close = difflib.get_close_matches(str(where[-1]), names, n=1)
    if close:
        field = parent.model_fields[close[0]] if parent else None
        table = field is not None and is_list(field.annotation) and section_at(root, (*where[:-1], close[0]))
        return f"; did you mean '{f'[[{close[0]}]]' if table else close[0]}'?"
    return f"; known here: {', '.join(names)}" if names else ""
