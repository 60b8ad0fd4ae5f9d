"""stdout that is closed, full, or read by somebody who goes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell for what needs no Engine: none is there."""
    return Shell(tmp_path, "unix:///nobody.sock", "stdout-")


def _onto(shell: Shell, where: str) -> None:
    shell.before = ("sh", "-c", f'exec "$@" >{where}', "sh")


@pytest.mark.parametrize(
    "words", [("schema",), ("size", "--streams", "9")], ids=" ".join
)
def test_a_full_disk_is_said(shell: Shell, words: tuple[str, ...]) -> None:
    _onto(shell, "/dev/full")
    done = shell.run(*words, code=1)
    assert done.err == "csctl: stdout takes nothing more: No space left on device\n"


def test_without_a_stdout_there_is_nothing_to_say(shell: Shell) -> None:
    _onto(shell, "&-")
    assert shell.run("schema").err == ""
