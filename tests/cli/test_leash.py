"""The leash on which one csctl holds another."""

from __future__ import annotations

import subprocess
import sys

import csctl
from tests.cli.shell import ROOT


def _held(text: bytes, size: int, version: str = csctl.__version__) -> tuple[int, str]:
    """How csctl ends, and what it says, while its stdin stays open."""
    argv = ["--leash", version, str(size), "validate", "-"]
    with subprocess.Popen(
        [sys.executable, "-m", "csctl", *argv],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(text)
        process.stdin.flush()
        if len(text) < size:
            process.stdin.close()
        said = process.stderr.read().decode()
    return process.returncode, said


def test_profiles_are_as_many_bytes_as_were_announced() -> None:
    code, err = _held(b"name: [a]\nand what follows is none of them", 10)
    assert code == 2
    assert "stdin:1:1: name: is a list" in err
    assert "follows" not in err


def test_a_text_that_breaks_off_is_not_used() -> None:
    code, err = _held(b"name: a\n", 100)
    assert code == 2
    assert "ended before it had said all" in err


def test_another_version_is_told() -> None:
    code, err = _held(b"", 0, "99.1")
    assert code == 2
    assert f"csctl {csctl.__version__} is here, and 99.1 asks" in err
