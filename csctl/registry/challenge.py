"""How a registry asks for credentials, and how its token service is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import httpx
import msgspec

from csctl.errors import AccessRefused, RegistryUnavailable
from csctl.registry.credentials import Credentials, IdentityToken, Login

_WORD = re.compile(
    r"""([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?""", re.ASCII
)
_ESCAPED = re.compile(r"\\(.)")
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in which a registry would be convinced; the scheme is lower case."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


class _Granted(msgspec.Struct):
    token: str = ""
    access_token: str = ""


def parse(headers: Iterable[str]) -> list[Challenge]:
    """All challenges of `WWW-Authenticate` headers; one header may hold several."""
    challenges: list[Challenge] = []
    for header in headers:
        for name, quoted, plain in _WORD.findall(header):
            if not quoted and not plain:
                challenges.append(Challenge(name.lower()))
            elif challenges:
                value = _ESCAPED.sub(r"\1", quoted) or plain
                challenges[-1].parameters[name.lower()] = value
    return challenges


def token_request(
    challenge: Challenge, credentials: Credentials | None, *, secure: bool
) -> httpx.Request:
    """What to ask the token service that a bearer challenge names.

    Behind a registry with TLS the service must have TLS too, since it gets the
    credentials. Raises RegistryUnavailable.
    """
    realm = _realm(challenge.parameters.get("realm", ""), secure=secure)
    asked: dict[str, str] = {
        name: value
        for name, value in challenge.parameters.items()
        if name in ("service", "scope")
    }
    match credentials:
        case IdentityToken(token):
            asked |= {"grant_type": "refresh_token", "client_id": "csctl"}
            form = asked | {"refresh_token": token.reveal()}
            return httpx.Request("POST", realm, data=form)
        case Login():
            headers = {"Authorization": credentials.basic}
        case None:
            headers = {}
    url = realm.copy_with(params=realm.params.merge(asked))
    return httpx.Request("GET", url, headers=headers)


def read_token(body: bytes, service: str) -> str:
    """The token in a token service's answer. Raises RegistryUnavailable."""
    try:
        granted = msgspec.json.decode(body, type=_Granted)
    except (msgspec.DecodeError, RecursionError):
        granted = _Granted()
    token = granted.token or granted.access_token
    # Nothing is quoted of an answer which may well hold a token.
    if _TOKEN.fullmatch(token) is None:
        raise RegistryUnavailable(
            f"the token service {service} answers without a token",
            remedy="check whether a proxy or login page is in between",
        )
    return token


def refused_token(service: str, registry: str) -> AccessRefused:
    """The error for a token service that gives no token for `registry`."""
    return AccessRefused(
        f"the token service {service} refuses access to registry {registry}",
        remedy=f"run `docker login {registry}` with an account that may read there",
    )


def _realm(text: str, *, secure: bool) -> httpx.URL:
    try:
        realm = httpx.URL(text)
    except httpx.InvalidURL:
        realm = httpx.URL()
    allowed = ("https",) if secure else ("https", "http")
    if realm.scheme not in allowed or not realm.host or realm.userinfo:
        raise RegistryUnavailable(
            f"the registry names a token service that cannot be used: {text[:200]!r}",
            remedy="ask whoever runs the registry to name one with https",
        )
    return realm
