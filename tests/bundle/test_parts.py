"""Models and licenses on their way into a bundle, each once."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from csctl import license as licenses
from csctl import model
from csctl.bundle.parts import Parts, add_license, add_model
from csctl.container.observed import Image
from csctl.errors import UsageError
from csctl.lifecycle.prepare import Prepared
from csctl.profile.load import parse
from csctl.profile.model import Profile
from csctl.reference import ImageReference
from tests.stored import IMAGE_ID, MODEL, NOW, store

CONFIG = "sha256:" + "c0" * 32
PUNCT = {"type": "punct", "locale": "en-US", "id": None}
RESCORE = {"type": "rescore", "locale": "en-US", "id": None}
STAMP = "20260601T120000Z"
FILES = {"properties.json": "{}", "am/final.bin": "sound"}


def _profile(folder: Path) -> Profile:
    text = (
        f"name: {folder.name}\nimage: csctl/rehearsal:4.12.0-amd64\n"
        f"mode: disconnected\nmodel: {{id: {MODEL}}}\ndata: .\n"
        "license: {valid_for: 30d}\n"
    )
    [profile] = parse(text, file="a.yaml", base=folder, environ={})
    return profile


def _prepared(
    folder: Path,
    *displays: dict[str, str | None],
    later: timedelta = timedelta(0),
    license_: str = "opaque",
) -> Prepared:
    store(
        folder / "models" / MODEL,
        FILES | {f"{one['type']}/model": "words" for one in displays},
        kind="model",
        at=NOW + later,
        details={"base_locale": "en-US", "display": list(displays)},
    )
    store(folder / "license" / STAMP, {"license.key": license_}, kind="license")
    profile = _profile(folder)
    stored = model.stored(profile.models_root, MODEL)
    assert stored is not None
    return Prepared(
        profile=profile,
        reference=ImageReference.parse("csctl/rehearsal:4.12.0-amd64"),
        image=Image(
            id=IMAGE_ID,
            tags=(),
            digests=(),
            architecture="amd64",
            os="linux",
            user="",
            environment={},
            size=1,
        ),
        model=stored,
        front=None,
        license=licenses.choose(profile.license_root, IMAGE_ID, MODEL),
    )


def test_a_model_is_its_files_and_its_record(tmp_path: Path) -> None:
    parts = Parts()
    found = add_model(parts, [_prepared(tmp_path / "one", PUNCT)])
    assert found.path == f"models/{MODEL}"
    assert found.base_locale == "en-US"
    assert [one.type for one in found.display] == ["punct"]
    assert sorted(parts.files) == [
        f"models/{MODEL}.csctl.json",
        f"models/{MODEL}/am/final.bin",
        f"models/{MODEL}/properties.json",
        f"models/{MODEL}/punct/model",
    ]
    assert parts.files[f"models/{MODEL}/properties.json"].size == 2


def test_of_two_downloads_the_one_with_all_display_models_is_carried(
    tmp_path: Path,
) -> None:
    less = _prepared(tmp_path / "less", PUNCT, later=timedelta(days=1))
    more = _prepared(tmp_path / "more", PUNCT, RESCORE)
    for order in ([less, more], [more, less]):
        parts = Parts()
        found = add_model(parts, order)
        assert [one.type for one in found.display] == ["punct", "rescore"]
        assert f"models/{MODEL}/rescore/model" in parts.files


def test_of_two_like_downloads_the_newer_one_is_carried(tmp_path: Path) -> None:
    older = _prepared(tmp_path / "older")
    newer = _prepared(tmp_path / "newer", later=timedelta(days=1))
    parts = Parts()
    add_model(parts, [older, newer])
    assert str(parts.sources[f"models/{MODEL}/am/final.bin"]).startswith(
        str(tmp_path / "newer")
    )


def test_display_models_that_lie_in_no_one_directory_are_refused(
    tmp_path: Path,
) -> None:
    one = _prepared(tmp_path / "one", PUNCT)
    two = _prepared(tmp_path / "two", RESCORE)
    with pytest.raises(UsageError, match=f"model {MODEL} has other display models in"):
        add_model(Parts(), [one, two])


def test_a_license_names_the_image_by_its_configuration(tmp_path: Path) -> None:
    parts = Parts()
    found = add_license(parts, _prepared(tmp_path / "one"), CONFIG)
    assert found.path == f"licenses/c0c0c0c0c0c0-{MODEL[:8]}-{STAMP}"
    assert (found.image, found.model, found.fetched_at) == (CONFIG, MODEL, NOW)
    assert found.expires_at == NOW + timedelta(days=30)
    assert found.expiry_source == "declared"
    with parts.sources[f"{found.path}.csctl.json"].open(0) as chunks:
        record = json.loads(b"".join(chunks))
    assert record["image_id"] == CONFIG


def test_the_same_license_of_two_profiles_is_carried_once(tmp_path: Path) -> None:
    parts = Parts()
    prepared = _prepared(tmp_path / "one")
    assert add_license(parts, prepared, CONFIG) == add_license(parts, prepared, CONFIG)
    assert len(parts.files) == 2


def test_two_licenses_of_the_same_second_are_two(tmp_path: Path) -> None:
    parts = Parts()
    paths = [
        add_license(parts, _prepared(tmp_path / name, license_=name), CONFIG).path
        for name in ("one", "two", "three")
    ]
    assert [path.rpartition(STAMP)[2] for path in paths] == ["", "-2", "-3"]
    assert len(parts.files) == 6
