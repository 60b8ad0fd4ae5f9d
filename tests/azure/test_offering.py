from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.azure import offering
from csctl.azure.cloud import CLOUDS
from csctl.azure.offering import OFFERINGS, ServiceUrl, parse, rewrite
from csctl.errors import InvalidValue, UsageError

NAME = "my-private-link-speech"
CUSTOM = f"{NAME}.cognitiveservices.azure.com"
RECOGNITION = "speech/recognition/conversation/cognitiveservices/v1?language=en-US"
# From the region's URL to that of the private endpoint.
DOCUMENTED = {
    "rest": (
        "https://westeurope.api.cognitive.microsoft.com/speechtotext/v3.1/transcriptions",
        f"https://{CUSTOM}/speechtotext/v3.1/transcriptions",
    ),
    "voices": (
        "https://westeurope.tts.speech.microsoft.com/cognitiveservices/voices/list",
        f"https://{CUSTOM}/tts/cognitiveservices/voices/list",
    ),
    "recognition": (
        f"wss://westeurope.stt.speech.microsoft.com/{RECOGNITION}",
        f"wss://{CUSTOM}/stt/{RECOGNITION}",
    ),
    "synthesis": (
        "wss://westeurope.tts.speech.microsoft.com/cognitiveservices/websocket/v1",
        f"wss://{CUSTOM}/tts/cognitiveservices/websocket/v1",
    ),
    "token": (
        "https://westeurope.api.cognitive.microsoft.com/sts/v1.0/issueToken?scope=x",
        f"https://{CUSTOM}/sts/v1.0/issueToken?scope=x",
    ),
    "no-path": (
        "https://westeurope.convai.speech.microsoft.com",
        f"https://{CUSTOM}/convai",
    ),
}


def rewritten(
    url: str,
    custom_domain: str | None = None,
    region: str | None = None,
    *,
    private: bool = False,
) -> str:
    target = {"custom_domain": custom_domain, "region": region}
    return str(rewrite(parse(url), **target, private=private))


@pytest.mark.parametrize(("regional", "custom"), DOCUMENTED.values(), ids=DOCUMENTED)
def test_a_private_endpoint_is_reached_by_the_custom_domain(
    regional: str, custom: str
) -> None:
    assert rewritten(regional, NAME, private=True) == custom
    assert rewritten(custom, NAME, private=True) == custom


@pytest.mark.parametrize(("regional", "custom"), DOCUMENTED.values(), ids=DOCUMENTED)
def test_without_a_custom_domain_all_urls_are_the_regions(
    regional: str, custom: str
) -> None:
    assert rewritten(custom, region="westeurope") == regional
    assert rewritten(regional) == regional


@pytest.mark.parametrize("key", DOCUMENTED)
def test_without_a_private_endpoint_only_the_rest_api_has_moved(key: str) -> None:
    regional, custom = DOCUMENTED[key]
    right = custom if key in ("rest", "token") else regional
    assert rewritten(regional, NAME) == right
    assert rewritten(custom, NAME, "westeurope") == right


def test_what_the_sdk_adds_to_the_urls_that_it_logs_is_left_out() -> None:
    logged = (
        "wss://westeurope.stt.speech.microsoft.com/speech/recognition/conversation"
        "/cognitiveservices/v1?traffictype=spx&language=en-US"
    )
    assert rewritten(logged, NAME, private=True) == DOCUMENTED["recognition"][1]


@pytest.mark.parametrize(
    ("cloud", "region", "regional", "custom"),
    [
        (
            "us-government",
            "usgovvirginia",
            "https://usgovvirginia.stt.speech.azure.us/speech/x",
            "https://contoso.cognitiveservices.azure.us/stt/speech/x",
        ),
        (
            "us-government",
            "virginia",
            "https://virginia.api.cognitive.microsoft.us/speechtotext/v3.1/models",
            "https://contoso.cognitiveservices.azure.us/speechtotext/v3.1/models",
        ),
        (
            "21vianet",
            "chinaeast2",
            "wss://chinaeast2.tts.speech.azure.cn/cognitiveservices/websocket/v1",
            "wss://contoso.cognitiveservices.azure.cn/tts/cognitiveservices/websocket/v1",
        ),
        (
            "21vianet",
            "chinanorth",
            "https://chinanorth.api.cognitive.azure.cn/speechtotext/v3.1/models",
            "https://contoso.cognitiveservices.azure.cn/speechtotext/v3.1/models",
        ),
    ],
)
def test_other_clouds_have_hosts_of_their_own(
    cloud: str, region: str, regional: str, custom: str
) -> None:
    assert parse(regional).cloud == parse(custom).cloud == cloud
    assert rewritten(regional, "contoso", private=True) == custom
    assert rewritten(custom, region=region) == regional


def test_offerings_that_are_documented_for_one_cloud_only_are_remarked_on() -> None:
    voice = parse("https://usgovvirginia.voice.speech.azure.us/x")
    assert "documented for the public cloud only" in next(voice.remarks)
    for url in (DOCUMENTED["voices"][0], "https://usgovvirginia.tts.speech.azure.us/"):
        assert list(parse(url).remarks) == []


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        (DOCUMENTED["voices"][1], {}, "does not tell the region"),
        (DOCUMENTED["voices"][1], {"custom_domain": NAME}, "does not tell the region"),
        (DOCUMENTED["voices"][1], {"custom_domain": "other"}, "not of other"),
        (DOCUMENTED["voices"][0], {"region": "eastus"}, "not of eastus"),
        (DOCUMENTED["voices"][0], {"private": True}, "by the resource's custom domain"),
    ],
    ids=["back", "back-without-private", "other-domain", "other-region", "no-domain"],
)
def test_what_cannot_be_rewritten_is_refused(
    url: str, options: dict[str, object], said: str
) -> None:
    target = {"custom_domain": None, "region": None, "private": False, **options}
    with pytest.raises(UsageError, match=said) as raised:
        rewrite(parse(url), **target)  # type: ignore[arg-type]
    assert raised.value.remedy


@pytest.mark.parametrize(
    "url",
    [
        "",
        "westeurope.stt.speech.microsoft.com",
        "ftp://westeurope.stt.speech.microsoft.com/",
        "https://stt.speech.microsoft.com/",
        "https://westeurope.asr.speech.microsoft.com/",
        "https://cognitiveservices.azure.com/",
        "https://contoso.privatelink.cognitiveservices.azure.com/",
        "https://contoso.cognitiveservices.azure.com.evil.example/",
        "https://evil.example/westeurope.stt.speech.microsoft.com/",
        "https://me:secret@contoso.cognitiveservices.azure.com/",
        "https://contoso.cognitiveservices.azure.com:8443/",
        "https://contoso.cognitiveservices.azure.com/#fragment",
        "https://[::1/",
        "https://contoso.cognitiveservices.azure.com:x/",
    ],
)
def test_what_is_no_url_of_the_service_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue) as raised:
        parse(url)
    assert "secret" not in raised.value.message


LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
PATHS = st.from_regex(r"(/[A-Za-z0-9._~:-]{0,8}){0,4}", fullmatch=True)
QUERIES = st.from_regex(
    r"([a-z-]{1,8}=[A-Za-z0-9%.-]{0,8}(&(?!$))?){0,3}", fullmatch=True
)


@given(
    st.sampled_from(("https", "wss")),
    st.sampled_from(tuple(CLOUDS)),
    LABELS,
    LABELS,
    st.sampled_from((*OFFERINGS, None)),
    PATHS,
    QUERIES,
)
def test_there_and_back_again(
    scheme: str,
    cloud: str,
    region: str,
    domain: str,
    kind: str | None,
    path: str,
    query: str,
) -> None:
    if kind is None and path[1:].partition("/")[0] in OFFERINGS:
        return  # no path of the REST API
    here = ServiceUrl(
        scheme=scheme,
        cloud=cloud,
        region=region,
        custom_domain=None,
        offering=kind,
        path=path,
        query=query,
    )
    assert parse(str(here)) == here
    there = rewrite(here, custom_domain=domain, region=None, private=True)
    assert parse(str(there)) == there
    assert region == domain or f"//{region}." not in str(there)
    assert rewrite(there, custom_domain=None, region=region, private=False) == here


def test_every_offering_of_the_article_is_known() -> None:
    assert sorted(offering.OFFERINGS) == [
        *("commands", "convai", "s2s", "stt", "tts", "voice")
    ]
