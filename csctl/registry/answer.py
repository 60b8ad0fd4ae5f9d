"""One answer of a registry, read whole: its status judged, its JSON decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

import httpx
import msgspec

from csctl.errors import AccessRefused, RegistryUnavailable, RepositoryNotFound

_T = TypeVar("_T")
_CODE = re.compile(r"[A-Z_]{1,40}")


class _Fault(msgspec.Struct):
    code: str


class _Faults(msgspec.Struct):
    errors: list[_Fault]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body, and the URL that gave them after all redirects."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: httpx.URL

    def judge(self, registry: str, wanted: str) -> None:
        """Raise what a status other than 200 means for the thing that was wanted."""
        code = self._code()
        said = f"{self.status} {code}" if code else str(self.status)
        match self.status:
            case 200:
                return
            case 401 | 403:
                raise AccessRefused(
                    f"registry {registry} refuses access to {wanted} ({said})",
                    remedy=f"check that it exists, and run `docker login {registry}`"
                    " with an account that may read it",
                )
            case 404:
                raise RepositoryNotFound(
                    f"registry {registry} has no {wanted} ({said})",
                    remedy="check the spelling; `csctl image tags` lists what is there",
                )
            case 429:
                raise RegistryUnavailable(
                    f"registry {registry} wants fewer requests ({said})",
                    remedy=f"wait some minutes, or run `docker login {registry}`",
                )
            case 407:
                raise RegistryUnavailable(
                    f"the proxy before registry {registry} wants credentials",
                    remedy="write them into HTTPS_PROXY as http://USER:PASSWORD@HOST",
                )
            case _:
                raise RegistryUnavailable(
                    f"registry {registry} fails to give {wanted} ({said})",
                    remedy="try again later",
                )

    def read(self, kind: type[_T], registry: str, wanted: str) -> _T:
        """Decode the JSON body. Raises RegistryUnavailable where it is none."""
        if self._is_web_page:
            raise RegistryUnavailable(
                f"{registry} answers like a web page, not like a registry",
                remedy="is a proxy or login page in between? Check HTTPS_PROXY and"
                " the registry's address",
            )
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, RecursionError) as exc:
            raise RegistryUnavailable(
                f"registry {registry} gives no usable {wanted}: {exc}",
                remedy="check the registry's address, and what was pushed there",
            ) from exc

    @property
    def _is_web_page(self) -> bool:
        content = self.headers.get("Content-Type", "").lower()
        return content.startswith("text/html") or self.body.lstrip()[:1] == b"<"

    def _code(self) -> str:
        """The registry's own word for the fault. Its sentences may quote anything."""
        try:
            faults = msgspec.json.decode(self.body, type=_Faults).errors
        except (msgspec.DecodeError, RecursionError):
            return ""
        code = faults[0].code if faults else ""
        return code if _CODE.fullmatch(code) else ""
