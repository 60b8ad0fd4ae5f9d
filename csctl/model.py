"""Speech models on disk.

Every model has a directory of its own, `ROOT/<id>/`, because a changed `ModelId` on a
used volume silently serves the old model (facts: container.md section 1). A volume
that was filled by hand holds the model directly; it is used as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from csctl import record
from csctl.contract.arguments import MARKER
from csctl.errors import CsctlError, UsageError
from csctl.record import Record

KIND = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """A display model that lies in a model's directory."""

    type: str
    locale: str | None
    """The locale it was asked by; None where it was asked by its id."""
    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A model's directory with its record, if it has one."""

    id: str
    directory: Path
    record: Record | None
    damage: tuple[str, ...]
    """What is missing or has another size than recorded; empty for a whole one."""

    @property
    def displays(self) -> tuple[Display, ...]:
        if self.record is None:
            return ()
        return tuple(
            Display(type=d["type"], locale=d["locale"], id=d["id"])
            for d in self.record.details.get("display", ())
        )


def directory_of(root: Path, model_id: str) -> Path:
    """Where a model lies, or is to lie. Raises UsageError for a root in other use."""
    own = root / model_id
    if _has_marker(own) or not _has_marker(root):
        return own
    known = record.read(root)
    if known is None or known.id == model_id:
        return root
    raise UsageError(
        f"{root} holds model {known.id} directly, so {model_id} cannot lie below it",
        remedy="give the profile another `data` or `mounts.models`",
    )


def stored(root: Path, model_id: str) -> StoredModel | None:
    """The model with this id, None where it is not there or has no marker file.

    Raises UsageError and DownloadError.
    """
    directory = directory_of(root, model_id)
    if not _has_marker(directory):
        known = record.read(directory)
        if known is None or not directory.is_dir():
            return None
        faults = record.damage(directory, known) or (f"{MARKER}: missing",)
        return StoredModel(
            id=model_id, directory=directory, record=known, damage=faults
        )
    known = record.read(directory)
    faults = () if known is None else record.damage(directory, known)
    return StoredModel(id=model_id, directory=directory, record=known, damage=faults)


def _has_marker(directory: Path) -> bool:
    try:
        return (directory / MARKER).is_file()
    except OSError as exc:
        raise CsctlError(
            f"{directory} cannot be looked into: {exc.strerror}",
            remedy="run csctl as root, or as a user who may read it",
        ) from exc


def newest_base(root: Path, locale: str) -> str | None:
    """The base model of a locale that was downloaded last, by the records."""
    found = [
        known
        for known in records(root)
        if str(known.details.get("base_locale") or "").lower() == locale.lower()
    ]
    return max(found, key=lambda known: known.fetched_at).id if found else None


def records(root: Path) -> Iterable[Record]:
    """The records of all models below a root."""
    for path in sorted(root.glob(f"*{record.SUFFIX}")):
        directory = path.with_name(path.name.removesuffix(record.SUFFIX))
        known = record.read(directory)
        if known is not None and known.kind == KIND and directory.is_dir():
            yield known


def missing_types(
    model: StoredModel, types: Iterable[str], locale: str | None
) -> tuple[str, ...]:
    """Display types of a locale that the model's directory does not hold."""
    wanted = (locale or "").lower()
    have = {d.type for d in model.displays if (d.locale or "").lower() == wanted}
    return tuple(kind for kind in types if kind not in have)


def missing_ids(model: StoredModel, ids: Mapping[str, str]) -> dict[str, str]:
    """Display ids by type that the model's directory does not hold."""
    have = {(d.type, d.id) for d in model.displays}
    return {kind: one for kind, one in ids.items() if (kind, one) not in have}
