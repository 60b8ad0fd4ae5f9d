"""Looking: what reconciling one profile needs to know, gathered by reading only."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from csctl import license as licenses
from csctl import lock, model, ownership
from csctl.container.observed import Container, Image
from csctl.container.spec import next_name, old_name
from csctl.engine.engine import Engine
from csctl.errors import (
    CsctlError,
    DownloadError,
    OwnershipError,
    RegistryError,
    SecretUnavailable,
    UsageError,
)
from csctl.license import StoredLicense
from csctl.lifecycle import applied, history, mounts, recorded
from csctl.lifecycle.demand import hearing_of
from csctl.lifecycle.hearing import check
from csctl.lifecycle.keys import read_keys
from csctl.lifecycle.snapshot import MOVING, Snapshot
from csctl.model import StoredModel
from csctl.ownership import Owner
from csctl.plan.observed import Observed
from csctl.plan.reconcile import keys_needed
from csctl.profile.model import Profile
from csctl.profile.replica import replicas_of
from csctl.reference import ImageReference
from csctl.tag import Tag, newest

_CPUINFO = Path("/proc/cpuinfo")


def resolve_image(
    engine: Engine, profile: Profile, environ: Mapping[str, str]
) -> tuple[ImageReference, str | None]:
    """What a profile's image means now; see `resolve_reference`."""
    return resolve_reference(engine, profile.image, environ)


def resolve_reference(
    engine: Engine, asked: ImageReference, environ: Mapping[str, str]
) -> tuple[ImageReference, str | None]:
    """What `latest` and `newest` mean now; other references mean themselves.

    Where the registry does not tell, the newest fitting image of the Engine serves;
    the second value is a note about either. Raises RegistryError.
    """
    if asked.digest is not None or asked.tag not in MOVING:
        return asked, None
    from csctl.registry.client import open_registry
    from csctl.registry.resolve import resolve

    try:
        with open_registry(asked, environ) as registry:
            reference = resolve(registry, asked).reference
    except (RegistryError, SecretUnavailable, DownloadError) as error:
        local = _newest_local(engine, asked)
        if local is None:
            raise
        return local, f"{asked} is taken as {local}, the newest here: {error.message}"
    return reference, f"{asked} is {reference}"


def _newest_local(engine: Engine, asked: ImageReference) -> ImageReference | None:
    tags = [
        Tag.parse(text.rpartition(":")[2])
        for image in engine.images()
        for text in image.tags
        # Podman puts this before the name of an image that came from no registry.
        if text.rpartition(":")[0].removeprefix("localhost/") == asked.name
    ]
    best = newest(tags)
    if best is not None:
        return asked.with_tag(best.text)
    return asked if any(tag.text == asked.tag for tag in tags) else None


def observe(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    seen: Snapshot,
    *,
    take_over: bool = False,
) -> Observed:
    """Look at everything that one profile is about. Raises CsctlError.

    With `take_over` a foreign container of the profile's name counts as its own.
    """
    reference, note = resolve_image(engine, profile, environ)
    name = str(reference)
    image = seen.images[name] if name in seen.images else engine.image(name)
    model_id = profile.model.id or (
        model.newest_base(profile.models_root, profile.model.base.locale)
        if profile.model.base
        else None
    )
    stored = model.stored(profile.models_root, model_id) if model_id else None
    license_ = _license(profile, image, model_id)
    owner = mounts.known_owner(profile.state_dir, image) if image else None
    serving, taken_by = serving_of(profile, seen, take_over=take_over)
    notes = [note] if note else []
    problems: list[CsctlError] = []
    if image is not None and (fault := _platform_fault(image, reference)):
        problems.append(fault)
    not_owned: tuple[Path, ...] = ()
    if owner is not None:
        try:
            not_owned = find_not_owned(profile, owner, stored, license_)
        except OwnershipError as error:
            notes.append(error.message)
    hearing = hearing_of(profile)
    observed = Observed(
        now=datetime.now(UTC),
        recorded=recorded.newest(profile),
        host=seen.host,
        reference=reference,
        image=image,
        model_id=model_id,
        model=stored,
        license=license_,
        owner=owner,
        not_owned=not_owned,
        serving=serving,
        applied=applied.fields_of(serving) if serving else None,
        replaced=seen.containers.get(old_name(profile.name)),
        leftovers=leftovers(profile, seen),
        surplus=surplus(profile, seen) if profile.fronted_by is None else (),
        name_taken_by=taken_by,
        port_taken_by=port_taken(engine, profile, seen, serving),
        speech_problem=check(hearing) if hearing else None,
        ready_seconds=history.last_start(profile) if serving else None,
        notes=(*notes, *_host_notes(engine)),
        problems=tuple(problems),
    )
    keys = read_keys(profile, environ, keys_needed(profile, observed))
    return dataclasses.replace(
        observed,
        environment=keys.environment,
        billing_key=keys.billing,
        billing_problem=keys.billing_problem,
        license_problem=keys.license_problem,
        environment_problems=keys.environment_problems,
    )


def _license(
    profile: Profile, image: Image | None, model_id: str | None
) -> StoredLicense | None:
    if profile.mode == "connected":
        return None
    return licenses.choose(profile.license_root, image.id if image else None, model_id)


def serving_of(
    profile: Profile, seen: Snapshot, *, take_over: bool
) -> tuple[Container | None, str | None]:
    """The managed container of a profile's name, and the image of a foreign one."""
    container = seen.containers.get(profile.name)
    if container is None:
        return None, None
    if container.profile != profile.name and not take_over:
        return None, container.image
    return container, None


def _platform_fault(image: Image, reference: ImageReference) -> CsctlError | None:
    if image.os == "linux" and image.architecture == "amd64":
        return None
    return UsageError(
        f"image {reference} is made for {image.os}/{image.architecture}; speech"
        " containers are linux/amd64",
        remedy="pull the linux/amd64 image on an amd64 host",
    )


def leftovers(profile: Profile, seen: Snapshot) -> tuple[str, ...]:
    """Containers that a killed run left, unless another csctl is at work."""
    if lock.holder(lock_path(profile)) is not None:
        # Another csctl is at work: what it uses is no leftover. Whoever holds the
        # lock is this process itself while applying, see `csctl.lifecycle.apply`.
        return ()
    return leftovers_of(profile, seen)


def leftovers_of(profile: Profile, seen: Snapshot) -> tuple[str, ...]:
    """Containers of the profile that only a killed run can have left."""
    return tuple(
        row.name
        for row in seen.listed
        if row.profile == profile.name
        and (row.one_shot or row.name == next_name(profile.name))
    )


def surplus(profile: Profile, seen: Snapshot) -> tuple[str, ...]:
    """Containers that served behind the profile's front, and are wanted no more."""
    wanted = {one.name for one in replicas_of(profile)}
    wanted |= {form(name) for name in wanted for form in (next_name, old_name)}
    return tuple(
        row.name
        for row in seen.listed
        if row.seat == profile.name and row.serves and row.name not in wanted
    )


def lock_path(profile: Profile) -> Path:
    """The lock of a profile."""
    return profile.state_dir / f"{profile.name}.lock"


def find_not_owned(
    profile: Profile,
    owner: Owner,
    stored: StoredModel | None,
    license_: StoredLicense | None,
) -> tuple[Path, ...]:
    """Mounts that are absent, or not the owner's. Raises OwnershipError."""
    paths = [stored.directory] if stored else []
    if profile.mode == "disconnected":
        if license_ is not None:
            paths.append(license_.directory)
        paths.append(profile.output_dir)
    return tuple(
        path
        for path in paths
        if not path.exists() or ownership.find_wrong(path, owner, limit=1)
    )


def port_taken(
    engine: Engine, profile: Profile, seen: Snapshot, serving: Container | None
) -> str | None:
    """Who has the port that a profile wants; None where it is free, or its own."""
    wanted = profile.port
    # A replica has none of its own, a service one on each node.
    if profile.seat is not None or profile.deploy is not None:
        return None
    for row in seen.listed:
        mine = row.name in (profile.name, old_name(profile.name))
        if mine and (row.profile == profile.name or serving is not None):
            if any(number == wanted.number for _, number in row.ports):
                return None  # Held by the container that it is for.
            continue
        if any(_overlap(port, (wanted.address, wanted.number)) for port in row.ports):
            return f"container {row.name}"
    if not engine.local or _comes_back(serving, wanted.number):
        return None
    return _listener(wanted.address, wanted.number)


def _comes_back(serving: Container | None, port: int) -> bool:
    """Whether a container that keeps crashing may hold the port at any moment."""
    return (
        serving is not None
        and serving.state in ("running", "restarting")
        and serving.port is not None
        and serving.port.number == port
    )


def _overlap(one: tuple[str, int], other: tuple[str, int]) -> bool:
    everywhere = {"0.0.0.0", "::"}
    return one[1] == other[1] and (
        one[0] == other[0] or bool(everywhere & {one[0], other[0]})
    )


def _listener(address: str, port: int) -> str | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return "another process of this host"
    return None


def _host_notes(engine: Engine) -> Iterable[str]:
    if engine.local and has_avx2() is False:
        yield (
            "this host has no AVX2, and the container will not function correctly"
            " without it"
        )


def has_avx2() -> bool | None:
    """Whether this host's processors have AVX2; None where it cannot be read."""
    try:
        return "avx2" in _CPUINFO.read_text()
    except OSError:
        return None
