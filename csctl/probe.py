"""The container's own HTTP answers: `/ready`, `/status`, `/records/usage-logs`.

Facts: container.md section 2. `/swagger` is absent in this image and never asked for.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

from csctl.errors import NotReady

_TIMEOUT_SECONDS = 3.0
_LIMIT = 8 << 20

INVALID = "Invalid"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a container's port is reached from here."""

    host: str
    port: int

    @classmethod
    def of_published(cls, host: str, port: int) -> Address:
        """The address to ask for a port published on `host`, which may mean any."""
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
        return cls(reachable.get(host, host), port)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiStatus:
    """What `/status` says of the API key; compare `status` exactly."""

    status: str
    message: str


def is_ready(address: Address) -> bool:
    """Whether `/ready` answers 200. A container that does not answer is not."""
    answer = _get(address, "/ready")
    return answer is not None and answer[0] == http.client.OK


def api_status(address: Address) -> ApiStatus | None:
    """The API key's state; None where the container does not tell."""
    answer = _get(address, "/status")
    if answer is None:
        return None
    try:
        value = json.loads(answer[1])
        return ApiStatus(
            status=str(value["apiStatus"]), message=str(value["apiStatusMessage"])
        )
    except (ValueError, KeyError, TypeError):
        return None


def usage_records(address: Address, name: str, month: str | None) -> Any:
    """The usage records as the container reports them, of one month or of all.

    `month` is `YYYY-MM`. Raises NotReady where the container does not answer, or not
    with records (a connected one keeps none).
    """
    path = "/records/usage-logs/"
    if month is not None:
        year, _, number = month.partition("-")
        path += f"{number}/{year}"
    answer = _get(address, path)
    if answer is None:
        raise NotReady(
            f"{name} does not answer on port {address.port}",
            remedy=f"see: csctl status; csctl logs {name}",
        )
    status, body = answer
    try:
        if status != http.client.OK:
            raise ValueError(status)
        return json.loads(body)
    except ValueError as exc:
        raise NotReady(
            f"{name} answers {path} with HTTP {status} and no usage records",
            remedy="only a disconnected container keeps usage records",
        ) from exc


def _get(address: Address, path: str) -> tuple[int, bytes] | None:
    connection = http.client.HTTPConnection(
        address.host, address.port, timeout=_TIMEOUT_SECONDS
    )
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read(_LIMIT)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
