"""Doctor: is this host fit to run speech containers, and these profiles on it?

Every check looks and changes nothing. Documented figures: container.md section 3.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from csctl import license as licenses
from csctl import ownership
from csctl.check import Check
from csctl.container.observed import Host
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, EngineError, LicenseError
from csctl.lifecycle import keys, observe, snapshot
from csctl.lifecycle.apply import propose
from csctl.lifecycle.snapshot import Snapshot
from csctl.plan.observed import Observed
from csctl.plan.steps import DownloadDisplay, DownloadModel, FetchLicense, PullImage
from csctl.profile.model import Profile
from csctl.size import format_size

_CORES = 4
_MEMORY = 4 << 30
_DISK = 20 << 30
_CONNECT_SECONDS = 5.0


def examine(
    connect: Callable[[], Engine],
    profiles: tuple[Profile, ...],
    environ: Mapping[str, str],
) -> Iterator[Check]:
    """All checks, in the order in which they matter."""
    try:
        engine = connect()
        seen = snapshot.take(engine, profiles)
    except EngineError as error:
        yield Check.failed("engine", error)
        yield _avx2()
        for profile in profiles:
            yield from _keys(profile, environ)
        yield from _reachability(profiles)
        return
    yield Check(
        check="engine",
        ok=True,
        detail=f"{engine.url} answers: {seen.host.engine_version} on {seen.host.name}",
    )
    yield _architecture(seen.host)
    if engine.local:
        yield _avx2()
    yield _cores(seen.host)
    yield _memory(seen.host)
    if engine.local:
        yield _disk("disk of the Engine", Path(seen.host.storage))
    needed = []
    for profile in profiles:
        yield from _profile(engine, profile, environ, seen)
        if _needs_network(engine, profile, environ, seen):
            needed.append(profile)
    for profile in profiles:
        yield from _keys(profile, environ)
    yield from _reachability(needed)


def _architecture(host: Host) -> Check:
    fine = host.os == "linux" and host.architecture in ("x86_64", "amd64")
    return Check(
        check="architecture",
        ok=fine,
        detail=f"{host.os}/{host.architecture}",
        remedy=None if fine else "speech containers are linux/amd64: use such a host",
    )


def _avx2() -> Check:
    has = observe.has_avx2()
    return Check(
        check="avx2",
        ok=has is not False,
        detail={True: "present", False: "absent", None: "cannot be read here"}[has],
        remedy=None
        if has is not False
        else "use a host with AVX2: without it the container will not function"
        " correctly",
    )


def _cores(host: Host) -> Check:
    fine = host.cpus >= _CORES
    return Check(
        check="cores",
        ok=fine,
        detail=f"{host.cpus}; the documented minimum is {_CORES} for a container",
        remedy=None if fine else "give the host more cores, 8 are recommended",
    )


def _memory(host: Host) -> Check:
    fine = host.memory >= _MEMORY
    return Check(
        check="memory",
        ok=fine,
        detail=f"{format_size(host.memory)}; the documented minimum is 4 GB for a"
        " container, and 4 to 8 GB more for its model",
        remedy=None if fine else "give the host more memory",
    )


def _disk(name: str, path: Path) -> Check:
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        free = shutil.disk_usage(path).free
    except OSError as exc:
        return Check(check=name, ok=False, detail=f"{path}: {exc.strerror}")
    fine = free >= _DISK
    return Check(
        check=name,
        ok=fine,
        detail=f"{format_size(free)} free at {path}; csctl likes"
        f" {format_size(_DISK)} for image and model",
        remedy=None if fine else f"free space at {path}",
    )


def _profile(
    engine: Engine, profile: Profile, environ: Mapping[str, str], seen: Snapshot
) -> Iterator[Check]:
    name = profile.name
    if not engine.local:
        return
    yield _disk(f"{name}: disk of data", profile.models_root)
    try:
        observed = observe.observe(engine, profile, environ, seen)
    except CsctlError as error:
        yield Check.failed(f"{name}: look", error)
        return
    taken = observed.port_taken_by
    yield Check(
        check=f"{name}: port",
        ok=taken is None,
        detail=f"{profile.port} is "
        + (f"taken by {taken}" if taken else "free, or its own"),
        remedy=None if taken is None else "choose another `port` in the profile",
    )
    yield _ownership(profile, observed.owner, observed.not_owned)
    if profile.mode == "disconnected":
        yield _license(profile, observed)


def _ownership(
    profile: Profile, owner: ownership.Owner | None, not_owned: tuple[Path, ...]
) -> Check:
    check = f"{profile.name}: ownership"
    if owner is None:
        return Check(check=check, ok=True, detail="the image's user is not known yet")
    wrong = [path for path in not_owned if path.exists()]
    if not wrong:
        return Check(check=check, ok=True, detail=f"all mounts belong to {owner}")
    return Check(
        check=check,
        ok=False,
        detail=f"{', '.join(map(str, wrong))}: not all belongs to {owner}",
        remedy="run: csctl mount fix",
    )


def _license(profile: Profile, observed: Observed) -> Check:
    stored = observed.license
    ends = licenses.expiry(stored, profile.license)
    check = f"{profile.name}: license"
    try:
        licenses.check(
            stored,
            ends,
            image_id=observed.image.id if observed.image else None,
            model_id=observed.model_id,
            declared=profile.license,
            now=datetime.now(UTC),
        )
    except LicenseError as error:
        return Check(
            check=check,
            ok=False,
            detail=error.message,
            remedy=error.remedy,
            error=LicenseError,
        )
    when = "unknown" if ends.at is None else f"{ends.at.date()} ({ends.source})"
    return Check(check=check, ok=True, detail=f"present, expiry {when}")


def _needs_network(
    engine: Engine, profile: Profile, environ: Mapping[str, str], seen: Snapshot
) -> bool:
    """Whether the profile's plan, or its billing, leaves this host."""
    if profile.mode == "connected":
        return True
    try:
        plan = propose(engine, profile, environ, seen)
    except CsctlError:
        return True
    away = PullImage | DownloadModel | DownloadDisplay | FetchLicense
    return any(isinstance(step, away) for step in plan.steps)


def _reachability(profiles: Iterable[Profile]) -> Iterator[Check]:
    hosts = dict.fromkeys(
        place for profile in profiles for place in _hosts(profile) if place[0]
    )
    with ThreadPoolExecutor(16) as pool:
        yield from pool.map(lambda place: _reach(*place), hosts)


def _keys(profile: Profile, environ: Mapping[str, str]) -> Iterator[Check]:
    read = keys.read_keys(profile, environ)
    for what, value, problem in (
        ("billing", read.billing, read.billing_problem),
        ("license", read.license, read.license_problem),
    ):
        if value is not None:
            yield Check(
                check=f"{profile.name}: key of {what}",
                ok=problem is None,
                detail=problem.message if problem else "present",
                remedy=problem.remedy if problem else None,
            )


def _hosts(profile: Profile) -> Iterator[tuple[str, int]]:
    registry = profile.image.registry
    host, _, port = registry.partition(":")
    if profile.image.registry != "docker.io":
        yield host, int(port or 443)
    for endpoint in (
        profile.billing.endpoint if profile.billing else None,
        profile.license.endpoint if profile.license else None,
    ):
        if endpoint:
            parts = urlsplit(endpoint)
            default = 80 if parts.scheme == "http" else 443
            yield parts.hostname or "", parts.port or default


def _reach(host: str, port: int) -> Check:
    check = f"reach {host}:{port}"
    remedy = "check DNS, firewall and proxy; a disconnected host needs none of it"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Check(
            check=check, ok=False, detail="its name does not resolve", remedy=remedy
        )
    address = found[0][4][0]
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_SECONDS):
            return Check(check=check, ok=True, detail=f"{address} answers")
    except OSError as exc:
        return Check(
            check=check,
            ok=False,
            detail=f"{address}: {exc.strerror or exc}",
            remedy=remedy,
        )
