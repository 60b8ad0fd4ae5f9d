"""The data of a dataset, as a form or in blocks. Facts: rest-api.md sections 2.6, 6."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from . import shapes
from .body import check_kind, read_form, read_json
from .call import Call
from .entities import Entities
from .entity import Entity
from .refusal import invalid, service
from .storage import Content
from .store import Store
from .wire import Answer

_LARGEST = 8 << 20
_LONGEST_ID = 64


class Datasets:
    """Takes uploads."""

    def __init__(self, store: Store, entities: Entities) -> None:
        self._store = store
        self._entities = entities

    def upload(self, call: Call) -> Answer:
        """A new dataset with its data, as a form."""
        fields = _with_inside(read_form(call.request))
        shapes.check("DatasetUpload", fields, call.version)
        data = fields.pop("data", b"")
        self._entities.resolve_references(fields)
        self._entities.check_locale(fields)
        entity = Entity("datasets", call.version, fields, data=Content.of(data))
        return self._entities.keep(call, entity)

    def blocks(self, call: Call) -> Answer:
        """The blocks that there are."""
        blocks = self._entities.named(call).blocks
        kinds = {
            "committedBlocks": blocks.committed,
            "uncommittedBlocks": blocks.uncommitted,
        }
        return call.answer(
            {
                kind: [{"name": name, "size": len(data)} for name, data in some.items()]
                for kind, some in kinds.items()
                if some
            }
        )

    def block(self, call: Call) -> Answer:
        """Keep one block."""
        check_kind(call.request, ("application/octet-stream",))
        dataset = self._open(call)
        others = dataset.blocks.uncommitted
        name = call.request.asked("blockid") or ""
        _check_name(name, others)
        if len(call.request.body) > _LARGEST:
            raise service(413, "InvalidRequest", "The block is larger than 8 MiB.")
        others[name] = call.request.body
        return Answer(201)

    def commit(self, call: Call) -> Answer:
        """Make the data of blocks, in this order, and begin the dataset's job."""
        dataset = self._open(call)
        entries = read_json(call.request, ("application/json",))
        if not isinstance(entries, list) or not entries:
            raise service(400, "InvalidPayload", "A list of blocks is expected.")
        found = {}
        for entry in entries:
            shapes.check("CommitBlocksEntry", entry, call.version)
            name = entry.get("id", "")
            pool = _pool(dataset, entry.get("kind", "Latest"))
            if name not in pool:
                raise invalid("InvalidPayload", f"There is no block '{name}'.")
            found[name] = pool[name]
        dataset.blocks.committed = found
        dataset.blocks.uncommitted = {}
        dataset.data = Content.of(b"".join(found.values()))
        self._store.begin(dataset)
        return Answer(200)

    def _open(self, call: Call) -> Entity:
        dataset = self._entities.named(call)
        if not dataset.waits_for_data:
            raise invalid("InvalidDataset", "The dataset takes no blocks.")
        return dataset


def _check_name(name: str, others: dict[str, bytes]) -> None:
    try:
        plain = base64.b64decode(name, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("InvalidParameter", "The blockid is no Base64.") from None
    if not plain or len(plain) > _LONGEST_ID:
        raise invalid("InvalidParameter", "The blockid is empty or too long.")
    if others and len(name) != len(next(iter(others))):
        raise invalid("InvalidParameter", "The blockid is not as long as the others.")


def _pool(dataset: Entity, kind: str) -> dict[str, bytes]:
    blocks = dataset.blocks
    match kind:
        case "Committed":
            return blocks.committed
        case "Uncommitted":
            return blocks.uncommitted
    return {**blocks.committed, **blocks.uncommitted}


def _with_inside(form: dict[str, Any]) -> dict[str, Any]:
    """A form's fields as those of a body: texts stand for what has an inside."""
    fields = dict(form)
    if isinstance(fields.get("project"), str):
        fields["project"] = {"self": fields["project"]}
    if isinstance(fields.get("customProperties"), str):
        try:
            fields["customProperties"] = json.loads(fields["customProperties"])
        except ValueError:
            raise service(400, "InvalidPayload", "A field holds no JSON.") from None
    return fields
