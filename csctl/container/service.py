"""Services: a container that a swarm runs so many times, as wanted and as reported.

Only the service carries csctl's labels. Its containers belong to Swarm, which makes
and removes them as it likes; csctl never touches one.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from csctl.container.spec import (
    LABEL_PROFILE,
    LABEL_REASON,
    LABEL_SPEC,
    BindMount,
    ContainerSpec,
    Limits,
    PublishedPort,
    UnknownSecret,
    Value,
    as_label,
    live_fields,
)
from csctl.secret import Secret
from csctl.size import format_duration

SECRETS: Final = "csctl"
"""The folder of the keys in a task, below `/run/secrets`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSecret:
    """A key as Swarm keeps it: another value is another secret, with another name."""

    profile: str
    variable: str
    value: Secret

    @property
    def name(self) -> str:
        """Short enough for Swarm, whatever profile and variable are called."""
        told = "\0".join((self.profile, self.variable, self.value.digest))
        return "csctl-" + hashlib.sha256(told.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """Everything about one service before it exists."""

    container: ContainerSpec
    """What each task runs; its labels are the service's."""
    entrypoint: tuple[str, ...]
    """What the image starts with: the step that reads the keys goes on with it."""
    replicas: int
    placement: tuple[str, ...]
    order: str
    failure: str
    watch: float
    """Seconds."""
    health: tuple[str, ...]
    patience: float
    """Seconds that a task may take until it is healthy."""
    keys: Literal["secret", "environment"]

    @property
    def hidden(self) -> Mapping[str, Value]:
        """The variables whose values go to the tasks as secrets."""
        if self.keys == "environment":
            return {}
        return {
            name: value
            for name, value in self.container.environment.items()
            if isinstance(value, Secret | UnknownSecret)
        }

    @property
    def secrets(self) -> tuple[ServiceSecret, ...]:
        """Those that are known, as Swarm keeps them."""
        return tuple(
            ServiceSecret(profile=self.container.name, variable=name, value=value)
            for name, value in self.hidden.items()
            if isinstance(value, Secret)
        )

    def fields(self) -> dict[str, str]:
        """As `ContainerSpec.fields`, with what only a service has."""
        return self.container.fields() | {
            "deploy.replicas": str(self.replicas),
            "deploy.placement": "; ".join(self.placement) or "none",
            "deploy.update": f"{self.order}, {self.failure},"
            f" watched {format_duration(self.watch)}",
            "deploy.health": " ".join(self.health) or "none",
            "deploy.keys": self.keys,
        }

    def label(self) -> str:
        """The text of the label `csctl.spec`."""
        return as_label(self.fields())

    def with_reason(self, reason: str) -> ServiceSpec:
        """The same, with the labels that tell later what was applied, and why."""
        labels = {LABEL_REASON: reason, LABEL_SPEC: self.label()}
        container = dataclasses.replace(
            self.container, labels=dict(self.container.labels) | labels
        )
        return dataclasses.replace(self, container=container)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service in full."""

    id: str
    name: str
    image: str
    labels: Mapping[str, str]
    environment: Mapping[str, str]
    mounts: tuple[BindMount, ...]
    port: PublishedPort | None
    limits: Limits
    restart: str
    replicas: int
    update: str | None
    """Swarm's own word for the last update: updating, completed, rollback_completed,
    ...; None before the first one."""
    message: str
    """What Swarm says of it."""
    template: str
    """Stands for what its tasks are made from."""

    @property
    def profile(self) -> str | None:
        """The profile that csctl made it for; None for a foreign one."""
        return self.labels.get(LABEL_PROFILE)

    def live_fields(self) -> dict[str, str]:
        """What can change behind csctl's back, in the words of `ServiceSpec.fields`."""
        told = live_fields(self.port, self.restart, self.limits, self.mounts)
        return told | {"deploy.replicas": str(self.replicas)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One container of a service, from before it is made until after its end."""

    id: str
    node: str
    """The node's id; empty before it has one."""
    state: str
    """Swarm's own word: pending, preparing, starting, running, failed, rejected, ..."""
    wanted: str
    """The state that Swarm wants it in."""
    error: str
    template: str
    """As the service's; another one is that of an older or newer version."""

    @property
    def runs(self) -> bool:
        return self.state == self.wanted == "running"

    @property
    def failed(self) -> bool:
        return self.state in ("failed", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One host of a swarm."""

    id: str
    name: str
    address: str
    role: str
    state: str
    """Swarm's own word: ready, down, unknown, disconnected."""
    availability: str
    """active, pause or drain."""
    labels: Mapping[str, str]
    engine_labels: Mapping[str, str]
    os: str
    architecture: str

    @property
    def takes_tasks(self) -> bool:
        return self.state == "ready" and self.availability == "active"
