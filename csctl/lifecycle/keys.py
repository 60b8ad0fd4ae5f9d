"""The secrets of a profile, read when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from csctl import secret
from csctl.container.spec import UnknownSecret, Value
from csctl.contract.arguments import Account
from csctl.errors import CsctlError, SecretUnavailable, UsageError
from csctl.profile.model import Profile
from csctl.secret import Redactor, Secret, SecretSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What could be read of a profile's secrets, and what stood in the way."""

    billing: Secret | UnknownSecret | None
    license: Secret | UnknownSecret | None
    environment: Mapping[str, Value]
    billing_problem: CsctlError | None
    license_problem: CsctlError | None
    environment_problems: tuple[CsctlError, ...]

    def redactor(self) -> Redactor:
        """A redactor that knows all of them."""
        values = (self.billing, self.license, *self.environment.values())
        return Redactor(value for value in values if isinstance(value, Secret))


_Read = tuple[Secret | UnknownSecret | None, CsctlError | None]


def read_keys(
    profile: Profile,
    environ: Mapping[str, str],
    wanted: Collection[str] = ("billing", "license"),
) -> Keys:
    """Read the `wanted` keys of a profile, and the secrets of its environment.

    One that gives nothing is a problem, and no error.
    """

    def take(source: SecretSource | None) -> _Read:
        if source is None:
            return None, None
        try:
            return secret.read(source, environ), None
        except SecretUnavailable as error:
            where = f"{profile.name}: {error.message}"
            return UnknownSecret(), SecretUnavailable(where, remedy=error.remedy)

    billing, billing_problem = take(
        profile.billing.api_key if profile.billing and "billing" in wanted else None
    )
    license_, license_problem = take(
        profile.license.api_key if profile.license and "license" in wanted else None
    )
    environment, problems = _environment(profile, take)
    return Keys(
        billing=billing,
        license=license_,
        environment=environment,
        billing_problem=billing_problem,
        license_problem=license_problem,
        environment_problems=tuple(problems),
    )


def unread_environment(profile: Profile) -> Mapping[str, Value]:
    """The variables of a profile's `environment` and `proxy`, no secret read."""
    environment, _ = _environment(profile, lambda _: (None, None))
    return environment


def _environment(
    profile: Profile, take: Callable[[SecretSource | None], _Read]
) -> tuple[dict[str, Value], list[CsctlError]]:
    problems: list[CsctlError] = []
    environment: dict[str, Value] = {}
    for name, value in profile.environment.items():
        if isinstance(value, str):
            environment[name] = value
            continue
        read, problem = take(value)
        environment[name] = read if read is not None else UnknownSecret()
        if problem is not None:
            problems.append(problem)
    if isinstance(profile.proxy, str):
        environment["HTTP_PROXY"] = profile.proxy
    elif profile.proxy is not None:
        proxy, problem = take(profile.proxy)
        environment |= _proxy(proxy)
        if problem is not None:
            problems.append(problem)
    return environment, problems


def _proxy(value: Secret | UnknownSecret | None) -> dict[str, Value]:
    # The image takes address and credentials apart (facts, section 1h).
    if not isinstance(value, Secret):
        return {"HTTP_PROXY": UnknownSecret(), "HTTP_PROXY_CREDS": UnknownSecret()}
    parts = urlsplit(value.reveal())
    if parts.username is None:
        return {"HTTP_PROXY": value}
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    user, password = unquote(parts.username), unquote(parts.password or "")
    return {
        "HTTP_PROXY": place.geturl(),
        "HTTP_PROXY_CREDS": Secret(f"{user}:{password}"),
    }


def billing_account(profile: Profile, keys: Keys) -> Account:
    """The resource that models are downloaded from. Raises CsctlError."""
    if profile.billing is None or not isinstance(keys.billing, Secret):
        raise keys.billing_problem or UsageError(
            f"{profile.name}: the profile has no `billing` with a key",
            remedy="add `billing` with `endpoint` and `api_key`",
        )
    return Account(
        endpoint=profile.billing.endpoint,
        api_key=keys.billing,
        as_argument=profile.api_key_as == "argument",
    )


def license_account(profile: Profile, keys: Keys) -> Account:
    """The DC0 resource that licenses are fetched from. Raises CsctlError."""
    if profile.license is None or not isinstance(keys.license, Secret):
        raise keys.license_problem or UsageError(
            f"{profile.name}: the profile has no `license` with a key",
            remedy="add `license` with `endpoint` and `api_key`",
        )
    endpoint = profile.license.endpoint
    if endpoint is None:
        raise UsageError(
            f"{profile.name}: `license` has no `endpoint`",
            remedy="add the endpoint of the DC0 resource",
        )
    return Account(
        endpoint=endpoint,
        api_key=keys.license,
        as_argument=profile.api_key_as == "argument",
    )
