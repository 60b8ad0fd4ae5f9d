"""Kubernetes objects: valid against the schemas, and what a cluster needs of them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
import yaml
from kubernetes_validate import utils as kubernetes_validate

from csctl.errors import UsageError
from csctl.render import kubernetes
from csctl.render.cluster import Cluster
from csctl.render.speech import cpu, memory
from csctl.render.workload import Workload
from tests.plan.situation import CONNECTED, DISCONNECTED, MODEL
from tests.render.making import DISPLAY, made, objects, of_kind

CLUSTERS = {
    "shared": Cluster(most=3),
    "node": Cluster(volume="node", license="volume", most=2),
    "own": Cluster(volume="own", most=2),
}
WORKLOADS = {
    "connected": lambda: made(CONNECTED, environment={"A:B": "x"}, labels={"t": "v"}),
    "disconnected": lambda: made(DISCONNECTED, replicas=2),
    "display": lambda: made(DISCONNECTED, display=DISPLAY, owner=None),
    "argument": lambda: made(CONNECTED, api_key_as="argument", resources=None),
    "proxy": lambda: made(CONNECTED, proxy={"env": "PROXY"}),
    "offline": lambda: made(DISCONNECTED, billing=None),
}


def _versions() -> list[str]:
    found = {
        kubernetes_validate.major_minor(one)
        for one in kubernetes_validate.all_versions()
    }
    return sorted(found, key=lambda one: [int(part) for part in one.split(".")])[-5:]


def _fits(workload: str, cluster: str) -> bool:
    return cluster != "own" or workload in ("connected", "argument", "proxy")


@pytest.mark.parametrize("version", _versions())
@pytest.mark.parametrize(
    ("workload", "cluster"),
    [(w, c) for w in WORKLOADS for c in CLUSTERS if _fits(w, c)],
)
def test_the_schemas_of_the_last_five_versions_accept_it(
    workload: str, cluster: str, version: str
) -> None:
    text = kubernetes.stream(WORKLOADS[workload](), CLUSTERS[cluster])
    for one in objects(text).values():
        assert _judged_by(json.dumps(one), version) == version


@cache
def _judged_by(text: str, version: str) -> Any:
    """The version whose schema accepts an object; many objects are the same."""
    return kubernetes_validate.validate(json.loads(text), version, strict=True)


def test_the_schemas_refuse_what_is_wrong() -> None:
    [one] = of_kind(_text(made(CONNECTED)), "Deployment")
    one["spec"]["template"]["spec"]["containers"][0]["ports"] = "5000"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(one, _versions()[-1], strict=True)


def _text(workload: Workload, **cluster: Any) -> str:
    return kubernetes.stream(workload, Cluster(**({"most": 2} | cluster)))


def _pod(text: str, kind: str = "Deployment") -> Any:
    [one] = of_kind(text, kind)
    return one["spec"]["template"]["spec"]


def _speech(text: str, kind: str = "Deployment") -> Any:
    [one] = _pod(text, kind)["containers"]
    return one


def test_the_same_profile_gives_the_same_bytes() -> None:
    first = _text(made(DISCONNECTED, display=DISPLAY))
    assert _text(made(DISCONNECTED, display=DISPLAY)) == first


def test_liveness_never_asks_the_api_key() -> None:
    for written in (CONNECTED, DISCONNECTED):
        speech = _speech(_text(made(written)))
        assert speech["startupProbe"]["httpGet"]["path"] == "/ready"
        assert speech["readinessProbe"]["httpGet"]["path"] == "/ready"
        assert "httpGet" not in speech["livenessProbe"]
        assert "/status" not in str(speech)


def test_the_start_may_take_as_long_as_the_profile_says() -> None:
    probe = _speech(_text(made(CONNECTED, ready={"timeout": "7m"})))["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 420


def test_a_key_is_a_reference() -> None:
    text = _text(made(CONNECTED))
    [key] = [one for one in _speech(text)["env"] if one["name"] == "ApiKey"]
    reference = {"name": "contoso-keys", "key": "ApiKey"}
    assert key == {"name": "ApiKey", "valueFrom": {"secretKeyRef": reference}}
    assert of_kind(text, "Secret") == []
    assert "kubectl create secret generic contoso-keys" in text


def test_a_key_as_an_argument_is_put_there_by_the_kubelet() -> None:
    speech = _speech(_text(made(CONNECTED, api_key_as="argument")))
    assert "ApiKey=$(SPEECH_API_KEY)" in speech["args"]
    names = [one["name"] for one in speech["env"]]
    assert "SPEECH_API_KEY" in names
    assert "ApiKey" not in names  # Which of the two would count is not known.


@pytest.mark.parametrize("way", ["environment", "argument"])
def test_a_disconnected_pod_holds_no_key_and_calls_nobody(way: str) -> None:
    text = _text(made(DISCONNECTED, api_key_as=way))
    assert "secretKeyRef" not in str(_pod(text)["containers"])
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind(text, POLICY)}
    assert policies["contoso"]["egress"] == []
    assert policies["contoso"]["policyTypes"] == ["Ingress", "Egress"]
    ports = [p["port"] for r in policies["contoso-model"]["egress"] for p in r["ports"]]
    assert ports == [53, 53, 443]


POLICY = "NetworkPolicy"


def test_each_pod_writes_its_usage_records_apart() -> None:
    speech = _speech(_text(made(DISCONNECTED)))
    [output] = [one for one in speech["volumeMounts"] if one["name"] == "output"]
    assert output["subPathExpr"] == "$(POD_NAME)"
    assert speech["env"][0]["name"] == "POD_NAME"


def test_another_model_gets_another_directory() -> None:
    plain = _mounted(made(DISCONNECTED))
    assert plain == MODEL
    other = _mounted(made(DISCONNECTED, display=DISPLAY))
    assert other.startswith(f"{MODEL}-")
    assert _mounted(made(DISCONNECTED, display={**DISPLAY, "types": "full"})) != other


def _mounted(workload: Workload) -> str:
    text = _text(workload)
    [mount] = [m for m in _speech(text)["volumeMounts"] if m["name"] == "models"]
    [job] = of_kind(text, "Job")
    runs = job["spec"]["template"]["spec"]["initContainers"][1:]
    assert {run["volumeMounts"][0]["subPath"] for run in runs} == {mount["subPath"]}
    return str(mount["subPath"])


def test_the_download_is_a_sidecar_until_ready() -> None:
    text = _text(made(DISCONNECTED, display=DISPLAY))
    pod = _pod(text, "Job")
    prepare, model, display = pod["initContainers"]
    assert model["restartPolicy"] == "Always"
    assert model["startupProbe"]["httpGet"] == {"path": "/ready", "port": "speech"}
    assert "restartPolicy" not in prepare
    assert "restartPolicy" not in display
    assert display["resources"]["requests"]["cpu"] == "100m"
    assert [one["name"] for one in pod["containers"]] == ["mark-whole"]


def test_a_changed_job_is_another_one() -> None:
    def name(workload: Workload) -> str:
        [job] = of_kind(_text(workload), "Job")
        return str(job["metadata"]["name"])

    first = name(made(DISCONNECTED))
    assert name(made(DISCONNECTED)) == first
    assert name(made(DISCONNECTED, image="csctl/rehearsal:5.0.1-preview-amd64")) != (
        first
    )


def test_pods_of_one_nodes_volume_go_where_it_is() -> None:
    text = _text(made(DISCONNECTED), volume="node")
    for kind in ("Deployment", "Job"):
        [term] = _pod(text, kind)["affinity"]["podAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
        [wanted] = of_kind(text, kind)
        labels = wanted["spec"]["template"]["metadata"]["labels"]
        assert term["labelSelector"]["matchLabels"].items() <= labels.items()
    modes = {str(one["spec"]["accessModes"]) for one in of_kind(text, CLAIM)}
    assert modes == {"['ReadWriteOnce']"}


CLAIM = "PersistentVolumeClaim"


def test_pods_with_a_volume_each_are_a_stateful_set_that_downloads_itself() -> None:
    text = _text(made(CONNECTED), volume="own")
    assert of_kind(text, "Deployment") == of_kind(text, "Job") == []
    [one] = of_kind(text, "StatefulSet")
    [template] = one["spec"]["volumeClaimTemplates"]
    assert template["metadata"]["name"] == "models"
    assert one["spec"]["serviceName"] in {n for k, n in objects(text) if k == "Service"}
    probe = _speech(text, "StatefulSet")["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 3600 + 600
    [scaler] = of_kind(text, "HorizontalPodAutoscaler")
    assert scaler["spec"]["scaleTargetRef"]["kind"] == "StatefulSet"


@pytest.mark.parametrize(
    ("workload", "cluster", "message"),
    [
        (DISCONNECTED, {"volume": "own"}, "downloads nothing"),
        ({**CONNECTED, "display": DISPLAY}, {"volume": "own"}, "apart from serving"),
        (CONNECTED, {"most": 0}, "fewer than"),
    ],
    ids=["disconnected", "display", "replicas"],
)
def test_what_cannot_work_is_refused(
    workload: dict[str, Any], cluster: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        _text(made(workload), **cluster)


def test_the_images_user_is_set_where_it_is_known() -> None:
    context = _pod(_text(made(CONNECTED)))["securityContext"]
    assert (context["runAsUser"], context["fsGroup"]) == (65532, 65532)
    assert context["runAsNonRoot"] is True
    unknown = _text(made(CONNECTED, owner=None))
    # A name is not enough for the kubelet to tell that it is not root.
    assert "runAsNonRoot" not in _pod(unknown)["securityContext"]
    assert any("--user" in note for note in _notes(made(CONNECTED, owner=None)))


def _notes(workload: Workload) -> list[str]:
    return list(kubernetes.notes(workload, Cluster(most=2)))


def test_what_a_person_should_know_is_said() -> None:
    odd = made(DISCONNECTED, name="Con_toso", billing=None, labels={"a b": "c"})
    said = "\n".join(_notes(odd))
    for words in (
        "called con-toso",
        "no key to download",
        "label a b",
        "ReadWriteMany",
    ):
        assert words in said


def test_bounds_are_the_profiles_or_the_documented_minimum() -> None:
    bounded = _speech(_text(made(CONNECTED)))["resources"]
    assert bounded["limits"] == bounded["requests"] == {"cpu": "4", "memory": "8Gi"}
    free = _speech(_text(made(CONNECTED, resources=None)))["resources"]
    assert free == {"requests": {"cpu": "4", "memory": "8Gi"}}


@pytest.mark.parametrize(
    ("cores", "written"), [(4, "4"), (6.5, "6500m"), (0.25, "250m")]
)
def test_cores(cores: float, written: str) -> None:
    assert cpu(cores) == written


@pytest.mark.parametrize(
    ("count", "written"),
    [(16 << 30, "16Gi"), (1536 << 20, "1536Mi"), (4 << 10, "4Ki"), (1000, "1000")],
)
def test_memory(count: int, written: str) -> None:
    assert memory(count) == written


def test_pods_see_that_their_variables_changed() -> None:
    def checksum(value: str) -> str:
        [one] = of_kind(_text(made(CONNECTED, environment={"A": value})), "Deployment")
        annotations = one["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["checksum/environment"])

    assert checksum("x") != checksum("y")


def test_a_label_of_the_profile_does_not_win_over_the_selector() -> None:
    label = {"app.kubernetes.io/instance": "mine"}
    [one] = of_kind(_text(made(CONNECTED, labels=label)), "Deployment")
    wanted = one["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= one["spec"]["template"]["metadata"]["labels"].items()


def test_the_whole_is_one_stream_with_a_head() -> None:
    text = _text(made(DISCONNECTED, billing=None))
    assert text.startswith("# Profile contoso, written by csctl render kubernetes.\n")
    assert len(list(yaml.safe_load_all(text))) == text.count("\n---\n")
    assert "kubectl cp /d/models" in text
