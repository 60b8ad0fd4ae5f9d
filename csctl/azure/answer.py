"""One answer of the API, read whole, and what a refusal means.

Refusals come in four shapes (facts: rest-api.md section 2.5): the service's own, flat
and with inner errors; two of the gateway before it; and what is no JSON at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from csctl.errors import AzureError, AzureUnavailable, NoSuchEntity
from csctl.http.retry import is_passing_status, wish
from csctl.secret import Redactor

_XML = re.compile(rb"<(Code|Message)>([^<]*)</", re.IGNORECASE)
_QUOTED = 600
_REMEDIES = {
    "InvalidSubscription": "a free (F0) resource cannot do this: use a standard one",
    "InaccessibleCustomerStorage": "the resource's own storage is not reached: check"
    " its managed identity's role and the storage account's firewall",
    "ModelDeprecated": "the model has expired: choose one that has not",
    "InUseViolation": "delete what uses it first",
    "QuotaViolation": "the resource has too many of them: delete some",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an answer that is none says."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def request_id(self) -> str | None:
        """What Microsoft's support asks for."""
        found: str | None = self.headers.get("apim-request-id")
        return found

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the service would like to be asked again."""
        return wish(self.headers.get("Retry-After", ""))

    def read(self) -> Any:
        """The JSON, or None where nothing was sent. Raises AzureUnavailable."""
        if not self.body.strip():
            return None
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError) as exc:
            raise self._no_service() from exc

    @property
    def refused(self) -> bool:
        """Whether it is none of success. No redirect is followed."""
        return self.status >= 300

    def error(self, host: str, wanted: str, redact: Redactor) -> AzureError:
        """What a refusal means for what was wanted."""
        if self._is_web_page or self.status < 400:
            return self._no_service(host)
        refusal = self.refusal()
        said = redact(refusal.message)[:_QUOTED] or "no reason given"
        message = f"{host} refuses {wanted}: {said} ({self._marks(refusal)})"
        return self._kind()(message, remedy=self._remedy(refusal))

    def refusal(self) -> Refusal:
        """What the body says, in whichever of its shapes."""
        try:
            value = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError):
            found = {
                k.lower(): v.decode(errors="replace") for k, v in _pairs(self.body)
            }
            return Refusal(found.get("code", ""), found.get("message", ""))
        if isinstance(value, dict) and isinstance(value.get("error"), dict):
            value = value["error"]
        if not isinstance(value, dict):
            return Refusal("", "")
        message = value.get("message") or ""
        code = value.get("code") or ""
        inner = value.get("innerError")
        # The innermost error is the most exact one.
        while isinstance(inner, dict):
            code = inner.get("code") or code
            message = inner.get("message") or message
            inner = inner.get("innerError")
        return Refusal(str(code), str(message))

    def _marks(self, refusal: Refusal) -> str:
        code = "" if refusal.code == str(self.status) else refusal.code
        marks = f"{self.status} {code}".strip()
        return (
            f"{marks}, apim-request-id {self.request_id}" if self.request_id else marks
        )

    def _kind(self) -> type[AzureError]:
        if self.status == 404:
            return NoSuchEntity
        return AzureUnavailable if is_passing_status(self.status) else AzureError

    def _remedy(self, refusal: Refusal) -> str:
        if known := _REMEDIES.get(refusal.code):
            return known
        match self.status:
            case 401:
                return (
                    "check that key and endpoint are of one resource and region, and"
                    " that a token has not expired; a resource with a private endpoint"
                    " is asked by its custom domain"
                )
            case 403:
                return (
                    "check the identity's role (Cognitive Services Speech Contributor"
                    " or User), and the resource's firewall and virtual networks"
                )
            case 404:
                return (
                    "check the id, and whether it is a base model's; if nothing is"
                    " found at all, check the endpoint's host"
                )
            case 407:
                return "write the proxy's credentials into HTTPS_PROXY"
            case 408 | 429:
                return "the service takes 100 requests in 10 seconds: try again later"
            case status if status >= 500:
                return "try again later"
            case _:
                return "see what the service says, and `--help` of this command"

    @property
    def _is_web_page(self) -> bool:
        content = self.headers.get("Content-Type", "").lower()
        start = self.body.lstrip()[:9].lower()
        return content.startswith("text/html") or start.startswith(
            (b"<!doctype", b"<html")
        )

    def _no_service(self, host: str = "the endpoint") -> AzureUnavailable:
        kind = "a web page" if self._is_web_page else "something else"
        return AzureUnavailable(
            f"{host} answers like {kind}, not like the Speech service ({self.status})",
            remedy="is a proxy or login page in between? Check HTTPS_PROXY and the"
            " endpoint",
        )


def _pairs(body: bytes) -> list[tuple[str, bytes]]:
    return [(name.decode(), text) for name, text in _XML.findall(body[:65536])]
