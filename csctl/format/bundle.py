"""Bundles in words: what is in one, who made it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from csctl.bundle import oci
from csctl.format import Row, moment, table
from csctl.format.stock import EXPIRY_SOURCES, day
from csctl.record import SUFFIX
from csctl.size import format_size

if TYPE_CHECKING:
    from csctl.bundle.archive import Bundle
    from csctl.bundle.manifest import File, License
    from csctl.bundle.verify import Damage

PART_HEADERS = ("PART", "SIZE", "FILES", "CARRIED", "SUM")


def bundle(value: Bundle) -> Row:
    """A bundle with all its parts and files."""
    manifest = value.manifest
    return {
        "file": str(value.path),
        "bytes": value.layout.total,
        "format": manifest.format,
        "version": manifest.version,
        "created": moment(manifest.created),
        "made_by": manifest.made_by,
        "signed": value.signed,
        "signed_by": value.signed_by,
        "delta": manifest.delta,
        "images": [_plain(one) for one in manifest.images],
        "models": [_plain(one) for one in manifest.models],
        "licenses": [_plain(one) for one in manifest.licenses],
        "profiles": [_plain(one) for one in manifest.profiles],
        "files": [_plain(one) for one in manifest.files],
        "requires": _plain(manifest.requires),
        "secrets": manifest.secrets,
    }


def _plain(struct: Any) -> Any:
    from msgspec import to_builtins

    return to_builtins(struct)


def bundle_lines(value: Bundle, now: datetime) -> Iterator[str]:
    """What is in a bundle, one thing a line."""
    manifest = value.manifest
    kind = "delta" if manifest.delta else "complete"
    yield f"bundle    {value.path}: {kind}, {format_size(value.layout.total)}"
    yield f"made      {moment(manifest.created)} by {manifest.made_by}"
    yield f"signed    {signer(value)}"
    needs = manifest.requires
    yield f"needs     {format_size(needs.disk)} for files," + (
        f" {format_size(needs.engine_disk)} in the Engine's root"
    )
    for image in manifest.images:
        source = "from its registry" if image.from_registry else "from an Engine"
        yield f"image     {image.reference}: {image.platform}, {source}"
    for model in manifest.models:
        words = [f"base model of {model.base_locale}"] if model.base_locale else []
        words += [f"{one.type} of {one.locale or one.id}" for one in model.display]
        yield f"model     {model.id}" + (f": {', '.join(words)}" if words else "")
    for license_ in manifest.licenses:
        yield f"license   {license_.path.rpartition('/')[2]}: {_dates(license_, now)}"
    for profile in manifest.profiles:
        yield f"profile   {profile.name}: {profile.mode}"
    yield ""
    yield table(PART_HEADERS, list(_parts(value)))


def signer(value: Bundle) -> str:
    """Who signed a bundle, as far as it can be told."""
    if not value.signed:
        return "no"
    if value.signed_by is None:
        return "by a key that is not pinned here: not checked"
    return f"by {value.signed_by}"


def _dates(value: License, now: datetime) -> str:
    fetched = f"fetched {day(value.fetched_at)}"
    source = EXPIRY_SOURCES[value.expiry_source]
    if value.expires_at is None:
        return f"{fetched}, end unknown ({source})"
    left = (value.expires_at - now).days
    term = f"{left} days left" if left >= 0 else "over"
    return f"{fetched}, ends {day(value.expires_at)} ({source}), {term}"


def _parts(value: Bundle) -> Iterator[tuple[str, ...]]:
    """Each part with the one sum that vouches for all of its files."""
    manifest = value.manifest
    files = {file.path: file for file in manifest.files}
    for image in manifest.images:
        digests = [image.digest, image.config, *(one.digest for one in image.layers)]
        blobs = [files[name] for name in dict.fromkeys(map(oci.blob_path, digests))]
        yield _part("image " + image.digest[7:19], blobs, image.digest[7:])
    for directory in manifest.models + manifest.licenses:
        own = directory.path + SUFFIX
        below = directory.path + "/"
        held = [f for name, f in files.items() if name == own or name.startswith(below)]
        yield _part(directory.path, held, files[own].sha256)
    for file in manifest.files:
        if file.role in ("profile", "csctl"):
            yield _part(file.path, [file], file.sha256)


def _part(name: str, files: list[File], total: str) -> tuple[str, ...]:
    carried = sum(file.included for file in files)
    words = "all" if carried == len(files) else f"{carried} files" if carried else "no"
    size = format_size(sum(file.size for file in files))
    return name, size, str(len(files)), words, total


def verified(value: Bundle, problems: Iterable[Damage]) -> Row:
    """What verifying found."""
    return {
        "file": str(value.path),
        "signed": value.signed,
        "signed_by": value.signed_by,
        "problems": [problem(one.part, one.fault) for one in problems],
    }


def problem(part: str, fault: str) -> Row:
    """What is wrong with one part."""
    return {"part": part, "problem": fault}


def whole(value: Bundle) -> str:
    """The one line of a bundle without damage."""
    files = value.manifest.files
    left_out = sum(not file.included for file in files)
    words = f"{value.path}: whole, {format_size(value.layout.total)},"
    words += f" {len(files) - left_out} files, {_signature(value)}"
    if left_out:
        words += f"; {left_out} files are expected on the other host"
    return words


def _signature(value: Bundle) -> str:
    return f"signed {signer(value)}" if value.signed else "unsigned"
