"""Profiles from files and from text."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from csctl.errors import Problem, ProfileError
from csctl.profile import document, speech
from csctl.profile.host import Host
from csctl.profile.model import Profile, Source
from csctl.profile.node import BROKEN, Node, Position
from csctl.profile.reading import PROBLEM_LIMIT, Reading
from csctl.profile.replica import replicas_of
from csctl.profile.section import Section
from csctl.profile.variables import Variables

STDIN = "-"
"""What stands for stdin in place of a file's name."""
_SUFFIXES = (".yaml", ".yml")


def read_stdin() -> bytes:
    """What stands on stdin, as far as a file of profiles may go."""
    return sys.stdin.buffer.read(document.SIZE_LIMIT + 1)


def load(
    paths: Iterable[Path],
    environ: Mapping[str, str],
    stdin: Callable[[], bytes] = read_stdin,
) -> list[Profile]:
    """The profiles of files, and of all *.yaml and *.yml files in directories.

    `csctl.yaml` is none: it declares resources. `-` is stdin, and relative paths in it
    start where csctl does.

    Raises ProfileError with the problems of all files.
    """
    collected = _Collected(environ)
    seen = set()
    for path in paths:
        if str(path) == STDIN:
            collected.add(stdin(), file="stdin", base=Path())
            continue
        for file in collected.files(path):
            if (real := os.path.realpath(file)) not in seen:
                seen.add(real)
                collected.add_file(file)
    return collected.profiles()


def parse(
    text: str | bytes, *, file: str, base: Path, environ: Mapping[str, str]
) -> list[Profile]:
    """The profiles of a text; `base` is where relative paths start.

    Raises ProfileError with all problems of the text.
    """
    collected = _Collected(environ)
    collected.add(text, file=file, base=base)
    return collected.profiles()


def host_named(text: bytes, file: str) -> Host | None:
    """The host of a text's first profile, of which nothing else is read.

    Raises ProfileError where it cannot be read, InvalidValue for what is no host.
    """
    decoded, problems = document.decode(text, file)
    nodes, more = document.read(decoded, file)
    if problems := [*problems, *more]:
        raise ProfileError(tuple(problems))
    named = next(filter(_names_host, nodes), None)
    if named is None:
        return None
    assert isinstance(named.value, dict), "it names a host"
    return Host.parse(str(named.value["host"].value))


def _may_be_file(path: Path) -> bool:
    # What cannot be looked at is: reading it says why.
    return os.path.isfile(path) or not os.path.exists(path)


def _names_host(node: Node) -> bool:
    host = node.value.get("host") if isinstance(node.value, dict) else None
    return host is not None and host.value is not None


class _Collected:
    """The profiles and the problems of all files so far."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._profiles: list[Profile] = []
        self._problems: list[Problem] = []
        self._names: dict[tuple[Host | None, str], tuple[str, Position]] = {}

    def profiles(self) -> list[Profile]:
        """All profiles. Raises ProfileError where there is any problem."""
        if self._problems:
            raise ProfileError(tuple(self._problems))
        return self._profiles

    def files(self, path: Path) -> Iterator[Path]:
        """The file itself, or the profiles of a directory, sorted by name."""
        # Not Path.is_dir, which raises where a folder above may not be entered.
        if not os.path.isdir(path):
            yield path
            return
        try:
            entries = sorted(path.iterdir())
        except OSError as exc:
            self._report(str(path), f"cannot be read: {exc.strerror}")
            return
        files = [
            entry
            for entry in entries
            if entry.suffix in _SUFFIXES
            and entry.name[0] != "."
            and entry.name != speech.FILE
            and _may_be_file(entry)
        ]
        if not files:
            self._report(str(path), "holds no *.yaml and no *.yml file")
        yield from files

    def add_file(self, file: Path) -> None:
        try:
            with file.open("rb") as stream:
                data = stream.read(document.SIZE_LIMIT + 1)
        except OSError as exc:
            self._report(str(file), f"cannot be read: {exc.strerror}")
        else:
            self.add(data, file=str(file), base=file.parent)

    def add(self, text: str | bytes, *, file: str, base: Path) -> None:
        problems: list[Problem] = []
        if isinstance(text, bytes):
            text, problems = document.decode(text, file)
        if not problems:
            nodes, problems = document.read(text, file)
            written = [(i, n) for i, n in enumerate(nodes, 1) if n.value is not None]
            if not written and not problems:
                self._report(file, "holds no profile")
            self._read(written, problems, file, Path(os.path.abspath(base)))
        problems.sort(key=lambda problem: (problem.line, problem.column))
        self._problems += problems[:PROBLEM_LIMIT]
        if len(problems) > PROBLEM_LIMIT:
            self._report(file, "has more problems than these")

    def _read(
        self,
        nodes: Iterable[tuple[int, Node]],
        problems: list[Problem],
        file: str,
        folder: Path,
    ) -> None:
        variables = Variables(self._environ)
        home = self._environ.get("HOME")
        for index, node in nodes:
            if len(problems) > PROBLEM_LIMIT:
                return
            base = None if _names_host(node) else folder
            reading = Reading(file, base, home, variables)
            source = Source(
                file=Path(file), document=index, positions=reading.positions, node=node
            )
            profile = reading.read(Section(Profile, {"source": source}), node, "")
            problems += reading.problems
            if profile is not BROKEN:
                problems += self._again(profile, file)
                self._profiles.append(profile)

    def _again(self, profile: Profile, file: str) -> Iterator[Problem]:
        at = profile.source.positions["name"]
        names = [profile.name, *(one.name for one in replicas_of(profile))]
        for name in dict.fromkeys(names):
            first, where = self._names.setdefault((profile.host, name), (file, at))
            if (first, where) != (file, at):
                place = f"{first}:{where.line}:{where.column}"
                yield Problem(
                    file=file,
                    line=at.line,
                    column=at.column,
                    path="name",
                    message=f"{name!r} is the name at {place} already",
                )

    def _report(self, file: str, message: str) -> None:
        self._problems.append(
            Problem(file=file, line=0, column=0, path="", message=message)
        )
