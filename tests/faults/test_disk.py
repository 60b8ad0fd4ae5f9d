"""Disks that are full or read-only, and licenses that are none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.site import NEWER_IMAGE, OTHER_MODEL, Site, check_record

_AS_NO_ROOT = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
"""Root, whom the permissions of files bind as they do anybody else."""


@contextmanager
def _mounted(*arguments: str) -> Iterator[Path]:
    place = Path(arguments[-1])
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", *arguments], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def small_disk(site: Site) -> Iterator[Site]:
    """A profile whose `data` is a disk of its own of 4 MiB."""
    with _mounted("-t", "tmpfs", "-o", "size=4m", "tmpfs", str(site.data)):
        yield site


def _fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)


def _model_of(site: Site) -> Path:
    return site.data / "models" / f"{site.document['model']['id']}.csctl.json"


def test_a_full_disk_is_said_and_the_old_model_serves_on(small_disk: Site) -> None:
    site = small_disk
    site.serve()
    before, old = site.identity(), _model_of(site)
    site.document["model"] = {"id": OTHER_MODEL}
    site.knob(MODEL_BYTES=str(8 << 20))
    done = site.apply()
    assert done.code == 1, done.err
    assert f"downloading model {OTHER_MODEL}: the disk is full" in done.err
    assert "free space, then run the same command again" in done.err
    check_record(old)
    assert site.identity() == before
    assert site.answers()
    assert site.leftovers() == []

    site.knob(MODEL_BYTES="4096")
    site.apply_well()
    site.check_whole()


def test_a_disk_too_full_for_csctl_itself_is_said_too(small_disk: Site) -> None:
    site = small_disk
    filler = site.data / "filler"
    _fill(filler)
    done = site.apply()
    assert done.code == 1, done.err
    assert "No space left on device" in done.err or "the disk is full" in done.err
    assert str(site.data) in done.err
    filler.unlink()
    site.apply_well()
    site.check_whole()


def test_a_read_only_data_directory_is_said_and_what_serves_is_left(
    site: Site,
) -> None:
    site.serve()
    before = site.identity()
    site.document["model"] = {"id": OTHER_MODEL}
    data = str(site.data)
    with _mounted("--bind", data, data):
        subprocess.run(["mount", "-o", "remount,ro,bind", data], check=True)
        done = site.apply()
    assert done.code == 1, done.err
    assert "Read-only file system" in done.err
    assert data in done.err
    assert site.identity() == before
    site.apply_well()
    site.check_whole()


def test_a_mount_that_the_containers_user_may_not_write_to_is_explained(
    site: Site,
) -> None:
    site.knob(FAIL="unwritable")
    done = site.apply()
    assert done.code == 1, done.err
    assert "the container's user may not write to a mount" in done.err
    assert "csctl mount fix" in done.err
    assert site.leftovers() == []


def _without_license_account(site: Site) -> Path:
    """A model and an empty license directory; no way to fetch a license."""
    assert site.run("model", "pull", str(site.profile)).code == 0
    del site.document["license"]
    directory = site.data / "license"
    directory.mkdir(exist_ok=True)
    return directory


def test_an_empty_license_directory_without_a_way_to_fetch_is_7(site: Site) -> None:
    directory = _without_license_account(site)
    done = site.apply()
    assert done.code == 7, done.err
    assert "a license is needed (there is none)" in done.err
    assert str(directory) in done.err
    assert site.containers() == []


def test_an_empty_license_file_is_no_license(site: Site) -> None:
    directory = _without_license_account(site)
    (directory / "license.dat").touch()
    done = site.apply()
    assert done.code == 7, done.err


def test_a_license_of_another_image_is_seen_before_the_container_is_touched(
    site: Site,
) -> None:
    site.serve()
    before = site.identity()
    site.document["image"] = NEWER_IMAGE
    kept = site.document.pop("license")
    done = site.apply()
    assert done.code == 7, done.err
    assert "the one on disk is for another image or model" in done.err
    assert site.identity() == before
    site.document["license"] = kept
    site.apply_well()
    site.check_whole()


def test_foreign_files_as_a_license_bring_the_old_container_back_with_7_in_words(
    site: Site,
) -> None:
    directory = _without_license_account(site)
    (directory / "license.dat").write_bytes(os.urandom(64))
    done = site.apply()
    assert done.code == 7, done.err
    assert "the license does not fit this image and model, or has expired" in done.err
    assert f"note: license {directory} was not fetched by csctl" in done.err
    assert "csctl license pull" in done.err


def test_a_license_directory_that_is_a_file_is_7(site: Site) -> None:
    _without_license_account(site).rmdir()
    (site.data / "license").write_text("")
    done = site.apply()
    assert done.code == 7, done.err
    assert f"{site.data / 'license'} is no directory" in done.err


def test_an_unreadable_license_directory_is_7(site: Site) -> None:
    directory = _without_license_account(site)
    (directory / "license.dat").write_text("a license")
    directory.chmod(0o000)
    os.chown(directory, 65532, 65532)
    site.prefix = _AS_NO_ROOT
    done = site.apply()
    assert done.code == 7, done.err
    assert f"license directory {directory} cannot be read: Permission denied" in (
        done.err
    )
    assert "run csctl as root, or as the owner" in done.err


def test_a_damaged_record_names_the_file_to_remove(site: Site) -> None:
    site.serve()
    before = site.identity()
    path = _model_of(site)
    path.write_text("{")
    done = site.apply()
    assert done.code == 8, done.err
    assert f"record {path} is damaged" in done.err
    assert f"remove {path}" in done.err
    assert site.identity() == before
    path.unlink()
    assert site.apply().code == 0


def test_a_model_with_a_file_missing_is_downloaded_again(site: Site) -> None:
    site.serve()
    victim = next((site.data / "models").rglob("base.lms"))
    victim.unlink()
    planned = site.run("plan", "--json", str(site.profile))
    assert planned.code == 6
    assert planned.json[0]["steps"][0]["action"] == "download-model"
    assert "it is damaged" in planned.json[0]["steps"][0]["reason"]
    site.apply_well()
    site.check_whole()
