"""The Job that downloads a model and its display models on Kubernetes.

The image has no mode that only downloads a model: it serves when it is done (facts,
section 11), and of its shell, its exit codes and its end nothing is known. It runs as
a sidecar: the kubelet goes on once `/ready` answers, and ends it when the Job's last
container, which marks the directory as whole, has ended. Nothing is asked of the image
but what is documented.
"""

from __future__ import annotations

import json
from typing import Any, Final

from csctl.contract import arguments
from csctl.render.block import remark
from csctl.render.cluster import VOLUME, Cluster, Names
from csctl.render.pod import base_spec, claimed, digest, helper, valid_labels
from csctl.render.speech import mount, speech_run, startup_probe
from csctl.render.workload import Download, Workload

_TRIES: Final = 3
_FEW: Final = {"cpu": "100m", "memory": "256Mi"}


def prepare_script(names: Names, *, owner_known: bool) -> str:
    """Start from an empty directory, unless it is whole already.

    Another user than the image's makes it where the image's is not known.
    """
    mode = "" if owner_known else " -m 0777"
    return (
        "set -eu\n"
        f"cd {VOLUME}\n"
        f"if [ -e {names.model}.done ]; then exit 0; fi\n"
        f"rm -rf {names.model}\n"
        f"mkdir{mode} {names.model}\n"
    )


def done_script(names: Names) -> str:
    """Mark the directory as whole where it has what the image needs to start."""
    return (
        "set -eu\n"
        f"cd {VOLUME}\n"
        f"test -s {names.model}/{arguments.MARKER}\n"
        f"touch {names.model}.done\n"
    )


def job(workload: Workload, cluster: Cluster, names: Names) -> dict[str, Any]:
    """The Job; changed in anything it is another one, as Jobs cannot be changed."""
    seconds = (
        workload.profile.ready.timeout.total_seconds() + arguments.DOWNLOAD_SECONDS
    )
    prepare = helper(
        workload,
        "prepare",
        prepare_script(names, owner_known=workload.owner is not None),
    )
    pod = base_spec(workload, cluster, names) | {
        "restartPolicy": "Never",
        "initContainers": [
            prepare,
            *(_download(workload, names, one, seconds) for one in workload.downloads),
        ],
        "containers": [helper(workload, "mark-whole", done_script(names))],
        "volumes": [claimed("models", names.models)],
    }
    spec: dict[str, Any] = {
        "backoffLimit": _TRIES,
        "activeDeadlineSeconds": int(seconds * (_TRIES + 1)),
        "template": {
            "metadata": {"labels": valid_labels(workload) | names.selector("model")},
            "spec": pod,
        },
    }
    suffix = digest({"spec": json.dumps(spec)})[:8]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{names.name}-model-{suffix}",
            "labels": names.selector("model"),
        },
        "spec": spec,
    }


def _download(
    workload: Workload, names: Names, one: Download, seconds: float
) -> dict[str, Any]:
    name = f"download-{one.name}"
    container = speech_run(workload, names, name, one.invocation)
    models = mount(arguments.MODELS, "models") | {"subPath": names.model}
    container["volumeMounts"] = [models]
    if not one.serves:
        # Beside the sidecar: what it needs to download is not what serving needs.
        container["resources"] = container["resources"] | {"requests": _FEW}
        return container
    about = "A sidecar: it serves when it is done, and never ends by itself."
    return (
        container
        | remark(about)
        | {
            "restartPolicy": "Always",
            "ports": [{"name": "speech", "containerPort": arguments.PORT}],
            "startupProbe": startup_probe(seconds),
        }
    )
