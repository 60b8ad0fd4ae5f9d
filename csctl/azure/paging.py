"""From one page of a listing to the next. Facts: rest-api.md section 2.2."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csctl.azure.byos import LIFETIME, VALIDITY
from csctl.azure.request import Request
from csctl.errors import AzureError

MOST_PAGES = 10_000
_KEPT = ("filter", VALIDITY, LIFETIME)
"""What the service drops from its links, and what no link may change."""
_PLACES = frozenset(("skip", "skipToken"))


def values_of(request: Request, page: Any) -> list[Any]:
    """The items of a page. Raises AzureError where it is none."""
    values = page.get("values") if isinstance(page, dict) else None
    if not isinstance(values, list):
        raise AzureError(
            f"{request.operation.name} answers without a list of values",
            remedy="check the endpoint and the API version",
        )
    return values


def following(request: Request, page: dict[str, Any]) -> Request | None:
    """The request for the page after this one; None after the last.

    Only what the link says of the place in the list is taken: the host, and with it
    the receiver of the key, stays the configured one, wherever the link leads. Raises
    AzureError for a link into something else.
    """
    link = page.get("@nextLink")
    if not isinstance(link, str) or not link:
        return None
    parts = urlsplit(link)
    if not unquote(parts.path).rstrip("/").endswith(unquote(request.path)):
        raise AzureError(
            f"{request.operation.name} links to a next page of something else",
            remedy="is a proxy in between? Check the endpoint",
        )
    told = dict(parse_qsl(parts.query))
    told.pop("api-version", None)
    kept = {name: told[name] for name in told if name not in _KEPT}
    own = {name: v for name, v in request.query.items() if name not in _PLACES}
    settled = {name: own[name] for name in _KEPT if name in own}
    return replace(request, query={**own, **kept, **settled})


def endless(request: Request) -> AzureError:
    """The error for pages that lead back to one that was there before."""
    return AzureError(
        f"{request.operation.name} lists without end: its next links form a loop",
        remedy="try again; with --limit only the first ones are read",
    )
