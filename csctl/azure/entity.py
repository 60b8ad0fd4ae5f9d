"""What the service calls things: the id within a link. Facts: rest-api.md section 6."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit


def id_in(url: str) -> str:
    """The last part of a link's path; 2024-11-15 writes a query behind it."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])


def id_of(value: Any) -> str | None:
    """The id of an entity or a file, by its own link; None where it has none."""
    link = value.get("self") if isinstance(value, Mapping) else None
    return id_in(link) if isinstance(link, str) else None


def name_of(value: Mapping[str, Any]) -> str:
    """What people call it: an entity's display name, a file's name, else the id."""
    return str(value.get("displayName") or value.get("name") or id_of(value) or "")


def shown(url: str) -> str:
    """A link without its query, which may hold a signature."""
    return url.partition("?")[0]
