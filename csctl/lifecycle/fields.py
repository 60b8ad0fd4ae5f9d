"""The fields of a container, side by side: as wanted, as applied, as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from csctl.container.drift import Difference
from csctl.container.observed import Container
from csctl.lifecycle import applied
from csctl.lifecycle.part import Part
from csctl.lifecycle.wanted import Wanted

_IMAGE = "image"
_MOUNTS = "mounts."
_NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field from three sides; secrets stand in it as digests.

    None is a side that does not tell, `none` one that tells there is nothing.
    """

    field: str
    profile: str | None
    applied: str | None
    live: str | None
    """None also for what cannot change while the container lives."""
    drifted_by: str | None
    """`profile` or `container`; None where it did not drift."""


def fields_of(
    wanted: Wanted | None, container: Container | None, drift: Sequence[Difference]
) -> Part[FieldRow]:
    """Every field that any side knows, the image first."""
    want = wanted.spec.fields() if wanted and wanted.spec else None
    was = applied.fields_of(container) if container else None
    live = container.live_fields() if container else None
    names = sorted({*(want or ()), *(was or ()), *(live or ())})
    moved = {one.field: one.by for one in drift}
    rows = [
        FieldRow(
            field=name,
            profile=_of(want, name),
            applied=_of(was, name),
            live=_live(live, name),
            drifted_by=moved.get(name),
        )
        for name in names
    ]
    # What is still to be fetched drifts as a whole.
    whole = (one for one in drift if one.field not in (_IMAGE, *names))
    return Part(
        (*_image(wanted, container, moved), *map(_unresolved, whole), *rows),
        tuple(_notes(wanted, container, was)),
    )


def _of(side: Mapping[str, str] | None, name: str) -> str | None:
    return None if side is None else side.get(name, _NONE)


def _live(live: Mapping[str, str] | None, name: str) -> str | None:
    if live is None:
        return None
    return live.get(name, _NONE if name.startswith(_MOUNTS) else None)


def _image(
    wanted: Wanted | None, container: Container | None, moved: Mapping[str, str]
) -> Iterator[FieldRow]:
    want, have = None, None
    if wanted is not None:
        image = wanted.seen.image
        want = _named(str(wanted.seen.reference), image.id if image else None)
    if container is not None:
        have = _named(container.image, container.image_id)
    if want or have:
        yield FieldRow(
            field=_IMAGE,
            profile=want,
            applied=have,
            live=have,
            drifted_by=moved.get(_IMAGE),
        )


def _named(reference: str, identity: str | None) -> str:
    if identity is None:
        return reference
    return f"{reference} ({identity.removeprefix('sha256:')[:12]})"


def _unresolved(one: Difference) -> FieldRow:
    return FieldRow(
        field=one.field,
        profile=one.want,
        applied=None,
        live=one.have,
        drifted_by=one.by,
    )


def _notes(
    wanted: Wanted | None, container: Container | None, was: Mapping[str, str] | None
) -> Iterator[str]:
    if wanted is not None and wanted.spec is None:
        after = ", ".join(wanted.pending)
        yield f"what the profile wants is known in full only after: {after}"
    if container is not None and was is None:
        yield "nothing tells what was applied last"
