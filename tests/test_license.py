"""Licenses: opaque files, which one fits, when it ends, and why it does not do."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from csctl import license as licenses
from csctl import record
from csctl.errors import LicenseError
from csctl.license import StoredLicense
from tests.stored import (
    IMAGE_ID,
    MODEL,
    NOW,
    OTHER_IMAGE_ID,
    OTHER_MODEL,
    fill,
    store,
    store_license,
)

OPAQUE = b"\x00\x01opaque\xff"


def _only(root: Path) -> StoredLicense:
    [found] = licenses.stored(root)
    return found


def test_a_license_is_its_files_and_its_record(tmp_path: Path) -> None:
    directory = store_license(tmp_path, files={"a/b.dat": OPAQUE, "c": OPAQUE})
    found = _only(tmp_path)
    assert found.directory == directory
    assert sorted(found.files) == ["a/b.dat", "c"]
    assert found.fetched_at == NOW
    assert found.damage == ()


def test_a_new_license_gets_a_directory_of_its_own(tmp_path: Path) -> None:
    first = licenses.new_directory(tmp_path, NOW)
    assert first == tmp_path / "20260601T120000Z"
    first.mkdir()
    second = licenses.new_directory(tmp_path, NOW)
    assert second.name == "20260601T120000Z-2"
    second.mkdir()
    assert licenses.new_directory(tmp_path, NOW).name == "20260601T120000Z-3"


def test_licenses_come_newest_first(tmp_path: Path) -> None:
    for day in (2, 1, 3):
        store_license(tmp_path, f"2026060{day}T120000Z")
    assert [found.directory.name[:8] for found in licenses.stored(tmp_path)] == [
        "20260603",
        "20260602",
        "20260601",
    ]


def test_files_put_there_by_hand_are_one_license_without_a_record(
    tmp_path: Path,
) -> None:
    root = fill(tmp_path / "license", {"contoso.lic": OPAQUE, "sub/two": OPAQUE})
    found = _only(root)
    assert found.directory == root
    assert sorted(found.files) == ["contoso.lic", "sub/two"]
    assert found.record is None
    assert found.fits(IMAGE_ID, MODEL)


def test_files_put_there_by_hand_come_after_those_that_were_fetched(
    tmp_path: Path,
) -> None:
    store_license(tmp_path)
    fill(tmp_path, {"contoso.lic": OPAQUE})
    fetched, by_hand = licenses.stored(tmp_path)
    assert fetched.record is not None
    assert (by_hand.record, by_hand.files) == (None, ("contoso.lic",))


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"empty": b""},
        {".csctl.lock": b"pid 1"},
        {".csctl-staging-x-12345678/half.lic": OPAQUE},
        {".csctl-20260601T120000Z.csctl.json-1-1.csctl-tmp": b'{"kind": "lic'},
        {"20260601T120000Z.csctl.json": b"{}"},
        {"20260601T120000Z/empty": b""},
    ],
    ids=lambda files: "".join(files) or "nothing",
)
def test_what_is_no_license_is_none(
    files: dict[str, str | bytes], tmp_path: Path
) -> None:
    # A record alone belongs to a directory that is not there.
    assert list(licenses.stored(fill(tmp_path / "license", files))) == []


def test_a_license_root_that_is_absent_holds_none(tmp_path: Path) -> None:
    assert list(licenses.stored(tmp_path / "nowhere")) == []
    assert licenses.choose(tmp_path / "nowhere", IMAGE_ID, MODEL) is None


def test_a_license_root_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "license").touch()
    with pytest.raises(LicenseError, match="license is no directory"):
        list(licenses.stored(tmp_path / "license"))


def test_a_damaged_record_is_an_error_of_the_license(tmp_path: Path) -> None:
    directory = store_license(tmp_path)
    record.path_of(directory).write_text("{")
    with pytest.raises(LicenseError, match=r"^license: record .* is damaged$"):
        list(licenses.stored(tmp_path))


def test_a_link_in_a_license_is_an_error(tmp_path: Path) -> None:
    (store_license(tmp_path) / "link").symlink_to("/etc/passwd")
    with pytest.raises(LicenseError, match="neither a file nor a directory"):
        list(licenses.stored(tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_license_root_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    root = tmp_path / "license"
    root.mkdir(mode=0o700)
    os.seteuid(65532)
    try:
        with pytest.raises(LicenseError, match="cannot be read: Permission denied"):
            list(licenses.stored(root))
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("image_id", "model_id", "fits"),
    [
        (IMAGE_ID, MODEL, True),
        (None, MODEL, True),
        (IMAGE_ID, None, True),
        (None, None, True),
        (OTHER_IMAGE_ID, MODEL, False),
        (IMAGE_ID, OTHER_MODEL, False),
        (None, OTHER_MODEL, False),
    ],
)
def test_a_license_fits_one_image_and_one_model(
    image_id: str | None, model_id: str | None, fits: bool, tmp_path: Path
) -> None:
    store_license(tmp_path)
    assert _only(tmp_path).fits(image_id, model_id) is fits


def test_the_newest_undamaged_license_that_fits_is_chosen(tmp_path: Path) -> None:
    store_license(tmp_path, "20260601T120000Z")
    wanted = store_license(tmp_path, "20260602T120000Z")
    store_license(tmp_path, "20260603T120000Z", image_id=OTHER_IMAGE_ID)
    store_license(tmp_path, "20260604T120000Z", model=OTHER_MODEL)
    (store_license(tmp_path, "20260605T120000Z") / "license.bin").write_bytes(b"cut")
    chosen = licenses.choose(tmp_path, IMAGE_ID, MODEL)
    assert chosen is not None
    assert chosen.directory == wanted


def test_where_none_fits_the_newest_is_shown(tmp_path: Path) -> None:
    store_license(tmp_path, "20260601T120000Z", model=OTHER_MODEL)
    newest = store_license(tmp_path, "20260602T120000Z", image_id=OTHER_IMAGE_ID)
    chosen = licenses.choose(tmp_path, IMAGE_ID, MODEL)
    assert chosen is not None
    assert chosen.directory == newest


def _names(sets: Iterable[StoredLicense]) -> list[str]:
    return [one.directory.name[:8] for one in sets]


def test_a_refused_license_is_kept_and_never_chosen(tmp_path: Path) -> None:
    store_license(tmp_path)
    assert _only(tmp_path).refused is None
    licenses.refuse(_only(tmp_path), "it failed its proof")
    assert _only(tmp_path).refused == "it failed its proof"
    assert licenses.choose(tmp_path, IMAGE_ID, MODEL) is None
    licenses.accept(_only(tmp_path))
    assert licenses.choose(tmp_path, IMAGE_ID, MODEL) == _only(tmp_path)


def test_a_license_without_a_record_cannot_be_refused(tmp_path: Path) -> None:
    fill(tmp_path / "20260601T120000Z", {"license.bin": OPAQUE})
    with pytest.raises(LicenseError, match="has no record in which a mark could stand"):
        licenses.refuse(_only(tmp_path), "for whatever reason")


def test_going_back_passes_over_what_is_refused_or_damaged(tmp_path: Path) -> None:
    store_license(tmp_path, "20260601T120000Z")
    wanted = store_license(tmp_path, "20260602T120000Z", image_id=OTHER_IMAGE_ID)
    (store_license(tmp_path, "20260603T120000Z") / "license.bin").write_bytes(b"cut")
    store_license(tmp_path, "20260604T120000Z")
    used = store_license(tmp_path, "20260605T120000Z")
    store_license(tmp_path, "20260606T120000Z")
    [_, _, refused, *_] = licenses.stored(tmp_path)
    licenses.refuse(refused, "rolled back")
    before = licenses.before(tmp_path, used)
    assert before is not None
    assert before.directory == wanted
    assert _names(licenses.newer(tmp_path, wanted)) == [
        "20260606",
        "20260605",
        "20260603",
    ]


@pytest.mark.parametrize("used", ["20260601T120000Z", "20250101T000000Z"])
def test_there_may_be_nothing_to_go_back_to(used: str, tmp_path: Path) -> None:
    store_license(tmp_path, "20260601T120000Z")
    assert licenses.before(tmp_path, tmp_path / used) is None


@pytest.mark.parametrize(
    ("keep", "going"),
    [(1, ["20260603", "20260602"]), (2, ["20260602"]), (3, []), (9, [])],
)
def test_the_last_good_licenses_are_kept_with_all_that_is_newer(
    keep: int, going: list[str], tmp_path: Path
) -> None:
    for day in range(1, 8):
        store_license(tmp_path, f"2026060{day}T120000Z")
    # The oldest is by hand; of the others the newest and the third do not count.
    record.path_of(tmp_path / "20260601T120000Z").unlink()
    (tmp_path / "20260605T120000Z" / "license.bin").write_bytes(b"cut")
    licenses.refuse(next(licenses.stored(tmp_path)), "it failed its proof")
    assert _names(licenses.surplus(licenses.stored(tmp_path), keep)) == going


def test_the_root_itself_never_goes(tmp_path: Path) -> None:
    root = store(tmp_path / "root", {"license.bin": OPAQUE}, kind="license")
    for day in range(1, 4):
        store_license(root, f"2026060{day}T120000Z")
    assert len(list(licenses.stored(root))) == 4
    assert _names(licenses.surplus(licenses.stored(root), 1)) == ["20260601"]
