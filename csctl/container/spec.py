"""The spec: all that the Engine needs to create one container.

Its flattened form (`fields`) is what drift is told in, and what the label `csctl.spec`
keeps: secrets stand in it as digests only.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from csctl.secret import Secret

LABEL_PROFILE: Final = "csctl.profile"
LABEL_ROLE: Final = "csctl.role"
LABEL_SPEC: Final = "csctl.spec"
LABEL_VERSION: Final = "csctl.version"
LABEL_MODE: Final = "csctl.mode"
LABEL_MODEL: Final = "csctl.model"
LABEL_LICENSE: Final = "csctl.license"
LABEL_STATE: Final = "csctl.state"
"""The directory of csctl's own small files for the profile, with its lock."""
LABEL_REASON: Final = "csctl.reason"
"""Why the container was created or replaced."""
LABEL_SEAT: Final = "csctl.seat"
"""The profile whose front a replica stands behind."""

ROLE_SERVE: Final = "serve"
ROLE_FRONT: Final = "front"
ROLE_SERVICE: Final = "service"
"""On a service of a swarm alone: its containers have no label of csctl."""
ROLE_ONE_SHOT: Final = "one-shot"

UNKNOWN: Final = "unknown"
"""Stands for a secret that cannot be read now; it differs from nothing."""

_NEXT: Final = ".csctl-next"
_OLD: Final = ".csctl-old"


class UnknownSecret:
    """A secret whose source gives nothing now."""


Value = str | Secret | UnknownSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class BindMount:
    """A host path seen in the container."""

    source: Path
    target: str
    read_only: bool = False
    submounts: bool = True
    """Whether what is mounted below the source is seen as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPort:
    """A host address and port that lead to a port of the container."""

    address: str
    number: int
    inside: int

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on one container; None is no bound."""

    cpus: float | None = None
    memory: int | None = None
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRotation:
    """Bounds on a container's log: bytes of a file, number of files."""

    max_size: int
    max_file: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """Everything about one container before it exists."""

    name: str
    image: str
    """The reference or id that the Engine is given."""
    arguments: tuple[Value, ...]
    environment: Mapping[str, Value] = field(default_factory=dict)
    mounts: tuple[BindMount, ...] = ()
    port: PublishedPort | None = None
    limits: Limits = Limits()
    restart: str = "no"
    log: LogRotation | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)
    """What tells apart what a mount holds now and what was there before: a container
    goes on with the directory that it was started with."""
    entrypoint: tuple[str, ...] | None = None
    user: str | None = None
    network: str | None = None

    def fields(self) -> dict[str, str]:
        """The spec, flat and readable, with secrets as digests.

        Labels of csctl and the image are not part of it: the image is compared by
        its id.
        """
        words = " ".join(word for word in self.arguments if isinstance(word, str))
        fields = {"arguments": words}
        fields |= live_fields(self.port, self.restart, self.limits, self.mounts)
        for word in self.arguments:
            if not isinstance(word, str):
                fields["arguments.key"] = _shown(word)
        if self.network is not None:
            fields["network"] = self.network
        if self.log is not None:
            fields["logging.max_size"] = str(self.log.max_size)
            fields["logging.max_file"] = str(self.log.max_file)
        for name, value in self.environment.items():
            fields[f"environment.{name}"] = _shown(value)
        fields |= self.contents
        for name, text in self.labels.items():
            if not name.startswith("csctl."):
                fields[f"labels.{name}"] = text
        return fields

    def label(self) -> str:
        """The text of the label `csctl.spec`."""
        return as_label(self.fields())

    def with_reason(self, reason: str) -> ContainerSpec:
        """The same, with the labels that tell later what was applied, and why."""
        labels = {LABEL_REASON: reason, LABEL_SPEC: self.label()}
        return dataclasses.replace(self, labels=dict(self.labels) | labels)


def as_label(fields: Mapping[str, str]) -> str:
    """Flat fields as the text of a label, which `applied_fields` reads."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def live_fields(
    port: PublishedPort | None,
    restart: str,
    limits: Limits,
    mounts: tuple[BindMount, ...],
) -> dict[str, str]:
    """The fields that a live container tells of itself, flat and readable."""
    fields = {
        "port": str(port) if port else "none",
        "restart": restart,
        "resources.cpus": "none" if limits.cpus is None else f"{limits.cpus:g}",
        "resources.memory": "none" if limits.memory is None else str(limits.memory),
    }
    for mount in mounts:
        suffix = ":ro" if mount.read_only else ""
        fields[f"mounts.{mount.target}"] = f"{mount.source}{suffix}"
    return fields


def _shown(value: Value) -> str:
    match value:
        case Secret():
            return value.digest
        case UnknownSecret():
            return UNKNOWN
        case _:
            return value


def applied_fields(labels: Mapping[str, str]) -> dict[str, str] | None:
    """The fields that a container was created with; None where no label tells."""
    try:
        value = json.loads(labels[LABEL_SPEC])
    except (KeyError, ValueError):
        return None
    if not isinstance(value, dict):
        return None
    return {str(name): str(text) for name, text in value.items()}


def next_name(name: str) -> str:
    """The name under which a replacement is created."""
    return name + _NEXT


def old_name(name: str) -> str:
    """The name under which a container waits until its replacement is ready."""
    return name + _OLD


def is_passing_name(name: str) -> bool:
    """Whether a container carries one of the two names of a replacement."""
    return name.endswith((_NEXT, _OLD))
