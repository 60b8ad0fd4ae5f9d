"""`csctl apply` on a container that is there already, and on one that is ill."""

from __future__ import annotations

from tests.cli.shell import MODEL, OTHER_MODEL, Engine, Shell
from tests.ports import free_port


def test_a_changed_port_replaces_the_container(shell: Shell, engine: Engine) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    old, before = draft.document["port"], engine.identity(draft)
    draft.change(port=free_port())
    done = shell.run("plan", draft.path, code=6)
    assert f"-/+ replace {draft.name}: the profile changed" in done.out
    assert f"port: 127.0.0.1:{old} -> {draft.address}" in done.out
    [row] = shell.json("apply", "--yes", draft.path)
    assert [step["action"] for step in row["steps"]] == ["replace"]
    assert engine.containers(draft) == [draft.name]
    assert engine.identity(draft) != before
    assert draft.answers()


def test_another_model_gets_a_directory_and_a_license_of_its_own(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    first = draft.model
    draft.change(model={"id": OTHER_MODEL})
    [row] = shell.json("apply", "--yes", draft.path)
    actions = [step["action"] for step in row["steps"]]
    assert actions == ["download-model", "fetch-license", "replace"]
    assert first.is_dir(), "the old model is kept for going back"
    mounts = engine.inspect(draft.name)["Mounts"]
    places = {mount["Destination"]: mount["Source"] for mount in mounts}
    assert places["/usr/local/models"] == str(draft.model)
    draft.change(model={"id": MODEL})
    [row] = shell.json("apply", "--yes", draft.path)
    assert [step["action"] for step in row["steps"]] == ["replace"]


def test_a_new_container_that_fails_gives_way_to_the_old_one(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    before = engine.identity(draft)
    draft.change(environment={"REHEARSAL_FAIL": "no-model"})
    done = shell.run("apply", "--yes", "--json", draft.path, code=1)
    assert done.json[0]["outcome"] == "rolled-back"
    assert "the old one serves again" in done.err
    assert engine.containers(draft) == [draft.name]
    assert engine.identity(draft) == before


def test_a_container_that_crashes_in_a_loop_can_be_replaced(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    [license_] = (draft.data / "license").glob("2*Z/*")
    license_.unlink()
    engine.restart(draft.name)  # It ends, and Docker starts it again and again.
    for _ in range(4):
        [planned] = shell.json("plan", draft.path, code=6)
        assert planned["problems"] == []
        assert [step["action"] for step in planned["steps"]] == [
            "fetch-license",
            "replace",
        ]
    shell.apply(draft)
    assert draft.answers()


def test_a_container_that_was_stopped_is_started_again(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    before = engine.identity(draft)
    shell.run("stop", draft.name)
    done = shell.run("plan", draft.path, code=6)
    assert f"start {draft.name}: it is exited" in done.out
    shell.apply(draft)
    assert engine.identity(draft) == before
