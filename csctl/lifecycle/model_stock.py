"""Speech models on this host: what they are, whether they are whole, who uses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from csctl import model, record, staging
from csctl.contract.arguments import MARKER
from csctl.errors import CsctlError
from csctl.lifecycle import models
from csctl.lifecycle.status import Status
from csctl.model import Display, StoredModel
from csctl.profile.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class StockedModel:
    """One model on disk."""

    id: str
    directory: Path
    base_locale: str | None
    """The locale whose newest base model it was; None for one got by its id."""
    displays: tuple[Display, ...]
    image: str | None
    """The image that downloaded it; None without a record."""
    fetched_at: datetime | None
    bytes: int | None
    """None where its directory cannot be read."""
    damage: tuple[str, ...]
    run_by: tuple[str, ...]
    """Containers that have it mounted."""
    named_by: tuple[str, ...]
    """Profiles that want it."""


def models_of(profile: Profile, rows: Iterable[Status]) -> tuple[StockedModel, ...]:
    """The models below a profile's root, the last downloaded first.

    What is wrong with one is its damage. Raises CsctlError where the root cannot be
    read.
    """
    rows = tuple(rows)
    root = profile.models_root
    found = [_stocked(root, one, rows) for one in _ids(root, profile)]
    found.sort(key=lambda one: (one.fetched_at is not None, one.fetched_at, one.id))
    return tuple(reversed(found))


def _ids(root: Path, profile: Profile) -> Iterator[str]:
    try:
        names = {path.name for path in root.iterdir()}
    except FileNotFoundError:
        return
    except OSError as exc:
        raise CsctlError(
            f"model directory {root} cannot be read: {exc.strerror}",
            remedy="run csctl as root, or as the owner of the files",
        ) from exc
    if MARKER in names:  # One model directly, put there by hand.
        yield _id_at(root) or profile.model.id or root.name
        return
    for name in names:
        if not name.startswith((staging.PREFIX, ".")) and (root / name).is_dir():
            yield name


def _id_at(root: Path) -> str | None:
    try:
        known = record.read(root)
    except CsctlError:
        return None
    return known.id if known else None


def _stocked(root: Path, id_: str, rows: tuple[Status, ...]) -> StockedModel:
    directory = root / id_
    stored: StoredModel | None = None
    size: int | None = None
    try:
        directory = model.directory_of(root, id_)
        stored = model.stored(root, id_)
        damage = stored.damage if stored else (f"{MARKER}: missing",)
        size = models.summary(stored).bytes if stored else models.size_of(directory)
    except CsctlError as error:
        damage = (error.message,)
    known = stored.record if stored else None
    return StockedModel(
        id=id_,
        directory=directory,
        base_locale=(known.details.get("base_locale") or None) if known else None,
        displays=stored.displays if stored else (),
        image=known.image if known else None,
        fetched_at=known.fetched_at if known else None,
        bytes=size,
        damage=damage,
        run_by=tuple(row.profile for row in rows if _mounts(row, directory)),
        named_by=tuple(row.profile for row in rows if _wants(row, root, id_)),
    )


def _mounts(row: Status, directory: Path) -> bool:
    mounts = row.container.mounts if row.container else ()
    return any(mount.source == directory for mount in mounts)


def _wants(row: Status, root: Path, id_: str) -> bool:
    if row.wanted is None or row.wanted.models_root != root:
        return False
    return wanted_id(row.wanted) == id_


def wanted_id(profile: Profile) -> str | None:
    """The id of a profile's model, as far as this host knows the newest base model."""
    if profile.model.id is not None or profile.model.base is None:
        return profile.model.id
    try:
        return model.newest_base(profile.models_root, profile.model.base.locale)
    except CsctlError:
        return None


def naming(id_: str) -> dict[str, str | None]:
    """What to set in a profile so that it wants this model, instead of any other."""
    return {"model.id": id_, "model.base": None}


def locale_of(profile: Profile) -> str | None:
    """The locale that a profile is for, where it names one."""
    if profile.model.base is not None:
        return profile.model.base.locale
    return profile.display.locale if profile.display else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDisplay:
    """A display model that a profile wants."""

    type: str
    locale: str | None
    """None where it is wanted by its id."""
    id: str | None
    """None where the newest one is wanted and it is not here."""
    here: bool


def displays_of(
    profile: Profile, stocked: Iterable[StockedModel]
) -> tuple[WantedDisplay, ...]:
    """The display models that a profile wants, and which its model's directory has."""
    wanted = profile.display
    if wanted is None:
        return ()
    own = wanted_id(profile)
    have = next((one.displays for one in stocked if one.id == own), ())
    if wanted.ids:
        exact = {(one.type, one.id) for one in have}
        return tuple(
            WantedDisplay(type=kind, locale=None, id=id_, here=(kind, id_) in exact)
            for kind, id_ in wanted.ids.items()
        )
    locale = wanted.locale or ""
    by_type = {
        one.type: one for one in have if (one.locale or "").lower() == locale.lower()
    }
    return tuple(
        WantedDisplay(
            type=kind,
            locale=locale,
            id=by_type[kind].id if kind in by_type else None,
            here=kind in by_type,
        )
        for kind in wanted.types
    )
