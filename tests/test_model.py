"""Models: a directory each, volumes filled by hand, damage, the newest base model."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from csctl import model, record
from csctl.errors import DownloadError, UsageError
from tests.stored import MODEL, NOW, OTHER_MODEL, fill, store

FILES: dict[str, str | bytes] = {"properties.json": "{}", "graph/base.lms": b"\0" * 9}


def _model(root: Path, model_id: str = MODEL, **options: Any) -> Path:
    return store(root / model_id, FILES, kind="model", model=model_id, **options)


def test_every_model_has_a_directory_of_its_own(tmp_path: Path) -> None:
    assert model.directory_of(tmp_path, MODEL) == tmp_path / MODEL
    _model(tmp_path)
    assert model.directory_of(tmp_path, OTHER_MODEL) == tmp_path / OTHER_MODEL
    assert model.stored(tmp_path, OTHER_MODEL) is None


def test_a_downloaded_model_is_found_whole(tmp_path: Path) -> None:
    directory = _model(tmp_path)
    found = model.stored(tmp_path, MODEL)
    assert found is not None
    assert (found.id, found.directory, found.damage) == (MODEL, directory, ())
    assert found.record == record.read(directory)


def test_a_directory_without_a_marker_and_record_is_no_model(tmp_path: Path) -> None:
    fill(tmp_path / MODEL, {"graph/base.lms": b"half"})
    assert model.stored(tmp_path, MODEL) is None


def test_a_record_of_a_removed_directory_is_no_model(tmp_path: Path) -> None:
    directory = _model(tmp_path)
    for name in FILES:
        (directory / name).unlink()
    (directory / "graph").rmdir()
    directory.rmdir()
    assert model.stored(tmp_path, MODEL) is None


def test_a_model_without_a_record_is_taken_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path / MODEL, FILES)
    found = model.stored(tmp_path, MODEL)
    assert found is not None
    assert (found.record, found.damage, found.displays) == (None, (), ())


@pytest.mark.parametrize(
    ("name", "content", "damage"),
    [
        ("graph/base.lms", b"cut", "graph/base.lms: 3 bytes instead of 9"),
        ("graph/base.lms", None, "graph/base.lms: No such file or directory"),
        ("properties.json", None, "properties.json: No such file or directory"),
        ("properties.json", b"", "properties.json: 0 bytes instead of 2"),
    ],
)
def test_a_damaged_model_says_what_is_damaged(
    name: str, content: bytes | None, damage: str, tmp_path: Path
) -> None:
    path = _model(tmp_path) / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    found = model.stored(tmp_path, MODEL)
    assert found is not None
    assert found.damage == (damage,)


def test_a_damaged_record_is_an_error(tmp_path: Path) -> None:
    record.path_of(_model(tmp_path)).write_bytes(b"\xff")
    with pytest.raises(DownloadError, match="is damaged"):
        model.stored(tmp_path, MODEL)


def test_a_volume_filled_by_hand_is_used_as_it_is(tmp_path: Path) -> None:
    root = fill(tmp_path / "models", FILES)
    found = model.stored(root, MODEL)
    assert found is not None
    assert found.directory == root


def test_a_volume_of_another_model_is_refused(tmp_path: Path) -> None:
    root = store(tmp_path / "models", FILES, kind="model", model=OTHER_MODEL)
    assert model.directory_of(root, OTHER_MODEL) == root
    with pytest.raises(UsageError) as caught:
        model.stored(root, MODEL)
    assert str(caught.value) == (
        f"{root} holds model {OTHER_MODEL} directly, so {MODEL} cannot lie below it"
    )
    assert caught.value.remedy == "give the profile another `data` or `mounts.models`"


def test_a_directory_of_its_own_wins_over_the_volume(tmp_path: Path) -> None:
    root = store(tmp_path / "models", FILES, kind="model", model=OTHER_MODEL)
    own = _model(root)
    assert model.directory_of(root, MODEL) == own


def _base(root: Path, model_id: str, locale: str, days: int) -> None:
    details = {"base_locale": locale, "display": []}
    _model(root, model_id, at=NOW + timedelta(days=days), details=details)


def test_the_newest_base_model_is_the_one_that_was_downloaded_last(
    tmp_path: Path,
) -> None:
    ids = [f"{number}0000000-0000-4000-8000-000000000000" for number in range(5)]
    _base(tmp_path, ids[0], "en-US", 2)
    _base(tmp_path, ids[1], "en-us", 3)
    _base(tmp_path, ids[2], "en-US", 1)
    _base(tmp_path, ids[3], "de-DE", 9)
    _model(tmp_path, ids[4], at=NOW + timedelta(days=99), details={"base_locale": None})
    assert model.newest_base(tmp_path, "en-US") == ids[1]
    assert model.newest_base(tmp_path, "DE-de") == ids[3]
    assert model.newest_base(tmp_path, "fr-FR") is None
    assert model.newest_base(tmp_path / "nowhere", "en-US") is None


def test_records_of_other_things_are_no_models(tmp_path: Path) -> None:
    store(tmp_path / "a", FILES, kind="license", details={"base_locale": "en-US"})
    _base(tmp_path, MODEL, "en-US", 0)
    record.path_of(tmp_path / "gone").write_text(
        record.path_of(tmp_path / MODEL).read_text()
    )
    assert [known.id for known in model.records(tmp_path)] == [MODEL]


PUNCT = "4" * 64


def _with_displays(root: Path, *displays: dict[str, str | None]) -> model.StoredModel:
    _model(root, details={"display": list(displays)})
    found = model.stored(root, MODEL)
    assert found is not None
    return found


def test_display_models_that_are_there_are_not_missing(tmp_path: Path) -> None:
    found = _with_displays(
        tmp_path,
        {"type": "punct", "locale": "en-US", "id": None},
        {"type": "rescore", "locale": "de-DE", "id": None},
        {"type": "wfstitn", "locale": None, "id": PUNCT},
    )
    every = ("punct", "rescore", "resegment", "wfstitn")
    assert model.missing_types(found, every, "en-US") == every[1:]
    assert model.missing_types(found, ("punct",), "en-US") == ()
    assert model.missing_ids(found, {"wfstitn": PUNCT}) == {}
    assert model.missing_ids(found, {"wfstitn": "5" * 64, "punct": PUNCT}) == {
        "wfstitn": "5" * 64,
        "punct": PUNCT,
    }


def test_a_model_without_a_record_lacks_all_display_models(tmp_path: Path) -> None:
    fill(tmp_path / MODEL, FILES)
    found = model.stored(tmp_path, MODEL)
    assert found is not None
    assert model.missing_types(found, ("punct",), "en-US") == ("punct",)
