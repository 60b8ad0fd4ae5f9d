"""csctl as a user types it, on the stand-in image and the shared Engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.cli.shell import Draft, Engine, Shell
from tests.engines import remove_containers
from tests.front import image


@pytest.fixture(scope="session")
def engine(engine_host: str, rehearsal_image: str) -> Engine:  # noqa: ARG001
    """The shared Engine, with the stand-in's images."""
    return Engine(engine_host)


@pytest.fixture(scope="session")
def stock(
    engine: Engine, run_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data directory with a model and a license, downloaded once."""
    shell = Shell(tmp_path_factory.mktemp("stock"), engine.url, f"{run_name}-stock-")
    draft = shell.write()
    shell.run("model", "pull", draft.path)
    shell.run("license", "pull", draft.path)
    shutil.rmtree(draft.data / ".csctl")
    return draft.data


@pytest.fixture(scope="session")
def shell_numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture(scope="session")
def front_image(engine: Engine) -> str:
    """HAProxy's image, which the shared Engine has."""
    return image.load(engine.url)


@pytest.fixture
def shell(
    engine: Engine,
    stock: Path,
    run_name: str,
    shell_numbers: Iterator[int],
    tmp_path: Path,
) -> Iterator[Shell]:
    """csctl in a folder of this test's own."""
    prefix = f"{run_name}-cli{next(shell_numbers)}-"
    yield Shell(tmp_path, engine.url, prefix, stock=stock)
    remove_containers(engine.url, prefix)


@pytest.fixture(scope="module")
def served_shell(
    engine: Engine,
    stock: Path,
    run_name: str,
    shell_numbers: Iterator[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shell]:
    """csctl in the folder of `served`."""
    prefix = f"{run_name}-cli{next(shell_numbers)}-"
    folder = tmp_path_factory.mktemp("served")
    yield Shell(folder, engine.url, prefix, stock=stock)
    remove_containers(engine.url, prefix)


@pytest.fixture(scope="module")
def served(served_shell: Shell) -> Draft:
    """A disconnected container that is ready, for the tests that only look."""
    draft = served_shell.write("served", stocked=True)
    served_shell.apply(draft)
    return draft
