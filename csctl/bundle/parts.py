"""What a bundle is made of, less its images: entries of the manifest, and their files.

The same model or license is there once, whichever profiles want it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Literal, cast

from csctl import expiry, record
from csctl.bundle import path
from csctl.bundle.manifest import Display, File, License, Model, Role
from csctl.bundle.source import Bytes, Source
from csctl.bundle.source import File as OnDisk
from csctl.errors import UsageError
from csctl.lifecycle.prepare import Prepared
from csctl.model import StoredModel
from csctl.record import Record
from csctl.registry.manifest import sha256


@dataclass(slots=True)
class Parts:
    """Files with their sources, by path; a path that comes again is the same file."""

    files: dict[str, File] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    def add(self, role: Role, name: str, data: bytes) -> None:
        """A file whose bytes are known."""
        digest = sha256(data).removeprefix("sha256:")
        self.place(role, name, len(data), digest, Bytes(data))

    def place(
        self, role: Role, name: str, size: int, digest: str, source: Source
    ) -> None:
        """A file whose size and sum are known."""
        self.files[name] = File(
            path=name, size=size, sha256=digest, role=role, included=True
        )
        self.sources[name] = source

    def directory(self, role: Role, name: str, known: Record, at: Path) -> None:
        """All files of a directory, as its record tells."""
        for file in known.files:
            source = OnDisk(at / file.path)
            self.place(role, f"{name}/{file.path}", file.size, file.sha256, source)


def add_model(parts: Parts, wanted: Iterable[Prepared]) -> Model:
    """Add one model that these profiles want. Raises UsageError.

    Of several downloads of it the newest counts that has all display models.
    """
    found = {one.model.directory: (one.model, _known_model(one)) for one in wanted}
    displays = {display for stored, _ in found.values() for display in stored.displays}
    whole = [pair for pair in found.values() if displays <= set(pair[0].displays)]
    if not whole:
        raise UsageError(
            f"model {_id(found.values())} has other display models in"
            f" {' than in '.join(map(str, found))}",
            remedy="let these profiles share one directory for models, or make a bundle"
            " for each",
        )
    stored, known = max(whole, key=lambda pair: (pair[1].fetched_at, pair[0].directory))
    name = f"{path.DIRECTORIES['model']}{stored.id}"
    parts.directory("model", name, known, stored.directory)
    parts.add("model", name + record.SUFFIX, record.encode(known).encode())
    return Model(
        id=stored.id,
        base_locale=known.details.get("base_locale") or None,
        display=tuple(
            Display(type=one.type, locale=one.locale, id=one.id)
            for one in stored.displays
        ),
        path=name,
    )


def _id(found: Iterable[tuple[StoredModel, Record]]) -> str:
    return next(iter(found))[0].id


def _known_model(prepared: Prepared) -> Record:
    known = prepared.model.record
    if known is None:
        raise UsageError(
            f"{prepared.model.directory} was not filled by csctl: whether it holds"
            f" model {prepared.model.id} is unknown",
            remedy="move it away and run the same command again, which downloads it",
        )
    return known


def add_license(parts: Parts, prepared: Prepared, config: str) -> License:
    """Add the license of a profile for the image of this configuration.

    Raises UsageError.
    """
    stored = prepared.license
    assert stored is not None, "it was fetched"
    known = stored.record
    if known is None:
        raise UsageError(
            f"license {stored.directory} was not fetched by csctl: whether it fits this"
            " image and model is unknown",
            remedy="move it away and run the same command again, which fetches one",
        )
    # On the other host the Engine may name the image in another way; this name it can
    # always be told by.
    data = record.encode(dataclasses.replace(known, image_id=config)).encode()
    name = _license_name(parts, known, config, data)
    parts.directory("license", name, known, stored.directory)
    parts.add("license", name + record.SUFFIX, data)
    ends = expiry.of(stored, prepared.profile.license)
    return License(
        path=name,
        image=config,
        image_reference=known.image,
        model=known.id,
        fetched_at=known.fetched_at.astimezone(UTC),
        expires_at=ends.at.astimezone(UTC) if ends.at is not None else None,
        expiry_source=cast(Literal["declared", "file", "unknown"], ends.source),
    )


def _license_name(parts: Parts, known: Record, config: str, data: bytes) -> str:
    image = config.removeprefix("sha256:")[:12]
    stamp = known.fetched_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{path.DIRECTORIES['license']}{image}-{known.id[:8]}-{stamp}"
    count = 1
    # Another one, fetched in the same second for a profile with other directories.
    while (other := parts.sources.get(_counted(name, count) + record.SUFFIX)) and (
        other != Bytes(data)
    ):
        count += 1
    return _counted(name, count)


def _counted(name: str, count: int) -> str:
    return name if count == 1 else f"{name}-{count}"
