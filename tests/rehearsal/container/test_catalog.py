from __future__ import annotations

import re

import pytest

from csctl.rehearsal.container import catalog

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_base_models_are_several_and_the_oldest_is_first() -> None:
    models = catalog.base_models("en-US")
    created = [model.created for model in models]
    assert len(models) > 1
    assert created == sorted(created)
    assert all(GUID.fullmatch(model.id) for model in models)


def test_no_two_base_models_share_an_id() -> None:
    models = [m for locale in catalog.LOCALES for m in catalog.base_models(locale)]
    assert len({model.id for model in models}) == len(models)


def test_an_unknown_locale_has_no_models() -> None:
    assert catalog.base_models("xx-xx") == ()
    assert catalog.display_model("Punct", "xx-xx") is None


def test_a_base_model_is_found_by_its_id_in_any_case() -> None:
    wanted = catalog.base_models("sv-se")[1]
    assert catalog.speech_model(wanted.id.upper()) == wanted


@pytest.mark.parametrize(
    "model_id",
    ["", "newest", "00000000-1111-4222-8333-444455556666", "5f3a0c1e"],
    ids=["empty", "word", "unknown", "short"],
)
def test_an_id_that_azure_does_not_have(model_id: str) -> None:
    assert catalog.speech_model(model_id) is None


def test_display_models_of_types_and_locales_differ() -> None:
    offers = [
        catalog.display_model(kind, locale)
        for kind in ("Punct", "Rescore")
        for locale in ("en-us", "de-de")
    ]
    ids = {offer.id for offer in offers if offer}
    assert len(ids) == 4
    assert all(catalog.has_display_model(display_id) for display_id in ids)
