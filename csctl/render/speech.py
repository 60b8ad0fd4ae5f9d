"""The speech image in a pod: its words, variables, bounds and probes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from csctl.container.spec import UnknownSecret
from csctl.contract.arguments import Invocation
from csctl.profile.warning import LEAST_CPUS, LEAST_MEMORY
from csctl.render.cluster import Names
from csctl.render.workload import API_KEY, Workload, environment, words

PERIOD: Final = 10
"""Seconds between two looks of a probe."""
_KEY_VARIABLE: Final = "SPEECH_API_KEY"
"""Holds a key that becomes an argument: `ApiKey` itself would give it both ways."""


def speech_run(
    workload: Workload, names: Names, name: str, run: Invocation
) -> dict[str, Any]:
    """The speech image, started once in one of its modes."""
    tag = workload.profile.image.tag
    return {
        "name": name,
        "image": workload.spec.image,
        "imagePullPolicy": "Always" if tag == "latest" else "IfNotPresent",
        "args": words(run.arguments, f"$({_KEY_VARIABLE})"),
        "envFrom": [{"configMapRef": {"name": names.environment}}],
        "env": list(_variables(workload, names, run)),
        "resources": resources(workload),
        "securityContext": container_security(),
    }


def _variables(
    workload: Workload, names: Names, run: Invocation
) -> Iterator[dict[str, Any]]:
    shared = shared_environment(workload)
    known, secret = environment(run.environment)
    for name, text in known.items():
        if name not in shared:
            yield {"name": name, "value": text}
    for name in dict.fromkeys((*secret, *_profile_secrets(workload))):
        yield _from_secret(names, name, name)
    if any(isinstance(word, UnknownSecret) for word in run.arguments):
        yield _from_secret(names, _KEY_VARIABLE, API_KEY)


def _profile_secrets(workload: Workload) -> Iterator[str]:
    return (name for name in workload.keys if name != API_KEY)


def _from_secret(names: Names, variable: str, key: str) -> dict[str, Any]:
    reference: dict[str, Any] = {"name": names.keys, "key": key}
    if key == "HTTP_PROXY_CREDS":
        reference["optional"] = True
    return {"name": variable, "valueFrom": {"secretKeyRef": reference}}


def resources(workload: Workload) -> dict[str, Any]:
    """Requests and limits; requested is the documented minimum where none are set."""
    limits = workload.spec.limits
    bounds: dict[str, str] = {}
    if limits.cpus is not None:
        bounds["cpu"] = cpu(limits.cpus)
    if limits.memory is not None:
        bounds["memory"] = memory(limits.memory)
    least = {"cpu": cpu(LEAST_CPUS), "memory": memory(LEAST_MEMORY)}
    return {"requests": least | bounds} | ({"limits": bounds} if bounds else {})


def cpu(cores: float) -> str:
    """Cores as Kubernetes writes them."""
    return f"{cores:g}" if cores == int(cores) else f"{round(cores * 1000)}m"


def memory(count: int) -> str:
    """Bytes as Kubernetes writes them."""
    for shift, unit in ((30, "Gi"), (20, "Mi"), (10, "Ki")):
        if count % (1 << shift) == 0:
            return f"{count >> shift}{unit}"
    return str(count)


def startup_probe(seconds: float) -> dict[str, Any]:
    """`/ready` within this time: until then no other probe counts."""
    return {
        "httpGet": {"path": "/ready", "port": "speech"},
        "periodSeconds": PERIOD,
        "failureThreshold": max(1, -(-int(seconds) // PERIOD)),
    }


def mount(target: str, volume: str) -> dict[str, Any]:
    """A volume's place in the speech container."""
    return {"name": volume, "mountPath": target}


def shared_environment(workload: Workload) -> dict[str, str]:
    """The variables without secrets that every run of the image gets."""
    known, _ = environment(workload.spec.environment)
    return {name: text for name, text in sorted(known.items()) if name != "Billing"}


def container_security() -> dict[str, Any]:
    """A container's own security context."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
