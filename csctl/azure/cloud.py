"""The clouds: where each of them answers. Facts: rest-api.md section 13.

Not all of it is documented: the Entra scopes of the sovereign clouds come from other
programs, or by analogy, and so does the Blob storage of 21Vianet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One cloud's names."""

    regional: str
    """What follows a region in the host of the REST API."""
    custom: str
    """What follows a custom domain's name."""
    speech: str
    """What follows a region and an offering in the host of an offering."""
    blob: str
    """What the hosts of Blob storage end with."""

    @property
    def private_zone(self) -> str:
        """The private DNS zone that holds the addresses of private endpoints."""
        return f"privatelink.{self.custom}"

    @property
    def scope(self) -> str:
        """What an Entra token is asked for, to use Speech with."""
        return f"https://{self.custom}/.default"


CLOUDS: Final = {
    "public": Cloud(
        regional="api.cognitive.microsoft.com",
        custom="cognitiveservices.azure.com",
        speech="speech.microsoft.com",
        blob="blob.core.windows.net",
    ),
    "us-government": Cloud(
        regional="api.cognitive.microsoft.us",
        custom="cognitiveservices.azure.us",
        speech="speech.azure.us",
        blob="blob.core.usgovcloudapi.net",
    ),
    "21vianet": Cloud(
        regional="api.cognitive.azure.cn",
        custom="cognitiveservices.azure.cn",
        speech="speech.azure.cn",
        blob="blob.core.chinacloudapi.cn",
    ),
}


def of_host(host: str, declared: str) -> Cloud:
    """The cloud that a host belongs to by its name, else the declared one."""
    for cloud in CLOUDS.values():
        if host.endswith((f".{cloud.regional}", f".{cloud.custom}")):
            return cloud
    return CLOUDS[declared]
