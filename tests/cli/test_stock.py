"""`csctl image list` and `csctl model show`: what is on this host, and who uses it."""

from __future__ import annotations

from tests.cli.shell import IMAGE, MODEL, OTHER_MODEL, Draft, Shell

_NO_REGISTRY = {"HTTPS_PROXY": "http://127.0.0.1:1"}


def test_images_tell_who_runs_and_who_names_them(
    served: Draft, served_shell: Shell
) -> None:
    served_shell.environ |= _NO_REGISTRY
    rows = served_shell.json("image", "list", served.path, code=4)
    row = next(one for one in rows if one["tag"] == IMAGE.rpartition(":")[2])
    assert row["image"] == IMAGE.rpartition(":")[0]
    assert served.name in row["run_by"]
    assert row["named_by"] == [served.name]
    assert row["bytes"] > 1 << 20
    done = served_shell.run("image", "list", IMAGE, code=4)
    assert done.out.split()[:6] == ["IMAGE", "TAG", "RELEASE", "HERE", "RUN", "BY"]
    assert "registry-1.docker.io refuses connections" in done.err


def test_models_tell_whether_they_are_whole_and_who_uses_them(
    served: Draft, served_shell: Shell
) -> None:
    [row] = served_shell.json("model", "show", served.path)
    assert (row["id"], row["damage"]) == (MODEL, [])
    assert (row["run_by"], row["named_by"]) == ([served.name], [served.name])
    assert row["bytes"] > 0
    other = served.data / "models" / OTHER_MODEL
    other.mkdir()
    done = served_shell.run("model", "show", served.path)
    assert "whole" in done.out
    assert f"{OTHER_MODEL} is damaged: properties.json: missing" in done.err
    other.rmdir()


def test_nothing_here_is_an_empty_list(shell: Shell) -> None:
    draft = shell.write(display={"locale": "en-US", "types": ["punct"]})
    assert shell.json("model", "show", draft.path) == []
    done = shell.run("model", "show", draft.path)
    assert done.out == ""
    assert "display model punct of en-US: missing" in done.err
