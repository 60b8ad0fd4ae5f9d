"""The Speech to text REST API of one resource: every operation of its table.

with open_speech(resource, os.environ) as speech:
    for model in speech.items("Models_ListBaseModels", {"filter": "..."}):
        ...
    speech.get("Transcriptions_Get", {"id": "..."})
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import Any, Self

from csctl.azure import byos, names, paging, table
from csctl.azure.answer import Answer
from csctl.azure.blob import Blobs
from csctl.azure.connection import Connection
from csctl.azure.credential import Caller, Identity
from csctl.azure.operation import Operation
from csctl.azure.request import Request, build
from csctl.azure.resource import Resource

_PAGE = 100
Say = Callable[[str], None]
Values = Mapping[str, Any]


class Speech:
    """One resource, asked over one pool of connections. Threads may share it."""

    def __init__(
        self,
        resource: Resource,
        environ: Mapping[str, str],
        *,
        say: Say,
        force_destination: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`say` takes what is worth a line; `force_destination` insists on one."""
        self.resource = resource
        self.table = table.load(resource.version)
        identity = Identity(resource.identity, environ, say)
        caller = Caller(resource, environ, identity)
        self._connection = Connection(resource, caller, environ, say=say, sleep=sleep)
        self.blobs = Blobs(resource, identity, environ, sleep=sleep)
        self._force_destination = force_destination
        self.sleep = sleep

    def close(self) -> None:
        """Close all connections."""
        self._connection.close()
        self.blobs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def call(
        self, operation: Operation | str, values: Values | None = None, body: Any = None
    ) -> Answer:
        """One request and its answer. Names may stand for ids where they are unique.

        `values` and `body` as in `csctl.azure.request.build`. Raises UsageError before
        anything is sent, and AzureError.
        """
        request = self._request(self._operation(operation), values or {}, body)
        answer = self._connection.send(request)
        if self.resource.byos:
            byos.check_answer(request.operation, answer.read())
        return answer

    def get(
        self, operation: Operation | str, values: Values | None = None, body: Any = None
    ) -> Any:
        """The JSON that an operation answers; None where it answers nothing."""
        return self.call(operation, values, body).read()

    def items(
        self,
        operation: Operation | str,
        values: Values | None = None,
        limit: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """What a listing lists, page by page to its end, or the first `limit`.

        Raises AzureError, also for pages that form a loop.
        """
        found = self._operation(operation)
        own = dict(values or {})
        if limit is not None and limit < _PAGE and "top" in found.names:
            own.setdefault("top", limit)
        yield from islice(self._all(self._request(found, own, None)), limit)

    def _all(self, request: Request) -> Iterator[dict[str, Any]]:
        seen: set[tuple[tuple[str, str], ...]] = set()
        following: Request | None = request
        while following is not None:
            place = tuple(sorted(following.query.items()))
            if place in seen or len(seen) == paging.MOST_PAGES:
                raise paging.endless(request)
            seen.add(place)
            page = self._connection.send(following).read()
            values = paging.values_of(request, page)
            if self.resource.byos:
                byos.check_answer(request.operation, values)
            yield from values
            following = paging.following(following, page)

    def _operation(self, operation: Operation | str) -> Operation:
        return self.table.find(operation) if isinstance(operation, str) else operation

    def _request(self, operation: Operation, values: Values, body: Any) -> Request:
        own = byos.with_validity(operation, values, byos=self.resource.byos)
        for part in (own, body):
            byos.check_destination(
                part, byos=self.resource.byos, force=self._force_destination
            )
        # What can be found wrong without asking is told before names are asked for.
        build(operation, own, body)
        return build(operation, names.resolved(self, operation, own), body)


def open_speech(
    resource: Resource,
    environ: Mapping[str, str],
    *,
    say: Say = lambda _: None,
    force_destination: bool = False,
) -> Speech:
    """The API of a resource; its key or token is read when it is needed first.

    A proxy is taken from the environment of this process, as httpx does.
    """
    return Speech(resource, environ, say=say, force_destination=force_destination)
