"""What was made at the shell of one host, on another one from which no route leads."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bundle.far_side import outcomes
from tests.bundle.island import Island, empty
from tests.bundle.making.near_side import create
from tests.cli.shell import Draft, Shell
from tests.engines import remove_containers
from tests.faults.site import Done, Site

# One host behind the gap for all of them.
pytestmark = pytest.mark.xdist_group("bundle-gap")

THERE = dict.fromkeys(("image", "model", "license", "profile"), "there already")


@dataclass
class Gap:
    """The two sides; a file lies in the near one's folder until it is carried."""

    shell: Shell
    draft: Draft
    site: Site

    def load(self, file: Path, *words: str) -> Done:
        """Carry a bundle over, and load it there."""
        carried = self.site.folder / file.name
        shutil.copy(file, carried)
        profiles = ("--profiles", str(self.site.folder / "profiles"))
        target = ("--target", str(self.site.folder / "far"))
        return self.site.run(
            "bundle", "load", str(carried), *target, *profiles, "--json", *words
        )

    def create(self, name: str, *words: object) -> Path:
        """Make a bundle of the profile."""
        return create(self.shell, self.draft.path, *words, output=name)

    def renew(self) -> None:
        """Fetch a license on the near side."""
        self.shell.run("license", "pull", self.draft.path)


@pytest.fixture
def gap(shell: Shell, pushed: str, behind: Island) -> Iterator[Gap]:
    empty(behind.url)
    draft = shell.write(stocked=True, image=f"{pushed}:4.12.0-amd64")
    folder = shell.folder / "there"
    folder.mkdir()
    site = Site(draft.name, 0, folder, behind.url, prefix=behind.prefix)
    site.environ = {}
    yield Gap(shell, draft, site)
    remove_containers(behind.url, draft.name)


def test_a_signed_bundle_serves_there_and_no_other_is_taken(gap: Gap) -> None:
    for name in ("site", "stranger"):
        gap.shell.run("bundle", "keygen", f"{name}.pem")
    trusted = gap.site.folder / "trusted"
    trusted.mkdir()
    shutil.copy(gap.shell.folder / "site.pub.pem", trusted)
    gap.site.environ = {"CSCTL_TRUSTED_KEYS": str(trusted)}
    unsigned = gap.create("unsigned")
    strange = gap.create("strange", "--sign", "stranger.pem")
    for file, said in ((unsigned, "is missing"), (strange, "none of the pinned keys")):
        done = gap.load(file, "--apply", "--yes")
        assert done.code == 8
        assert said in done.err
        assert not (gap.site.folder / "far").exists()
        assert gap.site.containers() == []

    done = gap.load(gap.create("signed", "--sign", "site.pem"), "--apply", "--yes")
    assert done.code == 0, done.err
    assert [one["outcome"] for one in done.json["applied"]] == ["ready"]
    written = gap.site.folder / "profiles" / f"{gap.draft.name}.yaml"
    done = gap.site.run("status", "--check", str(written))
    assert done.code == 0, done.out + done.err


def test_deltas_come_in_any_order_and_lost_ones_do_not_matter(gap: Gap) -> None:
    full = gap.create("full")
    gap.renew()
    second = gap.create("second", "--since", full)
    gap.renew()
    # The second one is lost on the way, and found again later.
    third = gap.create("third", "--since", full, "--since", second)
    assert max(second.stat().st_size, third.stat().st_size) < 100_000
    new = THERE | {"license": "loaded"}
    assert gap.load(third).code == 8, "there is nothing that it could stand upon"
    assert not list(gap.site.folder.rglob("license")), "nothing came into place"
    assert gap.load(full).code == 0
    assert outcomes(gap.load(third)) == new
    late = gap.load(second)
    assert late.code == 7
    assert "older than the one in use" in late.err
    assert outcomes(gap.load(third)) == THERE

    listed = gap.site.run("bundle", "inventory", str(gap.site.folder / "profiles"))
    assert listed.code == 0, listed.err
    (gap.shell.folder / "there.json").write_text(listed.out)
    same = gap.create("same", "--for", "there.json")
    assert outcomes(gap.load(same)) == THERE
    gap.renew()
    last = gap.create("last", "--for", "there.json")
    assert last.stat().st_size < 100_000
    assert outcomes(gap.load(last)) == new


def test_its_howto_serves_two_profiles_by_hand(gap: Gap, behind: Island) -> None:
    other = gap.shell.write("b", stocked=True, image=gap.draft.document["image"])
    gap.shell.run("bundle", "keygen", "site.pem")
    file = gap.create("both", other.path, "--sign", "site.pem")
    here = gap.site.folder
    shutil.copy(file, here / "FILE")
    shutil.copy(gap.shell.folder / "site.pub.pem", here / "KEY.pem")
    told = behind.run("tar", "-xOf", str(here / "FILE"), "HOWTO.txt").stdout
    script = told.partition("\nWithout csctl, in an empty directory\n")[2]
    serves = f"cd {here}; export DOCKER_HOST={behind.url}; {script}"
    done = behind.run("sh", "-ec", serves)
    try:
        assert done.returncode == 0, done.stderr
        assert "Signature Verified Successfully" in done.stdout
        for port in (5000, 5001):
            _await(behind, f"http://127.0.0.1:{port}/ready")
    finally:
        for one in (gap.draft, other):
            behind.run("docker", "-H", behind.url, "rm", "-f", one.name)


def _await(behind: Island, url: str) -> None:
    deadline = time.monotonic() + 60
    ask = f"import urllib.request as r; r.urlopen({url!r}, timeout=5)"
    while (done := behind.run("python3", "-c", ask)).returncode:
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.2)
