"""Newer releases: asked of the registries now and then, in the background."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from threading import Thread

from csctl.errors import CsctlError
from csctl.reference import ImageReference
from csctl.tag import Tag, newer, newest

_AGAIN_SECONDS = 6 * 3600


class Releases:
    """The newest release of each repository, as far as its registry told."""

    def __init__(self, environ: Mapping[str, str], tell: Callable[[], object]) -> None:
        """`tell` is called in another thread when more is known."""
        self._environ = environ
        self._tell = tell
        self._newest: dict[str, Tag] = {}
        self._asked: dict[str, float] = {}

    def newer(self, reference: ImageReference | None) -> Tag | None:
        """A release above the tag of an image."""
        best = self._newest.get(reference.name) if reference else None
        if best is None or reference is None or reference.tag is None:
            return None
        return newer(Tag.parse(reference.tag), (best,))

    def ask(self, references: Iterable[ImageReference]) -> None:
        """Ask for the repositories that were not asked for lately."""
        now = time.monotonic()
        due = {
            one.name: one
            for one in references
            if now - self._asked.get(one.name, -_AGAIN_SECONDS) >= _AGAIN_SECONDS
        }
        if due:
            self._asked |= dict.fromkeys(due, now)
            # Not a worker, which the end of the application would wait for: a
            # registry that is not there may take a minute to be found so.
            Thread(target=self._read, args=(tuple(due.values()),), daemon=True).start()

    def _read(self, references: Iterable[ImageReference]) -> None:
        from csctl.registry.client import open_registry
        from csctl.registry.tags import read_tags

        for one in references:
            try:
                with open_registry(one, self._environ) as registry:
                    best = newest(read_tags(registry, one.repository))
            except CsctlError:
                continue  # The screen of images says why; here it is only not known.
            if best is not None:
                self._newest[one.name] = best
                self._tell()
