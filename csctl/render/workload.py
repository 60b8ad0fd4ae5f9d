"""What another engine is told of a profile: its container, and how to get there.

No key is read for it: where one belongs, the spec holds an `UnknownSecret`, and `keys`
says where a person or a secret store finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from csctl.container.spec import ContainerSpec, UnknownSecret, Value
from csctl.contract import arguments
from csctl.contract.arguments import Account, Invocation
from csctl.errors import UsageError
from csctl.model import StoredModel
from csctl.ownership import Owner
from csctl.plan.serving import Parts, serving_spec
from csctl.profile.model import Profile
from csctl.secret import FromCommand, FromEnvironment, FromFile, Secret, SecretSource

API_KEY = "ApiKey"
_MOVING = ("newest",)
_OWN_LABELS = "csctl."


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A one-shot run of the image that brings something to the model's directory."""

    name: str
    invocation: Invocation
    serves: bool
    """Whether it serves when it is done, and never ends by itself (facts, section 11);
    the others are documented to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A profile's container with its keys withheld, and what it has to find."""

    profile: Profile
    spec: ContainerSpec
    model: str
    """The model's id."""
    owner: Owner | None
    """The image's user, where it is known."""
    replicas: int
    downloads: tuple[Download, ...]
    """In their order; none where the profile names no key to download with."""
    keys: Mapping[str, SecretSource]
    """Where the value of each withheld variable comes from."""

    @property
    def labels(self) -> dict[str, str]:
        """The profile's labels: csctl's own would make it take the container over."""
        return {
            name: text
            for name, text in self.spec.labels.items()
            if not name.startswith(_OWN_LABELS)
        }

    @property
    def key_is_argument(self) -> bool:
        """Whether the container takes its key as an argument."""
        return any(isinstance(word, UnknownSecret) for word in self.spec.arguments)


def workload(
    profile: Profile, parts: Parts, *, replicas: int, owner: Owner | None
) -> Workload:
    """What another engine is told. Raises UsageError for an image that moves.

    `parts` holds no secret: what is one is unknown.
    """
    if profile.image.digest is None and profile.image.tag in _MOVING:
        raise UsageError(
            f"{profile.name}: {profile.image} is another image tomorrow",
            remedy="write an exact tag into the profile: csctl image tags lists them",
        )
    return Workload(
        profile=profile,
        spec=serving_spec(profile, parts),
        model=parts.model.id,
        owner=owner,
        replicas=replicas,
        downloads=tuple(_downloads(profile, parts.model)),
        keys=dict(_keys(profile)),
    )


def _downloads(profile: Profile, stored: StoredModel) -> Iterator[Download]:
    billing, display = profile.billing, profile.display
    if billing is None or billing.api_key is None:
        return
    account = Account(
        endpoint=billing.endpoint,
        api_key=Secret(""),
        as_argument=profile.api_key_as == "argument",
    )
    model = arguments.serve_connected(stored.id, stored.directory, account)
    yield Download(name="model", invocation=model.withheld(), serves=True)
    if display is None:
        return
    arguments.check_display_support(profile.image.tag)
    if display.locale is not None:
        newest = arguments.download_display_by_locale(
            display.types, display.locale, stored.directory, account
        )
        yield Download(name="display", invocation=newest.withheld(), serves=False)
    for kind, identity in sorted(display.ids.items()):
        one = arguments.download_display_by_id(
            kind, identity, stored.directory, account
        )
        yield Download(name=kind, invocation=one.withheld(), serves=False)


def _keys(profile: Profile) -> Iterator[tuple[str, SecretSource]]:
    billing = profile.billing
    if billing is not None and billing.api_key is not None:
        yield API_KEY, billing.api_key
    for name, value in profile.environment.items():
        if not isinstance(value, str):
            yield portable(name), value
    if profile.proxy is not None and not isinstance(profile.proxy, str):
        yield "HTTP_PROXY", profile.proxy
        yield "HTTP_PROXY_CREDS", profile.proxy


def portable(name: str) -> str:
    """A variable's name as every engine takes it (facts, section 1h)."""
    return name.replace(":", "__")


def environment(
    values: Mapping[str, Value],
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Variables by portable names: those with a value, and the names of the others."""
    known = {portable(n): v for n, v in values.items() if isinstance(v, str)}
    secret = (portable(n) for n, v in values.items() if not isinstance(v, str))
    return known, tuple(secret)


def words(values: tuple[Value, ...], key: str) -> list[str]:
    """Arguments, with `key` for what an engine puts in the place of the key."""
    return [word if isinstance(word, str) else f"{API_KEY}={key}" for word in values]


def source_variable(workload: Workload, name: str) -> str:
    """The environment variable that a withheld value is to be found in."""
    source = workload.keys.get(name)
    proxy = name.startswith("HTTP_PROXY")
    if isinstance(source, FromEnvironment) and not proxy:
        return source.variable
    return re.sub(r"\W", "_", f"{workload.profile.name}_{name}").upper()


def shell(name: str, source: SecretSource) -> str:
    """A shell command that prints a withheld value without the white space around it.

    It names no value. A proxy's address and its credentials lie in one secret, which
    the image takes apart (facts, section 1h); a person has to do that.
    """
    from shlex import join, quote

    if name.startswith("HTTP_PROXY"):
        return f"cat FILE-WITH-{'USER:PASSWORD' if name.endswith('CREDS') else 'URL'}"
    match source:
        case FromEnvironment(variable):
            return f'printf %s "${variable}"'
        case FromFile(path):
            return f"tr -d '\\n' < {quote(str(path))}"
        case FromCommand(argv):
            return f"{join(argv)} | tr -d '\\n'"
