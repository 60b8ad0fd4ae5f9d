"""One request to the API, made of an operation and of what it is to carry."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from csctl.azure.operation import FormBody, JsonBody, Octets, Operation, Parameter
from csctl.azure.value import revealed, secrets
from csctl.errors import UsageError
from csctl.secret import Secret

BLOCK_BYTES = 8 << 20
"""The most that one block may have (section 2.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent, but for the host and for whom it is sent."""

    operation: Operation
    path: str
    query: dict[str, str]
    json: Any = None
    octets: bytes | None = None
    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    """What must not be told again of an answer that quotes the request."""


def build(operation: Operation, values: Mapping[str, Any], body: Any = None) -> Request:
    """The request that carries these values.

    `values` are by name, those of a JSON body with dots (`properties.email`); `body`
    is a whole one, which single values complete: any JSON value, or bytes where the
    operation takes those. Raises UsageError.
    """
    _refuse_unknown(operation, values)
    _demand(operation, (*operation.places, *operation.query), values)
    path = operation.path
    for place in operation.places:
        path = path.replace(
            f"{{{place.name}}}", quote(str(values[place.name]), safe="")
        )
    query = {
        one.name: _plain(values[one.name])
        for one in operation.query
        if one.name in values
    }
    request = Request(operation=operation, path=path, query=query)
    names = {one.name for one in (*operation.places, *operation.query)}
    own = {name: value for name, value in values.items() if name not in names}
    return _with_body(request, own, body)


def _with_body(request: Request, own: dict[str, Any], body: Any) -> Request:
    from dataclasses import replace

    operation = request.operation
    match operation.body:
        case None if body is not None:
            raise UsageError(f"{operation.name} takes no body")
        case None:
            return request
        case Octets():
            return replace(request, octets=_octets(operation, body))
        case FormBody(fields):
            if body is not None:
                raise UsageError(
                    f"{operation.name} takes a form",
                    remedy="write its fields as name=value, a file as name=@FILE",
                )
            _demand(operation, fields, own)
            files = {name: v for name, v in own.items() if isinstance(v, Path)}
            form = {name: _plain(v) for name, v in own.items() if name not in files}
            return replace(request, form=form, files=files)
        case JsonBody(fields, many=many):
            value = _json(operation, fields, own, body, many=many)
            return replace(request, json=revealed(value), secrets=tuple(secrets(value)))


def _octets(operation: Operation, body: Any) -> bytes:
    if not isinstance(body, bytes):
        raise UsageError(
            f"{operation.name} sends the bytes of a file", remedy="name it with --body"
        )
    if len(body) > BLOCK_BYTES:
        raise UsageError(
            f"a block has {BLOCK_BYTES >> 20} MiB at most, this has {len(body)} bytes",
            remedy="`csctl speech datasets upload-blocks` cuts a file into blocks",
        )
    return body


def _json(
    operation: Operation,
    fields: Iterable[Parameter],
    own: Mapping[str, Any],
    body: Any,
    *,
    many: bool,
) -> Any:
    if many:
        if not isinstance(body, list):
            raise UsageError(
                f"{operation.name} takes a list", remedy="name its file with --body"
            )
        return body
    if body is not None and not isinstance(body, dict):
        raise UsageError(f"{operation.name} takes one object, with fields by name")
    whole: dict[str, Any] = dict(body or {})
    for name, value in own.items():
        _set(whole, name.split("."), value)
    missing = [one.name for one in fields if one.required and not _has(whole, one.name)]
    if missing:
        raise _lacking(operation, missing)
    if not whole:
        raise UsageError(
            f"{operation.name} is to change nothing",
            remedy="give at least one of its fields",
        )
    return whole


def _set(whole: dict[str, Any], names: list[str], value: Any) -> None:
    first, *rest = names
    if not rest:
        whole[first] = value
        return
    inner = whole.get(first)
    # A copy: what the caller handed over stays as it is.
    whole[first] = inner = dict(inner) if isinstance(inner, dict) else {}
    _set(inner, rest, value)


def _has(whole: Any, path: str) -> bool:
    for name in path.split("."):
        if not isinstance(whole, dict) or whole.get(name) in (None, ""):
            return False
        whole = whole[name]
    return True


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Secret():
            return value.reveal()
        case dict() | list():
            return json.dumps(value)
        case _:
            return str(value)


def _refuse_unknown(operation: Operation, values: Mapping[str, Any]) -> None:
    names = operation.names
    for name in values:
        if name not in names:
            plain = {known.lower(): known for known in names}
            near = difflib.get_close_matches(name.lower(), plain, n=1)
            hint = f"; did you mean {plain[near[0]]}?" if near else ""
            known = f"it takes {', '.join(names)}" if names else "it takes nothing"
            raise UsageError(f"{operation.name} has no {name!r}{hint}", remedy=known)


def _demand(
    operation: Operation, wanted: Iterable[Parameter], values: Mapping[str, Any]
) -> None:
    missing = [
        one.name
        for one in wanted
        if one.required and values.get(one.name) in (None, "")
    ]
    if missing:
        raise _lacking(operation, missing)


def _lacking(operation: Operation, missing: list[str]) -> UsageError:
    return UsageError(
        f"{operation.name} wants {', '.join(missing)} as well",
        remedy=f"write for instance {missing[0]}=..., or give it in --body",
    )
