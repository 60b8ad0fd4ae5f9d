"""Units: what systemd and Podman's generator say of them, and what is not in them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from csctl.errors import UsageError
from csctl.render import systemd
from csctl.render.systemd import Unit
from csctl.render.workload import Workload
from tests.plan.situation import CONNECTED, DISCONNECTED
from tests.render.making import ODD_WRITTEN, made

GENERATOR = "/usr/libexec/podman/quadlet"
# podman-systemd.unit(5) of Podman 5.4.
CONTAINER_KEYS = set(Path(__file__).with_name("quadlet-keys.txt").read_text().split())

CASES = {
    "connected": lambda: made(
        CONNECTED, environment={"ODD": ODD_WRITTEN}, labels={"odd": ODD_WRITTEN}
    ),
    "disconnected": lambda: made(DISCONNECTED, restart="on-failure:3"),
    "replicas": lambda: made(DISCONNECTED, replicas=2, port="[::1]:5000", restart="no"),
    "odd-path": lambda: made(CONNECTED, data="/srv/a 100% $x, y"),
}


@pytest.mark.parametrize("case", CASES)
def test_systemd_accepts_the_plain_unit(case: str, tmp_path: Path) -> None:
    unit = systemd.plain(CASES[case]())
    (tmp_path / unit.name).write_text(unit.text)
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/bin/true\n")
    assert shutil.which("systemd-analyze") is not None
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"./{unit.name}"],
        cwd=tmp_path,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, unit.name in done.stderr) == (0, False), done.stderr


def test_systemd_finds_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "wrong.service"
    path.write_text("[Service]\nExecStart=/bin/true\nBogus=1\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Bogus" in done.stderr


def _generate(folder: Path) -> subprocess.CompletedProcess[str]:
    program = os.environ.get("QUADLET", GENERATOR)
    if not os.access(program, os.X_OK):
        pytest.skip("no Podman from 4.4 on is here; its documented keys are checked")
    return subprocess.run(
        [program, "-dryrun"],
        env={**os.environ, "QUADLET_UNIT_DIRS": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("case", CASES)
def test_podmans_generator_makes_a_service_of_the_quadlet_file(
    case: str, tmp_path: Path
) -> None:
    workload = CASES[case]()
    unit = systemd.quadlet(workload, health="wget -q http://localhost:5000/ready")
    (tmp_path / unit.name).write_text(unit.text)
    done = _generate(tmp_path)
    assert done.returncode == 0, done.stderr
    [start] = re.findall(r"^ExecStart=(.*)$", done.stdout, re.MULTILINE)
    mounts = re.findall(r'--mount (?:"((?:[^"\\]|\\.)*)"|(\S+))', start)
    assert len(mounts) == len(workload.spec.mounts)
    assert start.count("--secret ") == ("ApiKey" in unit.text)


@pytest.mark.parametrize("case", CASES)
def test_a_quadlet_file_has_documented_keys_alone(case: str) -> None:
    unit = systemd.quadlet(CASES[case](), health="true")
    section = re.search(r"\[Container\]\n(.*?)\n\n", unit.text, re.DOTALL)
    assert section is not None
    keys = set(re.findall(r"^([A-Za-z]+)=", section[1], re.MULTILINE))
    assert {"Image", "Exec", "Mount", "PublishPort"} <= keys <= CONTAINER_KEYS


def _both(workload: Workload) -> list[Unit]:
    return [systemd.plain(workload), systemd.quadlet(workload, health=None)]


def test_the_key_is_in_no_command_line() -> None:
    plain, quadlet = _both(made(CONNECTED))
    assert "--env=ApiKey \\" in plain.text
    assert "EnvironmentFile=/etc/csctl/contoso.env" in plain.text
    assert "Secret=contoso-ApiKey,type=env,target=ApiKey" in quadlet.text
    for unit in (plain, quadlet):
        assert not re.search(r"^[^#]*ApiKey=\S", unit.text, re.MULTILINE)


def test_a_key_as_an_argument_is_refused() -> None:
    told = made(CONNECTED, api_key_as="argument")
    with pytest.raises(UsageError, match="no place for a key"):
        systemd.plain(told)
    with pytest.raises(UsageError, match="no place for a key"):
        systemd.quadlet(told, health=None)


def test_a_disconnected_unit_reads_no_keys() -> None:
    for unit in _both(made(DISCONNECTED)):
        assert "EnvironmentFile" not in unit.text
        assert "Secret=" not in unit.text


def test_replicas_are_a_template_by_port() -> None:
    told = made(DISCONNECTED, replicas=2)
    plain, quadlet = _both(told)
    assert (plain.name, quadlet.name) == ("contoso@.service", "contoso@.container")
    for unit in (plain, quadlet):
        assert "127.0.0.1:%i:5000" in unit.text
    assert any("contoso@5000 contoso@5001" in note for note in systemd.notes(told))


def test_stopping_a_unit_stops_no_container_of_csctl() -> None:
    plain = systemd.plain(made(DISCONNECTED))
    assert "--name=systemd-contoso " in plain.text
    assert "docker stop --time 30 systemd-contoso\n" in plain.text


@pytest.mark.parametrize(
    ("policy", "lines"),
    [
        ("no", ["Restart=no", "StartLimitIntervalSec=0"]),
        ("always", ["Restart=always"]),
        ("unless-stopped", ["Restart=always"]),
        ("on-failure", ["Restart=on-failure", "StartLimitIntervalSec=0"]),
        ("on-failure:3", ["Restart=on-failure", "StartLimitBurst=3"]),
    ],
)
def test_restart_policies(policy: str, lines: list[str]) -> None:
    for unit in _both(made(DISCONNECTED, restart=policy)):
        assert set(lines) <= set(unit.text.splitlines())


def test_double_quotes_in_a_health_command_are_refused() -> None:
    with pytest.raises(UsageError, match="double quotes"):
        systemd.quadlet(made(DISCONNECTED), health='curl "x"')
