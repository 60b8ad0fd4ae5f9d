"""A request's body out of a file or stdin: bytes, JSON or YAML."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from csctl.azure.request import BLOCK_BYTES
from csctl.errors import ProfileError, UsageError
from csctl.profile import document as yaml_document
from csctl.profile.node import Node

_STDIN = "-"
_MOST_BYTES = 16 << 20


def octets(path: str) -> bytes:
    """The bytes of a file, one more than may be sent at most. Raises UsageError."""
    return _read(path, BLOCK_BYTES + 1)


def document(path: str) -> Any:
    """The JSON value of a file with JSON or YAML.

    Dates stay the text that they are written as. Raises UsageError, and ProfileError
    for YAML with faults.
    """
    data = _read(path, _MOST_BYTES)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as exc:
        if data.lstrip()[:1] in (b"{", b"["):
            raise UsageError(f"{_shown(path)} is no JSON: {exc}") from exc
    text, problems = yaml_document.decode(data, _shown(path))
    if not problems:
        nodes, problems = yaml_document.read(text, _shown(path))
        if not problems and len(nodes) == 1:
            return _plain(nodes[0])
    if problems:
        raise ProfileError(tuple(problems))
    raise UsageError(f"{_shown(path)} is not one document")


def _plain(node: Node) -> Any:
    match node.value:
        case dict() as entries:
            return {name: _plain(one) for name, one in entries.items()}
        case list() as items:
            return [_plain(one) for one in items]
        case date():
            return node.text
        case value:
            return value


def _read(path: str, limit: int) -> bytes:
    try:
        if path == _STDIN:
            return sys.stdin.buffer.read(limit)
        with Path(path).open("rb") as file:
            return file.read(limit)
    except OSError as exc:
        raise UsageError(f"file {path}: {exc.strerror}") from exc


def _shown(path: str) -> str:
    return "stdin" if path == _STDIN else path
