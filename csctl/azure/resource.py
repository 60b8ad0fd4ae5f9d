"""A Speech resource whose REST API is asked: where, as whom, by which rules."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from csctl.azure import cloud
from csctl.azure.cloud import Cloud
from csctl.errors import UsageError
from csctl.http.host import is_loopback
from csctl.profile.speech import SpeechResource
from csctl.secret import SecretSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """All that is to be known of one resource before it is asked anything."""

    url: str
    """Scheme and host, and a path where one was written; without a last slash."""
    cloud: Cloud
    api_key: SecretSource | None
    """None where an Entra identity asks."""
    identity: str
    """Which Entra identity."""
    private: bool
    byos: bool
    version: str

    @property
    def host(self) -> str:
        """The host, with its port where one is written."""
        return urlsplit(self.url).netloc

    @property
    def base(self) -> str:
        """What all paths of the API begin with (section 1)."""
        in_path = f"/{self.version}" if self.version.startswith("v") else ""
        return f"{self.url}/speechtotext{in_path}"

    @property
    def local(self) -> bool:
        """Whether it is a stand-in on this host, where no proxy leads."""
        return is_loopback(self.host)


def of(declared: SpeechResource) -> Resource:
    """The resource that a declaration means. Raises UsageError."""
    url = _url(declared)
    host = urlsplit(url).hostname or ""
    found = cloud.of_host(host, declared.cloud)
    if declared.auth == "entra" and host.endswith(f".{found.regional}"):
        raise UsageError(
            f"{host} is a region's host, and names no resource that an Entra identity"
            " could ask",
            remedy="give the resource a custom domain, and name that",
        )
    return Resource(
        url=url,
        cloud=found,
        api_key=declared.api_key if declared.auth == "key" else None,
        identity=declared.identity,
        private=declared.private,
        byos=declared.byos,
        version=declared.api_version,
    )


def _url(declared: SpeechResource) -> str:
    names = cloud.CLOUDS[declared.cloud]
    if declared.endpoint is not None:
        return declared.endpoint.rstrip("/").removesuffix("/speechtotext")
    if declared.region is not None:
        return f"https://{declared.region}.{names.regional}"
    return f"https://{declared.custom_domain}.{names.custom}"
