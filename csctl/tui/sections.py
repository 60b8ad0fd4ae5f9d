"""A column of sections: one is chosen, and all can be scrolled through."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.widget import Widget


class Section(Widget, can_focus=True):
    """One part of the column, as high as what it shows; it has a name."""

    DEFAULT_CSS = """
    Section {
        height: auto;
        padding: 0 1;
        border-left: blank;
    }
    """

    def style(self, variable: str) -> str:
        """The colour that the theme has for this."""
        return self.app.theme_variables[variable]


class Sections(VerticalScroll, can_focus=False):
    """Sections below each other; down goes to the end of one, then to the next."""

    DEFAULT_CSS = """
    Sections {
        height: 1fr;
        &.-several > Section:focus {
            border-left: outer $primary;
        }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "down", "Down", show=False, tooltip="Go down"),
        Binding("k,up", "up", "Up", show=False, tooltip="Go up"),
        Binding("g,home", "first", "First", show=False, tooltip="Go to the top"),
        Binding("G,end", "last", "Last", show=False, tooltip="Go to the end"),
        Binding("ctrl+d", "half(1)", show=False, tooltip="Half a page down"),
        Binding("ctrl+u", "half(-1)", show=False, tooltip="Half a page up"),
        Binding("pagedown", "page_down", show=False, tooltip="A page down"),
        Binding("pageup", "page_up", show=False, tooltip="A page up"),
    ]

    @property
    def all(self) -> list[Section]:
        """The sections, from the top."""
        return list(self.query_children(Section))

    @property
    def chosen(self) -> str | None:
        """The name of the section that has the focus; the first where none has."""
        sections = self.all
        focused = next((one for one in sections if one.has_focus), None)
        return (focused or sections[0]).name if sections else None

    async def fill(self, *sections: Section) -> None:
        """Show these in place of those before, the same one chosen again."""
        before = self.chosen
        await self.remove_children()
        await self.mount(*sections)
        self.set_class(len(sections) > 1, "-several")
        again = next((one for one in sections if one.name == before), None)
        for one in filter(None, (again or next(iter(sections), None),)):
            one.focus(scroll_visible=False)

    def _turn(self, by: int) -> None:
        sections = self.all
        at = next((i for i, one in enumerate(sections) if one.has_focus), 0)
        edge = sections[at].virtual_region if sections else Region()
        hidden = (
            edge.bottom > self.scroll_offset.y + self.size.height
            if by > 0
            else edge.y < self.scroll_offset.y
        )
        if hidden or not 0 <= at + by < len(sections):
            self.scroll_relative(y=by, animate=False)
        else:
            sections[at + by].focus()

    def action_down(self) -> None:
        self._turn(1)

    def action_up(self) -> None:
        self._turn(-1)

    def action_first(self) -> None:
        for one in self.all[:1]:
            one.focus(scroll_visible=False)
        self.scroll_home(animate=False)

    def action_last(self) -> None:
        for one in self.all[-1:]:
            one.focus(scroll_visible=False)
        self.scroll_end(animate=False)

    def action_half(self, way: int) -> None:
        self.scroll_relative(y=way * max(1, self.size.height // 2), animate=False)

    def action_page_down(self) -> None:
        self.scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        self.scroll_page_up(animate=False)
