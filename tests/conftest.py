"""What tests share: Engines, the stand-in's image, ports and names."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from csctl.rehearsal.dockerd import State
from tests import ports, releases
from tests.cli.shell import Shell
from tests.engines import PrivateEngine, load_image, remove_containers, run_dockerd
from tests.front import image as front
from tests.sshd import Keys, Sshd, Start

# How fast a busy machine draws examples says nothing of what is tested.
settings.register_profile(
    "csctl", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("csctl")

# A shell lets what it starts in the background ignore Ctrl-C, and nohup a terminal that
# closes; the programs that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what tests counted, by `record_property`."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                terminalreporter.write_line(f"{report.nodeid}: {name}: {value}")


@pytest.fixture(scope="session")
def engine_host(run_name: str) -> Iterator[str]:
    """The DOCKER_HOST that `make test` names, or else finds."""
    done = run_dockerd("host")
    assert done.returncode == 0, done.stderr
    url = done.stdout.strip()
    yield url
    remove_containers(url, run_name)


@pytest.fixture
def private_engine() -> Iterator[Callable[[], PrivateEngine]]:
    """Starts Engines that the test may do anything to."""
    engines: list[PrivateEngine] = []

    def start() -> PrivateEngine:
        # Not below tmp_path: sockets want a short one.
        root = tempfile.mkdtemp(prefix="csctl-", dir="/tmp")
        engine = PrivateEngine(State(Path(root)))
        engines.append(engine)
        engine.up()
        return engine

    yield start
    for engine in engines:
        engine.down()


@pytest.fixture(scope="session")
def rehearsal_archive(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The stand-in's images, for an Engine to load."""
    from csctl.rehearsal import image

    with _alone(tmp_path_factory, worker_id) as shared:
        archive = shared / "rehearsal.tar"
        if not archive.exists():
            unfinished = shared / "rehearsal.part"
            image.build(unfinished)
            unfinished.rename(archive)
    return archive


@pytest.fixture(scope="session")
def rehearsal_image(
    engine_host: str,
    rehearsal_archive: Path,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> str:
    """The reference of the stand-in's image, which the shared Engine has."""
    with _alone(tmp_path_factory, worker_id) as shared:
        loaded = shared / "loaded"
        if not loaded.exists():
            load_image(engine_host, rehearsal_archive)
            loaded.touch()
    return "csctl/rehearsal:4.12.0-amd64"


@pytest.fixture(scope="session")
def unpacked(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> releases.Unpack:
    """Gives the programs of another release's Engine, downloaded once."""

    def of(release: str) -> Path:
        with _alone(tmp_path_factory, worker_id) as shared:
            folder = shared / f"release-{release}"
            programs = folder / "programs"
            if not programs.exists():
                folder.mkdir()
                releases.unpack(release, folder)
            return programs

    return of


@pytest.fixture(scope="session")
def front_image(
    engine_host: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> str:
    """The reference of HAProxy's image, which the shared Engine has."""
    with _alone(tmp_path_factory, worker_id) as shared:
        loaded = shared / "front"
        if not loaded.exists():
            front.load(engine_host)
            loaded.touch()
    return front.REFERENCE


@pytest.fixture(scope="session")
def stock(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    run_name: str,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> Path:
    """A data directory with a model and a license, downloaded once for all workers."""
    with _alone(tmp_path_factory, worker_id) as shared:
        whole = shared / "stock"
        if not whole.exists():
            folder = tmp_path_factory.mktemp("stock")
            shell = Shell(folder, engine_host, f"{run_name}-stock-")
            draft = shell.write()
            shell.run("model", "pull", draft.path)
            shell.run("license", "pull", draft.path)
            shutil.rmtree(draft.data / ".csctl")
            draft.data.rename(whole)
    return whole


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The key to all hosts of `start`."""
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def start(
    keys: Keys,
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Start]:
    """Starts hosts with the shared Engine, and with variables of their own."""
    started: list[Sshd] = []

    def start_(*, csctl: bool = True, **more: str) -> Sshd:
        folder = tmp_path_factory.mktemp("far") / "sshd"
        environ = {"DOCKER_HOST": engine_host, "FAR_KEY": "rehearsal", **more}
        host = Sshd(keys, folder, environ)
        started.append(host)
        if csctl:
            host.install()
        return host

    yield start_
    for host in started:
        host.stop()


@pytest.fixture(scope="module")
def near(start: Start) -> Sshd:
    """A host of its own."""
    return start()


@pytest.fixture(scope="module")
def other(start: Start) -> Sshd:
    """Another one."""
    return start()


@pytest.fixture(scope="session")
def run_name() -> str:
    """Starts the name of every container that this process makes."""
    return f"t{secrets.token_hex(3)}"


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def unique_name(run_name: str, _numbers: Iterator[int]) -> str:
    """A container's or profile's name of this test alone; append to it for more."""
    return f"{run_name}-{next(_numbers)}"


@pytest.fixture
def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    return ports.free_port()


@contextmanager
def _alone(factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Path]:
    """Hold the folder that all workers of this run share."""
    folder = factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(handle)
