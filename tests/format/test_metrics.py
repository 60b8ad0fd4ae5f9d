"""Gauges in the text format of Prometheus, read by Prometheus' own parser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

import csctl
from csctl.clock import Moment
from csctl.container.drift import Difference
from csctl.errors import UsageError
from csctl.format import metrics
from csctl.lifecycle.gauges import Gauge
from tests.tui.stage import NOW, container, license_state, row

_NAMES = ("contoso", "fabrikam")

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _samples(*gauges: Gauge, engine_up: bool = True) -> Samples:
    text = metrics.text(gauges, engine_up=engine_up)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _of(samples: Samples, name: str) -> list[float]:
    return [value for (known, _), value in samples.items() if known == name]


def test_a_profile_that_serves() -> None:
    drift = Difference(field="port", have="1", want="2", by="profile")
    status = row("contoso", drift=(drift,))
    gauge = Gauge(
        profile="contoso",
        status=status,
        license=license_state(28.5),
        usage={"Seconds": 12.5, "Hours": 3},
    )
    own = ("profile", "contoso")
    ends = (NOW + timedelta(days=28.5)).timestamp()
    assert _samples(gauge) == {
        ("csctl_info", (("version", csctl.__version__),)): 1,
        ("csctl_engine_up", ()): 1,
        ("csctl_container_running", (own,)): 1,
        ("csctl_container_ready", (own,)): 1,
        ("csctl_drift_fields", (own,)): 1,
        ("csctl_license_present", (own,)): 1,
        ("csctl_license_days_left", (own, ("source", "declared"))): 28,
        ("csctl_license_end_timestamp_seconds", (own, ("source", "declared"))): ends,
        ("csctl_clock_behind", (own,)): 0,
        ("csctl_usage_total", (("meter", "Seconds"), own)): 12.5,
        ("csctl_usage_total", (("meter", "Hours"), own)): 3,
    }


def test_every_family_tells_what_it_is_once() -> None:
    gauges = [
        Gauge(profile=name, status=row(name), license=license_state())
        for name in _NAMES
    ]
    text = metrics.text(gauges, engine_up=True)
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation for family in families)
    assert text.count("# TYPE csctl_container_ready gauge\n") == 1
    assert len({family.name for family in families}) == len(families)


def test_what_is_not_known_has_no_sample() -> None:
    uncompared = row("contoso", problem=UsageError("no"), ready=False)
    unknown = Gauge(profile="contoso", status=uncompared, license=license_state(None))
    found = _samples(unknown)
    assert _of(found, "csctl_container_ready") == [0]
    assert _of(found, "csctl_license_present") == [1]
    for name in ("csctl_drift_fields", "csctl_license_days_left", "csctl_usage_total"):
        assert _of(found, name) == []


@pytest.mark.parametrize(
    "state",
    [license_state(files=()), license_state(damage=("license.bin: gone",))],
    ids=["none", "damaged"],
)
def test_a_license_that_is_not_whole_is_not_present(state: object) -> None:
    gauge = Gauge(profile="contoso", status=None, license=state)  # type: ignore[arg-type]
    assert _of(_samples(gauge), "csctl_license_present") == [0]


def test_a_clock_that_is_behind_counts_no_days() -> None:
    later = Moment(at=NOW + timedelta(days=1), what="it was fetched", mend="look")
    state = license_state(28, recorded=later)
    found = _samples(Gauge(profile="contoso", status=None, license=state))
    assert _of(found, "csctl_clock_behind") == [1]
    assert _of(found, "csctl_license_days_left") == []


def test_an_absent_container_does_not_run_and_drifts_in_nothing() -> None:
    gone = Gauge(profile="contoso", status=row("contoso", container=None), license=None)
    found = _samples(gone)
    assert _of(found, "csctl_container_running") == [0]
    assert _of(found, "csctl_drift_fields") == []


def test_without_an_engine_licenses_are_told() -> None:
    gauge = Gauge(profile="contoso", status=None, license=license_state())
    found = _samples(gauge, engine_up=False)
    assert _of(found, "csctl_engine_up") == [0]
    assert _of(found, "csctl_license_days_left") == [28]
    assert _of(found, "csctl_container_ready") == []


def test_any_name_of_a_meter_comes_through() -> None:
    name = 'a "quoted"\\ meter\nof two lines'
    status = row("contoso", container=container("contoso"))
    found = _samples(
        Gauge(profile="contoso", status=status, license=None, usage={name: 1})
    )
    assert ("csctl_usage_total", (("meter", name), ("profile", "contoso"))) in found
