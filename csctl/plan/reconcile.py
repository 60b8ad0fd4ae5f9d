"""Reconcile: a profile and what was observed become a plan. Pure."""

from __future__ import annotations

from csctl.container.spec import ContainerSpec
from csctl.plan import steps
from csctl.plan.change import change, differences_of, recover
from csctl.plan.observed import Observed
from csctl.plan.preparation import DOWNLOADS, FETCHES, prepare
from csctl.plan.problems import interruption, notes, problems
from csctl.plan.serving import Parts, serving_spec
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Profile


def reconcile(profile: Profile, seen: Observed) -> Plan:
    """Decide what to do about one profile."""
    preparing = tuple(prepare(profile, seen))
    spec = spec_of(profile, seen, preparing)
    differences = differences_of(seen, preparing, spec)
    planned: tuple[Step, ...] = (
        *(leftover(name) for name in seen.leftovers),
        *recover(profile, seen, differences),
        *preparing,
        *change(profile, seen, spec, differences),
        *(surplus(profile, name) for name in seen.surplus),
    )
    return Plan(
        profile=profile.name,
        steps=planned,
        problems=tuple(problems(profile, seen, planned)),
        notes=(*notes(profile, seen), *interruption(profile, seen, planned)),
    )


def keys_needed(profile: Profile, seen: Observed) -> frozenset[str]:
    """Which of `billing` and `license` have a key that this plan needs.

    Others are not read: a command that fetches a key may be slow, or not be there.
    """
    preparing = tuple(prepare(profile, seen))
    needed = set()
    if profile.mode == "connected" or any(isinstance(s, DOWNLOADS) for s in preparing):
        needed.add("billing")
    if any(isinstance(step, steps.FetchLicense) for step in preparing):
        needed.add("license")
    return frozenset(needed)


def spec_of(
    profile: Profile, seen: Observed, preparing: tuple[Step, ...]
) -> ContainerSpec | None:
    """What should serve; None while parts of it are still to be fetched."""
    if seen.model is None or any(isinstance(step, FETCHES) for step in preparing):
        return None
    return serving_spec(
        profile,
        Parts(
            image=str(seen.reference),
            model=seen.model,
            license=seen.license.directory if seen.license else None,
            billing_key=seen.billing_key,
            environment=seen.environment,
        ),
    )


def surplus(profile: Profile, name: str) -> Step:
    """The step that removes a replica that is not wanted any more."""
    count = profile.replicas if profile.fronted_by is not None else "none"
    return steps.Remove(target=name, reason=f"replicas behind a front: {count}")


def leftover(name: str) -> Step:
    """The step that removes what a killed run left."""
    return steps.Remove(target=name, reason="a run that was broken off left it")
