"""The API's models beside those on this host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from csctl.azure.catalog import CatalogModel, newest_base
from csctl.lifecycle.model_stock import StockedModel
from csctl.lifecycle.speech_models import join

NOW = datetime(2026, 11, 28, tzinfo=UTC)
YEARS = timedelta(days=730)


def _model(
    id_: str,
    *,
    base: bool = True,
    age: int = 0,
    retires: datetime | None = NOW + YEARS,
    on_containers: bool | None = True,
    locale: str = "en-US",
) -> CatalogModel:
    return CatalogModel(
        id=id_,
        name=id_,
        locale=locale,
        base=base,
        status="Succeeded",
        created=NOW - timedelta(days=age),
        on_containers=on_containers,
        adaptable_until=None,
        retires=retires,
    )


def _stocked(
    id_: str, *, locale: str | None = None, damage: tuple[str, ...] = ()
) -> StockedModel:
    return StockedModel(
        id=id_,
        directory=Path("/srv") / id_,
        base_locale=locale,
        displays=(),
        image=None,
        fetched_at=None,
        bytes=None,
        damage=damage,
        run_by=("contoso",),
        named_by=(),
    )


def test_the_newest_base_model_is_one_that_containers_serve() -> None:
    models = [
        _model("future", age=1, on_containers=False),
        _model("new", age=2),
        _model("old", age=9),
        _model("custom", base=False),
        _model("german", locale="de-DE"),
    ]

    found = newest_base(models, "EN-us")
    assert found is not None
    assert found.id == "new"
    assert newest_base(models, "fr-FR") is None


def test_a_followed_base_model_is_outdated_by_a_newer_one() -> None:
    models = [_model("new", age=1), _model("old", age=9), _model("older", age=20)]
    stocked = [_stocked("old", locale="en-US"), _stocked("OLDER")]

    new, old, older = join(models, stocked, NOW)

    assert (new.newest, new.present, new.outdated) == (True, False, False)
    assert (old.newest, old.present, old.outdated) == (False, True, True)
    assert old.used_by == ("contoso",)
    # It was fetched by its id: nobody asked for the newest one.
    assert (older.present, older.outdated) == (True, False)


def test_what_is_here_or_ones_own_is_told_to_retire() -> None:
    soon = NOW + timedelta(days=30)
    models = [
        _model("own", base=False, retires=soon),
        _model("here", retires=soon),
        _model("elsewhere", retires=soon),
        _model("later", base=False),
        _model("unknown", base=False, retires=None),
    ]

    found = join(models, [_stocked("here")], NOW)

    assert [one.retiring for one in found] == [True, True, False, False, False]


def test_a_damaged_model_is_not_present() -> None:
    [found] = join([_model("a")], [_stocked("a", damage=("x: missing",))], NOW)
    assert not found.present
