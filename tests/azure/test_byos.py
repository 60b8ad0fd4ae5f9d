"""What is recognised of the user's own storage."""

from __future__ import annotations

import pytest

from csctl.azure.byos import is_signed, own_container, with_validity
from csctl.azure.table import load

BLOB = "https://contoso.blob.core.windows.net"


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        (f"{BLOB}/c/a.json", False),
        (f"{BLOB}/c/a.json?sv=1&sig=x", True),
        (f"{BLOB}/c/a.json?se=2026", True),
        (f"{BLOB}/c/a.json?snapshot=x", False),
        ("sig=x", False),
        ("", False),
    ],
)
def test_signatures_are_recognised(url: str, signed: bool) -> None:
    assert is_signed(url) is signed


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"{BLOB}/customspeech-artifacts/T/a.json", "customspeech-artifacts"),
        (f"{BLOB}/CustomSpeech-Models?sig=x", "customspeech-models"),
        (f"{BLOB}/customspeech-audiologs/", "customspeech-audiologs"),
        (f"{BLOB}/results/customspeech-models", None),
        (f"{BLOB}/customspeech-artifacts2", None),
    ],
)
def test_the_services_own_containers_are_recognised(url: str, name: str | None) -> None:
    assert own_container(url) == name


@pytest.mark.parametrize(
    ("version", "operation", "byos", "given", "sent"),
    [
        ("v3.1", "Datasets_ListFiles", True, {}, {"sasValidityInSeconds": 0}),
        ("v3.1", "Datasets_ListFiles", False, {}, {}),
        ("v3.1", "Models_GetBaseModelManifest", True, {}, {"sasValidityInSeconds": 0}),
        ("v3.1", "Datasets_Get", True, {}, {}),
        ("2024-11-15", "Datasets_ListFiles", True, {}, {}),
        (
            *("2024-11-15", "Models_GetCustomModelManifest", True, {}),
            {"sasLifetimeMinutes": 60},
        ),
        (
            *("2024-11-15", "Models_GetCustomModelManifest", False),
            {"sasLifetimeMinutes": 5},
            {"sasLifetimeMinutes": 5},
        ),
    ],
)
def test_each_version_is_told_of_signatures_in_its_own_way(
    version: str,
    operation: str,
    byos: bool,
    given: dict[str, int],
    sent: dict[str, int],
) -> None:
    assert with_validity(load(version).find(operation), given, byos=byos) == sent
