"""A line to a container, from the words of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from csctl.cli.session import Session

if TYPE_CHECKING:
    from csctl.lifecycle.reach import Reached
    from csctl.speech.line import Deadlines, Line, Pace

locale_option = click.option(
    "--locale", default="en-US", metavar="L", help="Default: en-US."
)


def reached(session: Session, name: str) -> Reached:
    """What NAME means. Raises CsctlError."""
    from csctl.lifecycle.reach import reach

    return reach(name, session.connect)


def line_to(target: Reached, locale: str, pace: Pace, deadlines: Deadlines) -> Line:
    """The line to it. Raises InvalidValue for what is no locale."""
    from csctl.profile.value import LOCALE
    from csctl.speech.line import Line

    LOCALE.parse(locale)
    return Line(
        name=target.name,
        host=target.address.host,
        port=target.address.port,
        locale=locale,
        pace=pace,
        deadlines=deadlines,
    )
