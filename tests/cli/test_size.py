"""csctl size, as typed; it needs no Engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def alone(tmp_path: Path) -> Shell:
    """csctl where no Engine answers."""
    return Shell(tmp_path, "unix:///nonexistent/docker.sock", "t-")


def test_the_rules_stand_side_by_side(alone: Shell) -> None:
    done = alone.run("size", "--streams", "200")
    header, *rows = done.out.splitlines()
    assert header.split()[0] == "RULE"
    names = [row.split()[0] for row in rows]
    assert names == ["recommended", "minimum", "chart", "extreme"]
    assert "measure one container" in done.err
    assert "4800 hours" in done.err


def test_a_measured_container_is_one_more_row(alone: Shell) -> None:
    words = ("size", "--streams", "200", "--per-container", "6", "--cores", "4")
    *_, row = alone.json(*words, "--memory", "12g")
    assert row["rule"] == "measured"
    assert (row["containers"], row["cores"], row["memory_each"]) == (34, 136, 12 << 30)
    # 4 of them fit on 16 cores and 5 into 64 GiB.
    assert (row["nodes"], row["nodes_with_spare"]) == (9, 10)


def test_a_capacity_run_tells_all_three(alone: Shell) -> None:
    file = alone.folder / "run.json"
    told = {"streams": 5, "cpus": 6.5, "memory": 8 << 30, "steps": []}
    file.write_text(json.dumps(told))
    *_, row = alone.json("size", "--streams", "11", "--capacity", file)
    assert (row["streams_each"], row["cores_each"]) == (5, 6.5)
    assert row["containers"] == 3


def test_files_take_more_than_live_streams(alone: Shell) -> None:
    live = alone.json("size", "--streams", "100")
    files = alone.json("size", "--streams", "100", "--file")
    cores = {row["rule"]: row["cores"] for row in live}
    for row in files:
        assert row["cores"] >= cores[row["rule"]]
    assert "4800 hours" in alone.run("size", "--streams", "100", "--file").err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Missing option '--streams'"),
        (("--streams", "0"), "0 is not in the range"),
        (("--streams", "1", "--cores", "4"), "of a measured container"),
        (("--streams", "1", "--node-memory", "much"), "no size"),
        (("--streams", "1", "--capacity", "absent"), "cannot be read"),
        (("--streams", "1", "--capacity", "x", "--per-container", "1"), "the same"),
    ],
    ids=str,
)
def test_what_means_nothing_is_refused(
    words: tuple[str, ...], message: str, alone: Shell
) -> None:
    assert message in alone.run("size", *words, code=2).err


@pytest.mark.parametrize("content", ["", "[]", '{"streams": "many"}', '{"cpus": 4}'])
def test_a_file_that_is_no_capacity_is_refused(content: str, alone: Shell) -> None:
    (alone.folder / "run.json").write_text(content)
    done = alone.run("size", "--streams", "1", "--capacity", "run.json", code=2)
    assert "no measured capacity" in done.err
