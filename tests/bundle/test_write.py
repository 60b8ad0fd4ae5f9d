"""Writing bundles: the same bytes every time, whole or resumed or not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from csctl.bundle import journal, layout, oci
from csctl.bundle.archive import open_bundle
from csctl.bundle.signature import Trust, sign
from csctl.bundle.source import Blob, Bytes, File, Source
from csctl.bundle.write import Written, write
from csctl.errors import BundleError, CsctlError, LockHeld
from csctl.lifecycle.events import Event, Transfer
from csctl.registry.client import Registry
from tests.bundle.blob_server import BlobServer, serving_blobs
from tests.bundle.maker import MODEL_DIRECTORY, Made, digest, keys, make
from tests.killing import child
from tests.registry.server import NO_TRUST

MADE = make()
BIG = MODEL_DIRECTORY + "/big"
_ROOT = Path(__file__).parents[2]


def _sources(made: Made, **others: Source) -> dict[str, Source]:
    return {name: Bytes(data) for name, data in made.files.items()} | others


def _run(
    file: Path, made: Made, sources: Mapping[str, Source], **kw: Any
) -> tuple[list[Event], Written]:
    work = write(file, made.data, kw.pop("signature", None), sources, **kw)
    events = []
    while True:
        try:
            events.append(next(work))
        except StopIteration as stop:
            return events, stop.value


def _nothing_else(folder: Path, *names: str) -> bool:
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "a.csctl"


@pytest.fixture
def blobs() -> Iterator[BlobServer]:
    with serving_blobs() as started:
        yield started


@pytest.fixture
def registry(blobs: BlobServer) -> Iterator[Registry]:
    with Registry(blobs.host, tls=NO_TRUST, sleep=lambda _: None) as client:
        yield client


def _big(size: int = 3 << 20) -> Made:
    return make(model_files={"properties.json": b"{}", "big": os.urandom(size)})


def _blob(blobs: BlobServer, registry: Registry, data: bytes) -> Blob:
    blobs.blobs[digest(data)] = data
    return Blob(registry, "speech", digest(data))


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_a_bundle_is_its_members_in_their_places(file: Path, workers: int) -> None:
    events, written = _run(file, MADE, _sources(MADE), workers=workers)
    assert file.read_bytes() == MADE.archive()
    assert written == Written(path=file, bytes=len(MADE.archive()), resumed=0)
    assert _nothing_else(file.parent, file.name)
    last = events[-1]
    assert isinstance(last, Transfer)
    assert (
        last.done
        == last.total
        == sum(
            one.size
            for one in layout.layout_of(MADE.manifest, MADE.data, signed=False).members
        )
    )


def test_a_signed_bundle_carries_its_signature(file: Path, tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    _run(file, MADE, _sources(MADE), signature=sign(private, MADE.data))
    assert file.read_bytes() == MADE.archive(private)
    open_bundle(file, Trust((public,), require=True)).close()


def test_what_is_left_out_needs_no_source(file: Path) -> None:
    left = f"{MODEL_DIRECTORY}/am/final.bin"
    made = make(leave_out=[left])
    sources = _sources(made)
    del sources[left]
    _run(file, made, sources)
    assert file.read_bytes() == made.archive()


def test_others_may_not_read_it(file: Path) -> None:
    _run(file, MADE, _sources(MADE))
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_older_bundle_stays_until_the_new_one_is_whole(file: Path) -> None:
    file.write_bytes(b"older")
    sources = _sources(MADE)
    work = write(file, MADE.data, None, sources)
    next(work)
    assert file.read_bytes() == b"older"
    work.close()
    assert file.read_bytes() == b"older"
    _run(file, MADE, sources)
    assert file.read_bytes() == MADE.archive()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(b"sound" * 998 + b"sOund", "other content", id="another byte"),
        pytest.param(b"sound" * 998, "less than the 4995 bytes", id="shorter"),
        pytest.param(b"sound" * 1000, "more than the 4995 bytes", id="longer"),
        pytest.param(b"", "less than", id="empty"),
    ],
)
def test_a_source_that_is_not_what_the_manifest_says_is_named(
    file: Path, tmp_path: Path, given: bytes, said: str
) -> None:
    name = f"{MODEL_DIRECTORY}/am/final.bin"
    wrong = tmp_path / "final.bin"
    wrong.write_bytes(given)
    sources = _sources(MADE, **{name: File(wrong)})
    with pytest.raises(BundleError, match=said) as caught:
        _run(file, MADE, sources)
    assert caught.value.part == name
    assert str(wrong) in caught.value.fault
    assert not file.exists()

    wrong.write_bytes(MADE.files[name])
    _run(file, MADE, sources)
    assert file.read_bytes() == MADE.archive()
    assert _nothing_else(file.parent, file.name)


def test_a_file_that_is_gone_is_named(file: Path, tmp_path: Path) -> None:
    gone = File(tmp_path / "gone")
    sources = _sources(MADE, **{f"{MODEL_DIRECTORY}/empty": gone})
    with pytest.raises(CsctlError, match="gone cannot be read: No such file"):
        _run(file, MADE, sources)
    assert not file.exists()


def test_a_link_in_place_of_a_file_is_not_followed(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/etc/hostname")
    sources = _sources(MADE, **{f"{MODEL_DIRECTORY}/empty": File(link)})
    with pytest.raises(CsctlError, match="link cannot be read"):
        _run(file, MADE, sources)


def test_a_registry_that_lies_about_a_digest_is_named(
    file: Path, blobs: BlobServer, registry: Registry
) -> None:
    layer = MADE.manifest.images[0].layers[0]
    name = oci.blob_path(layer.digest)
    blobs.blobs[layer.digest] = MADE.files[name][:-1] + b"?"
    source = Blob(registry, "speech", layer.digest)
    with pytest.raises(
        BundleError, match=f"registry {blobs.host} gives other"
    ) as caught:
        _run(file, MADE, _sources(MADE, **{name: source}))
    assert caught.value.part == name
    assert not file.exists()


def test_a_registry_that_breaks_off_again_and_again_is_asked_for_the_rest(
    file: Path, blobs: BlobServer, registry: Registry
) -> None:
    made = _big()
    blobs.most = 500_000
    source = _blob(blobs, registry, made.files[BIG])
    _run(file, made, _sources(made, **{BIG: source}))
    assert file.read_bytes() == made.archive()
    assert blobs.sent == 3 << 20
    assert blobs.ranges == [*range(0, 3 << 20, 500_000)]


def test_what_was_written_before_a_break_is_not_fetched_again(
    file: Path, blobs: BlobServer, registry: Registry
) -> None:
    made = _big()
    sources = _sources(made, **{BIG: _blob(blobs, registry, made.files[BIG])})
    blobs.pause = 0.04
    work = write(file, made.data, None, sources)
    for event in work:
        if isinstance(event, Transfer) and event.done > 1 << 20:
            break
    work.close()
    left = journal.read(file)
    assert left is not None
    before = left.written[BIG]
    assert 0 < before < 3 << 20
    assert not file.exists()

    blobs.pause = 0
    _, written = _run(file, made, sources)
    assert file.read_bytes() == made.archive()
    assert blobs.ranges == [0, before]
    assert written.resumed >= before
    assert _nothing_else(file.parent, file.name)


def _broken_off(file: Path, made: Made, sources: Mapping[str, Source]) -> None:
    """Leave FILE.part with all members in it, but not yet renamed."""
    work = write(file, made.data, None, sources)
    for event in work:
        if isinstance(event, Transfer) and event.what == "flushing to disk":
            break
    work.close()
    assert journal.part_of(file).exists()


def test_a_part_that_was_damaged_meanwhile_is_fetched_again(file: Path) -> None:
    made = _big()
    sources = _sources(made)
    _broken_off(file, made, sources)
    part = journal.part_of(file)
    whole = part.read_bytes()
    at = whole.index(made.files[BIG]) + 1_000_000
    part.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    _run(file, made, sources)
    assert file.read_bytes() == made.archive()


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda path: path.unlink(), id="is gone"),
        pytest.param(lambda path: path.write_bytes(b"{"), id="is cut off"),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes().replace(b'":', b'":9', 1)),
            id="is none",
        ),
    ],
)
def test_a_journal_that_tells_nothing_is_a_new_beginning(file: Path, harm: Any) -> None:
    _broken_off(file, MADE, _sources(MADE))
    harm(journal.path_of(file))
    _, written = _run(file, MADE, _sources(MADE))
    assert written.resumed == 0
    assert file.read_bytes() == MADE.archive()


def test_a_journal_that_claims_more_than_there_is_is_not_believed(file: Path) -> None:
    made = _big()
    _broken_off(file, made, _sources(made))
    part = journal.part_of(file)
    with part.open("r+b") as stream:
        stream.truncate(1000)
    _run(file, made, _sources(made))
    assert file.read_bytes() == made.archive()


def test_a_part_of_another_manifest_is_begun_anew(file: Path) -> None:
    other = _big(1000)
    _broken_off(file, other, _sources(other))
    _, written = _run(file, MADE, _sources(MADE))
    assert written.resumed == 0
    assert file.read_bytes() == MADE.archive()


def test_of_two_writers_one_is_refused(file: Path) -> None:
    first = write(file, MADE.data, None, _sources(MADE))
    next(first)
    with pytest.raises(LockHeld, match="another csctl is writing"):
        _run(file, MADE, _sources(MADE))
    for _ in first:
        pass
    assert file.read_bytes() == MADE.archive()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(
    small_disk: Path,
) -> None:
    made = _big()
    with pytest.raises(CsctlError, match=r"1\.0 MiB free, and 3\.0 MiB are") as caught:
        _run(small_disk / "a.csctl", made, _sources(made))
    assert "-o" in (caught.value.remedy or "")
    assert _nothing_else(small_disk)


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CsctlError, match="cannot be written: No such file"):
        _run(tmp_path / "none" / "a.csctl", MADE, _sources(MADE))


_CHILD = """
import sys
from pathlib import Path
from csctl.bundle.source import Blob, Bytes
from csctl.bundle.write import write
from csctl.registry.client import Registry
from tests.bundle.maker import digest
from tests.registry.server import NO_TRUST
folder, host = Path(sys.argv[1]), sys.argv[2]
data = (folder / "manifest").read_bytes()
sources = {
    str(path.relative_to(folder / "files")): Bytes(path.read_bytes())
    for path in (folder / "files").rglob("*")
    if path.is_file()
}
if host:
    registry = Registry(host, tls=NO_TRUST)
    sources |= {
        name: Blob(registry, "speech", digest(source.data))
        for name, source in sources.items()
        if len(source.data) > 1 << 20
    }
print("ready", flush=True)
for _ in write(folder / "out" / "a.csctl", data, None, sources):
    pass
"""


def _lay_out(folder: Path, made: Made) -> None:
    (folder / "manifest").write_bytes(made.data)
    for name, data in made.files.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def test_a_run_that_was_killed_goes_on_where_it_was(
    tmp_path: Path, file: Path, blobs: BlobServer
) -> None:
    made = _big(6 << 20)
    _lay_out(tmp_path, made)
    blobs.blobs[digest(made.files[BIG])] = made.files[BIG]
    blobs.pause = 0.03
    with child(_CHILD, tmp_path, blobs.host) as process:
        deadline = time.monotonic() + 60
        while (left := journal.read(file)) is None or not left.written.get(BIG):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not file.exists()
    noted = left.written[BIG]
    blobs.pause = 0
    with child(_CHILD, tmp_path, blobs.host) as process:
        assert process.wait(20) == 0
    assert file.read_bytes() == made.archive()
    first, again = blobs.ranges
    assert (first, again >= noted) == (0, True)
    assert _nothing_else(file.parent, file.name)


_CALLS = [
    *(("pwrite64", at) for at in (1, 16, 20, 31)),
    *(("ftruncate", 1), ("fsync", 1), ("fsync", 2), ("rename", 2), ("unlink", 1)),
]


def test_killed_at_any_call_it_leaves_no_half_bundle(
    tmp_path: Path, file: Path
) -> None:
    _lay_out(tmp_path, MADE)
    wanted = MADE.archive()
    killed = 0
    for call, at in _CALLS:
        done = subprocess.run(
            [
                *("strace", "-f", "-qq", "-o", os.devnull),
                *("-P", file, "-P", journal.part_of(file), "-P", file.parent),
                *("-P", journal.path_of(file), "-P", f"{journal.path_of(file)}.new"),
                *("-e", f"inject={call}:signal=SIGKILL:when={at}"),
                *(sys.executable, "-c", _CHILD, tmp_path, ""),
            ],
            cwd=_ROOT,
            capture_output=True,
            check=False,
        )
        killed += done.returncode != 0
        assert not file.exists() or file.read_bytes() == wanted, (call, at)
        if file.exists():
            file.unlink()
    assert killed > len(_CALLS) // 2, "the kills miss their target"
    _run(file, MADE, _sources(MADE))
    assert file.read_bytes() == wanted
    assert _nothing_else(file.parent, file.name)
