"""All that a cluster needs to serve a profile, as Kubernetes objects.

Where the models lie decides what runs: pods that share them are a Deployment, and a Job
downloads for all; pods with a volume each are a StatefulSet, and each downloads for
itself, which only a connected container can (facts, section 1a).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from csctl.contract import arguments
from csctl.errors import UsageError
from csctl.render import fetching, howto, network, pod
from csctl.render.block import comment, remark, text
from csctl.render.cluster import Cluster, Names, model_directory, object_of
from csctl.render.name import is_label, object_name
from csctl.render.speech import shared_environment
from csctl.render.workload import Workload

_CPU_PERCENT: Final = 50
"""As in Microsoft's own chart for speech to text (facts, section 10.1)."""
_MODELS_SIZE: Final = "20Gi"
_SMALL_SIZE: Final = "1Gi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One object, with the name of its file."""

    name: str
    body: dict[Any, Any]

    @property
    def kind(self) -> str:
        return str(self.body["kind"])


def names_of(workload: Workload, name: str | None = None) -> Names:
    """What the objects are called. Raises UsageError."""
    return Names(
        name=name or object_name(workload.profile.name),
        model=model_directory(workload),
    )


def stream(workload: Workload, cluster: Cluster) -> str:
    """All objects as one stream of YAML documents. Raises UsageError."""
    names = names_of(workload)
    head = comment(
        (
            f"Profile {workload.profile.name}, written by csctl render kubernetes.",
            "Written anew it is the same: change the profile, not this.",
            "",
            *howto.kubernetes(workload, cluster, names),
        )
    )
    bodies = (text(one.body) for one in documents(workload, cluster, names))
    return head + "".join(f"---\n{body}" for body in bodies)


def documents(
    workload: Workload, cluster: Cluster, names: Names
) -> tuple[Document, ...]:
    """The objects, in the order in which they are applied. Raises UsageError."""
    _check(workload, cluster)
    return tuple(_documents(workload, cluster, names))


def notes(workload: Workload, cluster: Cluster) -> Iterator[str]:
    """What an operator should know of the cluster's side."""
    if object_name(workload.profile.name) != workload.profile.name:
        yield f"on Kubernetes it is called {object_name(workload.profile.name)}"
    if workload.owner is None:
        yield (
            "the image's user is not known here, so the pods run without a security"
            " context for it and may not be able to write: give --user UID:GID (csctl"
            " mount check tells it)"
        )
    if cluster.volume == "shared":
        yield (
            "the models' volume is for many nodes (ReadWriteMany), which not every"
            " storage class can; --volume node keeps all pods on one node instead"
        )
    if not workload.downloads and cluster.volume != "own":
        yield (
            "the profile names no key to download with: nothing fills the models'"
            " volume; the head of the output says how to do it"
        )
    for key, value in workload.labels.items():
        if not is_label(key, value):
            yield f"label {key} is none that Kubernetes takes, and is left out"
    if workload.profile.image.tag == "latest":
        yield "image: latest may be another image on each node: write an exact tag"


def _check(workload: Workload, cluster: Cluster) -> None:
    name = workload.profile.name
    if cluster.most < workload.replicas:
        raise UsageError(
            f"{name}: at most {cluster.most} pods are fewer than"
            f" {workload.replicas} replicas",
            remedy="raise --max-replicas, or lower --replicas",
        )
    if cluster.volume != "own":
        return
    remedy = "use --volume shared, or --volume node"
    if workload.profile.mode == "disconnected":
        raise UsageError(
            f"{name}: a disconnected container downloads nothing, so a volume of its"
            " own would stay empty",
            remedy=remedy,
        )
    if workload.profile.display is not None:
        raise UsageError(
            f"{name}: display models are downloaded apart from serving, so a volume of"
            " its own would lack them",
            remedy=remedy,
        )


def _documents(
    workload: Workload, cluster: Cluster, names: Names
) -> Iterator[Document]:
    targets = {one.target for one in workload.spec.mounts}
    own = cluster.volume == "own"
    yield Document(name="environment", body=_config_map(workload, names))
    if not own:
        mode = "ReadWriteMany" if cluster.volume == "shared" else "ReadWriteOnce"
        yield Document(
            name="models",
            body=_claim(
                names.models,
                names,
                mode,
                _MODELS_SIZE,
                "Every model that is served has a directory of its own on it.",
            ),
        )
    if arguments.LICENSE in targets and cluster.license == "volume":
        yield Document(
            name="license",
            body=_claim(
                names.license,
                names,
                "ReadWriteOnce" if cluster.volume == "node" else "ReadWriteMany",
                _SMALL_SIZE,
                "The files of one license: it fits one image and one model.",
            ),
        )
    if arguments.OUTPUT in targets:
        yield Document(
            name="output",
            body=_claim(
                names.output,
                names,
                "ReadWriteOnce" if cluster.volume == "node" else "ReadWriteMany",
                _SMALL_SIZE,
                "Usage records, the proof of use: back it up, and never delete it.",
            ),
        )
    if workload.downloads and not own:
        job = fetching.job(workload, cluster, names)
        yield Document(name="download", body=job)
    yield Document(name="serve", body=_serving(workload, cluster, names))
    yield Document(name="service", body=_service(names, headless=False))
    if own:
        yield Document(name="peers", body=_service(names, headless=True))
    yield Document(name="autoscaler", body=_autoscaler(workload, cluster, names))
    yield Document(name="disruption", body=_disruption(names))
    yield Document(name="network", body=network.of_serving(workload, names))
    if workload.downloads and not own:
        policy = network.of_download(workload, names)
        yield Document(name="network-download", body=policy)


def _config_map(workload: Workload, names: Names) -> dict[Any, Any]:
    data = {"data": shared_environment(workload)}
    labels = names.selector("serve")
    return object_of("v1", "ConfigMap", names.environment, labels, data)


def _claim_spec(mode: str, size: str, about: str) -> dict[Any, Any]:
    return {
        **remark(about),
        "accessModes": [mode],
        **remark("Decide: null is the cluster's default class."),
        "storageClassName": None,
        **remark("Decide: how much it holds; no sizes are documented."),
        "resources": {"requests": {"storage": size}},
    }


def _claim(name: str, names: Names, mode: str, size: str, about: str) -> dict[Any, Any]:
    spec = {"spec": _claim_spec(mode, size, about)}
    labels = names.selector("serve")
    return object_of("v1", "PersistentVolumeClaim", name, labels, spec)


def _serving(workload: Workload, cluster: Cluster, names: Names) -> dict[Any, Any]:
    selector = names.selector("serve")
    template = {"template": pod.template(workload, cluster, names)}
    spec: dict[Any, Any] = {
        **remark("How many there are says the autoscaler; a number here sets it back."),
        "selector": {"matchLabels": selector},
    }
    if cluster.volume != "own":
        rolling = {"maxUnavailable": 0, "maxSurge": 1}
        strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
        spec |= {"strategy": strategy} | template
        return object_of("apps/v1", "Deployment", names.name, selector, {"spec": spec})
    spec |= {"serviceName": f"{names.name}-peers", "podManagementPolicy": "Parallel"}
    spec |= template
    about = "Each pod downloads the model onto its own volume, and keeps it."
    claim = _claim_spec("ReadWriteOnce", _MODELS_SIZE, about)
    spec["volumeClaimTemplates"] = [{"metadata": {"name": "models"}, "spec": claim}]
    return object_of("apps/v1", "StatefulSet", names.name, selector, {"spec": spec})


def _service(names: Names, *, headless: bool) -> dict[Any, Any]:
    selector = names.selector("serve")
    port = {"name": "speech", "port": arguments.PORT, "targetPort": "speech"}
    spec: dict[Any, Any] = {"selector": selector, "ports": [port]}
    if headless:
        spec |= {"clusterIP": "None", "publishNotReadyAddresses": True}
        name = f"{names.name}-peers"
    else:
        spec = {
            **remark(
                "The container has no access control and no TLS: whatever makes",
                "it reachable from outside has to bring both.",
            ),
            "type": "ClusterIP",
        } | spec
        name = names.name
    return object_of("v1", "Service", name, selector, {"spec": spec})


def _autoscaler(workload: Workload, cluster: Cluster, names: Names) -> dict[Any, Any]:
    kind = "StatefulSet" if cluster.volume == "own" else "Deployment"
    target = {"type": "Utilization", "averageUtilization": _CPU_PERCENT}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": names.name},
        "minReplicas": workload.replicas,
        "maxReplicas": cluster.most,
        **remark("Of the requested CPU; a stream takes one to two cores."),
        "metrics": [
            {"type": "Resource", "resource": {"name": "cpu", "target": target}}
        ],
        "behavior": {
            **remark("A new pod loads its model for a minute: do not go down and up."),
            "scaleDown": {"stabilizationWindowSeconds": 600},
        },
    }
    labels = names.selector("serve")
    return object_of(
        "autoscaling/v2", "HorizontalPodAutoscaler", names.name, labels, {"spec": spec}
    )


def _disruption(names: Names) -> dict[Any, Any]:
    selector = names.selector("serve")
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": selector}}
    return object_of(
        "policy/v1", "PodDisruptionBudget", names.name, selector, {"spec": spec}
    )
