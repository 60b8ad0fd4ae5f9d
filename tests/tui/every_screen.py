"""Every screen and dialog that there is, opened on the stage, without an Engine."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from textual.dom import DOMNode
from textual.pilot import Pilot

import csctl.tui
from csctl.bundle.carried import Destination
from csctl.errors import EngineUnavailable
from csctl.lifecycle.events import Event, Waiting
from csctl.tui import doors
from csctl.tui.confirm_dialog import ConfirmDialog, TypedDialog
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.open_dialog import OpenDialog
from csctl.tui.save_dialog import SaveDialog
from csctl.tui.screen import CsctlScreen
from tests.tui.stage import Nobody, Stage, row, stage

_TICK = 0.02
_NOWHERE = Path("/nonexistent/a.bundle")
_WAIT = Waiting(what="waiting", seconds=1, phase="load", line="")


class Deaf(Nobody):
    """An Engine that refuses whatever it is asked."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(*_: object, **__: object) -> None:
            raise EngineUnavailable("the Engine says nothing", remedy="ask again")

        return refuse


def rows() -> tuple[Any, ...]:
    """Two rows, of which the first can be done most to."""
    return row("contoso"), row("fabrikam", container=None)


def full_stage(**changes: Any) -> Stage:
    """A stage on these rows, whose Engine is deaf."""
    return stage(*rows(), engine=Deaf(), **changes)


def endless() -> Generator[Event, None, Any]:
    """Work that goes on until it is cancelled."""
    while True:
        time.sleep(_TICK)
        yield _WAIT


def _work(app: Stage) -> None:
    app.open_progress("apply contoso", {"contoso": endless})


def _confirm(app: Stage) -> None:
    app.push_screen(ConfirmDialog("Stop contoso?", detail="It is cut off."))


def _typed(app: Stage) -> None:
    app.push_screen(TypedDialog("Remove contoso?", word="contoso"))


SCREENS: dict[str, Callable[[Stage], object]] = {
    "fleet": lambda _: None,
    "details": lambda app: doors.open_details(app, "contoso"),
    "plan": lambda app: doors.open_plan(app, ["contoso"]),
    "progress": _work,
    "logs": lambda app: doors.open_logs(app, "contoso"),
    "images": lambda app: doors.open_images(app, "contoso"),
    "models": lambda app: doors.open_models(app, "contoso"),
    "license": lambda app: doors.open_license(app, "contoso"),
    "bundle": lambda app: doors.open_bundle(app, "contoso", _NOWHERE, Destination()),
    "new": lambda app: doors.open_new(app),
}
"""How each screen is opened, by what it is about."""

# A read-only desk has neither of them.
LOOKING = {name: SCREENS[name] for name in SCREENS if name not in ("progress", "new")}

DIALOGS: dict[str, Callable[[Stage], object]] = {
    "help": lambda app: doors.open_help(app),
    "confirm": _confirm,
    "typed": _typed,
    "save": lambda app: app.push_screen(SaveDialog("./contoso.log", 7)),
    "open": lambda app: app.push_screen(OpenDialog("Open a bundle", Path("/"))),
    "palette": lambda app: app.action_command_palette(),
}


async def show(app: Stage, pilot: Pilot[Any], open_: Callable[[Stage], object]) -> None:
    """Open a screen, and let it be drawn."""
    open_(app)
    await pilot.pause()
    await pilot.pause()


async def tour(
    app: Stage, pilot: Pilot[Any], screens: Mapping[str, Callable[[Stage], object]]
) -> AsyncIterator[str]:
    """Show one after another, each over the first screen; the names of those shown."""
    for name, open_ in screens.items():
        await show(app, pilot, open_)
        yield name
        while not isinstance(app.screen, FleetScreen):
            await app.pop_screen()
        app.clear_notifications()


def shown(app: Stage) -> CsctlScreen:
    """The screen in front, which is no dialog."""
    assert isinstance(app.screen, CsctlScreen)
    return app.screen


def classes() -> list[type[DOMNode]]:
    """All screens and widgets of the terminal UI, and the application."""
    for module in pkgutil.iter_modules(csctl.tui.__path__, "csctl.tui."):
        importlib.import_module(module.name)
    return sorted(_below(DOMNode), key=lambda one: one.__qualname__)


def _below(kind: type[DOMNode]) -> set[type[DOMNode]]:
    found: set[type[DOMNode]] = set()
    for one in kind.__subclasses__():
        if one.__module__.startswith("csctl.tui."):
            found.add(one)
        found |= _below(one)
    return found
