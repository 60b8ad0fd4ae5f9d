"""Credentials of registries, read from where `docker login` puts them."""

from __future__ import annotations

import base64
import binascii
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from csctl.errors import SecretUnavailable
from csctl.reference import DEFAULT_REGISTRY
from csctl.secret import Secret

_HELPER_SECONDS = 30
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_IDENTITY_TOKEN = "<token>"


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and a password."""

    username: str
    password: Secret

    @property
    def basic(self) -> str:
        """The value of an Authorization header. It holds the password."""
        pair = f"{self.username}:{self.password.reveal()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A token that only the registry's token service takes, such as Azure's."""

    token: Secret


Credentials = Login | IdentityToken
CredentialSource = Callable[[], Credentials | None]


def anonymous() -> None:
    """No credentials."""


class _Entry(msgspec.Struct):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""


class _Config(msgspec.Struct, rename={"creds_store": "credsStore"}):
    auths: dict[str, _Entry] = {}
    creds_store: str = ""
    helpers: dict[str, str] = msgspec.field(default_factory=dict, name="credHelpers")


class _Answer(msgspec.Struct, rename="pascal"):
    username: str
    secret: str


def find(registry: str, environ: Mapping[str, str]) -> Credentials | None:
    """What `docker login` left for a registry, or None.

    Raises SecretUnavailable where the file or its credential helper is broken.
    """
    path = _config_path(environ)
    if path is None or not path.is_file():
        return None
    config = _read(path)
    key = _DOCKER_HUB_KEY if registry == DEFAULT_REGISTRY else registry
    if helper := config.helpers.get(registry, config.creds_store):
        return _ask(helper, key, environ)
    hosts = {_host(name): entry for name, entry in config.auths.items()}
    entry = config.auths.get(key) or hosts.get(_host(key))
    return _from_entry(entry, path, registry) if entry else None


def _config_path(environ: Mapping[str, str]) -> Path | None:
    if folder := environ.get("DOCKER_CONFIG"):
        return Path(folder, "config.json")
    home = environ.get("HOME")
    return Path(home, ".docker", "config.json") if home else None


def _read(path: Path) -> _Config:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Config)
    except (OSError, msgspec.DecodeError, RecursionError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not as Docker writes it"
        # `from None`: a decoding error may quote what stands in the file.
        raise SecretUnavailable(
            f"{path} cannot be read: {reason}",
            remedy=f"correct {path}, or set DOCKER_CONFIG to another folder",
        ) from None


def _host(key: str) -> str:
    return key.rpartition("://")[2].partition("/")[0]


def _from_entry(entry: _Entry, path: Path, registry: str) -> Credentials | None:
    if entry.identitytoken:
        return IdentityToken(Secret(entry.identitytoken))
    if not entry.auth:
        login = Login(entry.username, Secret(entry.password))
        return login if entry.username else None
    try:
        pair = base64.b64decode(entry.auth, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    username, colon, password = pair.partition(":")
    if not colon:
        raise SecretUnavailable(
            f"{path} holds no user name and password for {registry}",
            remedy=f"run `docker login {registry}`",
        )
    return Login(username, Secret(password.rstrip("\0")))


def _ask(helper: str, key: str, environ: Mapping[str, str]) -> Credentials | None:
    command = f"docker-credential-{helper}"
    program = (
        shutil.which(command, path=environ.get("PATH")) if "/" not in helper else None
    )
    if program is None:
        raise _broken(command, "it is not installed")
    try:
        done = subprocess.run(
            [program, "get"],
            input=key.encode(),
            capture_output=True,
            timeout=_HELPER_SECONDS,
            env=dict(environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise _broken(command, type(exc).__name__) from None
    if done.returncode != 0:
        if b"credentials not found" in done.stdout + done.stderr:
            return None
        raise _broken(command, f"it failed with exit code {done.returncode}")
    try:
        answer = msgspec.json.decode(done.stdout, type=_Answer)
    except msgspec.DecodeError:
        raise _broken(command, "its answer is none of a credential helper") from None
    secret = Secret(answer.secret)
    if answer.username == _IDENTITY_TOKEN:
        return IdentityToken(secret)
    return Login(answer.username, secret)


def _broken(command: str, reason: str) -> SecretUnavailable:
    return SecretUnavailable(
        f"{command} gave no credentials: {reason}",
        remedy=f"repair {command}, or take it out of Docker's config.json",
    )
