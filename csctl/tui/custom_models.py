"""The custom models of the Speech resource, as its REST API lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual import work

from csctl.errors import CsctlError
from csctl.lifecycle.model_stock import StockedModel
from csctl.profile.model import Profile
from csctl.tui.aside import aside
from csctl.tui.offered_models import OfferedModels

if TYPE_CHECKING:
    from csctl.azure.catalog import CatalogModel
    from csctl.lifecycle.speech_models import KnownModel

_COLUMNS = (
    ("NAME", 24),
    ("LOCALE", 7),
    ("CONTAINERS", 10),
    ("RETIRES", 10),
    ("STATE", None),
    ("ID", 36),
)
_SAID_SECONDS = 60.0
"""Long enough for a code that is to be entered elsewhere."""


class CustomModels(OfferedModels):
    """The custom models of all locales, and what of them is here.

    The REST API's modules are loaded once it is asked.
    """

    TITLE = "Custom models"
    HINT = "o lists them"

    def __init__(self) -> None:
        super().__init__(*_COLUMNS)
        self._found: list[CatalogModel] = []

    def rows(self, here: Sequence[StockedModel]) -> Mapping[str, Sequence[str]]:
        from csctl.format import speech as words

        known = self._known(here)
        return {one.model.id: words.offered_model_cells(one) for one in known}

    def doubts(self, id_: str) -> Iterable[str]:
        """What speaks against wanting a model, where the API told anything of it."""
        from csctl.format import speech as words

        for one in self._known(()):
            if one.model.id == id_:
                yield from words.doubts(one.model, retiring=one.retiring)

    def _known(self, here: Sequence[StockedModel]) -> Iterable[KnownModel]:
        if not self._found:
            return ()
        from csctl.lifecycle.speech_models import join

        return join(self._found, here, datetime.now(UTC))

    @work(exclusive=True)
    async def ask(self, profile: Profile, environ: Mapping[str, str]) -> None:
        """Have them listed by the resource whose models the profile may want."""
        from csctl.lifecycle import speech_models

        self.tell("asking the Speech resource …")
        try:
            self._found = await aside(
                lambda: speech_models.custom_models(profile, environ, self._say)
            )
        except CsctlError as error:
            self.post_message(self.Refused(error))
            return
        self.tell(f"{len(self._found)}, the newest first")
        self.post_message(self.Listed())

    def _say(self, text: str) -> None:
        """Show what the client has to say; it is called in another thread."""
        self.app.notify(text, title=self.TITLE, timeout=_SAID_SECONDS)
