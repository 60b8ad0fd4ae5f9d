"""Ownership: whose the mounts are to be, and giving them without following links."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from csctl import ownership
from csctl.errors import OwnershipError
from csctl.ownership import Owner

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")

ME = Owner(os.geteuid(), os.getegid())
NONROOT = Owner(65532, 65533)
FOREIGN = (1234, 1235)

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
# a comment
daemon:x:1:7:daemon:/usr/sbin:/usr/sbin/nologin
broken:x:no:number::
short:x:5
nonroot:x:65532:65533:nonroot:/home/nonroot:/sbin/nologin
nonroot:x:77:78:a second one:/:/sbin/nologin
4242:x:9:10:named like a number:/:/sbin/nologin
"""
GROUP = """\
root:x:0:
speech:x:500:nonroot
speech:x:501:
12:x:13:
"""


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        ("", "0:0"),
        ("root", "0:0"),
        ("0", "0:0"),
        ("nonroot", "65532:65533"),
        ("65532", "65532:65533"),
        ("daemon", "1:7"),
        ("1", "1:7"),
        ("31337", "31337:0"),
        ("nonroot:", "65532:65533"),
        ("nonroot:speech", "65532:500"),
        ("nonroot:600", "65532:600"),
        ("1000:1000", "1000:1000"),
        ("1000:speech", "1000:500"),
        (":speech", "0:500"),
        ("4242", "4242:0"),
        ("1:12", "1:12"),
    ],
)
def test_a_user_is_read_as_the_engine_reads_it(user: str, owner: str) -> None:
    assert str(ownership.identify(user, PASSWD, GROUP)) == owner


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("nobody", "the image runs as 'nobody', which its own /etc/passwd does not"),
        ("broken", "the image runs as 'broken', which its own /etc/passwd does not"),
        ("short", "the image runs as 'short', which its own /etc/passwd does not"),
        ("-1", "the image runs as '-1', which its own /etc/passwd does not list"),
        ("nonroot:wheel", "the image's group 'wheel' is not in its own /etc/group"),
    ],
)
def test_a_user_that_the_image_does_not_have_is_never_guessed(
    user: str, message: str
) -> None:
    with pytest.raises(OwnershipError) as caught:
        ownership.identify(user, PASSWD, GROUP)
    assert str(caught.value).startswith(message)
    assert caught.value.remedy


@pytest.mark.parametrize(("user", "owner"), [("65532", "65532:0"), ("", "0:0")])
def test_numbers_need_no_passwd(user: str, owner: str) -> None:
    assert str(ownership.identify(user, "", "")) == owner


FORBIDDEN = ["/", "/etc", "/home", "/home/x", "/usr", "/var/lib/docker", "/tmp", "/srv"]


@pytest.mark.parametrize(
    "path", [*FORBIDDEN, "//", "/etc/", "/etc/../etc", "/tmp/../home/x", "/home/./x/"]
)
def test_a_path_of_the_system_is_refused(path: str) -> None:
    with pytest.raises(OwnershipError, match="belongs to the system"):
        ownership.check_root(Path(path))
    with pytest.raises(OwnershipError, match="belongs to the system"):
        ownership.fix(Path(path), ME)


def test_a_relative_path_of_the_system_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir("/etc/..")
    for path in ("etc", ".", "usr/../home/x"):
        with pytest.raises(OwnershipError, match="belongs to the system"):
            ownership.check_root(Path(path))


@pytest.mark.parametrize("target", ["/etc", "/home/x", "/"])
def test_a_link_to_the_system_is_refused(target: str, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(OwnershipError, match="belongs to the system"):
        ownership.check_root(link)


def test_a_linked_root_is_refused_with_what_it_means(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    with pytest.raises(OwnershipError) as caught:
        ownership.fix(link, ME)
    assert str(caught.value) == f"{link} is a symbolic link"
    assert caught.value.remedy == f"name {tmp_path / 'real'} itself in the profile"


def test_a_directory_of_its_own_is_fine(tmp_path: Path) -> None:
    ownership.check_root(tmp_path / "data" / "models")
    ownership.check_root(Path("/srv/stt/contoso/models"))
    ownership.check_root(Path("/home/x/stt"))


def test_an_absent_root_is_not_wrong_and_not_made(tmp_path: Path) -> None:
    assert ownership.find_wrong(tmp_path / "nothing", NONROOT) == ()
    assert ownership.fix(tmp_path / "nothing", NONROOT) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OwnershipError, match="cannot be read: Not a directory"):
        ownership.find_wrong(tmp_path / "file", NONROOT)


def _tree(root: Path) -> Path:
    for folder in ("", "a", "a/b", "c"):
        (root / folder).mkdir()
        (root / folder / "file").write_text("x")
    return root


def _owners(root: Path) -> dict[str, tuple[int, int]]:
    paths = [root, *root.rglob("*")]
    return {
        str(path.relative_to(root)): (status.st_uid, status.st_gid)
        for path in paths
        for status in [path.lstat()]
    }


def test_wrong_paths_are_named_with_their_owners(tmp_path: Path) -> None:
    root = _tree(tmp_path / "root")
    found = ownership.find_wrong(root, NONROOT)
    assert sorted(str(one.path.relative_to(root)) for one in found) == sorted(
        _owners(root)
    )
    assert {(one.uid, one.gid) for one in found} == {(ME.uid, ME.gid)}
    assert len(ownership.find_wrong(root, NONROOT, limit=3)) == 3
    assert ownership.find_wrong(root, ME) == ()


@as_root
def test_a_fix_gives_all_and_a_second_one_finds_nothing(tmp_path: Path) -> None:
    root = _tree(tmp_path / "root")
    os.chown(root / "a" / "file", *FOREIGN)
    assert ownership.fix(root, NONROOT) == 8
    assert set(_owners(root).values()) == {(NONROOT.uid, NONROOT.gid)}
    assert ownership.find_wrong(root, NONROOT) == ()
    assert ownership.fix(root, NONROOT) == 0


@as_root
def test_a_fix_touches_only_what_is_wrong(tmp_path: Path) -> None:
    root = _tree(tmp_path / "root")
    ownership.fix(root, NONROOT)
    before = {path: path.lstat().st_ctime_ns for path in root.rglob("*")}
    os.chown(root / "a" / "b" / "file", NONROOT.uid, 0)
    assert [one.gid for one in ownership.find_wrong(root, NONROOT)] == [0]
    assert ownership.fix(root, NONROOT) == 1
    changed = [p for p, ctime in before.items() if p.lstat().st_ctime_ns != ctime]
    assert changed == [root / "a" / "b" / "file"]


@as_root
def test_links_are_given_themselves_and_never_followed(tmp_path: Path) -> None:
    root = _tree(tmp_path / "root")
    outside = _tree(tmp_path / "outside")
    (root / "to-file").symlink_to(outside / "file")
    (root / "to-folder").symlink_to(outside)
    (root / "broken").symlink_to("nowhere")
    ownership.fix(root, NONROOT)
    assert set(_owners(outside).values()) == {(ME.uid, ME.gid)}
    for name in ("to-file", "to-folder", "broken"):
        assert (root / name).lstat().st_uid == NONROOT.uid


@as_root
@pytest.mark.parametrize(("protected", "given"), [("1", True), ("0", False)])
def test_a_file_of_another_name_is_given_where_nobody_can_link_anothers(
    protected: str, given: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's own setting is everybody's on this machine: it is not touched."""
    setting = tmp_path / "protected_hardlinks"
    setting.write_text(f"{protected}\n")
    monkeypatch.setattr(ownership, "_PROTECTION", setting)
    root = tmp_path / "root"
    root.mkdir()
    outside = tmp_path / "shadow"
    outside.touch()
    os.link(outside, root / "mine")
    if given:
        ownership.fix(root, NONROOT)
    else:
        with pytest.raises(OwnershipError, match="mine has 2 names"):
            ownership.fix(root, NONROOT)
    assert (outside.stat().st_uid == NONROOT.uid) is given


@contextmanager
def _swapping(inside: Path, aside: Path, link: Path) -> Iterator[None]:
    """Somebody who makes of a folder a link elsewhere, and back, without a rest."""
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            os.rename(inside, aside)
            os.rename(link, inside)
            os.rename(inside, link)
            os.rename(aside, inside)

    attacker = threading.Thread(target=swap)
    attacker.start()
    try:
        yield
    finally:
        done.set()
        attacker.join()


@as_root
@pytest.mark.parametrize("victim", ["folder", "file"])
def test_nobody_can_aim_a_fix_elsewhere_while_it_runs(
    victim: str, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    for number in range(20):
        (outside / str(number)).touch()
    inside = root / "inside"
    link = tmp_path / "link"
    if victim == "folder":
        inside.mkdir()
        for number in range(20):
            (inside / str(number)).touch()
        link.symlink_to(outside)
    else:
        inside.touch()
        link.symlink_to(outside / "0")
    turns = refused = 0
    until = time.monotonic() + 2
    with _swapping(inside, tmp_path / "aside", link):
        while time.monotonic() < until:
            try:
                ownership.fix(root, NONROOT if turns % 2 else Owner(*FOREIGN))
            except OwnershipError:
                refused += 1
            turns += 1
    assert turns > 100
    assert set(_owners(outside).values()) == {(ME.uid, ME.gid)}
    if victim == "folder":
        assert refused < turns


@as_root
def test_what_vanishes_while_a_fix_runs_is_passed_over(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    done = threading.Event()

    def churn() -> None:
        count = 0
        while not done.is_set():
            count += 1
            path = root / f"{count % 50}"
            path.mkdir() if count % 2 else path.touch()
            (path.rmdir if count % 2 else path.unlink)()

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            ownership.fix(root, NONROOT)
            ownership.find_wrong(root, ME)
    finally:
        done.set()
        writer.join()


@as_root
def test_a_mount_of_something_else_is_not_entered(tmp_path: Path) -> None:
    root = _tree(tmp_path / "root")
    mount = root / "mount"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", mount], check=True)
    try:
        (mount / "foreign").touch()
        os.chown(mount / "foreign", *FOREIGN)
        os.chown(mount, *FOREIGN)
        found = ownership.find_wrong(root, NONROOT)
        assert not any(mount in (one.path, *one.path.parents) for one in found)
        ownership.fix(root, NONROOT)
        owners = _owners(root)
        assert owners["mount"] == owners["mount/foreign"] == FOREIGN
        assert owners["a/b/file"] == (NONROOT.uid, NONROOT.gid)
    finally:
        subprocess.run(["umount", mount], check=True)


@as_root
def test_odd_names_are_given_too(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for name in (b"two\nlines", b"-R", b"\xff\xfe", "\u00fc".encode()):
        os.close(os.open(os.path.join(os.fsencode(root), name), os.O_CREAT))
    assert ownership.fix(root, NONROOT) == 5


@as_root
def test_a_refused_change_names_the_path_and_the_command(tmp_path: Path) -> None:
    root = _tree(tmp_path / "root")
    subprocess.run(["mount", "--bind", root, root], check=True)
    try:
        options = "remount,bind,ro"
        subprocess.run(["mount", "-o", options, root], check=True)
        with pytest.raises(OwnershipError) as caught:
            ownership.fix(root, NONROOT)
        assert str(caught.value) == (
            f"{root} cannot be given to 65532:65533: Read-only file system"
        )
        assert caught.value.remedy == f"run: sudo chown -hR 65532:65533 {root}"
    finally:
        subprocess.run(["umount", root], check=True)


@as_root
def test_a_folder_that_cannot_be_read_is_an_error() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        root = _tree(Path(place) / "root")
        (root / "a").chmod(0o700)
        os.seteuid(NONROOT.uid)
        try:
            with pytest.raises(OwnershipError) as caught:
                ownership.find_wrong(root, ME)
        finally:
            os.seteuid(0)
    assert str(caught.value) == f"{root} cannot be read: Permission denied"
    assert caught.value.remedy
