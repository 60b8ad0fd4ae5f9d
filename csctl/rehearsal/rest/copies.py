"""Copying a model: at once in v3.1, as an operation of its own from v3.2 on.

Facts: rest-api.md sections 2.1 and 5.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from .call import Call
from .entities import Entities
from .entity import Entity, moment
from .gate import KEY
from .refusal import invalid
from .store import Store
from .wire import Answer

_OF_THE_SOURCE = ("project", "datasets")


class Copies:
    """Makes copies within the one resource that there is."""

    def __init__(self, store: Store, entities: Entities) -> None:
        self._store = store
        self._entities = entities

    def copy_to(self, call: Call) -> Answer:
        """Copy to the resource of a key."""
        model, body = self._entities.named(call), self._entities.read(call)
        if body["targetSubscriptionKey"] != KEY:
            raise invalid(
                "SubscriptionNotFound", "The target subscription cannot be found."
            )
        return self._entities.keep(call, _twin(model, call.version))

    def authorize(self, call: Call) -> Answer:
        """Let another resource copy to this one."""
        body = self._entities.read(call)
        return Answer.json(
            200,
            {
                "targetResourceRegion": call.knobs.region,
                "targetResourceId": "/subscriptions/rehearsal/target",
                "targetResourceEndpoint": call.request.base,
                "sourceResourceId": body["sourceResourceId"],
                "expirationDateTime": moment(datetime.now(UTC) + timedelta(days=1)),
                "id": str(uuid.uuid4()),
            },
        )

    def copy(self, call: Call) -> Answer:
        """Begin to copy where that was authorized."""
        model = self._entities.named(call)
        self._entities.read(call)
        twin = _twin(model, call.version)
        self._store.add(twin)
        state = Entity("copies", call.version, {"result": {"link": twin.path}})
        self._store.add(state)
        shown = self._entities.show(call, state)
        where = ("Operation-Location", shown["self"])
        return Answer.json(202, shown, call.retry_after, where)


def _twin(model: Entity, version: str) -> Entity:
    kept = {k: v for k, v in model.fields.items() if k not in _OF_THE_SOURCE}
    return Entity("models", version, kept)
