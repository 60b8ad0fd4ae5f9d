"""A dataset in pieces: put, list and commit. Facts: rest-api.md sections 2.6 and 6."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from .body import check_kind
from .entity import Entity
from .refusal import invalid, service
from .storage import Content
from .wire import Request

_LARGEST = 8 << 20
_LONGEST_ID = 64


def put(dataset: Entity, request: Request) -> None:
    """Keep one block. Raises Refused."""
    check_kind(request, ("application/octet-stream",))
    _check_is_open(dataset)
    name = request.asked("blockid") or ""
    try:
        plain = base64.b64decode(name, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("InvalidParameter", "The blockid is no Base64.") from None
    others = dataset.blocks.uncommitted
    if not plain or len(plain) > _LONGEST_ID:
        raise invalid("InvalidParameter", "The blockid is empty or too long.")
    if others and len(name) != len(next(iter(others))):
        raise invalid("InvalidParameter", "The blockid is not as long as the others.")
    if len(request.body) > _LARGEST:
        raise service(413, "InvalidRequest", "The block is larger than 8 MiB.")
    others[name] = request.body


def listed(dataset: Entity) -> dict[str, Any]:
    """What there is."""
    kinds = {
        "committedBlocks": dataset.blocks.committed,
        "uncommittedBlocks": dataset.blocks.uncommitted,
    }
    return {
        kind: [{"name": name, "size": len(data)} for name, data in found.items()]
        for kind, found in kinds.items()
        if found
    }


def commit(dataset: Entity, entries: list[dict[str, str]]) -> None:
    """Make the dataset's data of blocks, in this order. Raises Refused."""
    _check_is_open(dataset)
    found = {}
    for entry in entries:
        pool = {
            "Committed": dataset.blocks.committed,
            "Uncommitted": dataset.blocks.uncommitted,
        }.get(
            entry.get("kind", "Latest"),
            {**dataset.blocks.committed, **dataset.blocks.uncommitted},
        )
        name = entry.get("id", "")
        if name not in pool:
            raise invalid("InvalidPayload", f"The block '{name}' was not uploaded.")
        found[name] = pool[name]
    dataset.blocks.committed = found
    dataset.blocks.uncommitted = {}
    dataset.data = Content.of(b"".join(found.values()))


def parse(text: str) -> Any:
    """JSON in a field of a form. Raises Refused."""
    try:
        return json.loads(text)
    except ValueError:
        raise service(400, "InvalidPayload", "A field holds no JSON.") from None


def _check_is_open(dataset: Entity) -> None:
    if "contentUrl" in dataset.fields or dataset.status != "NotStarted":
        raise invalid("InvalidDataset", "The dataset takes no blocks.")
