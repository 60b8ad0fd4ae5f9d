"""Pages of a list, and the link to the next one.

As in Microsoft's examples the link forgets how long links to files are valid, and that
of a transcription's files forgets the filter too. Facts: rest-api.md section 2.2.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from .refusal import Refused, invalid
from .wire import Request

Item = TypeVar("Item")


class Window(NamedTuple):
    """The part of a list that was asked for."""

    skip: int
    top: int


def by_number(request: Request, most: int) -> Window:
    """Read `skip` and `top`. Raises Refused."""
    return Window(_number(request, "skip", 0), min(_number(request, "top", most), most))


def by_token(request: Request, most: int) -> Window:
    """Read `skipToken` and `top`. Raises Refused."""
    token = request.asked("skipToken") or "2!4!MDAwMA--"
    try:
        skip = int(base64.b64decode(token.split("!")[2].replace("-", "=")))
    except (ValueError, IndexError):
        raise invalid("InvalidSkipTokenForLogs", "The skip token is invalid.") from None
    try:
        top = _number(request, "top", most)
    except Refused:
        raise invalid("InvalidTopForLogs", "The value of top is invalid.") from None
    return Window(skip, min(top, most))


def token(skip: int) -> str:
    """The opaque text that stands for a place in a list of logs."""
    text = base64.b64encode(f"{skip:04}".encode()).decode().replace("=", "-")
    return f"2!{len(text)}!{text}"


def page(
    items: Sequence[Item],
    window: Window,
    render: Callable[[Item], dict[str, Any]],
    link: Callable[[int], str],
) -> dict[str, Any]:
    """One page; the last one has no link."""
    end = window.skip + window.top
    found: dict[str, Any] = {
        "values": [render(item) for item in items[window.skip : end]]
    }
    if end < len(items):
        found["@nextLink"] = link(end)
    return found


def query(**parts: object) -> str:
    """A query string with what is not None."""
    return "&".join(
        f"{name.replace('_', '-')}={quote(str(value), safe=':')}"
        for name, value in parts.items()
        if value is not None
    )


def _number(request: Request, name: str, default: int) -> int:
    text = request.asked(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or (name == "top" and not int(text)):
        raise invalid("UnsupportedPagination", f"The value of {name} is invalid.", name)
    return int(text)
