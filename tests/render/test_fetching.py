"""The scripts of the download Job and of the pods that wait for it, in a real shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from csctl.render import fetching
from csctl.render.cluster import VOLUME, Names

NAMES = Names(name="contoso", model="5f3a0c1e-aaaa")


def _run(script: str, volume: Path, *, timeout: float = 60) -> int:
    there = script.replace(VOLUME, str(volume))
    return subprocess.run(["sh", "-c", there], check=False, timeout=timeout).returncode


def test_a_broken_off_download_starts_from_an_empty_directory(tmp_path: Path) -> None:
    left = tmp_path / NAMES.model / "sub" / "half.bin"
    left.parent.mkdir(parents=True)
    left.write_text("x")
    script = fetching.prepare_script(NAMES, owner_known=True)
    assert _run(script, tmp_path) == 0
    assert list((tmp_path / NAMES.model).iterdir()) == []


def test_a_whole_model_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAMES.model).mkdir()
    (tmp_path / NAMES.model / "properties.json").write_text("{}")
    assert _run(fetching.done_script(NAMES), tmp_path) == 0
    assert _run(fetching.prepare_script(NAMES, owner_known=True), tmp_path) == 0
    assert (tmp_path / NAMES.model / "properties.json").read_text() == "{}"


@pytest.mark.parametrize("content", [None, ""], ids=["absent", "empty"])
def test_a_directory_without_the_marker_is_not_whole(
    content: str | None, tmp_path: Path
) -> None:
    (tmp_path / NAMES.model).mkdir()
    if content is not None:
        (tmp_path / NAMES.model / "properties.json").write_text(content)
    assert _run(fetching.done_script(NAMES), tmp_path) != 0
    assert not (tmp_path / f"{NAMES.model}.done").exists()


def test_where_the_images_user_is_unknown_anyone_may_write(tmp_path: Path) -> None:
    assert _run(fetching.prepare_script(NAMES, owner_known=False), tmp_path) == 0
    assert (tmp_path / NAMES.model).stat().st_mode & 0o777 == 0o777
