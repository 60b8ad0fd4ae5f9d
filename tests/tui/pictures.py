"""`python -m tests.tui.pictures`: the README's pictures, drawn by the application.

Details and log are those of the profile `rehearsal`, which is to be applied already.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.pilot import Pilot

from csctl.engine.connection import connect
from csctl.lifecycle.watch import watch
from csctl.profile.load import load
from csctl.tui.app import CsctlApp
from csctl.tui.desk import Desk
from tests.tui.scenes import fleet
from tests.tui.stage import until_text

_ROOT = Path(__file__).parents[2]
_SIZE = (120, 26)


def main() -> None:
    """Write docs/*.svg anew."""
    asyncio.run(_fleet())
    asyncio.run(_rehearsal())


async def _fleet() -> None:
    app = fleet()
    async with app.run_test(size=(120, 14)) as pilot:
        await until_text(pilot, "callcenter")
        _draw(app, "fleet")


async def _rehearsal() -> None:
    profile = Path("profiles/rehearsal.yaml")
    desk = Desk(
        connect=lambda: connect(None, None, os.environ),
        load=lambda: load([profile], os.environ),
        environ=os.environ,
        folder=profile.parent,
    )
    app = CsctlApp(
        desk, lambda stop: watch(desk.connect, desk.load, desk.environ, stop)
    )
    async with app.run_test(size=_SIZE) as pilot:
        await until_text(pilot, "● ready")
        await _screen(pilot, app, "d", "API key", "details")
        await _screen(pilot, app, "l", "Now listening", "logs")


async def _screen(
    pilot: Pilot[int], app: CsctlApp, key: str, text: str, name: str
) -> None:
    await pilot.press(key)
    await until_text(pilot, text)
    _draw(app, name)
    await pilot.press("q")


def _draw(app: CsctlApp, name: str) -> None:
    path = _ROOT / "docs" / f"{name}.svg"
    path.parent.mkdir(exist_ok=True)
    path.write_text(app.export_screenshot(title="csctl") + "\n")


if __name__ == "__main__":
    main()
