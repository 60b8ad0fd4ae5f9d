from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from csctl.errors import UsageError
from csctl.rehearsal import runtime
from tests.rehearsal.stand_in import ROOT


def test_no_source_and_no_path_of_this_host_goes_into_the_image(
    tmp_path: Path,
) -> None:
    entries = runtime.collect(tmp_path)
    modules = [entry for entry in entries if entry.path.endswith(".pyc")]
    assert any(entry.path.endswith("/os.pyc") for entry in modules)
    assert any(entry.path.endswith("/container/serve.pyc") for entry in modules)
    assert not any(entry.path.endswith(".py") for entry in entries)
    for entry in modules:
        assert isinstance(entry.content, Path)
        content = entry.content.read_bytes()
        assert str(ROOT).encode() not in content
        assert sys.base_prefix.encode() not in content or sys.base_prefix == "/usr"


def test_every_path_in_the_image_is_relative_and_there_once(tmp_path: Path) -> None:
    paths = [entry.path for entry in runtime.collect(tmp_path)]
    assert len(paths) == len(set(paths))
    assert not any(path.startswith("/") for path in paths)


def test_the_stand_in_needs_the_standard_library_alone() -> None:
    code = (
        "import sys; sys.path.insert(0, 'csctl/rehearsal'); import container.__main__;"
        "print({name.partition('.')[0] for name in sys.modules}"
        " - sys.stdlib_module_names - {'__main__'})"
    )
    done = subprocess.run(
        [sys.executable, "-ISB", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "{'container'}\n"


def test_a_host_without_ldd_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(UsageError, match="this host has no `chown`") as caught:
        runtime.collect(tmp_path)
    assert caught.value.remedy
