"""A Compose file, for docker compose, docker-compose 1.29 and podman-compose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from csctl.container.spec import ContainerSpec
from csctl.errors import UsageError
from csctl.render import host
from csctl.render.block import comment, remark, text
from csctl.render.workload import (
    Workload,
    environment,
    shell,
    source_variable,
    words,
)
from csctl.secret import FromEnvironment


def document(workloads: Sequence[Workload], *, health: str | None) -> str:
    """One file with a service for each replica of each profile.

    `health` is a command that the image is known to have; none is documented (facts,
    section 12). Raises UsageError where two services want one port.
    """
    services: dict[str, Any] = {}
    ports: dict[str, str] = {}
    for one in workloads:
        for replica in host.replicas(one):
            before = ports.setdefault(replica.published, replica.name)
            if before != replica.name:
                raise UsageError(
                    f"{replica.name}: port {replica.published} is {before}'s already",
                    remedy="give the profiles other ports; each replica takes the next",
                )
            services[replica.name] = _service(one, replica, health)
    head = comment(tuple(_head(workloads)))
    return head + text({"services": services})


def _head(workloads: Sequence[Workload]) -> Iterator[str]:
    names = ", ".join(one.profile.name for one in workloads)
    yield f"Profiles {names}, written by csctl render compose."
    yield "Written anew it is the same: change the profile, not this."
    yield ""
    yield from host.head(workloads)
    wanted = {
        source_variable(one, name): (name, source)
        for one in workloads
        for name, source in one.keys.items()
        if name in _withheld(one)
    }
    if wanted:
        yield ""
        yield "Keys come from the environment of compose, and never stand in this file:"
    for variable, (name, source) in sorted(wanted.items()):
        if source == FromEnvironment(variable):
            yield f"  export {variable}    # which holds one"
        else:
            yield f'  export {variable}="$({shell(name, source)})"'


def _withheld(workload: Workload) -> tuple[str, ...]:
    _, secret = environment(workload.spec.environment)
    return (*secret, *(("ApiKey",) if workload.key_is_argument else ()))


def _service(
    workload: Workload, replica: host.Replica, health: str | None
) -> dict[Any, Any]:
    spec = workload.spec
    known, secret = environment(spec.environment)
    variables = {name: _literal(value) for name, value in known.items()}
    variables |= {name: _reference(workload, name) for name in secret}
    service: dict[Any, Any] = {
        "image": spec.image,
        "command": [
            word if word.startswith("ApiKey=") else _literal(word)
            for word in words(spec.arguments, _reference(workload, "ApiKey"))
        ],
        "environment": variables,
        "volumes": [
            {
                "type": "bind",
                "source": _literal(str(one.source)),
                "target": one.target,
            }
            | ({"read_only": True} if one.read_only else {})
            for one in spec.mounts
        ],
        "ports": [f"{replica.published}:{host.INSIDE}"],
        "restart": spec.restart,
    }
    service |= _bounds(spec)
    if workload.labels:
        service["labels"] = {n: _literal(v) for n, v in workload.labels.items()}
    if health is not None:
        service["healthcheck"] = {
            "test": ["CMD-SHELL", _literal(health)],
            "interval": "10s",
            "timeout": "5s",
            "start_period": f"{int(workload.profile.ready.timeout.total_seconds())}s",
        }
    else:
        service |= remark("No healthcheck: which tools the image has is not known.")
    return service


def _bounds(spec: ContainerSpec) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    if spec.limits.cpus is not None:
        bounds["cpus"] = spec.limits.cpus
    if spec.limits.memory is not None:
        bounds["mem_limit"] = spec.limits.memory
    if spec.log is not None:
        options = {
            "max-size": str(spec.log.max_size),
            "max-file": str(spec.log.max_file),
        }
        bounds["logging"] = {"driver": "json-file", "options": options}
    return bounds


def _reference(workload: Workload, name: str) -> str:
    variable = source_variable(workload, name)
    if name == "HTTP_PROXY_CREDS":
        return f"${{{variable}:-}}"
    return f"${{{variable}:?see the head of this file}}"


def _literal(value: str) -> str:
    """Text in which Compose replaces nothing."""
    return value.replace("$", "$$")
