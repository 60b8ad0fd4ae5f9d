"""Hosts: which of them is this one."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether `host` or `host:port` is this host, by its name or its number."""
    bare = host.rpartition("]")[0].removeprefix("[") or host.partition(":")[0]
    if bare.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
