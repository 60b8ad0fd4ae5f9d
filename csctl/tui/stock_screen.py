"""The base of the screens of images, models and licenses: lists to choose from."""

from __future__ import annotations

from textual.binding import ActiveBinding

from csctl.engine.engine import Engine
from csctl.errors import CsctlError
from csctl.profile.model import Profile
from csctl.tui.screen import CsctlScreen
from csctl.tui.verb import BY_ACTION


class StockScreen(CsctlScreen):
    """What is on this host of one kind; its own keys come before the verbs'.

    The verb that opens it it does not offer again.
    """

    def __init__(self, subject: str | None) -> None:
        super().__init__(subject)
        if subject is not None:
            self.crumb = f"{self.crumb} of {subject}"

    @property
    def profile(self) -> Profile | None:
        """The profile that the screen is about."""
        return self.row.wanted if self.row else None

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """All keys, this screen's own first: the footer ends where the room does."""
        found = super().active_bindings
        later = BY_ACTION.keys() | {"help"}
        own = {k: one for k, one in found.items() if one.binding.action not in later}
        return own | found

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == self.OWN_VERB:
            return False
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str | None:
        if action == self.OWN_VERB:
            return "it is shown already"
        return super().why_not(action)

    def engine_to_change(self) -> Engine | None:
        """The Engine, if anything may be changed now; else it is said why not."""
        try:
            self.desk.require_changes()
            return self.desk.require_engine()
        except CsctlError as error:
            self.csctl.fail(error)
            return None
