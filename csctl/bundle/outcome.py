"""What became of a bundle that was loaded, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from csctl import record
from csctl.bundle import oci
from csctl.bundle.archive import Bundle
from csctl.bundle.carried import Carried
from csctl.bundle.holding import files_of
from csctl.errors import CsctlError

Outcome = Literal["to load", "loaded", "there already", "refused", "not written"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What became of one part."""

    kind: str
    """`image`, `model`, `license` or `profile`."""
    name: str
    place: str
    """Its directory or file; an image's name in the Engine."""
    outcome: Outcome
    bytes: int
    sha256: str
    """The one sum that vouches for all of it: of the manifest, the record, the file."""
    error: CsctlError | None = None
    """Why it was refused."""

    @classmethod
    def of(
        cls,
        known: Mapping[str, tuple[int, str]],
        kind: str,
        name: str,
        path: str,
        place: object,
        outcome: Outcome,
        error: CsctlError | None = None,
    ) -> Self:
        """A part by its `path` in a bundle of which `known` are the sums."""
        size, sha256 = known[path]
        return cls(
            kind=kind,
            name=name,
            place=str(place),
            outcome=outcome,
            bytes=size,
            sha256=sha256,
            error=error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a bundle."""

    parts: tuple[Part, ...]
    carried: tuple[Carried, ...]

    @property
    def errors(self) -> tuple[CsctlError, ...]:
        """Why parts were refused."""
        return tuple(part.error for part in self.parts if part.error is not None)


def sums(bundle: Bundle) -> Iterator[tuple[str, tuple[int, str]]]:
    """By its path in the bundle: the bytes of a part, and the sum that vouches for it.

    The bytes are those of the complete state, included or not.
    """
    files = {file.path: file for file in bundle.manifest.files}
    for image in bundle.manifest.images:
        blobs = {image.digest, image.config, *(one.digest for one in image.layers)}
        size = sum(files[oci.blob_path(digest)].size for digest in blobs)
        yield oci.blob_path(image.digest), (size, image.digest.removeprefix("sha256:"))
    models = [one.path for one in bundle.manifest.models]
    licenses = [one.path for one in bundle.manifest.licenses]
    for path in (*models, *licenses):
        size = sum(file.size for file in files_of(bundle, path).values())
        yield path, (size, files[path + record.SUFFIX].sha256)
    for profile in bundle.manifest.profiles:
        yield profile.path, (files[profile.path].size, files[profile.path].sha256)
