"""Whether a Speech resource is reached as it should be: names, addresses, TLS, a call.

Looks, and changes nothing; the one call is the cheapest that every version has.
Facts: rest-api.md section 12; the article on private endpoints.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from csctl.azure import picture, resolution
from csctl.azure.answer import Answer
from csctl.azure.credential import Caller, Identity
from csctl.azure.picture import Picture
from csctl.azure.resolution import Resolution
from csctl.azure.resource import Resource
from csctl.check import Check
from csctl.errors import AzureError, AzureUnavailable, CsctlError, InvalidValue
from csctl.http import client, faults
from csctl.http.tls import trust
from csctl.secret import Redactor

_CONNECT_SECONDS = 5.0
_LONGEST_BODY = 1 << 20
_REST = "/endpoints/locales"
_OFFERING = "/tts/cognitiveservices/voices/list"
_DOCUMENTED: Final = {
    401: "with a private endpoint the resource refuses its key at the region's hosts:"
    " ask by the custom domain; otherwise key and host are of different resources or"
    " regions, as often as the key is wrong",
    403: "the resource does not take requests from this network, or not this identity:"
    " see its Networking (selected networks, private endpoint connections) and roles."
    " Authorization tokens are issued for All networks only: use a key",
    404: "nothing answers to this path here: the name leads to the region's gateway,"
    " which knows no /stt/... or /tts/...; after the last private endpoint was removed,"
    " use the region's URLs again: csctl endpoint url URL --custom-domain NAME",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a host's name leads to."""

    found: Resolution
    """With the addresses that count: of the named DNS server, or of this host."""
    own: tuple[str, ...]
    """What programs on this host get."""
    picture: Picture


def look(resource: Resource, server: str | None) -> Seen:
    """Resolve the resource's host. Raises InvalidValue for no such DNS server."""
    host = _name(resource)
    found = resolution.look_up(host, server)
    own = resolution.of_this_host(host)
    if server is None and own:
        found = Resolution(host=host, chain=found.chain, addresses=own)
    return Seen(found=found, own=own, picture=picture.classify(found))


def examine(
    resource: Resource,
    seen: Seen,
    expected: tuple[str, ...],
    environ: Mapping[str, str],
) -> Iterator[Check]:
    """All checks, in the order in which they build on each other.

    `expected` are the addresses that the name is to lead to. Raises InvalidValue where
    one is none, and what reading the key or making a TLS context raises.
    """
    wanted = {_address(text) for text in expected}
    yield _resolves(resource, seen)
    if not seen.found.addresses:
        return
    yield _fits(resource, seen)
    if wanted:
        yield _leads_to(resource, seen, wanted)
    proxied = not resource.local and _proxy(resource) is not None
    if proxied:
        yield Check(
            check="proxy",
            ok=True,
            detail=f"{_proxy(resource)} is in between, and resolves the name itself",
            remedy=f"to go past it, name {_name(resource)} in NO_PROXY",
        )
    elif resource.url.startswith("https:"):
        shakes = _shakes_hands(resource, environ)
        yield shakes
        if not shakes.ok:
            return
    yield from _calls(resource, seen, environ)


def _resolves(resource: Resource, seen: Seen) -> Check:
    found = seen.found
    if found.addresses:
        return Check(check="dns", ok=True, detail=str(found))
    zone = picture.zone_of(found)
    if zone is not None:
        remedy = (
            f"the private DNS zone {zone.private_zone} counts in this network, and has"
            f" no record of {_name(resource).partition('.')[0]}: add it, or unlink the"
            " zone"
        )
    else:
        remedy = "check the name, and the DNS servers of this host or --dns-server"
    return Check(
        check="dns", ok=False, detail=str(found), remedy=remedy, error=AzureUnavailable
    )


def _fits(resource: Resource, seen: Seen) -> Check:
    """Whether it is the picture that the resource's declaration promises."""
    meaning = f"{seen.picture}: {picture.MEANING[seen.picture]}"
    there = seen.picture in (Picture.PRIVATE, Picture.PROXY)
    if resource.private and seen.picture is Picture.REGIONAL:
        return Check(
            check="picture",
            ok=False,
            detail=f"{meaning}; the resource is declared with one",
            remedy="if it was just made or removed, DNS needs some time; if it is gone"
            " for good, take `private: true` away and use the region's URLs",
            error=AzureError,
        )
    hint = None
    if there and not resource.private:
        hint = "declare `private: true`, and use: csctl endpoint url URL --private"
    elif seen.picture is Picture.PROXY:
        hint = (
            "from inside the virtual network its private address is to be seen; from"
            " here the resource answers to allowed networks only"
        )
    return Check(check="picture", ok=True, detail=meaning, remedy=hint)


def _leads_to(resource: Resource, seen: Seen, wanted: set[str]) -> Check:
    got = set(seen.found.addresses)
    said = ", ".join(sorted(got))
    if got == wanted:
        return Check(check="address", ok=True, detail=f"{said}, as expected")
    where = (
        f"ask the DNS of the virtual network, where {resource.cloud.private_zone} is"
        " linked"
        if seen.picture is not Picture.PRIVATE
        else "compare the private endpoint's network interface with the DNS record"
    )
    return Check(
        check="address",
        ok=False,
        detail=f"{said}, not {', '.join(sorted(wanted))}",
        remedy=where,
        error=AzureUnavailable,
    )


def _shakes_hands(resource: Resource, environ: Mapping[str, str]) -> Check:
    parts = urlsplit(resource.url)
    host, port = parts.hostname or "", parts.port or 443
    context = trust(environ)
    try:
        with (
            socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            name = _subject(secure)
            said = f"{secure.version()} with the certificate of {name}"
            return Check(check="tls", ok=True, detail=said)
    except ssl.SSLCertVerificationError as exc:
        detail, remedy = exc.verify_message, "name the CA's file in SSL_CERT_FILE"
    except (OSError, UnicodeError) as exc:
        detail = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        remedy = "check firewall, routes and network security groups on port 443"
    return Check(
        check="tls",
        ok=False,
        detail=f"{host}:{port}: {detail}",
        remedy=remedy,
        error=AzureUnavailable,
    )


def _calls(
    resource: Resource, seen: Seen, environ: Mapping[str, str]
) -> Iterator[Check]:
    identity = Identity(resource.identity, environ, lambda _: None)
    try:
        header, value = Caller(resource, environ, identity).header()
        tls = trust(environ)
    except CsctlError as error:
        yield Check(
            check="credentials",
            ok=False,
            detail=error.message,
            remedy=error.remedy,
            error=type(error),
        )
        return
    version = resource.version
    query = "" if version.startswith("v") else f"?api-version={version}"
    with client.open_client(tls, proxies=not resource.local) as http:
        http.headers[header] = value.reveal()
        redact = Redactor((value,))
        yield _call(http, "REST API", resource.base + _REST + query, redact)
        # Only then do the offerings move to the custom domain.
        if resource.private or seen.picture in (Picture.PRIVATE, Picture.PROXY):
            yield _call(http, "offerings", resource.url + _OFFERING, redact)


def _call(http: httpx.Client, check: str, url: str, redact: Redactor) -> Check:
    host = urlsplit(url).netloc
    try:
        with faults.translated(AzureUnavailable), http.stream("GET", url) as response:
            body = client.read(response, _LONGEST_BODY)
    except (AzureUnavailable, client.TooLarge) as error:
        detail = getattr(error, "message", f"{host} answers without end")
        remedy = getattr(error, "remedy", None)
        return Check(
            check=check, ok=False, detail=detail, remedy=remedy, error=AzureUnavailable
        )
    answer = Answer(response.status_code, response.headers, body)
    if not answer.refused:
        return Check(check=check, ok=True, detail=f"{host} answers {answer.status}")
    refusal = answer.error(host, "the call", redact)
    return Check(
        check=check,
        ok=False,
        detail=refusal.message,
        remedy=_DOCUMENTED.get(answer.status, refusal.remedy),
        error=type(refusal),
    )


def _subject(secure: ssl.SSLSocket) -> str:
    shown: dict[str, Any] = dict(secure.getpeercert() or {})
    names = shown.get("subjectAltName", ())
    return next((str(name) for kind, name in names if kind == "DNS"), "no name")


def _proxy(resource: Resource) -> str | None:
    """The host of the proxy that requests go through."""
    parts = urlsplit(resource.url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    named = urllib.request.getproxies().get(parts.scheme)
    with contextlib.suppress(ValueError):
        return named and urlsplit(named).hostname
    return None


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as exc:
        raise InvalidValue(
            f"{text!r} is no address", remedy="write one such as 172.28.0.10"
        ) from exc


def _name(resource: Resource) -> str:
    return urlsplit(resource.url).hostname or ""
