"""Names in place of ids, where they are unique."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from csctl.azure.entity import id_in, id_of
from csctl.azure.filter import expression
from csctl.azure.operation import Operation
from csctl.azure.value import is_guid
from csctl.errors import NoSuchEntity, UsageError

if TYPE_CHECKING:
    from csctl.azure.client import Speech

_SHOWN = 5
_EITHER = "models"
"""References to this group may mean base models, too."""
BASE = "models/base"
"""The group of base models, which is none of the resource's own."""


def resolved(
    speech: Speech, operation: Operation, values: Mapping[str, Any]
) -> dict[str, Any]:
    """The values with ids and links where names stood.

    Raises UsageError for what is neither an id nor a name that one thing has.
    """
    own = dict(values)
    if "id" in own and "{id}" in operation.path:
        own["id"] = find(speech, operation.collection, str(own["id"]))
    if "fileId" in own:
        own["fileId"] = _find_file(speech, operation, own)
    for field in operation.fields:
        if field.kind.group is None or field.name not in own:
            continue
        given = own[field.name]
        own[field.name] = (
            [reference(speech, field.kind.group, one) for one in given]
            if field.kind.many
            else reference(speech, field.kind.group, given)
        )
    return own


def find(speech: Speech, collection: str, text: str) -> str:
    """The id of what an id, a link or a name means in a collection, as `/models`.

    Raises UsageError.
    """
    if written := _written(text):
        return written
    return _only(text, collection.strip("/"), _named(speech, collection, text))


def _written(text: str) -> str | None:
    """The id that is written, alone or in a link; None for a name."""
    if text.startswith(("https://", "http://")):
        text = id_in(text)
    return text if is_guid(text) else None


def _named(speech: Speech, collection: str, text: str) -> list[str]:
    listing = next(
        (
            one
            for one in speech.table.operations.values()
            if one.paged and one.path == collection
        ),
        None,
    )
    if listing is None:
        raise UsageError(
            f"{text!r} is no id among {collection.strip('/')}",
            remedy="write its id, a GUID",
        )
    wanted = {"filter": expression(listing, {"name": [text]})}
    return _ids(text, speech.items(listing, wanted), "displayName")


def _find_file(speech: Speech, operation: Operation, own: Mapping[str, Any]) -> str:
    text = str(own["fileId"])
    if is_guid(text):
        return text
    listing = speech.table.at("GET", operation.path.removesuffix("/{fileId}"))
    wanted = {"id": own["id"], "filter": expression(listing, {"name": [text]})}
    return _only(text, "files", _ids(text, speech.items(listing, wanted), "name"))


def _ids(text: str, found: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    # Whether the service compares letter for letter is not known.
    return [id_of(one) or "" for one in found if one.get(key) == text]


def _only(text: str, what: str, ids: list[str]) -> str:
    if len(ids) == 1:
        return ids[0]
    if not ids:
        raise UsageError(
            f"{text!r} is neither an id nor the name of one of {what}",
            remedy="list them to see ids and names",
        )
    shown = ", ".join(ids[:_SHOWN]) + (" ..." if len(ids) > _SHOWN else "")
    raise UsageError(
        f"{text!r} is the name of {len(ids)} of {what}", remedy=f"choose by id: {shown}"
    )


def reference(speech: Speech, group: str, given: Any) -> Any:
    """The link to what an id, a link or a name means. Raises UsageError."""
    if not isinstance(given, str):
        return given
    if given.startswith(("https://", "http://")):
        return {"self": given}
    if group == _EITHER:
        group, found = model(speech, given)
    else:
        found = find(speech, f"/{group}", given)
    version = speech.resource.version
    query = "" if version.startswith("v") else f"?api-version={version}"
    return {"self": f"{speech.resource.base}/{group}/{found}{query}"}


def model(speech: Speech, text: str) -> tuple[str, str]:
    """The group and id of a custom or base model: neither id nor name tells which.

    Of a custom and a base model with the same name the custom one is meant. Raises
    UsageError for a name that no or several models have, NoSuchEntity for an id that
    none has.
    """
    id_ = _written(text)
    if id_ is None:
        group, ids = _EITHER, _named(speech, f"/{_EITHER}", text)
        if not ids:
            group, ids = BASE, _named(speech, f"/{BASE}", text)
        return group, _only(text, _EITHER, ids)
    try:
        speech.get("Models_GetCustomModel", {"id": id_})
    except NoSuchEntity:
        speech.get("Models_GetBaseModel", {"id": id_})
        return BASE, id_
    return _EITHER, id_
