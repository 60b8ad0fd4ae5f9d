"""Mounts: whose they are and whose they should be, without touching them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from csctl.container.spec import BindMount, ContainerSpec
from csctl.lifecycle import mounted
from csctl.lifecycle.mounted import Mounted
from csctl.lifecycle.part import Part
from csctl.lifecycle.wanted import Wanted
from csctl.ownership import Owner
from tests.plan.situation import DISCONNECTED, fresh, profile
from tests.stored import fill

ME = Owner(os.geteuid(), os.getegid())
OTHER = Owner(65534, 65533)
# What a container really has is looked at by test_details.py.


def _look(path: Path, owner: Owner | None, *, read_only: bool = False) -> Part[Mounted]:
    """The one mount of a container that would be created."""
    bind = BindMount(source=path, target="/output", read_only=read_only)
    spec = ContainerSpec(name="contoso", image="x", arguments=(), mounts=(bind,))
    seen = fresh(profile(DISCONNECTED), owner=owner)
    return mounted.of_wanted(Wanted(seen=seen, spec=spec, pending=()))


def _row(part: Part[Mounted]) -> Mounted:
    [row] = part.rows
    return row


def test_what_the_image_s_user_owns_is_right(tmp_path: Path) -> None:
    path = fill(tmp_path / "output", {"a/b": "x"})
    part = _look(path, ME)
    row = _row(part)
    assert part.notes == ()
    assert (row.path, row.target, row.read_only) == (path, "/output", False)
    assert (row.exists, row.found, row.wanted) == (True, ME, ME)
    assert (row.right, row.wrong) == (True, None)


def test_a_mount_that_is_read_only_says_so(tmp_path: Path) -> None:
    assert _row(_look(tmp_path, ME, read_only=True)).read_only


def test_another_owner_is_wrong(tmp_path: Path) -> None:
    row = _row(_look(tmp_path, OTHER))
    assert (row.found, row.right, row.wrong) == (ME, False, tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_another_owner_below_is_wrong(tmp_path: Path) -> None:
    path = fill(tmp_path / "output", {"a/b": "x", "c": "y"})
    os.chown(path / "a" / "b", OTHER.uid, OTHER.gid)
    row = _row(_look(path, ME))
    assert (row.found, row.right, row.wrong) == (ME, False, path / "a" / "b")


def test_an_absent_path_is_wrong(tmp_path: Path) -> None:
    row = _row(_look(tmp_path / "x", ME))
    assert (row.exists, row.found) == (False, None)
    assert (row.right, row.wrong) == (False, tmp_path / "x")


def test_an_unknown_owner_is_said_and_nothing_is_called_wrong(tmp_path: Path) -> None:
    part = _look(tmp_path, None)
    row = _row(part)
    assert (row.found, row.wanted, row.right, row.wrong) == (ME, None, None, None)
    [note] = part.notes
    assert "csctl mount check" in note


def test_a_path_that_may_not_be_looked_at_is_a_sentence(tmp_path: Path) -> None:
    # Root may look anywhere; a name that is too long hinders it as well.
    path = tmp_path / ("x" * 300)
    part = _look(path, ME)
    row = _row(part)
    assert (row.exists, row.found, row.right) == (None, None, None)
    assert part.notes == (f"{path} cannot be looked at: File name too long",)


def test_what_is_not_a_directory_is_a_sentence_beside_its_row(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    part = _look(file, ME)
    row = _row(part)
    assert (row.exists, row.right) == (True, None)
    [note] = part.notes
    assert str(file) in note


def test_mounts_that_depend_on_a_download_are_not_known_yet() -> None:
    seen = fresh(profile(DISCONNECTED))
    part = mounted.of_wanted(Wanted(seen=seen, spec=None, pending=("download-model",)))
    assert part.rows == ()
    assert part.notes == ("what is to be mounted is known only after: download-model",)
