"""Bring your own storage: what is sent, what may come back, what is never touched.

Facts: rest-api.md sections 2.4 and 11. Without `sasValidityInSeconds=0` the service
answers with URLs that open the storage to anybody for 30 days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from csctl.azure.operation import Operation
from csctl.errors import AzureError, UsageError
from csctl.secret import Secret

CONTAINERS: Final = (
    "customspeech-artifacts",
    "customspeech-models",
    "customspeech-audiologs",
)
"""The service's own containers in the user's storage, which nobody else may alter."""
VALIDITY: Final = "sasValidityInSeconds"
LIFETIME: Final = "sasLifetimeMinutes"
_MANIFEST_MINUTES = 60
_BASE_MANIFEST = "Models_GetBaseModelManifest"
_DESTINATION = "destinationContainerUrl"


def with_validity(
    operation: Operation, values: Mapping[str, Any], *, byos: bool
) -> dict[str, Any]:
    """The values with what the operation has to carry about signatures.

    Raises UsageError for a validity that would open the user's storage.
    """
    own = dict(values)
    asked = {one.name: one for one in operation.query}
    if byos and VALIDITY in asked:
        given = str(own.setdefault(VALIDITY, 0))
        if given != "0" and operation.name != _BASE_MANIFEST:
            raise UsageError(
                f"{VALIDITY} would open your own storage to everybody with the link",
                remedy="leave it out: with byos it is 0",
            )
    if LIFETIME in asked:
        if asked[LIFETIME].required:
            own.setdefault(LIFETIME, _MANIFEST_MINUTES)
        elif byos and LIFETIME in own:
            raise UsageError(
                f"{LIFETIME} is not for a resource with its own storage",
                remedy="leave it out",
            )
    return own


def check_answer(operation: Operation, answer: Any) -> None:
    """Refuse an answer that holds signed URLs of the user's storage.

    A base model's files are not the user's. Raises AzureError.
    """
    if operation.name == _BASE_MANIFEST:
        return
    for url in filter(is_signed, _texts(answer)):
        raise AzureError(
            f"{operation.name} answers with a signed URL of {urlsplit(url).netloc},"
            " which opens your own storage to everybody who sees it",
            remedy="nothing of it is shown; the signature may be valid for 30 days:"
            " tell whoever runs the storage account",
        )


def check_destination(values: Any, *, byos: bool, force: bool) -> None:
    """Refuse a destination for results that lessens security, or does harm.

    Raises UsageError.
    """
    for url in _destinations(values):
        if name := own_container(url):
            raise UsageError(
                f"{name} is the Speech service's own container; results written there"
                " by hand lead to errors that are hard to find",
                remedy="name another container",
            )
        if byos and not force:
            raise UsageError(
                f"{_DESTINATION} bypasses your own storage: it works by an ad hoc SAS"
                " only, and the storage must be open to all networks",
                remedy="leave it out: results go to your own storage by themselves; or"
                " insist with --force-destination",
            )


def is_signed(url: str) -> bool:
    """Whether a URL carries a shared access signature."""
    return url.startswith("http") and bool(
        parse_qs(urlsplit(url).query).keys() & {"sig", "se", "skoid"}
    )


def own_container(url: str) -> str | None:
    """Which of the service's own containers a URL leads into, if any."""
    first = urlsplit(url).path.lstrip("/").partition("/")[0].lower()
    return first if first in CONTAINERS else None


def _destinations(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, inner in value.items():
                if name.rpartition(".")[2] == _DESTINATION:
                    yield inner.reveal() if isinstance(inner, Secret) else str(inner)
                else:
                    yield from _destinations(inner)
        case list():
            for inner in value:
                yield from _destinations(inner)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
