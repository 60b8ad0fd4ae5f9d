"""What goes on at the REST API for long, as jobs that tell how they go."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from csctl.azure import job, upload
from csctl.azure.blob import Blobs
from csctl.azure.client import Speech
from csctl.azure.download import Wanted, fetch
from csctl.azure.job import Job, Polled
from csctl.lifecycle.events import Event, Transfer, Waiting

_Step = TypeVar("_Step")
_Result = TypeVar("_Result")
Bringing = Callable[[], Generator[Event, None, int]]


def downloads(blobs: Blobs, wanted: Sequence[Wanted]) -> Mapping[str, Bringing]:
    """A job for each file, by its path; it gives the bytes of the file."""
    return {str(one.path): partial(_download, blobs, one) for one in wanted}


def _download(blobs: Blobs, wanted: Wanted) -> Generator[Event, None, int]:
    def tell(done: int) -> Event:
        return Transfer(what=wanted.path.name, done=done, total=wanted.size)

    return _told(fetch(blobs, wanted), tell)


def sending(speech: Speech, dataset: str, path: Path) -> Generator[Event, None, int]:
    """Send a dataset's file by blocks; gives its bytes. Raises CsctlError."""
    total = path.stat().st_size if path.is_file() else None

    def tell(done: int) -> Event:
        return Transfer(what=f"sending {path.name}", done=done, total=total)

    return _told(upload.upload(speech, dataset, path), tell)


def waiting(
    speech: Speech, awaited: Job, seconds: float
) -> Generator[Event, None, Any]:
    """Wait for a job of the service; gives its last state. Raises CsctlError."""

    def tell(polled: Polled) -> Event:
        return Waiting(
            what=awaited.what, seconds=polled.seconds, phase=polled.status, line=""
        )

    return _told(job.wait(speech, awaited, seconds), tell)


def _told(
    work: Generator[_Step, None, _Result], tell: Callable[[_Step], Event]
) -> Generator[Event, None, _Result]:
    with closing(work):
        while True:
            try:
                step = next(work)
            except StopIteration as stop:
                result: _Result = stop.value
                return result
            yield tell(step)
