"""What is on this host, as words: tags of an image, models, license sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from csctl.format import Row, license_state, license_words, moment
from csctl.size import format_size

if TYPE_CHECKING:
    from csctl.lifecycle.image_stock import StockedTag
    from csctl.lifecycle.license_stock import StockedLicense
    from csctl.lifecycle.model_stock import StockedModel, WantedDisplay

TAG_HEADERS = ("TAG", "RELEASE", "HERE", "RUN BY", "NAMED BY")
MODEL_HEADERS = ("ID", "STATE", "SIZE", "RUN BY", "NAMED BY", "BASE", "FETCHED")
LICENSE_HEADERS = ("FETCHED", "ENDS", "LEFT", "STATE", "IMAGE", "MODEL")


def tag(value: StockedTag) -> Row:
    """A tag of an image."""
    return {
        "tag": value.tag,
        "released": value.released,
        "prerelease": value.prerelease,
        "latest": value.latest,
        "bytes": value.size,
        "run_by": list(value.run_by),
        "named_by": list(value.named_by),
    }


def tag_cells(value: StockedTag) -> tuple[str, ...]:
    """A tag under TAG_HEADERS."""
    return (
        value.tag,
        release(value),
        "-" if value.size is None else format_size(value.size),
        _names(value.run_by),
        _names(value.named_by),
    )


def release(value: StockedTag) -> str:
    """`latest`, `released`, the preview's own word, or `-` for what is no version."""
    if value.latest:
        return "latest"
    return value.prerelease or ("released" if value.released else "-")


def model(value: StockedModel) -> Row:
    """A model on this host."""
    return {
        "id": value.id,
        "path": str(value.directory),
        "base_locale": value.base_locale,
        "display": [one.type for one in value.displays],
        "image": value.image,
        "fetched_at": moment(value.fetched_at),
        "bytes": value.bytes,
        "damage": list(value.damage),
        "run_by": list(value.run_by),
        "named_by": list(value.named_by),
    }


def model_cells(value: StockedModel) -> tuple[str, ...]:
    """A model under MODEL_HEADERS."""
    return (
        value.id,
        "damaged" if value.damage else "whole",
        "-" if value.bytes is None else format_size(value.bytes),
        _names(value.run_by),
        _names(value.named_by),
        value.base_locale or "-",
        day(value.fetched_at),
    )


def display(value: WantedDisplay) -> str:
    """One line for a display model that a profile wants."""
    what = f"{value.type} of {value.locale}" if value.locale else value.type
    known = f", {value.id[:12]}" if value.id else ""
    return f"{what}: {'here' if value.here else 'missing'}{known}"


def license_set(value: StockedLicense) -> Row:
    """A license set on this host."""
    return {
        **license_state(value.state),
        "serves": value.serves,
        "refused": value.refused,
        "damage": list(value.damage),
    }


def license_cells(value: StockedLicense) -> tuple[str, ...]:
    """A license set under LICENSE_HEADERS."""
    stored, expiry = value.state.license, value.state.expiry
    known = stored.record if stored else None
    left = value.state.days_left
    return (
        minute(stored.fetched_at if stored else None),
        day(expiry.at),
        "unknown" if left is None else f"{left} days",
        license_standing(value),
        (known.image if known else "unknown").rpartition("/")[2],
        known.id[:8] if known else "unknown",
    )


def license_standing(value: StockedLicense) -> str:
    """What a license set is, in one word."""
    if value.serves:
        return "serves"
    if value.damage:
        return "damaged"
    return "refused" if value.refused else "kept"


def license_lines(value: StockedLicense) -> Iterator[str]:
    """All that is known of a license set, one thing a line."""
    row = license_set(value)
    source = EXPIRY_SOURCES[value.state.expiry.source]
    yield f"path     {row['path']}"
    yield f"files    {', '.join(row['files']) or 'none'}"
    yield f"fetched  {row['fetched_at'] or 'unknown'}"
    yield f"ends     {row['expires_at'] or 'unknown'}: {source}"
    yield f"left     {license_words(value.state)}"
    yield f"image    {row['image'] or 'unknown'}"
    yield f"model    {row['model'] or 'unknown'}"
    yield f"state    {license_standing(value)}"
    if value.refused:
        yield f"refused  {value.refused}"
    yield from (f"damage   {fault}" for fault in value.damage)


EXPIRY_SOURCES = {
    "declared": "declared in the profile",
    "file": "found in a file of the license, unverified",
    "unknown": "nothing tells: declare valid_for or expires in the profile",
}
"""Where the end of a license comes from, in words."""


def day(value: datetime | None) -> str:
    """`2026-06-01` in UTC, or `unknown`."""
    return f"{value.astimezone(UTC):%Y-%m-%d}" if value else "unknown"


def minute(value: datetime | None) -> str:
    """`2026-06-01 12:00` in UTC, or `unknown`."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if value else "unknown"


def _names(values: Iterable[str]) -> str:
    return ", ".join(values) or "-"
