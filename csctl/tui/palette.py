"""The command palette: only what can be done now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from csctl.tui import doors
from csctl.tui.desk import key_of
from csctl.tui.screen import CsctlScreen
from csctl.tui.theme import THEMES
from csctl.tui.verb import BY_ACTION, VERBS, Verb

if TYPE_CHECKING:
    from csctl.tui.app import CsctlApp

_Command = tuple[str, str, IgnoreReturnCallbackType]
_OF_ALL = BY_ACTION.keys() | {"back", "help"}
"""What every screen has."""
_NAMED = 2
"""So many rows are named, and more are counted."""


class Palette(Provider):
    """The verbs that fit what is selected, the screen's own keys, and rows to go to.

    Over a dialog there is only what leaves its question open.
    """

    async def discover(self) -> Hits:
        for name, help_, command in self._commands():
            yield DiscoveryHit(name, command, help=help_)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, help_, command in self._commands():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), command, help=help_)

    def _commands(self) -> Iterator[_Command]:
        screen, app = self.screen, cast("CsctlApp", self.app)
        if isinstance(screen, CsctlScreen):
            yield from self._verbs(screen)
            yield from self._own(screen)
            yield from self._rows(screen)
        other = next(one for one in THEMES if one.name != app.theme)
        look = "dark" if other.dark else "light"
        change = partial(setattr, app, "theme", other.name)
        yield f"Theme: {look}", f"Change to {look} colours", change
        if isinstance(screen, CsctlScreen):
            yield "Help", "Show all keys (?)", partial(doors.open_help, app)
        yield "Quit", "Leave csctl; the containers go on (ctrl+q)", app.action_quit

    def _verbs(self, screen: CsctlScreen) -> Iterator[_Command]:
        for verb in VERBS:
            if screen.check_action(verb.action, ()):
                run = partial(screen.run_action, verb.action)
                key = self.app.get_key_display(verb.binding())
                yield _named(verb, screen), f"{verb.help} ({key})", run

    def _own(self, screen: CsctlScreen) -> Iterator[_Command]:
        """What the footer shows beside the verbs."""
        for active in screen.active_bindings.values():
            one = active.binding
            of_all = active.node is screen and one.action in _OF_ALL
            if active.enabled and one.show and one.description and not of_all:
                run = partial(self.app.run_action, one.action, active.node)
                key = self.app.get_key_display(one)
                yield one.description, f"{one.tooltip} ({key})", run

    def _rows(self, screen: CsctlScreen) -> Iterator[_Command]:
        app = screen.csctl
        for key in map(key_of, app.desk.every):
            open_ = partial(doors.open_details, app, key)
            yield f"Go to {key}", "Show it in full", open_


def _named(verb: Verb, screen: CsctlScreen) -> str:
    names = list(map(key_of, screen.rows_of(verb)))
    on = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} rows"
    return f"{verb.label} {on}".rstrip()
