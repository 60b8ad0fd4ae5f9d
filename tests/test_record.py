"""Records: written whole or not at all, read back as written, damage named."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl import record
from csctl.errors import CsctlError, DownloadError
from csctl.record import FileSum, Record
from tests.killing import kill_after

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def _record(*files: FileSum, fetched_at: datetime = MOMENT) -> Record:
    return Record(
        kind="model",
        id="5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e",
        image="mcr.example/stt:4.12.0-amd64",
        image_id="sha256:" + "a" * 64,
        fetched_at=fetched_at,
        files=files,
        details={"base_locale": "en-US", "display": []},
    )


def _fill(directory: Path, **files: bytes) -> Path:
    directory.mkdir(parents=True)
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return directory


def test_a_record_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = _record(FileSum(path="a/b", size=3, sha256="0" * 64))
    record.write(tmp_path / "model", written)
    assert record.read(tmp_path / "model") == written
    assert written.size == 3


def test_a_record_lies_beside_its_directory_and_not_in_it(tmp_path: Path) -> None:
    directory = _fill(tmp_path / "model")
    record.write(directory, _record())
    assert list(directory.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "model.csctl.json"]


def test_a_record_keeps_its_moment_in_utc(tmp_path: Path) -> None:
    east = MOMENT.astimezone(timezone(timedelta(hours=9)))
    record.write(tmp_path / "m", _record(fetched_at=east))
    assert "2026-03-01T12:30:00+00:00" in record.path_of(tmp_path / "m").read_text()


def test_no_record_is_none(tmp_path: Path) -> None:
    assert record.read(tmp_path / "model") is None


WHOLE = {
    "schema": 1,
    "kind": "model",
    "id": "x",
    "image": "i",
    "image_id": "sha256:1",
    "fetched_at": "2026-03-01T12:30:00+00:00",
    "files": [{"path": "a", "size": 1, "sha256": "0"}],
    "details": {},
}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(json.dumps(WHOLE).encode()[:40], id="cut"),
        pytest.param(b"\xff\xfe\xfa", id="no-text"),
        pytest.param(b"\0" * 512, id="zeros"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        *(
            pytest.param(
                json.dumps({k: v for k, v in WHOLE.items() if k != name}).encode(),
                id=f"no-{name}",
            )
            for name in WHOLE
            if name != "schema"
        ),
        *(
            pytest.param(json.dumps(WHOLE | change).encode(), id=str(change)[:30])
            for change in (
                {"fetched_at": "yesterday"},
                {"fetched_at": "2026-03-01T12:30:00"},
                {"fetched_at": 5},
                {"files": [{"path": "a"}]},
                {"files": ["a"]},
                {"files": None},
                {"details": "x"},
            )
        ),
    ],
)
def test_a_damaged_record_is_named_with_its_remedy(
    content: bytes, tmp_path: Path
) -> None:
    path = record.path_of(tmp_path / "model")
    path.write_bytes(content)
    with pytest.raises(DownloadError) as caught:
        record.read(tmp_path / "model")
    assert str(caught.value) == f"record {path} is damaged"
    assert caught.value.remedy == f"remove {path} and download again"


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail_in_another_way(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    directory = tmp_path_factory.getbasetemp() / "bytes"
    record.path_of(directory).write_bytes(content)
    with pytest.raises(DownloadError):
        record.read(directory)


def test_a_record_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    record.path_of(tmp_path / "model").mkdir()
    with pytest.raises(CsctlError, match="cannot be read: Is a directory"):
        record.read(tmp_path / "model")


_WRITE_FOR_EVER = """
import sys
from pathlib import Path
from csctl.record import write_atomically
print("ready", flush=True)
count = 0
while True:
    count += 1
    write_atomically(Path(sys.argv[1]), f"{count % 10}" * 300_000)
"""


def test_a_kill_at_any_moment_leaves_a_whole_text(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("0" * 300_000)
    seen = set()
    for turn in range(12):
        kill_after(0.004 * turn, _WRITE_FOR_EVER, path)
        text = path.read_text()
        assert len(text) == 300_000
        assert len(set(text)) == 1, "half of one text and half of another"
        seen.add(text[0])
    assert seen != {"0"}, "it never wrote"


def test_a_failed_write_leaves_the_old_text_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        record.write_atomically(path, "\udcff")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_threads_that_write_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "text"
    failures: list[Exception] = []

    def write(digit: str) -> None:
        try:
            for _ in range(30):
                record.write_atomically(path, digit * 10_000)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(digit,)) for digit in "1234"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(path.read_text())) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_sums_name_every_file_with_its_size_and_content(tmp_path: Path) -> None:
    directory = _fill(tmp_path / "model", b=b"two", a=b"")
    (directory / "sub").mkdir()
    (directory / "sub" / "c").write_bytes(b"three")
    assert record.take_sums(directory) == tuple(
        FileSum(path=name, size=len(text), sha256=hashlib.sha256(text).hexdigest())
        for name, text in (("a", b""), ("b", b"two"), ("sub/c", b"three"))
    )


def test_known_files_of_the_same_size_are_not_read_again(tmp_path: Path) -> None:
    directory = _fill(tmp_path / "model", same=b"abc", grown=b"abcd", new=b"x")
    known = _record(
        FileSum(path="same", size=3, sha256="known"),
        FileSum(path="grown", size=3, sha256="known"),
    )
    sums = {s.path: s.sha256 for s in record.take_sums(directory, known=known)}
    assert sums["same"] == "known"
    assert sums["grown"] == hashlib.sha256(b"abcd").hexdigest()
    assert sums["new"] == hashlib.sha256(b"x").hexdigest()


def _link_to_file(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _link_to_directory(path: Path) -> None:
    path.symlink_to("/etc")


def _broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    "make", [_link_to_file, _link_to_directory, _broken_link, os.mkfifo]
)
def test_what_is_neither_file_nor_directory_is_refused(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    directory = _fill(tmp_path / "model", a=b"1")
    odd = directory / "odd"
    make(odd)
    with pytest.raises(DownloadError) as caught:
        record.take_sums(directory)
    assert str(caught.value) == f"{odd} is neither a file nor a directory"


def test_damage_names_what_is_missing_and_what_changed_its_size(tmp_path: Path) -> None:
    directory = _fill(tmp_path / "model", whole=b"abc", cut=b"ab", gone=b"abc")
    known = _record(
        *(FileSum(path=name, size=3, sha256="") for name in ("whole", "cut", "gone"))
    )
    (directory / "gone").unlink()
    (directory / "extra").touch()
    assert record.damage(directory, known) == (
        "cut: 2 bytes instead of 3",
        "gone: No such file or directory",
    )
