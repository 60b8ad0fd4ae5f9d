"""The layout of a bundle: a tar that every tar reads."""

from __future__ import annotations

import filecmp
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from csctl.bundle import layout, oci, path
from tests.bundle.maker import CREATED, MODEL_DIRECTORY, MODEL_FILES, listing, make

GIB = 1 << 30


def _tar(*words: object, cwd: Path) -> str:
    done = subprocess.run(
        ["tar", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_gnu_tar_unpacks_what_was_packed(tmp_path: Path) -> None:
    made = make()
    (tmp_path / "a.tar").write_bytes(made.archive())
    _tar("-xf", "a.tar", cwd=tmp_path)
    for name, data in made.files.items():
        assert (tmp_path / name).read_bytes() == data
    assert (tmp_path / path.MANIFEST).read_bytes() == made.data


def test_gnu_tar_lists_plain_files_of_nobody_in_particular(tmp_path: Path) -> None:
    made = make()
    (tmp_path / "a.tar").write_bytes(made.archive())
    rows = _tar("--numeric-owner", "-tvf", "a.tar", cwd=tmp_path).splitlines()
    assert len(rows) == len(made.files) + 2
    for row in rows:
        rights, owner, _, day, minute, _ = row.split()
        assert (rights, owner) == ("-rw-r--r--", "0/0")
        assert (day, minute) == ("2026-05-04", "03:02")


def test_the_members_come_in_their_order() -> None:
    names = listing(make().archive())
    assert names[:6] == [path.MANIFEST, path.SUMS, path.HOWTO, *oci.FILES]
    roots = [name.partition("/")[0] for name in names[3:]]
    assert list(dict.fromkeys(roots)) == ["image", "models", "licenses", "profiles"]


def test_only_what_is_included_is_there() -> None:
    left_out = [f"{MODEL_DIRECTORY}/{name}" for name in MODEL_FILES]
    names = listing(make(leave_out=left_out).archive())
    assert not set(left_out) & set(names)
    assert set(listing(make().archive())) - set(names) == set(left_out)


def test_sha256sum_accepts_what_was_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(make().archive())
    _tar("-xf", "a.tar", cwd=tmp_path)
    check = ["sha256sum", "-c", "--strict", path.SUMS]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    checked = {line.partition(":")[0] for line in done.stdout.splitlines()}
    unpacked = {
        str(file.relative_to(tmp_path))
        for file in tmp_path.rglob("*")
        if file.is_file()
    }
    assert unpacked - checked == {path.SUMS, "a.tar"}


def test_the_same_content_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(make().archive())
    assert filecmp.cmp(tmp_path / "a", tmp_path / "b", shallow=False)


@pytest.mark.parametrize("size", [8 * GIB - 1, 8 * GIB, 9 * GIB + 7, 70 * GIB])
def test_a_file_of_many_gigabytes_can_be_a_member(tmp_path: Path, size: int) -> None:
    plan = layout.plan_members([("models/a/large", size), ("models/a/next", 3)])
    file = tmp_path / "large.tar"
    with open(file, "wb") as stream:
        for member in plan.members:
            stream.seek(member.offset_of_header)
            stream.write(layout.header(member, CREATED))
        stream.truncate(plan.total)
    shown = [row.split()[2::3] for row in _tar("-tvf", file, cwd=tmp_path).splitlines()]
    assert shown == [[str(size), "models/a/large"], ["3", "models/a/next"]]
    with tarfile.open(file) as tar:
        assert [one.size for one in tar] == [size, 3]


def test_a_path_too_long_for_tar_has_no_header() -> None:
    [member] = layout.plan_members([("x" * 101, 0)]).members
    with pytest.raises(ValueError, match="too long"):
        layout.header(member, CREATED)


@given(st.lists(st.integers(0, 10_000), max_size=20))
def test_members_lie_behind_one_another_in_whole_blocks(sizes: list[int]) -> None:
    plan = layout.plan_members((str(i), size) for i, size in enumerate(sizes))
    end = 0
    for member, size in zip(plan.members, sizes, strict=True):
        assert member.offset_of_header % layout.BLOCK == 0
        assert 0 <= member.offset_of_header - end < layout.BLOCK
        assert member.offset_of_data == member.offset_of_header + layout.BLOCK
        end = member.end_of_data
        assert member.size == size
    assert plan.total == layout.padded(end) + len(layout.END)


@given(st.integers(0, 1 << 44), st.integers(1, 250))
def test_tarfile_reads_every_header(size: int, length: int) -> None:
    name = "/".join(["d" * 19] * 13)[: length - 1].rstrip("/") + "f"
    assume(path.split(name))
    [member] = layout.plan_members([(name, size)]).members
    block = layout.header(member, CREATED)
    info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    assert (info.name, info.size, info.mtime) == (name, size, CREATED.timestamp())
    assert (info.mode, info.uid, info.gid, info.type) == (0o644, 0, 0, tarfile.REGTYPE)
