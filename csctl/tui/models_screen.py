"""Models: those on this host, the base models of a locale, and the display models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import DataTable, Input, Static
from textual.worker import get_current_worker

from csctl import format as plain
from csctl.contract.dialects import BaseModel, printable
from csctl.engine.engine import Engine
from csctl.errors import CsctlError
from csctl.format import stock as words
from csctl.lifecycle import model_stock, models, verb
from csctl.lifecycle.model_stock import StockedModel
from csctl.model import StoredModel
from csctl.profile.model import Profile
from csctl.size import format_size
from csctl.tui.aside import aside
from csctl.tui.filter_bar import FilterBar
from csctl.tui.listing import Listing
from csctl.tui.pattern import Pattern
from csctl.tui.rewrite import rewrite
from csctl.tui.stock_screen import StockScreen

_HERE_WIDTHS = (36, 7, 9, None, None, 6, 10)
_BASE_COLUMNS = (("ID", 36), ("LOCALE", 8), ("CREATED", 20), ("HERE", 7))
_LOCALE = "en-US"


@dataclass
class _Told(Message):
    """How the listing of base models goes."""

    text: str


@dataclass
class _Listed(Message):
    """The base models that the image lists."""

    found: tuple[BaseModel, ...]


@dataclass
class _Refused(Message):
    """Why the image lists none."""

    error: CsctlError


class ModelsScreen(StockScreen):
    """Two lists to choose from; choosing edits the profile."""

    crumb = OWN_VERB = "models"
    CHANGES = frozenset(("choose", "newest", "list", "pull"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter,space",
            "choose",
            "Use",
            tooltip="Write this model into the profile, after showing the difference",
        ),
        Binding(
            "n",
            "newest",
            "Newest",
            tooltip="Let the profile want the newest base model of the locale",
        ),
        Binding(
            "b",
            "list",
            "Base models",
            tooltip="List the base models of the locale, with a container and the key",
        ),
        Binding("c", "locale", "Locale", tooltip="Go to the locale, to change it"),
        Binding(
            "u",
            "pull",
            "Pull",
            tooltip="Download the profile's model and display models",
        ),
        Binding(
            "slash",
            "find",
            "Find",
            tooltip="Show only models that match",
            priority=True,
        ),
        Binding("ctrl+r", "look", "Again", tooltip="Look at the disk again"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._here: tuple[StockedModel, ...] = ()
        self._base: tuple[BaseModel, ...] = ()
        self._pattern: Pattern | None = None

    def content(self) -> ComposeResult:
        yield Static(id="about", markup=False)
        yield Listing(*zip(words.MODEL_HEADERS, _HERE_WIDTHS, strict=True), id="here")
        with Horizontal(id="base"):
            yield Static("Base models of", markup=False)
            yield Input(id="locale", compact=True, select_on_focus=False)
            yield Static("b lists them", id="told", markup=False)
        yield Listing(*_BASE_COLUMNS, id="bases")
        yield Static(id="display", markup=False)
        yield FilterBar()

    def on_mount(self) -> None:
        profile = self.profile
        locale = model_stock.locale_of(profile) if profile else None
        self.query_one("#locale", Input).value = locale or _LOCALE
        self.query_one("#here").focus()
        self.action_look()

    @property
    def locale(self) -> str:
        """The locale whose base models are asked for."""
        return self.query_one("#locale", Input).value.strip()

    @property
    def list_in_use(self) -> Listing:
        """The list that has the focus, else the upper one."""
        focused = self.focused
        return focused if isinstance(focused, Listing) else self._listing("#here")

    def _listing(self, selector: str) -> Listing:
        return self.query_one(selector, Listing)

    def fleet_changed(self) -> None:
        """Who uses what may be other than it was."""
        self.action_look()

    # -- models of this host ----------------------------------------------------------

    def action_look(self) -> None:
        if self.profile is not None:
            self._look(self.profile)

    @work(exclusive=True, group="here")
    async def _look(self, profile: Profile) -> None:
        rows = self.desk.rows
        try:
            here = await aside(lambda: model_stock.models_of(profile, rows))
        except CsctlError as error:
            self.query_one("#about", Static).update(error.message)
            return
        self._here = here
        self._show()

    @on(FilterBar.Changed)
    def _filtered(self, message: FilterBar.Changed) -> None:
        self._pattern = message.pattern
        self._show()

    def _show(self) -> None:
        matches = self._pattern.matches if self._pattern else lambda _: True
        cells = {one.id: words.model_cells(one) for one in self._here}
        own = {one.id: words.model_cells(one)[1] for one in self._here}
        bases = {
            one.id: (one.id, one.locale, one.created, own.get(one.id, "-"))
            for one in self._base
        }
        seen = {key: row for key, row in cells.items() if matches(" ".join(row))}
        seen_bases = {key: row for key, row in bases.items() if matches(" ".join(row))}
        self._listing("#here").fill(seen)
        self._listing("#bases").fill(seen_bases)
        self.query_one(FilterBar).count(
            len(seen) + len(seen_bases), len(cells) + len(bases)
        )
        self._say_about()

    def _say_about(self) -> None:
        profile = self.profile
        if profile is None:
            return
        lines = [f"{len(self._here)} on this host, in {profile.models_root}"]
        lines += [
            printable(f"✗ {one.id} is damaged: {one.damage[0]}")
            for one in self._here
            if one.damage
        ]
        self.query_one("#about", Static).update("\n".join(lines))
        shown = model_stock.displays_of(profile, self._here)
        told = "; ".join(
            f"{'✓' if one.here else '✗'} {words.display(one)}" for one in shown
        )
        self.query_one("#display", Static).update(
            f"Display models: {told or 'the profile wants none'}"
        )

    # -- base models of a locale ------------------------------------------------------

    @on(Input.Submitted, "#locale")
    def action_list(self) -> None:
        engine, profile = self.engine_to_change(), self.profile
        if engine is not None and profile is not None and self.locale:
            self._tell("asking the image …")
            self._listing("#bases").focus()
            self._list(engine, profile, self.locale)

    @work(thread=True, exclusive=True, group="bases")
    def _list(self, engine: Engine, profile: Profile, locale: str) -> None:
        worker = get_current_worker()
        stream = verb.with_image(
            engine,
            profile,
            self.desk.environ,
            lambda job: models.list_base(job, locale),
        )
        try:
            while not worker.is_cancelled:
                self.post_message(_Told(plain.event(next(stream))))
        except StopIteration as stop:
            self.post_message(_Listed(stop.value))
        except CsctlError as error:
            self.post_message(_Refused(error))
        finally:
            stream.close()

    @on(_Told)
    def _base_told(self, message: _Told) -> None:
        self._tell(message.text)

    @on(_Listed)
    def _base_listed(self, message: _Listed) -> None:
        self._base = message.found
        self._tell(f"{len(self._base)}, the newest first")
        self._show()

    @on(_Refused)
    def _base_refused(self, message: _Refused) -> None:
        self._tell("not listed")
        self.csctl.fail(message.error, title="Base models")

    def _tell(self, text: str) -> None:
        self.query_one("#told", Static).update(printable(text))

    # -- keys -------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in self.CHANGES and self.profile is None:
            return False
        return super().check_action(action, parameters)

    @on(DataTable.RowSelected)
    def action_choose(self) -> None:
        chosen = self.list_in_use.chosen
        if self.profile is not None and chosen is not None:
            changes = {"model.id": chosen, "model.base": None}
            rewrite(self.csctl, self.profile, changes)

    def action_newest(self) -> None:
        if self.profile is not None:
            changes = {"model.base.locale": self.locale, "model.id": None}
            rewrite(self.csctl, self.profile, changes)

    def action_pull(self) -> None:
        engine, profile = self.engine_to_change(), self.profile
        if engine is None or profile is None:
            return
        environ = self.desk.environ
        work = lambda: verb.with_image(engine, profile, environ, verb.pull_models)  # noqa: E731
        self.csctl.open_progress(
            f"pull models of {profile.name}",
            {profile.name: work},
            tell=_pulled,
            then=self.action_look,
        )

    def action_locale(self) -> None:
        self.query_one("#locale").focus()

    def action_find(self) -> None:
        self.query_one(FilterBar).edit()

    @on(FilterBar.Kept)
    def _to_list(self) -> None:
        self._listing("#here").focus()

    def action_back(self) -> None:
        bar = self.query_one(FilterBar)
        if self.query_one("#locale").has_focus:
            self._to_list()
        elif bar.display:
            bar.clear()
            self._to_list()
        else:
            super().action_back()


def _pulled(stored: StoredModel) -> str:
    size = format_size(models.summary(stored).bytes)
    return f"{stored.id}, {size}, is on this host"
