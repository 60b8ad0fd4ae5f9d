"""Which of the documented pictures a name's resolution is, and what follows from it.

Facts: rest-api.md section 12, D1 to D3; "DNS configuration" of the article on private
endpoints.
"""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from typing import Final

from csctl.azure.cloud import CLOUDS, Cloud
from csctl.azure.resolution import Resolution


class Picture(StrEnum):
    """What stands behind a host."""

    PRIVATE = "private"
    """A private endpoint, seen from its virtual network."""
    PROXY = "proxy"
    """A private endpoint, seen from elsewhere: the virtual networks' proxy."""
    REGIONAL = "regional"
    """The region's gateway: there is no private endpoint."""
    UNKNOWN = "unknown"
    """None of these."""


MEANING: Final = {
    Picture.PRIVATE: "a private endpoint, seen from its own network",
    Picture.PROXY: "a private endpoint, seen from another network: the proxy in front"
    " of it",
    Picture.REGIONAL: "the region's gateway, without a private endpoint",
    Picture.UNKNOWN: "none of the documented pictures",
}
_GATEWAY = (".azure-api.net", ".azure-api.us", ".azure-api.cn")


def classify(found: Resolution) -> Picture:
    """What a resolution shows. Which region it is, nothing here reads."""
    addresses = [ipaddress.ip_address(one) for one in found.addresses]
    if not addresses or any(one.is_loopback for one in addresses):
        return Picture.UNKNOWN
    # Whoever has a DNS of their own may leave the alias out.
    if all(one.is_private for one in addresses):
        return Picture.PRIVATE
    if zone_of(found) is not None:
        return Picture.PROXY
    names = (found.host, *found.chain)
    gateways = (*(f".{cloud.regional}" for cloud in CLOUDS.values()), *_GATEWAY)
    return Picture.REGIONAL if _any_ends(names, gateways) else Picture.UNKNOWN


def zone_of(found: Resolution) -> Cloud | None:
    """The cloud whose private zone is part of the chain."""
    for cloud in CLOUDS.values():
        if _any_ends(found.chain, (f".{cloud.private_zone}",)):
            return cloud
    return None


def _any_ends(names: tuple[str, ...], suffixes: tuple[str, ...]) -> bool:
    return any(name.endswith(suffixes) for name in names)
