"""The speech model on the mount: fetching it, finding it, checking it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any, NoReturn

from . import account, catalog, dialects
from .disk import Disk
from .settings import Settings

ROOT = "/usr/local/models"
_MARKER = "properties.json"
_BLOCK = 1 << 16


def find(root: str) -> str | None:
    """What tells the model there from every other; None where there is none.

    Ends the program where the model is not whole.
    """
    marker = f"{root}/{_MARKER}"
    try:
        with open(marker, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return None
    try:
        properties = json.loads(content)
    except ValueError:
        dialects.crash(f"System.Exception: Model configuration {marker} is not valid.")
    for name, size in _sizes(properties).items():
        path = f"{root}/{name}"
        if not os.path.isfile(path) or os.path.getsize(path) != size:
            dialects.decoder("error", f"rassert at line 2148 of decoder.cpp: {path}")
            raise SystemExit(134)
    return hashlib.sha256(content).hexdigest()


def _sizes(properties: Any) -> dict[str, int]:
    # A model that others made for a test may hold anything; it counts as whole.
    try:
        return {str(name): int(size) for name, size in properties["files"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def crash_without() -> NoReturn:
    """End as the host ends that finds no model."""
    dialects.crash(
        f"System.Exception: Model configuration {ROOT}/{_MARKER} not found.\n"
        "   at Microsoft.CloudAI.Containers.EnvironmentVariants.IsCustomContainer()"
    )


def download(settings: Settings, size: int, root: str, disk: Disk) -> None:
    """Fetch the model, `size` bytes in all; its marker file is the last."""
    dialects.script("Starting custom model download")
    account.check(settings, "Failed to fetch manifest")
    model = catalog.speech_model(settings.model_id)
    if model is None:
        refuse(settings.model_id)
    base = f"0_{model.locale}-{model.created[:10].replace('-', '')}-1-1_REHEARSAL"
    names = (
        f"{base}/adaptedPrepAM/model.fe",
        f"{base}/graphV2/base.lms",
        f"{model.id}/graphV2/custom.i1.hclg",
        f"{model.id}/graphV2/custom.lms",
    )
    share, rest = divmod(size, len(names))
    sizes = dict.fromkeys(names, share) | {names[-1]: share + rest}
    for name, length in sizes.items():
        fetch(f"{root}/{name}", length, f"{model.id} {name}", disk)
    properties = {"modelId": model.id, "locale": model.locale, "files": sizes}
    disk.replace(f"{root}/{_MARKER}", json.dumps(properties, indent=2).encode())


def refuse(model_id: str) -> NoReturn:
    """End as the tool ends that asks for a model which Azure does not have."""
    dialects.fatal(
        "Failed to fetch manifest: Status: 404 Not Found Body:"
        f' {{"code":"NotFound","message":"The model {model_id} cannot be found."}}'
    )


def fetch(path: str, size: int, seed: str, disk: Disk) -> None:
    """Write `size` bytes that depend on `seed` alone."""
    dialects.tool(f"Preparing file {path}")
    dialects.tool(f"Downloading file: {path}")
    disk.write(path, _content(size, seed))


def _content(size: int, seed: str) -> Iterator[bytes]:
    block = hashlib.shake_128(seed.encode()).digest(min(size, _BLOCK))
    while size > 0:
        yield block[:size]
        size -= len(block)
