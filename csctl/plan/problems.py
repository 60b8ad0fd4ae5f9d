"""Why a plan cannot be applied, and what is worth a word all the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from csctl import license as licenses
from csctl.contract.arguments import check_display_support
from csctl.errors import (
    Conflict,
    CsctlError,
    LicenseError,
    NotManaged,
    UsageError,
)
from csctl.plan import steps
from csctl.plan.observed import Observed
from csctl.plan.preparation import DOWNLOADS, renewable
from csctl.plan.steps import Step
from csctl.profile.model import Profile
from csctl.size import format_duration


def problems(
    profile: Profile, seen: Observed, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    """What stands in the way of these steps."""
    yield from seen.problems
    yield from in_the_way(profile, seen, planned)
    yield from _unfetchable(profile, seen, planned)


def problems_of_preparing(
    profile: Profile, seen: Observed, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    """The same for steps after which another host is to serve."""
    yield from seen.problems
    yield from _unfetchable(profile, seen, planned)


def in_the_way(
    profile: Profile, seen: Observed, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    """Why this host cannot serve."""
    if seen.name_taken_by is not None:
        yield NotManaged(
            f"the name {profile.name} is taken by a container of {seen.name_taken_by}"
            " that csctl does not manage",
            remedy=f"rename the profile, or take it over: csctl adopt {profile.name}"
            " -o PROFILE",
        )
    if seen.port_taken_by is not None and _starts(planned):
        yield Conflict(
            f"port {profile.port} is taken by {seen.port_taken_by}",
            remedy="choose another `port` in the profile, or free it",
        )
    if seen.speech_problem is not None:
        yield seen.speech_problem
    cpus = profile.resources.cpus
    if cpus is not None and seen.host.cpus and cpus > seen.host.cpus:
        yield UsageError(
            f"{profile.name}: resources.cpus is {cpus:g}, and the host"
            f" {seen.host.name} has {seen.host.cpus}",
            remedy="lower resources.cpus in the profile",
        )
    memory = profile.resources.memory
    if memory is not None and seen.host.memory and memory > seen.host.memory:
        yield UsageError(
            f"{profile.name}: resources.memory is {memory} bytes, and the host"
            f" {seen.host.name} has {seen.host.memory}",
            remedy="lower resources.memory in the profile",
        )


def _unfetchable(
    profile: Profile, seen: Observed, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    """Why something that is needed cannot be brought to this host."""
    if profile.display is not None:
        try:
            check_display_support(seen.reference.tag)
        except UsageError as error:
            yield error
    yield from _missing_resources(profile, planned)
    yield from _missing_keys(profile, seen, planned)


def _starts(planned: tuple[Step, ...]) -> bool:
    wanted = steps.Create | steps.Replace | steps.Start
    return any(isinstance(step, wanted) for step in planned)


_CREATES = steps.Create | steps.Replace


def _missing_keys(
    profile: Profile, seen: Observed, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    connected = profile.mode == "connected"
    kinds = {
        "download": any(isinstance(step, DOWNLOADS) for step in planned),
        "license": any(isinstance(step, steps.FetchLicense) for step in planned),
        "create": any(isinstance(step, _CREATES) for step in planned),
    }
    if seen.billing_problem is not None and (
        kinds["download"] or (kinds["create"] and connected)
    ):
        yield seen.billing_problem
    if seen.license_problem is not None and kinds["license"]:
        yield seen.license_problem
    if any(kinds.values()):
        yield from seen.environment_problems


def _missing_resources(
    profile: Profile, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    for step in planned:
        if isinstance(step, DOWNLOADS) and (
            profile.billing is None or profile.billing.api_key is None
        ):
            yield UsageError(
                f"{profile.name}: {step.target} is to be downloaded, and the profile"
                " has no `billing` with a key",
                remedy="add `billing`, or bring the model by a bundle",
            )
        if isinstance(step, steps.FetchLicense) and (
            profile.license is None or profile.license.api_key is None
        ):
            yield LicenseError(
                f"{profile.name}: a license is needed ({step.reason}), and the profile"
                " has no `license` with a key to fetch it",
                remedy=f"add `license`, or bring one into {step.root}",
            )


def notes(profile: Profile, seen: Observed) -> Iterator[str]:
    """What an operator should know, although nothing is wrong."""
    yield from profile.warnings
    yield from seen.notes
    yield from _model_notes(seen)
    yield from _license_notes(profile, seen)


def interruption(
    profile: Profile, seen: Observed, planned: tuple[Step, ...]
) -> Iterator[str]:
    """For how long nothing serves, where a container is replaced.

    Both need the port, so that one has to stop before the other starts; behind a front
    it is the front that has the port.
    """
    replaced = any(isinstance(step, steps.Replace) for step in planned)
    if not replaced or profile.seat is not None:
        return
    last = seen.ready_seconds
    took = (
        "" if last is None else f", some {format_duration(last)} as at its last start"
    )
    yield (
        "it does not serve from the stop of the old container until the new one is"
        f" ready{took}; what is being recognised is cut off"
    )


def _model_notes(seen: Observed) -> Iterator[str]:
    if seen.model is not None and seen.model.record is None:
        yield (
            f"{seen.model.directory} was not filled by csctl: whether it holds model"
            f" {seen.model.id} is unknown"
        )


def _license_notes(profile: Profile, seen: Observed) -> Iterator[str]:
    if profile.mode == "connected" or seen.license is None:
        return
    if seen.license.record is None:
        yield (
            f"license {seen.license.directory} was not fetched by csctl: whether it"
            " fits this image and model is unknown"
        )
    ends = licenses.expiry(seen.license, profile.license)
    if ends.at is None:
        return
    left = ends.at - seen.now
    if left.total_seconds() > 0 and profile.license is not None:
        if left <= profile.license.renew_before:
            yield f"the license ends on {ends.at.date()} ({ends.source}): renew it"
    elif left.total_seconds() <= 0 and not renewable(profile):
        yield f"the license ended on {ends.at.date()} ({ends.source})"
