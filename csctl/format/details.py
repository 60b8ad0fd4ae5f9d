"""All that is known of one profile and its container, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from csctl import format as words
from csctl.format import Row, fleet, moment, stock, usage
from csctl.size import format_duration, format_size

if TYPE_CHECKING:
    from csctl.lifecycle.details import Details
    from csctl.lifecycle.fields import FieldRow
    from csctl.lifecycle.history import Done, Entry
    from csctl.lifecycle.mounted import Mounted
    from csctl.lifecycle.own_models import OwnModel
    from csctl.lifecycle.part import Part
    from csctl.lifecycle.usage import Month
    from csctl.model import Display

FIELD_HEADERS = ("FIELD", "PROFILE", "APPLIED", "LIVE", "DRIFTED BY")
MOUNT_HEADERS = ("PATH", "TARGET", "MODE", "OWNER", "WANTED", "STATE")
USAGE_HEADERS = ("MONTH", "METER", "QUANTITY")
_DIGEST = re.compile(r"sha256:([0-9a-f]{16})")
_ENTRIES = 5

Pairs = tuple[tuple[str, str], ...]
"""Names with what is to be said of them."""


def details(value: Details) -> Row:
    """All of it; `notes` says by part what could not be read."""
    parts: dict[str, tuple[Part[Any], Any]] = {
        "fields": (value.fields, field),
        "models": (value.models, model),
        "licenses": (value.licenses, stock.license_set),
        "mounts": (value.mounts, mount),
        "usage": (value.usage, month),
    }
    rows = {name: [tell(r) for r in part.rows] for name, (part, tell) in parts.items()}
    notes = {name: list(part.notes) for name, (part, _) in parts.items()}
    return {
        "name": value.name,
        "status": words.status(value.status),
        "warnings": list(value.warnings),
        "reason": value.reason,
        **rows,
        "commitment": value.commitment and usage.commitment(value.commitment),
        "history": [entry(one) for one in value.history],
        "notes": notes,
    }


def overview(value: Details) -> Pairs:
    """What it is and how it does, line by line."""
    row = words.status(value.status)
    wanted = value.status.wanted
    glyph, state = fleet.state(row)
    pairs = [
        ("state", f"{glyph} {state}"),
        ("mode", row["mode"] or "unknown"),
        ("image", row["image"] or _wanted_image(value)),
        ("model", row["model"] or fleet.model(row, wanted)),
        ("port", row["port"] or "none"),
        ("license", words.license_words(value.status.license)),
        ("drift", words.drift_words(row)),
    ]
    if value.reason is not None:
        pairs.append(("reason", value.reason))
    if value.status.api_status:
        pairs.insert(1, ("API key", value.status.api_status))
    if wanted is not None:
        pairs.append(("profile", str(wanted.source.file)))
    if value.status.problem is not None:
        pairs.append(("problem", fleet.problem(value.status.problem)))
    return (*pairs, *(("warning", text) for text in value.warnings))


def _wanted_image(value: Details) -> str:
    return str(value.status.wanted.image) if value.status.wanted else "unknown"


def shown(text: str | None) -> str:
    """A field's text: a secret by the start of its digest, `-` where nothing tells."""
    if text is None:
        return "-"
    digest = _DIGEST.fullmatch(text)
    return f"secret (digest {digest[1][:4]}…)" if digest else text


def field(value: FieldRow) -> Row:
    """A field from three sides."""
    return {
        "field": value.field,
        "profile": value.profile,
        "applied": value.applied,
        "live": value.live,
        "drifted_by": value.drifted_by,
    }


def field_cells(value: FieldRow) -> tuple[str, ...]:
    """A field under FIELD_HEADERS; `=` says the same as the last side that tells."""
    cells, last = [], None
    for side in (value.profile, value.applied, value.live):
        same = side is not None and side == last
        cells.append("=" if same else shown(side))
        last = last if side is None else side
    return (value.field, *cells, value.drifted_by or "-")


def model(value: OwnModel) -> Row:
    """A model with its record."""
    return {
        "id": value.id,
        "path": str(value.directory),
        "base_locale": value.base_locale,
        "display": [
            {"type": one.type, "locale": one.locale, "id": one.id}
            for one in value.displays
        ],
        "image": value.image,
        "fetched_at": moment(value.fetched_at),
        "bytes": value.bytes,
        "files": value.files,
        "damage": list(value.damage),
        "wanted": value.wanted,
        "serves": value.serves,
    }


def model_pairs(value: OwnModel) -> Pairs:
    """A model, line by line."""
    base = f" (newest base model of {value.base_locale})" if value.base_locale else ""
    return (
        ("model", value.id + base),
        ("use", _use(value)),
        ("path", str(value.directory)),
        ("size", f"{format_size(value.bytes)} in {value.files} files"),
        ("fetched", stock.minute(value.fetched_at)),
        ("image", value.image or "unknown"),
        *(("display", _display(one)) for one in value.displays),
        *(("damaged", text) for text in value.damage),
    )


def _use(value: OwnModel) -> str:
    if value.wanted and value.serves:
        return "the profile wants it, and it serves"
    if value.wanted:
        return "the profile wants it"
    return "it serves" if value.serves else "not mounted"


def _display(value: Display) -> str:
    known = f" {value.id}" if value.id else ""
    return f"{value.type}{known}" + (f" of {value.locale}" if value.locale else "")


def mount(value: Mounted) -> Row:
    """A mount with its owners."""
    return {
        "path": str(value.path),
        "target": value.target,
        "read_only": value.read_only,
        "exists": value.exists,
        "uid": value.found.uid if value.found else None,
        "gid": value.found.gid if value.found else None,
        "wanted_uid": value.wanted.uid if value.wanted else None,
        "wanted_gid": value.wanted.gid if value.wanted else None,
        "right": value.right,
        "wrong": str(value.wrong) if value.wrong else None,
    }


def mount_cells(value: Mounted) -> tuple[str, ...]:
    """A mount under MOUNT_HEADERS."""
    return (
        str(value.path),
        value.target,
        "ro" if value.read_only else "rw",
        str(value.found or "-"),
        str(value.wanted or "unknown"),
        _owned(value),
    )


def _owned(value: Mounted) -> str:
    if value.exists is False:
        return "absent"
    if value.right is None:
        return "unknown"
    if value.wrong is not None and value.wrong != value.path:
        return f"wrong: {value.wrong}"
    return "right" if value.right else "wrong"


def month(value: Month) -> Row:
    """A month with its meters."""
    return {"month": value.month, "meters": dict(value.meters)}


def month_rows(value: Month) -> Iterator[tuple[str, ...]]:
    """A month under USAGE_HEADERS, a row for each meter."""
    for meter, quantity in value.meters.items():
        yield value.month, meter, f"{quantity:,.10g}"
    if not value.meters:
        yield value.month, "-", "-"


def entry(value: Entry) -> Row:
    """A run of the history."""
    return {
        "at": moment(value.at),
        "outcome": value.outcome,
        "seconds": round(value.seconds, 3),
        "ready_seconds": value.ready_seconds and round(value.ready_seconds, 3),
        "steps": [_done(one) for one in value.steps],
        "broken_off": _done(value.broken_off) if value.broken_off else None,
        "error": value.error,
    }


def _done(value: Done) -> Row:
    return {
        "action": value.action,
        "target": value.target,
        "reason": value.reason,
        "seconds": round(value.seconds, 3),
    }


def entry_lines(value: Entry) -> Iterator[str]:
    """A run of the history: when and how, then its steps."""
    line = f"{stock.minute(value.at)}  {value.outcome}"
    line += f" after {format_duration(value.seconds)}"
    if value.ready_seconds is not None:
        line += f"; from start to ready {format_duration(value.ready_seconds)}"
    yield line
    for one in value.steps:
        yield f"  {_step(one)} ({format_duration(one.seconds)})"
    if value.broken_off is not None:
        yield f"  {_step(value.broken_off)}: not done"
    if value.error is not None:
        yield from (f"  {text}" for text in value.error.splitlines())


def _step(value: Done) -> str:
    return f"{value.action} {value.target}: {value.reason}"


def sections(value: Details) -> Iterator[tuple[str, tuple[str, ...]]]:
    """All of it as plain text: titles, and the lines below each."""
    yield "Overview", tuple(_aligned(overview(value)))
    yield (
        "Fields",
        _tabled(FIELD_HEADERS, map(field_cells, value.fields.rows), value.fields),
    )
    yield "Models", (*_models(value), *value.models.notes)
    sets = map(stock.license_cells, value.licenses.rows)
    yield "License", _tabled(stock.LICENSE_HEADERS, sets, value.licenses)
    mounts = map(mount_cells, value.mounts.rows)
    yield "Mounts", _tabled(MOUNT_HEADERS, mounts, value.mounts)
    months = (row for one in value.usage.rows for row in month_rows(one))
    yield "Usage", (*_tabled(USAGE_HEADERS, months, value.usage), *_bought(value))
    yield "History", tuple(_history(value.history))


def _bought(value: Details) -> Iterator[str]:
    if value.commitment is not None:
        yield f"commitment: {usage.commitment_words(value.commitment)}"


def _aligned(pairs: Pairs) -> Iterator[str]:
    width = max(len(name) for name, _ in pairs)
    return (f"{name:<{width}}  {text}" for name, text in pairs)


def _tabled(
    headers: tuple[str, ...], cells: Iterable[tuple[str, ...]], part: Part[Any]
) -> tuple[str, ...]:
    rows = tuple(cells)
    lines = words.table(headers, rows).splitlines() if rows else ()
    return (*lines, *part.notes)


def _models(value: Details) -> Iterator[str]:
    for one in value.models.rows:
        yield from _aligned(model_pairs(one))


def _history(entries: tuple[Entry, ...]) -> Iterator[str]:
    for one in entries[:_ENTRIES]:
        yield from entry_lines(one)
    if len(entries) > _ENTRIES:
        yield f"{len(entries) - _ENTRIES} older ones: see --json"
    if not entries:
        yield "nothing was applied since a history is kept"
