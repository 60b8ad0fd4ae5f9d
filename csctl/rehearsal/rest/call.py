"""One request to one operation, and what answers have in common."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import page
from .entity import TERMINAL, Entity, View
from .operations import Operation
from .refusal import invalid
from .settings import Knobs
from .wire import Answer, Request


class Call(NamedTuple):
    """A request, understood."""

    request: Request
    operation: Operation
    names: dict[str, str]
    """What the path names: `id`, `fileId`, `locale`, `logId`."""
    view: View
    knobs: Knobs

    @property
    def version(self) -> str:
        """The API version that was asked."""
        return self.operation.version

    @property
    def subject(self) -> str:
        """The set of entities that was asked for."""
        return self.operation.subject

    @property
    def retry_after(self) -> tuple[str, str]:
        """The header that says when to come again."""
        return "Retry-After", str(self.knobs.retry_after)

    def answer(self, value: Any, *, pending: bool = False) -> Answer:
        """An answer of 200; with Retry-After where there is something to wait for."""
        declared = "Retry-After" in self.operation.headers
        headers = (self.retry_after,) if pending and declared else ()
        return Answer.json(200, value, *headers)

    def next_link(self, **parts: object) -> str:
        """The link to another page of the same list."""
        path = self.operation.path.format(**self.names)
        plain, _, version = self.view.url(path).partition("?")
        return f"{plain}?{page.query(**parts)}" + (f"&{version}" if version else "")

    def check_query(self) -> None:
        """Refuse an unknown name, and what is missing. Raises Refused."""
        known = {parameter.name for parameter in self.operation.query}
        for name, _ in self.request.query:
            if name not in known:
                raise invalid(
                    "InvalidParameter",
                    f"The query parameter '{name}' is not known.",
                    name,
                )
        for parameter in self.operation.query:
            if parameter.required and not self.request.asked(parameter.name):
                raise invalid(
                    "InvalidParameter",
                    f"The query parameter '{parameter.name}' is required.",
                    parameter.name,
                )


def is_pending(entity: Entity) -> bool:
    """Whether an entity's job goes on."""
    return entity.status not in TERMINAL
