"""Files behind `contentUrl`: Blob storage of the service, or of the user.

A URL with a signature needs nobody's key. One without is the user's own storage, and
wants an Entra token; the Speech key goes to neither. Facts: rest-api.md section 11.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from csctl.azure.answer import Answer
from csctl.azure.byos import is_signed
from csctl.azure.credential import STORAGE_SCOPE, Identity
from csctl.azure.entity import shown
from csctl.azure.resource import Resource
from csctl.errors import AzureError, AzureUnavailable, DownloadError
from csctl.http import client, faults, resume, retry
from csctl.http.host import is_loopback
from csctl.http.tls import trust
from csctl.secret import Redactor

CONNECTIONS: Final = 32
_STORAGE_VERSION = "2021-08-06"
_WHOLE_MD5 = "x-ms-blob-content-md5"
_MAX_REFUSAL = 1 << 20


@dataclass(slots=True)
class Seen:
    """What the storage told of a file as it began."""

    etag: str | None = None
    md5: str | None = None
    """In base64; not every file has one."""


class Blobs:
    """Reads files; threads may share it."""

    def __init__(
        self,
        resource: Resource,
        identity: Identity,
        environ: Mapping[str, str],
        *,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = resume.PATIENCE,
    ) -> None:
        self._resource = resource
        self._identity = identity
        self._sleep = sleep
        self._patience = patience
        self._http = client.open_client(
            trust(environ),
            proxies=not resource.local,
            timeout=resume.timeout(patience),
            connections=CONNECTIONS,
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def chunks(
        self, url: str, seen: Seen, offset: int = 0
    ) -> Generator[bytes, None, None]:
        """The bytes of a file from an offset on; `seen` is filled before the first.

        A connection that breaks off is followed by another one that goes on from there.
        Raises AzureError, and DownloadError where the file changed meanwhile.
        """
        self._check(url)

        def once(position: int) -> Generator[bytes, None, None]:
            return self._once(url, seen, position)

        with faults.translated(AzureUnavailable):
            yield from resume.resumed(
                once, offset=offset, patience=self._patience, sleep=self._sleep
            )

    def read(self, url: str, limit: int) -> bytes:
        """A small file, whole. Raises AzureError and DownloadError."""
        body = bytearray()
        for chunk in self.chunks(url, Seen()):
            body += chunk
            if len(body) > limit:
                raise DownloadError(
                    f"{shown(url)} has more than {limit} bytes",
                    remedy="download it as a file",
                )
        return bytes(body)

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        loopback = self._resource.local and is_loopback(parts.netloc)
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            raise AzureError(
                f"the service names a file at {shown(url)}, which is no https URL",
                remedy="is a proxy in between? Check the endpoint",
            )

    def _once(
        self, url: str, seen: Seen, position: int
    ) -> Generator[bytes, None, None]:
        headers = resume.headers(position) | self._authorization(url)
        if position and seen.etag:
            headers["If-Match"] = seen.etag
        with self._http.stream("GET", url, headers=headers) as response:
            if response.status_code not in (200, 206):
                self._judge(url, response)
            seen.etag = response.headers.get("ETag")
            # Of a part, Content-MD5 is the part's own sum.
            whole = "Content-MD5" if response.status_code == 200 else _WHOLE_MD5
            seen.md5 = response.headers.get(whole) or seen.md5
            try:
                yield from resume.rest(response, position)
            except resume.OtherPart:
                raise AzureUnavailable(
                    f"{shown(url)}: another part comes than was asked for",
                    remedy="is a proxy in between? Tell whoever runs it",
                ) from None

    def _authorization(self, url: str) -> dict[str, str]:
        host = urlsplit(url).hostname or ""
        own = host.endswith(f".{self._resource.cloud.blob}") or (
            self._resource.local and is_loopback(host)
        )
        if is_signed(url) or not self._resource.byos or not own:
            return {}
        token = self._identity.token(STORAGE_SCOPE)
        return {
            "Authorization": f"Bearer {token.reveal()}",
            "x-ms-version": _STORAGE_VERSION,
        }

    def _judge(self, url: str, response: httpx.Response) -> None:
        try:
            body = client.read(response, _MAX_REFUSAL)
        except client.TooLarge:
            body = b""
        answer = Answer(response.status_code, response.headers, body)
        if answer.status in (412, 416):
            raise DownloadError(
                f"{shown(url)} has changed since its download began",
                remedy="try again",
            )
        refusal = answer.refusal()
        said = Redactor()(refusal.code or refusal.message)[:200]
        message = f"the storage refuses {shown(url)}: {answer.status} {said}".rstrip()
        if retry.is_passing_status(answer.status):
            error = AzureUnavailable(message, remedy="try again later")
            raise resume.Busy(answer.headers, error)
        if is_signed(url):
            remedy = "its signature may have ended: run the command again for a new one"
        else:
            remedy = (
                "give the identity the role Storage Blob Data Reader on the storage"
                " account, and name it: --byos, --identity"
            )
        raise AzureError(message, remedy=remedy)
