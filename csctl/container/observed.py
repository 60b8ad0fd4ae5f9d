"""What the Engine reports: containers, images and the host itself, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from csctl.container.spec import (
    LABEL_MODE,
    LABEL_MODEL,
    LABEL_PROFILE,
    LABEL_ROLE,
    LABEL_SEAT,
    LABEL_STATE,
    ROLE_FRONT,
    ROLE_ONE_SHOT,
    ROLE_SERVE,
    ROLE_SERVICE,
    BindMount,
    Limits,
    LogRotation,
    PublishedPort,
    live_fields,
)

_LABEL_SWARM = "com.docker.swarm.service.id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of the list of all containers."""

    id: str
    name: str
    image: str
    image_id: str
    state: str
    labels: Mapping[str, str]
    ports: tuple[tuple[str, int], ...]
    """Published host addresses and ports of a running container."""

    @property
    def profile(self) -> str | None:
        """The profile that csctl made this container for; None for a foreign one."""
        return self.labels.get(LABEL_PROFILE)

    @property
    def seat(self) -> str | None:
        """The profile whose front this replica stands behind."""
        return self.labels.get(LABEL_SEAT)

    @property
    def serves(self) -> bool:
        return self.profile is not None and self.labels.get(LABEL_ROLE) == ROLE_SERVE

    @property
    def fronts(self) -> bool:
        return self.profile is not None and self.labels.get(LABEL_ROLE) == ROLE_FRONT

    @property
    def one_shot(self) -> bool:
        return self.labels.get(LABEL_ROLE) == ROLE_ONE_SHOT

    @property
    def of_swarm(self) -> bool:
        """Whether a service of any swarm runs it."""
        return _LABEL_SWARM in self.labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container in full."""

    id: str
    name: str
    image: str
    image_id: str
    state: str
    """Docker's own word: created, running, restarting, exited, ..."""
    exit_code: int
    out_of_memory: bool
    restarts: int
    started_at: datetime | None
    labels: Mapping[str, str]
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    mounts: tuple[BindMount, ...]
    port: PublishedPort | None
    limits: Limits
    restart: str
    log: LogRotation | None
    address: str | None
    """The container's own IP address on its network."""

    @property
    def profile(self) -> str | None:
        return self.labels.get(LABEL_PROFILE)

    @property
    def seat(self) -> str | None:
        """The profile whose front this replica stands behind."""
        return self.labels.get(LABEL_SEAT)

    @property
    def fronts(self) -> bool:
        return self.labels.get(LABEL_ROLE) == ROLE_FRONT

    @property
    def serves_in_swarm(self) -> bool:
        """Whether it stands for a service, and its tasks do the work."""
        return self.labels.get(LABEL_ROLE) == ROLE_SERVICE

    @property
    def model(self) -> str | None:
        return self.labels.get(LABEL_MODEL)

    @property
    def mode(self) -> str | None:
        return self.labels.get(LABEL_MODE)

    @property
    def state_directory(self) -> str | None:
        return self.labels.get(LABEL_STATE)

    @property
    def running(self) -> bool:
        # `restarting` containers report Running=true too; Docker's word is exact.
        return self.state == "running"

    def live_fields(self) -> dict[str, str]:
        """What can change behind csctl's back, in the words of `ContainerSpec.fields`.

        That is what `docker update` changes, and what another tool that recreates a
        container with our labels would have changed.
        """
        return live_fields(self.port, self.restart, self.limits, self.mounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image of the Engine."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    """`name@sha256:...`, as pulled."""
    architecture: str
    os: str
    user: str
    environment: Mapping[str, str]
    """The variables that it sets itself."""
    entrypoint: tuple[str, ...] = ()
    """What a container of it starts with; a list does not tell."""
    size: int
    layers: tuple[str, ...] = ()
    """The contents of its layers as digests, the lowest first; a list tells none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine that the Engine runs on."""

    name: str
    engine_version: str
    cpus: int
    memory: int
    """Bytes."""
    architecture: str
    os: str
    storage: str
    """The Engine's data root."""
    updates: bool = True
    """Whether the Engine changes containers as they run; Podman's socket does not."""
    manages: bool = False
    """Whether the Engine is a manager of a swarm."""
    by_manifest: bool = False
    """Whether an image's id is its manifest's digest; else its configuration's."""


_CHANGES = frozenset(
    (
        *("create", "start", "die", "oom", "pause", "unpause", "rename", "update"),
        "destroy",
        *("cleanup", "remove"),  # What Podman tells last of a stopped or removed one.
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that befell a managed container."""

    id: str
    name: str
    profile: str
    action: str
    """Docker's own word: start, die, exec_create: ..., ..."""
    at: float
    """Unix time."""

    @property
    def changes(self) -> bool:
        """Whether the container is another one now than before."""
        return self.action in _CHANGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a container uses, as of the last second."""

    cpus: float
    """Cores."""
    memory: int
    """Bytes, without the file cache that the kernel may drop."""
    memory_limit: int
    """Bytes; without a limit of its own, what the host has."""
