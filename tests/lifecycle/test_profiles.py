"""A profile's file is replaced in one step, by what was shown, or stays as it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from csctl.errors import CsctlError, ProfileError, UsageError
from csctl.lifecycle.profiles import create, propose

TEXT = (
    "name: contoso\nimage: a/b:1\nmode: disconnected\nmodel: {base: {locale: en-US}}\n"
)
KEY = "s3cret-in-clear"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.yaml"
    file.write_text(TEXT + "data: stt\n")
    return file


def test_nothing_is_written_before_it_is_asked_for(path: Path) -> None:
    proposal = propose(path, {"name": "other"}, {})
    assert path.read_text() == proposal.before == TEXT + "data: stt\n"
    assert f"--- {path}\n" in proposal.difference
    assert "-name: contoso\n+name: other\n" in proposal.difference
    proposal.write()
    assert path.read_text() == proposal.after
    assert os.listdir(path.parent) == ["a.yaml"]


def test_bytes_outside_of_the_change_stay(path: Path) -> None:
    before = b"\xef\xbb\xbf# \xc3\xa9\r\n" + path.read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(before)
    propose(path, {"name": "other"}, {}).write()
    assert path.read_bytes() == before.replace(b"contoso", b"other")


def test_the_file_keeps_its_mode_and_its_owner(path: Path) -> None:
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)
    before = path.stat()
    propose(path, {"name": "other"}, {}).write()
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_ino != before.st_ino


def test_a_link_stays_and_what_it_leads_to_is_replaced(
    path: Path, tmp_path: Path
) -> None:
    link = tmp_path / "links" / "b.yaml"
    link.parent.mkdir()
    link.symlink_to("../a.yaml")
    propose(link, {"name": "other"}, {}).write()
    assert link.is_symlink()
    assert path.read_text().startswith("name: other\n")


def test_what_was_changed_meanwhile_is_not_overwritten(path: Path) -> None:
    proposal = propose(path, {"name": "other"}, {})
    path.write_text(TEXT + "data: mine\n")
    with pytest.raises(CsctlError, match="was changed by someone else meanwhile"):
        proposal.write()
    assert path.read_text() == TEXT + "data: mine\n"


def test_a_file_that_went_away_is_not_written_again(path: Path) -> None:
    proposal = propose(path, {"name": "other"}, {})
    path.unlink()
    with pytest.raises(CsctlError, match="cannot be read"):
        proposal.write()
    assert not path.exists()


def test_a_folder_without_space_for_it_leaves_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = propose(path, {"name": "other"}, {})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CsctlError, match="cannot be written: No space left"):
        proposal.write()
    assert path.read_text() == proposal.before
    assert os.listdir(path.parent) == ["a.yaml"]


@pytest.mark.parametrize(
    ("more", "changes"),
    [
        pytest.param(
            f"billing: {{endpoint: 'https://c', api_key: {KEY}}}\n",
            {"billing.api_key": None},
            id="where a source is wanted",
        ),
        pytest.param(
            f"biling:\n  api_key: {KEY}\n", {"biling": None}, id="below an unknown key"
        ),
        pytest.param(
            f"proxy: http://me:{KEY}@proxy:8888\n", {"proxy": None}, id="in a proxy"
        ),
    ],
)
def test_a_file_with_a_key_in_clear_is_not_shown(
    path: Path, more: str, changes: dict[str, str | None]
) -> None:
    path.write_text(TEXT + "data: stt\n" + more)
    with pytest.raises(ProfileError) as caught:
        propose(path, changes, {})
    assert str(path) in str(caught.value)
    assert KEY not in str(caught.value)


def test_variables_are_those_of_the_caller(path: Path) -> None:
    with pytest.raises(ProfileError, match="variable HERE is not set"):
        propose(path, {"data": "${HERE}/stt"}, {})
    propose(path, {"data": "${HERE}/stt"}, {"HERE": "/srv"})


def test_empty_documents_beside_a_profile_do_not_count(path: Path) -> None:
    path.write_text("---\n---\n" + TEXT + "data: stt\n")
    assert "name: other\n" in propose(path, {"name": "other"}, {}).after


def test_what_is_no_text_is_said(path: Path) -> None:
    path.write_bytes(b"name: \xff\n")
    with pytest.raises(ProfileError, match=r"a\.yaml:1:7: is not UTF-8 text"):
        propose(path, {"name": "other"}, {})


def test_a_new_file_takes_no_ones_place(path: Path) -> None:
    with pytest.raises(UsageError, match="exists already"):
        create(path, "name: other\n")
    new = path.with_name("b.yaml")
    create(new, "name: é\n")
    assert new.read_bytes() == "name: é\n".encode()
