"""Bundles loaded by a call, without a shell: one folder, one profile, any Engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from csctl.bundle.archive import open_bundle
from csctl.bundle.carried import Destination
from csctl.bundle.load import load
from csctl.bundle.outcome import Loaded
from csctl.bundle.signature import Trust
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.lifecycle.events import Event, Note
from tests.bundle.far_side import nothing
from tests.bundle.freight import Freight, Packed
from tests.faults.site import MODEL

ENDPOINT = "https://rehearsal.cognitiveservices.azure.com"
PROFILE = """\
# Kept as it is.
name: {name}
image: {image}
mode: disconnected
model:
  id: {model}
license:
  endpoint: {endpoint}
  api_key: {{env: NOWHERE}}
data: ./data  # by the profile
port: 127.0.0.1:20999
"""
MODEL_FILES = {"properties.json": b"{}", "am/final.bin": b"sound" * 999, "empty": b""}


def some_freight(name: str, packed: Packed) -> Freight:
    """A bundle whose license is a day old."""
    text = PROFILE.format(
        name=name, image=packed.image.reference, model=MODEL, endpoint=ENDPOINT
    )
    return Freight(
        packed=packed,
        name=name,
        text=text,
        model=dict(MODEL_FILES),
        license={"license.key": b"opaque"},
        fetched_at=datetime.now(UTC).replace(microsecond=0) - timedelta(days=1),
    )


@dataclass
class Landing:
    """Where bundles are loaded; `notes` of the last run."""

    url: str
    folder: Path
    freight: Freight
    notes: list[str] = field(default_factory=list)
    watch: Callable[[Event], None] | None = None
    """Sees each event while there is more to come."""

    @property
    def data(self) -> Path:
        """The profile's `data`."""
        return self.folder / "profiles" / "data"

    @property
    def model(self) -> Path:
        """The directory of the bundle's model."""
        return self.data / "models" / self.freight.model_id

    @property
    def record(self) -> Path:
        """The record of the bundle's model."""
        return self.model.with_name(f"{self.model.name}.csctl.json")

    @property
    def licenses(self) -> list[Path]:
        """The licenses, the newest first."""
        return sorted((self.data / "license").glob("2*Z*/"), reverse=True)

    @property
    def profile(self) -> Path:
        """The profile's file."""
        return self.folder / "profiles" / f"{self.freight.name}.yaml"

    def changed(self, **changes: object) -> Freight:
        """The freight with other parts."""
        return dataclasses.replace(self.freight, **changes)  # type: ignore[arg-type]

    def load(
        self,
        freight: Freight | None = None,
        leave_out: Callable[[str], bool] = nothing,
        *,
        where: Destination | None = None,
        force: bool = False,
    ) -> Loaded:
        """Make a bundle and load it. Raises CsctlError."""
        data = (freight or self.freight).make(leave_out).archive()
        return self.load_bytes(data, where=where, force=force)

    def load_bytes(
        self, data: bytes, *, where: Destination | None = None, force: bool = False
    ) -> Loaded:
        """Load what may be a bundle. Raises CsctlError."""
        file = self.folder / "a.bundle"
        file.write_bytes(data)
        where = where or Destination(profiles=self.profile.parent, force=force)
        with self.engine() as engine, open_bundle(file, Trust()) as bundle:
            return self._follow(load(engine, bundle, {}, where))

    def _follow(self, run: Iterator[Event]) -> Loaded:
        self.notes = []
        while True:
            try:
                event = next(run)
            except StopIteration as stop:
                done: Loaded = stop.value
                return done
            if self.watch is not None:
                self.watch(event)
            if isinstance(event, Note):
                self.notes.append(event.text)

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """The Engine."""
        engine = connect(self.url, None, {})
        try:
            yield engine
        finally:
            engine.close()


def outcomes(done: Loaded) -> Mapping[str, str]:
    """What became of each kind of part."""
    return {part.kind: part.outcome for part in done.parts}
