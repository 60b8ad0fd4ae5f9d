"""A host with a network, a host behind the gap, and what is carried over."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.bundle import freight as freights
from tests.bundle.far_side import FarSide
from tests.bundle.freight import Freight
from tests.bundle.island import Island, island
from tests.engines import remove_containers
from tests.faults.site import Site
from tests.ports import free_port


@pytest.fixture(scope="session")
def behind() -> Iterator[Island]:
    """The host behind the gap."""
    with island() as made:
        yield made


@pytest.fixture(scope="session")
def goods(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    rehearsal_archive: Path,
    run_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Freight:
    """What the host with a network has, after it served once."""
    name = f"{run_name}-goods"
    port = free_port()
    near = Site(name, port, tmp_path_factory.mktemp("near"), engine_host)
    near.document["display"] = {"locale": "en-US", "types": ["punct"]}
    near.apply_well()
    freight = freights.downloaded(near, freights.standin(rehearsal_archive))
    remove_containers(engine_host, name)
    # As if that had been yesterday: there are newer licenses than this one.
    return dataclasses.replace(
        freight, fetched_at=datetime.now(UTC) - timedelta(days=1)
    )


@pytest.fixture
def far(behind: Island, goods: Freight, tmp_path: Path) -> Iterator[FarSide]:
    """A profile behind the gap, of which nothing is there but perhaps its image."""
    site = Site(goods.name, 0, tmp_path, behind.url, prefix=behind.prefix)
    # Nobody carries a key over the gap.
    site.environ = {}
    yield FarSide(site, goods)
    remove_containers(behind.url, goods.name)


@pytest.fixture
def serving(far: FarSide) -> FarSide:
    """A profile behind the gap that serves out of a bundle."""
    far.write(far.freight)
    done = far.load("--apply", "--yes")
    assert done.code == 0, done.err
    return far
