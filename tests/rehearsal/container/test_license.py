from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.rehearsal.container import license
from csctl.rehearsal.container.license import License
from tests.rehearsal.stand_in import ACCOUNT, BILLING, MODELS, StandIn, writable

VERSION = "4.12.0-amd64"


def issue(
    version: str = VERSION, model: str = "this", days: float = 30, age: float = 0
) -> bytes:
    return license.seal(License(version, model, time.time() - age, days))


def check(folder: Path) -> None:
    license.check(str(folder), VERSION, "this")


def test_a_license_of_this_image_and_model_is_enough(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "license").write_bytes(issue())
    (tmp_path / "foreign").write_bytes(issue(model="other"))
    (tmp_path / "note.json").write_text("{}")
    check(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        issue(version="4.11.0-amd64"),
        issue(model="other"),
        issue(days=-1),
        issue(days=1, age=86401),
        issue()[:-1],
        b"",
        b"garbage" * 20,
    ],
    ids=[
        *("another-image", "another-model", "issued-expired", "expired"),
        *("cut-off", "empty", "garbage"),
    ],
)
def test_any_other_license_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "license").write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        check(tmp_path)
    assert ended.value.code == 1
    assert capsys.readouterr().out == (
        "Container does not have a valid disconnected container license\n"
    )


@pytest.mark.parametrize("name", ["empty", "absent"])
def test_no_license_at_all_is_a_path_not_found(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit) as ended:
        check(tmp_path / name)
    assert ended.value.code == 1
    assert "The provided license path was not found." in capsys.readouterr().out


@given(st.text(), st.text(), st.floats(0, 1e10), st.floats(-1e4, 1e4))
def test_what_was_sealed_is_unsealed(
    version: str, model: str, issued: float, days: float
) -> None:
    content = License(version, model, issued, days)
    assert license.unseal(license.seal(content)) == content


@given(st.binary(max_size=300))
def test_anything_else_unseals_to_nothing(content: bytes) -> None:
    assert license.unseal(content) is None


def test_the_file_tells_nothing_to_a_reader() -> None:
    sealed = issue(version="4.12.0-amd64-with-a-long-name")
    assert b"4.12" not in sealed
    assert len(set(sealed)) > 60


def test_a_license_is_fetched_and_the_container_ends(
    stand_in: StandIn, licensed: Path, tmp_path: Path
) -> None:
    folder = writable(tmp_path / "license")
    ended = stand_in.run(
        *("eula=accept", BILLING, "apikey=rehearsal", "DownloadLicense=True"),
        "Mounts:License=/elsewhere",
        mounts={MODELS: licensed / "models", "/elsewhere": folder},
    )
    assert ended.code == 0, ended.log
    (file,) = folder.iterdir()
    found = license.unseal(file.read_bytes())
    assert found is not None
    assert (found.version, found.days) == (VERSION, 30)


def test_the_container_may_go_on_and_serve_nothing(
    stand_in: StandIn, licensed: Path, tmp_path: Path
) -> None:
    folder = writable(tmp_path / "license")
    running = stand_in.start(
        *("DownloadLicense=True", *ACCOUNT),
        mounts={MODELS: licensed / "models", "/license": folder},
        environment={"REHEARSAL_LICENSE_EXITS": "0", "REHEARSAL_LICENSE_DAYS": "-1"},
    )
    running.wait_for("License downloaded")
    (file,) = folder.iterdir()
    found = license.unseal(file.read_bytes())
    assert found is not None
    assert found.days == -1
    running.container.reload()
    assert running.container.status == "running"
    assert "listening" not in running.log
    running.container.stop(timeout=5)
    assert running.wait().code == 0


def test_without_the_models_mounted_no_license_is_fetched(stand_in: StandIn) -> None:
    ended = stand_in.run("DownloadLicense=True", *ACCOUNT)
    assert ended.code == 134
    assert "properties.json not found" in ended.log


def test_a_wrong_key_or_a_missing_directory_fetches_none(
    stand_in: StandIn, licensed: Path
) -> None:
    mounts = {MODELS: licensed / "models"}
    words = ("DownloadLicense=True", "Eula=accept", BILLING)
    refused = stand_in.run(*words, "ApiKey=wrong", mounts=mounts)
    assert refused.code == 1
    assert "Failed to download license: Status: 401 Unauthorized" in refused.log
    missing = stand_in.run(
        *words, "ApiKey=rehearsal", "Mounts:License=/absent", mounts=mounts
    )
    assert missing.code == 1
    assert "The provided license path was not found." in missing.log
