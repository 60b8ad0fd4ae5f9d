"""The pod in which a profile's container serves on Kubernetes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from csctl.container.spec import Value
from csctl.contract import arguments
from csctl.contract.arguments import Invocation
from csctl.profile.warning import LEAST_CPUS, LEAST_MEMORY
from csctl.render.block import remark
from csctl.render.name import is_label
from csctl.render.workload import API_KEY, Workload, environment, words

HELPER: Final = "busybox:1.37"
"""What waits and marks where the profile names no `helper_image`: any image with a
shell does, and of the speech image's own tools nothing is known (facts, section 12)."""
VOLUME: Final = "/volume"
KEY_VARIABLE: Final = "SPEECH_API_KEY"
"""Holds a key that becomes an argument: `ApiKey` itself would give it both ways."""
_PERIOD: Final = 10
"""Seconds between two looks of a probe."""
_DOWNLOAD_SECONDS: Final = 3600
"""The image's own limit for a download (facts, section 3)."""
_GRACE_SECONDS: Final = 30

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


def shared_environment(workload: Workload) -> dict[str, str]:
    """The variables without secrets that every run of the image gets."""
    known, _ = environment(workload.spec.environment)
    return {name: text for name, text in sorted(known.items()) if name != "Billing"}


def digest(values: Mapping[str, str]) -> str:
    """Changes with the values: pods do not see that a ConfigMap changed."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def template(workload: Workload, cluster: Cluster, names: Names) -> dict[str, Any]:
    """The template of the pods that serve."""
    labels = valid_labels(workload) | names.selector("serve")
    own = cluster.volume == "own"
    spec = base_spec(workload, cluster, names) | {
        "terminationGracePeriodSeconds": cluster.drain_seconds + _GRACE_SECONDS,
    }
    if cluster.volume != "node":
        spec["topologySpreadConstraints"] = [_spread(names)]
    if not own:
        spec["initContainers"] = [
            helper(
                workload,
                "wait-for-model",
                f"until [ -e {VOLUME}/{names.model}.done ]; do sleep 5; done",
            )
        ]
    spec["containers"] = [_speech(workload, cluster, names)]
    spec["volumes"] = list(_volumes(workload, cluster, names))
    checksum = digest(shared_environment(workload))
    return {
        "metadata": {
            "labels": labels,
            "annotations": {"checksum/environment": checksum},
        },
        "spec": spec,
    }


def base_spec(workload: Workload, cluster: Cluster, names: Names) -> dict[str, Any]:
    """What pods that serve and pods that download have in common."""
    spec: dict[str, Any] = {
        "automountServiceAccountToken": False,
        **remark(
            "The image is for amd64, and does not work right without AVX2. With",
            "node-feature-discovery, add:",
            'feature.node.kubernetes.io/cpu-cpuid.AVX2: "true"',
        ),
        "nodeSelector": {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
        "securityContext": security(workload),
    }
    if cluster.volume == "node":
        term = {
            "labelSelector": {
                "matchLabels": {"app.kubernetes.io/instance": names.name}
            },
            "topologyKey": "kubernetes.io/hostname",
        }
        spec |= {
            **remark("Its volume is one node's: the first pod chooses, all follow."),
            "affinity": {
                "podAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [term]
                }
            },
        }
    return spec


def security(workload: Workload) -> dict[str, Any]:
    """The pod's security context: the image's user, where its numbers are known."""
    context: dict[str, Any] = {"seccompProfile": {"type": "RuntimeDefault"}}
    owner = workload.owner
    if owner is None:
        return {
            **remark(
                "The image's user is not known here; with its numbers:",
                "runAsUser, runAsGroup and fsGroup, so that it may write.",
            ),
        } | context
    return {
        "runAsNonRoot": owner.uid != 0,
        "runAsUser": owner.uid,
        "runAsGroup": owner.gid,
        "fsGroup": owner.gid,
        # Without this each start walks over all files of the model.
        "fsGroupChangePolicy": "OnRootMismatch",
    } | context


def container_security() -> dict[str, Any]:
    """A container's own security context."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


def helper(workload: Workload, name: str, script: str) -> dict[str, Any]:
    """A container that runs a shell script over the models' volume."""
    image = workload.profile.helper_image
    return {
        "name": name,
        "image": str(image) if image else HELPER,
        "command": ["sh", "-c", script],
        "resources": {
            "requests": {"cpu": "10m", "memory": "16Mi"},
            "limits": {"cpu": "100m", "memory": "64Mi"},
        },
        "volumeMounts": [{"name": "models", "mountPath": VOLUME}],
        "securityContext": container_security(),
    }


def speech_run(
    workload: Workload, names: Names, name: str, run: Invocation
) -> dict[str, Any]:
    """The speech image, started once in one of its modes."""
    tag = workload.profile.image.tag
    return {
        "name": name,
        "image": workload.spec.image,
        "imagePullPolicy": "Always" if tag == "latest" else "IfNotPresent",
        "args": words(run.arguments, f"$({KEY_VARIABLE})"),
        "envFrom": [{"configMapRef": {"name": names.environment}}],
        "env": list(_variables(workload, names, run.environment)),
        "resources": resources(workload),
        "securityContext": container_security(),
    }


def _variables(
    workload: Workload, names: Names, values: Mapping[str, Value]
) -> Iterator[dict[str, Any]]:
    shared = shared_environment(workload)
    known, secret = environment(values)
    for name, text in known.items():
        if name not in shared:
            yield {"name": name, "value": text}
    for name in dict.fromkeys((*secret, *_profile_secrets(workload))):
        yield _from_secret(names, name, name)
    if workload.profile.api_key_as == "argument" and API_KEY in workload.keys:
        yield _from_secret(names, KEY_VARIABLE, API_KEY)


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
        "periodSeconds": _PERIOD,
        "failureThreshold": max(1, -(-int(seconds) // _PERIOD)),
    }


def mount(target: str, volume: str) -> dict[str, Any]:
    """A volume's place in the speech container."""
    return {"name": volume, "mountPath": target}


def _speech(workload: Workload, cluster: Cluster, names: Names) -> dict[str, Any]:
    spec = workload.spec
    seconds = workload.profile.ready.timeout.total_seconds()
    if cluster.volume == "own":
        seconds += _DOWNLOAD_SECONDS
    run = Invocation(arguments=spec.arguments, environment=spec.environment)
    container = speech_run(workload, names, "speech", run)
    mounts = list(_mounts(workload, names))
    if any("subPathExpr" in one for one in mounts):
        name = {"fieldRef": {"fieldPath": "metadata.name"}}
        container["env"].insert(0, {"name": "POD_NAME", "valueFrom": name})
    return container | {
        "ports": [{"name": "speech", "containerPort": arguments.PORT}],
        "startupProbe": startup_probe(seconds),
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": "speech"},
            "periodSeconds": _PERIOD,
        },
        **remark(
            "Whether it listens, no more: a restart mends no billing outage, which",
            "/status tells of, and costs the minute in which the model loads.",
        ),
        "livenessProbe": {
            "tcpSocket": {"port": "speech"},
            "periodSeconds": 2 * _PERIOD,
            "failureThreshold": 6,
        },
        **remark("No new session comes while it sleeps; those that run go on."),
        "lifecycle": {"preStop": {"sleep": {"seconds": cluster.drain_seconds}}},
        "volumeMounts": mounts,
    }


_VOLUME_NAMES: Final = {
    arguments.MODELS: "models",
    arguments.LICENSE: "license",
    arguments.OUTPUT: "output",
}


def _mounts(workload: Workload, names: Names) -> Iterator[dict[str, Any]]:
    for one in workload.spec.mounts:
        volume = _VOLUME_NAMES[one.target]
        place = mount(one.target, volume)
        if volume == "models":
            place["subPath"] = names.model
        if volume == "output":
            # Usage records are the proof of use: no two pods share a directory.
            place["subPathExpr"] = "$(POD_NAME)"
        if one.read_only:
            place["readOnly"] = True
        yield place


def _volumes(
    workload: Workload, cluster: Cluster, names: Names
) -> Iterator[dict[str, Any]]:
    targets = {one.target for one in workload.spec.mounts}
    if cluster.volume != "own":
        yield claimed("models", names.models)
    if arguments.LICENSE in targets:
        if cluster.license == "secret":
            yield {"name": "license", "secret": {"secretName": names.license}}
        else:
            yield claimed("license", names.license)
    if arguments.OUTPUT in targets:
        yield claimed("output", names.output)


def claimed(name: str, claim: str) -> dict[str, Any]:
    """A volume that a claim stands for."""
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def _spread(names: Names) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": names.selector("serve")},
    }


def valid_labels(workload: Workload) -> dict[str, str]:
    """The profile's labels that Kubernetes takes as labels."""
    return {k: v for k, v in workload.labels.items() if is_label(k, v)}
