"""The shape of the settings: which section lies where, and which values are secret."""

import typing
from collections.abc import Iterator

from pydantic import BaseModel, SecretStr

Where = tuple[str | int, ...]
"""Path of a value: names of sections and keys, places in lists."""


def model_in(annotation: object) -> type[BaseModel] | None:
    """The section class inside an annotation such as ``WhatsApp | None`` or ``list[Camera]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in typing.get_args(annotation):
        if found := model_in(inner):
            return found
    return None


def is_secret(annotation: object) -> bool:
    """Whether a value of this kind must never be shown."""
    return annotation is SecretStr or SecretStr in typing.get_args(annotation)


def is_list(annotation: object) -> bool:
    """Whether this is a list, of sections or of values."""
    return typing.get_origin(annotation) is list


def section_at(root: type[BaseModel], where: Where) -> type[BaseModel] | None:
    """The section class at a path, or None when nothing of ours lies there."""
    model: type[BaseModel] | None = root
    for part in where:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part) if model else None
        model = model_in(field.annotation) if field else None
    return model


def take_secrets(values: object, model: type[BaseModel], at: Where = ()) -> Iterator[Where]:
    """Take all secrets out of raw values; yields their paths."""
    if not isinstance(values, dict):
        return
    for name, field in model.model_fields.items():
        if name not in values:
            continue
        inner = model_in(field.annotation)
        if is_secret(field.annotation):
            del values[name]
            yield (*at, name)
        elif inner and isinstance(values[name], list):
            for index, item in enumerate(values[name]):
                yield from take_secrets(item, inner, (*at, name, index))
        elif inner:
            yield from take_secrets(values[name], inner, (*at, name))
