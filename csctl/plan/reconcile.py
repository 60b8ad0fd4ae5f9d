"""Reconcile: a profile and what was observed become a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from csctl import license as licenses
from csctl import model as models
from csctl.container import drift
from csctl.container.drift import Difference
from csctl.container.observed import Container, Host, Image
from csctl.container.spec import ContainerSpec, UnknownSecret, Value
from csctl.contract.arguments import check_display_support
from csctl.errors import (
    Conflict,
    CsctlError,
    LicenseError,
    NotManaged,
    UsageError,
)
from csctl.license import StoredLicense
from csctl.model import StoredModel
from csctl.ownership import Owner
from csctl.plan import steps
from csctl.plan.serving import Parts, serving_spec
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Profile
from csctl.reference import ImageReference
from csctl.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything that reconciling one profile looks at."""

    now: datetime
    host: Host
    reference: ImageReference
    """What the profile's image resolves to."""
    image: Image | None
    """That image, if the Engine has it."""
    model_id: str | None
    model: StoredModel | None
    license: StoredLicense | None
    owner: Owner | None
    """The image's own user, where a record tells it."""
    not_owned: tuple[Path, ...]
    """Mounts that are absent or hold something that the owner does not own."""
    serving: Container | None
    """The managed container that has the profile's name."""
    applied: Mapping[str, str] | None
    """The fields that it was last applied with."""
    replaced: Container | None
    """The one that waits until its replacement is ready."""
    leftovers: tuple[str, ...]
    """Names of containers that killed runs left."""
    name_taken_by: str | None
    """Image of a foreign container that has the profile's name."""
    port_taken_by: str | None
    environment: Mapping[str, Value] = field(default_factory=dict)
    """The profile's variables with their values."""
    billing_key: Secret | UnknownSecret | None = None
    """None where it is not needed, or the profile names none."""
    billing_problem: CsctlError | None = None
    license_problem: CsctlError | None = None
    environment_problems: tuple[CsctlError, ...] = ()
    """Keys that cannot be read: in the way only where a step needs them."""
    notes: tuple[str, ...] = ()
    problems: tuple[CsctlError, ...] = ()


def reconcile(profile: Profile, seen: Observed) -> Plan:
    """Decide what to do about one profile."""
    prepare = (*_leftovers(seen), *_prepare(profile, seen))
    act = tuple(_act(profile, seen, prepare, _spec(profile, seen, prepare)))
    planned: tuple[Step, ...] = (*prepare, *act)
    return Plan(
        profile=profile.name,
        steps=planned,
        problems=tuple(_problems(profile, seen, planned)),
        notes=(
            *profile.warnings,
            *seen.notes,
            *_model_notes(seen),
            *_license_notes(profile, seen),
        ),
    )


def keys_needed(profile: Profile, seen: Observed) -> frozenset[str]:
    """Which of `billing` and `license` have a key that this plan needs.

    Others are not read: a command that fetches a key may be slow, or not be there.
    """
    prepare = tuple(_prepare(profile, seen))
    needed = set()
    if profile.mode == "connected" or any(isinstance(s, _DOWNLOADS) for s in prepare):
        needed.add("billing")
    if any(isinstance(step, steps.FetchLicense) for step in prepare):
        needed.add("license")
    return frozenset(needed)


def _spec(
    profile: Profile, seen: Observed, prepare: tuple[Step, ...]
) -> ContainerSpec | None:
    """What should serve; None while parts of it are still to be fetched."""
    if seen.model is None or any(isinstance(step, _FETCHES) for step in prepare):
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


def _leftovers(seen: Observed) -> Iterator[Step]:
    for name in seen.leftovers:
        yield steps.Remove(target=name, reason="a run that was broken off left it")


def _prepare(profile: Profile, seen: Observed) -> Iterator[Step]:
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
                owner=f"the image's user ({steps.RESOLVED_LATER})",
                reason="which user that is, is not known yet",
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
    ends = _expiry(profile, seen)
    if ends.at is not None and ends.at <= seen.now and _renewable(profile):
        return f"the one on disk expired on {ends.at.date()} ({ends.source})"
    return None


def _renewable(profile: Profile) -> bool:
    # A day declared in the profile does not move by fetching.
    declared = profile.license
    return declared is not None and declared.expires is None


def _expiry(profile: Profile, seen: Observed) -> licenses.Expiry:
    declared = profile.license
    return licenses.expiry(
        seen.license,
        valid_for=declared.valid_for if declared else None,
        expires=declared.expires if declared else None,
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
    ends = _expiry(profile, seen)
    if ends.at is None:
        return
    left = ends.at - seen.now
    if left.total_seconds() > 0 and profile.license is not None:
        if left <= profile.license.renew_before:
            yield f"the license ends on {ends.at.date()} ({ends.source}): renew it"
    elif left.total_seconds() <= 0 and not _renewable(profile):
        yield f"the license ended on {ends.at.date()} ({ends.source})"


def _act(
    profile: Profile,
    seen: Observed,
    prepare: tuple[Step, ...],
    spec: ContainerSpec | None,
) -> Iterator[Step]:
    if seen.replaced is not None:
        yield steps.Replace(
            target=profile.name,
            spec=None,
            resume=True,
            reason="a replacement was broken off; it is brought to its end",
        )
        if seen.serving is None:
            return
    if seen.serving is None:
        yield steps.Create(
            target=profile.name, spec=spec, reason="there is no such container"
        )
        yield steps.Start(target=profile.name, reason="it is to serve")
        return
    differences = _differences(seen, seen.serving, prepare, spec)
    yield from _change(profile, seen.serving, spec, differences)


def _change(
    profile: Profile,
    serving: Container,
    spec: ContainerSpec | None,
    differences: tuple[Difference, ...],
) -> Iterator[Step]:
    in_place = spec is not None and all(change.in_place for change in differences)
    if not in_place:
        yield steps.Replace(
            target=profile.name,
            spec=spec,
            differences=differences,
            reason=_blame(differences),
        )
        return
    if spec is not None and differences:
        yield steps.Update(
            target=profile.name,
            spec=spec,
            differences=differences,
            reason=_blame(differences),
        )
    if not serving.running and serving.state != "restarting":
        yield steps.Start(target=profile.name, reason=f"it is {serving.state}")


def _differences(
    seen: Observed,
    serving: Container,
    prepare: tuple[Step, ...],
    spec: ContainerSpec | None,
) -> tuple[Difference, ...]:
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
            if isinstance(step, _FETCHES)
        ]
    return tuple(found)


def _short(identity: str) -> str:
    return identity.removeprefix("sha256:")[:12]


def _blame(differences: tuple[Difference, ...]) -> str:
    if all(change.by == "container" for change in differences):
        return "the container was changed behind csctl's back"
    if any(change.field == "image" for change in differences):
        return "the image differs"
    return "the profile changed"


def _problems(
    profile: Profile, seen: Observed, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    yield from seen.problems
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


_DOWNLOADS = steps.DownloadModel | steps.DownloadDisplay
_FETCHES = _DOWNLOADS | steps.FetchLicense
_CREATES = steps.Create | steps.Replace


def _missing_keys(
    profile: Profile, seen: Observed, planned: tuple[Step, ...]
) -> Iterator[CsctlError]:
    connected = profile.mode == "connected"
    kinds = {
        "download": any(isinstance(step, _DOWNLOADS) for step in planned),
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
        if isinstance(step, _DOWNLOADS) and (
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
