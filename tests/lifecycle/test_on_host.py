"""What lies on this host for a profile, told by its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from csctl.errors import UsageError
from csctl.lifecycle import on_host
from csctl.ownership import Owner
from csctl.profile.model import Profile
from tests.plan.situation import CONNECTED, DISCONNECTED, profile
from tests.stored import MODEL, store

MARKER = {"properties.json": "{}"}
LICENSE = {"license.lic": "x"}


def _lacking(wanted: Profile) -> list[str]:
    return list(on_host.lacking(wanted, on_host.look(wanted)))


def test_an_empty_host_lacks_model_and_license(tmp_path: Path) -> None:
    wanted = profile(DISCONNECTED, data=str(tmp_path))
    here = on_host.look(wanted)
    assert here.models == tmp_path / "models" / MODEL
    assert (here.model, here.license, here.owner) == (None, None, None)
    model, license_ = _lacking(wanted)
    assert "csctl model pull" in model
    assert "csctl license pull" in license_


def test_a_connected_container_brings_its_own(tmp_path: Path) -> None:
    assert _lacking(profile(CONNECTED, data=str(tmp_path))) == []


def test_what_is_there_is_found(tmp_path: Path) -> None:
    store(tmp_path / "models" / MODEL, MARKER, kind="model")
    place = store(tmp_path / "license" / "20260601T120000Z", LICENSE, kind="license")
    wanted = profile(DISCONNECTED, data=str(tmp_path))
    here = on_host.look(wanted)
    assert here.model is not None
    assert here.license is not None
    assert here.license.directory == place
    assert here.owner == Owner(os.getuid(), os.getgid())
    assert _lacking(wanted) == []


def test_a_model_that_was_put_there_by_hand_tells_no_user(tmp_path: Path) -> None:
    directory = tmp_path / "models" / MODEL
    directory.mkdir(parents=True)
    (directory / "properties.json").write_text("{}")
    here = on_host.look(profile(DISCONNECTED, data=str(tmp_path)))
    assert here.model is not None
    assert here.owner is None


def test_a_base_model_is_known_once_it_is_there(tmp_path: Path) -> None:
    base = {"base": {"locale": "en-US"}}
    wanted = profile(DISCONNECTED, data=str(tmp_path), model=base)
    with pytest.raises(UsageError, match="no base model of en-US"):
        on_host.look(wanted)
    details = {"base_locale": "en-US"}
    store(tmp_path / "models" / MODEL, MARKER, kind="model", details=details)
    assert on_host.look(wanted).model_id == MODEL
