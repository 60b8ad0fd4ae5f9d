"""A stage for screens: the application on plain values, without an Engine."""

from __future__ import annotations

import inspect
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from textual.app import App
from textual.pilot import Pilot

from csctl.clock import Moment
from csctl.container.observed import Container, Host, Sample
from csctl.container.spec import (
    LABEL_MODE,
    LABEL_MODEL,
    LABEL_PROFILE,
    LABEL_ROLE,
    ROLE_SERVE,
    Limits,
    PublishedPort,
)
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, EngineUnavailable
from csctl.expiry import Expiry
from csctl.license import StoredLicense
from csctl.lifecycle.status import LicenseState, Status
from csctl.lifecycle.watch import Lost, Rows, Update
from csctl.profile.load import parse
from csctl.profile.model import Profile
from csctl.tui.app import CsctlApp
from csctl.tui.desk import Desk

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MODEL = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
IMAGE = "csctl/rehearsal:4.12.0-amd64"
IMAGE_ID = "sha256:" + "1a" * 32
SIZE = (80, 24)
HOST = Host(
    name="box",
    engine_version="20.10",
    cpus=8,
    memory=32 << 30,
    architecture="x86_64",
    os="linux",
    storage="/var/lib/docker",
)

_TICK = 0.02
_PATIENCE = 30.0


# -- values ---------------------------------------------------------------------------


def profile(name: str = "contoso", /, **changes: str) -> Profile:
    """A disconnected profile; `changes` are YAML texts by top-level key.

    An empty text leaves the key out.
    """
    written = {
        "image": IMAGE,
        "mode": "disconnected",
        "model": f"{{id: {MODEL}}}",
        "billing": "{endpoint: 'https://contoso.cognitiveservices.azure.com',"
        " api_key: {env: SPEECH_KEY}}",
        "license": "{endpoint: 'https://contoso-dc0.cognitiveservices.azure.com',"
        " api_key: {env: DC0_KEY}}",
        "data": f"/srv/stt/{name}",
        "resources": "{cpus: 4, memory: 8g}",
        "port": "127.0.0.1:5000",
    }
    if changes.get("mode") == "connected":
        written["license"] = ""
    pairs = {"name": name, **written, **changes}.items()
    text = "".join(f"{key}: {value}\n" for key, value in pairs if value)
    [read] = parse(text, file=f"{name}.yaml", base=Path("/"), environ={})
    return read


def container(name: str = "contoso", /, **changes: Any) -> Container:
    """A managed container that runs; `mode` and `model` change its labels."""
    labels = {
        LABEL_PROFILE: name,
        LABEL_ROLE: ROLE_SERVE,
        LABEL_MODE: changes.pop("mode", "disconnected"),
        LABEL_MODEL: changes.pop("model", MODEL),
    }
    values: dict[str, Any] = {
        "id": "c" * 64,
        "name": name,
        "image": IMAGE,
        "image_id": IMAGE_ID,
        "state": "running",
        "exit_code": 0,
        "out_of_memory": False,
        "restarts": 0,
        "started_at": NOW - timedelta(hours=1),
        "labels": labels,
        "arguments": (),
        "environment": {},
        "mounts": (),
        "port": PublishedPort(address="127.0.0.1", number=5000, inside=5000),
        "limits": Limits(cpus=4, memory=8 << 30),
        "restart": "unless-stopped",
        "log": None,
        "address": "172.17.0.2",
    }
    return Container(**(values | changes))


def license_state(
    days: float | None = 28,
    *,
    source: str = "declared",
    files: tuple[str, ...] = ("license.bin",),
    damage: tuple[str, ...] = (),
    recorded: Moment | None = None,
) -> LicenseState:
    """A license that ends after so many days; None is unknown.

    Without `files` there is none.
    """
    stored = StoredLicense(
        directory=Path("/srv/license/20260501T120000Z"),
        files=files,
        record=None,
        damage=damage,
    )
    ends = None if days is None else NOW + timedelta(days=days)
    return LicenseState(
        license=stored if files else None,
        expiry=Expiry(at=ends, source="unknown" if ends is None else source),
        now=NOW,
        recorded=recorded,
    )


def row(name: str = "contoso", /, **changes: Any) -> Status:
    """A profile whose container is ready; `container=None` is an absent one."""
    values: dict[str, Any] = {
        "profile": name,
        "container": container(name),
        "ready": True,
        "api_status": "Valid",
        "license": license_state(),
        "drift": (),
        "wanted": profile(name),
    }
    if changes.get("container", values["container"]) is None:
        values |= {"ready": False, "api_status": None}
    return Status(**(values | changes))


class Nobody:
    """An Engine that has a name, an address, and figures; it does nothing."""

    local = True

    def __init__(self, *samples: Sample, host: Host = HOST) -> None:
        self.host = host
        self.url = "unix:///nowhere"
        self.measured: set[str] = set()
        """The names of the containers whose figures are being read."""
        self._samples = samples

    def stats(self, name: str) -> Figures:
        """The same figures of any container, and then none until it is closed."""
        return Figures(self.measured, name, self._samples)


class Figures:
    """A stream of figures that never ends by itself."""

    def __init__(
        self, measured: set[str], name: str, samples: tuple[Sample, ...]
    ) -> None:
        self._measured, self._name, self._samples = measured, name, samples
        self._closed = threading.Event()
        measured.add(name)

    def __iter__(self) -> Iterator[Sample]:
        yield from self._samples
        self._closed.wait()

    def close(self) -> None:
        self._measured.discard(self._name)
        self._closed.set()


# -- the fleet ------------------------------------------------------------------------


class Fleet:
    """What the application is told of the fleet; a test tells more of it."""

    def __init__(self, *first: Update) -> None:
        self.starts = bool(first)
        """Whether anything is known of the fleet from the first."""
        self._updates: queue.SimpleQueue[Update] = queue.SimpleQueue()
        for update in first:
            self._updates.put(update)

    def __call__(self, stop: threading.Event) -> Iterator[Update]:
        while not stop.is_set():
            try:
                yield self._updates.get(timeout=_TICK)
            except queue.Empty:
                continue

    def tell(self, update: Update) -> None:
        """Tell the application of it; see `settle` for when it was shown."""
        self._updates.put(update)


class Stage(CsctlApp):
    """The application, and the hand that moves its fleet."""

    # A relative one starts at the file of the subclass.
    CSS_PATH = str(Path(inspect.getfile(CsctlApp)).with_name("csctl.tcss"))

    def __init__(self, desk: Desk, fleet: Fleet, engine: Engine) -> None:
        super().__init__(desk, fleet)
        self.told = fleet
        self._on = engine

    async def show(
        self, pilot: Pilot[Any], *rows: Status, problems: Iterable[CsctlError] = ()
    ) -> None:
        """Let the fleet be these rows from now on."""
        told = _rows(rows, self._on, problems)
        self.told.tell(told)
        await until(
            pilot, lambda: self.desk.rows == told.rows and self.desk.lost is None
        )

    async def lose_engine(
        self, pilot: Pilot[Any], message: str = "the Engine does not answer"
    ) -> None:
        """Let the Engine go away, until `show` brings it back."""
        self.told.tell(Lost(error=EngineUnavailable(message, remedy="start it")))
        await until(pilot, lambda: self.desk.lost is not None)


def stage(
    *rows: Status,
    profiles: Iterable[Profile] = (),
    engine: Engine | Nobody | None = None,
    read_only: bool = False,
    problems: Iterable[CsctlError] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path = Path("/nonexistent"),
    connecting: bool = False,
) -> Stage:
    """The application on these rows, and on profiles that have no container.

    Without an `engine` there is one that does nothing. With `connecting` nothing
    is known of the fleet until `Stage.show`.
    """
    absent = [row(one.name, wanted=one, container=None) for one in profiles]
    shown = (*rows, *absent)
    on = cast("Engine", engine or Nobody())
    desk = Desk(
        connect=lambda: on,
        load=lambda: [one.wanted for one in shown if one.wanted is not None],
        environ=environ or {},
        folder=folder,
        read_only=read_only,
    )
    first = () if connecting else (_rows(shown, on, problems),)
    return Stage(desk, Fleet(*first), on)


def _rows(rows: Iterable[Status], on: Engine, problems: Iterable[CsctlError]) -> Rows:
    return Rows(rows=tuple(rows), engine=on, problems=tuple(problems))


# -- looking --------------------------------------------------------------------------


@asynccontextmanager
async def run(app: CsctlApp, size: tuple[int, int] = SIZE) -> AsyncIterator[Pilot[int]]:
    """Run the application without a terminal, from its first rows on."""
    async with app.run_test(size=size) as pilot:
        if isinstance(app, Stage) and app.told.starts:
            await until(pilot, lambda: app.desk.engine is not None)
        await pilot.pause()
        yield pilot


async def until(
    pilot: Pilot[Any], true: Callable[[], object], seconds: float = _PATIENCE
) -> None:
    """Wait until something is true and drawn; fail with the screen's text."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not seen on:\n{text_of(pilot.app)}"
        await pilot.pause(_TICK)
    await pilot.pause()


async def until_text(pilot: Pilot[Any], text: str, seconds: float = _PATIENCE) -> None:
    """Wait until the screen shows a text."""
    await until(pilot, lambda: text in text_of(pilot.app), seconds)


def text_of(app: App[Any]) -> str:
    """The screen as plain lines, without blanks at their ends."""
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text.rstrip() for strip in strips)


def notices_of(app: App[Any]) -> str:
    """What notices say that are up now; a test's screen does not draw them."""
    return "\n".join(f"{one.title}: {one.message}" for one in app._notifications)


async def until_notice(pilot: Pilot[Any], text: str) -> None:
    """Wait until a notice says this."""
    await until(pilot, lambda: text in notices_of(pilot.app))
