"""Reads what the container was started with, and runs that mode."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import NoReturn

from . import dialects, display, license, listing, model, serve
from .disk import Disk
from .settings import InvalidKnob, Knobs, Settings


def main() -> int:
    """Run as the container's first process: arguments, environment, exit code."""
    # The kernel drops signals to process 1 that it has no handler for.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        return run(sys.argv[1:], os.environ)
    except InvalidKnob as error:
        dialects.script(str(error))
        return 2
    except OSError as error:
        dialects.fatal(f"{type(error).__name__}: {error}")


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Choose the mode, in the order of precedence that is documented."""
    settings = Settings.read(arguments, environment)
    knobs = Knobs.read(environment)
    for name in settings.conflicts:
        dialects.script(
            f"WARNING: {name} is given as an environment variable and as an argument;"
            " the environment variable counts."
        )
    if knobs.echo_key:
        _echo(settings)
    if settings.eula != "accept":
        dialects.script(
            "Missing EULA=accept command line option."
            " You must provide this to continue."
        )
        return 1
    if settings.api_key and knobs.fails("bad-key"):
        settings = settings._replace(api_key="refused")
    disk = Disk(writable=not knobs.fails("unwritable"))
    if settings.wants_display:
        display.check_support(knobs.version)
    if settings.base_model_locale:
        return listing.run(settings, knobs.list_exit_code)
    if settings.wants_display:
        display.download(settings, model.ROOT, disk)
        # Documented as a mode that does not serve; a run seen in the wild names a
        # model as well and serves.
        if not settings.model_id:
            return 0
    if settings.download_license:
        return license.run(settings, knobs, disk)
    return serve.run(settings, knobs, disk)


def _echo(settings: Settings) -> None:
    words = f"Eula={settings.eula} Billing={settings.billing}"
    dialects.script(
        "Starting dotnet Microsoft.CloudAI.Containers.SpeechToText.dll"
        f" {words} ApiKey={settings.api_key} Child pid=6 created"
    )


def _stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
