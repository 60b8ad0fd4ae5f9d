"""Reconcile for a service of Docker Swarm, and how far its tasks are. Pure.

What has to be brought to this host is decided as for a container; Swarm itself decides
which nodes run the tasks, and replaces them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from csctl.container import drift
from csctl.container.drift import Difference
from csctl.container.observed import Image
from csctl.container.service import Node, Service, ServiceSpec, Task
from csctl.container.spec import (
    LABEL_ROLE,
    ROLE_SERVICE,
    ContainerSpec,
    applied_fields,
)
from csctl.errors import CsctlError, NotManaged, NotReady, RolledBack, UsageError
from csctl.plan import steps
from csctl.plan.change import blame
from csctl.plan.observed import Observed
from csctl.plan.placement import fitting
from csctl.plan.preparation import FETCHES, prepare
from csctl.plan.problems import notes, problems_of_preparing
from csctl.plan.reconcile import leftover, spec_of
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Deploy, Profile

_UNDER_WAY = ("updating", "rollback_started")
_OF_THE_SERVICE = frozenset({"deploy.replicas", "deploy.update"})
"""Fields that change without a new task for an old one."""
_LOOP = 3
"""So many failed tasks are a loop, where no update is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedService:
    """What is looked at for a service, beside image, model, license and keys."""

    seen: Observed
    service: Service | None
    """The one that has the profile's name, whosoever it is."""
    nodes: tuple[Node, ...]
    containers: tuple[str, ...]
    """Names of containers that served the profile before it was a service."""


def reconcile_service(profile: Profile, deploy: Deploy, seen: ObservedService) -> Plan:
    """Decide what to do about a profile that is a service."""
    own = seen.seen
    preparing = tuple(prepare(profile, own))
    container = spec_of(profile, own, preparing)
    spec = None
    if container is not None and own.image is not None:
        spec = service_spec(profile, deploy, container, own.image)
    planned: tuple[Step, ...] = (
        *map(leftover, own.leftovers),
        *preparing,
        *(_former(name) for name in seen.containers),
        *_change(profile, seen, spec, preparing),
    )
    return Plan(
        profile=profile.name,
        steps=planned,
        problems=tuple(_problems(profile, deploy, seen, planned)),
        notes=(*notes(profile, own), *_notes(deploy, seen, planned)),
    )


def service_spec(
    profile: Profile, deploy: Deploy, container: ContainerSpec, image: Image
) -> ServiceSpec:
    """The service of a profile, around the container that each task is to be."""
    # Swarm starts a task again, or does not; it has no word for a stop by hand.
    restart = "always" if profile.restart == "unless-stopped" else profile.restart
    return ServiceSpec(
        container=dataclasses.replace(
            container,
            image=_pinned(container.image, image),
            restart=restart,
            labels=dict(container.labels) | {LABEL_ROLE: ROLE_SERVICE},
        ),
        entrypoint=image.entrypoint,
        replicas=profile.replicas,
        placement=deploy.placement,
        order=deploy.update.order,
        failure=deploy.update.failure,
        watch=deploy.update.watch.total_seconds(),
        health=deploy.health,
        patience=profile.ready.timeout.total_seconds(),
        keys=deploy.keys,
    )


def _pinned(reference: str, image: Image) -> str:
    """The image with its digest, so that every node runs the same one.

    One that came from no registry has none; then each node takes its own.
    """
    if "@" in reference:
        return reference
    name = reference.rpartition(":")[0]
    digests = (one for one in image.digests if one.rpartition("@")[0] == name)
    digest = next(digests, None)
    return reference if digest is None else f"{reference}@{digest.rpartition('@')[2]}"


def _former(name: str) -> Step:
    return steps.Remove(target=name, reason="a service takes its place")


def _change(
    profile: Profile,
    seen: ObservedService,
    spec: ServiceSpec | None,
    preparing: tuple[Step, ...],
) -> Iterator[Step]:
    if seen.service is None:
        yield steps.CreateService(
            target=profile.name, spec=spec, reason="there is no such service"
        )
        return
    differences = tuple(_differences(seen.service, spec, preparing))
    if differences:
        yield steps.UpdateService(
            target=profile.name,
            spec=spec,
            differences=differences,
            reason=blame(differences).replace("container", "service"),
        )


def _differences(
    service: Service, spec: ServiceSpec | None, preparing: tuple[Step, ...]
) -> Iterator[Difference]:
    if spec is None:
        for step in preparing:
            if isinstance(step, FETCHES | steps.PullImage):
                yield Difference(
                    field=step.action.partition("-")[2],
                    have="of the running service",
                    want=steps.RESOLVED_LATER,
                    by="profile",
                )
        return
    if service.image != spec.container.image:
        yield Difference(
            field="image", have=service.image, want=spec.container.image, by="profile"
        )
    yield from drift.compare(spec.fields(), applied_fields(service.labels), service)


def _problems(
    profile: Profile, deploy: Deploy, seen: ObservedService, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    if seen.service is not None and seen.service.profile != profile.name:
        yield NotManaged(
            f"the name {profile.name} is taken by a service of {seen.service.image}"
            " that csctl does not manage",
            remedy="rename the profile, or remove that service",
        )
    yield from problems_of_preparing(profile, seen.seen, planned)
    changes = steps.CreateService | steps.UpdateService
    if any(isinstance(step, changes) for step in planned):
        yield from _keys_missing(profile, seen.seen)
        yield from _no_room(profile, deploy, seen, planned)


def _keys_missing(profile: Profile, seen: Observed) -> Iterator[CsctlError]:
    if profile.mode == "connected" and seen.billing_problem is not None:
        yield seen.billing_problem
    yield from seen.environment_problems


def _no_room(
    profile: Profile, deploy: Deploy, seen: ObservedService, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    """Each node has the port once, so that it runs one task."""
    room = len(fitting(seen.nodes, deploy.placement))
    if room < profile.replicas:
        yield UsageError(
            f"{profile.name}: {profile.replicas} replicas are wanted, and {room} nodes"
            " may run one; each has the port once",
            remedy="lower replicas, or see: docker node ls; deploy.placement",
        )
        return
    replaces = any(_replaces_on_the_port(step) for step in planned)
    if replaces and room == profile.replicas and deploy.update.order == "start-first":
        yield UsageError(
            f"{profile.name}: a new task is to start before the old one stops, and all"
            f" {room} nodes that may run one have the port in use",
            remedy="add a node, lower replicas, or write deploy.update.order:"
            " stop-first",
        )


def _replaces_on_the_port(step: Step) -> bool:
    """Whether a step gives tasks successors that want the same port."""
    fields = {one.field for one in steps.differences(step)}
    return (
        isinstance(step, steps.UpdateService)
        and "port" not in fields
        and not fields <= _OF_THE_SERVICE
    )


def _notes(
    deploy: Deploy, seen: ObservedService, planned: tuple[Step, ...]
) -> Iterator[str]:
    if any(
        isinstance(step, steps.CreateService | steps.UpdateService) for step in planned
    ):
        names = [node.name for node in fitting(seen.nodes, deploy.placement)]
        yield (
            f"whether model and license lie on {', '.join(names)} is looked at by apply"
        )
    away = [node.name for node in seen.nodes if node.state != "ready"]
    if away:
        yield f"{', '.join(away)} cannot be reached: nothing is known of its files"


def lacking(
    spec: ServiceSpec, tasks: Iterable[Task], nodes: Iterable[Node]
) -> CsctlError | None:
    """What nodes lack, by the tasks that looked for it; None where they lack nothing.

    Without a key to be read, such a task has no program, and fails for that.
    """
    tasks = tuple(tasks)
    absent = [task for task in tasks if task.state == "rejected"]
    if absent:
        return UsageError(
            f"{spec.container.name}: not every node that may run it has what it takes"
            + told_errors(absent, nodes),
            remedy="bring image, model and license to the same paths there, such as by"
            " `csctl bundle load`, or bound deploy.placement",
        )
    failed = [task for task in tasks if task.state == "failed"]
    if failed and spec.hidden:
        return UsageError(
            f"{spec.container.name}: the image has no shell that could read the keys"
            + told_errors(failed, nodes),
            remedy="write deploy.keys: environment",
        )
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How far a service is."""

    ready: int
    wanted: int
    failed: int
    update: str | None

    @property
    def done(self) -> bool:
        """Whether all tasks are the newest, and ready, and are to stay."""
        return self.ready == self.wanted and self.update not in _UNDER_WAY

    def __str__(self) -> str:
        told = f"{self.ready} of {self.wanted} tasks are ready"
        return told if self.update is None else f"{told}, {self.update}"


def rollout(
    service: Service, tasks: Iterable[Task], answering: Collection[str]
) -> Rollout:
    """How far a service is; `answering` holds the ids of tasks that are ready."""
    newest = [task for task in tasks if task.template == service.template]
    return Rollout(
        ready=sum(task.runs and task.id in answering for task in newest),
        wanted=service.replicas,
        failed=sum(task.failed for task in newest),
        update=service.update,
    )


def failure(
    service: Service, tasks: Iterable[Task], nodes: Iterable[Node], reached: Rollout
) -> CsctlError | None:
    """Why waiting any longer is of no use; None where it may be."""
    name, remedy = service.name, f"see: csctl logs {service.name}"
    told = told_errors(tasks, nodes)
    match service.update:
        case "paused" | "rollback_paused":
            return NotReady(
                f"{name}: Swarm stopped its update half-way: {service.message}{told}",
                remedy=f"{remedy}; then apply again",
            )
        case update if update not in _UNDER_WAY and reached.failed >= _LOOP:
            return NotReady(
                f"{name}: its tasks fail again and again{told}", remedy=remedy
            )
        case _:
            return None


def went_back(
    service: Service, tasks: Iterable[Task], nodes: Iterable[Node]
) -> RolledBack:
    """Why a service is not what was wanted, and yet all its tasks are ready."""
    return RolledBack(
        f"{service.name}: new tasks failed, and Swarm went back to what ran before"
        f"{told_errors(tasks, nodes)}",
        remedy=f"see: csctl logs {service.name}",
    )


def told_errors(tasks: Iterable[Task], nodes: Iterable[Node]) -> str:
    """What Swarm says of tasks that do not run, each thing once, with its nodes."""
    names = {node.id: node.name for node in nodes}
    told = dict.fromkeys(
        f"\n  | {names.get(task.node, task.node) or 'no node'}:"
        f" {task.error or task.state}"
        for task in tasks
        if task.error or (task.wanted == "running" and not task.runs)
    )
    return "".join(told)
