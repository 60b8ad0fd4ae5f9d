"""Files up and down: whole, side by side, gone on with, never half there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from csctl.azure.download import PART, of_files
from csctl.azure.request import BLOCK_BYTES
from tests.cli.speech.conftest import Speech, named
from tests.rest_api import RestApi, rest_api

SIZE = 300_000


@pytest.fixture(scope="module")
def large_api() -> Iterator[RestApi]:
    """Audio and model files of some size."""
    with rest_api(job_seconds=0, file_bytes=SIZE, logs=40) as running:
        yield running


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def speech(csctl: Speech, large_api: RestApi) -> Speech:
    return lambda *argv: csctl("speech", *named(large_api), *argv)


def _first(api: RestApi, group: str) -> str:
    return str(api.get(f"/{group}")["values"][0]["self"][-36:])


def _calls(api: RestApi) -> str:
    """A dataset whose files are `acoustic.zip` and a report."""
    wanted = "displayName eq 'Contoso calls'"
    return str(api.get("/datasets", filter=wanted)["values"][0]["self"][-36:])


@pytest.mark.parametrize(
    "group", ["datasets", "evaluations", "models", "transcriptions"]
)
def test_all_files_of_a_set_come(
    group: str, speech: Speech, large_api: RestApi, tmp_path: Path
) -> None:
    id_ = _first(large_api, group)
    listed = large_api.get(f"/{group}/{id_}/files")["values"]

    done = speech(group, "download", id_, "-o", tmp_path / "new" / "out", "--json")

    assert (done.code, done.err) == (0, "")
    found = tmp_path / "new" / "out"
    sizes = {
        str(path.relative_to(found)): path.stat().st_size
        for path in found.rglob("*")
        if path.is_file()
    }
    assert sizes == {one["name"]: one["properties"]["size"] for one in listed}
    assert all(row["downloaded"] for row in done.json)
    storage = [one for one in large_api.requests() if one["server"] == "storage"]
    assert len(storage) == len(listed)
    assert all("ocp-apim-subscription-key" not in one["headers"] for one in storage)


def test_all_logs_come_from_all_pages(
    speech: Speech, large_api: RestApi, tmp_path: Path
) -> None:
    id_ = _first(large_api, "endpoints")

    done = speech("endpoints", "download-logs", id_, "-o", "out")

    assert (done.code, done.err) == (0, "")
    assert len(_files(tmp_path / "out")) >= 40


def test_what_is_there_is_left_alone_and_what_differs_is_not_overwritten(
    speech: Speech, large_api: RestApi, tmp_path: Path
) -> None:
    id_ = _calls(large_api)
    get = ("datasets", "download", id_, "-o", "out")
    assert speech(*get).code == 0
    before = _files(tmp_path / "out")
    large_api.requests()

    again = speech(*get, "--json")
    assert again.code == 0
    assert not any(row["downloaded"] for row in again.json)
    assert not [one for one in large_api.requests() if one["server"] == "storage"]

    (tmp_path / "out" / "acoustic.zip").write_text("my own notes")
    refused = speech(*get)
    assert refused.code == 2
    assert "acoustic.zip: another file stands there" in refused.err
    assert (tmp_path / "out" / "acoustic.zip").read_text() == "my own notes"

    assert speech(*get, "--overwrite").code == 0
    assert _files(tmp_path / "out") == before


@pytest.mark.parametrize("fault", ["cut", "drop", "503", "429"])
def test_a_download_goes_on_after_a_fault(
    fault: str, speech: Speech, large_api: RestApi, tmp_path: Path
) -> None:
    id_ = _calls(large_api)
    large_api.requests()
    large_api.befall(f"{fault}@storage {fault}@storage")

    done = speech("datasets", "download", id_, "-o", "out")

    assert (done.code, done.err) == (0, "")
    asked = [one for one in large_api.requests() if one["server"] == "storage"]
    assert len(asked) >= 4
    sizes = [path.stat().st_size for path in (tmp_path / "out").iterdir()]
    assert SIZE in sizes
    if fault == "cut":
        assert any(one["headers"].get("range") for one in asked)
        whole = [one for one in asked if not one["headers"].get("range")]
        assert len(whole) == 2


def test_a_download_that_a_killed_run_left_is_gone_on_with(
    speech: Speech, large_api: RestApi, tmp_path: Path
) -> None:
    id_ = _calls(large_api)
    assert speech("datasets", "download", id_, "-o", "first").code == 0
    whole = (tmp_path / "first" / "acoustic.zip").read_bytes()
    listed = large_api.get(f"/datasets/{id_}/files")["values"]
    out = tmp_path / "out"
    out.mkdir()
    [wanted] = [w for w in of_files(listed, out) if w.path.name == "acoustic.zip"]
    wanted.part.write_bytes(whole[:100_000])
    large_api.requests()

    done = speech("datasets", "download", id_, "-o", "out")

    assert (done.code, done.err) == (0, "")
    assert (out / "acoustic.zip").read_bytes() == whole
    ranges = [one["headers"].get("range") for one in large_api.requests()]
    assert "bytes=100000-" in ranges
    assert not list(out.glob(f"*{PART}"))


def test_a_part_that_is_of_something_else_is_begun_anew(
    speech: Speech, large_api: RestApi, tmp_path: Path
) -> None:
    id_ = _calls(large_api)
    assert speech("datasets", "download", id_, "-o", "first").code == 0
    listed = large_api.get(f"/datasets/{id_}/files")["values"]
    out = tmp_path / "out"
    out.mkdir()
    for wanted in of_files(listed, out):
        wanted.part.write_bytes(b"x" * 50)

    done = speech("datasets", "download", id_, "-o", "out")

    assert _files(out) == _files(tmp_path / "first")
    assert (done.code, done.err) == (0, "")


def test_a_download_that_never_ends_leaves_no_file(
    speech: Speech,
    large_api: RestApi,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from csctl.http import retry

    monkeypatch.setattr(retry, "pause", lambda *_: 0.0)
    id_ = _calls(large_api)
    large_api.befall("drop@storage*16")  # eight tries for each of two files

    done = speech("datasets", "download", id_, "-o", "out")

    assert done.code == 4
    assert "breaks the connection off" in done.err
    assert not [name for name in _files(tmp_path / "out") if PART not in name]


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """Two blocks and a bit."""
    path = tmp_path / "big.zip"
    path.write_bytes(os.urandom(2 * BLOCK_BYTES + 12345))
    return path


NEW = ("--display-name", "big", "--locale", "en-US", "--kind", "Acoustic")


def test_a_dataset_is_sent_by_blocks(
    speech: Speech, large_api: RestApi, big: Path, tmp_path: Path
) -> None:
    large_api.requests()

    done = speech("datasets", "upload-blocks", big, *NEW, "--wait", "--ids")

    assert done.code == 0
    id_ = done.out.strip()
    assert f"dataset {id_} is made" in done.err
    sent = [one for one in large_api.requests() if one["method"] == "PUT"]
    assert sorted(one["bytes"] for one in sent) == [12345, BLOCK_BYTES, BLOCK_BYTES]
    ids = [dict(one["query"])["blockid"] for one in sent]
    assert len({len(one) for one in ids}) == 1
    assert speech("datasets", "download", id_, "-o", "back").code == 0
    assert (tmp_path / "back" / "acoustic.zip").read_bytes() == big.read_bytes()


def test_an_upload_goes_on_where_it_broke(
    speech: Speech, large_api: RestApi, big: Path, tmp_path: Path
) -> None:
    # The second block is refused for good, so that it does not depend on time.
    made = large_api.create(
        "/datasets", displayName="broken", locale="en-US", kind="Acoustic"
    )
    id_ = made["self"][-36:]
    large_api.befall(f"400@/speechtotext/v3.1/datasets/{id_}/blocks")
    first = speech("datasets", "upload-blocks", big, "--into", "broken")
    assert first.code == 4
    large_api.befall(f"400@/speechtotext/v3.1/datasets/{id_}/blocks:commit")
    second = speech("datasets", "upload-blocks", big, "--into", id_)
    assert second.code == 4
    assert f"csctl speech datasets upload-blocks {big} --into {id_}" in second.err
    large_api.requests()

    done = speech("datasets", "upload-blocks", big, "--into", id_, "--wait")

    assert done.code == 0
    assert not [one for one in large_api.requests() if one["method"] == "PUT"]
    assert speech("datasets", "download", id_, "-o", "back").code == 0
    assert (tmp_path / "back" / "acoustic.zip").read_bytes() == big.read_bytes()
