"""Pages, filters and files, as a client meets them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rest_api import RestApi, rest_api

SOURCES = [f"https://audio.example/{n}.wav" for n in range(3)]


def pages(api: RestApi, path: str, **query: Any) -> list[list[dict[str, Any]]]:
    found, page = [], api.get(path, **query)
    while True:
        found.append(page["values"])
        if "@nextLink" not in page:
            return found
        page = api.get(page["@nextLink"])


def logs(api: RestApi) -> str:
    """The URL of the logs of an endpoint of one's own."""
    endpoint = api.create(
        "/endpoints",
        displayName="a",
        locale="en-US",
        properties={"loggingEnabled": True},
    )
    return str(endpoint["links"]["logs"])


def asked(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_base_models_come_oldest_first_a_hundred_a_page(api: RestApi) -> None:
    found = pages(api, "/models/base")
    assert [len(page) for page in found] == [100, 100, 100]
    dates = [model["createdDateTime"] for page in found for model in page]
    assert dates == sorted(dates)
    newest = "2023-08-15T11:41:07Z"
    assert not any(model["createdDateTime"] == newest for model in found[0])
    assert found[-1][-1]["createdDateTime"] == newest


def test_the_container_knows_the_same_base_models(api: RestApi) -> None:
    from csctl.rehearsal.container import catalog

    found = api.get("/models/base", filter="locale eq 'sv-SE'")["values"]
    listed = [(m["self"].rpartition("/")[2], m["createdDateTime"]) for m in found]
    assert listed == [(one.id, one.created) for one in catalog.base_models("sv-se")]


def test_a_next_link_keeps_the_filter(api: RestApi) -> None:
    filter_ = "locale eq 'en-US' or locale eq 'de-DE'"
    link = api.get("/models/base", filter=filter_, top=3)["@nextLink"]
    assert asked(link) == {"skip": ["3"], "top": ["3"], "filter": [filter_]}
    assert sum(map(len, pages(api, "/models/base", filter=filter_, top=3))) == 8


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"top": 0}, "UnsupportedPagination"),
        ({"top": "x"}, "UnsupportedPagination"),
        ({"skip": -1}, "UnsupportedPagination"),
        ({"filter": "x"}, "UnsupportedFilter"),
    ],
    ids=str,
)
def test_a_wrong_query_is_refused(
    api: RestApi, query: dict[str, Any], code: str
) -> None:
    answer = api.call("GET", "/models", params=query)
    assert answer.status_code == 400
    assert answer.json()["innerError"]["code"] == code


def test_a_next_link_forgets_the_validity_of_signatures(api: RestApi) -> None:
    dataset = api.create(
        "/datasets",
        kind="Language",
        displayName="a",
        locale="en-US",
        contentUrl="https://data.example/a.txt",
    )
    query = {"sasValidityInSeconds": 60, "filter": "kind ne 'x'", "top": 1}
    link = api.get(dataset["links"]["files"], **query)["@nextLink"]
    assert asked(link) == {"skip": ["1"], "top": ["1"], "filter": ["kind ne 'x'"]}


def test_that_of_a_transcriptions_files_forgets_the_filter_as_well(
    api: RestApi,
) -> None:
    made = api.create(
        "/transcriptions", displayName="a", locale="en-US", contentUrls=SOURCES
    )
    files = made["links"]["files"]
    query = {"filter": "kind eq 'Transcription'", "top": 2}
    assert len(api.get(files, **query)["values"]) == 2
    assert asked(api.get(files, **query)["@nextLink"]) == {"skip": ["2"], "top": ["2"]}
    names = [file["name"] for page in pages(api, files, top=2) for file in page]
    assert names == ["0.wav.json", "1.wav.json", "2.wav.json", "report.json"]


def test_logs_are_paged_by_token(api: RestApi) -> None:
    path = logs(api)
    link = api.get(path, top=4)["@nextLink"]
    assert asked(link).keys() == {"top", "skipToken"}
    found = pages(api, path, top=4)
    assert [len(page) for page in found] == [4, 2]
    answer = api.call("GET", path, params={"skipToken": "x"})
    assert answer.json()["innerError"]["code"] == "InvalidSkipTokenForLogs"


def test_logs_up_to_a_day_can_be_deleted(api: RestApi) -> None:
    path = logs(api)
    names = [log["name"] for log in api.get(path)["values"]]
    assert api.call("DELETE", f"{path}/{names[0]}").status_code == 204
    answer = api.call("DELETE", path, params={"endDate": names[2][:10]})
    assert answer.status_code == 202
    assert [log["name"] for log in api.get(path)["values"]] == names[4:]
    wrong = api.call("DELETE", path, params={"endDate": "yesterday"})
    assert wrong.json()["innerError"]["code"] == "InvalidLogDate"


def test_a_project_lists_and_counts_what_is_its_own(api: RestApi) -> None:
    project = api.create("/projects", displayName="a", locale="en-US")
    own = {"project": {"self": project["self"]}, "locale": "en-US"}
    model = api.create("/models", displayName="inside", **own)
    api.create("/models", displayName="outside", locale="en-US")
    listed = api.get(project["links"]["models"])["values"]
    assert [one["self"] for one in listed] == [model["self"]]
    assert api.get(project["self"])["properties"]["modelCount"] == 1
    assert api.get(project["links"]["datasets"])["values"] == []


@pytest.mark.parametrize(
    ("field", "code"),
    [("model", "InvalidModel"), ("project", "InvalidProject")],
)
def test_a_reference_to_nothing_is_refused(api: RestApi, field: str, code: str) -> None:
    nothing = {"self": "https://x/speechtotext/v3.1/models/0"}
    body = {"displayName": "a", "locale": "en-US", field: nothing}
    answer = api.call("POST", "/endpoints", json=body)
    assert answer.json()["innerError"]["code"] == code


def test_links_may_begin_with_another_host() -> None:
    region = "https://westeurope.api.cognitive.microsoft.com"
    with rest_api(links=region) as api:
        page = api.get("/models/base", top=1)
    assert page["@nextLink"].startswith(f"{region}/speechtotext/v3.1/models/base?")
    assert page["values"][0]["self"].startswith(f"{region}/")


def test_links_may_lead_in_a_circle() -> None:
    with rest_api(fail="link-loop") as api:
        link = api.get("/models/base", top=2)["@nextLink"]
        assert api.get(link)["@nextLink"] == link


def test_there_can_be_more_base_models_and_smaller_pages() -> None:
    with rest_api(base_models=1000, page=250) as api:
        assert [len(page) for page in pages(api, "/models/base")] == [250] * 4
