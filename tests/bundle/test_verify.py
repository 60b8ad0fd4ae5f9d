"""Verifying: every byte, all damage, and contents that say what the manifest says."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from csctl.bundle import layout, oci, path
from csctl.bundle.archive import Bundle, open_bundle
from csctl.bundle.manifest import decode
from csctl.bundle.signature import Trust
from csctl.bundle.verify import Damage, verify
from csctl.lifecycle.events import Transfer
from csctl.record import SUFFIX
from tests.bundle import maker
from tests.bundle.maker import LAYERS, MODEL_DIRECTORY, Edit, Made, altered, make

MADE = make()
IMAGE = MADE.manifest.images[0]
RECORD = MODEL_DIRECTORY + SUFFIX
LICENSE_RECORD = MADE.manifest.licenses[0].path + SUFFIX
LAYER = oci.blob_path(IMAGE.layers[0].digest)
MANIFEST = oci.blob_path(IMAGE.digest)
CONFIG = oci.blob_path(IMAGE.config)
OTHER = "sha256:" + "0" * 64


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        file = tmp_path / "bundle"
        file.write_bytes(data)
        return file

    return write


Write = Callable[[bytes], Path]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_whole_bundle_has_no_damage(write: Write, workers: int) -> None:
    with open_bundle(write(MADE.archive()), Trust()) as bundle:
        assert _run(bundle, workers)[1] == ()


def test_a_delta_is_whole_without_what_it_leaves_out(write: Write) -> None:
    left_out = [LAYER, CONFIG, oci.INDEX, f"{MODEL_DIRECTORY}/am/final.bin", RECORD]
    with open_bundle(write(make(leave_out=left_out).archive()), Trust()) as bundle:
        assert _run(bundle)[1] == ()


def test_all_damage_is_told_in_the_order_of_the_members(write: Write) -> None:
    damaged = [path.HOWTO, LAYER, RECORD, f"{MODEL_DIRECTORY}/am/final.bin"]
    changed = bytearray(MADE.archive())
    for member in _members():
        if member.path in damaged:
            changed[member.end_of_data - 1] ^= 1
    with open_bundle(write(bytes(changed)), Trust()) as bundle:
        _, found = _run(bundle)
    assert found == tuple(Damage(one, "its data has another sum") for one in damaged)


def test_progress_goes_up_to_the_bytes_of_all_files(write: Write) -> None:
    made = make(model_files={"a": bytes(5 << 20), "b": bytes(3 << 20)})
    with open_bundle(write(made.archive()), Trust()) as bundle:
        events, _ = _run(bundle)
    total = sum(len(data) for data in made.files.values())
    assert {event.total for event in events} == {total}
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == total


@pytest.mark.parametrize("part", [path.SUMS, oci.LAYOUT, oci.INDEX, oci.DOCKER, RECORD])
def test_content_that_fits_its_sum_and_not_the_manifest_is_found(
    write: Write, part: str
) -> None:
    made = make() if part == path.SUMS else make(changed={part: b"{}"})
    data = made.archive()
    if part == path.SUMS:
        data = maker.archive(
            made.manifest, made.data, None, {**made.files, **_wrong_sums()}
        )
    with open_bundle(write(data), Trust()) as bundle:
        assert [one.part for one in _run(bundle)[1]] == [part]


def _wrong_sums() -> dict[str, bytes]:
    return {path.SUMS: bytes(layout.sums_size(MADE.manifest))}


LIES: Mapping[str, tuple[Callable[[dict[str, Any]], Any], set[str]]] = {
    "layers in another order": (
        lambda document: document["images"][0]["layers"].reverse(),
        {MANIFEST, CONFIG, oci.DOCKER},
    ),
    "another content of a layer": (
        lambda document: document["images"][0]["layers"][0].update(diff_id=OTHER),
        {CONFIG},
    ),
    "another platform": (
        lambda document: document["images"][0].update(platform="linux/arm64"),
        {CONFIG, oci.INDEX},
    ),
    "another name of the image": (
        lambda document: document["images"][0].update(reference="contoso/evil:1"),
        {oci.INDEX, oci.DOCKER},
    ),
    "another age of the license": (
        lambda document: document["licenses"][0].update(
            fetched_at="2031-01-01T00:00:00Z"
        ),
        {LICENSE_RECORD},
    ),
    "another sum of a model's file": (
        lambda document: [
            one.update(sha256="0" * 64)
            for one in document["files"]
            if one["path"] == f"{MODEL_DIRECTORY}/empty"
        ],
        {RECORD, f"{MODEL_DIRECTORY}/empty"},
    ),
}


@pytest.mark.parametrize(("lie", "parts"), LIES.values(), ids=LIES.keys())
def test_a_manifest_that_its_parts_do_not_bear_out_is_found(
    write: Write, lie: Callable[[dict[str, Any]], Any], parts: set[str]
) -> None:
    data = altered(MADE, lie)
    changed = maker.archive(decode(data), data, None, MADE.files)
    with open_bundle(write(changed), Trust()) as bundle:
        assert {one.part for one in _run(bundle)[1]} == parts


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[" * 200_000,
        b'{"files": {}}',
        b"\xff",
        b'{"files":[{"path":1}]}',
    ],
    ids=lambda content: repr(content[:8]),
)
def test_a_record_that_is_none_is_damage(write: Write, content: bytes) -> None:
    made = make(changed={RECORD: content})
    with open_bundle(write(made.archive()), Trust()) as bundle:
        [found] = _run(bundle)[1]
    assert found == Damage(RECORD, f"is not the record of {MODEL_DIRECTORY}")


def test_a_bundle_that_shrinks_while_it_is_read_is_damage(write: Write) -> None:
    file = write(MADE.archive())
    with open_bundle(file, Trust()) as bundle:
        os.truncate(file, bundle.range("profiles/contoso.yaml")[0])
        [found] = _run(bundle)[1]
    assert found.part == "profiles/contoso.yaml"
    assert "ends" in found.fault


def test_an_error_of_the_medium_names_file_and_place(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bundle(write(MADE.archive()), Trust()) as bundle:
        offset, _ = bundle.range(LAYER)
        read = os.preadv

        def broken(fd: int, buffers: list[memoryview], at: int) -> int:
            if at == offset:
                raise OSError(5, "Input/output error")
            return read(fd, buffers, at)

        monkeypatch.setattr(os, "preadv", broken)
        [found] = _run(bundle)[1]
    assert found.part == LAYER
    assert f"byte {offset}" in found.fault
    assert "Input/output error" in found.fault


def test_what_is_no_longer_wanted_ends_its_threads(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(model_files={"large": bytes(64 << 20)})
    before = threading.active_count()
    with open_bundle(write(made.archive()), Trust()) as bundle:
        monkeypatch.setattr("csctl.bundle.verify._TELL_SECONDS", 0.0)
        reading = verify(bundle, 2)
        event = next(reading)
        assert isinstance(event, Transfer)
        assert event.done < len(LAYERS) + (64 << 20)
        reading.close()
        assert threading.active_count() == before


def test_a_file_is_read_in_small_steps(write: Write) -> None:
    """A hundred megabytes of zeros cost no more memory than a few buffers."""
    import resource

    size = 128 << 20
    made = make(model_files={"a": b"", "large": b""})
    document = _with_size(made, f"{MODEL_DIRECTORY}/large", size)
    data = altered(made, document)
    manifest = decode(data)
    plan = layout.layout_of(manifest, data, signed=False)
    file = write(b"")
    with open(file, "r+b") as stream:
        for member in plan.members:
            stream.seek(member.offset_of_header)
            stream.write(layout.header(member, manifest.created))
            content = {path.MANIFEST: data, **made.files}.get(member.path, b"")
            stream.write(content)
        stream.truncate(plan.total)
    with open_bundle(file, Trust()) as bundle:
        past = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        _, found = _run(bundle)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - past
    assert f"{MODEL_DIRECTORY}/large" in {one.part for one in found}
    assert grown < 20 << 10


def _with_size(made: Made, name: str, size: int) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        [one] = [one for one in document["files"] if one["path"] == name]
        one["size"] = size

    assert name in made.files
    return edit


def _run(
    bundle: Bundle, workers: int | None = None
) -> tuple[list[Transfer], tuple[Damage, ...]]:
    events: list[Transfer] = []
    reading = verify(bundle, workers)
    while True:
        try:
            event = next(reading)
        except StopIteration as stop:
            return events, stop.value
        assert isinstance(event, Transfer)
        events.append(event)


def _members() -> tuple[layout.Member, ...]:
    return layout.layout_of(MADE.manifest, MADE.data, signed=False).members
