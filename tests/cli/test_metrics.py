"""`csctl metrics` of a container that serves."""

from __future__ import annotations

import os
import time

from prometheus_client.parser import text_string_to_metric_families

from tests.cli.shell import METER, Shell

_SECONDS = 60


def _values(text: str) -> dict[str, float]:
    """The one sample of each family that has one."""
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_profile_is_measured_from_its_license_to_its_usage(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    absent = _values(shell.run("metrics", draft.path).out)
    assert absent["csctl_container_running"] == 0
    assert absent["csctl_license_days_left"] == 29

    shell.apply(draft)
    draft.change(resources={"cpus": 1, "memory": "300m"})
    deadline = time.monotonic() + _SECONDS
    while "csctl_usage_total" not in (
        found := _values(shell.run("metrics", draft.path).out)
    ):
        assert time.monotonic() < deadline
    assert found["csctl_engine_up"] == 1
    assert found["csctl_container_running"] == found["csctl_container_ready"] == 1
    assert found["csctl_drift_fields"] == 1
    assert found["csctl_license_present"] == 1
    assert found["csctl_usage_total"] >= 0
    assert f'meter="{METER}"' in shell.run("metrics", draft.path).out


def test_a_file_for_a_collector_is_replaced_in_one_step(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    file = shell.folder / "collector" / "csctl.prom"
    file.parent.mkdir()
    file.write_text("old")
    with file.open() as held:
        shell.run("metrics", draft.path, "-o", file)
        assert held.read() == "old", "whoever reads it meanwhile reads one of both"
    assert _values(file.read_text())["csctl_license_present"] == 1
    assert os.listdir(file.parent) == ["csctl.prom"]
    assert file.stat().st_mode & 0o777 == 0o644
    none = shell.folder / "none" / "csctl.prom"
    done = shell.run("metrics", draft.path, "-o", none, code=1)
    assert "cannot be written" in done.err


def test_without_an_engine_the_license_is_told_with_code_3(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    shell.environ["DOCKER_HOST"] = "unix:///nowhere"
    done = shell.run("metrics", draft.path, code=3)
    found = _values(done.out)
    assert found["csctl_engine_up"] == 0
    assert found["csctl_license_days_left"] == 29
    assert "csctl_container_ready" not in found
