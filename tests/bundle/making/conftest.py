"""csctl on the near side of the gap: an Engine, a registry, and what was downloaded."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import IMAGE, Engine, Shell
from tests.engines import remove_containers
from tests.registry.real import DockerRegistry, docker_registry


@pytest.fixture(scope="session")
def engine(engine_host: str, rehearsal_image: str) -> Engine:  # noqa: ARG001
    """The shared Engine, with the stand-in's images."""
    return Engine(engine_host)


@pytest.fixture
def shell(
    engine: Engine, stock: Path, unique_name: str, tmp_path: Path
) -> Iterator[Shell]:
    """csctl in a folder of this test's own."""
    yield Shell(tmp_path, engine.url, f"{unique_name}-", stock=stock)
    remove_containers(engine.url, unique_name)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """A registry of this run's own."""
    with docker_registry(tmp_path_factory.mktemp("registry")) as started:
        yield started


@pytest.fixture(scope="session")
def pushed(engine: Engine, registry: DockerRegistry) -> Iterator[str]:
    """The name of the stand-in's image in a registry; the Engine has it as well."""
    name = f"{registry.host}/speech/near"
    reference = f"{name}:4.12.0-amd64"
    subprocess.run(
        [
            *("skopeo", "copy", "--quiet", "--dest-tls-verify=false"),
            *("--src-daemon-host", engine.url, f"docker-daemon:{IMAGE}"),
            f"docker://{reference}",
        ],
        check=True,
        capture_output=True,
    )
    engine.tag(IMAGE, reference)
    yield name
    engine.remove_image(reference)
