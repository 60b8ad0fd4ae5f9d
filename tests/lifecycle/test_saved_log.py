"""A log in a file of its own."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from csctl.errors import CsctlError, EngineUnavailable, UsageError
from csctl.lifecycle.saved_log import save


def test_lines_are_written_for_the_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert save(tmp_path / "a.log", ["one", "zwei ü"]) == 2
    finally:
        os.umask(before)
    assert (tmp_path / "a.log").read_text() == "one\nzwei ü\n"
    assert stat.S_IMODE((tmp_path / "a.log").stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["file", "directory", "dangling link"])
def test_nothing_is_written_over(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.log"
    match kind:
        case "file":
            path.write_text("mine")
        case "directory":
            path.mkdir()
        case _:
            path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="exists already"):
        save(path, ["one"])
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CsctlError, match="cannot be written: No such file") as caught:
        save(tmp_path / "absent" / "a.log", ["one"])
    assert caught.value.remedy


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(os, "open", lambda *_: full)
    with pytest.raises(CsctlError, match="cannot be written: No space left"):
        save(path, ["one"])


def test_what_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    def lines() -> Iterator[str]:
        yield "one"
        raise EngineUnavailable("the Engine went away")

    with pytest.raises(EngineUnavailable):
        save(tmp_path / "a.log", lines())
    assert not list(tmp_path.iterdir())
