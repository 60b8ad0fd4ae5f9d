"""Fetching a disconnected license in a container of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path

from csctl import clock, expiry, lock, model, record, staging
from csctl import license as license_store
from csctl.container.observed import Container, Image
from csctl.contract import arguments
from csctl.errors import DownloadError, UsageError
from csctl.license import StoredLicense
from csctl.lifecycle import mounts, oneshot, recorded
from csctl.lifecycle.events import Event, Note
from csctl.lifecycle.job import Job
from csctl.lifecycle.keys import license_account
from csctl.record import Record

_SECONDS = 900.0
"""A community tool waits as long (facts, section 1e)."""
_SETTLE_SECONDS = 2.0


def fetch(
    job: Job, model_id: str, *, on_trial: bool = False
) -> Generator[Event, None, StoredLicense]:
    """Fetch a license for the profile's image and model into a new directory.

    One that is fetched on trial is refused until it is accepted. Whether the
    container ends by itself is not known (facts, section 1e): it is done when it ends,
    or when its files have not changed for two seconds. Raises CsctlError.
    """
    root = job.profile.license_root
    account = license_account(job.profile, job.keys)
    stored = model.stored(job.profile.models_root, model_id)
    if stored is None:
        raise UsageError(
            f"model {model_id} is not on this host, and the license step needs it",
            remedy="download it first: csctl model pull",
        )
    asked = datetime.now(UTC)
    if (wrong := clock.behind(asked, recorded.newest(job.profile))) is not None:
        raise wrong
    image = job.image()
    with lock.hold(root / ".csctl.lock", f"licenses in {root}", wait_seconds=_SECONDS):
        _sweep(root)
        found = license_store.choose(root, image.id, model_id)
        if found is not None and _is_newer(found, asked, image, model_id):
            return found  # Another run fetched it while this one waited.
        directory = license_store.new_directory(root, datetime.now(UTC))
        place = staging.open_staging(directory)
        # Others need not see a license; csctl itself must, root or not.
        place.chmod(0o750 if os.geteuid() == 0 else 0o755)
        try:
            mounts.give(job.engine, job.profile, image, place)
            watch = oneshot.Watch(
                what="fetching a license",
                seconds=min(_SECONDS, job.download_seconds),
                redact=job.keys.redactor(),
                logs=job.logs,
                until=_settled(place),
            )
            invocation = arguments.download_license(place, stored.directory, account)
            finished = yield from oneshot.run(
                job.engine, job.one_shot(image, invocation), watch
            )
            files = _files(place)
            if not finished.succeeded(left_files=bool(files)):
                raise finished.failure()
            if not files or not all(files.values()):
                raise DownloadError(
                    "fetching a license: the container left no file, or an empty one",
                    remedy="check that the resource has the tier DC0, then try again",
                )
            if finished.exit_code:
                yield Note(
                    text=f"the license step ended with exit code {finished.exit_code},"
                    " but left files and no error"
                )
            refused = license_store.UNPROVEN if on_trial else None
            known = _record(job, image, model_id, place, refused)
            record.write(directory, known)
            staging.place(place, directory)
        finally:
            if place.exists():
                mounts.discard(job.engine, job.profile, image, place)
    done = license_store.read(directory)
    assert done is not None, "it was just put there"
    return done


def _is_newer(
    found: StoredLicense, moment: datetime, image: Image, model_id: str
) -> bool:
    fits = not found.damage and found.fits(image.id, model_id)
    return fits and found.fetched_at is not None and found.fetched_at >= moment


def _sweep(root: Path) -> None:
    staging.sweep(root)
    for path in root.glob(f"*{record.SUFFIX}"):
        if not path.with_name(path.name.removesuffix(record.SUFFIX)).exists():
            path.unlink(missing_ok=True)


def _record(
    job: Job, image: Image, model_id: str, place: Path, refused: str | None
) -> Record:
    now = datetime.now(UTC)
    return Record(
        kind=license_store.KIND,
        id=model_id,
        image=str(job.reference),
        image_id=image.id,
        fetched_at=now,
        files=record.take_sums(place),
        details={
            license_store.DECLARED: _declared(job, now),
            license_store.REFUSED: refused,
        },
    )


def _declared(job: Job, now: datetime) -> str | None:
    declared = job.profile.license
    if declared is not None and declared.expires is not None:
        return expiry.start_of(declared.expires).isoformat()
    if declared is not None and declared.valid_for is not None:
        return (now + declared.valid_for).isoformat()
    return None


def _files(place: Path) -> dict[str, int]:
    return {path: status.st_size for path, status in record.files_below(place)}


def _settled(place: Path) -> Callable[[Container], bool]:
    last: dict[str, int] = {}
    since = time.monotonic()

    def until(_: Container) -> bool:
        nonlocal last, since
        files = _files(place)
        if files != last:
            last, since = files, time.monotonic()
        settled = time.monotonic() - since >= _SETTLE_SECONDS
        return settled and bool(files) and all(files.values())

    return until
