"""Where a name leads: its chain of aliases, and the addresses at the end.

The one importer of dnspython. The system's resolver cannot tell the chain for certain
(not every libc gives aliases), nor ask a server other than its own.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import dns.exception
import dns.message
import dns.rdatatype
import dns.resolver

from csctl.errors import InvalidValue

_SECONDS = 6.0
_PORT = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What DNS, or this host, says of a name."""

    host: str
    chain: tuple[str, ...] = ()
    """The names that it is an alias of, one after the other."""
    addresses: tuple[str, ...] = ()
    fault: str | None = None
    """Why there are no addresses, or what else speaks against them."""

    def __str__(self) -> str:
        end = ", ".join(self.addresses) or f"({self.fault})"
        return " -> ".join((self.host, *self.chain, end))


def look_up(host: str, server: str | None) -> Resolution:
    """Ask DNS: the server `ADDRESS[:PORT]`, or those of this host.

    Raises InvalidValue for no such server.
    """
    if _is_address(host):
        return Resolution(host=host, addresses=(host,))
    try:
        resolver = _resolver(server)
    except dns.resolver.NoResolverConfiguration:
        return Resolution(host=host, fault="this host knows no DNS server")
    faults: list[str] = []
    answers = [
        answer
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA)
        if (answer := _ask(resolver, host, kind, faults)) is not None
    ]
    addresses = tuple(
        dict.fromkeys(address for answer in answers for address in _addresses(answer))
    )
    return Resolution(
        host=host,
        chain=max(map(_chain, answers), key=len, default=()),
        addresses=addresses,
        fault=None if addresses else (faults or ["it has no address"])[0],
    )


def of_this_host(host: str) -> tuple[str, ...]:
    """The addresses that programs on this host get; none where they get none."""
    with contextlib.suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(place[4][0]) for place in found))
    return ()


def _resolver(server: str | None) -> dns.resolver.Resolver:
    if server is None:
        resolver = dns.resolver.Resolver()
    else:
        resolver = dns.resolver.Resolver(configure=False)
        address, resolver.port = _place(server)
        resolver.nameservers = [address]
    resolver.lifetime = _SECONDS
    return resolver


def _place(server: str) -> tuple[str, int]:
    bare = f"[{server}]" if server.count(":") > 1 and "[" not in server else server
    try:
        parts = urlsplit(f"//{bare}")
        address = str(ipaddress.ip_address(parts.hostname or ""))
        return address, parts.port or _PORT
    except ValueError as exc:
        raise InvalidValue(
            f"{server!r} is no DNS server",
            remedy="write its address, such as 10.0.0.4 or 10.0.0.4:53",
        ) from exc


def _ask(
    resolver: dns.resolver.Resolver,
    host: str,
    kind: dns.rdatatype.RdataType,
    faults: list[str],
) -> dns.message.QueryMessage | None:
    """The answer, which may hold aliases alone; what failed goes into `faults`."""
    try:
        found = resolver.resolve(host, kind, search=False, raise_on_no_answer=False)
        return found.response
    except dns.resolver.NXDOMAIN as failure:
        answers = failure.responses().values()  # type: ignore[no-untyped-call]
        answer: dns.message.QueryMessage = next(iter(answers))
        missing = (_chain(answer) or (host,))[-1]
        faults.append(f"DNS knows no {missing}")
        return answer
    except dns.resolver.NoNameservers:
        faults.append("the DNS servers fail or refuse")
    except dns.exception.Timeout:
        faults.append("no DNS server answers in time")
    except (dns.exception.DNSException, OSError) as failure:
        faults.append(f"DNS does not answer: {failure}")
    return None


def _chain(answer: dns.message.QueryMessage) -> tuple[str, ...]:
    try:
        aliases = answer.resolve_chaining().cnames
    except dns.exception.DNSException:  # a loop, or longer than anybody's
        return ()
    return tuple(
        str(one.target).rstrip(".").lower() for rrset in aliases for one in rrset
    )


def _addresses(answer: dns.message.QueryMessage) -> Iterator[str]:
    with contextlib.suppress(dns.exception.DNSException):
        for one in answer.resolve_chaining().answer or ():
            yield str(one.address)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
