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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
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
from csctl.errors import AzureUnavailable, CsctlError, InvalidValue
from csctl.http import client, faults
from csctl.http.tls import trust
from csctl.secret import Redactor

_CONNECT_SECONDS = 5.0
_LONGEST_BODY = 1 << 20
_THERE = (Picture.PRIVATE, Picture.PROXY)
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


def look(resource: Resource, server: str | None) -> Resolution:
    """Resolve the resource's host: what programs on this host get counts.

    With a DNS server `ADDRESS[:PORT]`, what that one says. Raises InvalidValue where
    it is none.
    """
    host = _name(resource)
    found = resolution.look_up(host, server)
    own = () if server else resolution.of_this_host(host)
    if not own:
        return found
    fault = None
    if set(own).isdisjoint(found.addresses):
        said = ", ".join(found.addresses) or found.fault
        fault = f"DNS itself says otherwise ({said})"
    return Resolution(host=host, chain=found.chain, addresses=own, fault=fault)


def examine(
    resource: Resource,
    found: Resolution,
    expected: tuple[str, ...],
    environ: Mapping[str, str],
    say: Callable[[str], None],
) -> Iterator[Check]:
    """All checks, in the order in which they build on each other.

    `expected` are the addresses that the name is to lead to; `say` takes what an Entra
    identity asks its user to do. Raises InvalidValue for no address, UsageError where
    SSL_CERT_FILE is none.
    """
    wanted = {_address(text) for text in expected}
    yield _resolves(resource, found)
    if not found.addresses:
        return
    if not resource.local:
        yield _fits(resource, found)
    if wanted:
        yield _leads_to(resource, found, wanted)
    proxy = None if resource.local else _proxy(resource)
    if proxy is not None:
        yield Check(
            check="proxy",
            ok=True,
            detail=f"{proxy} is in between, and resolves the name itself",
            remedy=f"to go past it, name {found.host} in NO_PROXY",
        )
    elif resource.url.startswith("https:"):
        shakes = _shakes_hands(resource, environ)
        yield shakes
        if not shakes.ok:
            return
    yield from _calls(resource, found, environ, say)


def _resolves(resource: Resource, found: Resolution) -> Check:
    if found.addresses:
        hint = found.fault and f"{found.fault}: see /etc/hosts and /etc/nsswitch.conf"
        return Check(check="dns", ok=True, detail=str(found), remedy=hint)
    zone = picture.zone_of(found)
    if zone is None:
        remedy = "check the name, and the DNS servers of this host or --dns-server"
    else:
        remedy = (
            f"the private DNS zone {zone.private_zone} counts in this network, and has"
            f" no record of {_label(resource)}: add it, or unlink the zone"
        )
    return _fault("dns", str(found), remedy)


def _fits(resource: Resource, found: Resolution) -> Check:
    """Whether it is the picture that the resource's declaration promises."""
    shown = picture.classify(found)
    detail = f"{shown}: {picture.MEANING[shown]}"
    if resource.private and shown is Picture.REGIONAL:
        return _fault(
            "picture",
            f"{detail}; the resource is declared with one",
            "if it was just made or removed, DNS needs some time; if it is gone for"
            " good, take `private: true` away and use the region's URLs",
        )
    hint = None
    if shown in _THERE and not resource.private:
        hint = (
            "declare `private: true`; for the URLs of the offerings: csctl endpoint url"
            f" URL --custom-domain {_label(resource)} --private"
        )
    elif shown is Picture.PROXY:
        hint = (
            "from inside the virtual network its private address is to be seen; from"
            " here the resource answers to allowed networks only"
        )
    return Check(check="picture", ok=True, detail=detail, remedy=hint)


def _leads_to(resource: Resource, found: Resolution, wanted: set[str]) -> Check:
    got = set(found.addresses)
    said = ", ".join(sorted(got))
    if got == wanted:
        return Check(check="address", ok=True, detail=f"{said}, as expected")
    if picture.classify(found) is Picture.PRIVATE:
        remedy = "compare the private endpoint's network interface with the DNS record"
    else:
        zone = resource.cloud.private_zone
        remedy = f"ask the DNS of the virtual network, where {zone} is linked"
    return _fault("address", f"{said}, not {', '.join(sorted(wanted))}", remedy)


def _shakes_hands(resource: Resource, environ: Mapping[str, str]) -> Check:
    parts = urlsplit(resource.url)
    host, port = parts.hostname or "", parts.port or 443
    context = trust(environ)
    try:
        with (
            socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            said = f"{secure.version()} with the certificate of {_subject(secure)}"
            return Check(check="tls", ok=True, detail=said)
    except ssl.SSLCertVerificationError as exc:
        detail, remedy = exc.verify_message, "name the CA's file in SSL_CERT_FILE"
    except (OSError, UnicodeError) as exc:
        detail = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        remedy = f"check firewall, routes and network security groups on port {port}"
    return _fault("tls", f"{host}:{port}: {detail}", remedy)


def _calls(
    resource: Resource,
    found: Resolution,
    environ: Mapping[str, str],
    say: Callable[[str], None],
) -> Iterator[Check]:
    identity = Identity(resource.identity, environ, say)
    try:
        header, value = Caller(resource, environ, identity).header()
    except CsctlError as error:
        yield Check.failed("credentials", error)
        return
    version = resource.version
    query = "" if version.startswith("v") else f"?api-version={version}"
    with client.open_client(trust(environ), proxies=not resource.local) as http:
        http.headers[header] = value.reveal()
        redact = Redactor((value,))
        yield _call(http, "REST API", resource.base + _REST + query, redact)
        # Only then do the offerings move to the custom domain.
        if resource.private or picture.classify(found) in _THERE:
            yield _call(http, "offerings", resource.url + _OFFERING, redact)


def _call(http: httpx.Client, check: str, url: str, redact: Redactor) -> Check:
    host = urlsplit(url).netloc
    try:
        with faults.translated(AzureUnavailable), http.stream("GET", url) as response:
            body = client.read(response, _LONGEST_BODY)
    except AzureUnavailable as error:
        return Check.failed(check, error)
    except client.TooLarge:
        remedy = "check whether this is the Speech service"
        return _fault(check, f"{host} answers without end", remedy)
    answer = Answer(response.status_code, response.headers, body)
    if not answer.refused:
        return Check(check=check, ok=True, detail=f"{host} answers {answer.status}")
    failed = Check.failed(check, answer.error(host, "the call", redact))
    return replace(failed, remedy=_DOCUMENTED.get(answer.status, failed.remedy))


def _fault(check: str, detail: str, remedy: str) -> Check:
    return Check(
        check=check, ok=False, detail=detail, remedy=remedy, error=AzureUnavailable
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


def _label(resource: Resource) -> str:
    """The custom domain's name."""
    return _name(resource).partition(".")[0]
