"""Staging: whole directories change places, and a kill halves none of them."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from csctl import record, staging
from csctl.errors import CsctlError
from tests.killing import kill_after


def _fill(directory: Path, content: str, count: int = 3) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (directory / str(number)).write_text(content)
    return directory


def _content(directory: Path) -> set[str]:
    return {path.read_text() for path in directory.iterdir()}


def _staged(target: Path, content: str) -> Path:
    return _fill(staging.open_staging(target), content)


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """A C library on a file system without an atomic exchange."""

    class Library:
        def renameat2(self, *_: object) -> int:
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library())
    monkeypatch.setattr(ctypes, "get_errno", lambda: errno.EINVAL)


def test_staging_lies_beside_its_target_and_lets_others_in(tmp_path: Path) -> None:
    path = staging.open_staging(tmp_path / "models" / "one")
    assert path.parent == tmp_path / "models"
    assert path.name.startswith(".csctl-staging-one-")
    assert path.stat().st_mode & 0o777 == 0o755
    assert list(path.iterdir()) == []


def test_staging_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CsctlError) as caught:
        staging.open_staging(tmp_path / "file" / "one")
    assert str(caught.value) == (
        f"no staging directory can be made in {tmp_path / 'file'}: File exists"
    )


def test_placing_makes_the_target(tmp_path: Path) -> None:
    target = tmp_path / "one"
    staging.place(_staged(target, "new"), target)
    assert _content(target) == {"new"}
    assert list(tmp_path.iterdir()) == [target]


def test_placing_takes_the_old_ones_place(tmp_path: Path) -> None:
    target = _fill(tmp_path / "one", "old", count=5)
    staging.place(_staged(target, "new"), target)
    assert _content(target) == {"new"}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.usefixtures("no_exchange")
def test_placing_works_without_an_atomic_exchange(tmp_path: Path) -> None:
    target = _fill(tmp_path / "one", "old")
    staging.place(_staged(target, "new"), target)
    assert _content(target) == {"new"}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.usefixtures("no_exchange")
def test_without_an_exchange_a_failure_leaves_the_old_one(tmp_path: Path) -> None:
    target = _fill(tmp_path / "one", "old")
    with pytest.raises(CsctlError, match="No such file or directory"):
        staging.place(tmp_path / "nothing", target)
    assert _content(target) == {"old"}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_mount_point_cannot_be_replaced_and_stays(tmp_path: Path) -> None:
    target = _fill(tmp_path / "one", "hidden")
    subprocess.run(["mount", "-t", "tmpfs", "none", target], check=True)
    try:
        _fill(target, "old")
        staged = _staged(target, "new")
        with pytest.raises(CsctlError) as caught:
            staging.place(staged, target)
        assert str(caught.value).startswith(f"{staged} cannot take the place of")
        assert "no mount point" in (caught.value.remedy or "")
        assert _content(target) == {"old"}
    finally:
        subprocess.run(["umount", target], check=True)


_PLACE_FOR_EVER = """
import sys
from pathlib import Path
from csctl import staging
{patch}
target = Path(sys.argv[1])
print("ready", flush=True)
count = 0
while True:
    count += 1
    place = staging.open_staging(target)
    for number in range(3):
        (place / str(number)).write_text(str(count))
    staging.place(place, target)
"""
_WITHOUT_EXCHANGE = """
import ctypes, errno
class Library:
    def renameat2(self, *_): return -1
ctypes.CDLL = lambda *_, **__: Library()
ctypes.get_errno = lambda: errno.ENOSYS
"""


@pytest.mark.parametrize("patch", ["", _WITHOUT_EXCHANGE], ids=["exchange", "renames"])
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(
    patch: str, tmp_path: Path
) -> None:
    target = _fill(tmp_path / "one", "0")
    before = 0
    for turn in range(12):
        kill_after(0.003 * turn, _PLACE_FOR_EVER.format(patch=patch), target)
        staging.sweep(tmp_path, "one")
        [text] = _content(target)
        assert len(list(target.iterdir())) == 3
        before = max(before, int(text))
        assert list(tmp_path.iterdir()) == [target]
    assert before > 0, "it never placed anything"


def test_a_sweep_takes_only_what_is_staged_for_its_target(tmp_path: Path) -> None:
    for name in ("models", "models-2", "models2"):
        _staged(tmp_path / name, name)
    _fill(tmp_path / "models", "serving")
    staging.sweep(tmp_path, "models")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == 3
    assert left[0].startswith(".csctl-staging-models-2-")
    assert left[1].startswith(".csctl-staging-models2-")
    assert left[2] == "models"


@pytest.mark.parametrize("name", ["mo[de]ls", "a*", "a.b", "a?"])
def test_a_name_is_no_pattern(name: str, tmp_path: Path) -> None:
    staged = _staged(tmp_path / name, "x")
    assert staging.leftovers(tmp_path, name) == (staged,)
    assert staging.leftovers(tmp_path, "ab") == ()
    staging.sweep(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_of_all_takes_all_that_is_staged(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _staged(tmp_path / name, name)
    _fill(tmp_path / "a", "kept")
    staging.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_sweep_puts_back_what_waits_between_two_renames(tmp_path: Path) -> None:
    was = _fill(tmp_path / f"{staging.PREFIX}one.was", "old")
    _staged(tmp_path / "one", "new")
    staging.sweep(tmp_path, "one")
    assert _content(tmp_path / "one") == {"old"}
    assert not was.exists()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_sweep_drops_what_was_replaced_already(tmp_path: Path) -> None:
    _fill(tmp_path / f"{staging.PREFIX}one.was", "old")
    _fill(tmp_path / "one", "new")
    staging.sweep(tmp_path, "one")
    assert _content(tmp_path / "one") == {"new"}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_sweep_drops_half_a_record(tmp_path: Path) -> None:
    (tmp_path / ".csctl-one.csctl.json-17-17.csctl-tmp").write_text("{")
    (tmp_path / ".csctl-two.csctl.json-17-17.csctl-tmp").write_text("{")
    staging.sweep(tmp_path, "one")
    assert [path.name[:10] for path in tmp_path.iterdir()] == [".csctl-two"]


def test_the_leftovers_of_no_directory_are_none(tmp_path: Path) -> None:
    assert staging.leftovers(tmp_path / "nowhere") == ()
    staging.sweep(tmp_path / "nowhere")


def test_a_clone_shares_its_files_and_takes_no_space(tmp_path: Path) -> None:
    source = _fill(tmp_path / "one", "text")
    (source / "sub").mkdir()
    (source / "sub" / "deep").write_text("deep")
    place = staging.open_staging(source)
    assert staging.clone(source, place)
    sums = record.take_sums(source)
    assert record.take_sums(place) == sums
    for file in sums:
        assert os.path.samefile(source / file.path, place / file.path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_clone_of_another_users_files_shares_none() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o777)
        source = _fill(Path(place) / "one", "text")
        os.seteuid(65532)
        try:
            staged = staging.open_staging(source)
            linked = staging.clone(source, staged)
        finally:
            os.seteuid(0)
        assert not linked
        assert _content(staged) == {"text"}
        assert not os.path.samefile(source / "0", staged / "0")


def test_what_a_clone_adds_or_removes_stays_its_own(tmp_path: Path) -> None:
    source = _fill(tmp_path / "one", "text")
    place = staging.open_staging(source)
    staging.clone(source, place)
    (place / "new").write_text("new")
    (place / "0").unlink()
    assert sorted(path.name for path in source.iterdir()) == ["0", "1", "2"]


def test_a_clone_keeps_links_as_links(tmp_path: Path) -> None:
    source = _fill(tmp_path / "one", "text")
    (source / "link").symlink_to("/etc/passwd")
    place = staging.open_staging(source)
    staging.clone(source, place)
    assert (place / "link").is_symlink()
    with pytest.raises(CsctlError, match="neither a file nor a directory"):
        record.take_sums(place)


def test_a_clone_that_fails_says_of_what(tmp_path: Path) -> None:
    place = staging.open_staging(tmp_path / "one")
    with pytest.raises(CsctlError, match="one cannot be copied: "):
        staging.clone(tmp_path / "one", place)
