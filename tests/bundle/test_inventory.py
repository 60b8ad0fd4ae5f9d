"""Inventories: what a host has, and what a bundle for it may leave out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from csctl.bundle import inventory, oci
from csctl.bundle.inventory import Inventory
from csctl.bundle.manifest import Layer
from csctl.engine.connection import connect
from csctl.errors import UsageError
from csctl.profile.load import load
from csctl.record import SUFFIX
from tests.bundle.maker import (
    LICENSE_FILES,
    MODEL,
    MODEL_DIRECTORY,
    MODEL_FILES,
    digest,
    make,
)
from tests.stored import store

MADE = make()
NOTHING = Inventory(chains=(), models=(), licenses=())
[IMAGE] = MADE.manifest.images
[LICENSE] = MADE.manifest.licenses
LAYERS = [oci.blob_path(layer.digest) for layer in IMAGE.layers]
MODEL_PATHS = [f"{MODEL_DIRECTORY}/{name}" for name in MODEL_FILES]
LICENSE_PATHS = [f"{LICENSE.path}/{name}" for name in LICENSE_FILES]


def _sha(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_chains_are_those_that_engines_compute() -> None:
    assert list(inventory.chains([])) == []
    one, two, three = (_sha(name) for name in ("a", "b", "c"))
    above = _sha(f"{one} {two}")
    assert list(inventory.chains([one, two, three])) == [
        one,
        above,
        _sha(f"{above} {three}"),
    ]


def test_without_an_inventory_nothing_is_left_out() -> None:
    assert inventory.left_out(MADE.manifest, ()) == frozenset()
    assert inventory.left_out(MADE.manifest, (NOTHING,)) == frozenset()


def test_an_earlier_bundle_leaves_out_all_but_what_says_what_it_is() -> None:
    have = inventory.of_bundle(MADE.manifest)
    assert inventory.left_out(MADE.manifest, (have,)) == {
        *LAYERS,
        *MODEL_PATHS,
        *LICENSE_PATHS,
    }


def test_an_earlier_delta_counts_with_what_it_left_out() -> None:
    delta = make(leave_out=[*LAYERS, *MODEL_PATHS])
    assert inventory.of_bundle(delta.manifest) == inventory.of_bundle(MADE.manifest)


def test_a_layer_counts_only_above_the_same_layers() -> None:
    lower, upper = inventory.chains(layer.diff_id for layer in IMAGE.layers)
    have = msgspec.structs.replace(NOTHING, chains=(lower,))
    assert inventory.left_out(MADE.manifest, (have,)) == {LAYERS[0]}
    have = msgspec.structs.replace(NOTHING, chains=(IMAGE.layers[1].diff_id,))
    assert inventory.left_out(MADE.manifest, (have,)) == frozenset()
    have = msgspec.structs.replace(NOTHING, chains=(upper,))
    assert inventory.left_out(MADE.manifest, (have,)) == {LAYERS[1]}


def test_a_layer_stays_that_another_image_needs_elsewhere() -> None:
    first, second = IMAGE.layers
    other = Layer(digest=second.digest, size=second.size, diff_id=second.diff_id)
    moved = msgspec.structs.replace(
        IMAGE, reference="example.com/other:1", layers=(other, first)
    )
    both = msgspec.structs.replace(MADE.manifest, images=(IMAGE, moved))
    have = inventory.of_bundle(MADE.manifest)
    assert not set(LAYERS) & inventory.left_out(both, (have,))


def test_a_file_of_a_model_counts_by_its_name_and_content() -> None:
    changed = make(model_files=MODEL_FILES | {"am/final.bin": b"other", "new": b""})
    have = inventory.of_bundle(MADE.manifest)
    out = inventory.left_out(changed.manifest, (have,))
    assert {path for path in out if path.startswith("models/")} == {
        f"{MODEL_DIRECTORY}/properties.json",
        f"{MODEL_DIRECTORY}/empty",
    }


def test_what_two_inventories_have_together_is_left_out() -> None:
    full = inventory.of_bundle(MADE.manifest)
    halves = (
        msgspec.structs.replace(full, models=()),
        msgspec.structs.replace(full, chains=(), licenses=()),
    )
    assert inventory.left_out(MADE.manifest, halves) == inventory.left_out(
        MADE.manifest, (full,)
    )


def test_an_inventory_reads_back(tmp_path: Path) -> None:
    have = inventory.of_bundle(MADE.manifest)
    file = tmp_path / "inventory.json"
    file.write_bytes(inventory.encode(have))
    assert inventory.load(file) == have


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[", id="no JSON"),
        pytest.param("{}", id="nothing in it"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param(
            '{"format": "csctl-bundle", "version": 1, "chains": [], "models": [],'
            ' "licenses": []}',
            id="another format",
        ),
        pytest.param(
            '{"format": "csctl-inventory", "version": 1, "chains": ["x"],'
            ' "models": [], "licenses": []}',
            id="no digest",
        ),
        pytest.param(
            '{"format": "csctl-inventory", "version": 1, "chains": [], "models": [],'
            ' "licenses": [], "more": 1}',
            id="an unknown key",
        ),
    ],
)
def test_what_is_no_inventory_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "inventory.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="is no inventory") as caught:
        inventory.load(file)
    assert str(file) in caught.value.message


def test_an_inventory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        inventory.load(tmp_path / "none")


def test_a_host_has_its_images_and_the_models_and_licenses_of_profiles(
    tmp_path: Path, engine_host: str, rehearsal_image: str
) -> None:
    profile = tmp_path / "a.yaml"
    profile.write_text(
        f"name: inventory\nimage: {rehearsal_image}\nmode: disconnected\n"
        f"model: {{id: {MODEL}}}\ndata: data\n"
    )
    data = tmp_path / "data"
    store(data / "models" / MODEL, MODEL_FILES, kind="model", model=MODEL)
    store(
        data / "license/20260504T030000Z",
        LICENSE_FILES,
        kind="license",
        model=MODEL,
        image_id=IMAGE.config,
    )
    engine = connect(engine_host, None, {})
    image = engine.image(rehearsal_image)
    assert image is not None
    have = inventory.take(engine, load([profile], {}))
    assert set(inventory.chains(image.layers)) <= set(have.chains)
    assert inventory.left_out(MADE.manifest, (have,)) == {
        *MODEL_PATHS,
        *LICENSE_PATHS,
    }
    assert MODEL.encode() not in inventory.encode(have)

    (data / "models" / MODEL / "am/final.bin").write_bytes(b"damaged")
    have = inventory.take(engine, load([profile], {}))
    assert inventory.left_out(MADE.manifest, (have,)) == set(LICENSE_PATHS)


def test_records_are_never_left_out() -> None:
    have = inventory.of_bundle(MADE.manifest)
    assert not any(
        path.endswith(SUFFIX) for path in inventory.left_out(MADE.manifest, (have,))
    )
    assert digest(b"") not in have.models, "a content alone is no mark"
