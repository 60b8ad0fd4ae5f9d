"""From making a bundle to serving behind the gap, on Engines of newer releases."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import docker
import pytest

from tests.bundle.far_side import FarSide, all_but_licenses, outcomes
from tests.bundle.freight import Freight
from tests.bundle.island import Island, empty, images, island
from tests.engines import load_image, remove_containers
from tests.faults.site import IMAGE, Site
from tests.releases import NEWER, Kind, Unpack

pytestmark = [pytest.mark.large, pytest.mark.xdist_group("bundle-releases")]


@pytest.fixture(scope="module", params=NEWER, ids=str)
def behind(request: pytest.FixtureRequest, unpacked: Unpack) -> Iterator[Island]:
    """A host behind the gap with such an Engine."""
    kind: Kind = request.param
    with island(kind.environ(unpacked)) as made:
        yield made


def test_it_serves_and_a_license_alone_takes_the_place_of_the_old_one(
    far: FarSide, behind: Island, goods: Freight
) -> None:
    empty(behind.url)
    far.write(goods)
    done = far.load("--apply", "--yes")
    assert done.code == 0, done.err
    assert far.ready()
    first = far.used_license()

    later = goods.fetched_at + timedelta(hours=1)
    far.write(dataclasses.replace(goods, fetched_at=later), all_but_licenses)
    done = far.load("--apply", "--yes")
    assert done.code == 0, done.err
    assert far.used_license() != first
    assert far.ready()
    assert outcomes(far.load("--json"))["license"] == "there already"
    remove_containers(behind.url, goods.name)


def test_what_it_saves_itself_loads_on_it_again(
    behind: Island, goods: Freight, rehearsal_archive: Path, tmp_path: Path
) -> None:
    empty(behind.url)
    load_image(behind.url, rehearsal_archive)
    near = Site(f"{goods.name}-near", 20998, tmp_path, behind.url, prefix=behind.prefix)
    file = tmp_path / "a.csctl"
    words = ("bundle", "create", str(near.profile), "-o", str(file), "--yes")
    done = near.run(*words)
    assert done.code == 0, done.err
    assert "is taken out of the Engine" in done.err
    with closing(docker.APIClient(base_url=behind.url)) as client:
        identity = client.inspect_image(IMAGE)["Id"]  # type: ignore[no-untyped-call]

    empty(behind.url)
    done = near.run(
        *("bundle", "load", str(file), "--json", "--target", str(tmp_path / "far"))
    )
    assert set(outcomes(done).values()) == {"loaded", "not written"}, done.err
    assert [row["Id"] for row in images(behind.url)] == [identity]
    assert near.apply().code == 0
    remove_containers(behind.url, near.name)
