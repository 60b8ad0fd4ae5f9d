"""Whether the REST API of declared resources answers, for doctor.

Facts: rest-api.md section 7: only v3.1 has a health status; of later versions a cheap
listing tells whether the key is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from csctl.azure.client import Speech, open_speech
from csctl.azure.resource import of
from csctl.check import Check
from csctl.errors import CsctlError
from csctl.profile.speech import SpeechResources

_HEALTHY = "Healthy"


def examine(declared: SpeechResources, environ: Mapping[str, str]) -> Iterator[Check]:
    """A check for each resource, in their order."""
    for name, one in declared.resources.items():
        check = f"speech {name}: health"
        try:
            with open_speech(of(one), environ) as speech:
                yield _look(check, speech)
        except CsctlError as error:
            yield Check(
                check=check,
                ok=False,
                detail=error.message,
                remedy=error.remedy,
                error=type(error),
            )


def _look(check: str, speech: Speech) -> Check:
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
