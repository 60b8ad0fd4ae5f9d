"""A spec as the JSON that the Engine creates a container or a service from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csctl.container.service import SECRETS, ServiceSpec
from csctl.container.spec import (
    BindMount,
    ContainerSpec,
    Limits,
    LogRotation,
    PublishedPort,
    Value,
)
from csctl.secret import Secret

_NANO: Final = 1_000_000_000
_RESTARTS: Final = {"no": "none", "on-failure": "on-failure"}
_HEALTH_SECONDS: Final = 5
# Only what every shell has by itself. The image's own program takes its place at once,
# so that signals reach it.
_READ_KEYS: Final = (
    f'for f in /run/secrets/{SECRETS}/*; do IFS= read -r v <"$f" || :;'
    ' export "${f##*/}=$v"; done; exec "$@"'
)
_SHELL: Final = ("/bin/sh", "-c", _READ_KEYS, "csctl")


def container(spec: ContainerSpec) -> dict[str, Any]:
    """The body of `POST /containers/create`."""
    host: dict[str, Any] = {
        "Mounts": [_mount(mount) for mount in spec.mounts],
        "RestartPolicy": restart_policy(spec.restart),
    }
    config: dict[str, Any] = {
        "Image": spec.image,
        "Cmd": [_plain(word) for word in spec.arguments],
        "Env": [f"{name}={_plain(value)}" for name, value in spec.environment.items()],
        "Labels": dict(spec.labels),
        "HostConfig": host,
    }
    if spec.limits.cpus is not None:
        host["NanoCpus"] = round(spec.limits.cpus * 1e9)
    if spec.limits.memory is not None:
        host["Memory"] = spec.limits.memory
    if spec.log is not None:
        host["LogConfig"] = _log_config(spec.log)
    if spec.port is not None:
        config["ExposedPorts"] = {f"{spec.port.inside}/tcp": {}}
        host["PortBindings"] = _port_bindings(spec.port)
    if spec.network is not None:
        host["NetworkMode"] = spec.network
    if spec.entrypoint is not None:
        config["Entrypoint"] = list(spec.entrypoint)
    if spec.user is not None:
        config["User"] = spec.user
    return config


def _mount(mount: BindMount) -> dict[str, Any]:
    value = {
        "Type": "bind",
        "Source": str(mount.source),
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }
    return value if mount.submounts else value | {"BindOptions": {"NonRecursive": True}}


def _plain(value: Value) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    assert isinstance(value, str), "a spec with an unknown secret is never created"
    return value


def restart_policy(text: str) -> dict[str, Any]:
    """`on-failure:3` in the Engine's terms."""
    name, _, count = text.partition(":")
    return {"Name": name, "MaximumRetryCount": int(count or 0)}


def _log_config(log: LogRotation) -> dict[str, Any]:
    return {
        "Type": "json-file",
        "Config": {"max-size": str(log.max_size), "max-file": str(log.max_file)},
    }


def _port_bindings(port: PublishedPort) -> dict[str, Any]:
    binding = {"HostIp": port.address, "HostPort": str(port.number)}
    return {f"{port.inside}/tcp": [binding]}


def service(spec: ServiceSpec, secret_ids: Mapping[str, str]) -> dict[str, Any]:
    """The parts of a service, as the SDK takes them; `secret_ids` by Swarm's names."""
    wanted = spec.container
    change = {
        "Parallelism": 1,
        "Delay": round(spec.watch * _NANO),
        "Monitor": round(spec.watch * _NANO),
        "FailureAction": spec.failure,
        "Order": spec.order,
    }
    template: dict[str, Any] = {
        "ContainerSpec": _container_of(spec, secret_ids),
        "Resources": {"Limits": _limits(wanted.limits)},
        "RestartPolicy": _condition(wanted.restart),
        "Placement": {"Constraints": list(spec.placement)},
    }
    if wanted.log is not None:
        driver = _log_config(wanted.log)
        template["LogDriver"] = {"Name": driver["Type"], "Options": driver["Config"]}
    return {
        "name": wanted.name,
        "labels": dict(wanted.labels),
        "task_template": template,
        "mode": {"Replicated": {"Replicas": spec.replicas}},
        "update_config": change,
        # Going back is not to be stopped by what made it necessary.
        "rollback_config": change | {"FailureAction": "continue"},
        "endpoint_spec": {"Ports": _ports(wanted.port)},
    }


def _container_of(spec: ServiceSpec, secret_ids: Mapping[str, str]) -> dict[str, Any]:
    wanted, hidden = spec.container, spec.hidden
    value: dict[str, Any] = {
        "Image": wanted.image,
        "Args": [_plain(word) for word in wanted.arguments],
        "Env": [
            f"{name}={_plain(text)}"
            for name, text in wanted.environment.items()
            if name not in hidden
        ],
        "Mounts": [_mount(mount) for mount in wanted.mounts],
        "Labels": {
            name: text
            for name, text in wanted.labels.items()
            if not name.startswith("csctl.")
        },
    }
    if hidden:
        value["Command"] = [*_SHELL, *spec.entrypoint]
        value["Secrets"] = [
            {
                "SecretID": secret_ids[one.name],
                "SecretName": one.name,
                # The user of the image reads it, whatever number that is.
                "File": {
                    "Name": f"{SECRETS}/{one.variable}",
                    "UID": "0",
                    "GID": "0",
                    "Mode": 0o444,
                },
            }
            for one in spec.secrets
        ]
    if spec.health:
        value["Healthcheck"] = {
            "Test": ["CMD", *spec.health],
            "Interval": _HEALTH_SECONDS * _NANO,
            "Timeout": _HEALTH_SECONDS * _NANO,
            "Retries": 3,
            "StartPeriod": round(spec.patience * _NANO),
        }
    return value


def look(name: str, spec: ServiceSpec, labels: Mapping[str, str]) -> dict[str, Any]:
    """The parts of a job that a node ends at once, or rejects where files are absent.

    A node's Engine looks for what is to be mounted before it looks for the program:
    the shell, where a service starts with it; else one that no image has.
    """
    value = {
        "Image": spec.container.image,
        "Command": [*_SHELL[:2], ":"] if spec.hidden else ["/csctl"],
        "Mounts": [_mount(mount) for mount in spec.container.mounts],
    }
    return {
        "name": name,
        "labels": dict(labels),
        "task_template": {
            "ContainerSpec": value,
            "RestartPolicy": _condition("no"),
            "Placement": {"Constraints": list(spec.placement)},
        },
        "mode": {"GlobalJob": {}},
    }


def _limits(limits: Limits) -> dict[str, int]:
    value = {}
    if limits.cpus is not None:
        value["NanoCPUs"] = round(limits.cpus * _NANO)
    if limits.memory is not None:
        value["MemoryBytes"] = limits.memory
    return value


def _condition(restart: str) -> dict[str, Any]:
    name, _, count = restart.partition(":")
    value: dict[str, Any] = {"Condition": _RESTARTS.get(name, "any")}
    return value | ({"MaxAttempts": int(count)} if count else {})


def _ports(port: PublishedPort | None) -> list[dict[str, Any]]:
    if port is None:
        return []
    # Each node's own port: Swarm's mesh over all nodes takes IPVS in every kernel, and
    # parts connections without regard to the sessions that a task has.
    return [
        {
            "Protocol": "tcp",
            "TargetPort": port.inside,
            "PublishedPort": port.number,
            "PublishMode": "host",
        }
    ]
