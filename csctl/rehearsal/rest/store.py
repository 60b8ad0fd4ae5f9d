"""All entities, and the jobs that bring them to their end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from . import catalog, hooks
from .entity import TERMINAL, Entity, View
from .refusal import invalid, not_found
from .results import Failed, Results
from .settings import Knobs

SETS = (
    *("base", "models", "datasets", "endpoints", "evaluations", "projects"),
    *("transcriptions", "webhooks", "copies"),
)
_WRONG = {
    "datasets": "InvalidDataset",
    "models": "InvalidModel",
    "projects": "InvalidProject",
    "transcriptions": "InvalidTranscription",
}
_HAVE_JOBS = ("datasets", "endpoints", "evaluations", "models", "transcriptions")


class Store:
    """What the service keeps. Its lock is held while anything is looked at."""

    def __init__(self, knobs: Knobs, results: Results, region_view: View) -> None:
        self.lock = threading.RLock()
        self._knobs = knobs
        self._results = results
        self._view = region_view
        self._caller = hooks.Caller()
        self._sets: dict[str, dict[str, Entity]] = {name: {} for name in SETS}
        for entity in (*catalog.base_models(knobs.base_models), *catalog.customer()):
            self._sets[entity.subject][entity.id] = entity
            if entity.subject in _HAVE_JOBS:
                self._finish(entity)
            else:
                entity.status = "Succeeded"
            entity.changed = entity.created

    def all(self, subject: str) -> list[Entity]:
        """The entities of a set, the oldest first."""
        return list(self._sets[subject].values())

    def get(self, subject: str, entity_id: str) -> Entity:
        """One entity. Raises Refused."""
        try:
            return self._sets[subject][entity_id.lower()]
        except KeyError:
            raise not_found() from None

    def resolve(self, subject: str, reference: dict[str, Any]) -> Entity:
        """The entity that another one refers to. Raises Refused."""
        parts = reference["self"].partition("?")[0].rstrip("/").split("/")
        sets = ("base", "models") if subject == "models" else (subject,)
        named = "base" if parts[-2:-1] == ["base"] else "".join(parts[-2:-1])
        if named in sets and parts[-1].lower() in self._sets[named]:
            return self._sets[named][parts[-1].lower()]
        code = _WRONG[subject]
        raise invalid(code, f"The reference {reference['self']} is not valid.")

    def add(self, entity: Entity) -> None:
        """Keep a new entity, and begin its job unless it waits for its data."""
        self._sets[entity.subject][entity.id] = entity
        if entity.subject == "webhooks":
            self._caller.challenge(entity)
            return
        self.announce(entity, "Creation")
        if not entity.waits_for_data:
            self.begin(entity)

    def remove(self, entity: Entity) -> None:
        """Forget an entity."""
        del self._sets[entity.subject][entity.id]
        self.announce(entity, "Deletion")

    def begin(self, entity: Entity) -> None:
        """Begin the job of an entity; its status tells how it goes."""
        if entity.subject not in _HAVE_JOBS:
            entity.enter("Succeeded")
            return
        if not self._knobs.job_seconds:
            self._run(entity)
            self._finish(entity)
            return
        half = self._knobs.job_seconds / 2
        self._later(half, entity, self._run)
        self._later(2 * half, entity, self._finish)

    def challenge(self, hook: Entity) -> None:
        """Let a web hook prove itself again."""
        self._caller.challenge(hook)

    def announce(self, entity: Entity, phase: str) -> None:
        """Tell the web hooks that want to know."""
        event = f"{entity.subject.removesuffix('s')}{phase}"
        body = hooks.notification(self._view.url(entity.path))
        for hook in self.all("webhooks"):
            if hooks.wants(hook, event):
                self._caller.notify(hook, event, body)

    def ping(self, hook: Entity, body: dict[str, Any]) -> None:
        """Send a hook its own entity."""
        self._caller.notify(hook, "ping", body)

    def test(self, hook: Entity) -> bool:
        """Send what last would have invoked a hook; False where nothing would."""
        found = False
        for event, wanted in hook.fields["events"].items():
            last = self._last(event) if wanted else None
            if last is not None:
                body = hooks.notification(self._view.url(last.path))
                self._caller.notify(hook, event, body)
                found = True
        return found

    def _last(self, event: str) -> Entity | None:
        for subject in _HAVE_JOBS:
            if event.startswith(subject.removesuffix("s")):
                return next(reversed(self.all(subject)), None)
        return None

    def _later(
        self, seconds: float, entity: Entity, work: Callable[[Entity], None]
    ) -> None:
        def locked() -> None:
            with self.lock:
                if entity.id in self._sets[entity.subject]:
                    work(entity)

        timer = threading.Timer(seconds, locked)
        timer.daemon = True
        timer.start()

    def _run(self, entity: Entity) -> None:
        if entity.status not in TERMINAL:
            entity.enter("Running")
            self.announce(entity, "Processing")

    def _finish(self, entity: Entity) -> None:
        try:
            self._check_needed(entity)
            if "jobs" in self._knobs.fail:
                raise Failed("InternalServerError", "The job failed, as was asked for.")
            self._results.make(entity)
            if "unsafe-names" in self._knobs.fail:
                self._results.add_extra(entity)
            entity.enter("Succeeded")
        except Failed as failed:
            entity.properties["error"] = {
                "code": failed.code,
                "message": failed.message,
            }
            entity.enter("Failed")
        self.announce(entity, "Completion")

    def _check_needed(self, entity: Entity) -> None:
        """Nothing comes of what failed itself."""
        needed: Iterable[Any] = (
            *entity.fields.get("datasets", ()),
            *(entity.fields.get(name) for name in ("dataset", "model")),
        )
        for reference in filter(None, needed):
            _, subject, *_, entity_id = reference["self"].split("/")
            found = self._sets[subject].get(entity_id)
            if found is not None and found.status == "Failed":
                raise Failed("InvalidData", f"{reference['self']} has failed.")
