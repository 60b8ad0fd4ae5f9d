"""Bodies of requests: JSON, and forms with a file in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from .refusal import service
from .wire import Request


def read_json(request: Request, kinds: Sequence[str]) -> Any:
    """A JSON body of one of these content types. Raises Refused."""
    check_kind(request, kinds)
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise service(
            400, "InvalidPayload", f"The body is no JSON. {error}."
        ) from error


def read_form(request: Request) -> dict[str, Any]:
    """The fields of a form, files as bytes. Raises Refused."""
    check_kind(request, ("multipart/form-data",))
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    form: dict[str, Any] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        is_file = part.get_filename() is not None
        form[str(name)] = content if is_file else content.decode("utf-8", "replace")
    if not form:
        raise service(400, "InvalidPayload", "The form has no fields.")
    return form


def check_kind(request: Request, kinds: Sequence[str]) -> None:
    """The content type must be one of these. Raises Refused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        raise service(
            415,
            "UnsupportedMediaType",
            f"The content type '{kind}' is none of {', '.join(kinds)}.",
        )
