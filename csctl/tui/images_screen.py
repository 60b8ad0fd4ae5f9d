"""Images: the tags of a repository, what is here of them, and who uses it."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from csctl.container.observed import Image
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, InvalidReference
from csctl.format import stock as words
from csctl.lifecycle import image_stock
from csctl.lifecycle.image_stock import ImageStock, StockedTag
from csctl.lifecycle.images import pull_image
from csctl.reference import SPEECH_TO_TEXT, ImageReference
from csctl.tui.aside import aside
from csctl.tui.filter_bar import FilterBar
from csctl.tui.listing import Listing
from csctl.tui.pattern import Pattern
from csctl.tui.rewrite import rewrite
from csctl.tui.stock_screen import StockScreen

_WIDTHS = (25, 9, 9, None, None)


class ImagesScreen(StockScreen):
    """The tags, the newest first; one can be pulled, or chosen for the profile."""

    crumb = OWN_VERB = "images"
    CHANGES = frozenset(("choose", "pull"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter,space",
            "choose",
            "Use",
            tooltip="Write this tag into the profile, after showing the difference",
        ),
        Binding("u", "pull", "Pull", tooltip="Pull this tag into the Engine"),
        Binding("v", "previews", "Previews", tooltip="Hide previews, or show them"),
        Binding(
            "slash",
            "find",
            "Find",
            tooltip="Show only tags that match",
            priority=True,
        ),
        Binding("ctrl+r", "look", "Again", tooltip="Ask registry and Engine again"),
    ]

    def __init__(self, name: str | None) -> None:
        super().__init__(name)
        self._stock: ImageStock | None = None
        self._tags: tuple[StockedTag, ...] = ()
        self._previews = True
        self._pattern: Pattern | None = None

    def content(self) -> ComposeResult:
        yield Static(id="about", markup=False)
        yield Listing(*zip(words.TAG_HEADERS, _WIDTHS, strict=True))
        yield FilterBar()

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.action_look()

    @property
    def image(self) -> ImageReference:
        """The image whose tags are shown."""
        row = self.here
        if row is None:
            return SPEECH_TO_TEXT
        if row.wanted is not None:
            return row.wanted.image
        try:
            return ImageReference.parse(row.container.image if row.container else "")
        except InvalidReference:
            return SPEECH_TO_TEXT

    def fleet_changed(self) -> None:
        """Who runs and names what may be other than it was."""
        if self._stock is not None:
            self._show()
        elif self.desk.lost is None:
            self.action_look()

    # -- looking --------------------------------------------------------------------

    def action_look(self) -> None:
        try:
            engine = self.desk.require_engine()
        except CsctlError as error:
            self._say(error.message)
            return
        if self._stock is None:
            self._say(f"asking {self.image.registry} …")
        self._look(engine)

    @work(exclusive=True, group="tags")
    async def _look(self, engine: Engine) -> None:
        image, environ = self.image, self.desk.environ
        try:
            stock = await aside(lambda: image_stock.look(engine, image, environ))
        except CsctlError as error:
            self._say(error.message)
            return
        first, self._stock = self._stock is None, stock
        self._show()
        if first:
            self._point_at_own()

    def _say(self, text: str) -> None:
        self.query_one("#about", Static).update(f"{self.image.name}: {text}")

    @on(FilterBar.Changed)
    def _filtered(self, message: FilterBar.Changed) -> None:
        self._pattern = message.pattern
        self._show()

    def _show(self) -> None:
        if self._stock is None:
            return  # Nothing is known yet.
        self._tags = self._stock.tags(self.desk.rows)
        seen = {tag.tag: tag for tag in self._tags if self._shown(tag)}
        self.query_one(Listing).fill(
            {key: words.tag_cells(tag) for key, tag in seen.items()}
        )
        self.query_one(FilterBar).count(len(seen), len(self._tags))
        self._say(self._summary(len(seen), self._stock.problem))

    def _shown(self, tag: StockedTag) -> bool:
        if tag.prerelease is not None and not self._previews:
            return False
        text = " ".join(words.tag_cells(tag))
        return self._pattern is None or self._pattern.matches(text)

    def _summary(self, seen: int, problem: CsctlError | None) -> str:
        if problem is not None:
            remedy = f"\n→ {problem.remedy}" if problem.remedy else ""
            return f"only what the Engine has: {problem.message}{remedy}"
        hidden = "" if self._previews else ", previews hidden"
        return f"{seen} of {len(self._tags)} tags{hidden}"

    def _point_at_own(self) -> None:
        own = next(
            (one.tag for one in self._tags if self.subject in one.named_by), None
        )
        if own is not None:
            self.query_one(Listing).choose(own)

    # -- keys -------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "choose" and self.profile is None:
            return False
        return super().check_action(action, parameters)

    @on(DataTable.RowSelected)
    def action_choose(self) -> None:
        profile, tag = self.profile, self.query_one(Listing).chosen
        if profile is not None and tag is not None:
            changes = {"image": str(profile.image.with_tag(tag))}
            rewrite(self.csctl, profile, changes)

    def action_pull(self) -> None:
        engine, tag = self.engine_to_change(), self.query_one(Listing).chosen
        if engine is None or tag is None:
            return
        reference, environ = self.image.with_tag(tag), self.desk.environ
        self.csctl.open_progress(
            f"pull {tag}",
            {str(reference): lambda: pull_image(engine, reference, environ)},
            tell=_pulled,
            then=self.action_look,
        )

    def action_previews(self) -> None:
        self._previews = not self._previews
        self._show()

    def action_find(self) -> None:
        self.query_one(FilterBar).edit()

    @on(FilterBar.Kept)
    def _to_list(self) -> None:
        self.query_one(Listing).focus()

    def action_back(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.display:
            bar.clear()
            self._to_list()
        else:
            super().action_back()


def _pulled(image: Image) -> str:
    return f"the Engine has it: {image.id.removeprefix('sha256:')[:12]}"
