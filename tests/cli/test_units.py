"""`csctl units`."""

from __future__ import annotations

import os

from tests.cli.shell import Shell

NAMES = [
    *("csctl-license-check.service", "csctl-license-check.timer"),
    *("csctl-metrics.service", "csctl-metrics.timer"),
]


def test_units_name_profile_and_engine_in_full(shell: Shell) -> None:
    draft = shell.write()
    out = shell.run("units", draft.path.name).out
    assert [line[22:] for line in out.splitlines() if line[:1] == "#"] == NAMES
    assert f"csctl -H {shell.url} license check {draft.path}\n" in out
    assert (
        f"metrics -o /var/lib/prometheus/node-exporter/csctl.prom {draft.path}" in out
    )
    assert "--context else" in shell.run("--context", "else", "units", draft.path).out


def test_they_are_written_where_it_is_asked_for(shell: Shell) -> None:
    draft = shell.write()
    folder = shell.folder / "units"
    folder.mkdir()
    rows = shell.json("units", draft.path, "--refresh", "-o", folder)
    assert {row["name"]: row["text"] for row in rows} == {
        name: (folder / name).read_text() for name in os.listdir(folder)
    }
    text = (folder / "csctl-license-refresh.service").read_text()
    assert "license refresh --due --yes" in text


def test_a_profile_that_is_none_has_no_units(shell: Shell) -> None:
    done = shell.run("units", "nowhere.yaml", code=2)
    assert done.out == ""
