"""What a person has to do beside the documents, as lines of comment.

No line holds a secret, and no command puts one where `ps` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from csctl.contract import arguments
from csctl.render.cluster import VOLUME, Cluster, Names
from csctl.render.network import CLIENT_LABEL, CLIENT_VALUE
from csctl.render.workload import Workload, shell


def kubernetes(workload: Workload, cluster: Cluster, names: Names) -> Iterator[str]:
    """The secrets, the license and, where nothing downloads it, the model."""
    yield "First, once, in the namespace (bash):"
    keys = dict(workload.keys)
    if keys:
        yield f"  kubectl create secret generic {names.keys} \\"
        lines = [
            f"    --from-file={name}=<({shell(name, source)})"
            for name, source in keys.items()
        ]
        yield from (f"{line} \\" for line in lines[:-1])
        yield lines[-1]
    if workload.profile.mode == "disconnected":
        yield from _license(workload, cluster, names)
    if not workload.downloads and cluster.volume != "own":
        models = _source(workload, arguments.MODELS)
        yield "The profile names no key to download the model with. From a pod that"
        yield f"mounts the claim {names.models} at {VOLUME}, called POD:"
        yield f"  kubectl cp {quote(str(models))} POD:{VOLUME}/{names.model}"
        yield f"  kubectl exec POD -- touch {VOLUME}/{names.model}.done"
    yield "Then kubectl apply -f THIS. Pods that may speak to it carry the label"
    yield f"{CLIENT_LABEL}: {CLIENT_VALUE}."
    yield "The containers' log holds recognised text: the kubelet bounds it by"
    yield "containerLogMaxSize and containerLogMaxFiles."


def _license(workload: Workload, cluster: Cluster, names: Names) -> Iterator[str]:
    place = quote(str(_source(workload, arguments.LICENSE)))
    yield "A license, for this very image and model (csctl license pull fetches one):"
    if cluster.license == "secret":
        yield f"  kubectl create secret generic {names.license} --from-file={place}"
        yield "A Secret holds 1 MiB, no folders, and is read-only; where the license"
        yield "has more, or the image wants to write: --license volume."
        return
    yield f"  kubectl cp {place}/. POD:/license    # a pod that mounts {names.license}"


def _source(workload: Workload, target: str) -> Path:
    return next(one.source for one in workload.spec.mounts if one.target == target)
