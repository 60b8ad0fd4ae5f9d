"""`csctl show`: all that the details screen shows, as text and as JSON."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.shell import IMAGE, METER, MODEL, OTHER_MODEL, Draft, Engine, Shell

TITLES = ("Overview", "Fields", "Models", "License", "Mounts", "Usage", "History")


def _sections(text: str) -> dict[str, list[str]]:
    """The lines below each title."""
    parts = re.split(r"^(\w+)$", text, flags=re.MULTILINE)
    return {
        title: [line.strip() for line in body.strip("\n").splitlines()]
        for title, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_a_profile_is_shown_in_sections(served_shell: Shell, served: Draft) -> None:
    shown = served_shell.run("show", served.path)
    assert shown.err == ""
    assert shown.out.splitlines()[0] == served.name
    sections = _sections(shown.out)
    assert tuple(sections) == TITLES
    overview = dict(line.split(maxsplit=1) for line in sections["Overview"])
    assert overview["state"] == "● ready"
    assert overview["mode"] == "disconnected"
    assert overview["drift"] == "none"
    assert overview["reason"] == "there is no such container"
    assert overview["profile"] == str(served.path)
    assert sections["Fields"][0].split() == (
        ["FIELD", "PROFILE", "APPLIED", "LIVE", "DRIFTED", "BY"]
    )
    [port] = [line.split() for line in sections["Fields"] if line.startswith("port")]
    assert port == ["port", served.address, "=", "=", "-"]
    assert f"path     {served.model}" in sections["Models"]
    assert [line.split()[-3] for line in sections["License"][1:]] == ["serves"]
    assert [line.split()[-1] for line in sections["Mounts"][1:]] == ["right"] * 3
    assert sections["Usage"][-1].split()[1] == METER
    assert sections["History"][0].split()[2] == "ready"
    assert any("start" in line for line in sections["History"][1:])


def test_the_json_says_the_same(served_shell: Shell, served: Draft) -> None:
    shown = served_shell.json("show", served.path)
    parts = "fields models licenses mounts usage commitment history notes"
    assert list(shown) == ["name", "status", "warnings", "reason", *parts.split()]
    assert shown["name"] == served.name
    [status] = served_shell.json("status", served.path)
    assert shown["status"] == status
    assert shown["reason"] == "there is no such container"
    [model] = shown["models"]
    assert (model["id"], model["wanted"], model["serves"]) == (MODEL, True, True)
    assert model["path"] == str(served.model)
    assert {row["right"] for row in shown["mounts"]} == {True}
    assert [row["serves"] for row in shown["licenses"]] == [True]
    assert [list(row["meters"]) for row in shown["usage"]] == [*[[]] * 11, [METER]]
    [entry] = shown["history"]
    assert entry["outcome"] == "ready"
    assert entry["steps"][-1]["reason"] == "it is to serve"
    assert 0 < entry["ready_seconds"] <= entry["seconds"]
    assert set(map(len, shown["notes"].values())) == {0}


def test_a_container_s_name_needs_no_profile(
    served_shell: Shell, served: Draft
) -> None:
    shown = served_shell.json("show", served.name)
    assert shown["name"] == served.name
    assert {row["profile"] for row in shown["fields"]} == {None}
    assert len(shown["history"]) == 1


def test_what_was_changed_behind_our_back_is_marked(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    engine.update(draft.name, mem_limit=300 << 20, memswap_limit=600 << 20)
    sections = _sections(shell.run("show", draft.path).out)
    [memory] = [line for line in sections["Fields"] if line.startswith("resources.mem")]
    assert memory.split() == (
        ["resources.memory", "268435456", "=", "314572800", "container"]
    )


def test_a_profile_that_was_never_applied_says_what_is_missing(shell: Shell) -> None:
    draft = shell.write(model={"id": OTHER_MODEL})
    sections = _sections(shell.run("show", draft.path).out)
    assert "state    ✗ absent" in sections["Overview"]
    assert f"image    {IMAGE}" in sections["Overview"]
    assert sections["Models"] == [
        f"model {OTHER_MODEL} is not below {draft.data / 'models'}"
    ]
    assert sections["License"] == ["there is no license"]
    assert sections["Usage"] == ["there is no container that could tell"]
    assert sections["History"] == ["nothing was applied since a history is kept"]


def test_a_replacement_that_failed_stands_in_the_history(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    draft.change(environment={"REHEARSAL_FAIL": "no-model"})
    shell.run("apply", "--yes", draft.path, code=1)
    history = _sections(shell.run("show", draft.path).out)["History"]
    assert history[0].split()[2] == "rolled-back"
    assert history[1] == f"replace {draft.name}: the profile changed: not done"
    assert "the old one serves again" in history[2]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("nobody-has-this-name", "there is no container nobody-has-this-name"),
        ("./nobody", "cannot be read"),
        ("nobody.yaml", "cannot be read"),
    ],
    ids=["name", "path", "file"],
)
def test_what_is_not_there_is_refused(shell: Shell, word: str, sentence: str) -> None:
    assert sentence in shell.run("show", word, code=None).err


def test_a_file_of_several_profiles_is_refused(shell: Shell) -> None:
    one, other = shell.write("a"), shell.write("b")
    both = shell.folder / "both.yaml"
    both.write_text(
        "\n---\n".join(json.dumps(draft.document) for draft in (one, other))
    )
    done = shell.run("show", both, code=2)
    assert f"holds 2 profiles: {one.name}, {other.name}" in done.err
