"""What lies on this host for a profile, by its files alone: no Engine is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from csctl import license as licenses
from csctl import model
from csctl.errors import UsageError
from csctl.license import StoredLicense
from csctl.model import StoredModel
from csctl.ownership import Owner
from csctl.profile.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class OnHost:
    """A profile's model and license here, and where they lie or are to lie."""

    model_id: str
    models: Path
    """The directory of that model."""
    model: StoredModel | None
    license: StoredLicense | None
    owner: Owner | None
    """The image's user, whom a model that csctl downloaded belongs to."""


def look(profile: Profile) -> OnHost:
    """Look at a profile's files. Raises CsctlError."""
    identity = model_on_disk(profile)
    stored = model.stored(profile.models_root, identity)
    directory = model.directory_of(profile.models_root, identity)
    license_ = None
    if profile.mode == "disconnected":
        license_ = licenses.choose(profile.license_root, None, identity)
    return OnHost(
        model_id=identity,
        models=directory,
        model=stored,
        license=license_,
        owner=_owner(directory) if stored and stored.record else None,
    )


def lacking(profile: Profile, here: OnHost) -> Iterator[str]:
    """What is to be brought to this host before a container can serve here."""
    if here.model is None and profile.mode == "disconnected":
        yield f"model {here.model_id} is not on this host: csctl model pull"
    if here.license is None and profile.mode == "disconnected":
        yield (
            f"no license is on this host: {profile.license_root} stands for it; fetch"
            " one (csctl license pull), and render again"
        )


def _owner(directory: Path) -> Owner:
    status = directory.stat()
    return Owner(status.st_uid, status.st_gid)


def model_on_disk(profile: Profile) -> str:
    """The id of the profile's model, by the records for a base model.

    Raises UsageError where a base model was not downloaded yet.
    """
    if profile.model.id is not None:
        return profile.model.id
    assert profile.model.base is not None, "the profile's rules demand one of the two"
    found = model.newest_base(profile.models_root, profile.model.base.locale)
    if found is None:
        raise UsageError(
            f"{profile.name}: no base model of {profile.model.base.locale} is on this"
            " host",
            remedy="download it first: csctl model pull; or write model.id instead",
        )
    return found
