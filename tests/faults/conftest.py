"""Profiles on the stand-in image, and Engines that may be killed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest

from csctl.rehearsal.dockerd import State
from tests.engines import PrivateEngine, load_image, remove_containers
from tests.faults.site import IMAGE, MODEL, Site, remove_foreign

ACCOUNT = ("Billing=https://rehearsal.example", "ApiKey=rehearsal")
MakeForeign = Callable[..., str]


@pytest.fixture
def site(
    engine_host: str, stock: Path, unique_name: str, free_port: int, tmp_path: Path
) -> Iterator[Site]:
    """A profile on the shared Engine."""
    made = Site(unique_name, free_port, tmp_path, engine_host, stock=stock)
    yield made
    remove_containers(engine_host, unique_name)


@pytest.fixture
def foreign(engine_host: str, unique_name: str) -> Iterator[MakeForeign]:
    """Starts containers of the stand-in that csctl did not make; gives their ids."""
    names: list[str] = []

    def start(name: str = "", **host_config: Any) -> str:
        name = name or f"{unique_name}-foreign-{len(names)}"
        with closing(docker.APIClient(base_url=engine_host)) as client:
            made: dict[str, str] = client.create_container_from_config(  # type: ignore[no-untyped-call]
                {
                    "Image": IMAGE,
                    "Cmd": ["Eula=accept", f"ModelId={MODEL}", *ACCOUNT],
                    "Env": ["REHEARSAL_MODEL_BYTES=4096"],
                    "HostConfig": host_config,
                    "ExposedPorts": {"5000/tcp": {}},
                },
                name,
            )
            names.append(name)
            client.start(name)
        return made["Id"]

    yield start
    for name in names:
        remove_foreign(engine_host, name)


@pytest.fixture(scope="module")
def mortal(rehearsal_archive: Path) -> Iterator[PrivateEngine]:
    """An Engine with the stand-in's images, for the tests of a module to kill."""
    # Sockets want a short path.
    engine = PrivateEngine(State(Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp"))))
    try:
        engine.up()
        load_image(engine.url, rehearsal_archive)
        yield engine
    finally:
        engine.down()


@pytest.fixture
def mortal_site(
    mortal: PrivateEngine,
    stock: Path,
    unique_name: str,
    free_port: int,
    tmp_path: Path,
) -> Iterator[Site]:
    """A profile on the Engine that may be killed, which is up."""
    mortal.up()
    yield Site(unique_name, free_port, tmp_path, mortal.url, stock=stock)
    mortal.up()
    remove_containers(mortal.url, unique_name)
    shutil.rmtree(tmp_path, ignore_errors=True)
