"""What of a bundle is for this host: profiles may name another one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import msgspec

from csctl.bundle import manifest, oci
from csctl.bundle.archive import Bundle
from csctl.errors import UsageError
from csctl.profile.host import NAMELESS, Host, known_as
from csctl.profile.load import host_named


def hosts(bundle: Bundle) -> dict[Host | None, tuple[str, ...]]:
    """The names of its profiles by the host that they are for.

    Raises BundleError, ProfileError, InvalidValue where a profile cannot be read.
    """
    found: dict[Host | None, tuple[str, ...]] = {}
    for one in bundle.manifest.profiles:
        host = _host(bundle, one)
        found[host] = (*found.get(host, ()), one.name)
    return found


def for_host(bundle: Bundle, here: str) -> Bundle:
    """The bundle as if it held the profiles alone that call their host so.

    Images that no profile runs stay: a front may be made of them. Raises UsageError
    where it has no such profile, and as `hosts` does.
    """
    whole = bundle.manifest
    profiles = tuple(
        one for one in whole.profiles if known_as(_host(bundle, one)) == here
    )
    if len(profiles) == len(whole.profiles):
        return bundle
    if not profiles:
        host = "this host" if here == NAMELESS else f"the host {here}"
        named = ", ".join(map(known_as, hosts(bundle)))
        raise UsageError(
            f"{bundle.path} holds no profile for {host}",
            remedy="say what its profiles call this host: csctl --here HOST bundle"
            f" load; they name {named}",
        )
    paths = {one.license for one in profiles}
    licenses = tuple(one for one in whole.licenses if one.path in paths)
    models = {one.model for one in profiles}
    images = tuple(
        one
        for one in whole.images
        if one.config in _run(profiles, licenses)
        or one.config not in _run(whole.profiles, whole.licenses)
    )
    share = layer_bytes(bundle, images) / max(1, layer_bytes(bundle, whole.images))
    reduced = msgspec.structs.replace(
        whole,
        profiles=profiles,
        images=images,
        models=tuple(one for one in whole.models if one.id in models),
        licenses=licenses,
        requires=msgspec.structs.replace(
            whole.requires, engine_disk=int(whole.requires.engine_disk * share)
        ),
    )
    return dataclasses.replace(bundle, manifest=reduced)


def layer_bytes(bundle: Bundle, images: Iterable[manifest.Image]) -> int:
    """The bytes of the layers of images, as far as the bundle holds them."""
    sizes = {layer.digest: layer.size for image in images for layer in image.layers}
    return sum(n for d, n in sizes.items() if oci.blob_path(d) in bundle.members)


def _run(
    profiles: Iterable[manifest.Profile], licenses: Iterable[manifest.License]
) -> frozenset[str]:
    """The images of profiles, and of the licenses that they run with."""
    return frozenset(
        (*(one.image for one in profiles), *(one.image for one in licenses))
    )


def _host(bundle: Bundle, entry: manifest.Profile) -> Host | None:
    return host_named(bundle.read(entry.path), entry.path)
