"""The front of a profile: looking at it, making it, and telling it of its replicas."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import ssl
import time
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from csctl import record, secret, staging
from csctl.container.observed import Container
from csctl.container.spec import LABEL_PROFILE, UnknownSecret, old_name
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, NotReady, SecretUnavailable
from csctl.front import server
from csctl.front.configuration import CERTIFICATE, FILE, SOCKET
from csctl.front.runtime import Runtime
from csctl.front.server import Server
from csctl.lifecycle import applied, observe
from csctl.lifecycle.events import Event, Waiting
from csctl.lifecycle.snapshot import Snapshot
from csctl.plan.front import ObservedFront, file_text
from csctl.plan.observed import Observed
from csctl.profile.model import Front, Profile
from csctl.profile.replica import network_of, replicas_of
from csctl.secret import Secret

_PAUSE = 0.2
_RUN = "run"
_UNBOUNDED = 0


def folder_of(state: Path, name: str) -> Path:
    """The folder of a front's configuration and of its runtime socket."""
    return state / f"{name}.front"


def runtime_of(state: Path, name: str) -> Runtime:
    """The runtime API of the front that has this name."""
    return Runtime(name, folder_of(state, name) / _RUN)


def observe_front(
    engine: Engine,
    profile: Profile,
    front: Front,
    environ: Mapping[str, str],
    seen: Snapshot,
) -> ObservedFront:
    """Look at everything that a front is about. Raises CsctlError."""
    reference, note = observe.resolve_reference(engine, front.image, environ)
    image = seen.images.get(str(reference)) or engine.image(str(reference))
    serving, taken_by = observe.serving_of(profile, seen, take_over=False)
    own = Observed(
        now=datetime.now(UTC),
        host=seen.host,
        reference=reference,
        image=image,
        model_id=None,
        model=None,
        license=None,
        owner=None,
        not_owned=(),
        serving=serving,
        applied=applied.fields_of(serving) if serving else None,
        replaced=seen.containers.get(old_name(profile.name)),
        leftovers=observe.leftovers(profile, seen),
        name_taken_by=taken_by,
        port_taken_by=observe.port_taken(engine, profile, seen, serving),
        notes=(note,) if note else (),
    )
    fronts = serving is not None and serving.fronts and serving.running
    servers = _servers(profile) if fronts else None
    value, problem = _secret(profile, front, environ)
    folder = folder_of(profile.state_dir, profile.name)
    names = tuple(one.name for one in replicas_of(profile))
    return ObservedFront(
        seen=own,
        folder=folder,
        user=_user(profile.state_dir),
        replicas=names,
        hosts=tuple(
            server.host_of(seen.containers[name].id)
            for name in names
            if name in seen.containers
        ),
        servers=servers,
        written=_read(folder / FILE),
        renewed=servers is not None and _renewed(profile, front),
        secret=value,
        problem=problem,
    )


def _secret(
    profile: Profile, front: Front, environ: Mapping[str, str]
) -> tuple[Secret | UnknownSecret | None, CsctlError | None]:
    if front.secret is None:
        return None, None
    try:
        return secret.read(front.secret, environ), None
    except SecretUnavailable as error:
        where = f"{profile.name}: front.secret: {error.message}"
        return UnknownSecret(), SecretUnavailable(where, remedy=error.remedy)


def _servers(profile: Profile) -> tuple[Server, ...] | None:
    try:
        return runtime_of(profile.state_dir, profile.name).servers()
    except NotReady:
        return None


def _renewed(profile: Profile, front: Front) -> bool:
    if front.tls is None or (pem := _read(front.tls)) is None:
        return False
    try:
        # The key may stand before it, and others behind it.
        begin, end = pem.index(ssl.PEM_HEADER), pem.index(ssl.PEM_FOOTER)
        der = ssl.PEM_cert_to_DER_cert(pem[begin : end + len(ssl.PEM_FOOTER)])
    except ValueError:
        return False  # Half-written, perhaps: what the front uses is better.
    runtime = runtime_of(profile.state_dir, profile.name)
    used = runtime.fingerprint(_certificate(front.tls))
    return used is not None and used != hashlib.sha1(der).hexdigest().upper()


def _certificate(tls: Path) -> str:
    """The path of a certificate in the front's container."""
    return f"{CERTIFICATE}/{tls.name}"


def _user(state: Path) -> str:
    """Whom csctl's small files belong to: the front runs as no one else."""
    try:
        status = state.stat()
    except OSError:
        return f"{os.geteuid()}:{os.getegid()}"
    return f"{status.st_uid}:{status.st_gid}"


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def make_network(engine: Engine, profile: Profile) -> None:
    """Make the network of a front and its replicas. Raises EngineError."""
    engine.make_network(network_of(profile), {LABEL_PROFILE: profile.name})


def write(profile: Profile, front: Front, seen: ObservedFront) -> None:
    """Write the configuration with which a front starts. Raises CsctlError."""
    (seen.folder / _RUN).mkdir(parents=True, exist_ok=True)
    # What a killed front left would look like one that does not answer.
    if seen.servers is None:
        (seen.folder / _RUN / SOCKET).unlink(missing_ok=True)
    _put(seen, file_text(profile, front, seen))


def register(
    engine: Engine, profile: Profile, front: Front, seen: ObservedFront
) -> None:
    """Tell a front that runs of its replicas, and write it down. Raises CsctlError.

    A container that is on its way out is left to whoever drains it.
    """
    assert seen.servers is not None, "a front that does not run is told nothing"
    runtime = runtime_of(profile.state_dir, profile.name)
    leave = [old_name(name) for name in seen.replicas]
    found = engine.inspect_all((*seen.replicas, *leave))
    leaving = (server.host_of(found[name].id) for name in leave if name in found)
    stays = (*seen.hosts, *leaving)
    for one in server.surplus(seen.servers, stays):
        runtime.release(one.place)
    for one in seen.servers:
        runtime.limit(one.place, profile.resources.decoders or _UNBOUNDED)
    missing = set(server.missing(seen.servers, seen.hosts))
    for container in found.values():
        if server.host_of(container.id) in missing:
            admit(runtime, container)
    if seen.renewed and front.tls is not None:
        runtime.renew(_certificate(front.tls), front.tls.read_text())
    servers = runtime.servers()
    text = file_text(profile, front, dataclasses.replace(seen, servers=servers))
    _put(seen, text)


def _put(seen: ObservedFront, text: str) -> None:
    staging.sweep(seen.folder, FILE)
    record.write_atomically(seen.folder / FILE, text)


def admit(runtime: Runtime, container: Container) -> None:
    """Let sessions go to a container, in the place that it has or a free one.

    Raises CsctlError.
    """
    host = server.host_of(container.id)
    if container.address is None:
        raise NotReady(
            f"container {container.name} does not run, so its front cannot reach it",
            remedy="see: csctl status; csctl logs NAME",
        )
    servers = runtime.servers()
    mine = next((one for one in servers if one.host == host), None)
    if mine is not None:
        runtime.reopen(mine.place)
        return
    free = next((one for one in servers if one.vacant), None)
    if free is None:
        raise CsctlError(
            f"the front has no free place for container {host}",
            remedy="wait until replaced containers have drained, and apply again",
        )
    runtime.admit(free, host, container.address)


def wait_for(runtime: Runtime, host: str, *, seconds: float) -> Iterator[Event]:
    """Yield until a front lets sessions go to a host. Raises NotReady."""
    began = time.monotonic()
    while True:
        if any(one.host == host and one.up for one in runtime.servers()):
            return
        waited = time.monotonic() - began
        if waited > seconds:
            raise NotReady(
                f"the front does not reach container {host} after {waited:.0f} s",
                remedy="see the front's log: csctl logs",
            )
        yield Waiting(
            what=f"the front checks {host}", seconds=waited, phase="register", line=""
        )
        time.sleep(_PAUSE)


def drain(
    runtime: Runtime, host: str, *, seconds: float
) -> Generator[Event, None, int]:
    """Let no new session go to a host, and wait until its sessions have ended.

    Returns how many went on when the time was over; they are cut then. Raises NotReady.
    """
    began = time.monotonic()
    place = next((one.place for one in runtime.servers() if one.host == host), None)
    if place is None:
        return 0
    runtime.drain(place)
    while True:
        left = next((s.sessions for s in runtime.servers() if s.place == place), 0)
        waited = time.monotonic() - began
        if not left or waited >= seconds:
            runtime.release(place)
            return left
        yield Waiting(
            what=f"draining {host}: {left} sessions go on",
            seconds=waited,
            phase="drain",
            line="",
        )
        time.sleep(_PAUSE)
