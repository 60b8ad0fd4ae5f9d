"""Messages of the Speech WebSocket protocol: header lines, then a body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Malformed(Exception):
    """What came is no message of the protocol."""


class Message(NamedTuple):
    """What a client says."""

    path: str
    """In lower case."""
    request_id: str
    body: bytes

    def json(self) -> Any:
        """The value in the body, `{}` of an empty one. Raises Malformed."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError as error:
            raise Malformed(f"{self.path}: its body is no JSON") from error


def parse(raw: str | bytes) -> Message:
    """Read a text or a binary message. Raises Malformed."""
    if isinstance(raw, str):
        head, _, text = raw.partition("\r\n\r\n")
        return _message(head, text.encode())
    size = int.from_bytes(raw[:2], "big")
    if len(raw) < 2 + size:
        raise Malformed("a binary message is shorter than its headers")
    return _message(raw[2 : 2 + size].decode("latin-1"), raw[2 + size :])


def _message(head: str, body: bytes) -> Message:
    # Some SDKs write a blank after the colon, some none.
    pairs = (line.partition(":") for line in head.split("\r\n"))
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if "path" not in headers:
        raise Malformed("a message has no Path")
    return Message(headers["path"].lower(), headers.get("x-requestid", ""), body)


def write(path: str, request_id: str, body: Mapping[str, Any]) -> str:
    """A text message to the client."""
    return (
        f"X-RequestId:{request_id}\r\n"
        f"Path:{path}\r\n"
        "Content-Type:application/json; charset=utf-8\r\n\r\n"
        + json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    )
