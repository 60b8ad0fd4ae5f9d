"""Swarm's JSON as plain values: services, tasks and nodes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from csctl.container.service import Node, Service, Task
from csctl.container.spec import BindMount, Limits, PublishedPort
from csctl.engine.decode import environment

_RESTARTS = {"none": "no", "on-failure": "on-failure"}
_EVERYWHERE = "0.0.0.0"
_NODE = "com.docker.swarm.node.id"


def service(value: Mapping[str, Any]) -> Service:
    """An answer of `GET /services/{id}`."""
    spec = value["Spec"]
    template = spec["TaskTemplate"]
    wanted = template["ContainerSpec"]
    update = value.get("UpdateStatus") or {}
    return Service(
        id=value["ID"],
        name=spec["Name"],
        image=wanted.get("Image") or "",
        labels=spec.get("Labels") or {},
        environment=environment(wanted.get("Env") or ()),
        mounts=_mounts(wanted.get("Mounts") or ()),
        port=_port(spec.get("EndpointSpec") or {}),
        limits=_limits((template.get("Resources") or {}).get("Limits") or {}),
        restart=_restart(template.get("RestartPolicy") or {}),
        replicas=int((spec["Mode"].get("Replicated") or {}).get("Replicas") or 0),
        update=update.get("State"),
        message=update.get("Message") or "",
        template=_digest(template),
    )


def task(value: Mapping[str, Any]) -> Task:
    """One row of `GET /tasks`."""
    status = value.get("Status") or {}
    return Task(
        id=value["ID"],
        node=value.get("NodeID") or "",
        state=status.get("State") or "",
        wanted=value.get("DesiredState") or "",
        error=status.get("Err") or "",
        template=_digest(value["Spec"]),
    )


def node(value: Mapping[str, Any]) -> Node:
    """One row of `GET /nodes`."""
    spec, status = value["Spec"], value.get("Status") or {}
    told = value.get("Description") or {}
    platform = told.get("Platform") or {}
    return Node(
        id=value["ID"],
        name=told.get("Hostname") or value["ID"],
        address=status.get("Addr") or "",
        role=spec.get("Role") or "",
        state=status.get("State") or "",
        availability=spec.get("Availability") or "",
        labels=spec.get("Labels") or {},
        engine_labels=(told.get("Engine") or {}).get("Labels") or {},
        os=platform.get("OS") or "",
        architecture=platform.get("Architecture") or "",
    )


def log_line(line: str) -> tuple[str, str]:
    """The id of the node that a line of a service's log is from, and its text."""
    details, _, text = line.partition(" ")
    pairs = (pair.partition("=") for pair in details.split(","))
    node = next((value for name, _, value in pairs if name == _NODE), None)
    return ("", line) if node is None else (node, text)


def _digest(template: Mapping[str, Any]) -> str:
    """Stands for a template, in which keys may be; a task is not told its `Runtime`."""
    told = {name: value for name, value in template.items() if name != "Runtime"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _mounts(values: Any) -> tuple[BindMount, ...]:
    return tuple(
        BindMount(
            source=Path(mount["Source"]),
            target=mount["Target"],
            read_only=bool(mount.get("ReadOnly")),
        )
        for mount in values
        if mount.get("Type") == "bind"
    )


def _port(endpoint: Mapping[str, Any]) -> PublishedPort | None:
    for port in endpoint.get("Ports") or ():
        return PublishedPort(
            address=_EVERYWHERE,
            number=int(port.get("PublishedPort") or 0),
            inside=int(port["TargetPort"]),
        )
    return None


def _limits(value: Mapping[str, Any]) -> Limits:
    cpus, memory = value.get("NanoCPUs"), value.get("MemoryBytes")
    return Limits(cpus=cpus / 1e9 if cpus else None, memory=memory or None)


def _restart(policy: Mapping[str, Any]) -> str:
    name, count = policy.get("Condition") or "any", policy.get("MaxAttempts") or 0
    known = _RESTARTS.get(name, "always")
    return f"{known}:{count}" if known == "on-failure" and count else known
