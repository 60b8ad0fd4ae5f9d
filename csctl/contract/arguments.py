"""The words and variables with which the image is started in each of its modes.

All that is known of them stands in the project's facts (container.md sections 1, 2
and 8); where a fact is missing, a profile key decides, and the default is the
documented form. Everything here is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from csctl.container.spec import BindMount, UnknownSecret, Value
from csctl.errors import UsageError
from csctl.secret import Secret
from csctl.tag import Tag

MODELS = "/usr/local/models"
LICENSE = "/license"
OUTPUT = "/output"
PORT = 5000
"""The port inside the container; it cannot be changed (facts, section 2)."""

DOWNLOAD_SECONDS = 3600
"""The image gives a model download one hour itself (facts, section 3)."""

MARKER = "properties.json"
"""The file in a model's directory without which the host does not start."""

DISPLAY_WORDS: Mapping[str, str] = {
    "punct": "Punct",
    "rescore": "Rescore",
    "resegment": "Resegment",
    "wfstitn": "Wfstitn",
}
_FIRST_WITH_DISPLAY = (3, 1)
_EULA = "Eula=accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """How the image is started once: words after the image, variables, mounts."""

    arguments: tuple[Value, ...]
    environment: Mapping[str, Value] = field(default_factory=dict)
    mounts: tuple[BindMount, ...] = ()

    def withheld(self) -> Invocation:
        """The same without its secrets, for comparing and for showing."""
        return Invocation(
            arguments=tuple(map(_withheld, self.arguments)),
            environment={n: _withheld(v) for n, v in self.environment.items()},
            mounts=self.mounts,
        )


def _withheld(value: Value) -> Value:
    return UnknownSecret() if isinstance(value, Secret) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The resource that a run is billed to, and how its key is passed on."""

    endpoint: str
    api_key: Secret
    as_argument: bool = False


def _account(account: Account) -> tuple[tuple[str | Secret, ...], dict[str, Value]]:
    # Never both ways: which of the two wins is not known (facts, section 8).
    if account.as_argument:
        key = Secret(f"ApiKey={account.api_key.reveal()}")
        return (f"Billing={account.endpoint}", key), {}
    return (), {"Billing": account.endpoint, "ApiKey": account.api_key}


def list_base_models(locale: str, account: Account) -> Invocation:
    """List the base models of a locale (facts, section 1c)."""
    words, environment = _account(account)
    return Invocation(
        arguments=(f"BaseModelLocale={locale}", _EULA, *words), environment=environment
    )


def list_display_models(
    types: tuple[str, ...], locale: str, account: Account
) -> Invocation:
    """List the newest display models of a locale (facts, section 1d)."""
    base = list_base_models(locale, account)
    return Invocation(
        arguments=(*_type_words(types), *base.arguments), environment=base.environment
    )


def serve_connected(model_id: str, models: Path, account: Account) -> Invocation:
    """Serve connected, after downloading the model where it is missing.

    One and the same command does both (facts, section 1a).
    """
    words, environment = _account(account)
    return Invocation(
        arguments=(f"ModelId={model_id}", _EULA, *words),
        environment=environment,
        mounts=(BindMount(source=models, target=MODELS),),
    )


def download_display_by_locale(
    types: tuple[str, ...], locale: str, models: Path, account: Account
) -> Invocation:
    """Download the newest display models of a locale (facts, section 1d).

    The mount is not in the documented example; without it the download is lost.
    """
    words, environment = _account(account)
    return Invocation(
        arguments=(*_type_words(types), f"DisplayLocale={locale}", _EULA, *words),
        environment=environment,
        mounts=(BindMount(source=models, target=MODELS),),
    )


def download_display_by_id(
    kind: str, display_id: str, models: Path, account: Account
) -> Invocation:
    """Download one display model; a run takes one id only (facts, section 1d)."""
    words, environment = _account(account)
    return Invocation(
        arguments=(f"{DISPLAY_WORDS[kind]}Id={display_id}", _EULA, *words),
        environment=environment,
        mounts=(BindMount(source=models, target=MODELS),),
    )


def download_license(license_: Path, models: Path, account: Account) -> Invocation:
    """Fetch a license; the models are mounted too (facts, section 1e)."""
    words, environment = _account(account)
    return Invocation(
        arguments=(
            _EULA,
            *words,
            "DownloadLicense=True",
            f"Mounts:License={LICENSE}",
        ),
        environment=environment,
        mounts=(
            BindMount(source=license_, target=LICENSE),
            BindMount(source=models, target=MODELS),
        ),
    )


def serve_disconnected(models: Path, license_: Path, output: Path) -> Invocation:
    """Serve disconnected: no key, no billing, no model id (facts, section 1f)."""
    return Invocation(
        arguments=(_EULA, f"Mounts:License={LICENSE}", f"Mounts:Output={OUTPUT}"),
        mounts=(
            BindMount(source=license_, target=LICENSE),
            BindMount(source=output, target=OUTPUT),
            BindMount(source=models, target=MODELS),
        ),
    )


def decoders(count: int | None) -> dict[str, Value]:
    """The variable that bounds simultaneous recognitions (facts, section 3)."""
    return {} if count is None else {"DECODER_MAX_COUNT": str(count)}


def check_display_support(tag: str | None) -> None:
    """Refuse display models below image 3.1.0. Raises UsageError.

    A tag that is no version (a digest, `latest`) passes: nothing is known of it.
    """
    version = Tag.parse(tag).version if tag is not None else None
    if version is not None and version.release < _FIRST_WITH_DISPLAY:
        raise UsageError(
            f"image {tag} has no display models; they came with 3.1.0",
            remedy="choose a newer image, or remove `display` from the profile",
        )


def _type_words(types: tuple[str, ...]) -> tuple[str, ...]:
    if set(types) == set(DISPLAY_WORDS):
        return ("FullDisplay",)
    return tuple(DISPLAY_WORDS[kind] for kind in types)
