from __future__ import annotations

import pytest

from csctl.azure.picture import Picture, classify, zone_of
from csctl.azure.resolution import Resolution

HOST = "my-private-link-speech.cognitiveservices.azure.com"
LINK = "my-private-link-speech.privatelink.cognitiveservices.azure.com"
PROXY = "vnetproxyv1-weu-prod.westeurope.cloudapp.azure.com"
GATEWAY = (
    "westeurope.api.cognitive.microsoft.com",
    "cognitiveweprod.trafficmanager.net",
    "cognitiveweprod.azure-api.net",
    "apimgmttmdjylckcx6clmh2isu2wr38uqzm63s8n4ub2y3e6xs.trafficmanager.net",
    "cognitiveweprod-westeurope-01.regional.azure-api.net",
    "apimgmthskquihpkz6d90kmhvnabrx3ms3pdubscpdfk1tsx3a.cloudapp.net",
)


def resolved(*names: str, to: str, host: str = HOST) -> Resolution:
    return Resolution(host=host, chain=names, addresses=(to,) if to else ())


@pytest.mark.parametrize(
    ("found", "picture"),
    [
        (resolved(LINK, to="172.28.0.10"), Picture.PRIVATE),
        (
            resolved(
                LINK,
                "westeurope.prod.vnet.cog.trafficmanager.net",
                PROXY,
                to="13.69.67.71",
            ),
            Picture.PROXY,
        ),
        (resolved(*GATEWAY, to="13.93.122.1"), Picture.REGIONAL),
        (resolved(to="172.28.0.10"), Picture.PRIVATE),
        (resolved(LINK, to="fd00::10"), Picture.PRIVATE),
        (resolved(LINK, to="20.1.2.3"), Picture.PROXY),
        (resolved(to="13.93.122.1", host=GATEWAY[0]), Picture.REGIONAL),
        (resolved(to="13.93.122.1"), Picture.UNKNOWN),
        (resolved("contoso.example", to="13.93.122.1"), Picture.UNKNOWN),
        (resolved(to="127.0.0.1", host="localhost"), Picture.UNKNOWN),
        (resolved(LINK, to=""), Picture.UNKNOWN),
    ],
    ids=[
        *("article-vnet", "article-elsewhere", "article-none", "own-dns", "ipv6"),
        *("proxy-of-another-name", "region-itself", "public", "alias"),
        *("loopback", "dangling"),
    ],
)
def test_a_resolution_is_one_of_the_pictures(
    found: Resolution, picture: Picture
) -> None:
    assert classify(found) is picture


@pytest.mark.parametrize(
    ("suffix", "there"),
    [
        ("privatelink.cognitiveservices.azure.us", True),
        ("privatelink.cognitiveservices.azure.cn", True),
        ("privatelink.openai.azure.com", False),
    ],
)
def test_each_cloud_has_a_private_zone_of_its_own(suffix: str, there: bool) -> None:
    zone = zone_of(resolved(f"contoso.{suffix}", to="10.0.0.4"))
    assert (zone is not None) is there
    assert zone is None or zone.private_zone == suffix
