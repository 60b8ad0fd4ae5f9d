"""The Azure resource that a run is billed to, and how Azure refuses."""

from __future__ import annotations

import re

from . import dialects
from .settings import Settings

VALID_KEY = "rehearsal"
_ENDPOINT = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(/\S*)?", re.I)


def key_is_valid(settings: Settings) -> bool:
    """Whether Azure takes the key."""
    return settings.api_key == VALID_KEY


def check_endpoint(settings: Settings) -> None:
    """Stop where the billing endpoint is none."""
    if _ENDPOINT.fullmatch(settings.billing) is None:
        dialects.script("Invalid Billing Endpoint URI.")
        raise SystemExit(1)


def check(settings: Settings, failure: str) -> None:
    """Stop, with `failure` in the line, where Azure would refuse the account."""
    check_endpoint(settings)
    if not key_is_valid(settings):
        dialects.fatal(
            f"{failure}: Status: 401 Unauthorized Body:"
            ' {"code":"Unauthorized","message":"Access denied due to invalid'
            ' subscription key or wrong API endpoint."}'
        )
