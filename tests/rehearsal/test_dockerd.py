"""The private Engine, started, killed and ended for real."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import docker
import pytest

from csctl.errors import UsageError
from csctl.rehearsal import bridge, docker_host, dockerd, process
from tests.engines import PrivateEngine, run_dockerd

Start = Callable[[], PrivateEngine]
SLEEP = shutil.which("sleep") or "/bin/sleep"


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path that nothing has made yet; what a test starts there is ended."""
    path = Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp"))
    path.rmdir()
    yield path
    done = run_dockerd("down", CSCTL_REHEARSAL_STATE=str(path))
    assert done.returncode == 0, done.stderr


def test_the_engine_of_docker_host_is_used_where_it_answers(
    private_engine: Start, root: Path
) -> None:
    url = private_engine().url

    done = run_dockerd("host", DOCKER_HOST=url, CSCTL_REHEARSAL_STATE=str(root))

    assert (done.stdout, done.stderr) == (f"{url}\n", "")
    assert not root.exists()


def test_a_private_engine_serves_where_none_answers(root: Path) -> None:
    nobody = f"unix://{root}/nobody.sock"

    done = run_dockerd("host", DOCKER_HOST=nobody, CSCTL_REHEARSAL_STATE=str(root))

    assert done.stdout == f"unix://{root}/docker.sock\n"
    assert f"no Docker Engine answers at {nobody}" in done.stderr
    assert docker_host.answers(done.stdout.strip())


def test_a_second_up_finds_the_first_and_says_nothing(private_engine: Start) -> None:
    engine = private_engine()
    before = dockerd.pid(engine.state)

    done = run_dockerd("up", CSCTL_REHEARSAL_STATE=str(engine.state.root))

    assert (done.stdout, done.stderr) == (f"{engine.url}\n", "")
    assert dockerd.pid(engine.state) == before


def test_two_ups_at_once_start_one_engine(root: Path) -> None:
    command = [sys.executable, "-m", "csctl.rehearsal.dockerd", "up"]
    environ = {**os.environ, "CSCTL_REHEARSAL_STATE": str(root)}
    both = [
        subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]

    answers = [one.communicate() for one in both]

    assert [one.returncode for one in both] == [0, 0], answers
    assert len(process.named("dockerd", root)) == 1
    assert sum(error.count(b"starting") for _, error in answers) == 1


def test_two_engines_have_nothing_in_common(private_engine: Start) -> None:
    one, other = private_engine(), private_engine()

    with _client(one) as first, _client(other) as second:
        _import_sleep(first)
        assert (len(first.images()), len(second.images())) == (1, 0)
        networks = {_gateway(first), _gateway(second)}
    assert len(networks) == 2


def test_a_published_port_reaches_its_container(
    private_engine: Start, free_port: int
) -> None:
    with _client(private_engine()) as client:
        container = _run_sleep(client, port=free_port)
        # Nobody listens inside, so docker-proxy takes the connection and ends it.
        with socket.create_connection(("127.0.0.1", free_port), timeout=5) as caller:
            assert caller.recv(1) == b""
        assert client.inspect_container(container)["State"]["Running"]


def test_up_after_a_kill_keeps_images_and_containers(private_engine: Start) -> None:
    engine = private_engine()
    with _client(engine) as client:
        container = _run_sleep(client)

    engine.kill()
    assert not docker_host.answers(engine.url)
    engine.up()

    with _client(engine) as client:
        state = client.inspect_container(container)["State"]
        assert state["Status"] == "exited"
        client.start(container)


def test_a_stale_pid_file_and_socket_do_not_hinder(private_engine: Start) -> None:
    engine = private_engine()
    engine.kill()
    # The number of a living process that is no dockerd.
    (engine.state.root / "pid").write_text(str(os.getpid()))
    assert (engine.state.root / "docker.sock").exists()

    engine.up()

    assert docker_host.answers(engine.url)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # its dockerd goes on
def test_an_engine_that_hangs_is_replaced(
    private_engine: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = private_engine()
    before = dockerd.pid(engine.state)
    assert before is not None
    os.kill(before, signal.SIGSTOP)
    monkeypatch.setattr(docker_host, "_SECONDS", 1)
    monkeypatch.setattr(dockerd, "_STOP_SECONDS", 1)

    dockerd.up(engine.state)

    assert dockerd.pid(engine.state) not in (before, None)


@pytest.mark.parametrize("killed", [False, True], ids=["running", "killed"])
def test_down_leaves_nothing(private_engine: Start, *, killed: bool) -> None:
    engine = private_engine()
    with _client(engine) as client:
        container = _run_sleep(client)
        inside = client.inspect_container(container)["State"]["Pid"]
        network = client.create_network("extra", driver="bridge")["Id"]
    of_the_network = Path("/sys/class/net") / f"br-{network[:12]}"
    assert of_the_network.exists()
    assert bridge.find(engine.state.root)
    if killed:
        engine.kill()

    engine.down()

    root = str(engine.state.root)
    assert not engine.state.root.exists()
    assert not of_the_network.exists()
    # By its owner: the name may be another Engine's by now.
    assert bridge.find(engine.state.root) is None
    assert f" {root}/" not in Path("/proc/self/mountinfo").read_text()
    assert not _runs(inside)
    assert not _processes_mentioning(root)


def test_down_without_an_engine_is_fine(root: Path) -> None:
    done = run_dockerd("down", CSCTL_REHEARSAL_STATE=str(root))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "daemon.json"
    precious.write_text(json.dumps({"hosts": ["unix:///run/docker.sock"]}))

    for verb in ("up", "down", "host"):
        done = run_dockerd(
            verb, CSCTL_REHEARSAL_STATE=str(tmp_path), DOCKER_HOST="unix:///nobody"
        )
        assert done.returncode == 1
        assert "is not empty, and no private Engine made it" in done.stderr
    assert precious.exists()


def test_an_engine_that_cannot_start_says_why(root: Path) -> None:
    root.mkdir()
    settings = {"hosts": [f"unix://{root}/docker.sock"]}
    (root / "daemon.json").write_text(json.dumps(settings))
    (root / "data").write_text("a file where a directory belongs")

    done = run_dockerd("up", CSCTL_REHEARSAL_STATE=str(root))

    assert done.returncode == 1
    assert "does not start" in done.stderr
    assert f"the whole log is {root}/dockerd.log" in done.stderr
    assert "canonical path points to a file" in done.stderr
    assert not process.named("containerd", root)


def test_a_path_too_long_for_sockets_is_refused() -> None:
    with pytest.raises(UsageError, match="too long"):
        dockerd.state({"CSCTL_REHEARSAL_STATE": "/tmp/" + "x" * 80})


def test_an_engine_has_a_session_and_a_log_of_its_own(private_engine: Start) -> None:
    engine = private_engine()
    pid = dockerd.pid(engine.state)
    assert pid is not None

    assert os.getsid(pid) == pid
    files = [os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)]
    assert files == ["/dev/null", str(engine.state.log), str(engine.state.log)]


def _client(engine: PrivateEngine) -> closing[docker.APIClient]:
    return closing(docker.APIClient(base_url=engine.url))


def _gateway(client: docker.APIClient) -> str:
    config = client.inspect_network("bridge")["IPAM"]["Config"]
    return str(config[0]["Gateway"])


def _import_sleep(client: docker.APIClient) -> None:
    """An image of the host's own `sleep`, so that nothing is downloaded."""
    libraries = re.findall(r"/\S+", subprocess.check_output(["ldd", SLEEP], text=True))
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", dereference=True) as archive:
        for file in (SLEEP, *libraries):
            archive.add(file)
    client.import_image_from_data(layer.getvalue(), repository="sleep", tag="1")


def _run_sleep(client: docker.APIClient, port: int | None = None) -> str:
    _import_sleep(client)
    published: dict[int | str, object] = {}
    if port is not None:
        published[5000] = ("127.0.0.1", port)
    container: str = client.create_container(
        "sleep:1",
        [SLEEP, "600"],
        ports=[5000],
        host_config=client.create_host_config(port_bindings=published),
    )["Id"]
    client.start(container)
    return container


def _runs(pid: int) -> bool:
    """Whether it does; one that ended but that nobody has waited for does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    return False


def _processes_mentioning(text: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode(errors="replace")
            if text in words:
                found.append(words)
    return found
