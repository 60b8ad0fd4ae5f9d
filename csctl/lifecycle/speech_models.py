"""The models of the REST API beside those on this host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from csctl.azure.catalog import CatalogModel, newest_base
from csctl.lifecycle.model_stock import StockedModel

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
    soon = model.retires is not None and model.retires - now < _NOTICE
    return KnownModel(
        model=model,
        newest=model.id == first,
        present=stocked is not None and not stocked.damage,
        used_by=stocked.run_by if stocked else (),
        outdated=followed and first is not None and model.id != first,
        retiring=soon and (stocked is not None or not model.base),
    )
