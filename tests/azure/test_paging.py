"""From page to page: only the place in the list is taken from a link."""

from __future__ import annotations

import pytest

from csctl.azure.paging import following
from csctl.azure.request import Request
from csctl.azure.table import load
from csctl.errors import AzureError

FILES = load("v3.1").find("Datasets_ListFiles")
PATH = "/datasets/1f/files"
BASE = f"https://westus.api.cognitive.microsoft.com/speechtotext/v3.1{PATH}"


def _request(**query: str) -> Request:
    return Request(operation=FILES, path=PATH, query=query)


@pytest.mark.parametrize(
    ("asked", "link", "query"),
    [
        ({}, "?skip=2&top=2", {"skip": "2", "top": "2"}),
        ({"skip": "2"}, "?skip=4&top=2", {"skip": "4", "top": "2"}),
        ({"top": "2"}, "?skip=2", {"top": "2", "skip": "2"}),
        (
            {"filter": "name eq 'a'", "sasValidityInSeconds": "0"},
            "?skip=2",
            {"filter": "name eq 'a'", "sasValidityInSeconds": "0", "skip": "2"},
        ),
        (
            {"sasValidityInSeconds": "0"},
            "?skip=2&sasValidityInSeconds=2592000&filter=x",
            {"sasValidityInSeconds": "0", "skip": "2"},
        ),
        ({}, "?skipToken=a%2Bb", {"skipToken": "a+b"}),
        ({}, "?skip=2&api-version=2024-11-15", {"skip": "2"}),
    ],
)
def test_what_the_service_drops_is_kept(
    asked: dict[str, str], link: str, query: dict[str, str]
) -> None:
    found = following(_request(**asked), {"@nextLink": BASE + link})
    assert found is not None
    assert found.query == query
    assert found.path == PATH


@pytest.mark.parametrize("page", [{}, {"@nextLink": None}, {"@nextLink": ""}])
def test_the_last_page_has_no_next(page: dict[str, object]) -> None:
    assert following(_request(), page) is None


@pytest.mark.parametrize(
    "link", ["https://x/speechtotext/v3.1/datasets/2e/files?skip=1", "nonsense"]
)
def test_a_link_into_something_else_is_refused(link: str) -> None:
    with pytest.raises(AzureError, match="something else"):
        following(_request(), {"@nextLink": link})
