"""The models of one profile or container: the one that it wants, and the one it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from csctl import model
from csctl.container.observed import Container
from csctl.contract.arguments import MODELS
from csctl.errors import CsctlError
from csctl.lifecycle import models
from csctl.lifecycle.model_stock import wanted_id
from csctl.lifecycle.part import Part
from csctl.model import Display, StoredModel
from csctl.profile.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModel:
    """A model on disk, as its record and a look at its files tell."""

    id: str
    directory: Path
    base_locale: str | None
    displays: tuple[Display, ...]
    image: str | None
    """The image that downloaded it; None without a record."""
    fetched_at: datetime | None
    bytes: int
    files: int
    damage: tuple[str, ...]
    wanted: bool
    """Whether the profile names it."""
    serves: bool
    """Whether the container has it mounted."""


def models_of(profile: Profile | None, container: Container | None) -> Part[OwnModel]:
    """The model that the profile wants, then the one that the container has.

    Mostly they are one and the same.
    """
    rows: list[OwnModel] = []
    notes: list[str] = []
    wanted, mounted = tuple(_wanted(profile)), _mounted(container)
    for place in dict.fromkeys((*wanted, *_had(container, mounted))):
        try:
            stored = model.stored(*place)
            if stored is None:
                notes.append(f"model {place[1]} is not below {place[0]}")
                continue
            serves = stored.directory == mounted
            rows.append(_row(stored, wanted=place in wanted, serves=serves))
            if profile is not None and place in wanted:
                notes += _missing(profile, stored)
        except CsctlError as error:
            notes.append(error.message)
    if profile is not None and profile.model.base is not None and not wanted:
        notes.append(f"no base model of {profile.model.base.locale} is on this host")
    return Part(tuple(rows), tuple(notes))


_Place = tuple[Path, str]


def _wanted(profile: Profile | None) -> Iterator[_Place]:
    id_ = wanted_id(profile) if profile is not None else None
    if profile is not None and id_ is not None:
        yield profile.models_root, id_


def _mounted(container: Container | None) -> Path | None:
    mounts = container.mounts if container else ()
    return next((one.source for one in mounts if one.target == MODELS), None)


def _had(container: Container | None, mounted: Path | None) -> Iterator[_Place]:
    id_ = container.model if container else None
    if id_ is not None and mounted is not None:
        # A directory filled by hand may bear any name; then it is the root as well.
        yield mounted.parent if mounted.name == id_ else mounted, id_


def _row(stored: StoredModel, *, wanted: bool, serves: bool) -> OwnModel:
    known = stored.record
    found = models.summary(stored)
    return OwnModel(
        id=stored.id,
        directory=stored.directory,
        base_locale=(known.details.get("base_locale") or None) if known else None,
        displays=stored.displays,
        image=known.image if known else None,
        fetched_at=known.fetched_at if known else None,
        bytes=found.bytes,
        files=len(found.files),
        damage=stored.damage,
        wanted=wanted,
        serves=serves,
    )


def _missing(profile: Profile, stored: StoredModel) -> Iterator[str]:
    wanted = profile.display
    if wanted is None:
        return
    types = model.missing_types(stored, wanted.types, wanted.locale)
    missing = (*types, *model.missing_ids(stored, wanted.ids))
    if missing:
        yield f"display models that are not here: {', '.join(missing)}"
