"""The doors to the other screens: the module of each is loaded when it is opened."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csctl.bundle.carried import Destination
    from csctl.tui.app import CsctlApp


def open_help(app: CsctlApp) -> None:
    from csctl.tui.help_screen import HelpScreen

    app.push_screen(HelpScreen(app.screen))


def open_details(app: CsctlApp, name: str) -> None:
    if _far(app, name):
        from csctl.tui.far_screen import FarDetailsScreen

        app.push_screen(FarDetailsScreen(name))
        return
    from csctl.tui.details_screen import DetailsScreen

    app.push_screen(DetailsScreen(name))


def open_plan(app: CsctlApp, names: Iterable[str]) -> None:
    from csctl.tui.plan_screen import PlanScreen

    app.push_screen(PlanScreen(tuple(names)))


def open_apply(app: CsctlApp, names: Iterable[str]) -> None:
    """The plan, and the question at once."""
    from csctl.tui.plan_screen import PlanScreen

    app.push_screen(PlanScreen(tuple(names), asking=True))


def open_logs(app: CsctlApp, name: str) -> None:
    from csctl.tui.logs_screen import LogsScreen

    app.push_screen(LogsScreen(name))


def open_images(app: CsctlApp, name: str | None) -> None:
    from csctl.tui.images_screen import ImagesScreen

    app.push_screen(ImagesScreen(name))


def open_models(app: CsctlApp, name: str) -> None:
    from csctl.tui.models_screen import ModelsScreen

    app.push_screen(ModelsScreen(name))


def open_license(app: CsctlApp, name: str) -> None:
    if _far(app, name):
        from csctl.tui.far_screen import FarLicenseScreen

        app.push_screen(FarLicenseScreen(name))
        return
    from csctl.tui.license_screen import LicenseScreen

    app.push_screen(LicenseScreen(name))


def open_bundle(app: CsctlApp, name: str, file: Path, where: Destination) -> None:
    from csctl.tui.bundle_screen import BundleScreen

    app.push_screen(BundleScreen(name, file, where))


def open_new(app: CsctlApp) -> None:
    from csctl.tui.new_screen import NewScreen

    app.push_screen(NewScreen())


def _far(app: CsctlApp, name: str) -> bool:
    """Whether a row is of another host."""
    from csctl.lifecycle.far_row import FarRow

    return isinstance(app.desk.row(name), FarRow)
