"""The model that a profile wants, and the one that its container has."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from csctl.container.observed import Container
from csctl.container.spec import BindMount
from csctl.lifecycle.own_models import models_of
from csctl.profile.model import Profile
from tests.plan.situation import DISCONNECTED, profile, settled
from tests.stored import MODEL, NOW, OTHER_MODEL, fill, store

FILES = {"properties.json": "{}", "bin/model": "x" * 100}


def _profile(tmp_path: Path, **changes: Any) -> Profile:
    return profile(DISCONNECTED, data=str(tmp_path), **changes)


def _container(directory: Path, model: str = MODEL) -> Container:
    seen = settled(profile(DISCONNECTED)).serving
    assert seen is not None
    return dataclasses.replace(
        seen,
        labels={**seen.labels, "csctl.model": model},
        mounts=(BindMount(source=directory, target="/usr/local/models"),),
    )


def _store(directory: Path, model: str = MODEL, **details: Any) -> Path:
    return store(directory, FILES, kind="model", model=model, details=details)


def test_one_model_that_is_wanted_and_serves(tmp_path: Path) -> None:
    display = {"type": "punct", "locale": "en-US", "id": None}
    directory = _store(tmp_path / "models" / MODEL, display=[display])
    part = models_of(_profile(tmp_path), _container(directory))
    [row] = part.rows
    assert part.notes == ()
    assert (row.id, row.directory, row.wanted, row.serves) == (
        MODEL,
        directory,
        True,
        True,
    )
    assert (row.bytes, row.files, row.fetched_at, row.damage) == (102, 2, NOW, ())
    assert [(one.type, one.locale) for one in row.displays] == [("punct", "en-US")]


def test_the_profile_wants_another_than_the_one_that_serves(tmp_path: Path) -> None:
    old = _store(tmp_path / "models" / OTHER_MODEL, OTHER_MODEL)
    _store(tmp_path / "models" / MODEL)
    part = models_of(_profile(tmp_path), _container(old, OTHER_MODEL))
    assert [(row.id, row.wanted, row.serves) for row in part.rows] == [
        (MODEL, True, False),
        (OTHER_MODEL, False, True),
    ]


def test_without_a_profile_the_container_tells(tmp_path: Path) -> None:
    directory = _store(tmp_path / MODEL, base_locale="de-DE")
    [row] = models_of(None, _container(directory)).rows
    assert (row.base_locale, row.wanted, row.serves) == ("de-DE", False, True)


def test_a_model_put_there_by_hand_has_no_record(tmp_path: Path) -> None:
    directory = fill(tmp_path / "models", FILES)
    part = models_of(_profile(tmp_path), _container(directory))
    [row] = part.rows
    assert (row.directory, row.wanted, row.serves) == (directory, True, True)
    assert (row.bytes, row.files) == (102, 2)
    assert (row.image, row.fetched_at) == (None, None)


def test_damage_is_told(tmp_path: Path) -> None:
    directory = _store(tmp_path / "models" / MODEL)
    (directory / "bin" / "model").unlink()
    [row] = models_of(_profile(tmp_path), None).rows
    assert len(row.damage) == 1
    assert row.damage[0].startswith("bin/model: ")


def test_a_model_that_is_absent_is_a_sentence(tmp_path: Path) -> None:
    part = models_of(_profile(tmp_path), None)
    assert part.rows == ()
    assert part.notes == (f"model {MODEL} is not below {tmp_path / 'models'}",)


def test_a_base_model_that_was_never_downloaded_is_a_sentence(tmp_path: Path) -> None:
    wanted = _profile(tmp_path, model={"base": {"locale": "en-US"}})
    assert models_of(wanted, None).notes == ("no base model of en-US is on this host",)


def test_a_damaged_record_is_a_sentence_and_hides_no_other_model(
    tmp_path: Path,
) -> None:
    old = _store(tmp_path / "models" / OTHER_MODEL, OTHER_MODEL)
    wanted = _store(tmp_path / "models" / MODEL)
    wanted.with_name(f"{MODEL}.csctl.json").write_text("{")
    part = models_of(_profile(tmp_path), _container(old, OTHER_MODEL))
    assert [row.id for row in part.rows] == [OTHER_MODEL]
    [note] = part.notes
    assert "is damaged" in note


def test_display_models_that_the_profile_wants_and_lacks_are_named(
    tmp_path: Path,
) -> None:
    display = {"type": "punct", "locale": "en-US", "id": None}
    _store(tmp_path / "models" / MODEL, display=[display])
    wanted = {"locale": "en-US", "types": ["punct", "rescore"]}
    part = models_of(_profile(tmp_path, display=wanted), None)
    assert part.notes == ("display models that are not here: rescore",)
