"""Messages of the Speech WebSocket protocol, to bytes and back. Pure.

A text message is header lines, an empty line and JSON; a binary one is the length of
its header lines in two bytes, the lines, and audio. Facts: speech-protocol.md section
2.3; container.md section 2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from csctl.errors import InvalidValue

_LINE_END = "\r\n"
_LENGTH_BYTES = 2
_LONGEST_HEAD = (1 << 8 * _LENGTH_BYTES) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, of either side."""

    path: str
    """What it is about, such as `speech.phrase`."""
    request_id: str = ""
    """The turn that it belongs to; empty where it belongs to none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The other headers."""
    body: str | bytes = ""
    """Text of a text message, bytes of a binary one."""


def encode(message: Message) -> str | bytes:
    """A message as a WebSocket takes it. Raises InvalidValue."""
    names = {"Path": message.path, "X-RequestId": message.request_id}
    names |= message.headers
    lines = [f"{name}:{value}" for name, value in names.items() if value]
    if any("\r" in line or "\n" in line for line in lines):
        raise InvalidValue("a header is one line")
    head = "".join(line + _LINE_END for line in lines)
    if isinstance(message.body, str):
        return head + _LINE_END + message.body
    data = head.encode()
    if len(data) > _LONGEST_HEAD:
        raise InvalidValue(f"headers of {len(data)} bytes; {_LONGEST_HEAD} are allowed")
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data + message.body


def decode(data: str | bytes) -> Message:
    """A message as it came. Names of headers count in any case.

    Raises InvalidValue.
    """
    head, body = _parts(data)
    headers: dict[str, str] = {}
    for line in filter(None, head.split(_LINE_END)):
        name, colon, value = line.partition(":")
        if not colon:
            raise InvalidValue(f"{line[:40]!r} is no header")
        # Some write a blank after the colon, and some do not.
        headers[name.strip().lower()] = value.strip()
    if not headers.get("path"):
        raise InvalidValue("a message has no Path")
    return Message(
        path=headers.pop("path"),
        request_id=headers.pop("x-requestid", ""),
        headers=headers,
        body=body,
    )


def _parts(data: str | bytes) -> tuple[str, str | bytes]:
    if isinstance(data, str):
        head, end, body = data.partition(2 * _LINE_END)
        if not end:
            raise InvalidValue("a message has no empty line behind its headers")
        return head, body
    length = int.from_bytes(data[:_LENGTH_BYTES], "big")
    end_of_head = _LENGTH_BYTES + length
    if len(data) < max(end_of_head, _LENGTH_BYTES):
        raise InvalidValue("a binary message is shorter than its headers")
    try:
        return data[_LENGTH_BYTES:end_of_head].decode(), data[end_of_head:]
    except UnicodeDecodeError as exc:
        raise InvalidValue("the headers of a binary message are no text") from exc
