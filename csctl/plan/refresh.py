"""What a refreshed license, or going back to the one before, comes to. Pure.

A new license is proven before it is used: by a second container of the same image and
model where there is memory for one, else by the replacement itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from csctl.container.drift import Difference
from csctl.container.spec import ContainerSpec
from csctl.contract.arguments import LICENSE
from csctl.errors import UsageError
from csctl.license import StoredLicense
from csctl.plan import steps
from csctl.plan.change import differences_of
from csctl.plan.observed import Observed
from csctl.plan.preparation import prepare
from csctl.plan.problems import interruption, problems
from csctl.plan.refusals import (
    Allowed,
    gaps,
    mismatches,
    needed,
    runs,
    serves,
    shortage,
    unmarkable,
)
from csctl.plan.serving import Parts, serving_spec
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Profile
from csctl.size import format_size


def refresh(
    profile: Profile,
    seen: Observed,
    *,
    used: StoredLicense | None,
    free: int,
    allowed: Allowed,
) -> Plan:
    """Decide how a new license is fetched, proven and put to use.

    `used` is the license that serves now, `free` the memory left in bytes.
    """
    if profile.mode == "connected":
        return _refused(profile, f"{profile.name} is connected, and needs no license")
    planned = tuple(_refresh_steps(profile, seen))
    return Plan(
        profile=profile.name,
        steps=planned,
        problems=(
            *gaps(profile, seen),
            *(() if allowed.mismatch else mismatches(profile, seen, used)),
            *shortage(profile, seen, free, allowed),
            *problems(profile, seen, planned),
        ),
        notes=(
            *interruption(profile, seen, planned),
            *seen.notes,
            proof_note(profile, free),
        ),
    )


def rollback(
    profile: Profile,
    seen: Observed,
    back: Observed,
    *,
    left: tuple[StoredLicense, ...],
    free: int,
) -> Plan:
    """Decide how an earlier license serves again, with its image and model.

    `back` is what was seen, with the earlier set in the place of the one that the
    profile wants; `left` are the licenses that are not to be chosen any more.
    """
    planned = (
        *_settle(profile, seen),
        *_ownership(profile, back),
        *_replace(profile, back, f"back to the license {_named(back.license)}"),
    )
    return Plan(
        profile=profile.name,
        steps=planned,
        problems=(
            *(unmarkable(one) for one in left if one.record is None),
            *problems(profile, back, planned),
        ),
        notes=(
            *seen.notes,
            *interruption(profile, seen, planned),
            proof_note(profile, free),
            *forward_notes(seen, back),
        ),
    )


def succeed(profile: Profile, seen: Observed, *, free: int, allowed: Allowed) -> Plan:
    """Decide how a license that was brought here is proven and put to use.

    It is the one that was seen; `free` is the memory left in bytes.
    """
    planned = (
        *_settle(profile, seen),
        *_ownership(profile, seen),
        *_replace(profile, seen, f"it gets the license {_named(seen.license)}"),
    )
    return Plan(
        profile=profile.name,
        steps=planned,
        problems=(
            *shortage(profile, seen, free, allowed),
            *problems(profile, seen, planned),
        ),
        notes=(
            *interruption(profile, seen, planned),
            *seen.notes,
            proof_note(profile, free),
        ),
    )


def proof_note(profile: Profile, free: int) -> str:
    """How the license will be proven."""
    if needed(profile) <= free:
        return (
            "a second container proves the license before it is used; it may take"
            f" {format_size(needed(profile))} of memory"
        )
    return (
        "there is no memory for a second container: the replacement itself is the proof"
    )


def forward_notes(seen: Observed, back: Observed) -> Iterator[str]:
    """What the profile will want again after going back."""
    if back.image is not None and (
        seen.image is None or seen.image.id != back.image.id
    ):
        yield (
            f"the profile says image {seen.reference}, and apply would go there again:"
            f" write {back.reference} into it"
        )
    if seen.model_id != back.model_id:
        yield (
            f"the profile says model {seen.model_id}, and apply would go there again:"
            f" write {back.model_id} into it"
        )


def spec_of(profile: Profile, seen: Observed) -> ContainerSpec:
    """The container that serves with what was seen."""
    assert seen.model is not None, "a missing model is a problem of the plan"
    assert seen.license is not None, "the license is fetched before"
    return serving_spec(
        profile,
        Parts(
            image=_image(seen),
            model=seen.model,
            license=seen.license.directory,
            billing_key=None,
            environment=seen.environment,
        ),
    )


def _image(seen: Observed) -> str:
    """The reference, or the id where the reference means another image by now."""
    name = str(seen.reference)
    if seen.image is None or name in (*seen.image.tags, *seen.image.digests):
        return name
    # Podman puts this before the name of an image that came from no registry.
    return name if f"localhost/{name}" in seen.image.tags else seen.image.id


def _refresh_steps(profile: Profile, seen: Observed) -> Iterator[Step]:
    yield from _settle(profile, seen)
    if seen.image is None:
        yield steps.PullImage(
            reference=seen.reference, reason="the Engine does not have it"
        )
    yield from _ownership(profile, seen)
    yield steps.FetchLicense(root=profile.license_root, reason="a new one is asked for")
    if serves(seen) is not None:
        # What will be fetched stands in for a moment, to tell what else differs.
        ahead = StoredLicense(
            directory=profile.license_root / "new", files=(), record=None, damage=()
        )
        for step in _replace(
            profile, dataclasses.replace(seen, license=ahead), "it gets the new license"
        ):
            yield dataclasses.replace(
                step, spec=None, differences=tuple(map(_later, step.differences))
            )


def _later(difference: Difference) -> Difference:
    if difference.field != f"mounts.{LICENSE}":
        return difference
    return dataclasses.replace(difference, want=steps.RESOLVED_LATER)


def _settle(profile: Profile, seen: Observed) -> Iterator[Step]:
    """End what a run that was broken off left.

    As long as the new container is there, it can be told who stopped the old one.
    """
    serving = serves(seen)
    if serving is not None and seen.replaced is None and not runs(serving):
        yield steps.Start(
            target=profile.name, reason="a replacement was broken off; it is undone"
        )
    for name in seen.leftovers:
        yield steps.Remove(target=name, reason="a run that was broken off left it")
    if seen.replaced is not None:
        yield steps.Replace(
            target=profile.name,
            spec=None,
            undo=True,
            reason="a replacement was broken off; it is undone",
        )


def _ownership(profile: Profile, seen: Observed) -> Iterator[Step]:
    for step in prepare(profile, seen):
        if isinstance(step, steps.SetOwnership):
            yield step


def _replace(profile: Profile, seen: Observed, reason: str) -> Iterator[steps.Replace]:
    if seen.model is None:
        return
    spec = spec_of(profile, seen)
    yield steps.Replace(
        target=profile.name,
        spec=spec,
        differences=differences_of(seen, (), spec),
        reason=reason,
    )


def _named(license_: StoredLicense | None) -> str:
    if license_ is None or license_.fetched_at is None:
        return "before"
    return f"fetched on {license_.fetched_at:%Y-%m-%d at %H:%M:%S} UTC"


def _refused(profile: Profile, message: str) -> Plan:
    return Plan(profile=profile.name, steps=(), problems=(UsageError(message),))
