"""An official description: does a request obey it, and what may be answered to it?"""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

_FIXTURES = Path(__file__).parents[1] / "fixtures/magicline"
_BITS = {"int32": 31, "int64": 63}

Json = dict[str, Any]

MOMENTS = st.sampled_from(
    [
        "2022-06-22T08:00:00.000+02:00[Europe/Berlin]",
        "2023-12-03T10:15:30+01:00",
        "2024-06-13T10:33:00Z",
        "2025-01-07T16:25:09.416924Z",
        "2025-09-21T00:00:00",
        "2026-10-25T02:30:00.000+01:00[Europe/Berlin]",
    ]
)
"""Every spelling that the documentation shows."""

_TEXTS = st.sampled_from(
    ["", " ", "Premium", "89", "Zo\u00eb \U0001f3cb", "a\x00\n\u2028b", "\u0661", "x" * 5000]
)


class Description:
    """One of the descriptions in the fixtures."""

    def __init__(self, name: str) -> None:
        self._document: Json = json.loads((_FIXTURES / name).read_text("utf-8"))

    def operation(self, method: str, path: str) -> tuple[str, Json] | None:
        """The path template that fits a path best, and its operation."""
        fitting = [
            template
            for template in self._document["paths"]
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
        ]
        for template in sorted(fitting, key=lambda one: one.count("{")):
            if method.lower() in self._document["paths"][template]:
                return template, self._document["paths"][template][method.lower()]
        return None

    def problems(
        self, method: str, path: str, query: list[tuple[str, str]], headers: Mapping[str, str], body: bytes
    ) -> list[str]:
        """What is wrong with a request; nothing when the description allows it."""
        found = self.operation(method, path)
        if found is None:
            return [f"no such operation: {method} {path}"]
        template, operation = found
        names = re.findall(r"\{([^}]+)\}", template)
        match = re.fullmatch(re.sub(r"\{[^}]+\}", "([^/]+)", template), path)
        assert match is not None
        given = {
            "query": dict(query),
            "path": dict(zip(names, match.groups(), strict=True)),
            "header": headers,
        }
        wrong = [f"{name} is sent twice" for name, _ in query if [key for key, _ in query].count(name) > 1]
        known = {parameter["name"] for parameter in operation.get("parameters", [])}
        wrong += [f"unknown parameter {name}" for name, _ in query if name not in known]
        for parameter in operation.get("parameters", []):
            text = given[parameter["in"]].get(parameter["name"])
            if text is not None:
                wrong += self._parameter(parameter["name"], parameter["schema"], text)
            elif parameter.get("required"):
                wrong.append(f"{parameter['name']} is missing")
        return wrong + self._body(operation, headers, body)

    def _parameter(self, name: str, schema: Json, text: str) -> list[str]:
        schema = self._resolved(schema)
        value: object = text
        if schema.get("type") == "integer":
            if not re.fullmatch(r"-?[0-9]+", text):
                return [f"{name} is no integer"]
            value = int(text)
            if abs(value) >= 2 ** _BITS.get(schema.get("format", ""), 64):
                return [f"{name} is too large"]
        if schema.get("format") == "date":
            date.fromisoformat(text)
        return [f"{name}: {error.message}" for error in self._validator(schema).iter_errors(value)]

    def _body(self, operation: Json, headers: Mapping[str, str], body: bytes) -> list[str]:
        if "requestBody" not in operation:
            return ["a body where there is none"] if body else []
        if headers.get("content-type") != "application/json":
            return ["the body is not declared as JSON"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        content = json.loads(body)
        strange = set(content) - set(self._resolved(schema)["properties"])
        errors = self._validator(schema).iter_errors(content)
        return [f"unknown field {name}" for name in strange] + [error.message for error in errors]

    def _validator(self, schema: Json) -> Draft202012Validator:
        return Draft202012Validator({"allOf": [schema], "components": self._document["components"]})

    def _resolved(self, schema: Json) -> Json:
        while "$ref" in schema:
            schema = {**self._at(schema["$ref"]), **{k: v for k, v in schema.items() if k != "$ref"}}
        return schema

    def _at(self, reference: str) -> Json:
        found: Json = self._document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found

    def answers(self, method: str, path: str) -> st.SearchStrategy[Any] | None:
        """Good answers to an operation, as JSON; None when it has no body."""
        found = self.operation(method, path)
        assert found is not None, (method, path)
        content = found[1]["responses"]["200"].get("content")
        return self._made(content["application/json"]["schema"]) if content else None

    def is_answer(self, method: str, path: str, content: object) -> bool:
        """Whether the description allows this answer."""
        found = self.operation(method, path)
        assert found is not None
        schema = found[1]["responses"]["200"]["content"]["application/json"]["schema"]
        return self._validator(schema).is_valid(content)

    def _made(self, schema: Json) -> st.SearchStrategy[Any]:
        schema = self._resolved(schema)
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kind = schema.get("type", "object")
        if kind == "array":
            return st.lists(self._made(schema["items"]), max_size=2)
        if kind == "object":
            return self._object(schema)
        return _scalar(kind, schema.get("format", ""))

    def _object(self, schema: Json) -> st.SearchStrategy[Any]:
        """With all that is required, some of the rest, and now and then something nobody described."""
        properties = schema.get("properties", {})
        required = {name: self._made(properties[name]) for name in schema.get("required", [])}
        optional = {name: self._made(one) for name, one in properties.items() if name not in required}
        more = st.dictionaries(
            st.sampled_from(["newField", "x", ""]), st.none() | st.text(max_size=3), max_size=1
        )
        described = st.fixed_dictionaries(required, optional=optional)
        return st.builds(lambda rest, known: {**rest, **known}, more, described)


def _scalar(kind: str, form: str) -> st.SearchStrategy[Any]:
    if kind == "integer":
        return st.integers(0, 2 ** _BITS.get(form, 63) - 1) | st.integers(1, 99)
    if kind == "number":
        return st.floats(0, 1e6, allow_nan=False)
    if kind == "boolean":
        return st.booleans()
    if form == "date":
        return st.dates().map(date.isoformat)
    return MOMENTS if form == "date-time" else _TEXTS
