"""csctl as a user types it, on the stand-in image and the shared Engine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.cli.shell import Draft, Engine, Shell
from tests.engines import remove_containers
from tests.sshd import Keys


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that look at one container go to one worker, which makes it once."""
    for item in items:
        if isinstance(item, pytest.Function) and "served" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group(f"served-{item.path.stem}"))


@pytest.fixture(scope="session")
def engine(engine_host: str, rehearsal_image: str) -> Engine:  # noqa: ARG001
    """The shared Engine, with the stand-in's images."""
    return Engine(engine_host)


@pytest.fixture(scope="session")
def shell_numbers() -> Iterator[int]:
    return count(1)


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


@pytest.fixture
def far_shell(shell: Shell, keys: Keys) -> Shell:
    """csctl with the key to all hosts; of the speech key it knows nothing."""
    shell.environ |= {"PATH": keys.path, "STAND_IN_KEY": ""}
    return shell
