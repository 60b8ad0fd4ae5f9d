"""`csctl prepare`: all that interrupts nothing, and nothing else."""

from __future__ import annotations

from tests.cli.shell import OTHER_MODEL, Engine, Shell


def test_what_can_be_done_beforehand_is_done(shell: Shell, engine: Engine) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    serving = engine.inspect(draft.name)["Id"]
    draft.change(model={"id": OTHER_MODEL})
    assert shell.actions(draft) == ["download-model", "fetch-license", "replace"]

    [done] = shell.json("prepare", draft.path)
    assert [step["action"] for step in done["steps"]] == [
        "download-model",
        "fetch-license",
    ]
    assert done["outcome"] == "prepared"
    assert engine.inspect(draft.name)["Id"] == serving
    assert draft.answers()
    assert shell.actions(draft) == ["replace"]

    [again] = shell.json("prepare", draft.path)
    assert (again["steps"], again["outcome"]) == ([], "unchanged")
    shell.apply(draft)
    assert engine.inspect(draft.name)["Id"] != serving


def test_what_is_in_its_way_is_said_before_anything_is_done(shell: Shell) -> None:
    draft = shell.write()
    shell.environ["STAND_IN_KEY"] = ""
    failed = shell.run("prepare", draft.path, code=2)
    assert "STAND_IN_KEY" in failed.err
    assert not draft.data.exists()
