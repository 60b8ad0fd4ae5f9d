"""The facts of Microsoft's OpenAPI documents: paths, parameters, shapes, no prose."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, FormatChecker

VERSIONS = ("v3.1", "v3.2", "2024-11-15")
_FOLDER = Path(__file__).parent / "openapi"


@dataclass(frozen=True, slots=True)
class Documented:
    """One operation, as a document has it."""

    version: str
    id: str
    method: str
    path: str
    query: Mapping[str, bool]
    """Name, and whether it must be there."""
    consumes: tuple[str, ...]
    body: str | None
    form: Mapping[str, bool]
    answers: Mapping[str, Mapping[str, Any]]

    def __str__(self) -> str:
        return f"{self.version}-{self.id}"

    def faults(self, status: int, headers: Mapping[str, str], value: Any) -> list[str]:
        """In what an answer differs from the document."""
        answer = self.answers.get(str(status))
        if answer is None:
            return [f"status {status} is none of {list(self.answers)}"]
        given = {"location", "operation-location", "retry-after"} & set(headers)
        known = {name.lower() for name in answer["headers"]}
        found = [f"header {name} is not declared" for name in sorted(given - known)]
        found += [
            f"header {name} is missing"
            for name in sorted(known - given)
            if name != "retry-after"  # only where something is unfinished
        ]
        if answer["schema"] is None:
            return found + (["there is a body"] if value is not None else [])
        return found + list(shape_faults(self.version, answer["schema"], value))


def shape_faults(version: str, name: str, value: Any) -> Iterator[str]:
    """In what a value differs from a definition, or from an array of one."""
    document = _document(version)
    reference = {"$ref": f"#/definitions/{name.removesuffix('[]')}"}
    if name.startswith("string"):
        reference = {"type": "string"}
    shape = {"type": "array", "items": reference} if name.endswith("[]") else reference
    schema = {**shape, "definitions": document["definitions"]}
    validator = Draft4Validator(schema, format_checker=FormatChecker())
    for error in validator.iter_errors(value):
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message}"


def definition(version: str, name: str) -> Mapping[str, Any]:
    """The properties of a definition, inherited ones too."""
    found: dict[str, Any] = {}
    rule = _document(version)["definitions"][name]
    for parent in rule.get("allOf", ()):
        found |= definition(version, parent["$ref"].rpartition("/")[2])
    required = rule.get("required", ())
    for key, value in rule.get("properties", {}).items():
        found[key] = {**value, "required": key in required}
    return found


@cache
def documented(version: str) -> tuple[Documented, ...]:
    """All operations of a version."""
    return tuple(
        Documented(version, **{**row, "consumes": tuple(row["consumes"])})
        for row in _document(version)["operations"]
    )


@cache
def _document(version: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_FOLDER / f"{version}.json").read_text())
    rules = document["definitions"]
    if version == "v3.1":
        # It fails on its own example: `properties` are said to be objects, and are
        # texts and numbers. Facts: rest-api.md section 4.
        rules["ModelManifest"]["properties"]["properties"].pop("additionalProperties")
    # Seen in the wild with detailed codes in it. Facts: rest-api.md section 2.5.
    rules["ErrorCode"].pop("enum")
    return document
