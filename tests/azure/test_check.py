from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.azure.dns_server import CUSTOM, LINK
from tests.azure.network import GATEWAY, PRIVATE, PROXY, Network, network
from tests.cli.shell import Run

pytestmark = pytest.mark.xdist_group("azure-network")


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with network(tmp_path_factory.mktemp("network")) as made:
        yield made


def results(run: Run) -> dict[str, bool]:
    return {one["check"]: one["ok"] for one in run.json["checks"]}


def detail(run: Run, check: str) -> str:
    found = next(one for one in run.json["checks"] if one["check"] == check)
    return f"{found['detail']} -> {found['remedy']}"


@pytest.mark.parametrize(
    ("name", "picture", "address", "offerings"),
    [
        ("inside", "private", PRIVATE, True),
        ("elsewhere", "proxy", PROXY, True),
        ("plain", "regional", GATEWAY, False),
    ],
)
def test_the_documented_pictures(
    net: Network, name: str, picture: str, address: str, offerings: bool
) -> None:
    run = net.check("--custom-domain", name, "--expect", address, "--json")
    assert run.json["picture"] == picture
    assert run.json["host"] == f"{name}.{CUSTOM}"
    assert run.json["addresses"] == [address]
    expected = ["dns", "picture", "address", "tls", "REST API"]
    expected += ["offerings"] if offerings else []
    assert results(run) == dict.fromkeys(expected, True)
    assert run.code == 0


def test_the_chain_is_told_to_people(net: Network) -> None:
    run = net.check("--custom-domain", "inside")
    assert f"dns: inside.{CUSTOM} -> inside.{LINK} -> {PRIVATE}" in run.out
    assert "csctl endpoint url URL --custom-domain inside --private" in run.out
    assert f"the certificate of *.{CUSTOM}" in run.out


def test_a_regions_host_is_its_gateway(net: Network) -> None:
    run = net.check("--region", "westeurope", "--json")
    assert (run.code, run.json["picture"]) == (0, "regional")


@pytest.mark.parametrize("name", ["elsewhere", "inside"])
def test_an_address_that_was_not_expected(net: Network, name: str) -> None:
    run = net.check("--custom-domain", name, "--expect", "172.28.0.11", "--json")
    assert run.code == 4
    assert not results(run)["address"]
    assert "not 172.28.0.11" in detail(run, "address")


def test_a_zone_without_the_record_is_named(net: Network) -> None:
    run = net.check("--custom-domain", "forgotten", "--json")
    assert (run.code, results(run)) == (4, {"dns": False})
    assert f"{LINK} counts in this network" in detail(run, "dns")
    assert "no record of forgotten" in detail(run, "dns")


def test_a_declared_private_endpoint_that_is_gone(net: Network) -> None:
    (net.folder / "csctl.yaml").write_text(
        "resources:\n"
        "  gone: {custom_domain: plain, private: true,"
        " api_key: {env: SPEECH_TEST_KEY}}\n"
        "  there: {custom_domain: inside, private: true,"
        " api_key: {env: SPEECH_TEST_KEY}}\n"
    )
    command = ("--config", "csctl.yaml", "--json")
    there = net.check("--resource", "there", *command)
    assert (there.code, set(results(there).values())) == (0, {True})
    gone = net.check("--resource", "gone", *command)
    assert gone.code == 4
    assert not results(gone)["picture"]
    assert not results(gone)["offerings"]
    # As the article explains the 404 of /stt/... without private endpoints.
    assert "after the last private endpoint was removed" in detail(gone, "offerings")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("nobodys-key", "with a private endpoint the resource refuses its key"),
        ("rehearsal-forbidden", "does not take requests from this network"),
    ],
    ids=["401", "403"],
)
def test_a_refusal_is_explained(net: Network, key: str, said: str) -> None:
    run = net.check("--region", "westeurope", "--json", key=key)
    assert run.code == 4
    assert said in detail(run, "REST API")
    assert key not in run.out + run.err


def test_a_key_that_is_not_there(net: Network) -> None:
    run = net.check("--custom-domain", "inside", "--json", key="")
    assert run.code == 2
    assert results(run)["tls"]
    assert "SPEECH_TEST_KEY" in detail(run, "credentials")


def test_a_certificate_of_nobody(net: Network) -> None:
    run = net.check("--custom-domain", "untrusted", "--json")
    assert run.code == 4
    assert results(run) == {"dns": True, "picture": True, "tls": False}
    assert "SSL_CERT_FILE" in detail(run, "tls")


def test_an_address_where_nobody_answers(net: Network) -> None:
    run = net.check("--custom-domain", "silent", "--json")
    assert run.code == 4
    assert not results(run)["tls"]
    assert "check firewall" in detail(run, "tls")


def test_the_hosts_file_counts_for_programs_on_this_host(net: Network) -> None:
    run = net.check("--custom-domain", "by-hosts-file", "--json")
    assert run.json["addresses"] == ["10.1.2.3"]
    assert "DNS itself says otherwise" in detail(run, "dns")
    run = net.check("--custom-domain", "by-hosts-file", "--dns-server", "127.0.0.1")
    assert "FAIL  dns" in run.out


def test_a_proxy_resolves_names_itself(net: Network) -> None:
    command = ("--custom-domain", "inside", "--json")
    run = net.check(*command, HTTPS_PROXY="http://me:pass@127.0.0.1:9")
    assert "127.0.0.1 is in between" in detail(run, "proxy")
    assert "tls" not in results(run)
    assert "pass" not in run.out + run.err


@pytest.mark.parametrize(
    "words",
    [
        ("--expect", "172.28.0"),
        ("--dns-server", "dns.example"),
    ],
    ids=str,
)
def test_wrong_words_are_refused(net: Network, words: tuple[str, str]) -> None:
    run = net.check("--custom-domain", "inside", *words)
    assert (run.code, run.out) == (2, "")
    assert words[1] in run.err
