"""`csctl plan`, `apply` and `down`, from nothing to a container that serves."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.cli.shell import ENDPOINT, IMAGE, MODEL, Engine, Shell

_FROM_NOTHING = [
    "download-model",
    "download-display",
    "fetch-license",
    "set-ownership",
    "create",
    "start",
]


def test_a_disconnected_profile_goes_from_nothing_to_ready(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(display={"locale": "en-US", "types": ["punct", "rescore"]})
    [planned] = shell.json("plan", draft.path, code=6)
    assert planned["profile"] == draft.name
    assert [step["action"] for step in planned["steps"]] == _FROM_NOTHING
    assert all(set(step) == {"action", "target", "reason"} for step in planned["steps"])
    assert not draft.data.exists(), "plan changed something"

    done = shell.run("apply", "--yes", "--json", draft.path)
    [row] = done.json
    assert set(row) == {"profile", "steps", "outcome", "seconds"}
    assert [step["action"] for step in row["steps"]] == _FROM_NOTHING
    assert (row["profile"], row["outcome"]) == (draft.name, "ready")
    assert 0 < row["seconds"] < 60
    assert f"{draft.name}: download-model {MODEL}: it is not on this host" in done.err
    assert draft.answers()
    assert engine.containers(draft) == [draft.name]
    assert (draft.model / "punct").is_dir()
    assert (draft.model / "rescore").is_dir()
    assert {path.stat().st_uid for path in draft.model.rglob("*")} == {65532}

    environment = engine.environment(draft.name)
    assert not {"ApiKey", "Billing"} & set(environment), "disconnected needs no key"
    host = engine.inspect(draft.name)["HostConfig"]
    assert (host["NanoCpus"], host["Memory"]) == (10**9, 256 << 20)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"] == {"max-size": "10485760", "max-file": "5"}


def test_a_connected_profile_goes_from_nothing_to_ready(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write_connected(resources={"decoders": 3})
    [row] = shell.json("apply", "--yes", draft.path)
    actions = [step["action"] for step in row["steps"]]
    assert actions == ["download-model", "set-ownership", "create", "start"] or (
        actions == ["download-model", "create", "start"]
    )
    assert draft.answers()
    assert engine.inspect(draft.name)["Args"] == [f"ModelId={MODEL}", "Eula=accept"]
    environment = engine.environment(draft.name)
    assert environment["ApiKey"] == "rehearsal"
    assert environment["Billing"].rstrip("/") == ENDPOINT
    assert environment["DECODER_MAX_COUNT"] == "3"


def test_a_second_apply_and_plan_do_nothing_and_ask_nothing(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    identity = engine.identity(draft)
    [planned] = shell.json("plan", draft.path)
    assert planned["steps"] == []
    assert f"{draft.name}:\n  nothing to do\n" in shell.run("plan", draft.path).out
    [row] = shell.json("apply", draft.path)
    assert (row["steps"], row["outcome"]) == ([], "unchanged")
    assert engine.identity(draft) == identity


def test_without_a_terminal_and_without_yes_nothing_is_applied(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    done = shell.run("apply", draft.path, code=2)
    assert "there is no terminal to confirm on" in done.err
    assert "--yes" in done.err
    assert engine.containers(draft) == []


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        pytest.param("n", 1, "nothing was changed", id="no"),
        pytest.param("", 1, "nothing was changed", id="return is no"),
        pytest.param("y", 0, "start done", id="yes"),
    ],
)
def test_on_a_terminal_apply_asks_first(
    shell: Shell, engine: Engine, answer: str, code: int, words: str
) -> None:
    draft = shell.write(stocked=True)
    outer, inner = pty.openpty()
    try:
        with subprocess.Popen(
            shell.command("--no-color", "apply", draft.path),
            cwd=shell.folder,
            env=shell.environment(),
            stdin=inner,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            os.write(outer, f"{answer}\n".encode())
            _, err = process.communicate(timeout=60)
    finally:
        os.close(outer)
        os.close(inner)
    assert f"Apply to {draft.name} on {engine.url}? [y/N]" in err
    assert words in err
    assert process.returncode == code
    assert bool(engine.containers(draft)) is (code == 0)


def test_several_profiles_are_applied_side_by_side(
    shell: Shell, engine: Engine
) -> None:
    drafts = [shell.write(name, stocked=True) for name in "abc"]
    rows = shell.json("apply", "--yes", shell.folder)
    assert [row["profile"] for row in rows] == [draft.name for draft in drafts]
    assert {row["outcome"] for row in rows} == {"ready"}
    assert all(draft.answers() for draft in drafts)
    done = shell.run("down", "--yes", *(draft.path for draft in drafts))
    assert done.out.splitlines() == [f"{draft.name}: removed" for draft in drafts]
    assert [engine.containers(draft) for draft in drafts] == [[], [], []]


def test_one_profile_that_cannot_be_applied_holds_all_back(
    shell: Shell, engine: Engine
) -> None:
    good = shell.write("good", stocked=True)
    bad = shell.write("bad", stocked=True, resources={"cpus": 4096})
    done = shell.run("apply", "--yes", "--json", good.path, bad.path, code=2)
    assert [row["outcome"] for row in done.json] == ["not-started", "refused"]
    assert f"{bad.name}: resources.cpus is 4096" in done.err
    assert engine.containers(good) == []


def test_two_profiles_of_one_port_are_refused(shell: Shell) -> None:
    one = shell.write("one", stocked=True)
    two = shell.write("two", stocked=True, port=one.document["port"])
    for verb in (("plan",), ("apply", "--yes")):
        done = shell.run(*verb, one.path, two.path, code=2)
        for name in (one.name, two.name):
            assert f"{name}: port {one.address} is wanted by another" in done.err


def test_two_profiles_of_one_name_are_refused(shell: Shell) -> None:
    one = shell.write("one", stocked=True)
    two = shell.write("two", stocked=True)
    two.change(name=one.name)
    done = shell.run("plan", one.path, two.path, code=2)
    assert one.name in done.err
    assert str(two.path) in done.err


def test_a_container_that_is_not_ready_in_time_ends_with_5(shell: Shell) -> None:
    draft = shell.write(stocked=True, environment={"REHEARSAL_FAIL": "never-ready"})
    done = shell.run("apply", "--yes", "--timeout", "1s", "--json", draft.path, code=5)
    assert done.json[0]["outcome"] == "not-ready"
    assert f"{draft.name} is not ready after 1 s" in done.err


def test_an_unset_key_stops_only_what_needs_it(shell: Shell, engine: Engine) -> None:
    draft = shell.write()
    shell.environ["STAND_IN_KEY"] = ""
    done = shell.run("plan", draft.path, code=2)
    assert "environment variable STAND_IN_KEY is unset or empty" in done.err
    served = shell.write("b", stocked=True)
    shell.apply(served)
    assert engine.containers(served) == [served.name]


@pytest.mark.parametrize("verb", ["plan", "apply", "status", "validate", "down"])
def test_a_profile_that_is_absent_is_named(shell: Shell, verb: str) -> None:
    done = shell.run(verb, "absent.yaml", code=2)
    assert "absent.yaml" in done.err


def test_down_keeps_all_data(shell: Shell, engine: Engine) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    kept = _files(draft.data / "models") | _files(draft.data / "license")
    assert "there is no terminal" in shell.run("down", draft.path, code=2).err
    row = shell.json("down", "--yes", draft.path)
    assert row["profile"] == draft.name
    assert [step["action"] for step in row["steps"]] == ["stop", "remove"]
    assert engine.containers(draft) == []
    assert _files(draft.data / "models") | _files(draft.data / "license") == kept
    assert shell.run("down", draft.path).out == f"{draft.name}: nothing to do\n"
    assert shell.actions(draft) == ["create", "start"]


def test_down_leaves_foreign_containers_alone(shell: Shell, engine: Engine) -> None:
    draft = shell.write(stocked=True)
    engine.run(draft.name, "Eula=accept", environment={"REHEARSAL_ECHO_KEY": "1"})
    try:
        assert shell.run("down", draft.path).out == f"{draft.name}: nothing to do\n"
        done = shell.run("plan", draft.path, code=1)
        assert f"the name {draft.name} is taken by a container of {IMAGE}" in done.err
        assert f"csctl adopt {draft.name}" in done.err
        assert engine.inspect(draft.name)["Config"]["Labels"].keys() == {
            "org.opencontainers.image.title",
            "org.opencontainers.image.version",
        }
    finally:
        engine.remove(draft.name)


def test_no_engine_is_3_and_names_what_was_asked(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    nowhere = shell.folder / "nobody.sock"
    done = shell.run("-H", f"unix://{nowhere}", "plan", draft.path, code=3)
    assert str(nowhere) in done.err
    assert "  -> " in done.err


def test_an_engine_can_be_named_by_option_or_by_context(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    url, shell.url = shell.url, "unix:///nowhere.sock"
    shell.run("-H", url, "plan", draft.path, code=6)
    shell.write_context("tests", url)
    shell.run("--context", "tests", "plan", draft.path, code=6)
    shell.run("--context", "unheard-of", "plan", draft.path, code=3)


def _files(folder: Path) -> set[tuple[Path, int, int]]:
    return {
        (path, path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }
