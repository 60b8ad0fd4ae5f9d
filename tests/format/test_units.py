"""systemd units, and what systemd itself says of them."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from csctl.format.units import Order, units

ORDER = Order(
    csctl=(sys.executable, "-m", "csctl"),
    profiles=("/etc/csctl/a.yaml", "/etc/csctl/b.yaml"),
    textfile=Path("/var/lib/prometheus/node-exporter/csctl.prom"),
    keys=Path("/etc/csctl/environment"),
    refreshes=False,
)
ODD = dataclasses.replace(
    ORDER,
    profiles=('/srv/50% "new" $HOME/\\n é.yaml', "/srv/a b.yaml"),
    textfile=Path("/srv/a b 100%/csctl.prom"),
    keys=Path("/srv/a b 100%/keys"),
)


def test_licenses_and_metrics_have_a_service_and_a_timer_each() -> None:
    assert [unit.name for unit in units(ORDER)] == [
        "csctl-license-check.service",
        "csctl-license-check.timer",
        "csctl-metrics.service",
        "csctl-metrics.timer",
    ]


def test_refreshing_takes_the_place_of_checking() -> None:
    first, timer, *_ = units(dataclasses.replace(ORDER, refreshes=True))
    assert first.name == "csctl-license-refresh.service"
    assert timer.name == "csctl-license-refresh.timer"
    assert " license refresh --due --yes /etc/csctl/a.yaml /etc" in first.text
    assert "Wants=network-online.target" in first.text


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing"
)
@pytest.mark.parametrize("refreshes", [False, True], ids=["check", "refresh"])
@pytest.mark.parametrize("order", [ORDER, ODD], ids=["plain", "odd"])
def test_systemd_finds_no_fault(order: Order, refreshes: bool, tmp_path: Path) -> None:
    paths = []
    for unit in units(dataclasses.replace(order, refreshes=refreshes)):
        path = tmp_path / unit.name
        path.write_text(unit.text)
        paths.append(path)
    # It follows what is named; units of this host are not to be judged.
    for name in ("docker.service", "network-online.target"):
        kind = "Service]\nExecStart=/bin/true" if "service" in name else "Unit]"
        (tmp_path / name).write_text(f"[{kind}\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    own = [line for line in done.stderr.splitlines() if "csctl-" in line]
    assert own == []
    assert done.returncode == 0, done.stderr


def test_systemd_would_find_one(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing")
    path = tmp_path / "csctl-metrics.service"
    path.write_text(units(ORDER)[2].text.replace(sys.executable, "/nowhere"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "/nowhere" in done.stderr


def test_nothing_in_a_path_is_expanded() -> None:
    [license_, _, metrics, _] = units(ODD)
    command = license_.text.partition("ExecStart=")[2].partition("\n")[0]
    assert command.endswith(r'"/srv/50%% \"new\" $$HOME/\\n é.yaml" "/srv/a b.yaml"')
    assert "EnvironmentFile=-/srv/a b 100%%/keys\n" in license_.text
    assert "ConditionPathIsDirectory=/srv/a b 100%%\n" in metrics.text
