"""Licenses: the sets on this host, the one that serves, and how to get another."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from csctl import format as plain
from csctl.bundle.carried import Destination
from csctl.contract.dialects import printable
from csctl.engine.engine import Engine
from csctl.errors import CsctlError
from csctl.format import stock as words
from csctl.lifecycle import license_stock, licenses, on_host, verb
from csctl.lifecycle.events import Event
from csctl.lifecycle.license_stock import StockedLicense
from csctl.lifecycle.renewal import (
    propose_refresh,
    propose_rollback,
    refresh_license,
    roll_back,
)
from csctl.lifecycle.status import LicenseState, license_state
from csctl.plan.refusals import Allowed
from csctl.plan.steps import Plan
from csctl.profile.model import Profile
from csctl.tui import doors
from csctl.tui.aside import aside
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.listing import Listing
from csctl.tui.open_dialog import OpenDialog
from csctl.tui.stock_screen import StockScreen

_WIDTHS = (16, 10, 9, 10, None, 8)
_GLYPHS = {"serves": "●", "kept": "○", "refused": "✗", "damaged": "✗"}


class LicenseScreen(StockScreen):
    """The sets, the newest first, and all that is known of the one chosen."""

    crumb = OWN_VERB = "license"
    CHANGES = frozenset(("fetch", "refresh_license", "rollback", "bundle"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "R",
            "refresh_license",
            "Refresh",
            tooltip="Fetch a license, prove it, and let the container serve with it",
        ),
        Binding(
            "f",
            "fetch",
            "Fetch only",
            tooltip="Fetch a license; the next apply uses it",
        ),
        Binding(
            "b",
            "rollback",
            "Back",
            tooltip="Go back to the license set before",
        ),
        Binding(
            "B",
            "bundle",
            "Bundle",
            tooltip="Import from a bundle: verify it, see what it holds, load it",
        ),
        Binding("ctrl+r", "look", "Again", tooltip="Look at the disk again"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._sets: tuple[StockedLicense, ...] = ()

    def content(self) -> ComposeResult:
        yield Static(id="about", markup=False)
        yield Listing(*zip(words.LICENSE_HEADERS, _WIDTHS, strict=True))
        yield Static(id="one-license", markup=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.action_look()

    def fleet_changed(self) -> None:
        """Another set may serve now."""
        self.action_look()

    # -- looking ----------------------------------------------------------------------

    def action_look(self) -> None:
        if self.here is not None:
            self._look()

    @work(exclusive=True, group="sets")
    async def _look(self) -> None:
        profile, container = self.profile, self.here.container if self.here else None
        try:
            self._sets = await aside(lambda: license_stock.sets_of(profile, container))
        except CsctlError as error:
            self.query_one("#about", Static).update(error.message)
            return
        self.query_one(Listing).fill(
            {_key(one): _cells(one) for one in self._sets if one.state.license}
        )
        sets = "license set" if len(self._sets) == 1 else "license sets"
        count = f"{len(self._sets)} {sets} on this host"
        remedy = "; R fetches one and proves it" if not self._sets else ""
        self.query_one("#about", Static).update(f"{count}{remedy}")
        self._show_one()

    @on(DataTable.RowHighlighted)
    def _show_one(self) -> None:
        chosen = self.query_one(Listing).chosen
        one = next((one for one in self._sets if _key(one) == chosen), None)
        text = _printable(words.license_lines(one) if one else ())
        self.query_one("#one-license", Static).update(text)

    # -- keys -------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in self.CHANGES and self.profile is None:
            return False
        return super().check_action(action, parameters)

    def action_fetch(self) -> None:
        self._ask(_FETCH)

    def action_refresh_license(self) -> None:
        self._ask(_REFRESH, _REFRESH_WITHOUT_ROOM)

    def action_rollback(self) -> None:
        self._ask(_ROLLBACK)

    def action_bundle(self) -> None:
        """Ask for a bundle's file, and open it."""
        profile = self.profile
        if self.engine_to_change() is None or profile is None:
            return
        where, folder = _destination(profile), profile.source.file.absolute().parent

        def go(file: Path | None) -> None:
            if file is not None:
                doors.open_bundle(self.csctl, profile.name, file, where)

        self.app.push_screen(OpenDialog("Open a bundle", folder), go)

    def on_screen_resume(self) -> None:
        """What was done meanwhile may have brought a license."""
        self.action_look()

    def _ask(self, *ways: _Way) -> None:
        engine = self.engine_to_change()
        if engine is not None and self.profile is not None:
            self._propose(engine, self.profile, ways)

    @work(exclusive=True, group="asking")
    async def _propose(
        self, engine: Engine, profile: Profile, ways: tuple[_Way, ...]
    ) -> None:
        """Ask about the first way that has no problem; else say what the first has."""
        environ = self.desk.environ
        try:
            plans = [
                (
                    way,
                    await aside(partial(way.propose, engine, profile, environ)),
                )
                for way in ways
            ]
        except CsctlError as error:
            self.csctl.fail(error)
            return
        for way, plan in plans:
            if not plan.problems:
                self._confirm(engine, profile, way, plan)
                return
        for problem in plans[0][1].problems:
            self.csctl.fail(problem)

    def _confirm(self, engine: Engine, profile: Profile, way: _Way, plan: Plan) -> None:
        environ = self.desk.environ

        def go() -> None:
            self.csctl.open_progress(
                f"{way.title} {profile.name}",
                {profile.name: lambda: way.work(engine, profile, environ)},
                tell=_told,
                then=self.action_look,
            )

        dialog = ConfirmDialog(
            f"{way.question} {profile.name} on {self.desk.host}?",
            detail=_printable((str(plan), *(f"· {note}" for note in plan.notes))),
            yes=way.answer,
        )
        self.app.push_screen(dialog, lambda answer: go() if answer else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way to another license: what it is called, its plan, and its work."""

    title: str
    question: str
    answer: str
    propose: Callable[[Engine, Profile, Mapping[str, str]], Plan]
    work: Callable[
        [Engine, Profile, Mapping[str, str]], Generator[Event, None, LicenseState]
    ]


def _fetch(
    engine: Engine, profile: Profile, environ: Mapping[str, str]
) -> Generator[Event, None, LicenseState]:
    stored = yield from verb.with_image(
        engine,
        profile,
        environ,
        lambda job: licenses.fetch(job, on_host.model_on_disk(profile)),
    )
    return license_state(stored, profile)


_FETCH = _Way(
    title="fetch a license for",
    question="Fetch a license for",
    answer="Fetch",
    propose=lambda _engine, profile, _environ: license_stock.propose_fetch(profile),
    work=_fetch,
)
_REFRESH = _Way(
    title="refresh the license of",
    question="Refresh the license of",
    answer="Refresh",
    propose=propose_refresh,
    work=refresh_license,
)
_ROOM = Allowed(interruption=True)
_REFRESH_WITHOUT_ROOM = _Way(
    title="refresh the license of",
    question="There is no memory for a proof beside. Interrupt, and refresh",
    answer="Interrupt and refresh",
    propose=partial(propose_refresh, allowed=_ROOM),
    work=partial(refresh_license, allowed=_ROOM),
)
_ROLLBACK = _Way(
    title="go back to the license before, of",
    question="Go back to the license before, of",
    answer="Go back",
    propose=propose_rollback,
    work=roll_back,
)


def _destination(profile: Profile) -> Destination:
    """Where a bundle's parts go: where this profile, as it is here, says.

    A bundle finds the profiles of this host by the names of their files.
    """
    file = profile.source.file.absolute()
    here = file.name == f"{profile.name}.yaml"
    return Destination(profiles=file.parent if here else None)


def _told(state: LicenseState) -> str:
    return f"license: {plain.license_words(state)}"


def _key(one: StockedLicense) -> str:
    return str(one.state.license.directory) if one.state.license else ""


def _cells(one: StockedLicense) -> tuple[str, ...]:
    cells = words.license_cells(one)
    standing = words.license_standing(one)
    return tuple(
        f"{_GLYPHS[standing]} {cell}" if cell == standing else cell for cell in cells
    )


def _printable(lines: Iterable[str]) -> str:
    """Lines without what a terminal would obey."""
    return "\n".join(printable(part) for line in lines for part in line.split("\n"))
