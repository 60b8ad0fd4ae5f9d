"""`csctl mount`, and csctl run by a user who is not root."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.shell import IMAGE, Draft, Engine, Shell

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("useradd") is None,
    reason="only root can make another user",
)
_FIELDS = {"path", "uid", "gid", "wanted_uid", "wanted_gid", "wrong"}
_OWNER = "65532:65532"
_ENTRY = ["/app/run-host"]


@pytest.fixture(scope="module")
def user() -> Iterator[str]:
    """A user of this host who is in no group but his own."""
    name = f"csctl-{secrets.token_hex(3)}"
    subprocess.run(["useradd", "--no-create-home", name], check=True)
    yield name
    subprocess.run(["userdel", name], check=True)


@pytest.fixture
def plain(shell: Shell, user: str) -> Iterator[Shell]:
    """The shell of a user who may talk to the Engine, in a folder of his own."""
    # Not below tmp_path, which only root may enter.
    shell.folder = Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp"))
    shutil.chown(shell.folder, user)
    group = str(Path(urlsplit(shell.url).path).stat().st_gid)
    shell.before = (
        *("setpriv", "--reuid", user, "--regid", user),
        *("--groups", group, "--no-new-privs"),
    )
    shell.environ["HOME"] = str(shell.folder)
    yield shell
    shutil.rmtree(shell.folder)


@pytest.fixture
def bare(shell: Shell, engine: Engine) -> Iterator[str]:
    """The stand-in's image without a `chown`."""
    reference = f"csctl/{shell.prefix}bare:4.12.0-amd64"
    name = f"{shell.prefix}bare"
    engine.strip_chown(name)
    engine.commit(name, reference, {"Entrypoint": _ENTRY, "User": "nonroot"})
    engine.remove(name)
    yield reference
    engine.remove_image(reference)


def _stocked(plain: Shell, user: str, **changes: str) -> Draft:
    """A profile whose data the user made, as far as the container does not own it."""
    draft = plain.write(stocked=True)
    draft.change(**changes)
    for path in (draft.data, *draft.data.iterdir(), *draft.data.glob("*/*.csctl.json")):
        shutil.chown(path, user)
    for path in draft.data.glob("license/2*Z"):
        path.chmod(0o755)  # As it is where root did not fetch it.
    return draft


def _owners(draft: Draft) -> set[str]:
    mounts = (draft.data / "models", draft.data / "license", draft.data / "output")
    paths = [path for mount in mounts for path in mount.glob("*/**")]
    return {f"{path.stat().st_uid}:{path.stat().st_gid}" for path in paths}


def _spoil(draft: Draft) -> Path:
    """Give one file of the model to root."""
    path = draft.model / "properties.json"
    os.chown(path, 0, 0)
    return path


def test_check_shows_what_is_wrong_and_fix_sets_it_right(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    (draft.data / "output").mkdir()
    os.chown(draft.data / "output", 65532, 65532)
    assert not any(row["wrong"] for row in shell.json("mount", "check", draft.path))
    wrong = _spoil(draft)
    rows = shell.json("mount", "check", draft.path, code=6)
    assert all(set(row) == _FIELDS for row in rows)
    assert {(row["wanted_uid"], row["wanted_gid"]) for row in rows} == {(65532, 65532)}
    [found] = [row for row in rows if row["wrong"]]
    assert (found["path"], found["uid"], found["gid"]) == (str(wrong), 0, 0)
    assert wrong.stat().st_uid == 0, "check changed something"

    fixed = shell.json("mount", "fix", draft.path)
    assert not any(row["wrong"] for row in fixed)
    assert wrong.stat().st_uid == 65532
    assert not any(row["wrong"] for row in shell.json("mount", "check", draft.path))
    table = shell.run("mount", "check", draft.path).out
    assert table.split()[:3] == ["PATH", "OWNER", "WANTED"]
    assert _OWNER in table


def test_mounts_that_are_absent_are_wrong_and_get_made(shell: Shell) -> None:
    draft = shell.write()
    rows = shell.json("mount", "check", draft.path, code=6)
    assert {row["uid"] for row in rows} == {None}
    assert "absent" in shell.run("mount", "check", draft.path, code=6).out
    shell.run("mount", "fix", draft.path)
    for row in rows:
        assert Path(row["path"]).stat().st_uid == 65532, row


def test_a_link_is_not_followed(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    outside = shell.folder / "outside"
    outside.write_text("of somebody else")
    (draft.model / "link").symlink_to(outside)
    shell.run("mount", "fix", draft.path)
    assert outside.stat().st_uid == 0
    assert (draft.model / "link").lstat().st_uid == 65532


@pytest.mark.parametrize("path", ["/", "/etc", "/home", "/var/lib"])
def test_a_directory_of_the_system_is_never_given_away(shell: Shell, path: str) -> None:
    draft = shell.write(mounts={"output": path})
    before = Path(path).stat()
    done = shell.run("mount", "fix", draft.path, code=1)
    assert f"{path} belongs to the system" in done.err
    assert Path(path).stat().st_uid == before.st_uid


def test_another_user_applies_with_the_chown_of_the_image(
    plain: Shell, engine: Engine
) -> None:
    draft = plain.write(display={"locale": "en-US", "types": ["punct"]})
    [row] = plain.json("apply", "--yes", draft.path)
    assert row["outcome"] == "ready"
    assert engine.containers(draft) == [draft.name]
    assert _owners(draft) == {_OWNER}
    assert plain.actions(draft) == []
    assert plain.json("status", "--check", draft.path)[0]["ready"] is True


def test_another_user_fixes_mounts_through_a_container(plain: Shell, user: str) -> None:
    draft = _stocked(plain, user)
    wrong = _spoil(draft)
    plain.run("mount", "check", draft.path, code=6)
    assert not any(row["wrong"] for row in plain.json("mount", "fix", draft.path))
    assert wrong.stat().st_uid == 65532


def test_an_image_without_chown_is_helped_by_the_helper_image(
    plain: Shell, user: str, engine: Engine, bare: str
) -> None:
    draft = _stocked(plain, user, image=bare, helper_image=IMAGE)
    wrong = _spoil(draft)
    plain.run("mount", "fix", draft.path)
    assert wrong.stat().st_uid == 65532
    assert engine.containers(draft) == [], "a helper was left"


def test_without_any_chown_the_command_to_run_is_printed(
    plain: Shell, user: str, engine: Engine, bare: str
) -> None:
    draft = _stocked(plain, user, image=bare)
    wrong = _spoil(draft)
    done = plain.run("mount", "fix", draft.path, code=1)
    assert f"\n  -> run: sudo chown -hR {_OWNER} {draft.model}\n" in done.err
    assert wrong.stat().st_uid == 0
    assert engine.containers(draft) == []


def test_a_user_without_the_engines_group_is_told_so(plain: Shell, user: str) -> None:
    draft = plain.write(stocked=True)
    plain.before = ("setpriv", "--reuid", user, "--regid", user, "--clear-groups")
    done = plain.run("plan", draft.path, code=3)
    assert "Permission denied" in done.err


def test_profiles_that_may_not_be_read_are_named(plain: Shell) -> None:
    hidden = plain.folder / "hidden"
    hidden.mkdir(mode=0o700)
    draft = plain.write()
    draft.path.rename(hidden / "a.yaml")
    assert "not readable" in plain.run("validate", hidden, code=2).err
    done = plain.run("validate", hidden / "a.yaml", code=2)
    assert f"{hidden}/a.yaml: cannot be read: Permission denied" in done.err
    hidden.chmod(0o744)
    done = plain.run("validate", hidden, code=2)
    assert f"{hidden}/a.yaml: cannot be read: Permission denied" in done.err
