"""How the service, and the gateway before it, say no.

Facts: rest-api.md section 2.5. The service's error is flat, the gateway's is wrapped.
"""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The answer to this request is no."""

    def __init__(self, status: int, body: dict[str, Any], **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = {name.replace("_", "-"): text for name, text in headers.items()}


def gateway(status: int, message: str) -> Refused:
    """A no before the service was asked."""
    return Refused(status, {"error": {"code": str(status), "message": message}})


def service(status: int, code: str, message: str) -> Refused:
    """The service's own no."""
    return Refused(status, {"code": code, "message": message})


def invalid(code: str, message: str, target: str | None = None) -> Refused:
    """A request that is wrong; `code` is the inner, detailed one."""
    inner = {"code": code, "message": message}
    if target is not None:
        inner["target"] = target
    return Refused(
        400, {"code": "InvalidRequest", "message": message, "innerError": inner}
    )


def not_found() -> Refused:
    """No such entity."""
    return service(404, "NotFound", "The specified entity cannot be found.")


def wrong_endpoint() -> Refused:
    """A key that is none of this endpoint, or an endpoint that is none of this key."""
    return gateway(
        401,
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure"
        " to provide a valid key for an active subscription and use a correct regional"
        " API endpoint for your resource.",
    )


def no_resource() -> Refused:
    """A path that the gateway knows nothing of."""
    return gateway(404, "Resource not found")
