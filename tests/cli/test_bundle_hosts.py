"""Bundles over hosts: real csctl behind real sshd, on the stand-in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from csctl.cli.exit import TERMINATED
from tests.cli.hosts import placed, until
from tests.cli.shell import IMAGE, OLD_IMAGE, Draft, Engine, Shell
from tests.engines import PrivateEngine, load_image
from tests.ports import free_port
from tests.sshd import Sshd, Start

_SECONDS = 60
_SLOW = """
import os, time
read = os.readv
os.readv = lambda fd, rooms: (time.sleep(0.5), read(fd, rooms))[1]
"""
"""What csctl does first there: it takes what comes on stdin slowly."""


def _packed(shell: Shell, *drafts: Draft) -> Path:
    """A bundle of these profiles, whose files are gone from here then."""
    file = shell.folder / "a.csctl.tar"
    paths = [draft.path for draft in drafts]
    shell.run("bundle", "create", "--yes", *paths, "-o", file)
    for draft in drafts:
        shutil.rmtree(draft.data)
    return file


def _profiles(row: dict[str, object]) -> list[str]:
    parts = row["parts"]
    assert isinstance(parts, list)
    return [one["name"] for one in parts if one["part"] == "profile"]


def _outcomes(row: dict[str, object]) -> set[tuple[str, str]]:
    parts = row["parts"]
    assert isinstance(parts, list)
    kinds = ("model", "license", "profile")
    return {(one["part"], one["outcome"]) for one in parts if one["part"] in kinds}


def test_a_bundle_is_loaded_and_applied_where_its_profiles_say(
    far_shell: Shell, near: Sshd, other: Sshd, tmp_path: Path
) -> None:
    drafts = [
        placed(far_shell, "a", near),
        placed(far_shell, "b", other),
        placed(far_shell, "c", None),
    ]
    drafts[0].change(host="ssh://127.0.0.1:${NEAR_PORT}")
    far_shell.environ["NEAR_PORT"] = str(near.port)
    # What a relative path would mean is another thing on each host.
    drafts[2].change(data=str(drafts[2].data))
    file = _packed(far_shell, *drafts)
    with tarfile.open(file) as tar:
        text = tar.extractfile(f"profiles/{drafts[0].name}.yaml")
        assert text is not None
        assert json.loads(text.read())["host"] == near.url

    place = tmp_path / "etc"
    words = ("--profiles", place, "--apply", "--yes")
    rows = far_shell.json("bundle", "load", file, *words)
    assert [row["host"] for row in rows] == [near.url, other.url, None]
    assert [row["file"] for row in rows] == [str(file)] * 3
    assert [_profiles(row) for row in rows] == [[draft.name] for draft in drafts]
    loaded = {(kind, "loaded") for kind in ("model", "license", "profile")}
    assert [_outcomes(row) for row in rows] == [loaded] * 3
    assert [[one["outcome"] for one in row["applied"]] for row in rows] == [
        ["ready"]
    ] * 3
    assert all(draft.answers() for draft in drafts)
    for draft in drafts:
        written = json.loads((place / f"{draft.name}.yaml").read_text())
        # There it is a profile of this host.
        assert "host" not in written
        assert written["data"] == str(draft.data)

    again = far_shell.json("bundle", "load", file, *words)
    there = {(kind, "there already") for kind, _ in loaded}
    assert [_outcomes(row) for row in again] == [there] * 3
    assert all(plan["steps"] == [] for row in again for plan in row["plan"])


def test_a_host_gets_the_images_of_its_own_profiles(
    far_shell: Shell, near: Sshd, other: Sshd
) -> None:
    drafts = [
        placed(far_shell, "a", near),
        placed(far_shell, "b", other, image=OLD_IMAGE, mode="connected", license=None),
    ]
    rows = far_shell.json("bundle", "load", "--yes", _packed(far_shell, *drafts))
    images = [
        [one["name"] for one in row["parts"] if one["part"] == "image"] for row in rows
    ]
    assert images == [[IMAGE], [OLD_IMAGE]]


def test_each_host_says_its_own_words(far_shell: Shell, near: Sshd) -> None:
    draft = placed(far_shell, "a", near)
    done = far_shell.run("bundle", "load", "--yes", _packed(far_shell, draft))
    assert draft.model.is_dir()
    lines = done.out.splitlines()
    assert all(line.startswith(f"{near.url}: ") for line in lines)
    assert lines[0].split()[1:3] == ["PART", "NAME"]


def test_carried_to_a_host_by_hand_its_own_profiles_are_loaded(
    far_shell: Shell, near: Sshd, other: Sshd
) -> None:
    mine, theirs = placed(far_shell, "a", near), placed(far_shell, "b", other)
    file = _packed(far_shell, mine, theirs)
    done = far_shell.run("--here", "ssh://stt9", "bundle", "load", file, code=2)
    assert "holds no profile for the host ssh://stt9" in done.err
    assert f"they name {near.url}, {other.url}" in done.err
    with file.open("rb") as stream:
        loaded = subprocess.run(
            far_shell.command("--here", near.url, "bundle", "load", "--json", "-"),
            stdin=stream,
            stdout=subprocess.PIPE,
            env=far_shell.environment(),
            timeout=2 * _SECONDS,
            check=True,
        )
    row = json.loads(loaded.stdout)
    assert (row["file"], _profiles(row)) == ("-", [mine.name])
    assert (mine.data.exists(), theirs.data.exists()) == (True, False)


def test_a_bundle_is_checked_here_before_anybody_gets_it(far_shell: Shell) -> None:
    nobody = f"ssh://127.0.0.1:{free_port()}"
    file = _packed(far_shell, placed(far_shell, "a", nobody))
    done = far_shell.run("bundle", "load", "--profiles", "etc", file, code=2)
    assert "the relative path etc has no meaning on another host" in done.err
    # Unsigned as it is, it may have been made by anybody.
    done = far_shell.run("bundle", "load", file, code=2)
    assert "there is no terminal" in done.err
    assert "is not reached" not in done.err
    far_shell.run("bundle", "load", "--yes", file, code=3)
    whole = file.read_bytes()
    half = len(whole) // 2
    file.write_bytes(whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :])
    done = far_shell.run("bundle", "load", "--yes", "--json", file, code=8)
    assert "nothing was loaded" in done.err
    assert "is not reached" not in done.err
    assert done.json["parts"] == []


def _strict(shell: Shell, start: Start) -> tuple[Sshd, Path, str]:
    """A host with a pinned key, the key itself, and the public one."""
    key = shell.folder / "key.pem"
    public = str(shell.json("bundle", "keygen", key)["public"])
    return start(CSCTL_TRUSTED_KEYS=public), key, public


def test_a_key_that_is_pinned_there_counts_there(
    far_shell: Shell, near: Sshd, start: Start
) -> None:
    strict, key, public = _strict(far_shell, start)
    drafts = [placed(far_shell, "a", strict), placed(far_shell, "b", near)]
    file = _packed(far_shell, *drafts)
    done = far_shell.run("bundle", "load", "--yes", "--json", file, code=8)
    refused, loaded = done.json
    assert refused["problems"][0]["problem"].startswith("is missing, and a key is")
    assert [draft.data.exists() for draft in drafts] == [False, True]
    assert f"{strict.url}: csctl: csctl-bundle.json.sig: is missing" in done.err
    assert ("model", "loaded") in _outcomes(loaded)

    # One that a key vouches for here goes where it says.
    far_shell.environ["CSCTL_TRUSTED_KEYS"] = public
    sign = ("bundle", "create", "--sign", key, "--yes", "-o", file)
    for draft in drafts:
        shutil.copytree(far_shell.stock or "", draft.data, dirs_exist_ok=True)
    far_shell.run(*sign, *(draft.path for draft in drafts))
    rows = far_shell.json("bundle", "load", file)
    assert [row["problems"] for row in rows] == [[], []]


def test_nothing_goes_further_than_a_first_host_that_refuses(
    far_shell: Shell, near: Sshd, start: Start
) -> None:
    strict, *_ = _strict(far_shell, start)
    drafts = [placed(far_shell, "a", strict), placed(far_shell, "b", near)]
    file = _packed(far_shell, *drafts)
    words = ("--apply", "--yes", "--json")
    done = far_shell.run("bundle", "load", file, *words, code=1)
    assert [row["host"] for row in done.json] == [strict.url, near.url]
    assert done.json[1]["outcome"] == "not-started"
    assert not drafts[1].data.exists()


def test_a_host_that_fails_hides_no_other(
    far_shell: Shell, near: Sshd, start: Start, small: Path
) -> None:
    nobody = f"ssh://127.0.0.1:{free_port()}"
    bare, full = start(csctl=False), start(TMPDIR=str(small))
    hosts: list[Sshd | str] = [bare, nobody, full, near]
    drafts = [
        placed(far_shell, name, host) for name, host in zip("abcd", hosts, strict=True)
    ]
    file = _packed(far_shell, *drafts)
    done = far_shell.run("bundle", "load", "--yes", "--json", file, code=2)
    missing, down, crammed, good = done.json
    assert missing["error"].startswith(f"{bare.url}: csctl cannot be run there: ")
    assert down["error"].startswith(f"{nobody} is not reached: ")
    assert (crammed["outcome"], crammed["parts"]) == ("failed", [])
    assert f"{full.url}: csctl: the disk of {small} has 1.0 MiB free" in done.err
    assert "keep the bundle on another disk meanwhile: TMPDIR" in done.err
    assert _outcomes(good) == {
        ("model", "loaded"),
        ("license", "loaded"),
        ("profile", "not written"),
    }
    assert [draft.data.exists() for draft in drafts] == [False, False, False, True]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    subprocess.run(mount, check=True)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=str)
def test_what_ends_csctl_while_it_sends_leaves_nothing_there(
    far_shell: Shell, start: Start, number: signal.Signals, tmp_path: Path
) -> None:
    place = tmp_path / "meanwhile"
    place.mkdir()
    host = start(TMPDIR=str(place))
    host.install(_SLOW)
    draft = placed(far_shell, "a", host)
    words = ("bundle", "load", "--yes", _packed(far_shell, draft))
    with far_shell.start(*words) as process:
        until(lambda: any(_kept(pid, place) for pid in host.sessions()))
        process.send_signal(number)
        process.communicate(timeout=_SECONDS)
    expected = TERMINATED if number == signal.SIGTERM else -signal.SIGKILL
    assert process.returncode == expected
    until(lambda: not host.sessions())
    assert list(place.iterdir()) == []
    assert not draft.data.exists()


def _kept(pid: int, place: Path) -> bool:
    """Whether a process has begun to keep a file without a name in a directory."""
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if os.readlink(entry).startswith(f"{place}/"):
                status = entry.stat()
                assert status.st_mode & 0o777 == 0o600
                return status.st_size > 0
    except FileNotFoundError:
        pass  # It has ended meanwhile.
    return False


def test_of_an_engine_alone_only_images_are_loaded(
    far_shell: Shell, near: Sshd, engine: Engine
) -> None:
    port = free_port()
    with near.leading("[::1]", port, engine.url.removeprefix("unix://")):
        draft = placed(far_shell, "a", f"tcp://[::1]:{port}")
        done = far_shell.run(
            *("bundle", "load", "--yes", "--json", _packed(far_shell, draft)), code=2
        )
    assert "models, licenses and profiles are not loaded" in done.err
    assert {one["part"]: one["outcome"] for one in done.json["parts"]} == {
        "image": "there already",
        "model": "refused",
        "license": "refused",
    }


def test_one_inventory_tells_what_all_hosts_have(
    far_shell: Shell,
    start: Start,
    private_engine: Callable[[], PrivateEngine],
    rehearsal_archive: Path,
) -> None:
    # An inventory is one of the whole host: nobody else is at work on this Engine.
    engine = private_engine()
    load_image(engine.url, rehearsal_archive)
    near, other = start(DOCKER_HOST=engine.url), start(DOCKER_HOST=engine.url)
    whole, bare = placed(far_shell, "a", near), placed(far_shell, "b", other)
    shutil.rmtree(bare.data / "license")
    shutil.rmtree(bare.data / "models")
    alone = [
        far_shell.run("bundle", "inventory", draft.path) for draft in (whole, bare)
    ]
    both = far_shell.run("bundle", "inventory", whole.path, bare.path)
    assert alone[0].json["models"]
    assert alone[0].json["licenses"]
    for key in ("chains", "models", "licenses"):
        common = set(alone[0].json[key]) & set(alone[1].json[key])
        assert both.json[key] == sorted(common), key
    assert both.json["chains"]

    bare.change(host=f"ssh://127.0.0.1:{free_port()}")
    done = far_shell.run("bundle", "inventory", whole.path, bare.path, code=3)
    assert done.out == ""
    assert "is not reached" in done.err
    assert "no inventory: what all hosts have is not known" in done.err


def test_a_name_on_several_hosts_is_no_bundle(
    far_shell: Shell, near: Sshd, other: Sshd
) -> None:
    draft = placed(far_shell, "a", near)
    text = draft.path.read_text()
    draft.change(host=other.url)
    draft.path.write_text(f"{text}\n---\n{draft.path.read_text()}")
    done = far_shell.run(
        "bundle", "create", draft.path, "-o", draft.data / "a.tar", code=2
    )
    assert "is a profile of several hosts, and a bundle holds a name once" in done.err
