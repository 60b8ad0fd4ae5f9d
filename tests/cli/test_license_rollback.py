"""`csctl license rollback`: image, model and license of the set before serve again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.shell import IMAGE, OTHER_IMAGE, OTHER_MODEL, Draft, Engine, Shell


def _used(engine: Engine, draft: Draft) -> Path:
    return Path(engine.inspect(draft.name)["Config"]["Labels"]["csctl.license"])


def _image(engine: Engine, draft: Draft) -> str:
    return str(engine.inspect(draft.name)["Config"]["Image"])


def _refused(shell: Shell, draft: Draft) -> dict[Path, str]:
    sets = shell.json("license", "show", draft.path)["sets"]
    return {Path(one["path"]): one["refused"] for one in sets if one["refused"]}


def test_the_license_before_serves_again_and_stays(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    [first] = (draft.data / "license").glob("2*Z")
    shell.run("license", "pull", draft.path)
    shell.apply(draft)
    second = _used(engine, draft)
    shell.run("license", "pull", draft.path)
    row = shell.json("license", "rollback", "--yes", draft.path)
    assert (row["path"], _used(engine, draft)) == (str(first), first)
    # The one that was fetched and never used would be the next apply's, too.
    refused = _refused(shell, draft)
    assert second in refused
    assert len(refused) == 2
    assert all(why.startswith("rolled back on 2") for why in refused.values())
    assert shell.actions(draft) == []
    again = shell.run("license", "rollback", "--yes", draft.path, code=7)
    assert f"there is no license set before {first}" in again.err
    assert engine.containers(draft) == [draft.name]


def test_a_set_of_another_image_takes_force_and_goes_back_as_a_whole(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    first = _used(engine, draft)
    draft.change(image=OTHER_IMAGE)
    done = shell.run("license", "refresh", "--yes", draft.path, code=7)
    assert f"the profile says image {OTHER_IMAGE}, and {IMAGE} serves" in done.err
    assert "--force" in done.err
    assert list(first.parent.glob("2*Z")) == [first]
    row = shell.json("license", "refresh", "--yes", "--force", draft.path)
    assert row["image"] == OTHER_IMAGE
    assert _image(engine, draft) == OTHER_IMAGE
    done = shell.run("license", "rollback", "--yes", draft.path)
    assert f"the profile says image {OTHER_IMAGE}, and apply would go there" in done.err
    assert (_image(engine, draft), _used(engine, draft)) == (IMAGE, first)
    assert draft.answers()
    assert shell.actions(draft) == ["fetch-license", "replace"]
    draft.change(image=IMAGE)
    assert shell.actions(draft) == []


def test_an_old_license_that_fails_its_proof_changes_nothing(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    [old] = (draft.data / "license").glob("2*Z")
    shell.run("license", "pull", draft.path)
    shell.apply(draft)
    before = engine.identity(draft)
    [file] = old.iterdir()
    file.write_bytes(bytes(file.stat().st_size))
    done = shell.run("license", "rollback", "--yes", draft.path, code=1)
    assert "failed its proof" in done.err
    assert engine.identity(draft) == before
    assert list(_refused(shell, draft)) == [old]
    assert shell.actions(draft) == []


@pytest.mark.parametrize(
    ("key", "value", "gone"),
    [
        ("id", OTHER_MODEL, f"model {OTHER_MODEL} is not whole in"),
        ("image_id", f"sha256:{'0' * 64}", f"image {IMAGE} (sha256:000"),
    ],
    ids=["model", "image"],
)
def test_a_set_of_which_a_part_is_gone_cannot_serve_again(
    served_shell: Shell, served: Draft, key: str, value: str, gone: str
) -> None:
    root = served.data / "license"
    [used] = root.glob("2*Z")
    older = root / "20200101T000000Z"
    shutil.copytree(used, older, dirs_exist_ok=True)
    known = json.loads((root / f"{used.name}.csctl.json").read_text())
    record = root / f"{older.name}.csctl.json"
    record.write_text(json.dumps(known | {key: value}))
    done = served_shell.run("license", "rollback", "--yes", served.path, code=7)
    assert f"license {older} cannot serve again: {gone}" in done.err
    shutil.rmtree(older)
    record.unlink()


def test_without_a_terminal_it_takes_yes(served_shell: Shell, served: Draft) -> None:
    root = served.data / "license"
    [used] = root.glob("2*Z")
    older = root / "20200101T000000Z"
    shutil.copytree(used, older)
    shutil.copy(root / f"{used.name}.csctl.json", root / f"{older.name}.csctl.json")
    stopped = served_shell.run("license", "rollback", served.path, code=2)
    assert f"mounts./license: {used} -> {older}" in stopped.err
    assert "there is no terminal to confirm on" in stopped.err
    assert served_shell.actions(served) == []


def test_without_a_container_there_is_nothing_to_go_back_from(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    done = shell.run("license", "rollback", "--yes", draft.path, code=2)
    assert "there is no container that could go back" in done.err
