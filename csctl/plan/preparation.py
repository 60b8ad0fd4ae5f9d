"""What has to be brought to this host before a container can serve. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from csctl import expiry
from csctl import model as models
from csctl.plan import steps
from csctl.plan.observed import Observed
from csctl.plan.steps import Step
from csctl.profile.model import Profile

DOWNLOADS = steps.DownloadModel | steps.DownloadDisplay
FETCHES = DOWNLOADS | steps.FetchLicense


def prepare(profile: Profile, seen: Observed) -> Iterator[Step]:
    """Pull, download, fetch and set ownership, in the order in which each needs it."""
    if seen.image is None:
        yield steps.PullImage(
            reference=seen.reference, reason="the Engine does not have it"
        )
    model_gap = _model_gap(seen)
    if model_gap is not None:
        base = profile.model.base
        yield steps.DownloadModel(
            model_id=seen.model_id,
            base_locale=base.locale if base is not None else None,
            reason=model_gap,
        )
    yield from _display(profile, seen, fresh=model_gap is not None)
    if (gap := _license_gap(profile, seen)) is not None:
        yield steps.FetchLicense(root=profile.license_root, reason=gap)
    if seen.owner is None:
        # What is downloaded gets its owner while it is staged.
        kept = _kept(profile, seen, fresh=model_gap is not None)
        if kept:
            yield steps.SetOwnership(
                paths=kept,
                owner="the image's user",
                reason=f"its number is {steps.RESOLVED_LATER}",
            )
    elif seen.not_owned:
        yield steps.SetOwnership(
            paths=seen.not_owned,
            owner=str(seen.owner),
            reason="absent, or not owned by the image's user",
        )


def _kept(profile: Profile, seen: Observed, *, fresh: bool) -> tuple[Path, ...]:
    """The mounts that this plan does not download anew."""
    paths = [] if seen.model is None or fresh else [seen.model.directory]
    if profile.mode == "disconnected":
        if seen.license is not None and _license_gap(profile, seen) is None:
            paths.append(seen.license.directory)
        paths.append(profile.output_dir)
    return tuple(paths)


def _model_gap(seen: Observed) -> str | None:
    if seen.model is None:
        return "it is not on this host"
    if seen.model.damage:
        return f"it is damaged: {seen.model.damage[0]}"
    return None


def _display(profile: Profile, seen: Observed, *, fresh: bool) -> Iterator[Step]:
    wanted = profile.display
    if wanted is None:
        return
    model = None if fresh else seen.model
    types, ids = tuple(wanted.types), dict(wanted.ids)
    if model is not None:
        types = models.missing_types(model, types, wanted.locale)
        ids = models.missing_ids(model, ids)
    if types or ids:
        yield steps.DownloadDisplay(
            locale=wanted.locale,
            types=types,
            ids=ids,
            reason="the model's directory does not hold them",
        )


def _license_gap(profile: Profile, seen: Observed) -> str | None:
    if profile.mode == "connected":
        return None
    if seen.license is None:
        return "there is none"
    if seen.license.damage or not seen.license.files:
        return "the one on disk is damaged or empty"
    image_id = seen.image.id if seen.image else None
    if not seen.license.fits(image_id, seen.model_id):
        return "the one on disk is for another image or model"
    ends = expiry.of(seen.license, profile.license)
    if ends.at is not None and ends.at <= seen.now and renewable(profile):
        return f"the one on disk expired on {ends.at.date()} ({ends.source})"
    return None


def renewable(profile: Profile) -> bool:
    """Whether fetching a license moves the day on which it ends."""
    # A day declared in the profile does not move by fetching.
    declared = profile.license
    return declared is not None and declared.expires is None
