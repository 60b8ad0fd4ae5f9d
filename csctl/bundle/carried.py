"""The profiles of a bundle, as they are to be on this host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from csctl.bundle import manifest
from csctl.bundle.archive import Bundle
from csctl.bundle.images import name_here
from csctl.bundle.manifest import Image
from csctl.errors import BundleError, CsctlError, UsageError
from csctl.lifecycle import profiles
from csctl.profile.edit import difference, edit
from csctl.profile.host import NAMELESS
from csctl.profile.load import load, parse
from csctl.profile.model import License, Profile, Resource
from csctl.reference import ImageReference
from csctl.secret import FromCommand

_MOUNTS = ("models", "license", "output")
_Keyed = TypeVar("_Keyed", Resource, License)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the operator wants things; None leaves it to the profile."""

    here: str = NAMELESS
    """What profiles call this host; those of others are left out."""
    target: Path | None = None
    """Each profile's data lie in a directory of its name below it."""
    profiles: Path | None = None
    """The directory that the profiles are written into."""
    force: bool = False
    """Whether another profile that lies there is overwritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A profile of the bundle on this host."""

    entry: manifest.Profile
    profile: Profile
    """What counts here: where the file is to stay as it is, what that says."""
    text: str
    """The bundle's, with what is another here."""
    file: Path | None
    before: str | None
    """What the file holds already; None where there is none."""
    refused: CsctlError | None
    """Why the file is to stay as it is."""

    @property
    def there(self) -> bool:
        """Whether the file says the same already."""
        return self.before == self.text

    @property
    def difference(self) -> str:
        """How the bundle's profile differs from the file."""
        return difference(self.before or "", self.text, str(self.file))

    def write(self) -> None:
        """Write the file in one atomic step. Raises CsctlError."""
        assert self.file is not None, "the operator named a directory"
        if self.before is None:
            _make(self.file.parent)
            profiles.create(self.file, self.text)
        else:
            profiles.Proposal(
                path=self.file, before=self.before, after=self.text
            ).write()


def read(
    bundle: Bundle,
    environ: Mapping[str, str],
    where: Destination,
    *,
    by_manifest: bool,
) -> tuple[Carried, ...]:
    """All profiles of a bundle; `by_manifest` as the Engine's host tells it.

    Raises BundleError where one is not what the manifest says, ProfileError where it
    cannot be read here.
    """
    return tuple(
        _read(bundle, entry, environ, where, by_manifest=by_manifest)
        for entry in bundle.manifest.profiles
    )


def _read(
    bundle: Bundle,
    entry: manifest.Profile,
    environ: Mapping[str, str],
    where: Destination,
    *,
    by_manifest: bool,
) -> Carried:
    file = where.profiles / f"{entry.name}.yaml" if where.profiles else None
    base = where.profiles or Path.cwd()
    data = bundle.read(entry.path)
    profile = _only(parse(data, file=entry.path, base=base, environ=environ), entry)
    text = data.decode()
    image = _image(bundle, entry, profile)
    changes = _changes(image, profile, where.target, by_manifest=by_manifest)
    if changes:
        text = edit(text, changes, file=entry.path)
        shown = str(file or entry.path)
        profile = _only(parse(text, file=shown, base=base, environ=environ), entry)
    before = _content(file) if file else None
    refused = None
    if file is not None and before not in (None, text) and not where.force:
        profile = _kept(file, entry, environ)
        refused = UsageError(
            f"{file} says something else than the bundle's profile {entry.name}, and"
            " stays as it is",
            remedy="look at the difference; then take the bundle's: --force",
        )
    return Carried(
        entry=entry,
        profile=profile,
        text=text,
        file=file,
        before=before,
        refused=refused,
    )


def _only(found: list[Profile], entry: manifest.Profile) -> Profile:
    if len(found) != 1:
        raise BundleError(entry.path, f"holds {len(found)} profiles instead of one")
    return found[0]


def _image(bundle: Bundle, entry: manifest.Profile, profile: Profile) -> Image:
    """The image of a profile, which says what the manifest says of it."""
    for image in bundle.manifest.images:
        named = ImageReference.parse(image.reference)
        said = (profile.name, profile.mode, profile.model.id, profile.image.name)
        if image.config == entry.image and said == (
            entry.name,
            entry.mode,
            entry.model,
            named.name,
        ):
            return image
    raise BundleError(
        entry.path,
        "says another name, mode, model or image than the manifest",
        remedy="make the bundle anew",
    )


def _changes(
    image: Image, profile: Profile, target: Path | None, *, by_manifest: bool
) -> dict[str, str | None]:
    """The keys that are others on this host."""
    changes: dict[str, str | None] = {}
    if profile.host is not None:
        changes["host"] = None
    by_digest = profile.image.digest is not None
    # Most Engines know the digests of their own pulls only.
    if by_digest and not (by_manifest and profile.image.digest == image.digest):
        changes["image"] = str(name_here(image))
    if target is not None:
        changes["data"] = str(target.absolute() / profile.name)
        for name in _MOUNTS:
            if getattr(profile.mounts, name, None) is not None:
                changes[f"mounts.{name}"] = None
    return changes


def _content(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not text"
        raise UsageError(
            f"{file} cannot be read: {reason}", remedy="name another directory"
        ) from exc


def _kept(file: Path, entry: manifest.Profile, environ: Mapping[str, str]) -> Profile:
    found = [one for one in load([file], environ) if one.name == entry.name]
    if not found:
        raise UsageError(
            f"{file} does not hold a profile {entry.name}",
            remedy="move it away, or name another directory: --profiles",
        )
    return found[0]


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise CsctlError(
            f"directory {directory} cannot be made: {exc.strerror}",
            remedy=f"check the permissions of {directory.parent}",
        ) from exc


def without_commands(profile: Profile) -> Profile:
    """The profile, none of whose keys makes csctl run what a stranger wrote.

    What a disconnected container serves with is there: it needs no key. Raises
    UsageError where it cannot do without a command.
    """
    needed = [*profile.environment.values(), profile.proxy]
    if profile.front is not None:
        needed.append(profile.front.secret)
    if profile.mode == "connected" and profile.billing is not None:
        needed.append(profile.billing.api_key)
    if any(isinstance(one, FromCommand) for one in needed):
        raise UsageError(
            f"profile {profile.name} runs a command for a secret, and no pinned key"
            " signed the bundle that it came in",
            remedy="look at the profile; then: csctl apply, with the profile itself",
        )
    return msgspec.structs.replace(
        profile,
        billing=_keyless(profile.billing),
        license=_keyless(profile.license),
    )


def _keyless(section: _Keyed | None) -> _Keyed | None:
    if section is None or not isinstance(section.api_key, FromCommand):
        return section
    return msgspec.structs.replace(section, api_key=None)
