"""A client of one registry: what is there, and blobs as streams."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import msgspec

from csctl.errors import DownloadError, RegistryUnavailable
from csctl.http.client import TIMEOUT
from csctl.http.resume import PATIENCE
from csctl.reference import ImageReference
from csctl.registry import credentials
from csctl.registry.address import Address
from csctl.registry.answer import Answer
from csctl.registry.blob import BlobStream
from csctl.registry.certificates import CERTIFICATES, trust
from csctl.registry.connection import Connection
from csctl.registry.manifest import MEDIA_TYPES, Document, ImageManifest, sha256

_MAX_PAGES = 1000
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")
_NEXT = re.compile(r"<([^>]*)>\s*;[^,]*\brel\s*=\s*\"?next\b", re.IGNORECASE)
_MANIFEST = ", ".join(MEDIA_TYPES)
_JSON = "application/json"


class _Page(msgspec.Struct):
    tags: list[str] | None


class _Typed(msgspec.Struct):
    mediaType: str = ""


class Registry:
    """One registry, asked over one pool of connections. Threads may share it."""

    def __init__(
        self,
        host: str,
        *,
        source: credentials.CredentialSource = credentials.anonymous,
        tls: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE,
    ) -> None:
        """`patience` is how many seconds a blob may bring nothing."""
        address = Address.parse(host)
        self.name = address.name
        """As image references name it: `docker.io`, `localhost:5000`."""
        self._patience = patience
        self._sleep = sleep
        self._connection = Connection(
            address,
            source,
            tls or trust(address.name, {}),
            transport=transport,
            timeout=timeout,
            sleep=sleep,
        )

    def close(self) -> None:
        """Close all connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository, in the registry's order. Raises RegistryError."""
        _check(self.name, repository, "latest")
        tags = (tag for page in self._pages(repository) for tag in page.tags or ())
        return list(dict.fromkeys(tags))

    def digest(self, repository: str, reference: str) -> str:
        """The digest of what a tag names: an index's own, where there is one.

        Costs a HEAD, and a GET where the registry gives no digest for that. Raises
        RegistryError.
        """
        answer = self._fetch("HEAD", repository, reference)
        if answer.status != 405:
            answer.judge(self.name, f"image {_shown(repository, reference)}")
            digest: str = answer.headers.get("Docker-Content-Digest", "")
            if _DIGEST.fullmatch(digest):
                return digest
        return self._document(repository, reference)[0]

    def manifest(
        self, repository: str, reference: str, platform: str = "linux/amd64"
    ) -> ImageManifest:
        """The manifest of a tag or digest for one platform. Raises RegistryError.

        An image that stands in no index is taken as it is: its platform is written
        only in its configuration.
        """
        wanted = _shown(repository, reference)
        digest, document = self._document(repository, reference)
        if document.is_index:
            chosen = document.choose(platform, wanted)
            digest, document = self._document(repository, chosen)
        return document.image(digest, wanted)

    def original(self, repository: str, digest: str) -> tuple[bytes, str]:
        """The exact bytes of the manifest of a digest, and its media type.

        Raises RegistryError.
        """
        answer = self._get(repository, digest)
        # OCI manifests need not name their own type.
        document = answer.read(_Typed, self.name, f"manifest of {digest}")
        header = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        return answer.body, document.mediaType or header

    @contextmanager
    def blob(
        self, repository: str, digest: str, offset: int = 0
    ) -> Iterator[Iterator[bytes]]:
        """The bytes of a blob from an offset on, as they come and unchecked.

        A connection that breaks off, or brings nothing for long, is followed by another
        one which goes on from there. Reading raises RegistryError and DownloadError.
        """
        _check(self.name, repository, digest)
        stream = BlobStream(
            self._connection,
            self.name,
            repository,
            digest,
            offset=offset,
            patience=self._patience,
            sleep=self._sleep,
        )
        with closing(stream.chunks()) as chunks:
            yield chunks

    def _document(self, repository: str, reference: str) -> tuple[str, Document]:
        answer = self._get(repository, reference)
        wanted = _shown(repository, reference)
        document = answer.read(Document, self.name, f"manifest of {wanted}")
        return sha256(answer.body), document

    def _get(self, repository: str, reference: str) -> Answer:
        """A manifest, which has the digest that it is asked for by."""
        answer = self._fetch("GET", repository, reference)
        wanted = _shown(repository, reference)
        answer.judge(self.name, f"image {wanted}")
        digest = sha256(answer.body)
        if ":" in reference and digest != reference:
            raise DownloadError(
                f"registry {self.name} gives {digest} in place of {wanted}",
                remedy="try again; if it stays so, do not trust this registry",
            )
        return answer

    def _fetch(self, method: str, repository: str, reference: str) -> Answer:
        _check(self.name, repository, reference)
        url = self._connection.base.join(f"/v2/{repository}/manifests/{reference}")
        return self._connection.fetch(method, url, repository, _MANIFEST)

    def _pages(self, repository: str) -> Iterator[_Page]:
        url: httpx.URL | None
        url = self._connection.base.join(f"/v2/{repository}/tags/list")
        seen: set[httpx.URL] = set()
        while url is not None:
            if url in seen or len(seen) == _MAX_PAGES:
                raise RegistryUnavailable(
                    f"registry {self.name} lists the tags of {repository} without end",
                    remedy="tell whoever runs the registry that its pages form a loop",
                )
            seen.add(url)
            answer = self._connection.fetch("GET", url, repository, _JSON)
            answer.judge(self.name, f"repository {repository}")
            yield answer.read(_Page, self.name, f"list of tags of {repository}")
            url = self._next(answer)

    def _next(self, answer: Answer) -> httpx.URL | None:
        match = _NEXT.search(", ".join(answer.headers.get_list("Link")))
        if match is None:
            return None
        try:
            return answer.url.join(match[1])
        except httpx.InvalidURL as exc:
            raise RegistryUnavailable(
                f"registry {self.name} links to a next page that is no URL",
                remedy="tell whoever runs the registry",
            ) from exc


def open_registry(
    host: ImageReference | str,
    environ: Mapping[str, str],
    *,
    certificates: Path = CERTIFICATES,
    patience: float = PATIENCE,
) -> Registry:
    """The registry of a reference, a host or a URL, reached as Docker would do it.

    Credentials are those of `docker login`, read when the registry asks for them. A
    proxy is taken from the environment of this process, as httpx does.
    """
    text = host.registry if isinstance(host, ImageReference) else host
    name = Address.parse(text).name
    return Registry(
        text,
        source=partial(credentials.find, name, environ),
        tls=trust(name, environ, certificates),
        patience=patience,
    )


def _check(registry: str, repository: str, reference: str) -> None:
    """Refuse, with InvalidReference, what would lead to another path."""
    if ":" in reference:
        ImageReference(registry, repository, digest=reference)
    else:
        ImageReference(registry, repository, reference)


def _shown(repository: str, reference: str) -> str:
    return f"{repository}{'@' if ':' in reference else ':'}{reference}"
