from __future__ import annotations

from collections.abc import Iterator

import pytest

from csctl.azure.resolution import look_up, of_this_host
from csctl.errors import InvalidValue
from tests.azure.dns_server import CUSTOM, LINK, dns_server
from tests.ports import free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dns_server(tmp_path_factory.mktemp("dns"), free_port()) as address:
        yield address


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("inside", f"inside.{CUSTOM} -> inside.{LINK} -> 172.28.0.10"),
        (
            "plain",
            f"plain.{CUSTOM} -> westeurope.api.cognitive.microsoft.com"
            " -> cognitiveweprod.azure-api.net -> 13.93.122.1",
        ),
        ("six", f"six.{CUSTOM} -> fd00::10"),
        (
            "forgotten",
            f"forgotten.{CUSTOM} -> forgotten.{LINK}"
            f" -> (DNS knows no forgotten.{LINK})",
        ),
        ("nobody", f"nobody.{CUSTOM} -> (DNS knows no nobody.{CUSTOM})"),
        ("round", f"round.{CUSTOM} -> (the DNS servers fail or refuse)"),
    ],
)
def test_a_name_is_followed_to_its_end(server: str, name: str, said: str) -> None:
    assert str(look_up(f"{name}.{CUSTOM}", server)) == said


def test_the_whole_chain_is_told(server: str) -> None:
    found = look_up(f"elsewhere.{CUSTOM}", server)
    assert found.chain == (
        f"elsewhere.{LINK}",
        "westeurope.prod.vnet.cog.trafficmanager.net",
        "vnetproxyv1-weu-prod.westeurope.cloudapp.azure.com",
    )
    assert found.addresses == ("13.69.67.71",)
    assert found.fault is None


def test_an_address_is_its_own_end() -> None:
    assert look_up("::1", None).addresses == ("::1",)


def test_this_host_knows_itself_and_no_invalid_name() -> None:
    assert "127.0.0.1" in of_this_host("127.0.0.1")
    assert of_this_host("nobody.invalid") == ()
    assert of_this_host("a" * 70 + ".invalid") == ()


@pytest.mark.parametrize("server", ["", "dns.example", "10.0.0.4:port", "10.0.0:53"])
def test_a_dns_server_is_named_by_its_address(server: str) -> None:
    with pytest.raises(InvalidValue, match="is no DNS server"):
        look_up("contoso.example", server)
