"""Models: those on this host, and base or custom ones to choose from."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Input, Static

from csctl.contract.dialects import printable
from csctl.errors import CsctlError
from csctl.format import stock as words
from csctl.lifecycle import model_stock, models, verb
from csctl.lifecycle.model_stock import StockedModel
from csctl.model import StoredModel
from csctl.profile.model import Profile
from csctl.size import format_size
from csctl.tui.aside import aside
from csctl.tui.base_models import BaseModels
from csctl.tui.custom_models import CustomModels
from csctl.tui.filter_bar import FilterBar
from csctl.tui.listing import Listing
from csctl.tui.offered_models import OfferedModels
from csctl.tui.pattern import Pattern
from csctl.tui.rewrite import rewrite
from csctl.tui.stock_screen import StockScreen

_HERE_WIDTHS = (36, 7, 9, None, None, 6, 10)
_LOCALE = "en-US"


class ModelsScreen(StockScreen):
    """What is here, and below it what is offered; choosing edits the profile.

    Base and custom models take turns below.
    """

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
        Binding(
            "o",
            "custom",
            "Custom models",
            tooltip="List the custom models that the Speech resource has",
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
        self._pattern: Pattern | None = None

    def content(self) -> ComposeResult:
        profile = self.profile
        locale = model_stock.locale_of(profile) if profile else None
        yield Static(id="about", markup=False)
        yield Listing(*zip(words.MODEL_HEADERS, _HERE_WIDTHS, strict=True), id="here")
        yield BaseModels(locale or _LOCALE)
        yield CustomModels()
        yield Static(id="display", markup=False)
        yield FilterBar()

    def on_mount(self) -> None:
        self._turn_to(BaseModels)
        self._to_list()
        self.action_look()

    @property
    def list_in_use(self) -> Listing:
        """The list that has the focus, else the upper one."""
        focused = self.focused
        return focused if isinstance(focused, Listing) else self._here_list

    @property
    def _here_list(self) -> Listing:
        return self.query_one("#here", Listing)

    @property
    def _bases(self) -> BaseModels:
        return self.query_one(BaseModels)

    @property
    def _customs(self) -> CustomModels:
        return self.query_one(CustomModels)

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
        seen = {key: row for key, row in cells.items() if matches(" ".join(row))}
        self._here_list.fill(seen)
        shown, offered = self._offered.show(self._here, matches)
        self.query_one(FilterBar).count(len(seen) + shown, len(cells) + offered)
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

    # -- models that are offered ------------------------------------------------------

    @property
    def _offered(self) -> OfferedModels:
        """Those whose turn it is."""
        return self._customs if self._customs.display else self._bases

    def _turn_to(self, kind: type[OfferedModels]) -> None:
        for one in self.query(OfferedModels):
            one.display = isinstance(one, kind)

    def _offer(self, kind: type[OfferedModels]) -> None:
        self._turn_to(kind)
        self._offered.listing.focus()
        self._show()

    @on(Input.Submitted, "#locale")
    def action_list(self) -> None:
        engine, profile = self.engine_to_change(), self.profile
        if engine is not None and profile is not None and self._bases.locale:
            self._offer(BaseModels)
            self._bases.ask(engine, profile, self.desk.environ)

    def action_custom(self) -> None:
        if self.profile is not None:
            self._offer(CustomModels)
            self._customs.ask(self.profile, self.desk.environ)

    @on(OfferedModels.Listed)
    def _listed(self) -> None:
        self._show()

    # -- keys -------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in {*self.CHANGES, "custom"} and self.profile is None:
            return False
        return super().check_action(action, parameters)

    @on(DataTable.RowSelected)
    def action_choose(self) -> None:
        chosen = self.list_in_use.chosen
        if self.profile is not None and chosen is not None:
            doubts = self._customs.doubts(chosen)
            rewrite(self.csctl, self.profile, model_stock.naming(chosen), doubts)

    def action_newest(self) -> None:
        if self.profile is not None:
            changes = {"model.base.locale": self._bases.locale, "model.id": None}
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
        self._turn_to(BaseModels)
        self.query_one("#locale").focus()

    def action_find(self) -> None:
        self.query_one(FilterBar).edit()

    @on(FilterBar.Kept)
    def _to_list(self) -> None:
        self._here_list.focus()

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
