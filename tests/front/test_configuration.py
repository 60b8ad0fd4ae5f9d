"""What csctl writes for HAProxy, read by HAProxy itself."""

from __future__ import annotations

import subprocess
from itertools import product
from pathlib import Path

import pytest

from csctl.front import configuration, server
from csctl.front.configuration import Settings
from tests.front import image

PLAIN = Settings(sessions=None, certificate=None, secret=False, root=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a certificate and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def make_certificate(folder: Path) -> Path:
    key, pem = folder / "key.pem", folder / "front.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", pem),
        ],
        check=True,
        capture_output=True,
    )
    pem.write_text(pem.read_text() + key.read_text())
    return pem


@pytest.mark.parametrize(
    ("sessions", "tls", "secret", "root"),
    product((None, 4), (False, True), (False, True), (False, True)),
)
def test_haproxy_takes_every_configuration(
    tmp_path: Path,
    certificate: Path,
    sessions: int | None,
    tls: bool,
    secret: bool,
    root: bool,
) -> None:
    settings = Settings(
        sessions=sessions,
        certificate=certificate.name if tls else None,
        secret=secret,
        root=root,
    )
    text = configuration.render(settings, server.seated(["0123456789ab", "ba98"]))
    text = text.replace(configuration.CERTIFICATE, str(certificate.parent))
    file = tmp_path / configuration.FILE
    file.write_text(text)
    done = subprocess.run(
        [image.program(), "-c", "-f", file],
        env={configuration.SECRET_VARIABLE: "s3cret with 'quotes'"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr


def test_replicas_have_the_first_places_and_the_others_are_vacant() -> None:
    text = configuration.render(PLAIN, server.seated(["aaa", "bbb"]))
    lines = [line.strip() for line in text.splitlines()]
    assert "server place1 aaa:5000" in lines
    assert "server place2 bbb:5000" in lines
    assert "server place3 vacant.invalid:5000 disabled" in lines
    assert sum(line.startswith("server place") for line in lines) == server.PLACES


def test_a_secret_is_named_and_never_written() -> None:
    secret = Settings(sessions=None, certificate=None, secret=True, root=False)
    text = configuration.render(secret, {})
    assert '"${FRONT_SECRET}"' in text
    assert "http-request deny deny_status 401 unless known" in text


def test_the_port_for_checks_asks_for_no_secret_and_tells_little() -> None:
    secret = Settings(sessions=None, certificate=None, secret=True, root=False)
    check = configuration.render(secret, {}).partition("frontend check")[2]
    assert "deny_status 401" not in check
    assert "deny_status 404 unless { path /ready /status }" in check
