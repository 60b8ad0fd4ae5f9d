"""The strict reader: hostile archives, each refused with the part named."""

from __future__ import annotations

import os
import random
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.bundle import archive, layout, oci, path
from csctl.bundle.archive import open_bundle
from csctl.bundle.signature import Trust
from csctl.bundle.verify import Damage, verify
from csctl.errors import BundleError, UsageError
from tests.bundle.maker import (
    LAYERS,
    MODEL_DIRECTORY,
    MODEL_FILES,
    Piece,
    digest,
    join,
    make,
    stranger,
)
from tests.bundle.maker import archive as write

MADE = make()
WHOLE = MADE.archive()
PIECES = MADE.members()
LAST = PIECES[-1].path
MODEL_FILE = f"{MODEL_DIRECTORY}/am/final.bin"
LAYER = oci.blob_path(digest(LAYERS[0]))

Change = Callable[[list[Piece]], bytes]


def _at(name: str) -> int:
    return next(i for i, piece in enumerate(PIECES) if piece.path == name)


def instead(name: str, piece: Piece | Callable[[Piece], Piece]) -> Change:
    """Something else in a member's place."""

    def change(pieces: list[Piece]) -> bytes:
        at = _at(name)
        pieces[at] = piece if isinstance(piece, Piece) else piece(pieces[at])
        return join(pieces)

    return change


def before(name: str, piece: Piece) -> Change:
    """One member more."""

    def change(pieces: list[Piece]) -> bytes:
        pieces.insert(_at(name), piece)
        return join(pieces)

    return change


def without(name: str) -> Change:
    """One member less."""
    return lambda pieces: join(piece for piece in pieces if piece.path != name)


def swapped(first: str, second: str) -> Change:
    """Two members in the other order."""

    def change(pieces: list[Piece]) -> bytes:
        one, other = _at(first), _at(second)
        pieces[one], pieces[other] = pieces[other], pieces[one]
        return join(pieces)

    return change


def behind(data: bytes) -> Change:
    """Something after the end."""
    return lambda pieces: join(pieces) + data


def end(data: bytes) -> Change:
    """Another end of the archive."""
    return lambda pieces: join(pieces, data)


def header(name: str, start: int, data: bytes, *, summed: bool = True) -> Change:
    """Other bytes in a header, with a checksum that fits."""

    def edit(piece: Piece) -> Piece:
        block = bytearray(piece.header)
        block[start : start + len(data)] = data
        if summed:
            block[148:156] = b" " * 8
            block[148:156] = b"%06o\0 " % sum(block)
        return replace(piece, header=bytes(block))

    return instead(name, edit)


LINK: dict[str, Any] = {"type": tarfile.SYMTYPE, "linkname": "/etc/cron.d/x"}
HARD: dict[str, Any] = {"type": tarfile.LNKTYPE, "linkname": "../../etc/shadow"}
DEVICE: dict[str, Any] = {"type": tarfile.BLKTYPE, "devmajor": 8}
SETUID: dict[str, Any] = {"mode": 0o4755}
DIRECTORY: dict[str, Any] = {"type": tarfile.DIRTYPE}
DATA = MODEL_FILES["am/final.bin"]
PAX = stranger("PaxHeaders/x", b"30 path=../../../etc/cron.d/x\n", type=tarfile.XHDTYPE)
PAX_ALL = stranger("pax_global", b"19 comment=whatever\n", type=tarfile.XGLTYPE)
LONGNAME = stranger(
    "././@LongLink", b"../" * 90 + b"x\0", type=tarfile.GNUTYPE_LONGNAME
)
LONGLINK = stranger("././@LongLink", b"/etc\0", type=tarfile.GNUTYPE_LONGLINK)
SPARSE = stranger(MODEL_FILE, DATA, type=tarfile.GNUTYPE_SPARSE)
DEEP = stranger("/".join(["d" * 40] * 5), type=tarfile.SYMTYPE, linkname="../" * 30)

HOSTILE: Mapping[str, tuple[Change, str]] = {
    "symlink for a file": (
        instead(MODEL_FILE, stranger(MODEL_FILE, **LINK)),
        MODEL_FILE,
    ),
    "hard link for a file": (
        instead(MODEL_FILE, stranger(MODEL_FILE, **HARD)),
        MODEL_FILE,
    ),
    "device for a file": (
        instead(MODEL_FILE, stranger(MODEL_FILE, **DEVICE)),
        MODEL_FILE,
    ),
    "directory for a file": (
        instead(MODEL_FILE, stranger(MODEL_FILE, **DIRECTORY)),
        MODEL_FILE,
    ),
    "sparse file": (instead(MODEL_FILE, SPARSE), MODEL_FILE),
    "setuid": (
        instead(MODEL_FILE, stranger(MODEL_FILE, DATA, **SETUID)),
        MODEL_FILE,
    ),
    "old type of a file": (header(MODEL_FILE, 156, b"\0"), MODEL_FILE),
    "reserved type": (header(MODEL_FILE, 156, b"7"), MODEL_FILE),
    "type with an escape": (header(MODEL_FILE, 156, b"\x1b"), MODEL_FILE),
    "link name on a file": (header(MODEL_FILE, 157, b"/etc/passwd"), MODEL_FILE),
    "owner": (header(MODEL_FILE, 108, b"0001750\0"), MODEL_FILE),
    "time": (header(MODEL_FILE, 136, b"17777777777\0"), MODEL_FILE),
    "checksum": (header(MODEL_FILE, 148, b"000000\0 ", summed=False), MODEL_FILE),
    "magic of GNU": (header(MODEL_FILE, 257, b"ustar  \0"), MODEL_FILE),
    "size that lies low": (header(MODEL_FILE, 124, b"00000000001\0"), MODEL_FILE),
    "size that lies high": (header(MODEL_FILE, 124, b"77777777777\0"), MODEL_FILE),
    "size below zero": (header(MODEL_FILE, 124, b"\xff" * 12), MODEL_FILE),
    "size of 2^88": (header(MODEL_FILE, 124, b"\x80" + b"\xff" * 11), MODEL_FILE),
    "name that leads out": (
        instead(MODEL_FILE, stranger("../../etc/cron.d/x", DATA)),
        MODEL_FILE,
    ),
    "absolute name": (instead(MODEL_FILE, stranger("/etc/x", DATA)), MODEL_FILE),
    "name with an escape": (
        instead(MODEL_FILE, stranger("\x1b]52;c;eA==\x07", DATA)),
        MODEL_FILE,
    ),
    "name in another case": (
        instead(MODEL_FILE, stranger(MODEL_FILE.upper(), DATA)),
        MODEL_FILE,
    ),
    "pax header before a file": (before(MODEL_FILE, PAX), MODEL_FILE),
    "pax header for all": (before(MODEL_FILE, PAX_ALL), MODEL_FILE),
    "long name": (before(MODEL_FILE, LONGNAME), MODEL_FILE),
    "long link": (before(MODEL_FILE, LONGLINK), MODEL_FILE),
    "link that is too deep to resolve": (before(MODEL_FILE, DEEP), MODEL_FILE),
    "symlink before a file": (
        before(MODEL_FILE, stranger(MODEL_DIRECTORY, **LINK)),
        MODEL_FILE,
    ),
    "the same file twice": (
        before(MODEL_FILE, PIECES[_at(MODEL_FILE)]),
        f"{MODEL_DIRECTORY}/empty",
    ),
    "unknown file": (before(MODEL_FILE, stranger("models/evil", b"x")), MODEL_FILE),
    "a file less": (without(MODEL_FILE), MODEL_FILE),
    "the last file less": (without(LAST), LAST),
    "no sums": (without(path.SUMS), path.SUMS),
    "two files swapped": (swapped(MODEL_FILE, LAYER), LAYER),
    "manifest later": (swapped(path.MANIFEST, path.SUMS), "FILE"),
    "manifest twice": (before(path.SUMS, PIECES[0]), path.SUMS),
    "header of the manifest": (header(path.MANIFEST, 100, b"0000755\0"), path.MANIFEST),
    "manifest of no size": (
        header(path.MANIFEST, 124, b"00000000000\0"),
        path.MANIFEST,
    ),
    "manifest of 1 TiB": (
        header(path.MANIFEST, 124, b"\x80" + (1 << 40).to_bytes(11, "big")),
        path.MANIFEST,
    ),
    "manifest of 8 GiB": (header(path.MANIFEST, 124, b"77777777777\0"), path.MANIFEST),
    "size in letters": (header(path.MANIFEST, 124, b"0000000000x\0"), path.MANIFEST),
    "size with a sign": (header(path.MANIFEST, 124, b"-0000000001\0"), path.MANIFEST),
    "file behind the last": (
        lambda pieces: join([*pieces, stranger("evil", b"x")]),
        archive.END,
    ),
    "device behind the end": (behind(stranger("x", **DEVICE).header), archive.END),
    "one byte behind the end": (behind(bytes(100) + b"x"), archive.END),
    "zeros without end": (behind(bytes(archive._RECORD)), archive.END),
    "no end": (end(b""), archive.END),
    "half an end": (end(bytes(512)), archive.END),
    "end that is not zero": (end(bytes(1023) + b"x"), archive.END),
    "empty file": (lambda _: b"", path.MANIFEST),
    "half a block": (lambda pieces: join(pieces)[:256], path.MANIFEST),
    "zeros": (lambda _: bytes(10240), "FILE"),
    "no tar": (lambda _: b"PK\3\4" + bytes(range(256)) * 8, "FILE"),
}


@pytest.mark.parametrize(("change", "part"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused_and_the_part_named(
    tmp_path: Path, change: Change, part: str
) -> None:
    file = _written(tmp_path, change(list(PIECES)))
    error = _refusal(file)
    assert error.part == part.replace("FILE", str(file))
    assert error.message.isprintable()
    assert error.remedy


def _members() -> tuple[layout.Member, ...]:
    return layout.layout_of(MADE.manifest, MADE.data, signed=False).members


def _member(name: str) -> layout.Member:
    return next(one for one in _members() if one.path == name)


def _places() -> Iterator[tuple[str, str, int]]:
    """Member, place in it, and the offset of that place."""
    for member in _members():
        size, end = member.size, member.end_of_data
        yield member.path, "name", member.offset_of_header
        yield member.path, "header", member.offset_of_header + 260
        if size:
            yield member.path, "first", member.offset_of_data
            yield member.path, "last", end - 1
        if size % layout.BLOCK:
            yield member.path, "padding", (end + layout.padded(end)) // 2


@pytest.mark.parametrize(("name", "place", "offset"), _places())
def test_one_flipped_bit_anywhere_is_found_and_its_part_named(
    tmp_path: Path, name: str, place: str, offset: int
) -> None:
    changed = bytearray(WHOLE)
    changed[offset] ^= 0x10
    parts = _parts_at_fault(_written(tmp_path, bytes(changed)))
    expected = {name}
    if place == "padding":
        following = [*(one.path for one in PIECES), archive.END]
        expected = {following[following.index(name) + 1]}
    elif name == path.MANIFEST and place == "name":
        expected = {str(tmp_path / "bundle")}
    elif name == path.MANIFEST and place in ("first", "last"):
        # The manifest itself, or the sums that vouch for it.
        expected |= {path.SUMS}
    assert parts
    assert parts <= expected


@pytest.mark.parametrize("seed", range(4))
def test_a_truncated_bundle_names_the_member_it_ends_in(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    for cut in (rng.randrange(len(WHOLE)) for _ in range(25)):
        error = _refusal(_written(tmp_path, WHOLE[:cut]))
        inside = [
            m.path for m in _members() if m.offset_of_header < cut < m.end_of_data
        ]
        if inside:
            assert error.part == inside[0]


@pytest.mark.parametrize("block", range(len(WHOLE) // 512))
def test_a_bundle_cut_at_any_block_is_refused(tmp_path: Path, block: int) -> None:
    assert _refusal(_written(tmp_path, WHOLE[: block * 512])).part


@settings(max_examples=200, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=16)),
        max_size=4,
    ),
    cut=st.just(len(WHOLE)) | st.integers(0, len(WHOLE)),
    more=st.binary(max_size=32),
)
def test_random_damage_is_found_or_is_none(
    tmp_path_factory: pytest.TempPathFactory,
    edits: list[tuple[int, bytes]],
    cut: int,
    more: bytes,
) -> None:
    changed = bytearray(WHOLE)
    for offset, data in edits:
        changed[offset : offset + len(data)] = data
    data = bytes(changed[:cut]) + more
    file = _written(tmp_path_factory.mktemp("damage"), data)
    if not _parts_at_fault(file):
        assert data.rstrip(b"\0") == WHOLE.rstrip(b"\0")


@pytest.mark.parametrize("padding", [0, 512, archive._RECORD - 512])
def test_zeros_up_to_a_whole_record_are_padding(tmp_path: Path, padding: int) -> None:
    assert not _parts_at_fault(_written(tmp_path, WHOLE + bytes(padding)))


def test_a_file_that_is_marked_as_left_out_must_not_be_there(tmp_path: Path) -> None:
    pieces = make(leave_out=[MODEL_FILE]).members()
    assert MODEL_FILE not in {piece.path for piece in pieces}
    pieces.insert(_at(MODEL_FILE), PIECES[_at(MODEL_FILE)])
    assert MODEL_FILE in _refusal(_written(tmp_path, join(pieces))).fault


def test_nothing_outside_is_touched(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("alive")
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    past = canary.stat()
    for change, _ in HOSTILE.values():
        file = _written(inside, change(list(PIECES)))
        _refusal(file)
        assert os.listdir(inside) == [file.name]
    assert canary.stat() == past
    assert sorted(os.listdir(tmp_path)) == ["a", "canary"]


def test_a_refused_bundle_leaves_no_open_file(tmp_path: Path) -> None:
    file = _written(tmp_path, WHOLE[:-1])
    past = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        _refusal(file)
    assert len(os.listdir("/proc/self/fd")) == past


@pytest.mark.parametrize("kind", ["absent", "directory", "pipe", "loop"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "bundle"
    match kind:
        case "directory":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case "loop":
            file.symlink_to(file)
    with pytest.raises((UsageError, BundleError)) as caught:
        open_bundle(file, Trust())
    assert str(file) in caught.value.message
    assert caught.value.remedy


def test_opening_takes_no_memory_for_what_the_bundle_claims(tmp_path: Path) -> None:
    """Sixty megabytes of model, of which no byte is read."""
    made = make(model_files={"properties.json": b"", "large": bytes(60 << 20)})
    file = _written(tmp_path, made.archive())
    tracemalloc.start()
    try:
        with open_bundle(file, Trust()):
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_a_small_file_is_read_with_its_sum_checked(tmp_path: Path) -> None:
    changed = bytearray(WHOLE)
    changed[_member("profiles/contoso.yaml").offset_of_data] ^= 1
    with open_bundle(_written(tmp_path, bytes(changed)), Trust()) as bundle:
        assert bundle.read(path.HOWTO) == MADE.files[path.HOWTO]
        with pytest.raises(BundleError, match="its data has another sum"):
            bundle.read("profiles/contoso.yaml")
        with pytest.raises(BundleError, match="is not included"):
            bundle.read("profiles/other.yaml")


def test_a_range_leads_to_the_data_in_the_file(tmp_path: Path) -> None:
    with open_bundle(_written(tmp_path, WHOLE), Trust()) as bundle:
        for name, data in MADE.files.items():
            offset, size = bundle.range(name)
            assert os.pread(bundle.fd, size, offset) == data


def test_a_manifest_for_other_data_is_found_by_its_sums(tmp_path: Path) -> None:
    other = make(model_files=MODEL_FILES | {"am/final.bin": DATA[::-1]})
    data = write(other.manifest, other.data, None, MADE.files)
    assert _parts_at_fault(_written(tmp_path, data)) >= {MODEL_FILE}


def _written(directory: Path, data: bytes) -> Path:
    file = directory / "bundle"
    file.write_bytes(data)
    return file


def _refusal(file: Path) -> BundleError:
    with pytest.raises(BundleError) as caught:
        open_bundle(file, Trust())
    return caught.value


def _parts_at_fault(file: Path) -> set[str]:
    """What opening or verifying names."""
    try:
        with open_bundle(file, Trust()) as bundle:
            return {one.part for one in _damage(bundle)}
    except BundleError as error:
        return {error.part}


def _damage(bundle: archive.Bundle) -> tuple[Damage, ...]:
    reading = verify(bundle, 1)
    while True:
        try:
            next(reading)
        except StopIteration as stop:
            found: tuple[Damage, ...] = stop.value
            return found
