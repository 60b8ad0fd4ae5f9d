"""Custom models on the screen of models, on the stand-in of the REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from csctl.contract.arguments import MARKER
from csctl.profile.load import load
from csctl.profile.model import Profile
from csctl.tui import doors
from csctl.tui.base_models import BaseModels
from csctl.tui.custom_models import CustomModels
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.models_screen import ModelsScreen
from tests.rest_api import KEY, RestApi, rest_api
from tests.tui.stage import (
    Stage,
    container,
    notices_of,
    row,
    run,
    stage,
    text_of,
    until,
    until_notice,
    until_text,
)

pytestmark = pytest.mark.anyio

FIT = "Contoso calls en-US"
UNFIT = "Contoso dictation en-US"
GUID = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
_OLD_VERSION = "v3.0"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def api() -> Iterator[RestApi]:
    """The stand-in; it has a customer's two models from the first."""
    with rest_api(job_seconds=0, deprecated=_OLD_VERSION) as running:
        yield running


@dataclass(frozen=True)
class Place:
    """A profile's file, and the application on it. There is no Engine."""

    path: Path
    key: str = KEY

    def write(self, **changes: Any) -> None:
        """Write the profile; a key that is None is left out."""
        document = {
            "name": "contoso",
            "image": "csctl/rehearsal:4.12.0-amd64",
            "mode": "disconnected",
            "model": {"base": {"locale": "en-US"}},
            "data": "data",
        } | changes
        written = {key: value for key, value in document.items() if value is not None}
        self.path.write_text(json.dumps(written, indent=1))

    @property
    def environ(self) -> dict[str, str]:
        return {"SPEECH_KEY": self.key}

    @property
    def profile(self) -> Profile:
        """The profile as its file says now."""
        [profile] = load([self.path], self.environ)
        return profile

    def app(self, *, read_only: bool = False) -> Stage:
        """The application on this profile, whose container serves `FIT`."""
        return stage(
            row("contoso", wanted=self.profile, container=container("contoso")),
            environ=self.environ,
            folder=self.path.parent,
            read_only=read_only,
        )


def _account(api: RestApi) -> dict[str, Any]:
    return {"endpoint": api.url, "api_key": {"env": "SPEECH_KEY"}}


@pytest.fixture
def place(api: RestApi, tmp_path: Path) -> Place:
    """A profile that is billed to the stand-in."""
    place = Place(tmp_path / "contoso.yaml")
    place.write(billing=_account(api))
    return place


def _id(api: RestApi, name: str) -> str:
    models = api.get("/models")["values"]
    return next(str(m["self"][-36:]) for m in models if m["displayName"] == name)


async def _opened(app: Stage, pilot: Pilot[int]) -> ModelsScreen:
    doors.open_models(app, "contoso")
    await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
    await until_text(pilot, "on this host, in")
    assert isinstance(app.screen, ModelsScreen)
    return app.screen


async def _listed(app: Stage, pilot: Pilot[int]) -> CustomModels:
    screen = await _opened(app, pilot)
    await pilot.press("o")
    await until_text(pilot, "the newest first")
    return screen.query_one(CustomModels)


def _line(app: Stage, text: str) -> str:
    return next(one for one in text_of(app).splitlines() if text in one)


async def test_they_tell_whether_containers_serve_them_and_what_is_here(
    place: Place, api: RestApi
) -> None:
    here = place.profile.models_root / _id(api, FIT)
    here.mkdir(parents=True)
    (here / MARKER).write_text("{}")
    app = place.app()
    async with run(app, (160, 30)) as pilot:
        customs = await _listed(app, pilot)
        assert app.focused is customs.listing
        assert "2, the newest first" in text_of(app)
        assert "en-US    yes" in _line(app, FIT)
        assert "present" in _line(app, FIT)
        assert "en-US    no" in _line(app, UNFIT)
        assert "present" not in _line(app, UNFIT)
        assert _id(api, UNFIT) in _line(app, UNFIT)
        # What the service has to say is shown, once for each asking.
        await until_notice(pilot, f"gives up API versions {_OLD_VERSION}")


async def test_choosing_one_edits_the_profile_after_the_difference(
    place: Place, api: RestApi
) -> None:
    id_ = _id(api, FIT)
    app = place.app()
    async with run(app, (120, 40)) as pilot:
        customs = await _listed(app, pilot)
        customs.listing.choose(id_)
        await pilot.press("enter")
        await until_text(pilot, "Write ")
        shown = text_of(app)
        assert f'"id": "{id_}"' in shown
        assert "⚠" not in shown
        await pilot.press("y")
        await until_text(pilot, "The plan only looks")
        wanted = place.profile.model
        assert (wanted.id, wanted.base) == (id_, None)


async def test_what_containers_may_not_serve_is_said_before_it_is_written(
    place: Place, api: RestApi
) -> None:
    before = place.path.read_text()
    app = place.app()
    async with run(app, (120, 40)) as pilot:
        customs = await _listed(app, pilot)
        customs.listing.choose(_id(api, UNFIT))
        await pilot.press("enter")
        await until_text(pilot, "⚠ the API says that containers may not serve it")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
    assert place.path.read_text() == before


async def test_they_and_base_models_take_turns(place: Place) -> None:
    app = place.app()
    async with run(app) as pilot:
        customs = await _listed(app, pilot)
        assert "Base models of" not in text_of(app)
        await pilot.press("slash", *"dictation", "enter")
        await until(pilot, lambda: customs.listing.row_count == 1)
        await pilot.press("escape", "c")
        await until_text(pilot, "Base models of")
        assert "Custom models 2" not in text_of(app)
        assert app.focused is app.screen.query_one(BaseModels).query_one("#locale")
        await pilot.press("escape", "escape")
        assert isinstance(app.screen, FleetScreen)


async def test_without_a_resource_it_is_said_and_the_rest_goes_on(
    place: Place,
) -> None:
    place.write()
    app = place.app()
    async with run(app) as pilot:
        await _opened(app, pilot)
        await pilot.press("o")
        await until_notice(pilot, "no Speech resource is named: contoso has no")
        assert "not listed" in text_of(app)
        await pilot.press("n")
        await until_notice(pilot, "says so already")


async def test_a_refused_key_is_said(place: Place) -> None:
    app = Place(place.path, key="wrong").app()
    async with run(app) as pilot:
        await _opened(app, pilot)
        await pilot.press("o")
        await until_notice(pilot, "refuses Models_ListCustomModels")
        assert "check that key and endpoint" in notices_of(app)
        assert "not listed" in text_of(app)


async def test_a_csctl_yaml_beside_the_profile_says_who_is_asked(
    place: Place, api: RestApi
) -> None:
    place.write()
    resources = json.dumps({"resources": {"contoso": _account(api)}})
    place.path.with_name("csctl.yaml").write_text(resources)
    app = place.app()
    async with run(app) as pilot:
        await _listed(app, pilot)
        assert FIT in text_of(app)


async def test_read_only_they_are_listed_and_not_chosen(place: Place) -> None:
    app = place.app(read_only=True)
    before = place.path.read_text()
    async with run(app) as pilot:
        await _listed(app, pilot)
        await pilot.press("enter")
        await until_notice(pilot, "--read-only")
        assert isinstance(app.screen, ModelsScreen)
    assert place.path.read_text() == before


async def test_they_are_there_in_a_narrow_terminal(place: Place) -> None:
    app = place.app()
    async with run(app, (40, 10)) as pilot:
        await _listed(app, pilot)
        assert FIT in text_of(app)
        await pilot.resize_terminal(160, 48)
        await until_text(pilot, UNFIT)
