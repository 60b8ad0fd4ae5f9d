"""Who may speak to a profile's pods, and whom they may call."""

from __future__ import annotations

from typing import Any, Final

from csctl.contract import arguments
from csctl.render.block import remark
from csctl.render.cluster import Names, object_of
from csctl.render.workload import Workload

CLIENT_LABEL: Final = "speech-client"
CLIENT_VALUE: Final = "allowed"


def of_serving(workload: Workload, names: Names) -> dict[Any, Any]:
    """Who may speak to the pods that serve, and whom they may call."""
    selector = names.selector("serve")
    client = {"podSelector": {"matchLabels": {CLIENT_LABEL: CLIENT_VALUE}}}
    spec: dict[Any, Any] = {
        "podSelector": {"matchLabels": selector},
        "policyTypes": ["Ingress", "Egress"],
        **remark("Decide who may speak: pods of this namespace with this label can."),
        "ingress": [
            {"from": [client], "ports": [{"protocol": "TCP", "port": arguments.PORT}]}
        ],
    }
    connected = workload.profile.mode == "connected"
    nobody = {**remark("Disconnected: it calls nobody."), "egress": []}
    spec |= _egress(workload) if connected else nobody
    return object_of(
        "networking.k8s.io/v1", "NetworkPolicy", names.name, selector, {"spec": spec}
    )


def of_download(workload: Workload, names: Names) -> dict[Any, Any]:
    """Whom the download may call."""
    selector = names.selector("model")
    spec = {
        "podSelector": {"matchLabels": selector},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
    } | _egress(workload)
    name = f"{names.name}-model"
    return object_of(
        "networking.k8s.io/v1", "NetworkPolicy", name, selector, {"spec": spec}
    )


def _egress(workload: Workload) -> dict[Any, Any]:
    # Where model files are stored is not known (facts, section 4.6), so no address
    # can be named; a policy cannot name hosts anyway.
    names = [{"protocol": one, "port": 53} for one in ("UDP", "TCP")]
    rules: list[dict[str, Any]] = [{"ports": names}]
    about = remark(
        "Names, and https to *.cognitive.microsoft.com and",
        "*.cognitiveservices.azure.com; addresses cannot be known here.",
    )
    if workload.profile.proxy is None:
        rules.append({"ports": [{"protocol": "TCP", "port": 443}]})
    else:
        about = remark("Decide: the proxy alone, by its address and port.")
        rules = [{}]
    return about | {"egress": rules}
