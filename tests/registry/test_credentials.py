"""Credentials as `docker login` leaves them: in the file, or with a helper."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from csctl.errors import SecretUnavailable
from csctl.registry.credentials import Credentials, IdentityToken, Login, find
from csctl.secret import Secret

PAIR = {"auth": base64.b64encode(b"operator:open:sesame").decode()}
LOGIN = Login("operator", Secret("open:sesame"))


def _find(folder: Path, config: object, registry: str = "r.io") -> Credentials | None:
    (folder / "config.json").write_text(json.dumps(config))
    path = f"{folder}:/usr/bin:/bin"
    return find(registry, {"DOCKER_CONFIG": str(folder), "PATH": path})


def _helper(folder: Path, name: str, script: str) -> None:
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("registry", "auths", "expected"),
    [
        pytest.param("r.io", {"r.io": PAIR}, LOGIN, id="host"),
        pytest.param("r.io", {"https://r.io": PAIR}, LOGIN, id="url"),
        pytest.param("r.io", {"https://r.io/v1/": PAIR}, LOGIN, id="old-url"),
        pytest.param("r.io:5000", {"r.io": PAIR}, None, id="another-port"),
        pytest.param("r.io", {"other.io": PAIR}, None, id="another-host"),
        pytest.param("r.io", {"r.io": {}}, None, id="empty-entry"),
        pytest.param(
            "docker.io", {"https://index.docker.io/v1/": PAIR}, LOGIN, id="docker-hub"
        ),
        pytest.param(
            "r.io",
            {"r.io": {"username": "operator", "password": "open:sesame"}},
            LOGIN,
            id="in-clear",
        ),
        pytest.param(
            "r.io",
            {"r.io": {**PAIR, "identitytoken": "abc"}},
            IdentityToken(Secret("abc")),
            id="identity-token",
        ),
    ],
)
def test_the_file_is_read_as_docker_reads_it(
    tmp_path: Path,
    registry: str,
    auths: dict[str, dict[str, str]],
    expected: Credentials | None,
) -> None:
    assert _find(tmp_path, {"auths": auths, "psFormat": "x"}, registry) == expected


def test_the_file_in_the_home_folder_counts(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    path = tmp_path / ".docker" / "config.json"
    path.write_text(json.dumps({"auths": {"r.io": PAIR}}))
    assert find("r.io", {"HOME": str(tmp_path)}) == LOGIN


def test_without_a_file_there_are_no_credentials(tmp_path: Path) -> None:
    assert find("r.io", {"HOME": str(tmp_path)}) is None
    assert find("r.io", {}) is None


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_helper_is_asked_for_the_registry(tmp_path: Path, key: str) -> None:
    _helper(
        tmp_path,
        "vault",
        'read host; [ "$1 $host" = "get r.io" ] &&'
        """ echo '{"ServerURL": "r.io", "Username": "u", "Secret": "s"}'""",
    )
    config = {"credsStore": "vault"} if key == "credsStore" else {}
    config_helpers = {"r.io": "vault"} if key == "credHelpers" else {}
    found = _find(tmp_path, {**config, "credHelpers": config_helpers})
    assert found == Login("u", Secret("s"))


def test_the_registrys_own_helper_comes_before_the_store(tmp_path: Path) -> None:
    _helper(tmp_path, "own", """echo '{"Username": "<token>", "Secret": "s"}'""")
    config = {"credsStore": "absent", "credHelpers": {"r.io": "own"}}
    assert _find(tmp_path, config) == IdentityToken(Secret("s"))


def test_a_helper_that_knows_no_credentials_gives_none(tmp_path: Path) -> None:
    _helper(tmp_path, "vault", "echo credentials not found in native keychain; exit 1")
    assert _find(tmp_path, {"credsStore": "vault"}) is None


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo opensesame; exit 3", "failed with exit code 3"),
        ("echo opensesame", "its answer is none of a credential helper"),
    ],
)
def test_a_broken_helper_is_named_and_not_quoted(
    tmp_path: Path, script: str, says: str
) -> None:
    _helper(tmp_path, "vault", script)
    with pytest.raises(SecretUnavailable, match=says) as caught:
        _find(tmp_path, {"credsStore": "vault"})
    assert "docker-credential-vault" in caught.value.message
    assert "opensesame" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize("name", ["absent", "../../bin/sh"])
def test_a_helper_that_is_not_installed_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SecretUnavailable, match="it is not installed"):
        _find(tmp_path, {"credsStore": name})


@pytest.mark.parametrize(
    "config",
    [["auths"], {"auths": ["r.io"]}, {"auths": {"r.io": {"auth": 1}}}],
)
def test_a_file_that_is_none_of_dockers_is_refused(
    tmp_path: Path, config: object
) -> None:
    with pytest.raises(SecretUnavailable, match=r"config\.json cannot be read"):
        _find(tmp_path, config)


@pytest.mark.parametrize("auth", ["%%%", "b3BlbnNlc2FtZQ==", "/w=="])
def test_an_entry_without_a_user_and_a_password_is_refused(
    tmp_path: Path, auth: str
) -> None:
    with pytest.raises(SecretUnavailable, match=r"no user name and password for r\.io"):
        _find(tmp_path, {"auths": {"r.io": {"auth": auth}}})
