"""What happens to the container itself: create, replace, update, start. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from csctl.container import drift
from csctl.container.drift import Difference
from csctl.container.observed import Container
from csctl.container.spec import ContainerSpec
from csctl.plan import steps
from csctl.plan.observed import Observed
from csctl.plan.preparation import FETCHES
from csctl.plan.steps import Step
from csctl.profile.model import Profile


def recover(
    profile: Profile, seen: Observed, differences: tuple[Difference, ...]
) -> Iterator[Step]:
    """Bring a replacement that was broken off to its end, or undo it."""
    if seen.replaced is None:
        return
    resume = all(one.in_place for one in differences)
    yield steps.Replace(
        target=profile.name,
        spec=None,
        resume=resume,
        undo=not resume,
        reason="a replacement was broken off; it is brought to its end"
        if resume
        else "a replacement was broken off, and is no longer wanted; it is undone",
    )


def change(
    profile: Profile,
    seen: Observed,
    spec: ContainerSpec | None,
    differences: tuple[Difference, ...],
) -> Iterator[Step]:
    """Make the container what the spec says; None is a spec not resolved yet."""
    if seen.serving is not None:
        yield from _converge(profile, seen, seen.serving, spec, differences)
    elif seen.replaced is None:
        yield steps.Create(
            target=profile.name, spec=spec, reason="there is no such container"
        )
        yield steps.Start(target=profile.name, reason="it is to serve")


def _converge(
    profile: Profile,
    seen: Observed,
    serving: Container,
    spec: ContainerSpec | None,
    differences: tuple[Difference, ...],
) -> Iterator[Step]:
    in_place = spec is not None and all(one.in_place for one in differences)
    if not in_place or (differences and not seen.host.updates):
        yield steps.Replace(
            target=profile.name,
            spec=spec,
            differences=differences,
            reason=blame(differences),
        )
        return
    if spec is not None and differences:
        yield steps.Update(
            target=profile.name,
            spec=spec,
            differences=differences,
            reason=blame(differences),
        )
    if not serving.running and serving.state != "restarting":
        yield steps.Start(target=profile.name, reason=f"it is {serving.state}")


def differences_of(
    seen: Observed, prepare: tuple[Step, ...], spec: ContainerSpec | None
) -> tuple[Difference, ...]:
    """The fields in which the serving container differs; none where none serves."""
    serving = seen.serving
    if serving is None:
        return ()
    found: list[Difference] = []
    if seen.image is not None and seen.image.id != serving.image_id:
        found.append(
            Difference(
                field="image",
                have=f"{serving.image} ({_short(serving.image_id)})",
                want=f"{seen.reference} ({_short(seen.image.id)})",
                by="profile",
            )
        )
    elif seen.image is None and str(seen.reference) != serving.image:
        found.append(
            Difference(
                field="image",
                have=serving.image,
                want=str(seen.reference),
                by="profile",
            )
        )
    if spec is not None:
        found += drift.compare(spec.fields(), seen.applied, serving)
    else:
        found += [
            Difference(
                field=step.action.partition("-")[2],
                have="of the running container",
                want=steps.RESOLVED_LATER,
                by="profile",
            )
            for step in prepare
            if isinstance(step, FETCHES)
        ]
    return tuple(found)


def _short(identity: str) -> str:
    return identity.removeprefix("sha256:")[:12]


def blame(differences: tuple[Difference, ...]) -> str:
    """The reason of a step that does away with differences."""
    if all(one.by == "container" for one in differences):
        return "the container was changed behind csctl's back"
    if any(one.field == "image" for one in differences):
        return "the image differs"
    return "the profile changed"
