"""Licenses: opaque files, which one fits, when it ends, and why it does not do."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from csctl import license as licenses
from csctl import record
from csctl.errors import LicenseError
from csctl.license import DECLARED, Expiry, StoredLicense
from csctl.profile.model import License
from tests.stored import (
    IMAGE_ID,
    MODEL,
    NOW,
    OTHER_IMAGE_ID,
    OTHER_MODEL,
    fill,
    store,
)

OPAQUE = b"\x00\x01opaque\xff"


def _license(
    root: Path,
    name: str = "20260601T120000Z",
    *,
    files: dict[str, str | bytes] | None = None,
    model: str = MODEL,
    image_id: str = IMAGE_ID,
    at: datetime = NOW,
    declared: str | None = None,
) -> Path:
    return store(
        root / name,
        {"license.bin": OPAQUE} if files is None else files,
        kind="license",
        model=model,
        image_id=image_id,
        at=at,
        details={DECLARED: declared},
    )


def _only(root: Path) -> StoredLicense:
    [found] = licenses.stored(root)
    return found


def test_a_license_is_its_files_and_its_record(tmp_path: Path) -> None:
    directory = _license(tmp_path, files={"a/b.dat": OPAQUE, "c": OPAQUE})
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
        _license(tmp_path, f"2026060{day}T120000Z")
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
    _license(tmp_path)
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
    directory = _license(tmp_path)
    record.path_of(directory).write_text("{")
    with pytest.raises(LicenseError, match=r"^license: record .* is damaged$"):
        list(licenses.stored(tmp_path))


def test_a_link_in_a_license_is_an_error(tmp_path: Path) -> None:
    (_license(tmp_path) / "link").symlink_to("/etc/passwd")
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
    _license(tmp_path)
    assert _only(tmp_path).fits(image_id, model_id) is fits


def test_the_newest_undamaged_license_that_fits_is_chosen(tmp_path: Path) -> None:
    _license(tmp_path, "20260601T120000Z")
    wanted = _license(tmp_path, "20260602T120000Z")
    _license(tmp_path, "20260603T120000Z", image_id=OTHER_IMAGE_ID)
    _license(tmp_path, "20260604T120000Z", model=OTHER_MODEL)
    (_license(tmp_path, "20260605T120000Z") / "license.bin").write_bytes(b"cut")
    chosen = licenses.choose(tmp_path, IMAGE_ID, MODEL)
    assert chosen is not None
    assert chosen.directory == wanted


def test_where_none_fits_the_newest_is_shown(tmp_path: Path) -> None:
    _license(tmp_path, "20260601T120000Z", model=OTHER_MODEL)
    newest = _license(tmp_path, "20260602T120000Z", image_id=OTHER_IMAGE_ID)
    chosen = licenses.choose(tmp_path, IMAGE_ID, MODEL)
    assert chosen is not None
    assert chosen.directory == newest


FOUND = datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("expires: 2027-01-31", FOUND),
        ("Expiry=2027-01-31\n", FOUND),
        ('{"expirationDate": "2027-01-31"}', FOUND),
        ("<Expires>2027-01-31</Expires>", FOUND),
        ("EXPIRY DATE 2027-01-31", FOUND),
        (
            '"expiresAt":"2027-01-31T10:20:30Z"',
            FOUND.replace(hour=10, minute=20, second=30),
        ),
        ("expires 2027-01-31 10:20", FOUND.replace(hour=10, minute=20)),
        ("expires 2027-01-31T02:00:00+02:00", FOUND),
        ("issued 2026-01-31, expires 2027-01-31", FOUND),
        ("expires 2027-01-31; expiry: 2027-01-31T00:00:00Z", FOUND),
    ],
)
def test_one_date_beside_a_name_like_expiry_is_shown_as_found(
    text: str, at: datetime, tmp_path: Path
) -> None:
    _license(tmp_path, files={"license.txt": text, "license.bin": OPAQUE})
    found = licenses.expiry(_only(tmp_path), None)
    assert found == Expiry(at=at, source="file")


@pytest.mark.parametrize(
    "content",
    [
        OPAQUE,
        b"\0expires: 2027-01-31",
        b"\xff\xfeexpires: 2027-01-31",
        "expires: 2027-01-31".encode("utf-16"),
        "expires: 2027-01-31, expiry: 2028-01-31",
        "expires: 2027-01-31T10:00:00Z expires: 2027-01-31T11:00:00Z",
        "issued: 2027-01-31",
        "2027-01-31",
        "expires: 31.01.2027",
        "expires: 2027-13-45",
        "expires never",
        "expires" + " " * 40 + "2027-01-31",
        "expires: 2027-01-31" + " " * (1 << 20),
    ],
    ids=[
        "opaque",
        "nul",
        "no-text",
        "utf-16",
        "two-dates",
        "two-moments",
        "another-name",
        "no-name",
        "another-form",
        "no-day",
        "never",
        "far-away",
        "large",
    ],
)
def test_an_expiry_is_never_invented(content: str | bytes, tmp_path: Path) -> None:
    _license(tmp_path, files={"license": content})
    found = licenses.expiry(_only(tmp_path), None)
    assert found == Expiry(at=None, source="unknown")
    assert found.days_left(NOW) is None


def test_two_files_that_disagree_are_unknown(tmp_path: Path) -> None:
    _license(tmp_path, files={"a": "expires 2027-01-31", "b": "expires 2028-01-31"})
    found = licenses.expiry(_only(tmp_path), None)
    assert found.source == "unknown"


def test_our_own_record_is_not_searched_for_a_date(tmp_path: Path) -> None:
    root = fill(tmp_path, {"x.lic": OPAQUE, "y.csctl.json": "expires 2027-01-31"})
    found = licenses.expiry(_only(root), None)
    assert found.source == "unknown"


@pytest.mark.parametrize("text", ["expir", "expir " * 2, "expira a", "expir-a"])
def test_a_file_that_is_written_to_be_slow_is_read_fast(
    text: str, tmp_path: Path
) -> None:
    _license(tmp_path, files={"license": text * ((1 << 20) // len(text))})
    began = time.process_time()
    found = licenses.expiry(_only(tmp_path), None)
    assert found.source == "unknown"
    assert time.process_time() - began < 5


def test_what_the_profile_declares_comes_before_what_a_file_says(
    tmp_path: Path,
) -> None:
    _license(
        tmp_path,
        files={"a": "expires 2027-01-31"},
        declared="2026-09-01T00:00:00+00:00",
    )
    stored = _only(tmp_path)
    assert licenses.expiry(stored, License(expires=date(2026, 7, 1))) == Expiry(
        at=datetime(2026, 7, 1, tzinfo=UTC), source="declared"
    )
    assert licenses.expiry(stored, License(valid_for=timedelta(days=30))) == (
        Expiry(at=NOW + timedelta(days=30), source="declared")
    )
    assert licenses.expiry(stored, None) == Expiry(
        at=datetime(2026, 9, 1, tzinfo=UTC), source="declared"
    )


def test_how_long_a_license_lasts_says_nothing_where_its_start_is_unknown(
    tmp_path: Path,
) -> None:
    fill(tmp_path, {"x.lic": OPAQUE})
    found = licenses.expiry(_only(tmp_path), License(valid_for=timedelta(days=30)))
    assert found.source == "unknown"


def test_no_license_has_no_expiry_unless_a_day_is_declared() -> None:
    none = licenses.expiry(None, License(valid_for=timedelta(days=1)))
    assert none == Expiry(at=None, source="unknown")
    declared = licenses.expiry(None, License(expires=date(2026, 7, 1)))
    assert declared.source == "declared"


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(days=2), 2),
        (timedelta(days=1, hours=23), 1),
        (timedelta(hours=1), 0),
        (timedelta(0), 0),
        (timedelta(hours=-1), -1),
        (timedelta(days=-3), -3),
    ],
)
def test_days_left_are_whole_and_rounded_down(left: timedelta, days: int) -> None:
    assert Expiry(at=NOW + left, source="file").days_left(NOW) == days


def _check(
    stored: StoredLicense | None,
    *,
    ends_in: timedelta | None = None,
    image_id: str = IMAGE_ID,
    now: datetime = NOW,
) -> None:
    at = None if ends_in is None else NOW + ends_in
    licenses.check(
        stored,
        Expiry(at=at, source="declared"),
        image_id=image_id,
        model_id=MODEL,
        declared=License(renew_before=timedelta(days=7)),
        now=now,
    )


@pytest.mark.parametrize(
    "ends_in", [None, timedelta(days=7, seconds=1), timedelta(days=300)]
)
def test_a_license_that_lasts_is_well(
    ends_in: timedelta | None, tmp_path: Path
) -> None:
    _license(tmp_path)
    _check(_only(tmp_path), ends_in=ends_in)


@pytest.mark.parametrize(
    ("ends_in", "message"),
    [
        (timedelta(days=7), "is due: it ends on 2026-06-08 (declared)"),
        (timedelta(seconds=1), "is due: it ends on 2026-06-01 (declared)"),
        (timedelta(0), "expired on 2026-06-01 (declared)"),
        (timedelta(days=-20), "expired on 2026-05-12 (declared)"),
    ],
)
def test_a_license_that_ends_says_when(
    ends_in: timedelta, message: str, tmp_path: Path
) -> None:
    directory = _license(tmp_path)
    with pytest.raises(LicenseError) as caught:
        _check(_only(tmp_path), ends_in=ends_in)
    assert str(caught.value) == f"license {directory} {message}"
    assert caught.value.remedy == "fetch one: csctl license pull"


def test_no_license_says_so() -> None:
    with pytest.raises(LicenseError, match=r"^there is no license$"):
        _check(None)


def test_a_damaged_license_says_what_is_damaged(tmp_path: Path) -> None:
    directory = _license(tmp_path)
    (directory / "license.bin").unlink()
    with pytest.raises(LicenseError) as caught:
        _check(_only(tmp_path))
    assert str(caught.value) == (
        f"license {directory} is damaged: license.bin: No such file or directory"
    )


def test_an_empty_license_says_so(tmp_path: Path) -> None:
    directory = _license(tmp_path, files={"empty": b""})
    with pytest.raises(LicenseError) as caught:
        _check(_only(tmp_path))
    assert str(caught.value) == f"license {directory} is empty"


def test_a_license_of_another_image_says_so(tmp_path: Path) -> None:
    directory = _license(tmp_path)
    with pytest.raises(LicenseError) as caught:
        _check(_only(tmp_path), image_id=OTHER_IMAGE_ID)
    assert str(caught.value) == (
        f"license {directory} was fetched for another image or model"
    )


def test_a_clock_that_is_behind_the_license_is_named(tmp_path: Path) -> None:
    directory = _license(tmp_path)
    with pytest.raises(LicenseError) as caught:
        _check(_only(tmp_path), now=NOW - timedelta(minutes=6))
    assert str(caught.value) == (
        f"the clock is behind: license {directory} was fetched at"
        " 2026-06-01T12:00:00+00:00"
    )
    assert caught.value.remedy == "set the clock of this host"
    _check(_only(tmp_path), now=NOW - timedelta(minutes=4))


def _names(sets: Iterable[StoredLicense]) -> list[str]:
    return [one.directory.name[:8] for one in sets]


def test_a_refused_license_is_kept_and_never_chosen(tmp_path: Path) -> None:
    _license(tmp_path)
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
    _license(tmp_path, "20260601T120000Z")
    wanted = _license(tmp_path, "20260602T120000Z", image_id=OTHER_IMAGE_ID)
    (_license(tmp_path, "20260603T120000Z") / "license.bin").write_bytes(b"cut")
    _license(tmp_path, "20260604T120000Z")
    used = _license(tmp_path, "20260605T120000Z")
    _license(tmp_path, "20260606T120000Z")
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
    _license(tmp_path, "20260601T120000Z")
    assert licenses.before(tmp_path, tmp_path / used) is None


@pytest.mark.parametrize(
    ("keep", "going"),
    [(1, ["20260603", "20260602"]), (2, ["20260602"]), (3, []), (9, [])],
)
def test_the_last_good_licenses_are_kept_with_all_that_is_newer(
    keep: int, going: list[str], tmp_path: Path
) -> None:
    for day in range(1, 8):
        _license(tmp_path, f"2026060{day}T120000Z")
    # The oldest is by hand; of the others the newest and the third do not count.
    record.path_of(tmp_path / "20260601T120000Z").unlink()
    (tmp_path / "20260605T120000Z" / "license.bin").write_bytes(b"cut")
    licenses.refuse(next(licenses.stored(tmp_path)), "it failed its proof")
    assert _names(licenses.surplus(licenses.stored(tmp_path), keep)) == going


def test_the_root_itself_never_goes(tmp_path: Path) -> None:
    root = store(tmp_path / "root", {"license.bin": OPAQUE}, kind="license")
    for day in range(1, 4):
        _license(root, f"2026060{day}T120000Z")
    assert len(list(licenses.stored(root))) == 4
    assert _names(licenses.surplus(licenses.stored(root), 1)) == ["20260601"]


@pytest.mark.parametrize(
    ("ends", "declared", "term"),
    [
        (None, None, "unknown"),
        (NOW, None, "expired"),
        (NOW + timedelta(seconds=1), None, "due"),
        (NOW + timedelta(days=7), None, "due"),
        (NOW + timedelta(days=7, seconds=1), None, "valid"),
        (NOW + timedelta(days=8), License(renew_before=timedelta(days=9)), "due"),
        (NOW + timedelta(days=2), License(renew_before=timedelta(days=1)), "valid"),
    ],
)
def test_a_license_is_due_by_the_notice_of_its_profile(
    ends: datetime | None, declared: License | None, term: str
) -> None:
    assert licenses.term(Expiry(at=ends, source="file"), declared, NOW) == term
