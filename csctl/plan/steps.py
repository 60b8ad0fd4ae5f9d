"""Plans as values: ordered steps with their reasons, problems and notes.

A step is one thing done by one part; showing it takes `action`, `target` and
`reason`. What only applying can find out (the newest base model, a digest) reads
"resolved during apply".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from csctl.container.drift import Difference
from csctl.container.service import ServiceSpec
from csctl.container.spec import ContainerSpec
from csctl.errors import CsctlError
from csctl.reference import ImageReference

RESOLVED_LATER = "resolved during apply"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullImage:
    """Bring an image into the Engine."""

    action: ClassVar = "pull-image"
    reference: ImageReference
    reason: str

    @property
    def target(self) -> str:
        return str(self.reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadModel:
    """Download a speech model; without an id the newest base model of a locale."""

    action: ClassVar = "download-model"
    model_id: str | None
    base_locale: str | None
    reason: str

    @property
    def target(self) -> str:
        if self.model_id is not None:
            return self.model_id
        return f"newest base model of {self.base_locale} ({RESOLVED_LATER})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadDisplay:
    """Download display models, by types of a locale or by exact ids."""

    action: ClassVar = "download-display"
    locale: str | None
    types: tuple[str, ...]
    ids: Mapping[str, str]
    reason: str

    @property
    def target(self) -> str:
        if self.ids:
            return " ".join(f"{kind}={one[:12]}" for kind, one in self.ids.items())
        return f"{' '.join(self.types)} of {self.locale}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLicense:
    """Fetch a disconnected license into a directory of its own."""

    action: ClassVar = "fetch-license"
    root: Path
    reason: str

    @property
    def target(self) -> str:
        return str(self.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOwnership:
    """Give mounts to the image's own user; absent ones are made."""

    action: ClassVar = "set-ownership"
    paths: tuple[Path, ...]
    owner: str
    """`uid:gid`, or in words while the numbers are not known."""
    reason: str

    @property
    def target(self) -> str:
        return f"{' '.join(map(str, self.paths))} to {self.owner}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Create the container; the spec is None while parts of it are unresolved."""

    action: ClassVar = "create"
    target: str
    spec: ContainerSpec | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Put a new container into the place of the one that serves, or go back.

    With `resume` a replacement that was broken off is brought to its end; with `undo`
    the container that it was to replace comes back.
    """

    action: ClassVar = "replace"
    target: str
    spec: ContainerSpec | None
    resume: bool = False
    undo: bool = False
    differences: tuple[Difference, ...] = ()
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Change bounds or the restart policy of the container as it runs."""

    action: ClassVar = "update"
    target: str
    spec: ContainerSpec
    differences: tuple[Difference, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateService:
    """Create a service; the spec is None while parts of it are unresolved."""

    action: ClassVar = "create"
    target: str
    spec: ServiceSpec | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateService:
    """Let Swarm replace the tasks of a service, one after another."""

    action: ClassVar = "update"
    target: str
    spec: ServiceSpec | None
    differences: tuple[Difference, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Tell a front which replicas stand behind it; its sessions go on."""

    action: ClassVar = "update"
    target: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start the container."""

    action: ClassVar = "start"
    target: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop a container."""

    action: ClassVar = "stop"
    target: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Remove a container, a directory or an image of csctl's own."""

    action: ClassVar = "remove"
    target: str
    reason: str


Step = (
    PullImage
    | DownloadModel
    | DownloadDisplay
    | FetchLicense
    | SetOwnership
    | Create
    | Replace
    | Update
    | CreateService
    | UpdateService
    | Register
    | Start
    | Stop
    | Remove
)

_SIGNS = {
    "create": "+",
    "remove": "-",
    "stop": "-",
    "replace": "-/+",
    "update": "~",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done for one profile."""

    profile: str
    steps: tuple[Step, ...]
    problems: tuple[CsctlError, ...] = ()
    """Why it cannot be applied; with any of them nothing is."""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.profile}:"]
        lines += [f"  {describe(step)}" for step in self.steps]
        lines += [f"  ! {problem.message}" for problem in self.problems]
        if len(lines) == 1:
            lines.append("  nothing to do")
        return "\n".join(lines)


def sign(step: Step) -> str:
    """`+`, `-`, `-/+`, `~`, or `*` for what brings something to this host."""
    return _SIGNS.get(step.action, "*")


def differences(step: Step) -> tuple[Difference, ...]:
    """The fields of the container that a step changes."""
    has_some = Replace | Update | UpdateService
    return step.differences if isinstance(step, has_some) else ()


def describe(step: Step) -> str:
    """One line: sign, action, target, reason, and the fields that differ."""
    line = f"{sign(step):<3} {step.action} {step.target}: {step.reason}"
    return line + "".join(f"\n        {change}" for change in differences(step))


def same(one: Plan, other: Plan) -> bool:
    """Whether two plans do the same for the same reasons."""
    return list(map(_essence, one.steps)) == list(map(_essence, other.steps))


def _essence(step: Step) -> tuple[object, ...]:
    # Two secrets that cannot be read are not equal; their fields are.
    wanted: tuple[object, ...] | None = None
    match step:
        case (
            Create(spec=ContainerSpec() as spec)
            | Replace(spec=ContainerSpec() as spec)
            | Update(spec=spec)
        ):
            wanted = spec.image, spec.fields()
        case (
            CreateService(spec=ServiceSpec() as service)
            | UpdateService(spec=ServiceSpec() as service)
        ):
            wanted = service.container.image, service.fields()
    return step.action, step.target, step.reason, differences(step), wanted
