from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from csctl.rehearsal.container import model
from csctl.rehearsal.container.disk import Disk
from csctl.rehearsal.container.settings import Settings
from tests.rehearsal.stand_in import (
    ACCOUNT,
    BILLING,
    MODEL_ID,
    MODELS,
    StandIn,
    writable,
)


def download(
    root: Path, size: int = 1000, model_id: str = MODEL_ID, disk: Disk | None = None
) -> None:
    settings = Settings.read([f"ModelId={model_id}", *ACCOUNT], {})
    model.download(settings, size, str(root), disk or Disk(writable=True))


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_a_model_is_downloaded_to_its_mount_and_served(
    stand_in: StandIn, tmp_path: Path
) -> None:
    models = writable(tmp_path / "models")
    running = stand_in.start(
        f"ModelId={MODEL_ID}",
        *ACCOUNT,
        mounts={MODELS: models},
        environment={"REHEARSAL_MODEL_BYTES": "10001"},
    ).wait_until_ready()
    files = contents(models)
    marker = files.pop("properties.json")
    assert json.loads(marker)["modelId"] == MODEL_ID
    assert sum(map(len, files.values())) == 10001
    assert any(name.startswith("0_en-us-") for name in files)
    assert any(name.startswith(f"{MODEL_ID}/") for name in files)
    assert running.log.startswith("Starting custom model download\n")
    for name in files:
        assert f" Preparing file {MODELS}/{name}\n" in running.log
        assert f" Downloading file: {MODELS}/{name}\n" in running.log


@pytest.mark.parametrize("size", [0, 3, 65536 * 4 + 5, 1 << 20])
def test_the_files_have_the_wanted_size_in_all(size: int, tmp_path: Path) -> None:
    download(tmp_path, size)
    files = contents(tmp_path)
    del files["properties.json"]
    assert sum(map(len, files.values())) == size
    assert model.find(str(tmp_path)) is not None


def test_the_marker_is_written_last(tmp_path: Path) -> None:
    written = []

    class Recording(Disk):
        def write(self, path: str, blocks: Iterable[bytes]) -> None:
            written.append(path)
            super().write(path, blocks)

    download(tmp_path, disk=Recording(writable=True))
    assert len(written) == 5
    assert "properties.json" in written[-1]


def test_content_depends_on_the_model_alone(tmp_path: Path) -> None:
    other = MODEL_ID.replace("5", "6")
    for name, model_id in (("one", MODEL_ID), ("same", MODEL_ID), ("other", other)):
        download(tmp_path / name, model_id=model_id)
    one, same = contents(tmp_path / "one"), contents(tmp_path / "same")
    assert one == same
    assert not set(one.values()) & set(contents(tmp_path / "other").values())


def test_a_model_that_is_there_is_served_whatever_id_is_asked_for(
    stand_in: StandIn, licensed: Path
) -> None:
    running = stand_in.start(
        "ModelId=11111111-2222-4333-8444-555566667777",
        *ACCOUNT,
        mounts={MODELS: licensed / "models"},
    ).wait_until_ready()
    assert "download" not in running.log
    assert not list((licensed / "models").glob("11111111*"))


def test_without_model_and_id_the_host_aborts(stand_in: StandIn) -> None:
    ended = stand_in.run(*ACCOUNT)
    assert ended.code == 134
    assert ended.lines[0] == (
        "Unhandled Exception: System.Exception: Model configuration"
        " /usr/local/models/properties.json not found."
    )


@pytest.mark.parametrize("model_id", ["00000000-2222-4333-8444-555566667777", "newest"])
def test_an_id_that_azure_does_not_have_is_no_manifest(
    stand_in: StandIn, model_id: str
) -> None:
    ended = stand_in.run(f"ModelId={model_id}", *ACCOUNT)
    assert ended.code == 1
    assert "Failed to fetch manifest: Status: 404" in ended.log
    assert model_id in ended.log


def test_a_wrong_key_downloads_nothing(stand_in: StandIn, tmp_path: Path) -> None:
    models = writable(tmp_path / "models")
    ended = stand_in.run(
        *(f"ModelId={MODEL_ID}", "Eula=accept", BILLING, "ApiKey=wrong"),
        mounts={MODELS: models},
    )
    assert ended.code == 1
    assert "Failed to fetch manifest: Status: 401 Unauthorized Body: {" in ended.log
    assert list(models.iterdir()) == []


def test_a_model_can_be_made_unavailable(stand_in: StandIn, licensed: Path) -> None:
    options = {
        "mounts": {MODELS: licensed / "models"},
        "environment": {"REHEARSAL_FAIL": "no-model"},
    }
    asked = stand_in.run(f"ModelId={MODEL_ID}", *ACCOUNT, **options)
    assert (asked.code, "Failed to fetch manifest" in asked.log) == (1, True)
    unasked = stand_in.run(*ACCOUNT, **options)
    assert (unasked.code, "properties.json not found" in unasked.log) == (134, True)


def test_a_mount_of_someone_else_is_refused_by_the_kernel(
    stand_in: StandIn, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir(mode=0o755)
    ended = stand_in.run(f"ModelId={MODEL_ID}", *ACCOUNT, mounts={MODELS: models})
    assert ended.code == 1
    assert "[Fatal] PermissionError: [Errno 13] Permission denied" in ended.log


def test_a_mount_can_be_made_unwritable(stand_in: StandIn, tmp_path: Path) -> None:
    ended = stand_in.run(
        *(f"ModelId={MODEL_ID}", *ACCOUNT),
        mounts={MODELS: writable(tmp_path / "models")},
        environment={"REHEARSAL_FAIL": "unwritable"},
    )
    assert ended.code == 1
    assert "[Fatal] PermissionError: [Errno 13] Permission denied" in ended.log


def test_a_full_disk_is_said(stand_in: StandIn) -> None:
    ended = stand_in.run(
        *(f"ModelId={MODEL_ID}", *ACCOUNT),
        tmpfs={MODELS: "size=300k,uid=65532"},
    )
    assert ended.code == 1
    assert "No space left on device" in ended.lines[-1]


@pytest.mark.parametrize("fault", ["shorter", "absent"])
def test_a_model_that_is_not_whole_does_not_load(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    download(tmp_path)
    victim = next(tmp_path.rglob("base.lms"))
    if fault == "shorter":
        victim.write_bytes(b"")
    else:
        victim.unlink()
    with pytest.raises(SystemExit) as ended:
        model.find(str(tmp_path))
    assert ended.value.code == 134
    assert "error rassert" in capsys.readouterr().out


def test_a_marker_that_is_no_json_aborts_the_host(tmp_path: Path) -> None:
    (tmp_path / "properties.json").write_text("{")
    with pytest.raises(SystemExit) as ended:
        model.find(str(tmp_path))
    assert ended.value.code == 134


def test_a_model_of_other_making_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "properties.json").write_text('{"anything": []}')
    assert model.find(str(tmp_path)) is not None


def test_no_marker_is_no_model(tmp_path: Path) -> None:
    assert model.find(str(tmp_path)) is None
