"""The pod in which a profile's container serves on Kubernetes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from csctl.contract import arguments
from csctl.contract.arguments import Invocation
from csctl.render.block import remark
from csctl.render.cluster import VOLUME, Cluster, Names
from csctl.render.name import is_label
from csctl.render.speech import (
    PERIOD,
    container_security,
    mount,
    shared_environment,
    speech_run,
    startup_probe,
)
from csctl.render.workload import Workload

HELPER: Final = "busybox:1.37"
"""What waits and marks where the profile names no `helper_image`: any image with a
shell does, and of the speech image's own tools nothing is known (facts, section 12)."""
_GRACE_SECONDS: Final = 30


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


def _speech(workload: Workload, cluster: Cluster, names: Names) -> dict[str, Any]:
    spec = workload.spec
    seconds = workload.profile.ready.timeout.total_seconds()
    if cluster.volume == "own":
        seconds += arguments.DOWNLOAD_SECONDS
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
            "periodSeconds": PERIOD,
        },
        **remark(
            "Whether it listens, no more: a restart mends no billing outage, which",
            "/status tells of, and costs the minute in which the model loads.",
        ),
        "livenessProbe": {
            "tcpSocket": {"port": "speech"},
            "periodSeconds": 2 * PERIOD,
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
