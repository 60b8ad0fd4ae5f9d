"""The base models of a locale, as the image itself lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from csctl import format as plain
from csctl.contract.dialects import BaseModel
from csctl.engine.engine import Engine
from csctl.errors import CsctlError
from csctl.format import stock as words
from csctl.lifecycle import models, verb
from csctl.lifecycle.model_stock import StockedModel
from csctl.profile.model import Profile
from csctl.tui.offered_models import OfferedModels

_COLUMNS = (("ID", 36), ("LOCALE", 8), ("CREATED", 20), ("HERE", 7))


@dataclass
class _Found(Message):
    """The base models that the image lists."""

    models: tuple[BaseModel, ...]


class BaseModels(OfferedModels):
    """A field for the locale, and the base models that a container lists for it."""

    TITLE = "Base models"
    HINT = "b lists them"

    def __init__(self, locale: str) -> None:
        super().__init__(*_COLUMNS)
        self._first = locale
        self._found: tuple[BaseModel, ...] = ()

    def heading(self) -> ComposeResult:
        yield Static(f"{self.TITLE} of", markup=False)
        yield Input(self._first, id="locale", compact=True, select_on_focus=False)

    @property
    def locale(self) -> str:
        """The locale whose base models are asked for."""
        return self.query_one(Input).value.strip()

    def rows(self, here: Sequence[StockedModel]) -> Mapping[str, Sequence[str]]:
        own = {one.id: words.model_cells(one)[1] for one in here}
        return {
            one.id: (one.id, one.locale, one.created, own.get(one.id, "-"))
            for one in self._found
        }

    def ask(self, engine: Engine, profile: Profile, environ: Mapping[str, str]) -> None:
        """Have them listed by a container of the profile's image."""
        self.tell("asking the image …")
        self._ask(engine, profile, environ, self.locale)

    @work(thread=True, exclusive=True)
    def _ask(
        self,
        engine: Engine,
        profile: Profile,
        environ: Mapping[str, str],
        locale: str,
    ) -> None:
        worker = get_current_worker()
        stream = verb.with_image(
            engine, profile, environ, lambda job: models.list_base(job, locale)
        )
        try:
            while not worker.is_cancelled:
                self.post_message(self.Told(plain.event(next(stream))))
        except StopIteration as stop:
            self.post_message(_Found(stop.value))
        except CsctlError as error:
            self.post_message(self.Refused(error))
        finally:
            stream.close()

    @on(_Found)
    def _keep(self, message: _Found) -> None:
        self._found = message.models
        self.tell(f"{len(self._found)}, the newest first")
        self.post_message(self.Listed())
