"""Where a resource answers. Facts: rest-api.md sections 1 and 13."""

from __future__ import annotations

import pytest

from csctl.azure.resource import of
from csctl.errors import UsageError
from csctl.profile.speech import SpeechResource
from csctl.secret import FromEnvironment

KEY = FromEnvironment("K")


@pytest.mark.parametrize(
    ("declared", "base", "scope"),
    [
        (
            {"region": "westus"},
            "https://westus.api.cognitive.microsoft.com/speechtotext/v3.1",
            "https://cognitiveservices.azure.com/.default",
        ),
        (
            {"region": "usgovvirginia", "cloud": "us-government"},
            "https://usgovvirginia.api.cognitive.microsoft.us/speechtotext/v3.1",
            "https://cognitiveservices.azure.us/.default",
        ),
        (
            {"custom_domain": "contoso", "cloud": "21vianet", "api_version": "v3.2"},
            "https://contoso.cognitiveservices.azure.cn/speechtotext/v3.2",
            "https://cognitiveservices.azure.cn/.default",
        ),
        (
            {"custom_domain": "contoso", "api_version": "2024-11-15"},
            "https://contoso.cognitiveservices.azure.com/speechtotext",
            "https://cognitiveservices.azure.com/.default",
        ),
        (
            {"endpoint": "https://contoso.cognitiveservices.azure.us/"},
            "https://contoso.cognitiveservices.azure.us/speechtotext/v3.1",
            "https://cognitiveservices.azure.us/.default",
        ),
        (
            {"endpoint": "http://127.0.0.1:8080/speechtotext"},
            "http://127.0.0.1:8080/speechtotext/v3.1",
            "https://cognitiveservices.azure.com/.default",
        ),
    ],
    ids=str,
)
def test_a_resource_answers_there(
    declared: dict[str, str], base: str, scope: str
) -> None:
    found = of(SpeechResource(api_key=KEY, **declared))  # type: ignore[arg-type]
    assert found.base == base
    assert found.cloud.scope == scope


def test_an_identity_does_not_ask_a_region() -> None:
    declared = SpeechResource(
        endpoint="https://westus.api.cognitive.microsoft.com", auth="entra"
    )
    with pytest.raises(UsageError, match="names no resource"):
        of(declared)


def test_a_key_that_is_declared_beside_an_identity_is_not_used() -> None:
    declared = SpeechResource(custom_domain="contoso", auth="entra", api_key=KEY)
    assert of(declared).api_key is None
