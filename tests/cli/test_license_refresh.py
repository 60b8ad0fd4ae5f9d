"""`csctl license refresh`: a new license serves only once it has been proven."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.shell import ENDPOINT, Draft, Engine, Shell

_EXPIRED = {"REHEARSAL_LICENSE_DAYS": "-1"}


def _sets(draft: Draft) -> list[str]:
    root = draft.data / "license"
    return sorted(path.name for path in root.glob("2*") if path.is_dir())


def _used(engine: Engine, draft: Draft) -> str:
    label: str = engine.inspect(draft.name)["Config"]["Labels"]["csctl.license"]
    return Path(label).name


def _refused(shell: Shell, draft: Draft) -> dict[str, str]:
    sets = shell.json("license", "show", draft.path)["sets"]
    return {Path(one["path"]).name: one["refused"] for one in sets if one["refused"]}


def _check_tidy(draft: Draft) -> None:
    left = list(draft.data.rglob(".csctl-staging-*"))
    assert left == []


def test_a_refresh_puts_a_proven_license_to_use(shell: Shell, engine: Engine) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    before, old = engine.identity(draft), _used(engine, draft)
    done = shell.run("license", "refresh", "--yes", "--json", draft.path)
    assert f"* {'':2}fetch-license {draft.data / 'license'}: a new one" in done.err
    assert f"-/+ replace {draft.name}: it gets the new license" in done.err
    assert "a second container proves license" in done.err
    assert engine.identity(draft) != before
    assert engine.containers(draft) == [draft.name]
    new = _used(engine, draft)
    assert done.json["path"] == str(draft.data / "license" / new)
    assert _sets(draft) == sorted([old, new])
    assert _refused(shell, draft) == {}
    assert draft.answers()
    assert shell.actions(draft) == []
    _check_tidy(draft)
    records = {path.name for path in (draft.data / "output").glob("*/*")}
    assert records == {before[:12], engine.identity(draft)[:12]}, "not of the proof"


def test_a_license_that_fails_its_proof_is_refused_and_the_old_one_serves(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True, environment=_EXPIRED)
    shell.apply(draft)
    before, old = engine.identity(draft), _used(engine, draft)
    done = shell.run("license", "refresh", "--yes", "--json", draft.path, code=1)
    assert "failed its proof, and is refused from now on" in done.err
    assert "what served before is untouched" in done.err
    assert done.json == []
    assert engine.identity(draft) == before
    assert engine.containers(draft) == [draft.name]
    [new] = set(_sets(draft)) - {old}
    assert list(_refused(shell, draft)) == [new]
    assert f"{new}, fetched" in shell.run("license", "show", draft.path).out
    assert shell.actions(draft) == []
    [kept] = (draft.data / ".csctl" / "logs").glob("*-proof.log")
    assert "does not have a valid disconnected container license" in kept.read_text()
    assert str(kept) in done.err
    _check_tidy(draft)


def test_for_a_timer_only_what_is_due_is_refreshed(
    shell: Shell, engine: Engine
) -> None:
    well = shell.write("well", stocked=True)
    due = shell.write("due", stocked=True)
    due.change(license=due.document["license"] | {"renew_before": "40d"})
    shell.apply(well, due)
    before = engine.identity(well), engine.identity(due)
    words = ("license", "refresh", "--due", "--yes")
    [row] = [shell.json(*words, well.path, due.path)]
    assert Path(row["path"]).parent == due.data / "license"
    assert engine.identity(well) == before[0]
    assert engine.identity(due) != before[1]
    assert shell.json(*words, well.path) == []


def test_without_a_terminal_it_takes_yes(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    before = _sets(draft)
    stopped = shell.run("license", "refresh", draft.path, code=2)
    assert "there is no terminal to confirm on" in stopped.err
    assert _sets(draft) == before


def test_a_connected_profile_needs_none(shell: Shell) -> None:
    draft = shell.write_connected()
    done = shell.run("license", "refresh", "--yes", "--json", draft.path)
    assert done.json == []
    assert f"{draft.name} is connected, and needs no license" in done.err


def test_where_nothing_runs_the_license_is_proven_and_old_ones_go(
    shell: Shell, engine: Engine
) -> None:
    account = {"endpoint": ENDPOINT, "api_key": {"env": "STAND_IN_KEY"}}
    draft = shell.write(stocked=True, license=account | {"keep": 1})
    [first] = _sets(draft)
    root = draft.data / "license"
    for name in ("20200101T000000Z", "20210101T000000Z"):
        shutil.copytree(root / first, root / name)
        shutil.copy(root / f"{first}.csctl.json", root / f"{name}.csctl.json")
    by_hand = root / "20190101T000000Z"
    shutil.copytree(root / first, by_hand)
    done = shell.run("license", "refresh", "--yes", "--json", draft.path)
    assert "1 newer license sets are kept for going back" in done.err
    [new] = set(_sets(draft)) - {first, by_hand.name}
    assert _sets(draft) == [by_hand.name, first, new], "csctl did not fetch the oldest"
    assert len(list(root.glob("*.csctl.json"))) == 2
    assert engine.containers(draft) == []
    shown = shell.json("license", "show", draft.path)
    assert shown["path"] == done.json["path"] == str(root / new)
    _check_tidy(draft)


def test_where_memory_is_short_the_operator_decides(
    shell: Shell, engine: Engine
) -> None:
    with Path("/proc/meminfo").open() as file:
        total = int(file.readline().split()[1]) << 10
    limits = {"cpus": 1, "memory": total}
    large = shell.write(stocked=True, resources=limits, environment=_EXPIRED)
    shell.apply(large)
    before, old = engine.identity(large), _used(engine, large)
    done = shell.run("license", "refresh", "--yes", large.path, code=2)
    assert "GiB of memory, and" in done.err
    assert "--allow-interruption" in done.err
    assert _sets(large) == [old]
    # The replacement is the proof, and what it does not prove is refused as well.
    words = ("license", "refresh", "--yes", "--allow-interruption", large.path)
    done = shell.run(*words, code=1)
    assert "the replacement itself is the proof" in done.err
    assert "the old one serves again" in done.err
    assert engine.identity(large) == before
    [new] = set(_sets(large)) - {old}
    assert list(_refused(shell, large)) == [new]
    assert shell.actions(large) == []
    large.change(environment={})
    done = shell.run(*words)
    assert "a second container proves license" not in done.err
    assert _used(engine, large) not in (old, new)
    assert list(_refused(shell, large)) == [new]
    assert shell.actions(large) == []
