"""Which Speech resource a command means, and the way to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from csctl.cli.session import Session
from csctl.errors import CsctlError, InvalidValue, UsageError
from csctl.profile import speech
from csctl.profile.speech import (
    API_VERSIONS,
    CLOUDS,
    FILE,
    IDENTITIES,
    SpeechResource,
    SpeechResources,
)
from csctl.secret import FromEnvironment, FromFile, SecretSource

if TYPE_CHECKING:
    from csctl.azure.client import Speech
    from csctl.azure.resource import Resource

_OPTIONS: Final = (
    click.option("--resource", metavar="NAME", help=f"A resource of {FILE}."),
    click.option("--config", metavar="FILE", help=f"Another {FILE}."),
    click.option(
        "--profile",
        "of_profile",
        metavar="PROFILE",
        help="A profile, for its billing.",
    ),
    click.option("--endpoint", metavar="URL", help="The resource's endpoint."),
    click.option("--region", metavar="R", help="Its region, such as westeurope."),
    click.option("--custom-domain", metavar="NAME", help="Its custom domain."),
    click.option("--cloud", type=click.Choice(CLOUDS), help="The cloud of these."),
    click.option(
        "--api-key-env", metavar="NAME", help="The variable that holds the key."
    ),
    click.option("--api-key-file", metavar="PATH", help="The file that holds the key."),
    click.option(
        "--auth", type=click.Choice(("key", "entra")), help="By key or Entra ID."
    ),
    click.option(
        "--identity", type=click.Choice(IDENTITIES), help="Which Entra identity."
    ),
    click.option(
        "--byos/--no-byos", default=None, help="It brings its own storage, or not."
    ),
    click.option(
        "--force-destination",
        is_flag=True,
        help="Insist on a destinationContainerUrl in spite of --byos.",
    ),
    click.option(
        "--api-version",
        type=click.Choice(API_VERSIONS),
        help="The version of the API; v3.1 unless the resource says otherwise.",
    ),
)


def resource_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a resource."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the options say of the resource, and the session that they are said in."""

    session: Session
    resource: str | None
    config: str | None
    of_profile: str | None
    endpoint: str | None
    region: str | None
    custom_domain: str | None
    cloud: str | None
    api_key_env: str | None
    api_key_file: str | None
    auth: str | None
    identity: str | None
    byos: bool | None
    force_destination: bool
    api_version: str | None

    @classmethod
    def take(cls, session: Session, options: dict[str, Any]) -> Access:
        """Take the options that name a resource out of a command's own."""
        names = {one.name for one in fields(cls)} - {"session"}
        own = {name: options.pop(name) for name in names}
        return cls(session=session, **own)

    def open(self) -> Speech:
        """The API of the resource. Raises UsageError, ProfileError."""
        from csctl.azure.client import open_speech

        return open_speech(
            self.meant(),
            self.session.environ,
            say=self.session.say,
            force_destination=self.force_destination,
        )

    def meant(self) -> Resource:
        """The resource that is meant. Raises UsageError, ProfileError."""
        from csctl.azure.resource import of

        return of(self._declared())

    def about(self, path: Path) -> Access:
        """The same; where no option says which resource, that of a profile's models.

        It is one of csctl.yaml, also of one beside the profile, else its billing's.
        `path` is the profile's file, or its directory.
        """
        if self._is_written or self.of_profile or self.config:
            return self
        beside = path if path.is_dir() else path.parent
        config = speech.found(self.session.environ, beside)
        if config is None and self.resource is None:
            return replace(self, of_profile=str(path))
        return replace(self, config=str(config) if config else None)

    @property
    def version(self) -> str:
        """The API version, as far as it can be told without a fault."""
        if self.api_version is not None:
            return self.api_version
        try:
            return self._declared().api_version
        except CsctlError:
            return API_VERSIONS[0]

    @property
    def _is_written(self) -> bool:
        return bool(self.endpoint or self.region or self.custom_domain)

    def _declared(self) -> SpeechResource:
        if self._is_written:
            declared: dict[str, Any] = {}
        elif self.of_profile is not None:
            declared = self._of_profile(self.of_profile)
        else:
            declared = self._of_file()
        return _checked(declared | self._overrides())

    def _overrides(self) -> dict[str, Any]:
        names = (
            *("endpoint", "region", "custom_domain", "cloud", "auth", "identity"),
            *("byos", "api_version"),
        )
        written = {name: getattr(self, name) for name in names}
        key: SecretSource | None = None
        if self.api_key_env:
            key = FromEnvironment(self.api_key_env)
        elif self.api_key_file:
            key = FromFile(Path(self.api_key_file))
        written["api_key"] = key
        return {name: value for name, value in written.items() if value is not None}

    def _of_profile(self, path: str) -> dict[str, Any]:
        profiles = self.session.everywhere([path])
        if len(profiles) != 1 or profiles[0].billing is None:
            raise UsageError(
                f"{path} is not one profile with `billing`",
                remedy="name a file with one profile, or use --endpoint",
            )
        billing = profiles[0].billing
        return {"endpoint": billing.endpoint, "api_key": billing.api_key}

    def _of_file(self) -> dict[str, Any]:
        path = self._config()
        if path is None:
            raise UsageError(
                "no Speech resource is named",
                remedy=f"declare it in {FILE}; or add --endpoint URL and --api-key-env"
                " NAME, or --profile PROFILE",
            )
        one = speech.choose(path, self.session.environ, self.resource)
        return {
            name: value
            for name in one.__struct_fields__
            if (value := getattr(one, name)) is not None
        }

    def _config(self) -> Path | None:
        named = self.config
        return Path(named) if named else speech.found(self.session.environ)


def declared(session: Session) -> SpeechResources | None:
    """What csctl.yaml declares, where there is one. Raises ProfileError."""
    path = speech.found(session.environ)
    return speech.load(path, session.environ) if path else None


def _checked(declared: dict[str, Any]) -> SpeechResource:
    """A resource by the same rules as in the file. Raises UsageError."""
    from csctl.profile import value

    # Where it is was written anew: what was declared of that does not count.
    readers = {
        "endpoint": value.ENDPOINT.parse,
        "region": value.region,
        "custom_domain": value.custom_domain,
    }
    try:
        for name in readers.keys() & declared.keys():
            declared[name] = readers[name](declared[name])
    except InvalidValue as exc:
        option = name.replace("_", "-")
        raise UsageError(f"--{option}: {exc.message}", remedy=exc.remedy) from exc
    written = {k: v for k, v in declared.items() if v is not False}
    for path, message in SpeechResource.faults(written):
        if path == "api_key":
            raise UsageError(
                "no key of the resource is named",
                remedy="add --api-key-env NAME or --api-key-file PATH, or --auth entra",
            )
        where = f"{path}: " if path else ""
        raise UsageError(f"the resource: {where}{message}")
    return SpeechResource(**declared)
