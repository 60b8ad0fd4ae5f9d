"""What one command has to work with: the Engine, profiles, its two output streams."""

from __future__ import annotations

import json
import os
import shlex
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
# As `csctl.profile.load.STDIN`, without its imports.
_STDIN = "-"


class Declined(CsctlError):
    """A confirmation was answered with no."""


@dataclass
class Session:
    """The options that stand before the command, and what follows from them."""

    host: str | None
    context: str | None
    color: bool
    here: str | None = None
    """What profiles call this host, which is then the only one; `-` is no name."""
    announced: int | None = None
    """How many bytes are to come on stdin, where that was said."""
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
                    " this host alone",
                    remedy=f"run it there: {_typed(one)}",
                )
        return found

    def everywhere(self, paths: Iterable[str]) -> list[Profile]:
        """The profiles of files and directories, whatever host they name.

        Where this host has a name of its own, those that name it, as if they named
        none. Raises ProfileError, UsageError where there is no such one.
        """
        if self.here is None:
            return self._load(paths)
        if not (found := self.ours(paths)):
            raise UsageError(
                f"no profile is for the host {self.here}",
                remedy="write --here as the profiles write their `host`",
            )
        return found

    def ours(self, paths: Iterable[str]) -> list[Profile]:
        """The profiles that are for this host, if any. Raises ProfileError."""
        import msgspec

        from csctl.profile.host import NAMELESS, known_as

        here = self.here or NAMELESS
        return [
            msgspec.structs.replace(one, host=None)
            for one in self._load(paths)
            if known_as(one.host) == here
        ]

    def _load(self, paths: Iterable[str]) -> list[Profile]:
        from csctl.profile.load import load

        return load([Path(path) for path in paths], self.environ, lambda: self.stdin)

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


def _typed(profile: Profile) -> str:
    """What does on a profile's host what this command line was to do here."""
    command = click.get_current_context().command_path.split()[1:]
    host, file = profile.host, profile.source.file
    words = ["csctl", "--here", str(host), *command, "-"]
    there = ["ssh", str(host)] if host is not None and host.way == "ssh" else []
    return f"{shlex.join([*there, *words])} < {shlex.quote(str(file))}"


def means_profile(word: str) -> bool:
    """Whether a word is a path of profiles; else it can only be a container's name."""

    path = Path(word)
    suffixed = path.suffix in _SUFFIXES
    return word == _STDIN or os.sep in word or suffixed or path.is_file()


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
