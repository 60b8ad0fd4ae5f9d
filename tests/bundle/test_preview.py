"""A preview says what loading then does, and changes nothing."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from csctl.bundle.archive import open_bundle
from csctl.bundle.carried import Destination
from csctl.bundle.preview import Preview, preview
from csctl.bundle.signature import Trust
from csctl.errors import BundleError
from tests.bundle import freight as freights
from tests.bundle.far_side import nothing, tree
from tests.bundle.freight import Freight
from tests.bundle.landing import Landing, outcomes, some_freight


@pytest.fixture
def here(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    rehearsal_archive: Path,
    unique_name: str,
    tmp_path: Path,
) -> Landing:
    """A host whose Engine has the image, and nothing else of the bundle."""
    packed = freights.standin(rehearsal_archive)
    return Landing(engine_host, tmp_path, some_freight(unique_name, packed))


def _preview(here: Landing, data: bytes, where: Destination | None = None) -> Preview:
    file = here.folder / "a.bundle"
    file.write_bytes(data)
    where = where or Destination(profiles=here.profile.parent)
    with here.engine() as engine, open_bundle(file, Trust()) as bundle:
        run = preview(engine, bundle, {}, where)
        while True:
            try:
                next(run)
            except StopIteration as stop:
                found: Preview = stop.value
                return found


def _agrees(here: Landing, freight: Freight, where: Destination | None = None) -> None:
    data = freight.make(nothing).archive()
    before = tree(here.folder / "profiles")
    seen = _preview(here, data, where)
    assert tree(here.folder / "profiles") == before
    done = here.load_bytes(data, where=where)
    assert [
        (one.kind, one.name, one.outcome.replace("to load", "loaded"), one.sha256)
        for one in seen.parts
    ] == [(one.kind, one.name, one.outcome, one.sha256) for one in done.parts]
    assert [str(one.error) for one in seen.parts] == [
        str(one.error) for one in done.parts
    ]


def test_it_says_what_loading_then_does(here: Landing) -> None:
    here.profile.parent.mkdir()
    _agrees(here, here.freight)
    _agrees(here, here.freight)
    assert outcomes(here.load())["license"] == "there already"


def test_a_license_that_would_be_refused_and_a_profile_that_stays(
    here: Landing,
) -> None:
    here.load()
    older = dataclasses.replace(
        here.freight,
        license={"license.key": b"older"},
        fetched_at=here.freight.fetched_at - timedelta(days=9),
        text=here.freight.text + "# another one\n",
    )
    _agrees(here, older)


def test_profiles_that_are_not_asked_for_are_not_written(here: Landing) -> None:
    data = here.freight.make(nothing).archive()
    seen = _preview(here, data, Destination(target=here.folder / "data"))
    assert [one.outcome for one in seen.parts if one.kind == "profile"] == [
        "not written"
    ]
    assert seen.strange is None


def test_a_profile_that_nobody_here_has_seen_is_told(here: Landing) -> None:
    seen = _preview(here, here.freight.make(nothing).archive())
    assert seen.strange is not None
    assert "no pinned key signed it" in seen.strange.message
    assert dataclasses.replace(seen, trusted=True).strange is None
    here.load()
    assert _preview(here, here.freight.make(nothing).archive()).strange is None


def test_a_damaged_bundle_is_refused(here: Landing) -> None:
    data = here.freight.make(nothing).archive()
    with pytest.raises(BundleError, match="its data has another sum"):
        _preview(here, data.replace(b"sound" * 9, b"noise" * 9, 1))
