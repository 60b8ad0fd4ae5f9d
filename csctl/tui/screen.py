"""The base of all screens: verbs, way back, help, and the line of breadcrumbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Input

from csctl.lifecycle.status import Status
from csctl.tui import doors, places
from csctl.tui.crumbs import Crumbs
from csctl.tui.desk import Desk, Row, key_of
from csctl.tui.keys import Keys
from csctl.tui.places import Place
from csctl.tui.verb import BY_ACTION, VERBS, Verb

if TYPE_CHECKING:
    from csctl.tui.app import CsctlApp

_TYPED = ("filter", "find")
"""Actions whose key comes before the focused widget's, so that what is typed next
reaches the field that they open."""


class CsctlScreen(Screen[None]):
    """A screen with breadcrumbs above and keys below; `content` is between them.

    The verbs work on `subjects`: the row that the screen is about, or those chosen.
    """

    CHANGES: ClassVar[frozenset[str]] = frozenset()
    """Actions of the screen itself that change anything."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", tooltip="Go back to the screen before"),
        Binding("question_mark,f1", "help", "Help", tooltip="Show all keys"),
        Binding("colon", "go", tooltip="Go to a row by its name", show=False),
        Binding(
            "minus",
            "last",
            tooltip="Go to the place before, and with the same key back",
            show=False,
        ),
        *(verb.binding() for verb in VERBS),
    ]
    OWN_VERB: ClassVar[str | None] = None
    """The verb that opens this screen, where it is about one row."""
    crumb: str = ""
    """What the breadcrumbs say of this screen."""

    def __init__(self, subject: str | None = None) -> None:
        super().__init__()
        self.subject = subject
        """The key of the row that the screen is about."""

    @property
    def csctl(self) -> CsctlApp:
        return cast("CsctlApp", self.app)

    @property
    def desk(self) -> Desk:
        return self.csctl.desk

    @property
    def row(self) -> Row | None:
        """The row of the subject as it is now."""
        return self.desk.row(self.subject) if self.subject is not None else None

    @property
    def here(self) -> Status | None:
        """The same, of a subject of this host."""
        return self.desk.here(self.subject) if self.subject is not None else None

    @property
    def subjects(self) -> tuple[Row, ...]:
        """The rows that a verb of several rows is done to."""
        return (self.row,) if self.row is not None else ()

    def rows_of(self, verb: Verb) -> tuple[Row, ...]:
        """The rows that a verb is done to."""
        if verb.several:
            return self.subjects
        return (self.row,) if self.row is not None else self.subjects[:1]

    def compose(self) -> ComposeResult:
        yield Crumbs()
        yield from self.content()
        yield Keys()

    def on_mount(self) -> None:
        if (place := self.place) is not None:
            self.csctl.visited.append(place)

    @property
    def place(self) -> Place | None:
        """Where one is, if one could go there by name."""
        if self.OWN_VERB is None or self.subject is None:
            return None
        return Place(self.OWN_VERB, self.subject)

    def content(self) -> ComposeResult:
        """What is between breadcrumbs and footer."""
        yield from ()

    def fleet_changed(self) -> None:
        """The rows of the desk are new, or the Engine was lost or came back."""

    # -- what can be done now ---------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _TYPED and isinstance(self.focused, Input):
            return False  # Its key is a character there.
        verb = BY_ACTION.get(action)
        changes = verb.changes if verb else action in self.CHANGES
        if changes and self.desk.read_only:
            return False
        if verb is None:
            return super().check_action(action, parameters)
        return None if self.why_not(action) else True

    def why_not(self, action: str) -> str | None:
        """Why a verb, or a change of the screen's own, cannot be done now."""
        verb = BY_ACTION.get(action)
        if verb is None:
            refused = action in self.CHANGES and self.desk.read_only
            return self.desk.READ_ONLY if refused else None
        rows: tuple[Row | None, ...] = self.rows_of(verb) or (None,)
        return next(
            (why for row in rows if (why := verb.why_not(self.desk, row))), None
        )

    def on_key(self, event: Key) -> None:
        """Say why a key does nothing."""
        binding = self._bound_to(event.key)
        if binding is None or self.check_action(binding.action, ()):
            return
        if why := self.why_not(binding.action):
            self.notify(why, title=f"{binding.description}: not now", timeout=4)
            event.stop()

    def _bound_to(self, key: str) -> Binding | None:
        """The binding of a key to a verb, or to a change of the screen's own."""
        own = cast("list[Binding]", [*self.BINDINGS, *CsctlScreen.BINDINGS])
        explained = BY_ACTION.keys() | self.CHANGES
        return next(
            (
                one
                for one in own
                if one.action in explained and key in one.key.split(",")
            ),
            None,
        )

    # -- doing it -----------------------------------------------------------------

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(map(key_of, self.subjects))

    def _name_for(self, action: str) -> str:
        """The row of a verb that is done to one; nothing calls it without any."""
        return key_of(self.rows_of(BY_ACTION[action])[0])

    def action_back(self) -> None:
        self.app.pop_screen()

    def action_go(self) -> None:
        places.ask(self.csctl)

    def action_last(self) -> None:
        """The place that was opened last, other than this one."""
        here, visited = self.place, self.csctl.visited
        last = next((one for one in reversed(visited) if one != here), None)
        if last is None:
            self.notify("no other place was opened yet", timeout=3)
            return
        if here is not None and last.why_not(self.csctl) is None:
            self.dismiss()
        last.open(self.csctl)

    def action_help(self) -> None:
        doors.open_help(self.csctl)

    def action_details(self) -> None:
        doors.open_details(self.csctl, self._name_for("details"))

    def action_plan(self) -> None:
        doors.open_plan(self.csctl, self._names)

    def action_apply(self) -> None:
        doors.open_apply(self.csctl, self._names)

    def action_logs(self) -> None:
        doors.open_logs(self.csctl, self._name_for("logs"))

    def action_images(self) -> None:
        rows = self.rows_of(BY_ACTION["images"])
        doors.open_images(self.csctl, key_of(rows[0]) if rows else None)

    def action_models(self) -> None:
        doors.open_models(self.csctl, self._name_for("models"))

    def action_license(self) -> None:
        doors.open_license(self.csctl, self._name_for("license"))

    def action_edit(self) -> None:
        self.csctl.edit(self._name_for("edit"))

    def action_new(self) -> None:
        doors.open_new(self.csctl)

    def action_start(self) -> None:
        from csctl.tui import power

        power.start(self.csctl, self._names)

    def action_restart(self) -> None:
        from csctl.tui import power

        power.restart(self.csctl, self._names)

    def action_stop(self) -> None:
        from csctl.tui import power

        power.stop(self.csctl, self._names)

    def action_down(self) -> None:
        from csctl.tui import power

        power.down(self.csctl, self._names)
