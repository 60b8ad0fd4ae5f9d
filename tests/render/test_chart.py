"""The Helm chart, rendered by Helm itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
import yaml
from kubernetes_validate import utils as kubernetes_validate

from csctl.render import chart, kubernetes
from csctl.render.cluster import Cluster
from csctl.render.workload import Workload
from tests.plan.situation import CONNECTED, DISCONNECTED
from tests.render.making import DISPLAY, made, objects

CASES = {
    "disconnected": (
        lambda: made(DISCONNECTED, display=DISPLAY, replicas=2),
        Cluster(most=4),
    ),
    "connected": (lambda: made(CONNECTED, owner=None), Cluster(most=2, volume="node")),
    "own": (lambda: made(CONNECTED), Cluster(most=2, volume="own")),
    "volume": (
        lambda: made(DISCONNECTED, billing=None),
        Cluster(most=2, license="volume"),
    ),
}


def _write(workload: Workload, cluster: Cluster, folder: Path) -> Path:
    place = folder / "contoso"
    for name, text in chart.files(workload, cluster).items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place


def _rendered(
    place: Path, values: dict[str, Any] | None = None, name: str = "contoso"
) -> dict[tuple[str, str], Any]:
    with helm.Chart.load(place) as loaded:
        loaded.validate_schema(values or {})
        files = loaded.render(values, name=name)
    found = [yaml.safe_load(text) for text in files.values() if text.strip()]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def _without_job_names(found: dict[tuple[str, str], Any]) -> dict[Any, Any]:
    """A chart's Job has another digest in its name: that of the values, too."""
    bare = {}
    for (kind, name), one in found.items():
        if kind == "Job":
            one["metadata"].pop("name")
        bare[kind, "" if kind == "Job" else name] = one
    return bare


@pytest.mark.parametrize("case", CASES)
def test_without_values_it_is_what_the_plain_objects_are(
    case: str, tmp_path: Path
) -> None:
    workload, cluster = CASES[case][0](), CASES[case][1]
    rendered = _rendered(_write(workload, cluster, tmp_path))
    plain = objects(kubernetes.stream(workload, cluster))
    assert _without_job_names(rendered) == _without_job_names(plain)


@pytest.mark.parametrize("case", CASES)
def test_helm_finds_nothing_wrong(case: str, tmp_path: Path) -> None:
    place = _write(CASES[case][0](), CASES[case][1], tmp_path)
    found = helm.lint(place)
    assert found["total_charts_linted"] == 1
    assert found["errors"] == []
    assert {one["error"] for one in found["messages"]} <= {"icon is recommended"}


def test_values_reach_their_places_and_stay_valid(tmp_path: Path) -> None:
    workload, cluster = CASES["disconnected"][0](), CASES["disconnected"][1]
    values = {
        "replicas": 3,
        "image": "registry.example/speech:5.0.1-preview-amd64",
        "helperImage": "registry.example/shell:1",
        "environment": {"A": '"<&>{{ 1 }}'},
        "podSecurityContext": {"runAsUser": 1000, "fsGroup": 1000},
        "modelsStorageClass": "fast",
        "modelsSize": "50Gi",
        "serviceType": "LoadBalancer",
    }
    found = _rendered(_write(workload, cluster, tmp_path), values, name="other")
    for one in found.values():
        latest = kubernetes_validate.latest_version()
        kubernetes_validate.validate(one, latest, strict=True)
    pods = [
        one["spec"]["template"]["spec"]
        for (kind, _), one in found.items()
        if kind in ("Deployment", "Job")
    ]
    assert len(pods) == 2
    for pod in pods:
        containers = [*pod["initContainers"], *pod["containers"]]
        assert {one["image"] for one in containers} == {
            values["image"],
            values["helperImage"],
        }
        # Helm puts a map's values over the defaults.
        wanted = {"runAsUser": 1000, "runAsGroup": 65532, "fsGroup": 1000}
        assert wanted.items() <= pod["securityContext"].items()
    config = found["ConfigMap", "other-environment"]
    assert config["data"] == values["environment"]
    claim = found["PersistentVolumeClaim", "other-models"]["spec"]
    assert claim["storageClassName"] == "fast"
    assert claim["resources"]["requests"]["storage"] == "50Gi"
    assert found["Service", "other"]["spec"]["type"] == "LoadBalancer"
    assert found["HorizontalPodAutoscaler", "other"]["spec"]["minReplicas"] == 3


def test_what_is_switched_off_is_left_out(tmp_path: Path) -> None:
    place = _write(CASES["disconnected"][0](), CASES["disconnected"][1], tmp_path)
    switches = ("autoscaler", "disruptionBudget", "networkPolicy", "downloadModel")
    before = {kind for kind, _ in _rendered(place)}
    after = {kind for kind, _ in _rendered(place, dict.fromkeys(switches, False))}
    assert before - after == {
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "Job",
    }


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": "three"},
        {"replica": 3},
        {"image": ""},
        {"serviceType": "Public"},
        {"environment": {"A": 1}},
    ],
    ids=str,
)
def test_values_that_mean_nothing_are_refused(
    values: dict[str, Any], tmp_path: Path
) -> None:
    place = _write(CASES["connected"][0](), CASES["connected"][1], tmp_path)
    with pytest.raises(helm.HelmError):
        _rendered(place, values)


def test_other_values_make_another_job(tmp_path: Path) -> None:
    place = _write(CASES["disconnected"][0](), CASES["disconnected"][1], tmp_path)

    def job(values: dict[str, Any]) -> str:
        return next(n for kind, n in _rendered(place, values) if kind == "Job")

    assert job({"image": "a:1"}) != job({"image": "a:2"})
    assert len(job({})) <= 63


def test_what_looks_like_an_action_is_text(tmp_path: Path) -> None:
    told = made(
        CONNECTED,
        environment={"A": "{{ .Values.secret }}"},
        billing={**CONNECTED["billing"], "api_key": {"command": ["x", "{{ fail }}"]}},
    )
    found = _rendered(_write(told, Cluster(most=2), tmp_path))
    data = found["ConfigMap", "contoso-environment"]["data"]
    assert data["A"] == "{{ .Values.secret }}"


def test_every_value_is_described_and_in_the_schema() -> None:
    files = chart.files(CASES["disconnected"][0](), CASES["disconnected"][1])
    lines = files["values.yaml"].splitlines()
    values = yaml.safe_load(files["values.yaml"])
    schema = json.loads(files["values.schema.json"])
    assert set(values) | {"global"} == set(schema["properties"])
    for name in values:
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{name}:"))
        assert lines[at - 1].startswith("# ")
        assert len(lines[at - 1]) > 5
