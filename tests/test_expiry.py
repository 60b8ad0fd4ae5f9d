"""When licenses end, how that is known, and why one does not do."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from csctl import expiry
from csctl import license as licenses
from csctl.clock import Moment
from csctl.errors import ClockBehind, LicenseError
from csctl.expiry import Expiry
from csctl.license import StoredLicense
from csctl.profile.model import License
from tests.stored import IMAGE_ID, MODEL, NOW, OTHER_IMAGE_ID, fill, store_license

OPAQUE = b"\x00\x01opaque\xff"


def _only(root: Path) -> StoredLicense:
    [found] = licenses.stored(root)
    return found


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
    store_license(tmp_path, files={"license.txt": text, "license.bin": OPAQUE})
    found = expiry.of(_only(tmp_path), None)
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
    store_license(tmp_path, files={"license": content})
    found = expiry.of(_only(tmp_path), None)
    assert found == Expiry(at=None, source="unknown")
    assert found.days_left(NOW) is None


def test_two_files_that_disagree_are_unknown(tmp_path: Path) -> None:
    store_license(
        tmp_path, files={"a": "expires 2027-01-31", "b": "expires 2028-01-31"}
    )
    found = expiry.of(_only(tmp_path), None)
    assert found.source == "unknown"


def test_our_own_record_is_not_searched_for_a_date(tmp_path: Path) -> None:
    root = fill(tmp_path, {"x.lic": OPAQUE, "y.csctl.json": "expires 2027-01-31"})
    found = expiry.of(_only(root), None)
    assert found.source == "unknown"


@pytest.mark.parametrize("text", ["expir", "expir " * 2, "expira a", "expir-a"])
def test_a_file_that_is_written_to_be_slow_is_read_fast(
    text: str, tmp_path: Path
) -> None:
    store_license(tmp_path, files={"license": text * ((1 << 20) // len(text))})
    began = time.process_time()
    found = expiry.of(_only(tmp_path), None)
    assert found.source == "unknown"
    assert time.process_time() - began < 5


def test_what_the_profile_declares_comes_before_what_a_file_says(
    tmp_path: Path,
) -> None:
    store_license(
        tmp_path,
        files={"a": "expires 2027-01-31"},
        declared="2026-09-01T00:00:00+00:00",
    )
    stored = _only(tmp_path)
    assert expiry.of(stored, License(expires=date(2026, 7, 1))) == Expiry(
        at=datetime(2026, 7, 1, tzinfo=UTC), source="declared"
    )
    assert expiry.of(stored, License(valid_for=timedelta(days=30))) == (
        Expiry(at=NOW + timedelta(days=30), source="declared")
    )
    assert expiry.of(stored, None) == Expiry(
        at=datetime(2026, 9, 1, tzinfo=UTC), source="declared"
    )


def test_how_long_a_license_lasts_says_nothing_where_its_start_is_unknown(
    tmp_path: Path,
) -> None:
    fill(tmp_path, {"x.lic": OPAQUE})
    found = expiry.of(_only(tmp_path), License(valid_for=timedelta(days=30)))
    assert found.source == "unknown"


def test_no_license_has_no_expiry_unless_a_day_is_declared() -> None:
    none = expiry.of(None, License(valid_for=timedelta(days=1)))
    assert none == Expiry(at=None, source="unknown")
    declared = expiry.of(None, License(expires=date(2026, 7, 1)))
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
    recorded: Moment | None = None,
) -> None:
    at = None if ends_in is None else NOW + ends_in
    expiry.check(
        stored,
        Expiry(at=at, source="declared"),
        image_id=image_id,
        model_id=MODEL,
        declared=License(renew_before=timedelta(days=7)),
        now=now,
        recorded=recorded,
    )


@pytest.mark.parametrize(
    "ends_in", [None, timedelta(days=7, seconds=1), timedelta(days=300)]
)
def test_a_license_that_lasts_is_well(
    ends_in: timedelta | None, tmp_path: Path
) -> None:
    store_license(tmp_path)
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
    directory = store_license(tmp_path)
    with pytest.raises(LicenseError) as caught:
        _check(_only(tmp_path), ends_in=ends_in)
    assert str(caught.value) == f"license {directory} {message}"
    assert caught.value.remedy == "fetch one: csctl license pull"


def test_no_license_says_so() -> None:
    with pytest.raises(LicenseError, match=r"^there is no license$"):
        _check(None)


def test_a_damaged_license_says_what_is_damaged(tmp_path: Path) -> None:
    directory = store_license(tmp_path)
    (directory / "license.bin").unlink()
    with pytest.raises(LicenseError) as caught:
        _check(_only(tmp_path))
    assert str(caught.value) == (
        f"license {directory} is damaged: license.bin: No such file or directory"
    )


def test_an_empty_license_says_so(tmp_path: Path) -> None:
    directory = store_license(tmp_path, files={"empty": b""})
    with pytest.raises(LicenseError) as caught:
        _check(_only(tmp_path))
    assert str(caught.value) == f"license {directory} is empty"


def test_a_license_of_another_image_says_so(tmp_path: Path) -> None:
    directory = store_license(tmp_path)
    with pytest.raises(LicenseError) as caught:
        _check(_only(tmp_path), image_id=OTHER_IMAGE_ID)
    assert str(caught.value) == (
        f"license {directory} was fetched for another image or model"
    )


def test_a_clock_that_is_behind_comes_before_all_else(tmp_path: Path) -> None:
    store_license(tmp_path)
    later = Moment(at=NOW, what="a model was fetched", mend="look")
    with pytest.raises(ClockBehind, match="a model was fetched at 2026-06-01"):
        _check(_only(tmp_path), now=NOW - timedelta(minutes=6), recorded=later)
    _check(_only(tmp_path), now=NOW - timedelta(minutes=4), recorded=later)


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
    assert expiry.term(Expiry(at=ends, source="file"), declared, NOW) == term
