"""Loading a bundle: models, licenses and profiles, where the Engine has the image."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from csctl.bundle.carried import Destination
from csctl.bundle.manifest import Display
from csctl.container.spec import (
    LABEL_PROFILE,
    LABEL_ROLE,
    ROLE_ONE_SHOT,
    ContainerSpec,
)
from csctl.errors import (
    BundleError,
    ClockBehind,
    CsctlError,
    LicenseError,
    LockHeld,
    UsageError,
)
from csctl.lock import hold
from tests.bundle import freight as freights
from tests.bundle.far_side import all_but_licenses, images, leftovers, nothing, tree
from tests.bundle.freight import Freight
from tests.bundle.landing import Landing, outcomes, some_freight
from tests.faults.site import IMAGE, OTHER_MODEL, check_record

ALL = ("image", "model", "license", "profile")
LOADED = dict.fromkeys(ALL, "loaded") | {"image": "there already"}
THERE = dict.fromkeys(ALL, "there already")
HOUR = timedelta(hours=1)
SOUND = "am/final.bin"


@pytest.fixture
def here(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    rehearsal_archive: Path,
    unique_name: str,
    tmp_path: Path,
) -> Landing:
    """A host whose Engine has the image, and nothing else of the bundle."""
    packed = freights.standin(rehearsal_archive)
    return Landing(engine_host, tmp_path, some_freight(unique_name, packed))


# -- the whole of it -------------------------------------------------------------------


def test_every_part_comes_to_its_place(here: Landing) -> None:
    assert outcomes(here.load()) == LOADED
    check_record(here.record)
    [license_] = here.licenses
    check_record(license_.with_name(f"{license_.name}.csctl.json"))
    assert here.profile.read_text() == here.freight.text
    assert list(leftovers(here.folder)) == []


def test_twice_does_nothing(here: Landing) -> None:
    here.load()
    before = tree(here.folder / "profiles")
    assert outcomes(here.load()) == THERE
    assert tree(here.folder / "profiles") == before


def test_what_is_written_belongs_to_the_images_user(here: Landing) -> None:
    here.load()
    [license_] = here.licenses
    paths = [here.model, *here.model.rglob("*"), license_, *license_.rglob("*")]
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in paths}
    assert owners == {(65532, 65532)}
    assert license_.stat().st_mode & 0o777 == 0o750


def test_a_target_takes_the_place_of_the_profiles_own_paths(here: Landing) -> None:
    text = here.freight.text + "mounts: {models: /srv/models, output: /srv/out}\n"
    where = Destination(target=here.folder / "t", profiles=here.profile.parent)
    here.load(here.changed(text=text), where=where)
    own = here.folder / "t" / here.freight.name
    assert (own / "models" / here.freight.model_id).is_dir()
    written = here.profile.read_text()
    assert f"data: {own}  # by the profile\n" in written
    assert "mounts" not in written
    assert written.startswith("# Kept as it is.\n")


def test_without_a_directory_for_it_the_profile_is_not_written(here: Landing) -> None:
    done = here.load(where=Destination(target=here.folder / "t"))
    assert outcomes(done) == LOADED | {"profile": "not written"}
    [carried] = done.carried
    assert carried.profile.data == here.folder / "t" / here.freight.name
    assert not here.profile.exists()


def test_an_image_by_digest_is_named_by_a_tag_that_the_engine_keeps(
    here: Landing,
) -> None:
    """An Engine forgets a digest that is not of its own pull."""
    reference = f"{IMAGE}@{here.freight.packed.image.digest}"
    text = here.freight.text.replace(IMAGE, reference)
    assert outcomes(here.load(here.changed(text=text))) == LOADED
    assert here.profile.read_text() == here.freight.text


def test_another_csctl_at_work_is_not_disturbed(here: Landing) -> None:
    lock = here.data / ".csctl" / f"{here.freight.name}.lock"
    with hold(lock, "a test"), pytest.raises(LockHeld):
        here.load()
    assert here.licenses == []


def test_a_container_that_a_killed_run_left_goes(here: Landing) -> None:
    labels = {LABEL_PROFILE: here.freight.name, LABEL_ROLE: ROLE_ONE_SHOT}
    with here.engine() as engine:
        spec = ContainerSpec(name="", image=IMAGE, arguments=("true",), labels=labels)
        left = engine.create(spec)
        here.load()
        assert engine.container(left) is None
    assert any("broken-off run left" in note for note in here.notes)


# -- what is broken --------------------------------------------------------------------


@pytest.mark.parametrize("part", ["image/blobs/", "models/", "licenses/", "profiles/"])
def test_a_flipped_bit_is_found_before_anything_is_touched(
    here: Landing, part: str
) -> None:
    made = here.freight.make()
    pieces = made.members()
    [name, content] = next(
        (p.path, p.data) for p in pieces if p.path.startswith(part) and p.data
    )
    data = bytearray(made.archive())
    data[data.index(content) + len(content) // 2] ^= 1
    with pytest.raises(BundleError) as caught:
        here.load_bytes(bytes(data))
    assert caught.value.part == name
    assert not here.profile.parent.exists()


def test_all_damage_is_told(here: Landing) -> None:
    made = here.freight.make()
    data = made.archive()
    for part in (b"sound" * 999, b"opaque"):
        data = data.replace(part, b"x" * len(part))
    with pytest.raises(BundleError) as caught:
        here.load_bytes(data)
    told = [caught.value.part, *(note.partition(":")[0] for note in here.notes)]
    assert len(told) == 2
    assert told[0].endswith(SOUND)
    assert told[1].endswith("license.key")


PROFILES: dict[str, Callable[[str], str]] = {
    "another name": lambda text: text.replace("name: ", "name: x"),
    "another image": lambda text: text.replace("csctl/rehearsal", "csctl/other"),
    "another model": lambda text: text.replace("id: 2b7e9c40", "id: 00000000"),
    "two profiles": lambda text: text + "---\n" + text.replace("name: ", "name: x"),
}


@pytest.mark.parametrize("change", PROFILES.values(), ids=PROFILES.keys())
def test_a_profile_that_is_not_what_the_manifest_says_is_refused(
    here: Landing, change: Callable[[str], str]
) -> None:
    with pytest.raises(BundleError) as caught:
        here.load(here.changed(text=change(here.freight.text)))
    assert caught.value.part == f"profiles/{here.freight.name}.yaml"
    assert not here.profile.parent.exists()


def test_an_image_for_another_machine_is_refused(here: Landing) -> None:
    config = freights.config_with(architecture="arm64")
    foreign = here.changed(packed=freights.packed(IMAGE, config, []))
    with pytest.raises(UsageError, match="linux/arm64"):
        here.load(foreign)
    assert not here.profile.parent.exists()


# -- deltas ----------------------------------------------------------------------------


def test_a_license_alone_comes_beside_the_old_one(here: Landing) -> None:
    here.load()
    old = here.licenses
    newer = here.changed(fetched_at=here.freight.fetched_at + HOUR)
    assert len(newer.make(all_but_licenses).archive()) < 100_000
    done = here.load(newer, all_but_licenses)
    assert outcomes(done) == THERE | {"license": "loaded"}
    assert here.licenses[1:] == old


def test_a_delta_says_all_that_this_host_lacks(here: Landing) -> None:
    with pytest.raises(BundleError) as caught:
        here.load(leave_out=all_but_licenses)
    told = f"{caught.value.fault} {' '.join(here.notes)}"
    for name in here.freight.model:
        assert f"models/{here.freight.model_id}/{name}" in told
    assert here.licenses == []
    assert not here.profile.exists()


def test_a_delta_takes_files_of_another_model_and_stores_them_once(
    here: Landing,
) -> None:
    here.load()
    other = _other_model(here)
    shared = f"models/{OTHER_MODEL}/{SOUND}"
    here.load(other, lambda name: name == shared, force=True)
    directory = here.model.with_name(OTHER_MODEL)
    check_record(directory.with_name(f"{OTHER_MODEL}.csctl.json"))
    assert (directory / SOUND).samefile(here.model / SOUND)


def test_a_file_with_another_owner_is_copied_for_a_delta(here: Landing) -> None:
    """It may serve elsewhere, and must not change its owner there."""
    here.load()
    os.chown(here.model / SOUND, 1234, 1234)
    shared = f"models/{OTHER_MODEL}/{SOUND}"
    here.load(_other_model(here), lambda name: name == shared, force=True)
    copy = here.model.with_name(OTHER_MODEL) / SOUND
    assert copy.read_bytes() == here.freight.model[SOUND]
    assert copy.stat().st_uid == 65532
    assert (here.model / SOUND).stat().st_uid == 1234


def _other_model(here: Landing) -> Freight:
    return here.changed(
        model_id=OTHER_MODEL,
        model=here.freight.model | {"tuned.bin": b"tuned"},
        text=here.freight.text.replace(here.freight.model_id, OTHER_MODEL),
        fetched_at=here.freight.fetched_at + HOUR,
    )


def test_a_damaged_file_of_the_host_is_no_part_of_a_delta(here: Landing) -> None:
    here.load()
    _flip(here.model / SOUND)
    with pytest.raises(BundleError, match=f"models/{here.freight.model_id}/{SOUND}"):
        here.load(leave_out=all_but_licenses)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


# -- models that are there -------------------------------------------------------------


def test_a_damaged_model_is_replaced(here: Landing) -> None:
    here.load()
    _flip(here.model / SOUND)
    assert outcomes(here.load()) == THERE | {"model": "loaded"}
    assert (here.model / SOUND).read_bytes() == here.freight.model[SOUND]
    assert list(leftovers(here.folder)) == []


def test_display_models_of_another_profile_stay(here: Landing) -> None:
    itn = "wfstitn/X/model.bin"
    more = here.changed(
        model=here.freight.model | {itn: b"itn"},
        displays=(Display(type="wfstitn", locale="en-US", id=None),),
    )
    here.load(more)
    assert outcomes(here.load()) == THERE, "there is more than was asked for"
    _flip(here.model / SOUND)
    here.load()
    assert (here.model / itn).read_bytes() == b"itn"
    check_record(here.record)
    shown = json.loads(here.record.read_text())["details"]["display"]
    assert [one["type"] for one in shown] == ["wfstitn"]
    assert outcomes(here.load(more)) == THERE


def test_a_display_model_that_is_damaged_does_not_stay(here: Landing) -> None:
    itn = "wfstitn/X/model.bin"
    here.load(here.changed(model=here.freight.model | {itn: b"itn"}))
    _flip(here.model / itn)
    _flip(here.model / SOUND)
    here.load()
    assert not (here.model / itn).exists()
    check_record(here.record)


def test_a_model_without_a_record_gets_one(here: Landing) -> None:
    here.load()
    inode = here.model.stat().st_ino
    here.record.unlink()
    assert outcomes(here.load()) == THERE | {"model": "loaded"}
    check_record(here.record)
    assert here.model.stat().st_ino == inode


def test_the_record_keeps_the_day_of_the_download(here: Landing) -> None:
    here.load()
    known = json.loads(here.record.read_text())
    assert datetime.fromisoformat(known["fetched_at"]) == here.freight.fetched_at
    assert known["image"] == IMAGE


# -- licenses --------------------------------------------------------------------------

AGES = {
    "older than the one in use": (-HOUR, None, "older than the one in use"),
    "over": (HOUR, -HOUR, "ended on"),
}


@pytest.mark.parametrize(("age", "end", "said"), AGES.values(), ids=AGES.keys())
def test_a_license_that_gains_nothing_is_refused_unless_forced(
    here: Landing, age: timedelta, end: timedelta | None, said: str
) -> None:
    here.load()
    before = tree(here.data / "license")
    other = here.changed(
        fetched_at=here.freight.fetched_at + age,
        expires_at=datetime.now(UTC).replace(microsecond=0) + end if end else None,
    )
    done = here.load(other, all_but_licenses)
    assert outcomes(done) == THERE | {"license": "refused"}
    [error] = done.errors
    assert isinstance(error, LicenseError)
    assert said in error.message
    assert tree(here.data / "license") == before

    forced = here.load(other, all_but_licenses, force=True)
    assert outcomes(forced)["license"] == "loaded"
    assert len(here.licenses) == 2


def test_a_license_from_the_future_is_refused_whatever_is_forced(here: Landing) -> None:
    here.load()
    future = here.changed(fetched_at=here.freight.fetched_at + 48 * HOUR)
    done = here.load(future, all_but_licenses, force=True)
    assert outcomes(done) == THERE | {"license": "refused"}
    [error] = done.errors
    assert isinstance(error, ClockBehind)
    assert "the clock of this host is behind" in error.message
    assert len(here.licenses) == 1


def test_where_the_clock_went_back_no_license_is_taken(here: Landing) -> None:
    here.load()
    known = json.loads(here.record.read_text())
    later = datetime.now(UTC) + 48 * HOUR
    here.record.write_text(json.dumps(known | {"fetched_at": later.isoformat()}))
    newer = here.changed(fetched_at=here.freight.fetched_at + HOUR)
    [error] = here.load(newer, all_but_licenses).errors
    assert isinstance(error, ClockBehind)
    assert f"model {here.model} was fetched at" in error.message
    assert len(here.licenses) == 1


def test_a_license_that_failed_its_proof_here_stays_refused_unless_forced(
    here: Landing,
) -> None:
    here.load()
    [license_] = here.licenses
    known = license_.with_name(f"{license_.name}.csctl.json")
    text = known.read_text().replace('"refused": null', '"refused": "no good"')
    known.write_text(text)
    done = here.load()
    assert outcomes(done) == THERE | {"license": "refused"}
    assert "no good" in done.errors[0].message
    assert outcomes(here.load(force=True)) == THERE | {"license": "loaded"}
    assert here.licenses == [license_]


def test_a_license_with_other_content_of_the_same_second_is_another(
    here: Landing,
) -> None:
    here.load()
    here.load(here.changed(license={"license.key": b"other"}))
    assert len(here.licenses) == 2
    assert (here.licenses[0] / "license.key").read_bytes() == b"other"


# -- profiles --------------------------------------------------------------------------


def test_another_profile_of_the_name_stays_and_counts(here: Landing) -> None:
    here.profile.parent.mkdir()
    own = here.freight.text.replace("./data", str(here.folder / "mine"))
    here.profile.write_text(own)
    done = here.load()
    assert outcomes(done) == LOADED | {"profile": "refused"}
    [carried] = done.carried
    assert f"-data: {here.folder / 'mine'}" in carried.difference
    assert "+data: ./data" in carried.difference
    assert here.profile.read_text() == own
    assert (here.folder / "mine" / "models" / here.freight.model_id).is_dir()

    assert outcomes(here.load(force=True))["profile"] == "loaded"
    assert here.profile.read_text() == here.freight.text


def test_a_license_that_the_profile_of_this_host_does_not_ask_for_is_refused(
    here: Landing,
) -> None:
    here.profile.parent.mkdir()
    here.profile.write_text(
        here.freight.text.replace(here.freight.model_id, OTHER_MODEL)
    )
    done = here.load()
    assert outcomes(done)["license"] == "refused"
    assert here.licenses == []


# -- disks -----------------------------------------------------------------------------


def test_a_disk_that_is_too_small_is_found_before(here: Landing) -> None:
    with _small_disk(here.profile.parent, "4m"):
        large = here.changed(model=here.freight.model | {"large": bytes(8 << 20)})
        with pytest.raises(CsctlError, match=r"4\.0 MiB free, and 8\.0 MiB are"):
            here.load(large)
        assert tree(here.profile.parent) == {}


def test_too_few_files_left_are_found_before(here: Landing) -> None:
    with _small_disk(here.profile.parent, "4m,nr_inodes=20"):
        many = {str(number): b"x" for number in range(30)}
        with pytest.raises(CsctlError, match="more files, and"):
            here.load(here.changed(model=here.freight.model | many))


def test_a_disk_that_fills_up_meanwhile_leaves_what_was_there(
    here: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.load()
    before = tree(here.profile.parent)
    fsync, left = os.fsync, iter(range(3))

    def full(handle: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    large = here.changed(model=here.freight.model | {"large": bytes(1 << 20)})
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CsctlError, match="No space left"):
            here.load(large)
    assert tree(here.profile.parent) == before
    assert list(leftovers(here.folder)) == []
    assert outcomes(here.load(large)) == THERE | {"model": "loaded"}


@contextmanager
def _small_disk(place: Path, options: str) -> Iterator[None]:
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={options}", "tmpfs", str(place)]
    subprocess.run(words, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_bundle_without_anything_new_says_so(here: Landing) -> None:
    here.load()
    assert outcomes(here.load(leave_out=images)) == THERE
    assert outcomes(here.load(leave_out=nothing)) == THERE
