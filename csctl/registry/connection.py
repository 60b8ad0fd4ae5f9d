"""The way to one registry: credentials, retries, and which of its URLs answers."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial

import httpx

from csctl.errors import RegistryUnavailable
from csctl.http import client, faults, retry
from csctl.http.client import TIMEOUT
from csctl.registry import challenge
from csctl.registry.address import Address
from csctl.registry.answer import Answer
from csctl.registry.certificates import OR_PUT
from csctl.registry.credentials import Credentials, CredentialSource, Login

_MAX_BODY = 16 << 20

translated = partial(faults.translated, RegistryUnavailable, or_put=OR_PUT)


class Connection:
    """Asks one registry. Its credentials go to no other host."""

    def __init__(
        self,
        address: Address,
        source: CredentialSource,
        tls: ssl.SSLContext,
        *,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address
        self._source = source
        self._sleep = sleep
        self._granted: dict[str, str] = {}
        self._http = client.open_client(
            tls, proxies=not address.local, transport=transport, timeout=timeout
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    @cached_property
    def base(self) -> httpx.URL:
        """The first URL that speaks TLS, or the last one; only loopback has two."""
        *candidates, last = map(httpx.URL, self._address.bases)
        with translated():
            return next(filter(self._speaks_tls, candidates), last)

    def fetch(
        self, method: str, url: httpx.URL, repository: str, accept: str
    ) -> Answer:
        """Ask, and once more with credentials where the registry itself wants them.

        What it grants for a repository is kept. Raises RegistryUnavailable,
        AccessRefused and SecretUnavailable.
        """
        ask = partial(self._ask, method, url, repository, accept)
        with translated():
            answer = ask()
            return ask() if self._is_granted(repository, answer) else answer

    @contextmanager
    def stream(
        self,
        url: httpx.URL,
        repository: str,
        headers: Mapping[str, str],
        timeout: httpx.Timeout,
    ) -> Iterator[httpx.Response | Answer]:
        """One try to read what may be large: 200 and 206 as they come, others whole.

        Credentials as for `fetch`. Raises httpx's own errors, for the caller to judge.
        """
        answer: Answer | None = None
        while True:
            own = self._authorized(url, repository, headers)
            request = self._http.build_request("GET", url, headers=own, timeout=timeout)
            response = self._http.send(request, stream=True, follow_redirects=True)
            try:
                if response.status_code in (200, 206):
                    yield response
                    return
                first, answer = answer is None, _answer(response)
            finally:
                response.close()
            if not (first and self._is_granted(repository, answer)):
                yield answer
                return

    def _ask(self, method: str, url: httpx.URL, repository: str, accept: str) -> Answer:
        headers = self._authorized(url, repository, {"Accept": accept})
        request = self._http.build_request(method, url, headers=headers)
        return self._send(request, follow_redirects=True)

    def _authorized(
        self, url: httpx.URL, repository: str, headers: Mapping[str, str]
    ) -> dict[str, str]:
        if repository in self._granted and self._is_own(url):
            return {**headers, "Authorization": self._granted[repository]}
        return dict(headers)

    def _is_granted(self, repository: str, answer: Answer) -> bool:
        """Whether, after this answer, there are credentials to ask once more with."""
        if answer.status != 401 or not self._is_own(answer.url):
            return False
        granted = self._authorize(answer)
        if granted is None:
            return False
        self._granted[repository] = granted
        return True

    def _is_own(self, url: httpx.URL) -> bool:
        return (url.scheme, url.netloc) == (self.base.scheme, self.base.netloc)

    def _authorize(self, answer: Answer) -> str | None:
        """The Authorization that the registry's challenge asks for, or None."""
        asked = challenge.parse(answer.headers.get_list("WWW-Authenticate"))
        by_scheme = {one.scheme: one for one in asked}
        if "bearer" in by_scheme:
            return "Bearer " + self._token(by_scheme["bearer"])
        if "basic" in by_scheme and isinstance(self._login, Login):
            return self._login.basic
        return None

    def _token(self, asked: challenge.Challenge) -> str:
        secure = self.base.scheme == "https"
        request = challenge.token_request(asked, self._login, secure=secure)
        # A redirect could carry the credentials to a host that nobody named.
        answer = self._send(request, follow_redirects=False)
        service = request.url.host
        if answer.status in (400, 401, 403):
            raise challenge.refused_token(service, self._address.name)
        return challenge.read_token(answer.body, service)

    @cached_property
    def _login(self) -> Credentials | None:
        return self._source()

    def _speaks_tls(self, base: httpx.URL) -> bool:
        request = self._http.build_request("GET", base.join("/v2/"))
        try:
            self._once(request, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            if faults.is_untrusted(exc):
                raise
            return False
        return True

    def _send(self, request: httpx.Request, *, follow_redirects: bool) -> Answer:
        """Send until an answer is worth judging, a few times at most."""
        once = partial(self._once, request, follow_redirects=follow_redirects)
        return retry.settle(once, self._sleep)

    def _once(self, request: httpx.Request, *, follow_redirects: bool) -> Answer:
        response = self._http.send(
            request, stream=True, follow_redirects=follow_redirects
        )
        try:
            return _answer(response)
        finally:
            response.close()


def _answer(response: httpx.Response) -> Answer:
    try:
        body = client.read(response, _MAX_BODY)
    except client.TooLarge:
        raise RegistryUnavailable(
            f"{response.url.host} answers with more than {_MAX_BODY} bytes",
            remedy="check whether this is a registry",
        ) from None
    return Answer(response.status_code, response.headers, body, response.url)
