"""Pulling an image with true totals.

The Engine tells the size of a layer only when that layer starts; the manifest, read
from the registry beforehand, tells all of them at once. Layers that the Engine has
already leave the total as soon as it says so.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from csctl.engine.engine import Engine
from csctl.errors import EngineError, EngineUnavailable, ImageNotFound
from csctl.reference import ImageReference

_ATTEMPTS = 4
_PERMANENT = (
    *("not found", "name unknown", "manifest unknown", "unknown blob"),
    *("denied", "unauthorized", "no matching manifest", "no space"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """How far a pull is. Bytes as they go over the network."""

    done: int
    total: int | None
    """None where no manifest could be read beforehand."""
    layers_done: int
    layers: int
    phase: str
    """`download`, `extract`, or `retry` with its reason."""


@dataclass
class _Tally:
    sizes: dict[str, int]
    """Short layer id to bytes; from the manifest, or as the Engine tells them."""
    known: bool
    got: dict[str, int] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)
    extracting: bool = False

    def take(self, message: Mapping[str, object]) -> None:
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        detail = message.get("progressDetail")
        detail = detail if isinstance(detail, Mapping) else {}
        if status == "Already exists":
            self.sizes[layer] = 0
            self.got.pop(layer, None)
            self.complete.add(layer)
        elif status == "Pulling fs layer":
            self.sizes.setdefault(layer, 0)
        elif status == "Downloading":
            if not self.known and isinstance(detail.get("total"), int):
                self.sizes[layer] = int(detail["total"])
            self.got[layer] = int(detail.get("current") or 0)
        elif status in ("Verifying Checksum", "Download complete"):
            self.got[layer] = self.sizes.get(layer, 0)
        elif status == "Extracting":
            self.extracting = True
        elif status == "Pull complete":
            self.got[layer] = self.sizes.get(layer, 0)
            self.complete.add(layer)

    def progress(self) -> PullProgress:
        total = sum(self.sizes.values())
        done = sum(min(n, self.sizes.get(layer, n)) for layer, n in self.got.items())
        return PullProgress(
            done=done,
            total=total if self.known else None,
            layers_done=len(self.complete),
            layers=len(self.sizes),
            phase="extract" if self.extracting and done >= total else "download",
        )


def pull(
    engine: Engine,
    reference: ImageReference,
    *,
    platform: str,
    layers: Mapping[str, int] | None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[PullProgress]:
    """Pull an image, retrying what is worth it; the old image stays until the end.

    `layers` are digest and bytes of each layer out of the manifest, or None. Raises
    ImageNotFound and EngineError when all attempts failed, EngineUnavailable at once.
    """
    tag = reference.digest or reference.tag or "latest"
    for attempt in range(1, _ATTEMPTS + 1):
        sizes = {d.partition(":")[2][:12]: n for d, n in (layers or {}).items()}
        tally = _Tally(sizes=sizes, known=layers is not None)
        try:
            for message in engine.pull_stream(reference.name, tag, platform):
                if "error" in message:
                    raise _failure(reference, str(message["error"]))
                tally.take(message)
                yield tally.progress()
        except (ImageNotFound, EngineUnavailable):
            raise
        except EngineError as exc:
            if attempt == _ATTEMPTS or any(w in exc.message for w in _PERMANENT):
                raise
            progress = tally.progress()
            yield PullProgress(
                done=progress.done,
                total=progress.total,
                layers_done=progress.layers_done,
                layers=progress.layers,
                phase=f"retry {attempt}/{_ATTEMPTS - 1} after: {exc.message}",
            )
            sleep(min(30, 2**attempt) * random.uniform(0.5, 1))
        else:
            return


def _failure(reference: ImageReference, explanation: str) -> EngineError:
    lower = explanation.lower()
    if "manifest unknown" in lower or "not found" in lower:
        return ImageNotFound(
            f"pulling {reference}: {explanation}",
            remedy="list what there is: csctl image tags",
        )
    remedy = "look whether the registry is well, then pull again"
    if "no space left" in lower:
        remedy = "free space in the Engine's data root, then pull again"
    return EngineError(f"pulling {reference}: {explanation}", remedy=remedy)
