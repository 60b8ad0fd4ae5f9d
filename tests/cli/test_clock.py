"""A host whose clock went back behind what csctl recorded there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.shell import Draft, Engine, Shell

SAID = "the clock of this host is behind"


def _later(path: Path) -> None:
    """As if it had been written two days from now."""
    known = json.loads(path.read_text())
    at = datetime.now(UTC) + timedelta(days=2)
    path.write_text(json.dumps(known | {"fetched_at": at.isoformat()}))


@pytest.fixture
def behind(shell: Shell) -> Draft:
    """A profile with model and license, the model of the day after tomorrow."""
    draft = shell.write(stocked=True)
    _later(draft.model.with_name(f"{draft.model.name}.csctl.json"))
    return draft


@pytest.mark.parametrize(
    "words",
    [
        ("license", "check"),
        ("license", "pull"),
        ("license", "refresh", "--yes"),
        ("plan",),
        ("apply", "--yes"),
        ("bundle", "create", "--yes", "-o", "a.csctl"),
    ],
    ids=" ".join,
)
def test_it_is_an_error_of_its_own_and_nothing_is_done(
    shell: Shell, engine: Engine, behind: Draft, words: tuple[str, ...]
) -> None:
    before = sorted(behind.data.rglob("*"))
    done = shell.run(*words, behind.path, code=1)
    assert SAID in done.err
    assert f"model {behind.model} was fetched at" in done.err
    assert "set the clock of this host" in done.err
    left = [path for path in behind.data.rglob("*") if ".csctl" not in path.parts]
    assert [p for p in sorted(left) if p not in before and p.suffix != ".lock"] == []
    assert engine.containers(behind) == []


def test_no_days_are_counted_by_it(shell: Shell, behind: Draft) -> None:
    row = shell.json("license", "show", behind.path)
    assert (row["days_left"], row["expiry_source"]) == (None, "declared")
    assert SAID in row["clock"]
    assert (
        "unknown: the clock is behind" in shell.run("license", "show", behind.path).out
    )
    [row] = shell.json("status", behind.path)
    assert row["license"]["days_left"] is None


def test_a_license_that_was_put_there_later_tells_as_well(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    [old] = [one for one in (draft.data / "license").glob("2*") if one.is_dir()]
    stamp = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y%m%dT%H%M%SZ")
    old.rename(old.with_name(stamp))
    old.with_name(f"{old.name}.csctl.json").rename(old.with_name(f"{stamp}.csctl.json"))
    done = shell.run("license", "check", draft.path, code=1)
    assert f"license {old.with_name(stamp)} was put there" in done.err


def test_a_connected_profile_has_no_days_to_count(shell: Shell) -> None:
    draft = shell.write_connected("b", stocked=True)
    _later(draft.model.with_name(f"{draft.model.name}.csctl.json"))
    assert shell.run("plan", draft.path, code=6).code == 6
