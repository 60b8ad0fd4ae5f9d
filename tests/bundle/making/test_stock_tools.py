"""Bundles in the hands of stock tools: tar, sha256sum, skopeo and docker."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from csctl.bundle import oci
from tests.bundle.making.near_side import create, docker, unpack, whole
from tests.cli.shell import IMAGE, Engine, Shell
from tests.engines import PrivateEngine


def test_stock_tools_load_and_serve_it_by_its_howto(
    shell: Shell, engine: Engine, private_engine: Callable[[], PrivateEngine]
) -> None:
    draft = shell.write(stocked=True)
    first = unpack(create(shell, draft.path), shell.folder / "first")
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=first, check=True)
    seen = subprocess.run(
        ["skopeo", "inspect", f"oci:{first}/image"], check=True, capture_output=True
    )
    assert len(json.loads(seen.stdout)["Layers"]) == 1

    other = private_engine()
    load_ = f"tar -C {first}/image -cf - . | docker -H {other.url} load"
    subprocess.run(load_, shell=True, check=True, capture_output=True)
    assert Engine(other.url).image_id(IMAGE) == engine.image_id(IMAGE)

    # One more layer above, and nothing but that one is carried.
    grown = f"{shell.prefix}grown:1.0.0-amd64".lower()
    engine.strip_chown(f"{shell.prefix}stripped")
    try:
        engine.commit(f"{shell.prefix}stripped", grown, {})
        draft.change(image=grown, license=None, mode="connected")
        delta = create(shell, draft.path, "--since", "a.csctl", output="b.csctl")
        with whole(delta) as bundle:
            lower, upper = bundle.manifest.images[0].layers
            assert oci.blob_path(lower.digest) not in bundle.members
            assert oci.blob_path(upper.digest) in bundle.members
        assert delta.stat().st_size < 200_000
        second = unpack(delta, shell.folder / "second")
        load_ = f"tar -C {second}/image -cf - . | docker -H {other.url} load"
        subprocess.run(load_, shell=True, check=True, capture_output=True)
        assert Engine(other.url).image_id(grown) == engine.image_id(grown)
        words = ("run", "--rm", "--entrypoint", "/app/bin/python3", grown)
        assert docker(other.url, *words, "-IS", "-c", "print(7)") == "7\n"
    finally:
        engine.remove(f"{shell.prefix}stripped")
        engine.remove_image(grown)
