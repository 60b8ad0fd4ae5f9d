"""An errand: a verb that csctl does for another host, with the profiles it is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass

from csctl.errors import CsctlError
from csctl.lifecycle import far
from csctl.lifecycle.events import Event, Note
from csctl.profile.carried import carried
from csctl.profile.host import Host
from csctl.profile.load import STDIN
from csctl.profile.model import Profile

_PENDING = 6
_SPEAKER = "csctl: "
_REMEDY = "  -> "
_ASIDE = (f"{_SPEAKER}note: ",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How an errand went: what csctl wrote to both of its streams, and its end."""

    host: Host
    verb: str
    code: int
    out: str
    notes: tuple[str, ...]
    """The lines on its stderr."""

    @property
    def pending(self) -> bool:
        """Whether `plan` found something to do."""
        return self.code == _PENDING

    @property
    def well(self) -> bool:
        """Whether nothing was wrong."""
        return self.code in (0, _PENDING)

    @property
    def error(self) -> CsctlError:
        """Its last complaint, with what it says to do next."""
        said = [n for n in self.notes if n.startswith(_SPEAKER)]
        said = [n for n in said if not n.startswith(_ASIDE)]
        if not said:
            last = next(reversed(self.notes), f"it ended with exit code {self.code}")
            return CsctlError(f"{self.host}: csctl {self.verb}: {last}")
        after = self.notes[self.notes.index(said[-1]) + 1 :]
        remedy = next((n for n in after if n.startswith(_REMEDY)), "")
        return CsctlError(
            f"{self.host}: {said[-1].removeprefix(_SPEAKER)}",
            remedy=remedy.removeprefix(_REMEDY) or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """The words of one call of csctl for a host."""

    host: Host
    verb: tuple[str, ...]
    """With its options."""
    profiles: tuple[Profile, ...] = ()
    """They go along; without any, the verb is about `name`."""
    name: str | None = None

    def __str__(self) -> str:
        names = [self.name] if self.name else [one.name for one in self.profiles]
        return f"{', '.join(names)} on {self.host}"

    def doing(self, *verb: str) -> Errand:
        """Another verb about the same."""
        return dataclasses.replace(self, verb=verb)

    def report(self, environ: Mapping[str, str]) -> Generator[Event, None, Report]:
        """Run it to its end. Raises CsctlError where csctl is not there to answer."""
        named, text = self.name or STDIN, b""
        if self.name is None:
            text = carried(self.profiles, environ).encode()
        work = far.ask(self.host, [*self.verb, "--", named], text, environ)
        notes: list[str] = []
        try:
            while True:
                event = next(work)
                if isinstance(event, Note):
                    notes.append(event.text)
                yield event
        except StopIteration as stop:
            answer: far.Answer = stop.value
        finally:
            work.close()
        verb = " ".join(word for word in self.verb if not word.startswith("-"))
        return Report(
            host=self.host,
            verb=verb,
            code=answer.code,
            out=answer.out,
            notes=tuple(notes),
        )

    def run(self, environ: Mapping[str, str]) -> Generator[Event, None, str]:
        """Run it to a good end; what it printed. Raises CsctlError where it failed."""
        report = yield from self.report(environ)
        if report.code:
            raise report.error
        return report.out.strip()

    def wait(
        self, environ: Mapping[str, str], ended: Callable[[], bool] = lambda: False
    ) -> Report:
        """Run it in silence. Raises CsctlError as `report`, and where it is `ended`."""
        work = self.report(environ)
        try:
            while not ended():
                next(work)
        except StopIteration as stop:
            report: Report = stop.value
            return report
        finally:
            work.close()
        raise CsctlError(f"{self} was not waited for")


def errands(verb: tuple[str, ...], profiles: Iterable[Profile]) -> list[Errand]:
    """An errand for each host that some profiles name; each profile goes once."""
    wanted: dict[Host, dict[str, Profile]] = {}
    for one in profiles:
        assert one.host is not None, "it is of another host"
        wanted.setdefault(one.host, {})[one.name] = one
    return [
        Errand(host=host, verb=verb, profiles=tuple(some.values()))
        for host, some in wanted.items()
    ]
