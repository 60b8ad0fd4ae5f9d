"""Where a registry is reached: its name in references, and its base URLs."""

from __future__ import annotations

from dataclasses import dataclass

from csctl.errors import InvalidReference
from csctl.http.host import is_loopback
from csctl.reference import DEFAULT_REGISTRY, ImageReference

_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True, slots=True)
class Address:
    """A registry's name, and the URLs to try, in this order."""

    name: str
    bases: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read a host or an http(s) URL. Raises InvalidReference.

        A loopback host may speak plain http; any other only when its URL says so.
        """
        scheme, has_scheme, rest = text.rpartition("://")
        host = rest.rstrip("/")
        if "@" in host:
            raise InvalidReference(
                "the registry's address holds a user name or a password",
                remedy="leave them out and use `docker login`",
            )
        if has_scheme and scheme not in ("http", "https"):
            raise InvalidReference(
                f"{text!r} is no address of a registry",
                remedy="write a host, or a URL that starts with https:// or http://",
            )
        ImageReference(host, "any", "any")
        if host in _DOCKER_HUB:
            return cls(DEFAULT_REGISTRY, ("https://registry-1.docker.io",))
        if has_scheme:
            return cls(host, (f"{scheme}://{host}",))
        schemes = ("https", "http") if is_loopback(host) else ("https",)
        return cls(host, tuple(f"{scheme}://{host}" for scheme in schemes))

    @property
    def local(self) -> bool:
        """Whether the registry runs on this host, where no proxy leads."""
        return is_loopback(self.name)
