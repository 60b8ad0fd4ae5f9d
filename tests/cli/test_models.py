"""`csctl model` and `csctl display`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import (
    MODEL,
    OLD_IMAGE,
    OTHER_IMAGE,
    OTHER_MODEL,
    Draft,
    Engine,
    Shell,
)

_REFUSED = "Azure refused the API key"


def _record(directory: Path) -> dict[str, Any]:
    """A directory's record, whose sums are those of its files."""
    path = directory.with_name(f"{directory.name}.csctl.json")
    known: dict[str, Any] = json.loads(path.read_text())
    found = {
        str(file.relative_to(directory)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in directory.rglob("*")
        if file.is_file()
    }
    assert {one["path"]: one["sha256"] for one in known["files"]} == found
    return known


def test_base_models_are_listed_newest_first(shell: Shell) -> None:
    draft = shell.write()
    rows = shell.json("model", "list", draft.path, "--locale", "de-DE")
    assert all(set(row) == {"id", "locale", "created"} for row in rows)
    assert {row["locale"] for row in rows} == {"de-de"}
    created = [row["created"] for row in rows]
    assert created == sorted(created, reverse=True)
    assert len(created) == 4
    table = shell.run("model", "list", draft.path, "--locale", "de-DE").out
    assert table.split()[:3] == ["ID", "LOCALE", "CREATED"]
    assert table.split()[3] == rows[0]["id"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"model": {"base": {"locale": "fr-FR"}}}, id="of model.base"),
        pytest.param({"display": {"locale": "fr-FR", "types": "full"}}, id="display"),
    ],
)
def test_the_listed_locale_is_the_one_of_the_profile(
    shell: Shell, changes: dict[str, Any]
) -> None:
    draft = shell.write(**changes)
    assert {row["locale"] for row in shell.json("model", "list", draft.path)} == {
        "fr-fr"
    }


@pytest.mark.parametrize("code", ["0", "1", "137"])
def test_a_listing_counts_by_its_rows_not_by_its_exit_code(
    shell: Shell, code: str
) -> None:
    draft = shell.write(environment={"REHEARSAL_LIST_EXIT_CODE": code})
    assert shell.json("model", "list", draft.path, "--locale", "en-US")


def test_a_listing_without_a_locale_is_2_and_of_an_unknown_one_is_1(
    shell: Shell,
) -> None:
    draft = shell.write()
    assert "--locale" in shell.run("model", "list", draft.path, code=2).err
    done = shell.run("model", "list", draft.path, "--locale", "xx-XX", code=1)
    assert "the image lists no base model for xx-XX" in done.err
    draft = shell.write("b", model={"base": {"locale": "xx-XX"}})
    done = shell.run("apply", "--yes", draft.path, code=1)
    assert "xx-XX" in done.err


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("model", "list", "--locale", "en-US"), id="model list"),
        pytest.param(("model", "pull"), id="model pull"),
        pytest.param(("display", "list"), id="display list"),
    ],
)
def test_a_wrong_key_is_4_and_the_log_is_kept_without_it(
    shell: Shell, words: tuple[str, ...]
) -> None:
    shell.environ["STAND_IN_KEY"] = "wr0ng-canary"
    draft = shell.write(
        display={"locale": "en-US", "types": ["punct"]},
        environment={"REHEARSAL_ECHO_KEY": "1"},
    )
    done = shell.run(*words, draft.path, code=4)
    assert _REFUSED in done.err
    kept = list((draft.data / ".csctl" / "logs").iterdir())
    assert kept, "the log of the failed run is gone"
    assert str(kept[0]) in done.err
    text = kept[0].read_text()
    assert "ApiKey=***" in text
    assert "wr0ng-canary" not in text + done.err


def test_a_model_is_pulled_and_nothing_is_left_running(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write()
    row = shell.json("model", "pull", draft.path)
    assert set(row) == {"id", "path", "bytes", "files"}
    assert (row["id"], row["path"]) == (MODEL, str(draft.model))
    assert engine.containers(draft) == []
    known = _record(draft.model)
    assert (known["kind"], known["id"]) == ("model", MODEL)
    assert known["image"] == draft.document["image"]
    assert known["image_id"] == engine.image_id(known["image"])
    assert row["bytes"] == sum(one["size"] for one in known["files"])
    assert sorted(row["files"]) == sorted(one["path"] for one in known["files"])
    before = (draft.model / "properties.json").stat().st_mtime_ns
    assert shell.json("model", "pull", draft.path) == row
    assert (draft.model / "properties.json").stat().st_mtime_ns == before
    assert list(draft.data.rglob(".csctl-staging-*")) == []


def test_the_models_of_several_profiles_are_a_list(shell: Shell) -> None:
    drafts = [shell.write("a"), shell.write("b", model={"id": OTHER_MODEL})]
    rows = shell.json("model", "pull", *(draft.path for draft in drafts))
    assert [row["id"] for row in rows] == [MODEL, OTHER_MODEL]


def test_a_base_model_is_the_newest_of_its_locale(shell: Shell) -> None:
    draft = shell.write(model={"base": {"locale": "en-GB"}})
    newest = shell.json("model", "list", draft.path)[0]["id"]
    target = shell.json("plan", draft.path, code=6)[0]["steps"][0]["target"]
    assert target == "newest base model of en-GB (resolved during apply)"
    shell.apply(draft)
    [row] = shell.json("status", draft.path)
    assert (row["model"], row["ready"]) == (newest, True)
    assert shell.actions(draft) == []
    assert _record(draft.data / "models" / newest)["details"]["base_locale"] == "en-GB"


def test_a_model_id_that_is_no_guid_is_refused_by_validate(shell: Shell) -> None:
    draft = shell.write(model={"id": "the-newest-one"})
    for verb in (("validate",), ("model", "pull")):
        done = shell.run(*verb, draft.path, code=2)
        assert "model.id" in done.err
        assert "the-newest-one" in done.err


def test_a_model_that_azure_does_not_have_is_4(shell: Shell) -> None:
    draft = shell.write(model={"id": "00000000-0000-4000-8000-000000000001"})
    done = shell.run("model", "pull", draft.path, code=4)
    assert "Azure gave no manifest for this model" in done.err
    assert list((draft.data / "models").glob("0*")) == []


def test_a_download_that_does_not_end_stops_at_its_time_limit(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(environment={"REHEARSAL_FAIL": "never-ready"})
    done = shell.run("model", "pull", "--timeout", "1s", draft.path, code=5)
    assert f"downloading model {MODEL}: not done after" in done.err
    assert "--timeout" in done.err
    assert engine.containers(draft) == []
    assert [path for path in (draft.data / "models").iterdir() if path.is_dir()] == []


def _displays(draft: Draft) -> set[str]:
    kinds = ("punct", "rescore", "resegment", "wfstitn")
    return {kind for kind in kinds if (draft.model / kind).is_dir()}


def test_display_models_are_listed(shell: Shell) -> None:
    draft = shell.write(display={"locale": "de-DE", "types": ["punct", "wfstitn"]})
    rows = shell.json("display", "list", draft.path)
    assert [(row["type"], row["locale"]) for row in rows] == [
        ("punct", "de-de"),
        ("wfstitn", "de-de"),
    ]
    assert all(len(row["id"]) == 64 for row in rows)


def test_display_models_join_their_model(shell: Shell, engine: Engine) -> None:
    draft = shell.write(stocked=True, display={"locale": "en-US", "types": ["punct"]})
    row = shell.json("display", "pull", draft.path)
    assert set(row) == {"id", "path", "bytes", "files"}
    assert _displays(draft) == {"punct"}
    assert any(name.startswith("punct/") for name in row["files"])
    draft.change(display={"locale": "en-US", "types": "full"})
    assert "download-display" in shell.actions(draft)
    shell.run("display", "pull", draft.path)
    assert _displays(draft) == {"punct", "rescore", "resegment", "wfstitn"}
    kinds = {one["type"] for one in _record(draft.model)["details"]["display"]}
    assert kinds == _displays(draft)
    assert engine.containers(draft) == []
    assert "download-display" not in shell.actions(draft)


def test_display_models_are_pulled_by_exact_ids(shell: Shell) -> None:
    draft = shell.write(stocked=True, display={"locale": "en-US", "types": "full"})
    ids = {row["type"]: row["id"] for row in shell.json("display", "list", draft.path)}
    wanted = {kind: ids[kind] for kind in ("punct", "rescore")}
    draft.change(display={"ids": wanted})
    shell.run("display", "pull", draft.path)
    assert _displays(draft) == {"punct", "rescore"}
    for kind, one in wanted.items():
        assert (draft.model / kind / one).is_dir()
    missing = {"punct": "0" * 64}
    draft.change(display={"ids": missing})
    shell.run("display", "pull", draft.path, code=4)
    assert _displays(draft) == {"punct", "rescore"}, "what was there is gone"


@pytest.mark.parametrize(
    "words",
    [("display", "list"), ("display", "pull"), ("plan",), ("apply", "--yes")],
    ids=" ".join,
)
def test_display_models_need_an_image_of_3_1(
    shell: Shell, words: tuple[str, ...]
) -> None:
    display = {"locale": "en-US", "types": ["punct"]}
    draft = shell.write(stocked=True, image=OLD_IMAGE, display=display)
    done = shell.run(*words, draft.path, code=2)
    assert "image 3.0.0-amd64 has no display models; they came with 3.1.0" in done.err


def test_display_models_need_their_model_first(shell: Shell) -> None:
    draft = shell.write(display={"locale": "en-US", "types": ["punct"]})
    done = shell.run("display", "pull", draft.path, code=2)
    assert "csctl model pull" in done.err
    draft = shell.write("b", stocked=True)
    assert "`display`" in shell.run("display", "pull", draft.path, code=2).err
    assert "display.locale" in shell.run("display", "list", draft.path, code=2).err


def test_models_work_with_a_preview_image_too(shell: Shell) -> None:
    draft = shell.write_connected(
        image=OTHER_IMAGE, display={"locale": "en-US", "types": ["rescore"]}
    )
    shell.apply(draft)
    assert _displays(draft) == {"rescore"}
