"""What is to be done about the front of a profile. Pure.

The front is a container like the others: created, replaced and started by the same
rules. What it knows of the replicas is told to it while it runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import csctl
from csctl.container import spec as container
from csctl.container.spec import (
    BindMount,
    ContainerSpec,
    LogRotation,
    UnknownSecret,
    Value,
)
from csctl.errors import CsctlError
from csctl.front import configuration, server
from csctl.front.configuration import Settings
from csctl.front.server import Server
from csctl.plan import steps
from csctl.plan.change import change, differences_of, recover
from csctl.plan.observed import Observed
from csctl.plan.problems import in_the_way, interruption
from csctl.plan.reconcile import leftover
from csctl.plan.serving import published
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Front, Profile
from csctl.profile.replica import network_of
from csctl.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedFront:
    """What is looked at for a front, beside its container and its image."""

    seen: Observed
    """Of the front's own container and image."""
    folder: Path
    """The folder of its configuration on this host."""
    user: str
    """`uid:gid` of whom that folder belongs to."""
    replicas: tuple[str, ...]
    """Names of the profile's containers."""
    hosts: tuple[str, ...]
    """Those that are there, as a front knows them."""
    servers: tuple[Server, ...] | None
    """What it knows; None where it does not answer."""
    written: str | None
    """Its configuration file; None where there is none."""
    renewed: bool
    """Whether the file of its certificate holds another one than it uses."""
    secret: Secret | UnknownSecret | None
    problem: CsctlError | None
    """Why the secret cannot be read."""


def settings(profile: Profile, front: Front, user: str) -> Settings:
    """What a front's configuration says of its profile."""
    return Settings(
        sessions=profile.resources.decoders,
        certificate=front.tls.name if front.tls else None,
        secret=front.secret is not None,
        root=user.startswith("0:"),
    )


def front_spec(profile: Profile, front: Front, seen: ObservedFront) -> ContainerSpec:
    """The container of a front."""
    mounts = [
        BindMount(source=seen.folder, target=configuration.FOLDER, read_only=True),
        BindMount(source=seen.folder / "run", target=configuration.RUN_FOLDER),
    ]
    if front.tls is not None:
        mounts.append(
            BindMount(
                source=front.tls.parent,
                target=configuration.CERTIFICATE,
                read_only=True,
            )
        )
    environment: dict[str, Value] = {}
    if seen.secret is not None:
        environment[configuration.SECRET_VARIABLE] = seen.secret
    return ContainerSpec(
        name=profile.name,
        image=str(seen.seen.reference),
        # By name, as the images of HAProxy differ in where they have it.
        entrypoint=("haproxy",),
        arguments=(
            *("-W", "-db"),
            *("-f", f"{configuration.FOLDER}/{configuration.FILE}"),
        ),
        environment=environment,
        mounts=tuple(mounts),
        port=published(profile),
        restart=profile.restart,
        log=LogRotation(
            max_size=profile.logging.max_size, max_file=profile.logging.max_file
        ),
        labels=dict(profile.labels)
        | {
            container.LABEL_PROFILE: profile.name,
            container.LABEL_ROLE: container.ROLE_FRONT,
            container.LABEL_VERSION: csctl.__version__,
            container.LABEL_STATE: str(profile.state_dir),
        },
        contents={"front": _digest(profile, front, seen.user)},
        user=seen.user,
        network=network_of(profile),
    )


def _digest(profile: Profile, front: Front, user: str) -> str:
    """Stands for all of the configuration that a running front does not take anew."""
    fixed = settings(profile, front, user)
    text = configuration.render(fixed, {})
    if fixed.sessions is not None:
        text = text.replace(f" maxconn {fixed.sessions}", "")
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def file_text(profile: Profile, front: Front, seen: ObservedFront) -> str:
    """The configuration file that says what the front is to know now."""
    if seen.servers is None:
        hosts = server.seated(seen.hosts)
    else:
        hosts = dict(server.taken(seen.servers))
    return configuration.render(settings(profile, front, seen.user), hosts)


def reconcile_front(
    profile: Profile, front: Front, seen: ObservedFront, *, others_change: bool
) -> Plan:
    """Decide what to do about a front; `others_change` says that replicas come new."""
    own = seen.seen
    preparing: tuple[Step, ...] = ()
    if own.image is None:
        preparing = (
            steps.PullImage(
                reference=own.reference, reason="the Engine does not have it"
            ),
        )
    spec = front_spec(profile, front, seen)
    differences = differences_of(own, preparing, spec)
    planned = (
        *map(leftover, own.leftovers),
        *recover(profile, own, differences),
        *preparing,
        *change(profile, own, spec, differences),
    )
    planned = (
        *planned,
        *_registration(profile, front, seen, planned, others_change=others_change),
    )
    return Plan(
        profile=profile.name,
        steps=planned,
        problems=tuple(_problems(profile, seen, planned)),
        notes=(*own.notes, *interruption(profile, own, planned)),
    )


def _registration(
    profile: Profile,
    front: Front,
    seen: ObservedFront,
    planned: tuple[Step, ...],
    *,
    others_change: bool,
) -> Iterator[Step]:
    """Tell a front that runs, and goes on running, of the replicas."""
    if seen.servers is None or planned:
        return
    absent = list(server.missing(seen.servers, seen.hosts))
    gone = [one.host for one in server.surplus(seen.servers, seen.hosts)]
    if others_change:
        reason = "its replicas change"
    elif absent:
        reason = f"it does not know {', '.join(absent)}"
    elif gone:
        reason = f"it knows {', '.join(gone)}, which is gone"
    elif seen.renewed:
        reason = "its certificate was renewed"
    elif seen.written != file_text(profile, front, seen):
        reason = "its configuration file says something else"
    else:
        return
    yield steps.Register(target=profile.name, reason=reason)


def _problems(
    profile: Profile, seen: ObservedFront, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    yield from seen.seen.problems
    yield from in_the_way(profile, seen.seen, planned)
    creates = steps.Create | steps.Replace
    if seen.problem is not None and any(isinstance(one, creates) for one in planned):
        yield seen.problem
