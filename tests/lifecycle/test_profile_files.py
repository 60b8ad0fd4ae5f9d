"""Files of profiles: what is read again when, and what stays when they break."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from csctl.errors import CsctlError, UsageError
from csctl.lifecycle.profile_files import ProfileFiles
from csctl.profile.load import load
from csctl.profile.model import Profile

_TEXT = """\
name: {name}
image: csctl/rehearsal:4.12.0-amd64
mode: connected
model: {{id: 5f3a0c1e-7d42-4b8a-9c15-e2a6b0d9f731}}
billing: {{endpoint: 'https://a.example', api_key: {{env: KEY}}}}
data: data-{name}
port: {port}
"""


class Folder:
    """A folder of profiles, which counts how often it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readings = 0
        self.error: CsctlError | None = None

    def load(self) -> list[Profile]:
        self.readings += 1
        if self.error is not None:
            raise self.error
        return load([self.path], {})

    def write(self, name: str, port: int = 5000) -> Path:
        file = self.path / f"{name}.yaml"
        file.write_text(_TEXT.format(name=name, port=port))
        return file

    def spoil(self, name: str) -> None:
        (self.path / f"{name}.yaml").write_text(f"name: {name}\n")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """One with the profiles `one` and `two`."""
    made = Folder(tmp_path / "profiles")
    made.path.mkdir()
    made.write("one")
    made.write("two")
    return made


def _ports(files: ProfileFiles) -> dict[str, int]:
    return {profile.name: profile.port.number for profile in files.profiles}


def test_what_does_not_change_is_read_once(folder: Folder) -> None:
    files = ProfileFiles(folder.load, {})
    assert _ports(files) == {"one": 5000, "two": 5000}
    assert [files.changed() for _ in range(3)] == [set()] * 3
    assert folder.readings == 1


def test_a_file_that_changes_is_read_again(folder: Folder) -> None:
    files = ProfileFiles(folder.load, {})
    folder.write("two", port=50001)
    assert files.changed() == {"two"}
    assert _ports(files) == {"one": 5000, "two": 50001}
    assert files.changed() == set()


def test_a_file_that_is_replaced_by_one_of_the_same_size_and_date_is_read_again(
    folder: Folder,
) -> None:
    file = folder.write("two", port=5001)
    files = ProfileFiles(folder.load, {})
    before = file.stat()
    fresh = folder.path / "fresh"
    fresh.write_text(file.read_text().replace("5001", "5002"))
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
    fresh.replace(file)
    assert files.changed() == {"two"}
    assert _ports(files)["two"] == 5002


def test_files_come_and_go(folder: Folder) -> None:
    files = ProfileFiles(folder.load, {})
    folder.write("three")
    assert files.changed() == {"three"}
    (folder.path / "one.yaml").unlink()
    assert files.changed() == {"one"}
    assert list(_ports(files)) == ["three", "two"]


def test_a_broken_file_stays_as_it_was_while_others_change(folder: Folder) -> None:
    files = ProfileFiles(folder.load, {})
    folder.spoil("one")
    assert files.changed() == set()
    [problem] = files.problems
    assert "one.yaml" in problem.message
    folder.write("two", port=5002)
    assert files.changed() == {"two"}
    assert _ports(files) == {"one": 5000, "two": 5002}
    assert files.problems
    folder.write("one", port=5001)
    assert files.changed() == {"one"}
    assert _ports(files) == {"one": 5001, "two": 5002}
    assert files.problems == ()


def test_a_file_that_was_broken_from_the_first_is_waited_for(folder: Folder) -> None:
    for name in ("one", "two"):
        folder.spoil(name)
    files = ProfileFiles(folder.load, {})
    assert (files.profiles, len(files.problems)) == ((), 1)
    folder.write("one")
    folder.write("two")
    assert files.changed() == {"one", "two"}
    assert files.problems == ()


def test_another_error_changes_no_profile(folder: Folder) -> None:
    files = ProfileFiles(folder.load, {})
    folder.error = UsageError("not now")
    folder.write("two", port=5002)
    assert files.changed() == set()
    assert files.problems == (folder.error,)
    assert _ports(files)["two"] == 5000


def test_a_license_that_comes_concerns_its_profile(folder: Folder) -> None:
    files = ProfileFiles(folder.load, {})
    (folder.path / "data-two" / "license" / "20260101T000000Z").mkdir(parents=True)
    assert "two" in files.changed()
    assert files.changed() == set()
    (folder.path / "data-two" / "license" / "20260201T000000Z").mkdir()
    assert files.changed() == {"two"}


def test_profiles_of_other_hosts_are_kept_apart(folder: Folder) -> None:
    far = _TEXT.format(name="one", port=5001).replace("data-", "/srv/")
    far += "host: ssh://stt1\n"
    (folder.path / "far.yaml").write_text(far)
    files = ProfileFiles(folder.load, {})
    assert [one.name for one in files.here] == ["one", "two"]
    assert [str(one.host) for one in files.elsewhere] == ["ssh://stt1"]
    (folder.path / "far.yaml").write_text(far.replace("5001", "5002"))
    assert files.changed() == set()
    assert [one.port.number for one in files.elsewhere] == [5002]
    # A file that breaks does not bring the others' profiles here.
    folder.spoil("two")
    assert files.changed() == set()
    assert [one.name for one in files.here] == ["one", "two"]
    assert [one.name for one in files.elsewhere] == ["one"]
