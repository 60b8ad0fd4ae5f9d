"""A swarm of three nodes, and a service that runs there as its profile says."""

from __future__ import annotations

import dataclasses
from typing import Any

from csctl.container.service import Node, Service, ServiceSpec, Task
from csctl.plan.reconcile import spec_of
from csctl.plan.swarm import ObservedService, service_spec
from csctl.profile.model import Deploy, Profile
from csctl.secret import Secret
from tests.plan.situation import CONNECTED, image, profile, settled

P = profile(CONNECTED, port="0.0.0.0:5000", replicas=2, deploy={"engine": "swarm"})


def node(number: int, **changes: Any) -> Node:
    made = Node(
        id=f"id-{number}",
        name=f"node{number}",
        address=f"192.0.2.{number}",
        role="worker" if number else "manager",
        state="ready",
        availability="active",
        labels={"rack": "1"} if number == 1 else {},
        engine_labels={"disk": "fast"} if number == 2 else {},
        os="linux",
        architecture="x86_64",
    )
    return dataclasses.replace(made, **changes)


NODES = tuple(map(node, range(3)))


def deploy_of(wanted: Profile) -> Deploy:
    assert wanted.deploy is not None
    return wanted.deploy


def spec(wanted: Profile = P) -> ServiceSpec:
    """The service that a profile wants, with all its parts there."""
    container = spec_of(wanted, alone(wanted).seen, ())
    assert container is not None
    return service_spec(wanted, deploy_of(wanted), container, image())


def service(made: ServiceSpec, **changes: Any) -> Service:
    """What Swarm reports of a service that was made from a spec."""
    made = made.with_reason("because")
    hidden = made.hidden
    told = Service(
        id="service-id",
        name=made.container.name,
        image=made.container.image,
        labels=made.container.labels,
        environment={
            name: value.reveal() if isinstance(value, Secret) else str(value)
            for name, value in made.container.environment.items()
            if name not in hidden
        },
        mounts=made.container.mounts,
        port=made.container.port,
        limits=made.container.limits,
        restart=made.container.restart,
        replicas=made.replicas,
        update=None,
        message="",
        template="new",
    )
    return dataclasses.replace(told, **changes)


def task(number: int, **changes: Any) -> Task:
    made = Task(
        id=f"task-{number}",
        node=f"id-{number}",
        state="running",
        wanted="running",
        error="",
        template="new",
    )
    return dataclasses.replace(made, **changes)


def alone(wanted: Profile = P, **changes: Any) -> ObservedService:
    """A swarm without the service, and a host with all that it takes."""
    own = dataclasses.replace(settled(wanted), serving=None, applied=None)
    seen = ObservedService(seen=own, service=None, nodes=NODES, containers=())
    return dataclasses.replace(seen, **changes)


def running(wanted: Profile = P, **changes: Any) -> ObservedService:
    """A swarm on which the service runs as its profile says."""
    return alone(wanted, **{"service": service(spec(wanted)), **changes})
