"""The values of a Helm chart: each is a place in the objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]

_STRING: Final[Schema] = {"type": "string", "minLength": 1}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 1}
_MAP: Final[Schema] = {"type": "object"}
_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
_WORDS: Final[Schema] = {"type": "array", "items": {"type": "string"}}
_CLASS: Final[Schema] = {"type": ["string", "null"]}
SWITCH: Final[Schema] = {"type": "boolean"}
_TYPES: Final[Schema] = {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]}

_POD: Final[Path] = ("spec", "template", "spec")
_SPEECH: Final[Path] = (*_POD, "containers", 0)
_CLAIM: Final[Path] = ("spec",)
_OWN_CLAIM: Final[Path] = ("spec", "volumeClaimTemplates", 0, "spec")
_SIZE: Final[Path] = ("resources", "requests", "storage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value of the chart, and the places that it fills, by document."""

    name: str
    about: str
    schema: Schema
    places: tuple[tuple[str, Path], ...]


SETTINGS: Final = (
    Setting(
        name="replicas",
        about="How many containers there are at least.",
        schema=_COUNT,
        places=(("autoscaler", ("spec", "minReplicas")),),
    ),
    Setting(
        name="maxReplicas",
        about="How many the autoscaler may start.",
        schema=_COUNT,
        places=(("autoscaler", ("spec", "maxReplicas")),),
    ),
    Setting(
        name="image",
        about="The image; a license fits one build of it, and one model.",
        schema=_STRING,
        places=(
            ("serve", (*_SPEECH, "image")),
            # A model, and display models together or one by one.
            *(
                ("download", (*_POD, "initContainers", index, "image"))
                for index in range(1, 6)
            ),
        ),
    ),
    Setting(
        name="helperImage",
        about="An image with a shell, that waits for the model and marks it as whole.",
        schema=_STRING,
        places=(
            ("serve", (*_POD, "initContainers", 0, "image")),
            ("download", (*_POD, "initContainers", 0, "image")),
            ("download", (*_POD, "containers", 0, "image")),
        ),
    ),
    Setting(
        name="args",
        about="The words that the image is started with.",
        schema=_WORDS,
        places=(("serve", (*_SPEECH, "args")),),
    ),
    Setting(
        name="environment",
        about="Variables without secrets, for every run of the image.",
        schema=_TEXTS,
        places=(("environment", ("data",)),),
    ),
    Setting(
        name="resources",
        about="What a container requests, and its limits.",
        schema=_MAP,
        places=(("serve", (*_SPEECH, "resources")),),
    ),
    Setting(
        name="podSecurityContext",
        about="The image's user, by number; nothing runs right under another one.",
        schema=_MAP,
        places=(
            ("serve", (*_POD, "securityContext")),
            ("download", (*_POD, "securityContext")),
        ),
    ),
    Setting(
        name="nodeSelector",
        about="The nodes that it may run on: amd64, with AVX2.",
        schema=_TEXTS,
        places=(
            ("serve", (*_POD, "nodeSelector")),
            ("download", (*_POD, "nodeSelector")),
        ),
    ),
    Setting(
        name="drainSeconds",
        about="How long a pod that is to go keeps its sessions.",
        schema=_COUNT,
        places=(("serve", (*_SPEECH, "lifecycle", "preStop", "sleep", "seconds")),),
    ),
    Setting(
        name="graceSeconds",
        about="When it is killed; more than drainSeconds.",
        schema=_COUNT,
        places=(("serve", (*_POD, "terminationGracePeriodSeconds")),),
    ),
    Setting(
        name="modelsStorageClass",
        about="The class of the models' volume; null is the cluster's default.",
        schema=_CLASS,
        places=(
            ("models", (*_CLAIM, "storageClassName")),
            ("serve", (*_OWN_CLAIM, "storageClassName")),
        ),
    ),
    Setting(
        name="modelsSize",
        about="The size of the models' volume.",
        schema=_STRING,
        places=(
            ("models", (*_CLAIM, *_SIZE)),
            ("serve", (*_OWN_CLAIM, *_SIZE)),
        ),
    ),
    Setting(
        name="outputStorageClass",
        about="The class of the usage records' volume.",
        schema=_CLASS,
        places=(("output", (*_CLAIM, "storageClassName")),),
    ),
    Setting(
        name="licenseStorageClass",
        about="The class of the license's volume.",
        schema=_CLASS,
        places=(("license", (*_CLAIM, "storageClassName")),),
    ),
    Setting(
        name="serviceType",
        about="The container has no access control and no TLS: keep it inside.",
        schema=_TYPES,
        places=(("service", ("spec", "type")),),
    ),
)

SWITCHES: Final = {
    "download": ("downloadModel", "Whether a Job downloads the model."),
    "autoscaler": ("autoscaler", "Whether there is one; without, scale by hand."),
    "disruption": ("disruptionBudget", "Whether nodes are drained pod by pod."),
    "network": ("networkPolicy", "Whether only labelled pods may speak to it."),
    "network-download": ("networkPolicy", ""),
}
"""Documents that can be left out, each with the value that says so."""
