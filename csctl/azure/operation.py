"""One operation of the REST API, as its table tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_PLACE = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SILENT = frozenset(("custom", "supported"))
_GROUPS = {"servicehealth": "health"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a parameter takes."""

    name: str
    """`text`, `int`, ..., the name of an enumeration, or `@` and a group."""
    many: bool = False
    """Whether it is a list."""
    switches: bool = False
    """Whether it is a set of words, each of which is switched on."""
    words: tuple[str, ...] = ()
    """The words of an enumeration."""
    closed: bool = True
    """Whether the service knows no other words than these."""

    @property
    def group(self) -> str | None:
        """The group of which it names one, such as `models` or `models/base`."""
        return self.name[1:] if self.name.startswith("@") else None

    @property
    def repeated(self) -> bool:
        """Whether several texts make one value."""
        return self.many or self.switches or self.name == "map"


TEXT = Kind(name="text")
GUID = Kind(name="guid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A name that a request may carry, in its path, query or body."""

    name: str
    """In a body with dots, such as `properties.diarizationEnabled`."""
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A JSON object of these fields, or a list of such objects."""

    fields: tuple[Parameter, ...]
    many: bool = False


@dataclass(frozen=True, slots=True)
class FormBody:
    """A form of these fields (`multipart/form-data`)."""

    fields: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Octets:
    """Bytes, sent as they are."""


Body = JsonBody | FormBody | Octets


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A row of the table."""

    name: str
    """As the OpenAPI document spells it."""
    aliases: tuple[str, ...]
    method: str
    path: str
    """Below the API's base, such as `/datasets/{id}/files`."""
    query: tuple[Parameter, ...]
    body: Body | None
    answer: str | None
    """The name of what it answers; of its items where it answers by pages."""
    paged: bool
    filters: tuple[Parameter, ...]
    """The properties that its `filter` may compare."""
    job: bool
    """Whether it answers something that goes on by itself, and has a status."""

    @property
    def places(self) -> tuple[Parameter, ...]:
        """The parameters of the path. Ids of files, too, are GUIDs (section 1)."""
        return tuple(
            Parameter(
                name=name,
                kind=GUID if name in ("id", "fileId") else TEXT,
                required=True,
            )
            for name in _PLACE.findall(self.path)
        )

    @property
    def fields(self) -> tuple[Parameter, ...]:
        """The fields of the body that can be named one by one.

        One with the name of a place of the path stands in a whole body only.
        """
        taken = {one.name for one in self.places}
        match self.body:
            case JsonBody(fields, many=False) | FormBody(fields):
                return tuple(one for one in fields if one.name not in taken)
            case _:
                return ()

    @property
    def collection(self) -> str:
        """The path of what holds the thing that `{id}` names: `/models/base`."""
        return self.path.partition("/{id}")[0].partition(":")[0]

    @cached_property
    def group(self) -> str:
        """The command's group, such as `datasets`."""
        group = self.name.partition("_")[0].lower()
        return _GROUPS.get(group, group)

    @cached_property
    def verb(self) -> str:
        """The command within its group: `list-files` for `Datasets_ListFiles`."""
        silent = {*_SILENT, self.group, self.group.removesuffix("s")}
        words = [word.lower() for word in _WORD.findall(self.name.partition("_")[2])]
        return "-".join(word for word in words if word not in silent)

    @property
    def lists_files(self) -> bool:
        """Whether it lists files that can be downloaded."""
        return self.paged and self.answer == "File"

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name: of the path first, then query, then body."""
        return next((one for one in self._all() if one.name == name), None)

    def _all(self) -> Iterator[Parameter]:
        yield from self.places
        yield from self.query
        yield from self.fields

    @property
    def names(self) -> list[str]:
        """All names that a request may carry."""
        return [one.name for one in self._all()]
