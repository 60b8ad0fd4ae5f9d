"""The profile: what an operator wants of one speech container, read and checked.

Pure values. Each key stands here once, with its type, what it takes, its description
and its default; `csctl.profile.load` makes profiles of files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from csctl.profile import rule, value, warning
from csctl.profile.group import Entries, Items, Subset
from csctl.profile.host import Host
from csctl.profile.kind import (
    Choice,
    Day,
    FileOr,
    Folder,
    HiddenText,
    Number,
    Whole,
)
from csctl.profile.node import Node, Position
from csctl.profile.secret_form import SecretForm
from csctl.profile.section import Fault, Key, Section, Struct
from csctl.profile.value import DISPLAY_TYPES, LOOPBACK, Port
from csctl.reference import ImageReference
from csctl.secret import SecretSource

MOST_REPLICAS = 32
_STATE = ".csctl"


class BaseModel(Struct, frozen=True, kw_only=True):
    """The newest base model of a locale."""

    locale: Annotated[str, Key(value.LOCALE, "The locale, such as en-US.")]


class Model(Struct, frozen=True, kw_only=True):
    """The speech model: by its id, or the newest base model."""

    id: Annotated[
        str | None, Key(value.GUID, "The id of a custom or base model, a GUID.")
    ] = None
    base: Annotated[
        BaseModel | None,
        Key(Section(BaseModel), "The newest base model of a locale, instead of an id."),
    ] = None

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        if len(written) != 1:
            yield "", "write exactly one of id and base"


class Display(Struct, frozen=True, kw_only=True):
    """Display models: the newest of a locale by type, or exact ones by id."""

    locale: Annotated[
        str | None, Key(value.LOCALE, "The locale of the display models.")
    ] = None
    types: Annotated[
        tuple[str, ...],
        Key(Subset(DISPLAY_TYPES, "full"), "Which display models; full is all four."),
    ] = ()
    ids: Annotated[
        Mapping[str, str],
        Key(
            Entries(value.DISPLAY_ID, value.display_type, DISPLAY_TYPES),
            "Exact display models by type, instead of locale and types.",
        ),
    ] = {}

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        if not written or ("ids" in written and len(written) > 1):
            yield "", "write either locale with types, or ids"
        elif written.get("ids") == {}:
            yield "ids", "is empty: leave the section out instead"
        elif "ids" not in written:
            for name in ("locale", "types"):
                if name not in written:
                    yield name, "required: locale and types stand together"


class Resource(Struct, frozen=True, kw_only=True):
    """An Azure resource that bills, and where its key comes from."""

    endpoint: Annotated[
        str, Key(value.ENDPOINT, "The endpoint URL of the resource; https only.")
    ]
    api_key: Annotated[
        SecretSource | None,
        Key(SecretForm(), "Where a key of the resource comes from."),
    ] = None


class License(Struct, frozen=True, kw_only=True):
    """The DC0 resource of a disconnected container, and how long a license lasts.

    Without a resource nothing is fetched: the license is brought by hand or bundle.
    """

    endpoint: Annotated[
        str | None,
        Key(value.ENDPOINT, "The endpoint URL of the DC0 resource; https only."),
    ] = None
    api_key: Annotated[
        SecretSource | None,
        Key(SecretForm(), "Where a key of the DC0 resource comes from."),
    ] = None
    valid_for: Annotated[
        timedelta | None,
        Key(value.SPAN, "How long a license lasts after it was fetched, if you know."),
    ] = None
    expires: Annotated[
        date | None,
        Key(Day(), "The day on which the license ends, instead of valid_for."),
    ] = None
    renew_before: Annotated[
        timedelta,
        Key(value.NOTICE, "How long before its end a license counts as due."),
    ] = timedelta(days=7)
    commitment_hours: Annotated[
        float | None,
        Key(
            Number(0.01),
            "How many hours of audio the resource was bought for, in a calendar year.",
        ),
    ] = None
    keep: Annotated[
        int,
        Key(
            Whole(1),
            "How many licenses before the newest one are kept, for going back.",
        ),
    ] = 2

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        if "valid_for" in written and "expires" in written:
            yield "expires", "write only one of valid_for and expires"
        if "api_key" in written and "endpoint" not in written:
            yield "endpoint", "required beside api_key"


class Mounts(Struct, frozen=True, kw_only=True):
    """Directories of their own, instead of the ones below `data`."""

    models: Annotated[
        Path | None, Key(Folder(), "The directory for models, instead of data/models.")
    ] = None
    license: Annotated[
        Path | None,
        Key(Folder(), "The directory for licenses, instead of data/license."),
    ] = None
    output: Annotated[
        Path | None,
        Key(Folder(), "The directory for usage records, instead of data/output."),
    ] = None


class Resources(Struct, frozen=True, kw_only=True):
    """How much the container may use; without a key there is no limit."""

    cpus: Annotated[
        float | None,
        Key(Number(0.01), "How many CPU cores; documented: 4 at least, 8 recommended."),
    ] = None
    memory: Annotated[
        int | None,
        Key(
            value.MEMORY,
            "How much memory; documented: 4 GB at least, 8 GB recommended, and 4 to"
            " 8 GB more for the model.",
        ),
    ] = None
    decoders: Annotated[
        int | None, Key(Whole(1), "How many streams are decoded side by side.")
    ] = None


class Ready(Struct, frozen=True, kw_only=True):
    """The wait until the container serves, and what it has to prove."""

    timeout: Annotated[
        timedelta, Key(value.SPAN, "How long the container may take until it serves.")
    ] = timedelta(minutes=10)
    speech: Annotated[
        Path | Literal["sample"] | None,
        Key(
            FileOr("sample"),
            "Recorded speech that the container has to recognise before it counts as"
            " ready: a file, or sample for the English one that csctl brings.",
        ),
    ] = None
    expect: Annotated[
        str | None,
        Key(
            value.WORDS,
            "The words that have to come, case and punctuation ignored; without it any"
            " will do.",
        ),
    ] = None

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        if "expect" in written and "speech" not in written:
            yield "speech", "required beside expect"


class Front(Struct, frozen=True, kw_only=True):
    """The HAProxy that stands before the containers and has the port."""

    image: Annotated[
        ImageReference,
        Key(value.IMAGE, "The image of HAProxy, 2.6 or newer."),
    ] = ImageReference.parse("docker.io/library/haproxy:lts")
    drain: Annotated[
        timedelta,
        Key(
            value.SPAN,
            "How long the sessions of a container that is replaced may go on.",
        ),
    ] = timedelta(minutes=10)
    tls: Annotated[
        Path | None,
        Key(Folder(), "A PEM file with a certificate and its key: the port is TLS."),
    ] = None
    secret: Annotated[
        SecretSource | None,
        Key(
            SecretForm(),
            "What clients have to send as their Speech key; without it everybody may.",
        ),
    ] = None


class Update(Struct, frozen=True, kw_only=True):
    """How Swarm replaces the tasks of a service, one after another."""

    order: Annotated[
        Literal["start-first", "stop-first"],
        Key(
            Choice(("start-first", "stop-first")),
            "Whether a new task starts before the old one stops, on another node.",
        ),
    ] = "start-first"
    failure: Annotated[
        Literal["rollback", "pause", "continue"],
        Key(
            Choice(("rollback", "pause", "continue")),
            "What Swarm does where a new task fails.",
        ),
    ] = "rollback"
    watch: Annotated[
        timedelta,
        Key(
            value.SPAN,
            "How long Swarm watches each new task before it replaces the next one.",
        ),
    ] = timedelta(minutes=1)


class Deploy(Struct, frozen=True, kw_only=True):
    """The profile as a service of Docker Swarm, with `replicas` tasks."""

    engine: Annotated[
        Literal["swarm"], Key(Choice(("swarm",)), "What runs the service: swarm.")
    ]
    placement: Annotated[
        tuple[str, ...],
        Key(Items(value.CONSTRAINT), "Which nodes may run a task; all by default."),
    ] = ()
    update: Annotated[
        Update, Key(Section(Update), "How tasks are replaced by newer ones.")
    ] = Update()
    health: Annotated[
        tuple[str, ...],
        Key(
            Items(value.WORD),
            "A program of the image, with its arguments, that ends with 0 once the"
            " container is ready; without it Swarm takes a started one for ready.",
        ),
    ] = ()
    keys: Annotated[
        Literal["secret", "environment"],
        Key(
            Choice(("secret", "environment")),
            "How keys reach a task: as Swarm's secrets, which takes /bin/sh in the"
            " image, or in the service's environment.",
        ),
    ] = "secret"


class Logging(Struct, frozen=True, kw_only=True):
    """The rotation of the container's log."""

    max_size: Annotated[
        int, Key(value.SIZE, "The size at which the log goes on in a new file.")
    ] = 10 << 20
    max_file: Annotated[int, Key(Whole(1), "How many files of the log are kept.")] = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A replica's place: behind which front, on which network of the Engine."""

    front: str
    network: str
    drain: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a profile was written."""

    file: Path
    document: int
    """Which YAML document of the file, from 1."""
    positions: Mapping[str, Position]
    """Where each written key's value stands, by the key's path."""
    node: Node = field(repr=False, compare=False)
    """The document as it is written, before its variables are replaced."""


class Profile(Struct, frozen=True, kw_only=True):
    """What an operator wants of one speech container."""

    name: Annotated[str, Key(value.NAME, "The container's name.")]
    image: Annotated[
        ImageReference,
        Key(
            value.IMAGE,
            "The image: an exact tag, latest, newest (the highest released version in"
            " the registry), or a digest.",
        ),
    ]
    mode: Annotated[
        Literal["connected", "disconnected"],
        Key(Choice(("connected", "disconnected")), "Whether usage is billed online."),
    ]
    model: Annotated[Model, Key(Section(Model), "The speech model.")]
    host: Annotated[
        Host | None,
        Key(
            value.HOST,
            "The host to run on: ssh://USER@HOST:PORT, tcp://HOST:PORT or a docker"
            " context; without it, this one.",
        ),
    ] = None
    display: Annotated[
        Display | None, Key(Section(Display), "Display models, if any.")
    ] = None
    billing: Annotated[
        Resource | None,
        Key(
            Section(Resource),
            "The S0 (or Speech to Text (Custom) commitment) resource; needed to"
            " download, and to serve connected.",
        ),
    ] = None
    license: Annotated[
        License | None,
        Key(Section(License), "The DC0 resource, for mode disconnected only."),
    ] = None
    data: Annotated[
        Path | None,
        Key(Folder(), "The directory with models, license and output below it."),
    ] = None
    mounts: Annotated[
        Mounts | None,
        Key(Section(Mounts), "Directories instead of the ones below data."),
    ] = None
    resources: Annotated[
        Resources, Key(Section(Resources), "How much the container may use.")
    ] = Resources()
    port: Annotated[
        Port,
        Key(
            value.PORT,
            "The port on this host, with its address; the container has no access"
            " control.",
        ),
    ] = Port(LOOPBACK, 5000)
    replicas: Annotated[
        int,
        Key(
            Whole(1, MOST_REPLICAS),
            "How many containers serve behind the one port; several have a front.",
        ),
    ] = 1
    front: Annotated[
        Front | None,
        Key(
            Section(Front),
            "An HAProxy before the containers: replacements then drop no recognition.",
        ),
    ] = None
    deploy: Annotated[
        Deploy | None,
        Key(
            Section(Deploy),
            "A service of Docker Swarm instead of containers of this host.",
        ),
    ] = None
    restart: Annotated[
        str,
        Key(value.RESTART, "The restart policy, in Docker's words."),
    ] = "unless-stopped"
    ready: Annotated[
        Ready,
        Key(Section(Ready), "The wait until the container serves, and what it proves."),
    ] = Ready()
    proxy: Annotated[
        str | SecretSource | None,
        Key(
            SecretForm(value.PROXY),
            "The HTTP proxy; one with credentials comes from a secret.",
        ),
    ] = None
    environment: Annotated[
        Mapping[str, str | SecretSource],
        Key(
            Entries(SecretForm(HiddenText()), value.environment_name),
            "Environment variables for the container and for the one-shot ones.",
        ),
    ] = {}
    labels: Annotated[
        Mapping[str, str],
        Key(Entries(value.LABEL, value.label_name), "Labels for the container."),
    ] = {}
    logging: Annotated[
        Logging, Key(Section(Logging), "The rotation of the container's log.")
    ] = Logging()
    api_key_as: Annotated[
        Literal["environment", "argument"],
        Key(
            Choice(("environment", "argument")),
            "How the key reaches the container; every user of the host reads an"
            " argument in ps.",
        ),
    ] = "environment"
    helper_image: Annotated[
        ImageReference | None,
        Key(
            value.IMAGE,
            "An image whose chown sets ownership where csctl is not root and the"
            " speech image has none.",
        ),
    ] = None
    source: Source
    seat: Seat | None = None
    """Where it stands behind a front, for a replica; see `replicas_of`."""

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        return rule.faults(written)

    @property
    def fronted_by(self) -> Front | None:
        """The front that stands before its containers, if any."""
        if self.deploy is not None:
            return None
        return self.front or (Front() if self.replicas > 1 else None)

    @property
    def models_root(self) -> Path:
        """The directory below which each model has its own."""
        return self._root("models")

    @property
    def license_root(self) -> Path:
        """The directory below which each license has its own."""
        return self._root("license")

    @property
    def output_dir(self) -> Path:
        """The directory for usage records."""
        return self._root("output")

    @property
    def state_dir(self) -> Path:
        """The directory for csctl's own small files, with the lock."""
        return (self.data or self.models_root) / _STATE

    def _root(self, name: str) -> Path:
        path: Path | None = getattr(self.mounts, name, None)
        # A connected profile may name none but its models; it never uses the others.
        return path or (self.data or self.state_dir) / name

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed here and yet worth a look, each with its key."""
        return tuple(warning.of(self))
