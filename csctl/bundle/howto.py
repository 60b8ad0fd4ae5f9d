"""HOWTO.txt: using a bundle with csctl, or with nothing but stock tools."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from csctl.bundle import oci, path
from csctl.bundle.manifest import Image, Manifest, Profile
from csctl.contract import arguments
from csctl.reference import ImageReference


def howto(manifest: Manifest) -> bytes:
    """The text for a manifest; it may still lack the entry of the text itself."""
    return ("\n".join(_lines(manifest)) + "\n").encode()


def _lines(manifest: Manifest) -> Iterator[str]:
    made = f"{manifest.created:%Y-%m-%d %H:%M} UTC by {manifest.made_by}"
    yield f"A csctl bundle, made {made}. FILE stands for its name."
    yield ""
    yield from (f"image    {_name(image)}" for image in manifest.images)
    yield from (f"model    {model.id}" for model in manifest.models)
    for license_ in manifest.licenses:
        ends = license_.expires_at
        yield f"license  {license_.path}, ends {f'{ends:%Y-%m-%d}' if ends else '?'}"
    yield from (f"profile  {profile.name}" for profile in manifest.profiles)
    yield ""
    if manifest.delta:
        yield "It leaves out what the host it was made for had already: load it with"
        yield "csctl, which says what is missing before it changes anything."
        yield ""
    yield from _with_csctl(manifest)
    yield ""
    yield from _without_csctl(manifest)


def _with_csctl(manifest: Manifest) -> Iterator[str]:
    yield "With csctl"
    if any(file.role == "csctl" for file in manifest.files):
        yield "    # csctl itself is here as well; in an empty directory:"
        yield "    tar -xf FILE csctl && python3 -m venv venv"
        yield "    venv/bin/pip install --no-index --find-links csctl \\"
        yield "        --require-hashes -r csctl/requirements.txt"
    yield "    csctl bundle verify FILE"
    yield "    csctl bundle load FILE"
    for profile in manifest.profiles:
        yield f"    csctl apply {profile.path}    # where load has put it"


def _without_csctl(manifest: Manifest) -> Iterator[str]:
    yield "Without csctl, in an empty directory"
    yield "    tar -xf FILE"
    yield f"    sha256sum -c --quiet {path.SUMS}"
    yield "    # Where the bundle is signed; KEY.pem is its maker's public key:"
    yield "    openssl pkeyutl -verify -pubin -inkey KEY.pem -rawin \\"
    yield f"        -in {path.MANIFEST} -sigfile {path.SIGNATURE}"
    if manifest.images:
        yield "    tar -C image -cf - . | docker load"
    images = {image.config: image for image in manifest.images}
    # Several of them serve side by side.
    ports = count(arguments.PORT)
    for profile in manifest.profiles:
        image = images.get(profile.image)
        if profile.mode == "disconnected" and profile.license and image:
            yield f"    # {profile.name}: files for the image's own user, then serve"
            yield from _serve(profile, _name(image), profile.license, next(ports))


def _serve(profile: Profile, image: str, license_: str, port: int) -> Iterator[str]:
    output = f"output/{profile.name}"
    model = f"models/{profile.model}"
    here = Path("$PWD")
    run = arguments.serve_disconnected(here / model, here / license_, here / output)
    yield f"    mkdir -p {output}"
    yield '    docker run --rm --user 0 --entrypoint chown -v "$PWD:/here" \\'
    yield f"        -w /here {image} \\"
    yield f"        -R nonroot:nonroot {model} {license_} {output}"
    at = f"127.0.0.1:{port}:{arguments.PORT}"
    yield f"    docker run -d --name {profile.name} -p {at} \\"
    for mount in run.mounts:
        yield f'        -v "{mount.source}:{mount.target}" \\'
    words = " ".join(word for word in run.arguments if isinstance(word, str))
    yield f"        {image} {words}"


def _name(image: Image) -> str:
    """What `docker run` finds it by: its id where it has no tag."""
    reference = ImageReference.parse(image.reference)
    return image.config if reference.tag is None else oci.full_name(reference)
