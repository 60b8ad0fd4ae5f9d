"""`csctl.yaml`: Speech resources whose REST API is used, declared once and by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from csctl.errors import Problem, ProfileError, UsageError
from csctl.profile import document, value
from csctl.profile.group import Entries
from csctl.profile.kind import Choice, Flag, Text
from csctl.profile.reading import Reading
from csctl.profile.secret_form import SecretForm
from csctl.profile.section import Fault, Key, Section, Struct
from csctl.profile.variables import Variables
from csctl.secret import SecretSource

FILE: Final = "csctl.yaml"
API_VERSIONS: Final = ("v3.1", "v3.2", "2024-11-15")
CLOUDS: Final = ("public", "us-government", "21vianet")
IDENTITIES: Final = ("default", "cli", "managed-identity", "device-code")
_PLACES = (Path(), Path("/etc/csctl"))


class SpeechResource(Struct, frozen=True, kw_only=True):
    """A Speech resource: where it answers, and as whom it is asked."""

    endpoint: Annotated[
        str | None, Key(value.ENDPOINT, "The endpoint URL of the resource; https only.")
    ] = None
    region: Annotated[
        str | None,
        Key(
            Text(expected="a region", parse=value.region),
            "The region, such as westeurope, instead of an endpoint.",
        ),
    ] = None
    custom_domain: Annotated[
        str | None,
        Key(
            Text(expected="a custom domain", parse=value.custom_domain),
            "The custom domain name, such as contoso, instead of an endpoint.",
        ),
    ] = None
    cloud: Annotated[
        Literal["public", "us-government", "21vianet"],
        Key(Choice(CLOUDS), "The cloud that region or custom domain belong to."),
    ] = "public"
    api_key: Annotated[
        SecretSource | None,
        Key(SecretForm(), "Where a key of the resource comes from."),
    ] = None
    auth: Annotated[
        Literal["key", "entra"],
        Key(Choice(("key", "entra")), "Whether a key or an Entra identity asks."),
    ] = "key"
    identity: Annotated[
        Literal["default", "cli", "managed-identity", "device-code"],
        Key(
            Choice(IDENTITIES),
            "Which Entra identity, for `auth: entra` and for files in own storage.",
        ),
    ] = "default"
    private: Annotated[
        bool, Key(Flag(), "Whether the resource has a private endpoint.")
    ] = False
    byos: Annotated[
        bool, Key(Flag(), "Whether the resource brings its own storage (BYOS).")
    ] = False
    api_version: Annotated[
        Literal["v3.1", "v3.2", "2024-11-15"],
        Key(Choice(API_VERSIONS), "The version of the REST API."),
    ] = "v3.1"

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        if sum(name in written for name in ("endpoint", "region", "custom_domain")) > 1:
            yield "", "write only one of endpoint, region and custom_domain"
        if not written.keys() & {"endpoint", "region", "custom_domain"}:
            yield "", "write one of endpoint, region and custom_domain"
        if "region" in written:
            if written.get("auth") == "entra":
                yield (
                    "auth",
                    "Entra needs the custom domain instead of a region",
                )
            if written.get("private") is True:
                yield "private", "a private endpoint is reached by its custom domain"
        if written.get("auth", "key") == "key" and "api_key" not in written:
            yield "api_key", "required, unless `auth: entra`"


class SpeechResources(Struct, frozen=True, kw_only=True):
    """All that `csctl.yaml` declares."""

    resources: Annotated[
        Mapping[str, SpeechResource],
        Key(Entries(Section(SpeechResource), value.resource_name), "By name."),
    ]
    default: Annotated[
        str | None,
        Key(Text(expected="a name"), "The resource that is meant where none is named."),
    ] = None

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        names = written.get("resources")
        default = written.get("default")
        if isinstance(names, Mapping) and default is not None and default not in names:
            yield "default", f"{default!r} is not among the resources"


def found(environ: Mapping[str, str], *folders: Path) -> Path | None:
    """The file that counts: of CSCTL_CONFIG, else of these folders and the usual ones.

    The usual ones are the current folder and /etc/csctl.
    """
    if named := environ.get("CSCTL_CONFIG"):
        return Path(named)
    paths = (folder / FILE for folder in (*folders, *_PLACES))
    return next((path for path in paths if path.is_file()), None)


def choose(
    path: Path, environ: Mapping[str, str], name: str | None = None
) -> SpeechResource:
    """The resource of this name in a file; without one, the one that is meant then.

    Raises ProfileError, and UsageError where it is unclear which one is meant.
    """
    declared = load(path, environ)
    wanted = name or declared.default
    if wanted is None and len(declared.resources) == 1:
        wanted = next(iter(declared.resources))
    if wanted is None or wanted not in declared.resources:
        said = f"has no resource {wanted!r}" if wanted else "declares several resources"
        raise UsageError(
            f"{path} {said}",
            remedy="name one as its `default`, or choose with --resource:"
            f" {', '.join(declared.resources)}",
        )
    return declared.resources[wanted]


def load(path: Path, environ: Mapping[str, str]) -> SpeechResources:
    """The resources that a file declares. Raises ProfileError with all its problems."""
    try:
        with path.open("rb") as stream:
            data = stream.read(document.SIZE_LIMIT + 1)
    except OSError as exc:
        raise _refused(path, f"cannot be read: {exc.strerror}") from exc
    text, problems = document.decode(data, str(path))
    nodes, faults = document.read(text, str(path)) if not problems else ([], problems)
    if faults:
        raise ProfileError(tuple(faults))
    if len(nodes) != 1:
        raise _refused(path, "holds no resources, or more than one document")
    reading = Reading(
        str(path), path.parent.absolute(), environ.get("HOME"), Variables(environ)
    )
    found = reading.read(Section(SpeechResources), nodes[0], "")
    if reading.problems or not isinstance(found, SpeechResources):
        raise ProfileError(tuple(reading.problems))
    return found


def _refused(path: Path, message: str) -> ProfileError:
    fault = Problem(file=str(path), line=0, column=0, path="", message=message)
    return ProfileError((fault,))
