"""Documents in a directory: whole, or an error that says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from csctl.errors import CsctlError
from csctl.lifecycle.documents import write


def test_files_are_written_with_their_folders(tmp_path: Path) -> None:
    files = {"a.yaml": "a: 1\n", "below/b.yaml": "b: 2\n"}
    written = list(write(tmp_path / "new", files.items()))
    assert written == [tmp_path / "new" / name for name in files]
    assert [path.read_text() for path in written] == list(files.values())


def test_what_was_there_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old and longer")
    assert [path.read_text() for path in write(tmp_path, [("a", "new")])] == ["new"]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(CsctlError, match="cannot be made"):
        list(write(tmp_path / "a", [("b", "")]))
