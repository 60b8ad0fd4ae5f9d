"""A row of the fleet in few words: its state, its image, what it uses, its license.

It is a row of `csctl status --json`, of this host or of another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from csctl import format as words
from csctl.errors import CsctlError, InvalidReference, ProfileError
from csctl.format import Row
from csctl.lifecycle.far_row import FarRow
from csctl.probe import INVALID
from csctl.reference import ImageReference

if TYPE_CHECKING:
    from csctl.lifecycle.status import Status
    from csctl.profile.model import Profile

_STOPPED = (0, 143)
"""Exit codes of a container that was told to stop."""
_ID = "sha256:"
_NO_LICENSE: Row = {
    **dict.fromkeys(("path", "expires_at", "days_left", "clock")),
    "damage": [],
    "term": "unknown",
    "expiry_source": "unknown",
}
_UNITS = ("B", "K", "M", "G", "T")
_SOURCES = {
    "declared": "declared in the profile",
    "file": "found in a file of the license, unverified",
}


def row(value: Status | FarRow) -> Row:
    """A row of `csctl status --json`; what another host left out is not known."""
    if not isinstance(value, FarRow):
        return words.status(value)
    told = value.told or {"problem": "nothing was told of it"}
    known = {**words.NO_STATUS, "name": value.name, **told}
    if known["license"] is not None:
        known["license"] = {**_NO_LICENSE, **known["license"]}
    return known


def state(row: Row) -> tuple[str, str]:
    """A glyph and a word: `●` serves, `◐` `…` are under way, `○` rests, `✗` fails."""
    match row["state"]:
        case None:
            return "✗", "absent"
        case "running":
            return _running(row)
        case "exited":
            return _exited(row)
        case "restarting" | "removing" as word:
            return "…", word
        case "created" | "paused" as word:
            return "○", word
        case word:
            return "✗", str(word)


def _running(row: Row) -> tuple[str, str]:
    if row["ready"]:
        return "●", "ready"
    if row["api_status"] == INVALID:
        return "✗", "key refused"
    return "◐", "loading" if row["api_status"] else "starting"


def _exited(row: Row) -> tuple[str, str]:
    if row["out_of_memory"]:
        return "✗", "exited: OOM"
    if row["exit_code"] in _STOPPED:
        return "○", "stopped"
    return "✗", f"exited {row['exit_code'] or ''}".rstrip()


def reference(row: Row, wanted: Profile | None) -> ImageReference | None:
    """The image that a row runs, or else the one that its profile wants."""
    # Of an image without a name the Engine gives the id.
    if row["image"] is not None and not row["image"].startswith(_ID):
        try:
            return ImageReference.parse(row["image"])
        except InvalidReference:
            pass
    return wanted.image if wanted else None


def image(row: Row, wanted: Profile | None) -> str:
    """The image's tag, or the start of its digest."""
    known = reference(row, wanted)
    if known is not None:
        return known.tag or (known.digest or "")[:19]
    return row["image"][:19] if row["image"] else "-"


def model(row: Row, wanted: Profile | None) -> str:
    """The start of the model's id, or the locale of the newest base model."""
    if row["model"] is None and wanted is not None and wanted.model.base is not None:
        return wanted.model.base.locale
    known = row["model"] or (wanted.model.id if wanted else None)
    return (known or "-")[:8]


def mode(row: Row, wanted: Profile | None) -> str:
    """The billing mode, `-` where nothing tells."""
    return row["mode"] or (wanted.mode if wanted else "-")


def port(row: Row, wanted: Profile | None) -> str:
    """The published port, or the one that the profile wants."""
    asked = str(wanted.port) if wanted and wanted.seat is None else "-"
    return row["port"] or asked


def cores(used: float, limit: float | None) -> str:
    """`0.52/4`, or `0.52` without a limit."""
    text = f"{used:.2f}" if used < 10 else f"{used:.1f}"
    return text if limit is None else f"{text}/{limit:g}"


def memory(used: int, limit: int | None) -> str:
    """`812M/8G`, or `812M` without a limit; the units are powers of 1,024."""
    return _short(used) if limit is None else f"{_short(used)}/{_short(limit)}"


def _short(count: float) -> str:
    unit = 0
    while count >= 999.5 and unit < len(_UNITS) - 1:
        count /= 1024
        unit += 1
    text = f"{count:.1f}" if unit and count < 9.95 else f"{count:.0f}"
    return text.removesuffix(".0") + _UNITS[unit]


def license_term(row: Row) -> str:
    """`28 days`, `due 5 d`, `expired`, `damaged`, `unknown`, `none`; `-` needs none.

    `clock?` where the clock of its host is behind, so that no days count.
    """
    known = row["license"]
    if known is None:
        return "-"
    if known["path"] is None:
        return "none"
    if known["damage"]:
        return "damaged"
    if known["clock"] is not None:
        return "clock?"
    left = known["days_left"]
    match known["term"]:
        case "valid":
            return "1 day" if left == 1 else f"{left} days"
        case "due":
            return f"due {left} d"
        case other:
            return str(other)


def license_alarm(row: Row) -> str | None:
    """What is wrong with a row's license, by the rule of `license check`; or None."""
    known = row["license"]
    if known is None:
        return None
    if known["path"] is None:
        return "there is no license"
    if known["damage"]:
        return f"the license is damaged: {known['damage'][0]}"
    if known["clock"] is not None:
        return str(known["clock"])
    if known["expires_at"] is None or known["term"] not in ("due", "expired"):
        return None
    day, _, _ = known["expires_at"].partition("T")
    source = _SOURCES[known["expiry_source"]]
    if known["term"] == "expired":
        return f"the license expired on {day} ({source})"
    left = known["days_left"]
    days = "less than a day" if not left else "1 day" if left == 1 else f"{left} days"
    return f"the license ends in {days}, on {day} ({source})"


def license_alarms(rows: Mapping[str, Row]) -> list[str]:
    """All alarms of some rows by what they are called, the most urgent first.

    One without a license stands between those whose licenses ended and those whose
    end is to come.
    """
    found = [
        (*_urgency(row["license"]), f"{name}: {alarm}")
        for name, row in rows.items()
        if (alarm := license_alarm(row)) is not None
    ]
    return [alarm for _, _, alarm in sorted(found)]


def _urgency(known: Row) -> tuple[int, str]:
    if known["path"] is None or known["expires_at"] is None:
        return 1, ""
    return (0 if known["term"] == "expired" else 2), known["expires_at"]


def problem(value: CsctlError) -> str:
    """What is wrong with a profile's file: its name, the place, the first fault."""
    if not isinstance(value, ProfileError):
        return value.message
    first, *others = value.problems
    place = Path(first.file).name + (f":{first.line}" if first.line else "")
    text = ": ".join(part for part in (place, first.path, first.message) if part)
    return f"{text} (and {len(others)} more)" if others else text
