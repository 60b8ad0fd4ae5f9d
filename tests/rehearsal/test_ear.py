"""Whose files the hearing image takes; that it hears with them: `make test-speech`."""

from __future__ import annotations

import hashlib
import io
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from csctl.errors import UsageError
from csctl.rehearsal import ear, image, runtime


class Installed:
    """A distribution below `root` with files of these contents."""

    def __init__(self, root: Path, contents: dict[str, bytes]) -> None:
        self._root = root
        for name, content in contents.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def locate_file(self, name: str) -> Path:
        return self._root / name


@pytest.fixture
def contents(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Files that are small, and as they are pinned."""
    shell = Path("/bin/sh").resolve().read_bytes()
    found = {name: name.encode() for name in ear._SHA256} | {ear._LIBRARY: shell}
    for name, content in found.items():
        monkeypatch.setitem(ear._SHA256, name, hashlib.sha256(content).hexdigest())
    return found


def install(
    monkeypatch: pytest.MonkeyPatch, root: Path, contents: dict[str, bytes]
) -> None:
    found = Installed(root, contents)
    monkeypatch.setattr("csctl.rehearsal.ear.distribution", lambda _: found)


def test_library_model_and_the_modules_that_call_it_are_collected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, contents: dict[str, bytes]
) -> None:
    install(monkeypatch, tmp_path / "site", contents)
    found = {entry.path: entry for entry in ear.collect(tmp_path)}
    for name in ("decoder_model_merged.ort", "encoder_model.ort", "tokenizer.bin"):
        assert f"app/hear/tiny-en/{name}" in found
    assert found["app/hear/libmoonshine.so"].mode == 0o755
    assert any(path.endswith("/ctypes/__init__.pyc") for path in found)
    assert any(path.endswith("/container/moonshine.pyc") for path in found)
    assert "app/lib/libc.so.6" in found
    assert not any(path.endswith(".py") for path in found)


def test_the_image_without_it_holds_none_of_it(tmp_path: Path) -> None:
    paths = [entry.path for entry in runtime.collect(tmp_path)]
    assert not any("moonshine" in path or "ctypes" in path for path in paths)


@pytest.mark.parametrize("name", list(ear._SHA256))
def test_a_file_that_is_not_as_pinned_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    contents: dict[str, bytes],
    name: str,
) -> None:
    install(monkeypatch, tmp_path / "site", contents | {name: b"another"})
    with pytest.raises(UsageError, match=f"{Path(name).name} is not that of") as caught:
        ear.collect(tmp_path)
    assert "moonshine-voice==0.1.0" in str(caught.value.remedy)


def test_a_version_without_a_model_is_not_the_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, contents: dict[str, bytes]
) -> None:
    del contents[f"{ear._MODEL}/tokenizer.bin"]
    install(monkeypatch, tmp_path / "site", contents)
    with pytest.raises(UsageError, match=r"is not installed .* moonshine-voice==0\.1"):
        ear.collect(tmp_path)


def test_without_the_package_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("csctl.rehearsal.ear.distribution", find)
    with pytest.raises(UsageError, match="is not installed") as caught:
        image.build(io.BytesIO(), ear.collect)
    assert "pip install --no-deps moonshine-voice==0.1.0" in str(caught.value.remedy)


@pytest.mark.parametrize("found", ["glibc 2.31", "musl 1.2", None], ids=repr)
def test_another_c_library_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: str | None
) -> None:
    monkeypatch.setattr("os.confstr", lambda _: found)
    with pytest.raises(UsageError, match=r"glibc 2\.34 or newer") as caught:
        ear.collect(tmp_path)
    assert "without --hear" in str(caught.value.remedy)
