"""Files behind URLs: signatures, tokens, ranges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from csctl.rehearsal.rest.storage import Content
from tests.rest_api import KEY, KEY_HEADER, RestApi, rest_api

HOUR = timedelta(hours=1)
TOKEN = {
    "Authorization": "Bearer rehearsal-storage-token",
    "x-ms-version": "2021-08-06",
}


def links(api: RestApi, **query: Any) -> list[str]:
    made = api.get("/transcriptions")["values"][0]
    files = api.get(made["links"]["files"], **query)["values"]
    return [file["links"]["contentUrl"] for file in files]


def signed_for(url: str) -> timedelta:
    (end,) = parse_qs(urlsplit(url).query)["se"]
    return datetime.fromisoformat(end) - datetime.now(UTC)


def test_a_signature_lasts_as_long_as_was_asked_for(api: RestApi) -> None:
    assert abs(signed_for(links(api)[0]) - 12 * HOUR) < HOUR
    (url, *_) = links(api, sasValidityInSeconds=7200)
    assert abs(signed_for(url) - 2 * HOUR) < HOUR
    assert httpx.get(url).status_code == 200


def test_one_of_own_storage_lasts_thirty_days(byos_api: RestApi) -> None:
    (url, *_) = links(byos_api)
    assert abs(signed_for(url) - timedelta(days=30)) < HOUR
    assert "skoid=" in url
    assert "/customspeech-artifacts/TranscriptionData/" in url


@pytest.mark.parametrize("text", ["-1", "x", "1e3", "99999999999"])
def test_a_wrong_validity_is_refused(api: RestApi, text: str) -> None:
    made = api.get("/transcriptions")["values"][0]
    query = {"sasValidityInSeconds": text}
    answer = api.call("GET", made["links"]["files"], params=query)
    assert answer.json()["innerError"]["code"] == "InvalidSasValidityDuration"


def test_a_url_without_signature_wants_a_token(byos_api: RestApi) -> None:
    (url, *_) = links(byos_api, sasValidityInSeconds=0)
    assert "?" not in url
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers=TOKEN).status_code == 200
    without_version = {"Authorization": TOKEN["Authorization"]}
    assert httpx.get(url, headers=without_version).status_code == 401
    for token, status in (("expired-storage-token", 401), ("another", 403)):
        headers = {**TOKEN, "Authorization": f"Bearer {token}"}
        assert httpx.get(url, headers=headers).status_code == status


def test_the_files_of_a_base_model_are_signed_all_the_same(byos_api: RestApi) -> None:
    base = byos_api.get("/models/base", top=1)["values"][0]
    own = byos_api.get("/models")["values"][0]
    for model, signed in ((base, True), (own, False)):
        manifest = byos_api.get(f"{model['self']}/manifest", sasValidityInSeconds=0)
        urls = [file["contentUrl"] for file in manifest["modelFiles"]]
        assert [("sig=" in url) for url in urls] == [signed] * len(urls)


def test_a_changed_or_ended_signature_opens_nothing(api: RestApi) -> None:
    (url, *_) = links(api)
    (sig,) = parse_qs(urlsplit(url).query)["sig"]
    end = parse_qs(urlsplit(url).query)["se"][0]
    assert httpx.get(url.replace("sp=rl", "sp=rw")).status_code == 403
    later = end.replace(end[:4], "2099", 1).replace(":", "%3A")
    changed = url.replace(end.replace(":", "%3A"), later)
    assert changed != url
    refused = httpx.get(changed)
    assert refused.status_code == 403
    assert "<Code>AuthenticationFailed</Code>" in refused.text
    assert sig not in refused.text


def test_the_speech_key_does_not_belong_there(api: RestApi) -> None:
    (url, *_) = links(api)
    assert httpx.get(url, headers={KEY_HEADER: KEY}).status_code == 400


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=5-99999999", 206, slice(5, None)),
        ("bytes=99999999-", 416, None),
        ("bytes=x", 200, slice(None)),
    ],
)
def test_a_part_can_be_asked_for(
    api: RestApi, asked: str, status: int, part: slice | None
) -> None:
    (url, *_) = links(api)
    whole = httpx.get(url).content
    answer = httpx.get(url, headers={"Range": asked})
    assert answer.status_code == status
    if part is not None:
        assert answer.content == whole[part]
    tag = httpx.head(url).headers["ETag"]
    for given, expected in ((tag, status), ('"other"', 200)):
        headers = {"Range": asked, "If-Range": given}
        assert httpx.get(url, headers=headers).status_code == expected


@pytest.mark.parametrize("size", [0, 1, 65536, 200_000])
def test_noise_is_the_same_in_parts_as_whole(size: int) -> None:
    content = Content.noise("a name", size)
    whole = b"".join(content.pieces(0, size))
    assert len(whole) == size
    middle = b"".join(content.pieces(size // 3, size))
    assert middle == whole[size // 3 :]


def test_large_files_are_not_kept_in_memory() -> None:
    size = 3 << 30
    with rest_api(file_bytes=size) as api:
        model = api.get("/models")["values"][0]
        url = api.get(f"{model['self']}/manifest")["modelFiles"][0]["contentUrl"]
        assert httpx.head(url).headers["Content-Length"] == str(size)
        end = httpx.get(url, headers={"Range": f"bytes={size - 10}-"})
    assert (end.status_code, len(end.content)) == (206, 10)


def test_names_may_lead_out_of_a_directory() -> None:
    with rest_api(job_seconds=0, fail="unsafe-names") as api:
        made = api.get("/transcriptions")["values"][0]
        names = [file["name"] for file in api.get(made["links"]["files"])["values"]]
    assert "../outside.json" in names
