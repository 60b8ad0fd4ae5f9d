"""A row of the fleet in few words: its state, its image, what it uses, its license."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from csctl import license as licenses
from csctl.errors import CsctlError, InvalidReference, ProfileError
from csctl.probe import INVALID
from csctl.reference import ImageReference

if TYPE_CHECKING:
    from csctl.container.observed import Container
    from csctl.lifecycle.status import LicenseState, Status

_STOPPED = (0, 143)
"""Exit codes of a container that was told to stop."""
_ID = "sha256:"
_UNITS = ("B", "K", "M", "G", "T")
_SOURCES = {
    "declared": "declared in the profile",
    "file": "found in a file of the license, unverified",
}


def state(value: Status) -> tuple[str, str]:
    """A glyph and a word: `●` serves, `◐` `…` are under way, `○` rests, `✗` fails."""
    container = value.container
    if container is None:
        return "✗", "absent"
    match container.state:
        case "running":
            return _running(value)
        case "exited":
            return _exited(container)
        case "restarting" | "removing":
            return "…", container.state
        case "created" | "paused":
            return "○", container.state
        case _:
            return "✗", container.state


def _running(value: Status) -> tuple[str, str]:
    if value.ready:
        return "●", "ready"
    if value.api_status == INVALID:
        return "✗", "key refused"
    return "◐", "loading" if value.api_status else "starting"


def _exited(container: Container) -> tuple[str, str]:
    if container.out_of_memory:
        return "✗", "exited: OOM"
    if container.exit_code in _STOPPED:
        return "○", "stopped"
    return "✗", f"exited {container.exit_code}"


def reference(value: Status) -> ImageReference | None:
    """The image that a row runs, or else the one that its profile wants."""
    # Of an image without a name the Engine gives the id.
    if value.container is not None and not value.container.image.startswith(_ID):
        try:
            return ImageReference.parse(value.container.image)
        except InvalidReference:
            pass
    return value.wanted.image if value.wanted else None


def image(value: Status) -> str:
    """The image's tag, or the start of its digest."""
    known = reference(value)
    if known is not None:
        return known.tag or (known.digest or "")[:19]
    return value.container.image[:19] if value.container else "-"


def model(value: Status) -> str:
    """The start of the model's id, or the locale of the newest base model."""
    known = value.container.model if value.container else None
    if known is None and value.wanted is not None:
        asked = value.wanted.model
        known = asked.id
        if asked.base is not None:
            return asked.base.locale
    return (known or "-")[:8]


def mode(value: Status) -> str:
    """The billing mode, `-` where nothing tells."""
    known = value.container.mode if value.container else None
    return known or (value.wanted.mode if value.wanted else "-")


def port(value: Status) -> str:
    """The published port, or the one that the profile wants."""
    known = value.container.port if value.container else None
    wanted = value.wanted
    return str(known or (wanted.port if wanted and wanted.seat is None else "-"))


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


def license_term(value: Status) -> str:
    """`28 days`, `due 5 d`, `expired`, `damaged`, `unknown`, `none`; `-` needs none."""
    known = value.license
    if known is None:
        return "-"
    if known.license is None:
        return "none"
    if known.license.damage:
        return "damaged"
    left = known.expiry.days_left(known.now)
    match _term(value, known):
        case "valid":
            return "1 day" if left == 1 else f"{left} days"
        case "due":
            return f"due {left} d"
        case other:
            return other


def _term(value: Status, known: LicenseState) -> licenses.Term:
    declared = value.wanted.license if value.wanted else None
    return licenses.term(known.expiry, declared, known.now)


def license_alarm(value: Status) -> str | None:
    """What is wrong with a row's license, by the rule of `license check`; or None."""
    known = value.license
    if known is None:
        return None
    if known.license is None:
        return f"{value.profile}: there is no license"
    if known.license.damage:
        return f"{value.profile}: the license is damaged: {known.license.damage[0]}"
    term = _term(value, known)
    if known.expiry.at is None or term not in ("due", "expired"):
        return None
    day = known.expiry.at.date().isoformat()
    source = _SOURCES[known.expiry.source]
    if term == "expired":
        return f"{value.profile}: the license expired on {day} ({source})"
    left = known.expiry.days_left(known.now)
    days = "less than a day" if not left else "1 day" if left == 1 else f"{left} days"
    return f"{value.profile}: the license ends in {days}, on {day} ({source})"


def license_alarms(rows: Iterable[Status]) -> list[str]:
    """All alarms of some rows, the most urgent first.

    One without a license stands between those whose licenses ended and those whose
    end is to come.
    """
    found = [
        ((known.license and known.expiry.at) or known.now, alarm)
        for row in rows
        if (known := row.license) is not None
        and (alarm := license_alarm(row)) is not None
    ]
    return [alarm for _, alarm in sorted(found)]


def problem(value: CsctlError) -> str:
    """What is wrong with a profile's file: its name, the place, the first fault."""
    if not isinstance(value, ProfileError):
        return value.message
    first, *others = value.problems
    place = Path(first.file).name + (f":{first.line}" if first.line else "")
    text = ": ".join(part for part in (place, first.path, first.message) if part)
    return f"{text} (and {len(others)} more)" if others else text
