"""Pruning: what csctl brought here and nothing needs any more.

Only what can be told to be csctl's goes: models with a record, staging, license sets
with a record, images of a repository that a profile names. Kept is what a profile
wants, what any container uses, and what the last license sets belong to: going back
takes image, model and license together.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from csctl import license as licenses
from csctl import lock, model, record, staging
from csctl.container.observed import Listed
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, RegistryError
from csctl.license import StoredLicense
from csctl.lifecycle.events import Event, StepFinished, StepStarted
from csctl.lifecycle.observe import lock_path, resolve_image
from csctl.lifecycle.proof import scratch_of
from csctl.plan.steps import Remove
from csctl.profile.model import License, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needed:
    images: frozenset[str]
    models: frozenset[str]
    paths: frozenset[Path]


def propose(
    engine: Engine, profiles: Iterable[Profile], environ: Mapping[str, str]
) -> tuple[Remove, ...]:
    """What can go. Raises CsctlError."""
    profiles = tuple(profiles)
    engine.require_local("prune")
    listed = engine.containers()
    sets = [
        one.record
        for profile in profiles
        for one in _kept_sets(profile)
        if one.record is not None
    ]
    needed = _Needed(
        images=frozenset(row.image_id for row in listed)
        | {one.image_id for one in sets},
        models=frozenset(one.id for one in sets),
        paths=_sources(engine, listed),
    )
    idle = {p.name for p in profiles if lock.holder(lock_path(p)) is None}
    found: dict[str, Remove] = {}
    for step in (
        *_containers(listed, idle),
        *_images(engine, profiles, environ, needed),
        *(
            one
            for profile in profiles
            for one in _files(
                profile, needed, profiles, _image_id(engine, profile, environ)
            )
        ),
    ):
        found.setdefault(step.target, step)
    return tuple(found.values())


def paths_in_use(engine: Engine) -> frozenset[Path]:
    """What any managed container mounts, running or not. Raises EngineError."""
    return _sources(engine, engine.containers())


def _sources(engine: Engine, listed: Iterable[Listed]) -> frozenset[Path]:
    # A service's containers have no label of csctl, and use the same files.
    managed = engine.inspect_all(
        row.name for row in listed if row.profile or row.of_swarm
    )
    return frozenset(mount.source for one in managed.values() for mount in one.mounts)


def license_sets(profile: Profile, used: Collection[Path]) -> Iterator[Remove]:
    """The license sets that going back does not need, but for the `used` ones.

    Raises LicenseError where one of them cannot be read.
    """
    keep = _keep(profile)
    for old in licenses.surplus(licenses.stored(profile.license_root), keep):
        if old.directory not in used:
            yield Remove(
                target=f"directory {old.directory}",
                reason=f"{keep} newer license sets are kept for going back",
            )


def _kept_sets(profile: Profile) -> Iterator[StoredLicense]:
    sets = tuple(licenses.stored(profile.license_root))
    going = tuple(licenses.surplus(sets, _keep(profile)))
    return (one for one in sets if one.refused is None and one not in going)


def _keep(profile: Profile) -> int:
    return (profile.license or License()).keep


def _containers(listed: Iterable[Listed], idle: set[str]) -> Iterator[Remove]:
    # Of a profile that is not named, nothing tells whether it is at work just now.
    for row in listed:
        if row.one_shot and row.profile in idle:
            yield Remove(target=row.name, reason="a killed run left this container")


def _images(
    engine: Engine,
    profiles: tuple[Profile, ...],
    environ: Mapping[str, str],
    needed: _Needed,
) -> Iterator[Remove]:
    wanted = set()
    for profile in profiles:
        try:
            wanted.add(str(resolve_image(engine, profile, environ)[0]))
        except CsctlError:
            return  # What `latest` means is unknown now: no image is safe to remove.
    names = {profile.image.name for profile in profiles}
    for image in engine.images():
        if image.id in needed.images:
            continue
        for tag in image.tags:
            if tag.rpartition(":")[0] in names and tag not in wanted:
                yield Remove(
                    target=f"image {tag}",
                    reason="no profile, container or kept license set needs it",
                )


def _image_id(
    engine: Engine, profile: Profile, environ: Mapping[str, str]
) -> str | None:
    try:
        reference, _ = resolve_image(engine, profile, environ)
    except RegistryError:
        return None
    image = engine.image(str(reference))
    return image.id if image else None


def _files(
    profile: Profile,
    needed: _Needed,
    profiles: tuple[Profile, ...],
    image_id: str | None,
) -> Iterator[Remove]:
    roots = (profile.models_root, profile.license_root)
    locked = any(
        lock.holder(path) is not None
        for root in roots
        for path in root.glob(".csctl*.lock")
    )
    if locked:
        return
    left = [path for root in roots for path in staging.leftovers(root)]
    if lock.holder(lock_path(profile)) is None:
        scratch = scratch_of(profile)
        left += staging.leftovers(scratch.parent, scratch.name)
    for path in left:
        yield Remove(target=f"directory {path}", reason="a killed run left it")
    keep = _wanted_models(profile.models_root, profiles) | needed.models
    for known in model.records(profile.models_root):
        path = profile.models_root / known.id
        if known.id not in keep and path.is_dir() and path not in needed.paths:
            yield Remove(
                target=f"directory {path}", reason="no profile wants this model"
            )
    wanted = licenses.choose(profile.license_root, image_id, profile.model.id)
    used = needed.paths | ({wanted.directory} if wanted else set())
    yield from license_sets(profile, used)


def _wanted_models(root: Path, profiles: tuple[Profile, ...]) -> set[str]:
    wanted = set()
    for profile in profiles:
        if profile.models_root == root:
            base = profile.model.base
            found = profile.model.id or (
                model.newest_base(root, base.locale) if base else None
            )
            if found is not None:
                wanted.add(found)
    return wanted


def prune(engine: Engine, planned: Iterable[Remove]) -> Iterator[Event]:
    """Remove what was proposed. Raises CsctlError."""
    for step in planned:
        yield StepStarted(step=step)
        kind, _, target = step.target.partition(" ")
        if kind == "image" and target:
            engine.remove_image(target)
        elif kind == "directory" and target:
            _remove_directory(Path(target))
        else:
            engine.remove(step.target)
        yield StepFinished(step=step, seconds=0.0)


def _remove_directory(path: Path) -> None:
    # Renamed first: a kill in the middle leaves staging, not half a model.
    doomed = path
    if not path.name.startswith(staging.PREFIX):
        doomed = path.with_name(f"{staging.PREFIX}{path.name}-pruned")
        path.rename(doomed)
        record.path_of(path).unlink(missing_ok=True)
    try:
        shutil.rmtree(doomed)
    except OSError as exc:
        raise CsctlError(
            f"directory {path} cannot be removed: {exc.strerror}",
            remedy="run csctl as root, or as the owner of the files",
        ) from exc
