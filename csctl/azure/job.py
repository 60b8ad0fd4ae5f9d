"""Work that goes on at the service, waited for to its end.

Facts: rest-api.md sections 2.1 and 2.5. A job that failed is answered with status 200;
of a transcription, which files failed stands in a report file only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from csctl.azure.client import Speech
from csctl.azure.entity import id_in, id_of
from csctl.azure.operation import Operation
from csctl.errors import AzureError, CsctlError, JobFailed, NotReady
from csctl.secret import Redactor

DONE: Final = "Succeeded"
FAILED: Final = "Failed"
DEADLINE: Final = 24 * 3600.0
"""Seconds; a job may wait half an hour until it starts, and training takes hours."""
_PAUSE = 10.0
_SHORTEST = 0.2
_REPORT_BYTES = 64 << 20
_COPYING = "/operations/models/copy"
_TRANSCRIPTIONS = "/transcriptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A job that is not over."""

    status: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something with a status, and the operation that tells it."""

    operation: Operation
    id: str
    what: str


def of(speech: Speech, operation: Operation, id_: str) -> Job:
    """The job that an operation on a collection began, or looks at.

    Raises UsageError where the version has nothing to look with.
    """
    collection = operation.collection
    looks = speech.table.at("GET", f"{collection}/{{id}}")
    return Job(operation=looks, id=id_, what=f"{collection.strip('/')} {id_}")


def begun(
    speech: Speech, operation: Operation, answer: Any, headers: Mapping[str, str]
) -> Job:
    """The job that an answer tells of. Raises AzureError where it tells of none."""
    if copying := headers.get("Operation-Location"):
        looks = speech.table.at("GET", f"{_COPYING}/{{id}}")
        return Job(operation=looks, id=id_in(copying), what="copying a model")
    id_ = id_of(answer) or id_in(headers.get("Location", ""))
    if not id_:
        raise AzureError(
            f"{operation.name} does not tell what it made",
            remedy="look for it by its name: list",
        )
    return of(speech, operation, id_)


def wait(
    speech: Speech,
    job: Job,
    seconds: float = DEADLINE,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Polled, None, Any]:
    """Look until the job is over; its last state.

    The service's Retry-After says how often. Raises JobFailed with what failed,
    NotReady when the time is over, AzureError.
    """
    began = clock()
    while True:
        answer = speech.call(job.operation, {"id": job.id})
        state = answer.read()
        status = state.get("status") if isinstance(state, dict) else None
        if status == DONE:
            return state
        if status == FAILED:
            raise _failed(speech, job, state)
        waited = clock() - began
        yield Polled(status=str(status), seconds=waited)
        if waited >= seconds:
            raise NotReady(
                f"{job.what} is still {status} after {waited:.0f} seconds",
                remedy="it goes on by itself: look again, or give it more --timeout",
            )
        wish = answer.retry_after
        pause = _PAUSE if wish is None else max(_SHORTEST, wish)
        speech.sleep(min(pause, max(_SHORTEST, seconds - waited)))


def remarks(speech: Speech, job: Job) -> tuple[str, ...]:
    """What a job that succeeded as a whole did not do: files of a transcription."""
    return tuple(f"failed: {line}" for line in _reported(speech, job))


def failures(speech: Speech, id_: str) -> tuple[str, ...]:
    """Which files of a transcription failed and why, out of its report file.

    Empty where there is no report yet. Raises AzureError.
    """
    listing = speech.table.at("GET", f"{_TRANSCRIPTIONS}/{{id}}/files")
    lines: list[str] = []
    wanted = {"id": id_, "filter": "kind eq 'TranscriptionReport'"}
    for file in speech.items(listing, wanted):
        url = (file.get("links") or {}).get("contentUrl")
        if file.get("kind") == "TranscriptionReport" and isinstance(url, str):
            lines += _lines(speech.blobs.read(url, _REPORT_BYTES))
    return tuple(map(Redactor(), lines))


def _failed(speech: Speech, job: Job, state: Mapping[str, Any]) -> JobFailed:
    properties = state.get("properties")
    error = properties.get("error") if isinstance(properties, dict) else None
    error = error or state.get("error") or {}
    redact = Redactor()
    said = " ".join(str(error.get(key) or "") for key in ("code", "message")).strip()
    return JobFailed(
        f"{job.what} failed: {redact(said) or 'the service gives no reason'}",
        _reported(speech, job),
        remedy="mend what it names, and begin anew",
    )


def _reported(speech: Speech, job: Job) -> tuple[str, ...]:
    """What a job's report tells of failures; the job's own end stands without it."""
    if job.operation.collection != _TRANSCRIPTIONS:
        return ()
    try:
        return failures(speech, job.id)
    except CsctlError as exc:
        return (f"unknown, as its report cannot be read: {exc.message}",)


def _lines(report: bytes) -> list[str]:
    # `sourceUrl` is what older reports call it (section 2.5).
    try:
        details = msgspec.json.decode(report)["details"]
        return [
            f"{one.get('source') or one.get('sourceUrl')}:"
            f" {one.get('errorMessage') or one.get('errorKind') or one['status']}"
            for one in details
            if one["status"] != DONE
        ]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return ["its report is none that csctl can read"]
