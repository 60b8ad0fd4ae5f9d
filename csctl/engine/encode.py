"""A spec as the JSON that the Engine creates a container from."""

from __future__ import annotations

from typing import Any

from csctl.container.spec import (
    BindMount,
    ContainerSpec,
    LogRotation,
    PublishedPort,
    Value,
)
from csctl.secret import Secret


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
