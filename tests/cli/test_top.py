"""`csctl top`: what running containers use, beside their limits."""

from __future__ import annotations

from tests.cli.shell import Draft, Engine, Shell

_KEYS = {"container", "cpus", "cpu_limit", "memory", "memory_limit"}


def test_a_container_is_shown_with_its_limits(
    served_shell: Shell, served: Draft
) -> None:
    [row] = served_shell.json("top", served.name, served.name)
    assert set(row) == _KEYS
    assert row["container"] == served.name
    assert (row["cpu_limit"], row["memory_limit"]) == (1, 256 << 20)
    assert 0 <= row["cpus"] <= 1.5
    assert 1 << 20 < row["memory"] < 256 << 20
    head, line = served_shell.run("top", served.name).out.splitlines()
    assert head.split() == ["CONTAINER", "CPU", "MEMORY"]
    name, cpus, memory = line.split()
    assert (name, cpus[-2:]) == (served.name, "/1")
    assert memory.endswith("M/256M")


def test_without_names_every_managed_container_that_runs_is_shown(
    shell: Shell, engine: Engine
) -> None:
    unlimited = shell.write(stocked=True, resources={})
    shell.apply(unlimited)
    stopped = shell.write("b", stocked=True)
    shell.apply(stopped)
    shell.run("stop", stopped.name)
    foreign = f"{shell.prefix}foreign"
    engine.run(foreign, "Eula=accept", environment={"REHEARSAL_FAIL": "never-ready"})
    try:
        rows = {row["container"]: row for row in shell.json("top")}
    finally:
        engine.remove(foreign)
    row = rows[unlimited.name]
    assert (row["cpu_limit"], row["memory_limit"]) == (None, None)
    assert rows.keys().isdisjoint({stopped.name, foreign})
    assert "/" not in shell.run("top", unlimited.name).out
    done = shell.run("top", unlimited.name, stopped.name, code=5)
    assert f"{stopped.name} is exited" in done.err
    assert f"csctl start {stopped.name}" in done.err


def test_a_container_that_is_absent_or_foreign_has_no_meter(
    shell: Shell, engine: Engine
) -> None:
    name = f"{shell.prefix}foreign"
    done = shell.run("top", name, code=1)
    assert f"there is no container {name}" in done.err
    engine.run(name, "Eula=accept", environment={"REHEARSAL_FAIL": "never-ready"})
    try:
        done = shell.run("top", name, code=1)
    finally:
        engine.remove(name)
    assert f"{name} is not managed by csctl" in done.err
