"""What a person decides of a cluster, and what its objects are called."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from csctl.render.workload import Workload

VOLUME: Final = "/volume"
"""Where helpers see the volume with all models."""
Volume = Literal["shared", "node", "own"]
Store = Literal["secret", "volume"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What a person decides of a cluster."""

    volume: Volume = "shared"
    """Where models lie: on one volume for all nodes, on one volume of one node, or on
    a volume of each pod."""
    license: Store = "secret"
    """What a license's files lie in."""
    most: int = 1
    """Up to how many pods may run."""
    drain_seconds: int = 60
    """How long a pod that is to go keeps its sessions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the objects of one profile are called."""

    name: str
    model: str
    """The directory of model and display models on the volume, of their own each."""

    @property
    def models(self) -> str:
        return f"{self.name}-models"

    @property
    def license(self) -> str:
        return f"{self.name}-license"

    @property
    def output(self) -> str:
        return f"{self.name}-output"

    @property
    def keys(self) -> str:
        return f"{self.name}-keys"

    @property
    def environment(self) -> str:
        return f"{self.name}-environment"

    def selector(self, component: str) -> dict[str, str]:
        """The labels that one kind of pods is found by."""
        return {
            "app.kubernetes.io/name": "custom-speech-to-text",
            "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/component": component,
        }


def model_directory(workload: Workload) -> str:
    """A directory for one model with its display models.

    A changed model on a used volume would silently serve the old one (facts, section
    1a), and display models are not added to one that serves.
    """
    wanted = [
        [word for word in one.invocation.arguments if isinstance(word, str)]
        for one in workload.downloads[1:]
    ]
    if not wanted:
        return workload.model
    digest = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()
    return f"{workload.model}-{digest[:8]}"


def object_of(
    api: str, kind: str, name: str, labels: dict[str, str], rest: dict[Any, Any]
) -> dict[Any, Any]:
    """An object of a cluster."""
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": api, "kind": kind, "metadata": metadata} | rest
