"""What the tests of the rehearsal share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.rehearsal.stand_in import ACCOUNT, MODEL_ID, MODELS, StandIn, writable


@pytest.fixture(scope="session")
def docker_client(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
) -> Iterator[docker.DockerClient]:
    """A client of the Engine, which has the rehearsal image."""
    client = docker.DockerClient(base_url=engine_host)
    yield client
    client.close()


@pytest.fixture
def stand_in(docker_client: docker.DockerClient, unique_name: str) -> Iterator[StandIn]:
    """Starts containers of the rehearsal image."""
    made = StandIn(docker_client, unique_name)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def licensed(
    docker_client: docker.DockerClient,
    run_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """A folder with `models` and `license` as the image 4.12.0 fetched them."""
    folder = tmp_path_factory.mktemp("licensed")
    models = writable(folder / "models")
    license_ = writable(folder / "license")
    made = StandIn(docker_client, f"{run_name}-licensed")
    mounts = {MODELS: models, "/license": license_}
    made.start(f"ModelId={MODEL_ID}", *ACCOUNT, mounts=mounts).wait_until_ready()
    ended = made.run("DownloadLicense=True", *ACCOUNT, mounts=mounts)
    assert ended.code == 0, ended.log
    yield folder
    made.remove()
