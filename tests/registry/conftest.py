"""Registries for tests: a real one, a server that fails on demand, certificates."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from csctl.registry.client import Registry
from tests.registry.real import DockerRegistry, docker_registry
from tests.registry.server import NO_TRUST, Server, serving

_ENVIRONMENT = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_DIR"),
)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


@pytest.fixture
def other() -> Iterator[Server]:
    """A second server, which must not see the credentials of the first one."""
    with serving() as started:
        yield started


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that the client of `registry` would have slept."""
    return []


@pytest.fixture
def registry(server: Server, pauses: list[float]) -> Iterator[Registry]:
    """A client of `server`, which does not really sleep."""
    with Registry(server.url, tls=NO_TRUST, sleep=pauses.append) as client:
        yield client


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """Debian's docker-registry, without TLS and without credentials."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    with docker_registry(tmp_path_factory.mktemp("registry")) as started:
        yield started


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    return _certificate(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


@pytest.fixture(scope="session")
def foreign_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for another host."""
    return _certificate(tmp_path_factory.mktemp("tls"), "DNS:registry.example")


def _certificate(folder: Path, subject: str) -> Path:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    subprocess.run(
        [
            *command.split(),
            *("-nodes", "-days", "2", "-subj", "/CN=csctl tests"),
            *("-addext", f"subjectAltName={subject}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    return both
