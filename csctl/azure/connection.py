"""The way to one resource's REST API: who asks, retries, and refusals judged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final

import httpx

from csctl.azure.answer import Answer
from csctl.azure.credential import Caller
from csctl.azure.request import Request
from csctl.azure.resource import Resource
from csctl.errors import AzureUnavailable
from csctl.http import client, faults, retry
from csctl.http.tls import trust
from csctl.secret import Redactor

_ATTEMPTS = 6
"""Together longer than the 10 seconds in which 100 requests are allowed."""
_MAX_BODY = 64 << 20
_SENDING = httpx.Timeout(30, connect=10, read=300)
"""For a file: the service may do something with it before it answers."""
_TOO_MANY: Final = 429
_SAFE = frozenset(("GET", "PUT", "PATCH", "DELETE"))
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_UNSURE = (
    "it is not known whether the service did it: look (`list`) before you try again"
)


class Connection:
    """Asks one resource; threads may share it. Its key goes to no other host."""

    def __init__(
        self,
        resource: Resource,
        caller: Caller,
        environ: Mapping[str, str],
        *,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._resource = resource
        self._caller = caller
        self._say = say
        self._sleep = sleep
        self._warned = False
        self._http = client.open_client(trust(environ), proxies=not resource.local)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def send(self, request: Request) -> Answer:
        """The answer, which is none of refusal. Raises AzureError and CsctlError.

        What changes nothing a second time is sent again where the service is busy or
        the connection broke; a POST only where it was certainly not taken.
        """
        safe = request.operation.method in _SAFE
        ask = partial(
            retry.settle,
            partial(self._once, request),
            self._pause,
            attempts=_ATTEMPTS,
            passing_status=retry.is_passing_status if safe else _is_throttled,
            passing=retry.is_passing if safe else _may_be_sent_again,
        )
        with _unsure(safe=safe), faults.translated(AzureUnavailable):
            answer = ask()
            if answer.status == httpx.codes.UNAUTHORIZED and self._caller.entra:
                self._caller.forget()
                answer = ask()
        with _unsure(safe=safe or _is_throttled(answer.status)):
            self._judge(request, answer)
        return answer

    def _pause(self, seconds: float) -> None:
        # Requests that were refused together are not to come back together.
        self._sleep(seconds * random.uniform(1, 1.2))

    def _judge(self, request: Request, answer: Answer) -> None:
        if answer.refused:
            _, secret = self._caller.header()
            redact = Redactor((secret, *request.secrets))
            wanted = f"{request.operation.name} of {request.path}"
            raise answer.error(self._resource.host, wanted, redact)
        old = answer.headers.get("api-deprecated-versions", "")
        if old and not self._warned:
            self._warned = True
            used = self._resource.version.removeprefix("v")
            ours = used in (one.strip() for one in old.split(","))
            own = f", and {self._resource.version} is used here" if ours else ""
            self._say(f"the service gives up API versions {old}{own}")

    def _once(self, request: Request) -> Answer:
        name, secret = self._caller.header()
        headers = {name: secret.reveal(), "Accept": "application/json"}
        query = dict(request.query)
        if not self._resource.version.startswith("v"):
            query["api-version"] = self._resource.version
        with ExitStack() as stack:
            # A field without a file's name, too, makes the form one of several parts.
            form: dict[str, Any] = {k: (None, v) for k, v in request.form.items()}
            for field, path in request.files.items():
                # Opened for each try: the one before may have read it to the end.
                form[field] = (path.name, stack.enter_context(path.open("rb")))
            if request.octets is not None:
                headers["Content-Type"] = "application/octet-stream"
            sent = self._http.build_request(
                request.operation.method,
                self._resource.base + request.path,
                params=query,
                headers=headers,
                json=request.json,
                content=request.octets,
                files=form or None,
                timeout=_SENDING if form or request.octets else client.TIMEOUT,
            )
            response = self._http.send(sent, stream=True)
            try:
                body = client.read(response, _MAX_BODY)
            except client.TooLarge:
                raise AzureUnavailable(
                    f"{self._resource.host} answers with more than {_MAX_BODY} bytes",
                    remedy="check whether this is the Speech service",
                ) from None
            finally:
                response.close()
        return Answer(response.status_code, response.headers, body)


@contextmanager
def _unsure(*, safe: bool) -> Iterator[None]:
    """Say of what may or may not have been done that nobody knows."""
    try:
        yield
    except AzureUnavailable as error:
        if safe or isinstance(error.__cause__, _UNSENT):
            raise
        raise AzureUnavailable(error.message, remedy=_UNSURE) from error


def _is_throttled(status: int) -> bool:
    return status == _TOO_MANY


def _may_be_sent_again(failure: httpx.TransportError) -> bool:
    """Whether the request never reached the service, and may do so later."""
    return isinstance(failure, _UNSENT) and retry.is_passing(failure)
