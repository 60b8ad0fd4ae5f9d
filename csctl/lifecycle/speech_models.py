"""The models of the REST API beside those on this host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from csctl.azure import catalog
from csctl.azure.catalog import CatalogModel, newest_base
from csctl.azure.client import Say, open_speech
from csctl.azure.resource import of
from csctl.errors import UsageError
from csctl.lifecycle.model_stock import StockedModel
from csctl.profile import speech
from csctl.profile.model import Profile
from csctl.profile.speech import SpeechResource

_NOTICE = timedelta(days=90)
"""So long before a model transcribes no more it counts as retiring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """A model of the API, and what this host has of it."""

    model: CatalogModel
    newest: bool
    """Whether it is the newest base model of its locale that containers serve."""
    present: bool
    used_by: tuple[str, ...]
    """The containers that have it mounted."""
    outdated: bool
    """Whether it is here for being the newest of its locale, and another one is now."""
    retiring: bool
    """Whether it is here or a custom one, and soon transcribes no more."""


def join(
    models: Sequence[CatalogModel], stocked: Iterable[StockedModel], now: datetime
) -> list[KnownModel]:
    """The API's models, in their order, with what the local records tell of them."""
    here = {one.id.lower(): one for one in stocked}
    newest = {
        locale: found.id
        for locale in {one.locale for one in models if one.base}
        if (found := newest_base(models, locale))
    }
    return [_join(one, here.get(one.id.lower()), newest, now) for one in models]


def _join(
    model: CatalogModel,
    stocked: StockedModel | None,
    newest: dict[str, str],
    now: datetime,
) -> KnownModel:
    first = newest.get(model.locale) if model.base else None
    followed = stocked is not None and stocked.base_locale is not None
    return KnownModel(
        model=model,
        newest=model.id == first,
        present=stocked is not None and not stocked.damage,
        used_by=stocked.run_by if stocked else (),
        outdated=followed and first is not None and model.id != first,
        retiring=retires_soon(model, now) and (stocked is not None or not model.base),
    )


def retires_soon(model: CatalogModel, now: datetime) -> bool:
    """Whether a model soon transcribes no more, or does not any more."""
    return model.retires is not None and model.retires - now < _NOTICE


def resource_of(profile: Profile, environ: Mapping[str, str]) -> SpeechResource:
    """The resource whose models a profile may want.

    It is one of csctl.yaml, also of one beside the profile, else its billing's. Raises
    UsageError where there is none, ProfileError.
    """
    path = speech.found(environ, profile.source.file.parent)
    if path is not None:
        return speech.choose(path, environ)
    if profile.billing is None:
        raise UsageError(
            f"no Speech resource is named: {profile.name} has no `billing`",
            remedy=f"add it, or declare the resource in {speech.FILE} beside"
            f" {profile.source.file}",
        )
    billing = profile.billing
    return SpeechResource(endpoint=billing.endpoint, api_key=billing.api_key)


def custom_models(
    profile: Profile, environ: Mapping[str, str], say: Say
) -> list[CatalogModel]:
    """The custom models that a profile may want, newest first. Raises CsctlError."""
    resource = of(resource_of(profile, environ))
    with open_speech(resource, environ, say=say) as api:
        return catalog.custom_models(api)
