"""What the Speech to text REST API answers, for people: tables without signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from csctl.azure.byos import is_signed
from csctl.azure.entity import id_of, inside, shown
from csctl.format import Row, moment, table
from csctl.format.stock import day
from csctl.secret import MASK, Redactor
from csctl.size import format_size

if TYPE_CHECKING:
    from csctl.azure.catalog import CatalogModel
    from csctl.azure.operation import Operation
    from csctl.lifecycle.speech_models import KnownModel

_REDACT = Redactor()
_COLUMNS: tuple[tuple[str, Callable[[Mapping[str, Any]], Any]], ...] = (
    ("ID", id_of),
    ("NAME", lambda one: one.get("displayName") or one.get("name")),
    ("STATUS", lambda one: one.get("status")),
    ("LOCALE", lambda one: one.get("locale")),
    ("KIND", lambda one: one.get("kind") or one.get("type")),
    ("SIZE", lambda one: _size(one)),
    ("CREATED", lambda one: one.get("createdDateTime")),
)


def listing(values: Sequence[Any]) -> str:
    """A table with the columns that any of the values has."""
    if not all(isinstance(one, Mapping) for one in values):
        return "\n".join(map(str, values))
    rows = [[of(one) for _, of in _COLUMNS] for one in values]
    used = [n for n in range(len(_COLUMNS)) if any(row[n] is not None for row in rows)]
    return table(
        [_COLUMNS[n][0] for n in used],
        [[_cell(row[n]) for n in used] for row in rows],
    )


def details(value: Any) -> str:
    """One answer: its fields with dots, a line each."""
    if isinstance(value, list):
        return listing(value)
    if not isinstance(value, Mapping):
        return _cell(value)
    lines = dict(_flat(value, ""))
    width = max(map(len, lines), default=0)
    return "\n".join(f"{name.ljust(width)}  {text}" for name, text in lines.items())


def ids(value: Any) -> Iterator[str]:
    """The ids of what was answered, or its words where they have none."""
    values = value if isinstance(value, list) else [value]
    for one in values:
        if found := id_of(one):
            yield found
        elif isinstance(one, str):
            yield one
        elif isinstance(one, Mapping) and isinstance(one.get("name"), str):
            yield one["name"]


def operation(value: Operation) -> Row:
    """An operation of the API."""
    return {
        "operation": value.name,
        "aliases": list(value.aliases),
        "method": value.method,
        "path": value.path,
        "command": f"csctl speech {value.group} {value.verb}",
    }


def known_model(value: KnownModel) -> Row:
    """A model of the API, and what this host has of it."""
    one = value.model
    return {
        "id": one.id,
        "name": one.name,
        "kind": "base" if one.base else "custom",
        "locale": one.locale,
        "status": one.status,
        "created": moment(one.created),
        "on_containers": one.on_containers,
        "adaptable_until": moment(one.adaptable_until),
        "retires": moment(one.retires),
        "newest": value.newest,
        "present": value.present,
        "used_by": list(value.used_by),
        "outdated": value.outdated,
        "retiring": value.retiring,
    }


_SERVED = {True: "yes", False: "no", None: "unknown"}
KNOWN_MODEL_HEADERS = (
    *("ID", "NAME", "KIND", "LOCALE", "STATUS", "CONTAINERS", "RETIRES", "HERE"),
)


def known_model_cells(value: KnownModel) -> tuple[str, ...]:
    """A row of `csctl model list --custom`."""
    row = known_model(value)
    here = ["present"] if value.present else []
    here += [f"used by {name}" for name in value.used_by]
    here += ["outdated"] if value.outdated else []
    here += ["retiring"] if value.retiring else []
    return (
        row["id"],
        row["name"] + (" (newest)" if value.newest else ""),
        row["kind"],
        row["locale"],
        row["status"],
        _SERVED[value.model.on_containers],
        day(value.model.retires),
        ", ".join(here) or "-",
    )


OFFERED_MODEL_HEADERS = ("NAME", "LOCALE", "CONTAINERS", "RETIRES", "STATE", "ID")


def offered_model_cells(value: KnownModel) -> tuple[str, ...]:
    """A model under OFFERED_MODEL_HEADERS, where there are those of one kind only."""
    id_, name, _, locale, status, served, retires, here = known_model_cells(value)
    state = here if value.model.ready else status
    return name, locale, served, retires, state, id_


def chosen_model(value: CatalogModel) -> str:
    """One line about a model that is to be wanted by a profile."""
    kind = "base" if value.base else "custom"
    return f"{kind} model {value.name!r} of {value.locale}, {value.id}"


def doubts(value: CatalogModel, *, retiring: bool) -> Iterator[str]:
    """What speaks against wanting a model, a line each."""
    if not value.ready:
        yield f"it cannot be used: its status is {value.status or 'unknown'}"
    if value.on_containers is None:
        yield "the API does not tell whether containers may serve it"
    elif not value.on_containers:
        yield "the API says that containers may not serve it, or not yet"
    if retiring:
        yield f"it transcribes no more from {day(value.retires)} on"


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{prefix}{name}.")
        elif isinstance(inner, list) and any(isinstance(one, Mapping) for one in inner):
            for index, one in enumerate(inner):
                whole = one if isinstance(one, Mapping) else {"": one}
                yield from _flat(whole, f"{prefix}{name}[{index}].")
        elif isinstance(inner, list):
            yield f"{prefix}{name}", ", ".join(map(_cell, inner))
        else:
            yield f"{prefix}{name}", _cell(inner)


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "true" if value else "false"
        case str() if is_signed(value):
            return f"{shown(value)}?{MASK}"
        case _:
            return _REDACT(str(value))


def _size(value: Mapping[str, Any]) -> str | None:
    size = value.get("size", inside(value, "properties").get("size"))
    return format_size(size) if isinstance(size, int) else None
