"""Speech models as the API lists them, custom and base ones alike.

Facts: rest-api.md section 6. The first page has the oldest base models, so whoever
wants the newest one reads all pages (section 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csctl.azure import names
from csctl.azure.client import Speech
from csctl.azure.entity import id_of, inside, name_of
from csctl.azure.filter import expression

_CUSTOM = "Models_ListCustomModels"
_BASE = "Models_ListBaseModels"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogModel:
    """One model of the resource, or one that all resources have."""

    id: str
    name: str
    locale: str
    base: bool
    status: str
    created: datetime | None
    on_containers: bool | None
    """Whether a container may serve it. Not yet may become yes; None is unknown."""
    adaptable_until: datetime | None
    retires: datetime | None
    """From then on it transcribes no more."""

    @property
    def ready(self) -> bool:
        """Whether it is whole: a custom one may be in training, or have failed."""
        return self.status == "Succeeded"


def read(speech: Speech, locale: str | None = None) -> list[CatalogModel]:
    """All models, custom ones first, each kind newest first. Raises AzureError."""
    return [*_listed(speech, _CUSTOM, locale), *_listed(speech, _BASE, locale)]


def custom_models(speech: Speech) -> list[CatalogModel]:
    """The custom models of all locales, newest first. Raises AzureError."""
    return _listed(speech, _CUSTOM, None)


def find(speech: Speech, text: str) -> CatalogModel:
    """The custom or base model that an id, a link or a unique name means.

    Raises UsageError, AzureError.
    """
    group, id_ = names.model(speech, text)
    operation = speech.table.at("GET", f"/{group}/{{id}}")
    return of_api(speech.get(operation, {"id": id_}), base=group == names.BASE)


def newest_base(models: Iterable[CatalogModel], locale: str) -> CatalogModel | None:
    """The newest base model of a locale that containers may serve."""
    fit = (
        one
        for one in models
        if one.base
        and one.locale.lower() == locale.lower()
        and one.on_containers is not False
        and one.ready
    )
    return max(fit, key=_age, default=None)


def _listed(speech: Speech, name: str, locale: str | None) -> list[CatalogModel]:
    operation = speech.table.find(name)
    wanted = expression(operation, {"locale": [locale] if locale else []})
    values = {"filter": wanted} if wanted else {}
    found = [of_api(one, base=name == _BASE) for one in speech.items(operation, values)]
    return sorted(_of_locale(found, locale), key=_age, reverse=True)


def _of_locale(
    models: Iterable[CatalogModel], locale: str | None
) -> Iterator[CatalogModel]:
    return (m for m in models if locale is None or m.locale.lower() == locale.lower())


def _age(model: CatalogModel) -> tuple[bool, float, str]:
    created = model.created
    return created is not None, created.timestamp() if created else 0.0, model.id


def of_api(value: Mapping[str, Any], *, base: bool) -> CatalogModel:
    """A model as a listing has it."""
    properties = inside(value, "properties")
    ends = inside(properties, "deprecationDates")
    features = inside(properties, "features")
    on_containers = features.get("supportsTranscriptionsOnSpeechContainers")
    return CatalogModel(
        id=id_of(value) or "",
        name=name_of(value),
        locale=str(value.get("locale") or ""),
        base=base,
        status=str(value.get("status") or ""),
        created=moment(value.get("createdDateTime")),
        on_containers=on_containers if isinstance(on_containers, bool) else None,
        adaptable_until=moment(ends.get("adaptationDateTime")),
        retires=moment(ends.get("transcriptionDateTime")),
    )


def moment(text: Any) -> datetime | None:
    """A time as the service writes it; None where it is none."""
    try:
        value = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return value if value.tzinfo else None
