"""Adopting: the profile of a container that was started by hand.

Its model and license stay where they are and get records; its key is never written
down: the profile names a variable, and the value serves once, out of the container.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from csctl import license as license_store
from csctl import model, record
from csctl.container.observed import Container, Image
from csctl.contract import arguments
from csctl.engine.engine import Engine
from csctl.errors import ContainerNotFound, UsageError
from csctl.record import Record

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OURS = ("apikey", "billing", "eula", "decoder_max_count")
_WORD = re.compile(r"\W")
_SECRETS = re.compile(r"key|token|secret|password|creds", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What adopting a container comes to."""

    container: Container
    profile: Mapping[str, object]
    """The profile as the YAML document that is to be written."""
    environ: Mapping[str, str]
    """The secrets that the profile names, as the container was started with them."""
    image: Image
    model_id: str
    model: Path
    license: Path | None


def look(engine: Engine, name: str, *, model_id: str | None) -> Adoption:
    """Read a container and work out its profile. Raises CsctlError."""
    engine.require_local("adopt")
    container = engine.container(name)
    if container is None:
        raise ContainerNotFound(
            f"there is no container {name}", remedy="list them: docker ps -a"
        )
    if container.profile is not None:
        raise UsageError(f"{name} is managed already", remedy="see: csctl status")
    image = engine.image(container.image_id)
    if image is None:
        raise UsageError(
            f"the image of {name} is no longer in the Engine",
            remedy="pull it again first",
        )
    words = _words(container)
    sources = {mount.target: mount.source for mount in container.mounts}
    models = sources.get(arguments.MODELS)
    if models is None:
        raise UsageError(
            f"{name} mounts nothing at {arguments.MODELS}: its model is lost with it",
            remedy="write a profile for it instead, and download the model",
        )
    found = model_id or words.get("modelid") or _guess_model(models)
    if found is None or not _GUID.fullmatch(found):
        raise UsageError(
            f"which model {name} serves cannot be told from it",
            remedy="name it: --model ID",
        )
    found = found.lower()
    license_ = sources.get(words.get("mounts:license", arguments.LICENSE))
    disconnected = "billing" not in words and license_ is not None
    environ: dict[str, str] = {}
    document = _document(container, image, words, environ)
    document["mode"] = "disconnected" if disconnected else "connected"
    document["model"] = {"id": found}
    # For csctl's own small files, which are not to lie in the container's mounts.
    document["data"] = str(models.parent)
    places: dict[str, str] = {"models": str(models)}
    if disconnected:
        output = sources.get(words.get("mounts:output", arguments.OUTPUT))
        places["license"] = str(license_)
        places["output"] = str(output or models.parent / "output")
    document["mounts"] = places
    return Adoption(
        container=container,
        profile=document,
        environ=environ,
        image=image,
        model_id=found,
        model=models,
        license=license_ if disconnected else None,
    )


def _words(container: Container) -> dict[str, str]:
    """Settings by lower-case name; how names are cased in arguments is free."""
    words = {
        name.lower().replace("__", ":"): value
        for name, value in container.environment.items()
    }
    for word in container.arguments:
        name, equals, value = word.partition("=")
        if equals:
            words[name.lower()] = value
    return words


def _guess_model(models: Path) -> str | None:
    """The custom model's own directory in a volume is named by its id."""
    found = [
        path.name
        for path in models.iterdir()
        if path.is_dir() and _GUID.fullmatch(path.name)
    ]
    return found[0] if len(found) == 1 else None


def _document(
    container: Container,
    image: Image,
    words: Mapping[str, str],
    environ: dict[str, str],
) -> dict[str, object]:
    reference = container.image
    if reference.startswith("sha256:") or "/" not in reference:
        reference = next(iter((*image.tags, *image.digests)), reference)
    document: dict[str, object] = {"name": container.name, "image": reference}
    variable = _WORD.sub("_", container.name).upper()
    if "billing" in words:
        key = f"{variable}_KEY"
        environ[key] = words.get("apikey", "")
        document["billing"] = {
            "endpoint": _endpoint(words["billing"]),
            "api_key": {"env": key},
        }
    if container.port is not None:
        document["port"] = str(container.port)
    document["restart"] = container.restart
    document["resources"] = _resources(container, words)
    document["environment"] = _environment(container, image, variable, environ)
    return {name: value for name, value in document.items() if value not in ({}, None)}


def _endpoint(text: str) -> str:
    # `/sts/v1.0/issuetoken` and the like were used as well (facts, section 8).
    return text.rstrip("/")


def _resources(container: Container, words: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    if container.limits.cpus is not None:
        found["cpus"] = container.limits.cpus
    if container.limits.memory is not None:
        found["memory"] = container.limits.memory
    if words.get("decoder_max_count", "").isdecimal():
        found["decoders"] = int(words["decoder_max_count"])
    return found


def _environment(
    container: Container, image: Image, variable: str, environ: dict[str, str]
) -> dict[str, object]:
    """Variables that the container was given beside those of its image."""
    kept: dict[str, object] = {}
    for name, value in container.environment.items():
        if name.lower() in _OURS or ":" in name or "__" in name:
            continue
        if image.environment.get(name) == value:
            continue
        if _SECRETS.search(name):
            key = f"{variable}_{_WORD.sub('_', name).upper()}"
            environ[key] = value
            kept[name] = {"env": key}
        else:
            kept[name] = value
    return kept


def record_parts(adoption: Adoption) -> None:
    """Write records for model and license, which stay where they are.

    Raises DownloadError.
    """
    now = datetime.now(UTC)
    for kind, directory in (
        (model.KIND, adoption.model),
        (license_store.KIND, adoption.license),
    ):
        if directory is not None and record.read(directory) is None:
            record.write(
                directory,
                Record(
                    kind=kind,
                    id=adoption.model_id,
                    image=adoption.container.image,
                    image_id=adoption.image.id,
                    fetched_at=now,
                    files=record.take_sums(directory),
                    details={"base_locale": None, "display": [], "adopted": True},
                ),
            )


def profile_text(adoption: Adoption) -> str:
    """The profile as YAML."""
    import yaml

    head = f"# The profile of container {adoption.container.name}, adopted by csctl.\n"
    body: str = yaml.safe_dump(dict(adoption.profile), sort_keys=False)
    return head + body


def check_target(path: Path) -> None:
    """Refuse to overwrite a profile. Raises UsageError."""
    if path.exists():
        raise UsageError(f"{path} exists already", remedy="name another file with -o")
    if not os.access(path.absolute().parent, os.W_OK):
        raise UsageError(
            f"{path.absolute().parent} cannot be written to",
            remedy="name another file with -o",
        )
