"""Whether declared Speech resources are reached and healthy, for doctor.

Facts: rest-api.md section 7: only v3.1 has a health status; of later versions a cheap
listing tells whether the key is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from csctl.azure import check as endpoint
from csctl.azure.client import Say, Speech, open_speech
from csctl.azure.resource import of
from csctl.check import Check
from csctl.errors import CsctlError
from csctl.profile.speech import SpeechResource, SpeechResources

_HEALTHY = "Healthy"


def examine(
    declared: SpeechResources, environ: Mapping[str, str], say: Say
) -> Iterator[Check]:
    """The checks of each resource, in their order: the way there, then its health."""
    for name, one in declared.resources.items():
        for check in _examine(one, environ, say):
            yield replace(check, check=f"speech {name}: {check.check}")


def _examine(
    declared: SpeechResource, environ: Mapping[str, str], say: Say
) -> Iterator[Check]:
    try:
        resource = of(declared)
        seen = endpoint.look(resource, None)
        way = list(endpoint.examine(resource, seen, (), environ, say))
        yield from way
        if all(check.ok for check in way):
            with open_speech(resource, environ, say=say) as speech:
                yield _health(speech)
    except CsctlError as error:
        yield Check.failed("health", error)


def _health(speech: Speech) -> Check:
    check = "health"
    host = speech.resource.host
    if "ServiceHealth_Get" not in speech.table.operations:
        speech.get("Endpoints_ListSupportedLocales")
        return Check(check=check, ok=True, detail=f"{host} answers, and takes the key")
    told = speech.get("ServiceHealth_Get") or {}
    status = str(told.get("status"))
    fine = status == _HEALTHY
    return Check(
        check=check,
        ok=fine,
        detail=f"{host}: {status}{_parts(told)}",
        remedy=None if fine else "see the status page of Azure, and try again later",
    )


def _parts(told: Mapping[str, Any]) -> str:
    ill = [
        f"{one.get('name')} is {one.get('status')}"
        for one in told.get("components") or ()
        if one.get("status") != _HEALTHY
    ]
    return f" ({', '.join(ill)})" if ill else ""
