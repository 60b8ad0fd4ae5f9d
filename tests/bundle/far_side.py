"""One profile behind the gap: bundles are loaded there, and looked at afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bundle.freight import Freight
from tests.faults.site import Done, Site


def nothing(_: str) -> bool:
    """What a complete bundle leaves out."""
    return False


def all_but_licenses(name: str) -> bool:
    """What a bundle of a new license leaves out."""
    return name.startswith(("image/", "models/"))


def images(name: str) -> bool:
    """What a bundle for a host with the image leaves out."""
    return name.startswith("image/")


@dataclass
class FarSide:
    """A folder on a host; `site` runs csctl there."""

    site: Site
    freight: Freight

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        return self.site.folder

    @property
    def file(self) -> Path:
        """The bundle that was last written."""
        return self.folder / "a.bundle"

    @property
    def data(self) -> Path:
        """The profile's `data` there."""
        return self.folder / "far" / self.freight.name

    @property
    def profile(self) -> Path:
        """The profile's file there."""
        return self.folder / "profiles" / f"{self.freight.name}.yaml"

    @property
    def model(self) -> Path:
        """The model's directory there."""
        return self.data / "models" / self.freight.model_id

    @property
    def licenses(self) -> list[Path]:
        """The licenses there, the newest first."""
        return sorted((self.data / "license").glob("2*Z*/"), reverse=True)

    def write(
        self, freight: Freight, leave_out: Callable[[str], bool] = nothing
    ) -> None:
        """Make a bundle."""
        self.file.write_bytes(freight.make(leave_out).archive())

    def words(self, *more: str) -> tuple[str, ...]:
        """The command that loads it."""
        return (
            *("bundle", "load", str(self.file), *more),
            *("--target", str(self.folder / "far")),
            *("--profiles", str(self.profile.parent)),
        )

    def load(self, *more: str) -> Done:
        """Load the bundle that was last written."""
        return self.site.run(*self.words(*more))

    def load_well(self, *more: str) -> Mapping[str, str]:
        """Load it; what became of each kind of part."""
        done = self.load("--json", *more)
        assert done.code == 0, done.err
        return outcomes(done)

    def bring(
        self, freight: Freight, leave_out: Callable[[str], bool] = nothing
    ) -> Mapping[str, str]:
        """Make a bundle and load it."""
        self.write(freight, leave_out)
        return self.load_well()

    def ready(self) -> bool:
        """Whether the profile's container serves just what it should."""
        done = self.site.run("status", "--json", str(self.profile))
        [row] = done.json
        return (row["ready"], row["drift"]) == (True, [])

    def used_license(self) -> Path:
        """The directory of the license that serves."""
        return Path(self.site.inspect()["Config"]["Labels"]["csctl.license"])


def outcomes(done: Done) -> dict[str, str]:
    """What became of each kind of part."""
    return {part["part"]: part["outcome"] for part in done.json["parts"]}


def tree(*directories: Path) -> dict[str, Any]:
    """All files below some directories, so that any change shows."""
    return {
        str(path): (path.stat().st_ino, path.stat().st_mtime_ns, _sum(path))
        for directory in directories
        for path in sorted(directory.rglob("*"))
        if path.is_file()
        # A lock file says who held it last; none of it is anybody's state.
        and not path.name.endswith(".lock")
    }


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leftovers(folder: Path) -> Iterable[Path]:
    """What should not stay."""
    patterns = (".csctl-staging-*", "*.csctl-tmp")
    return [path for one in patterns for path in folder.rglob(one)]


def names(images: Iterable[Mapping[str, Any]]) -> set[str]:
    """All names that images have, by digest where they have no tag of that name."""
    found = set()
    for image in images:
        tags = {name for name in image["RepoTags"] or () if "<none>" not in name}
        # containerd's image store gives every tag a digest beside it.
        tagged = {name.rpartition(":")[0] for name in tags}
        digests = (name for name in image["RepoDigests"] or () if "<none>" not in name)
        found |= tags | {n for n in digests if n.partition("@")[0] not in tagged}
    return found


def text_with(freight: Freight, **changes: Any) -> str:
    """The profile's text with other keys."""
    return json.dumps(json.loads(freight.text) | changes, indent=1)
