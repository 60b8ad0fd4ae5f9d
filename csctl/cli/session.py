"""What one command has to work with: the Engine, profiles, its two output streams."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from csctl.errors import CsctlError, UsageError

if TYPE_CHECKING:
    from csctl.engine.engine import Engine
    from csctl.profile.model import Profile

Result = TypeVar("Result")
_SUFFIXES = (".yaml", ".yml")


class Declined(CsctlError):
    """A confirmation was answered with no."""


@dataclass
class Session:
    """The options that stand before the command, and what follows from them."""

    host: str | None
    context: str | None
    color: bool
    here_only: bool = False
    """Whether profiles that name another host are left out."""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def connect(self) -> Engine:
        """The Engine, found as docker finds it. Raises EngineUnavailable."""
        from csctl.engine.connection import connect

        return connect(self.host, self.context, self.environ)

    def profiles(self, paths: Iterable[str]) -> list[Profile]:
        """The profiles of files and directories, all of which are for this host.

        Raises ProfileError, UsageError for one that names another host.
        """
        found = self.everywhere(paths)
        for one in found:
            if one.host is not None:
                raise UsageError(
                    f"{one.name} is for the host {one.host}, and this command works on"
                    " one host alone",
                    remedy="run it on that host, with a profile that names none",
                )
        return found

    def everywhere(self, paths: Iterable[str]) -> list[Profile]:
        """The profiles of files and directories, whatever host they name.

        Raises ProfileError.
        """
        from csctl.profile.load import load

        found = load([Path(path) for path in paths], self.environ, lambda: self.stdin)
        return [one for one in found if not (self.here_only and one.host is not None)]

    @cached_property
    def stdin(self) -> bytes:
        """The profiles on stdin, which can be read once."""
        from csctl.profile.load import read_stdin

        return read_stdin()

    @property
    def colored(self) -> bool:
        """Whether stderr may be coloured and redrawn."""
        plain = self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb"
        return self.color and not plain and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """A line on stderr."""
        click.echo(text, err=True)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before changing anything; the default answer is no.

        Raises UsageError without a terminal, Declined on a no.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise UsageError(
                "there is no terminal to confirm on", remedy="add --yes to go ahead"
            )
        if not click.confirm(question, default=False, err=True):
            raise Declined("nothing was changed")

    def follow(self, name: str, work: Generator[Any, None, Result]) -> Result:
        """Run one job to its end, narrating it; its result. Raises CsctlError."""
        from csctl.cli.narrator import narrate

        with narrate(self) as tell:
            try:
                while True:
                    try:
                        tell(name, next(work))
                    except StopIteration as stop:
                        result: Result = stop.value
                        return result
            finally:
                work.close()


def means_profile(word: str) -> bool:
    """Whether a word is a path of profiles; else it can only be a container's name."""
    from csctl.profile.load import STDIN

    path = Path(word)
    return word == STDIN or os.sep in word or path.suffix in _SUFFIXES or path.is_file()


def print_json(value: Any) -> None:
    """The one JSON value of a command, on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def one_or_list(values: list[Any]) -> Any:
    """An object where one profile was named, a list where several."""
    return values[0] if len(values) == 1 else values


pass_session = click.make_pass_decorator(Session)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
profile_argument = click.argument(
    "profile", nargs=-1, required=True, type=click.Path(exists=False)
)
