"""Domain values as plain strings, tables and JSON-ready dicts, for both faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from csctl.lifecycle.events import (
    Event,
    Note,
    StepFinished,
    StepStarted,
    Transfer,
    Waiting,
)
from csctl.size import format_duration, format_size

if TYPE_CHECKING:
    from csctl.check import Check
    from csctl.container.drift import Difference
    from csctl.license import StoredLicense
    from csctl.lifecycle.status import LicenseState, Status
    from csctl.plan.steps import Plan, Step
    from csctl.profile.model import Profile

Row = Mapping[str, Any]


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell; the headers alone without rows."""
    cells = [list(headers), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            text.ljust(width) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )


def moment(value: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second."""
    if value is None:
        return None
    return (
        value.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    )


def step(value: Step) -> Row:
    """A step of a plan."""
    return {"action": value.action, "target": value.target, "reason": value.reason}


def plan(value: Plan) -> Row:
    """A plan with its steps, notes and problems."""
    return {
        "profile": value.profile,
        "steps": [step(one) for one in value.steps],
        "notes": list(value.notes),
        "problems": [problem.message for problem in value.problems],
    }


def license_state(value: LicenseState) -> Row:
    """A license: its files, dates, and what it was fetched for."""
    stored = value.license
    known = stored.record if stored else None
    return {
        "path": str(stored.directory) if stored else None,
        "files": list(stored.files) if stored else [],
        "fetched_at": moment(stored.fetched_at) if stored else None,
        "expires_at": moment(value.expiry.at),
        "expiry_source": value.expiry.source,
        "days_left": value.days_left,
        "clock": value.behind.message if value.behind else None,
        "image": known.image if known else None,
        "image_id": known.image_id if known else None,
        "model": known.id if known else None,
        "damage": list(stored.damage) if stored else [],
    }


def license_set(value: StoredLicense) -> Row:
    """One of the licenses that are kept for a profile."""
    known = value.record
    return {
        "path": str(value.directory),
        "fetched_at": moment(value.fetched_at),
        "image": known.image if known else None,
        "image_id": known.image_id if known else None,
        "model": known.id if known else None,
        "damage": list(value.damage),
        "refused": value.refused,
    }


def license_words(value: LicenseState | None) -> str:
    """`28 days (declared)`, `unknown`, `none`, or `-` where there needs to be none."""
    return _license_words(None if value is None else license_state(value))


def _license_words(row: Row | None) -> str:
    if row is None:
        return "-"
    if row["path"] is None:
        return "none"
    if row["clock"] is not None:
        return "unknown: the clock is behind"
    if row["days_left"] is None:
        return "unknown"
    return f"{row['days_left']} days ({row['expiry_source']})"


def difference(value: Difference) -> Row:
    """A field that drifted."""
    return {
        "field": value.field,
        "have": value.have,
        "want": value.want,
        "by": value.by,
    }


def status(value: Status) -> Row:
    """A row of `csctl status`."""
    container, wanted = value.container, value.wanted
    port = container.port if container else None
    return {
        "profile": _profile(value),
        "name": value.profile,
        # Whoever asks another host for its rows says which one that is.
        "host": None,
        "container": container.name if container else None,
        "image": container.image if container else None,
        "state": container.state if container else None,
        "exit_code": container.exit_code if container else None,
        "out_of_memory": container.out_of_memory if container else False,
        "ready": value.ready,
        "api_status": value.api_status,
        "model": container.model if container else wanted.model.id if wanted else None,
        "mode": container.mode if container else wanted.mode if wanted else None,
        "port": str(port) if port else _wanted_port(wanted),
        "license": _license(value.license, wanted) if value.license else None,
        "drift": [difference(one) for one in value.drift],
        "problem": value.problem.message if value.problem else None,
    }


def _license(value: LicenseState, wanted: Profile | None) -> Row:
    """A license, and how far it is from its end."""
    declared = wanted.license if wanted else None
    return {**license_state(value), "term": value.term(declared)}


def _wanted_port(wanted: Profile | None) -> str | None:
    return str(wanted.port) if wanted is not None and wanted.seat is None else None


def _profile(value: Status) -> str:
    """The profile's name; a replica's row has its container's."""
    if value.container is not None and value.container.seat is not None:
        return value.container.seat
    seat = value.wanted.seat if value.wanted else None
    return seat.front if seat else value.profile


STATUS_HEADERS = (
    "PROFILE",
    "STATE",
    "READY",
    "API",
    "IMAGE",
    "MODEL",
    "MODE",
    "PORT",
    "LICENSE",
    "DRIFT",
)


NO_STATUS: Row = {
    **dict.fromkeys(("name", "container", "image", "state", "ready", "api_status")),
    **dict.fromkeys(("model", "mode", "port", "license", "problem", "exit_code")),
    "out_of_memory": False,
    "drift": [],
}
"""A row of `status`, but for its profile, where its host said nothing."""


def status_table(rows: Sequence[Row]) -> str:
    """The table of `csctl status`; with the hosts, if a row is of another one."""
    cells = [status_cells(row) for row in rows]
    if all(row["host"] is None for row in rows):
        return table(STATUS_HEADERS, cells)
    return table(
        ("HOST", *STATUS_HEADERS),
        [(row["host"] or "-", *cell) for row, cell in zip(rows, cells, strict=True)],
    )


def status_cells(row: Row) -> tuple[str, ...]:
    """A row of the table of `csctl status`, from a row of its JSON."""
    if "error" in row:
        return (row["profile"], "unknown", *"-" * (len(STATUS_HEADERS) - 2))
    return (
        row["name"],
        row["state"] or "absent",
        "yes" if row["ready"] else "no",
        row["api_status"] or "-",
        (row["image"] or "-").rpartition("/")[2],
        (row["model"] or "-")[:8],
        row["mode"] or "-",
        row["port"] or "-",
        _license_words(row["license"]),
        drift_words(row),
    )


def drift_words(row: Row) -> str:
    """The fields that drifted, `none`, or `unknown` where nothing was compared."""
    fields = ", ".join(one["field"] for one in row["drift"])
    return "unknown" if row["problem"] else fields or "none"


def check(value: Check) -> Row:
    """A check of `csctl doctor`."""
    return {
        "check": value.check,
        "ok": value.ok,
        "detail": value.detail,
        "remedy": value.remedy,
    }


def event(value: Event) -> str:
    """One line for an event."""
    match value:
        case StepStarted():
            return f"{value.step.action} {value.step.target}: {value.step.reason}"
        case StepFinished():
            return f"{value.step.action} done in {format_duration(value.seconds)}"
        case Transfer(what=what, done=done, total=None):
            return f"{what}: {format_size(done)}{_detail(value)}"
        case Transfer(what=what, done=done, total=total):
            percent = 100 if not total else min(100, done * 100 // total)
            sizes = f"{format_size(done)} of {format_size(total or 0)}"
            return f"{what}: {sizes}, {percent} %{_detail(value)}"
        case Waiting():
            line = f": {value.line}" if value.line else ""
            return f"{value.what}, {value.phase} {format_duration(value.seconds)}{line}"
        case Note():
            return value.text


def _detail(value: Transfer) -> str:
    return f" ({value.detail})" if value.detail else ""
