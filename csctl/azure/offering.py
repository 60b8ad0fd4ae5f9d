"""URLs of the Speech service, rewritten between a region's hosts and a custom domain.

The REST API moves to the custom domain with every resource that has one, and only its
host changes. The six offerings (speech to text, text to speech, ...) move there only
while there is a private endpoint; then the offering becomes the first element of the
path. Facts: rest-api.md sections 12 and 13; "Construct endpoint URL" of the article on
private endpoints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from csctl.azure.cloud import CLOUDS
from csctl.errors import InvalidValue, UsageError

OFFERINGS: Final = {
    "commands": "Custom Commands",
    "convai": "Meeting Transcription",
    "s2s": "Speech Translation",
    "stt": "Speech to text",
    "tts": "Text to speech",
    "voice": "Custom voice",
}
_SCHEMES = ("https", "wss", "http", "ws")
_DOCUMENTED_ABROAD = ("stt", "tts")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
# The Speech SDK adds it to the URLs that it logs.
_OF_THE_SDK = "traffictype=spx"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUrl:
    """A URL of the service, taken apart."""

    scheme: str
    cloud: str
    region: str | None
    """None where it is a custom domain's, which tells no region."""
    custom_domain: str | None
    offering: str | None
    """One of OFFERINGS; None is the REST API."""
    path: str
    """Below the offering, with its first slash."""
    query: str

    def __str__(self) -> str:
        path = self.path
        names = CLOUDS[self.cloud]
        if self.custom_domain is not None:
            host = f"{self.custom_domain}.{names.custom}"
            path = f"/{self.offering}{path}" if self.offering else path
        elif self.offering is not None:
            host = f"{self.region}.{self.offering}.{names.speech}"
        else:
            host = f"{self.region}.{names.regional}"
        return urlunsplit((self.scheme, host, path, self.query, ""))

    @property
    def remarks(self) -> Iterator[str]:
        """What is not documented about it."""
        if self.cloud == "public" or self.offering in (None, *_DOCUMENTED_ABROAD):
            return
        yield (
            f"hosts of {self.offering} are documented for the public cloud only; this"
            " one is made after them"
        )


def parse(url: str) -> ServiceUrl:
    """Take a URL apart. Raises InvalidValue where it is none of the service."""
    parts = _split(url)
    host = (parts.hostname or "").lower()
    query = "&".join(one for one in parts.query.split("&") if one != _OF_THE_SDK)
    for cloud, names in CLOUDS.items():
        found = ServiceUrl(
            scheme=parts.scheme.lower(),
            cloud=cloud,
            region=None,
            custom_domain=None,
            offering=None,
            path=parts.path,
            query=query,
        )
        if label := _before(host, names.regional):
            return replace(found, region=label[0])
        if label := _before(host, names.custom):
            offering, path = _first_element(parts.path)
            return replace(found, custom_domain=label[0], offering=offering, path=path)
        if label := _before(host, f"({'|'.join(OFFERINGS)})", names.speech):
            return replace(found, region=label[0], offering=label[1])
    raise InvalidValue(
        f"{host or url} is no host of the Speech service",
        remedy="write a URL such as"
        " https://westeurope.api.cognitive.microsoft.com/speechtotext/v3.1/models or"
        " wss://westeurope.stt.speech.microsoft.com/...",
    )


def rewrite(
    url: ServiceUrl, *, custom_domain: str | None, region: str | None, private: bool
) -> ServiceUrl:
    """The same place as it is reached at a resource.

    `custom_domain` is None for a resource without one; `private` says whether it has a
    private endpoint; `region` is needed where a custom domain's URL is to become a
    region's. Raises UsageError.
    """
    if private and custom_domain is None:
        raise UsageError(
            "a private endpoint is reached by the resource's custom domain",
            remedy="name it with --custom-domain",
        )
    if url.custom_domain is not None and custom_domain not in (None, url.custom_domain):
        raise UsageError(
            f"the URL is one of {url.custom_domain}, not of {custom_domain}",
            remedy="name the custom domain of the URL",
        )
    if url.region is not None and region not in (None, url.region):
        raise UsageError(
            f"the URL is one of the region {url.region}, not of {region}",
            remedy="leave --region out: the URL names it",
        )
    stays = private or url.offering is None
    if custom_domain is not None and stays:
        return replace(url, custom_domain=custom_domain, region=None)
    found = url.region or region
    if found is None:
        raise UsageError(
            "a custom domain does not tell the region, and the URL becomes a region's",
            remedy="name the region of the resource with --region",
        )
    return replace(url, custom_domain=None, region=found)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port, scheme = parts.port, parts.scheme.lower()
    except ValueError as exc:
        raise InvalidValue(f"the URL cannot be read: {exc}") from exc
    if scheme not in _SCHEMES or not parts.hostname:
        raise InvalidValue(
            "that is no URL of the service",
            remedy=f"begin it with one of {', '.join(f'{s}://' for s in _SCHEMES)}",
        )
    if parts.username is not None or port is not None or parts.fragment:
        raise InvalidValue(
            "a URL of the service has neither user, port nor fragment",
            remedy="leave them out",
        )
    return parts


def _before(host: str, *suffix: str) -> tuple[str, ...]:
    """What stands before a suffix of the host; empty where it is another host."""
    *patterns, last = suffix
    pattern = r"\.".join((f"({_LABEL})", *patterns, re.escape(last)))
    match = re.fullmatch(pattern, host)
    return match.groups() if match else ()


def _first_element(path: str) -> tuple[str | None, str]:
    """The offering that a custom domain's path begins with, and the rest."""
    first, slash, rest = path.removeprefix("/").partition("/")
    return (first, slash + rest) if first in OFFERINGS else (None, path)
