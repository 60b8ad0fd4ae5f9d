"""Listing and downloading speech models, each in a container of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from csctl import lock, model, probe, record, staging
from csctl.container.observed import Container, Image
from csctl.contract import arguments, dialects
from csctl.contract.dialects import BaseModel
from csctl.errors import AzureError, CsctlError, DownloadError
from csctl.lifecycle import mounts, oneshot
from csctl.lifecycle.events import Event, Transfer, Waiting
from csctl.lifecycle.job import Job
from csctl.lifecycle.keys import billing_account
from csctl.model import StoredModel
from csctl.record import Record

_LIST_SECONDS = 300.0


def list_base(job: Job, locale: str) -> Generator[Event, None, tuple[BaseModel, ...]]:
    """The base models of a locale, newest first.

    Which letter case of the locale the image wants is not known (facts, section 1h):
    after an empty answer it is asked once more in lower case. Raises CsctlError where
    there are none, AzureError where Azure refused.
    """
    account = billing_account(job.profile, job.keys)
    image = job.image()
    for spelling in dict.fromkeys((locale, locale.lower())):
        invocation = arguments.list_base_models(spelling, account)
        watch = oneshot.Watch(
            what=f"listing base models of {spelling}",
            seconds=_LIST_SECONDS,
            redact=job.keys.redactor(),
            logs=job.logs,
        )
        finished = yield from oneshot.run(
            job.engine, job.one_shot(image, invocation), watch
        )
        if found := dialects.base_models(finished.lines):
            return found
        if not dialects.listing_ended(finished.lines):
            raise finished.failure()
    raise CsctlError(
        f"the image lists no base model for {locale}",
        remedy="check the locale, such as en-US or de-DE",
    )


def pull(
    job: Job, model_id: str | None, base_locale: str | None
) -> Generator[Event, None, StoredModel]:
    """Download a model, or the newest base model of a locale, unless it is there.

    The image has no mode that only downloads: it is started as for serving, without a
    published port, and `/ready` alone tells that the download is whole (facts,
    section 1a). Raises CsctlError.
    """
    if model_id is None:
        assert base_locale is not None, "the profile's rules demand one of the two"
        model_id = (yield from list_base(job, base_locale))[0].id
    root = job.profile.models_root
    directory = model.directory_of(root, model_id)
    with hold(job, model_id):
        there = model.stored(root, model_id)
        if there is not None and not there.damage:
            return _adopt_locale(there, base_locale)
        yield from _download(job, model_id, base_locale, directory)
    done = model.stored(root, model_id)
    assert done is not None, "it was just put there"
    return done


def hold(job: Job, model_id: str) -> AbstractContextManager[None]:
    """The lock of one model; another run that downloads it is waited for."""
    return lock.hold(
        job.profile.models_root / f".csctl-{model_id}.lock",
        f"model {model_id}",
        wait_seconds=job.download_seconds,
    )


def _adopt_locale(stored: StoredModel, base_locale: str | None) -> StoredModel:
    known = stored.record
    if known is None or base_locale is None or known.details.get("base_locale"):
        return stored
    details = dict(known.details) | {"base_locale": base_locale}
    record.write(stored.directory, replace(known, details=details))
    return stored


def _download(
    job: Job, model_id: str, base_locale: str | None, directory: Path
) -> Generator[Event, None, None]:
    account = billing_account(job.profile, job.keys)
    image = job.image()
    staging.sweep(directory.parent, directory.name)
    place = staging.open_staging(directory)
    what = f"downloading model {model_id}"
    try:
        mounts.give(job.engine, job.profile, image, place)
        watch = oneshot.Watch(
            what=what,
            seconds=job.download_seconds,
            redact=job.keys.redactor(),
            logs=job.logs,
            until=_ready(what),
            progress=transfer_of(place),
        )
        invocation = arguments.serve_connected(model_id, place, account)
        finished = yield from oneshot.run(
            job.engine, job.one_shot(image, invocation), watch
        )
        if finished.exit_code is not None:
            raise finished.failure()
        marker = place / arguments.MARKER
        if not marker.is_file() or not marker.stat().st_size:
            raise DownloadError(
                f"{what}: the container is ready, but left no {arguments.MARKER} in"
                f" {arguments.MODELS}",
                remedy="report this image: its model directory changed",
            )
        _finish(job, image, model_id, base_locale, place, directory)
    finally:
        if place.exists():
            mounts.discard(job.engine, job.profile, image, place)


def _finish(
    job: Job,
    image: Image,
    model_id: str,
    base_locale: str | None,
    place: Path,
    directory: Path,
) -> None:
    record.write(
        directory,
        Record(
            kind=model.KIND,
            id=model_id,
            image=str(job.reference),
            image_id=image.id,
            fetched_at=datetime.now(UTC),
            files=record.take_sums(place),
            details={"base_locale": base_locale, "display": []},
        ),
    )
    staging.place(place, directory)


def _ready(what: str) -> Callable[[Container], bool]:
    def until(seen: Container) -> bool:
        if seen.address is None:
            return False
        address = probe.Address(seen.address, arguments.PORT)
        if probe.is_ready(address):
            return True
        status = probe.api_status(address)
        if status is not None and status.status == probe.INVALID:
            raise AzureError(
                f"{what}: Azure refused the API key: {status.message}",
                remedy="check that key and endpoint belong to one and the same Speech"
                " resource (S0 or Speech to Text (Custom))",
            )
        return False

    return until


def transfer_of(place: Path) -> Callable[[Waiting], Event]:
    """Tell a wait as the bytes that a directory holds by now."""

    def tell(waiting: Waiting) -> Event:
        return Transfer(
            what=waiting.what, done=size_of(place), total=None, detail=waiting.phase
        )

    return tell


def size_of(directory: Path) -> int:
    """Bytes below a directory that is being filled."""
    try:
        return sum(status.st_size for _, status in record.files_below(directory))
    except (DownloadError, OSError):
        return 0  # A file vanished while we looked.


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A model on disk: its directory, bytes and files."""

    id: str
    path: str
    bytes: int
    files: tuple[str, ...]


def summary(stored: StoredModel) -> Summary:
    """What a model comes to, by its record, else by a look at its files."""
    known = stored.record
    if known is not None:
        files = tuple(file.path for file in known.files)
        size = known.size
    else:
        files = tuple(path for path, _ in record.files_below(stored.directory))
        size = size_of(stored.directory)
    return Summary(id=stored.id, path=str(stored.directory), bytes=size, files=files)
