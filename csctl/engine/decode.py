"""The Engine's JSON as plain values. Docker and Podman differ in details: both pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from csctl.container.observed import (
    Container,
    Happening,
    Host,
    Image,
    Listed,
    Sample,
)
from csctl.container.spec import (
    LABEL_PROFILE,
    LABEL_ROLE,
    ROLE_ONE_SHOT,
    BindMount,
    Limits,
    LogRotation,
    PublishedPort,
)
from csctl.errors import InvalidValue
from csctl.size import parse_size

_PUBLISHING = ("running", "paused", "restarting")
_SNAPSHOTTER = ("driver-type", "io.containerd.snapshotter.v1")
"""How an Engine tells that containerd keeps its images."""
_SHORTEST = 0.1
"""Seconds below which processor time tells nothing; Podman begins with such ones."""


def listed(row: Mapping[str, Any]) -> Listed:
    """One row of `GET /containers/json`."""
    # Podman tells the ports of containers that do not run, too.
    ports = row.get("Ports") if row.get("State") in _PUBLISHING else None
    return Listed(
        id=row["Id"],
        name=row["Names"][0].lstrip("/") if row.get("Names") else row["Id"][:12],
        image=row.get("Image") or "",
        image_id=_image_id(row.get("ImageID") or ""),
        state=row.get("State") or "",
        labels=row.get("Labels") or {},
        ports=tuple(
            (port.get("IP") or "0.0.0.0", int(port["PublicPort"]))
            for port in ports or ()
            if port.get("PublicPort")
        ),
    )


def container(value: Mapping[str, Any]) -> Container:
    """An answer of `GET /containers/{id}/json`."""
    state, config, host = value["State"], value["Config"], value["HostConfig"]
    return Container(
        id=value["Id"],
        name=value["Name"].lstrip("/"),
        image=config.get("Image") or value.get("Image") or "",
        image_id=_image_id(value.get("Image") or ""),
        state=state["Status"],
        exit_code=int(state.get("ExitCode") or 0),
        out_of_memory=bool(state.get("OOMKilled")),
        restarts=int(value.get("RestartCount") or 0),
        started_at=_moment(state.get("StartedAt")),
        labels=config.get("Labels") or {},
        arguments=tuple(config.get("Cmd") or ()),
        environment=environment(config.get("Env") or ()),
        mounts=_mounts(value.get("Mounts") or ()),
        port=_port(host.get("PortBindings") or {}),
        limits=_limits(host),
        restart=_restart(host.get("RestartPolicy") or {}),
        log=_log(host.get("LogConfig") or {}),
        address=_address(value.get("NetworkSettings") or {}),
    )


def image(value: Mapping[str, Any]) -> Image:
    """An answer of `GET /images/{name}/json`."""
    config = value.get("Config") or {}
    return Image(
        id=_image_id(value["Id"]),
        tags=tuple(value.get("RepoTags") or ()),
        digests=tuple(value.get("RepoDigests") or ()),
        architecture=value.get("Architecture") or "",
        os=value.get("Os") or "",
        user=config.get("User") or "",
        environment=environment(config.get("Env") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        size=int(value.get("Size") or 0),
        layers=tuple((value.get("RootFS") or {}).get("Layers") or ()),
    )


def listed_image(row: Mapping[str, Any]) -> Image:
    """One row of `GET /images/json`, which tells neither platform nor user."""
    return Image(
        id=_image_id(row["Id"]),
        tags=tuple(row.get("RepoTags") or ()),
        digests=tuple(row.get("RepoDigests") or ()),
        architecture="",
        os="",
        user="",
        environment={},
        size=int(row.get("Size") or 0),
    )


def host(value: Mapping[str, Any]) -> Host:
    """An answer of `GET /info`."""
    return Host(
        name=value.get("Name") or "",
        engine_version=value.get("ServerVersion") or "",
        cpus=int(value.get("NCPU") or 0),
        memory=int(value.get("MemTotal") or 0),
        architecture=value.get("Architecture") or "",
        os=value.get("OSType") or "",
        storage=value.get("DockerRootDir") or "",
        updates="BuildahVersion" not in value,  # What only Podman tells.
        manages=bool((value.get("Swarm") or {}).get("ControlAvailable")),
        by_manifest=_SNAPSHOTTER in map(tuple, value.get("DriverStatus") or ()),
    )


def happenings(values: Iterable[Mapping[str, Any]]) -> Iterator[Happening]:
    """The messages of `GET /events` about managed containers."""
    for value in values:
        actor = value.get("Actor") or {}
        told = actor.get("Attributes") or {}
        if LABEL_PROFILE in told and told.get(LABEL_ROLE) != ROLE_ONE_SHOT:
            yield Happening(
                id=actor.get("ID") or "",
                name=told.get("name") or "",
                profile=told[LABEL_PROFILE],
                action=value.get("Action") or "",
                at=(value.get("timeNano") or 0) / 1e9,
            )


def samples(values: Iterable[Mapping[str, Any]]) -> Iterator[Sample]:
    """The messages of `GET /containers/{id}/stats`, while the container runs."""
    for value in values:
        # Docker goes on telling of a stopped container: nothing, once a second.
        if _moment(value.get("read")) is None:
            return
        if (told := sample(value)) is not None:
            yield told


def sample(value: Mapping[str, Any]) -> Sample | None:
    """One of these messages; None where it has none before it to compare with."""
    now, before = _moment(value.get("read")), _moment(value.get("preread"))
    used = _processor_time(value, "cpu_stats") - _processor_time(value, "precpu_stats")
    if now is None or before is None or used < 0:
        return None
    seconds = (now - before).total_seconds()
    if seconds < _SHORTEST:
        return None
    memory = value.get("memory_stats") or {}
    return Sample(
        cpus=used / 1e9 / seconds,
        memory=_without_cache(memory),
        memory_limit=int(memory.get("limit") or 0),
    )


def _processor_time(value: Mapping[str, Any], which: str) -> int:
    usage = (value.get(which) or {}).get("cpu_usage") or {}
    return int(usage.get("total_usage") or 0)


def _without_cache(memory: Mapping[str, Any]) -> int:
    usage, told = int(memory.get("usage") or 0), memory.get("stats") or {}
    # Version 1 of cgroups tells both, and means by the second the group alone.
    cache = int(told.get("total_inactive_file", told.get("inactive_file")) or 0)
    return usage - cache if cache < usage else usage


def _image_id(text: str) -> str:
    # Podman leaves the algorithm out.
    bare = len(text) == 64 and all(c in "0123456789abcdef" for c in text)
    return f"sha256:{text}" if bare else text


def _moment(text: str | None) -> datetime | None:
    if not text or text.startswith("0001-"):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def environment(pairs: Any) -> dict[str, str]:
    """`NAME=value` pairs as a mapping."""
    split = (pair.partition("=") for pair in pairs)
    return {name: value for name, _, value in split}


def _mounts(values: Any) -> tuple[BindMount, ...]:
    return tuple(
        BindMount(
            source=Path(mount["Source"]),
            target=mount["Destination"],
            read_only=not mount.get("RW", True),
        )
        for mount in values
        if mount.get("Type") == "bind"
    )


def _port(bindings: Mapping[str, Any]) -> PublishedPort | None:
    for inside, hosts in sorted(bindings.items()):
        for binding in hosts or ():
            number = binding.get("HostPort") or "0"
            return PublishedPort(
                address=binding.get("HostIp") or "0.0.0.0",
                number=int(number),
                inside=int(inside.partition("/")[0]),
            )
    return None


def _limits(host: Mapping[str, Any]) -> Limits:
    cpus: float | None = None
    if host.get("NanoCpus"):
        cpus = host["NanoCpus"] / 1e9
    elif host.get("CpuQuota") and host["CpuQuota"] > 0:
        cpus = host["CpuQuota"] / (host.get("CpuPeriod") or 100_000)
    return Limits(cpus=cpus, memory=host.get("Memory") or None)


def _restart(policy: Mapping[str, Any]) -> str:
    name, count = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    return f"{name}:{count}" if name == "on-failure" and count else str(name)


def _log(config: Mapping[str, Any]) -> LogRotation | None:
    options = config.get("Config") or {}
    try:
        return LogRotation(
            max_size=parse_size(options["max-size"]),
            max_file=int(options["max-file"]),
        )
    except (KeyError, InvalidValue, ValueError):
        return None


def _address(settings: Mapping[str, Any]) -> str | None:
    networks = settings.get("Networks") or {}
    addresses = [settings.get("IPAddress")]
    addresses += [network.get("IPAddress") for network in networks.values()]
    return next((address for address in addresses if address), None)
