"""Listing and downloading display models.

They share their model's directory. A download works on a copy of it made of hard
links, which is then swapped whole, so that what serves is never half of anything.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from csctl import model, probe, record, staging
from csctl.container.observed import Container, Image
from csctl.contract import arguments, dialects
from csctl.contract.arguments import Account, Invocation
from csctl.contract.dialects import DisplayModel
from csctl.errors import CsctlError, DownloadError, UsageError
from csctl.lifecycle import models, mounts, oneshot
from csctl.lifecycle.events import Event
from csctl.lifecycle.job import Job
from csctl.lifecycle.keys import billing_account
from csctl.model import Display, StoredModel
from csctl.record import FileSum, Record

_LIST_SECONDS = 300.0


def list_newest(job: Job) -> Generator[Event, None, tuple[DisplayModel, ...]]:
    """The newest display models that the profile's locale and types name.

    Raises UsageError for an image below 3.1.0 or a profile without a locale.
    """
    wanted = job.profile.display
    if wanted is None or wanted.locale is None:
        raise UsageError(
            f"{job.profile.name}: the profile names no `display.locale` to list",
            remedy="add `display` with `locale` and `types`",
        )
    arguments.check_display_support(job.reference.tag)
    account = billing_account(job.profile, job.keys)
    what = f"listing display models of {wanted.locale}"
    watch = oneshot.Watch(
        what=what, seconds=_LIST_SECONDS, redact=job.keys.redactor(), logs=job.logs
    )
    invocation = arguments.list_display_models(
        tuple(wanted.types), wanted.locale, account
    )
    finished = yield from oneshot.run(
        job.engine, job.one_shot(job.image(), invocation), watch
    )
    if found := dialects.display_models(finished.lines):
        return found
    if not dialects.listing_ended(finished.lines):
        raise finished.failure()
    raise CsctlError(
        f"the image lists no display model for {wanted.locale}",
        remedy="check the locale, such as en-US or de-DE",
    )


def pull(job: Job, model_id: str) -> Generator[Event, None, StoredModel]:
    """Download the display models that the profile wants and the model lacks.

    Raises CsctlError.
    """
    wanted = job.profile.display
    root = job.profile.models_root
    if wanted is None:
        raise UsageError(
            f"{job.profile.name}: the profile has no `display`",
            remedy="add `display` with `locale` and `types`, or `ids`",
        )
    arguments.check_display_support(job.reference.tag)
    with models.hold(job, model_id):
        stored = model.stored(root, model_id)
        if stored is None or stored.damage:
            raise UsageError(
                f"model {model_id} is not whole on this host, and display models share"
                " its directory",
                remedy="download it first: csctl model pull",
            )
        types = model.missing_types(stored, wanted.types, wanted.locale)
        ids = model.missing_ids(stored, wanted.ids)
        if types or ids:
            got = tuple(
                Display(type=kind, locale=wanted.locale, id=None) for kind in types
            ) + tuple(
                Display(type=kind, locale=None, id=one) for kind, one in ids.items()
            )
            yield from _download(job, stored, got)
    done = model.stored(root, model_id)
    assert done is not None, "it was there under the lock"
    return done


def _download(
    job: Job, stored: StoredModel, wanted: tuple[Display, ...]
) -> Generator[Event, None, None]:
    image = job.image()
    account = billing_account(job.profile, job.keys)
    directory = stored.directory
    staging.sweep(directory.parent, directory.name)
    place = staging.open_staging(directory)
    try:
        linked = staging.clone(directory, place)
        mounts.give(job.engine, job.profile, image, place)
        before = dict(record.files_below(place))
        for what, invocation in _invocations(wanted, place, account):
            yield from _run(job, image, place, what, invocation)
        new = [p for p, _ in record.files_below(place) if p not in before]
        if not new:
            raise DownloadError(
                "downloading display models: the container left no new file",
                remedy="look at what the image offers: csctl display list",
            )
        _check_untouched(place, stored)
        sums = record.take_sums(place, known=stored.record if linked else None)
        _finish(job, image, stored, place, wanted, sums)
    finally:
        if place.exists():
            mounts.discard(job.engine, job.profile, image, place)


def _invocations(
    wanted: tuple[Display, ...], place: Path, account: Account
) -> Iterator[tuple[str, Invocation]]:
    # One run asks for one thing only: of several the image takes the first by a
    # precedence of its own (facts, section 1d).
    types = tuple(one.type for one in wanted if one.id is None)
    if types:
        locale = wanted[0].locale
        assert locale is not None, "the profile's rules demand it beside types"
        yield (
            f"downloading display models {' '.join(types)} of {locale}",
            arguments.download_display_by_locale(types, locale, place, account),
        )
    for one in wanted:
        if one.id is not None:
            yield (
                f"downloading display model {one.type} {one.id[:12]}",
                arguments.download_display_by_id(one.type, one.id, place, account),
            )


def _run(
    job: Job, image: Image, place: Path, what: str, invocation: Invocation
) -> Generator[Event, None, None]:
    before = len(list(record.files_below(place)))
    watch = oneshot.Watch(
        what=what,
        seconds=job.download_seconds,
        redact=job.keys.redactor(),
        logs=job.logs,
        until=_serves,
        progress=models.transfer_of(place),
    )
    finished = yield from oneshot.run(
        job.engine, job.one_shot(image, invocation), watch
    )
    left = len(list(record.files_below(place))) > before
    if not finished.succeeded(left_files=left):
        raise finished.failure()


def _serves(seen: Container) -> bool:
    # The documentation says that these runs end by themselves; one that serves
    # instead has done its download all the same.
    return seen.address is not None and probe.is_ready(
        probe.Address(seen.address, arguments.PORT)
    )


def _check_untouched(place: Path, stored: StoredModel) -> None:
    # The copy shares the files of the model that may be serving right now.
    if stored.record and (faults := record.damage(place, stored.record)):
        raise DownloadError(
            f"downloading display models changed the model itself: {faults[0]}",
            remedy="download the model again: csctl model pull",
        )


def _finish(
    job: Job,
    image: Image,
    stored: StoredModel,
    place: Path,
    got: tuple[Display, ...],
    sums: tuple[FileSum, ...],
) -> None:
    old = stored.record
    replaced = {(one.type, one.locale) for one in got}
    kept = [d for d in stored.displays if (d.type, d.locale) not in replaced]
    details: dict[str, object] = dict(old.details) if old else {"base_locale": None}
    details["display"] = [asdict(one) for one in (*kept, *got)]
    new = Record(
        kind=model.KIND,
        id=stored.id,
        image=old.image if old else str(job.reference),
        image_id=old.image_id if old else image.id,
        fetched_at=old.fetched_at if old else datetime.now(UTC),
        files=sums,
        details=details,
    )
    # In this order: killed in between, the old record still fits the new directory.
    staging.place(place, stored.directory)
    record.write(stored.directory, new)
