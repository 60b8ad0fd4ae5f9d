"""The manifest: one form, strict, and a name for every part at fault."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.bundle import manifest, oci, path
from csctl.bundle.manifest import Manifest, decode, encode
from csctl.errors import BundleError
from tests.bundle.maker import CREATED, MODEL_DIRECTORY, Edit, altered, make

MADE = make()
DATA = MADE.data
LICENSE = MADE.manifest.licenses[0].path
IMAGE = MADE.manifest.images[0]
LAYER = oci.blob_path(IMAGE.layers[0].digest)
OTHER = "sha256:" + "0" * 64
NAMES = st.from_regex(r"[A-Za-z0-9_@+-][A-Za-z0-9._@+-]{0,30}", fullmatch=True)


def put(*keys: str | int, value: Any) -> Edit:
    """Set what lies at a path of keys."""

    def edit(document: dict[str, Any]) -> None:
        found: Any = document
        for key in keys[:-1]:
            found = found[key]
        found[keys[-1]] = value

    return edit


def drop(*keys: str | int) -> Edit:
    """Remove it."""

    def edit(document: dict[str, Any]) -> None:
        found: Any = document
        for key in keys[:-1]:
            found = found[key]
        del found[keys[-1]]

    return edit


def file(name: str, **changes: Any) -> Edit:
    """Change the entry of a file."""

    def edit(document: dict[str, Any]) -> None:
        [one] = [one for one in document["files"] if one["path"] == name]
        one |= changes
        document["files"].sort(key=lambda one: one["path"])

    return edit


def no_file(name: str) -> Edit:
    """Forget a file."""

    def edit(document: dict[str, Any]) -> None:
        document["files"] = [one for one in document["files"] if one["path"] != name]

    return edit


def more(name: str, role: str = "model", **changes: Any) -> Edit:
    """List one more file."""

    def edit(document: dict[str, Any]) -> None:
        entry = {"path": name, "size": 1, "sha256": "0" * 64, "role": role}
        document["files"].append(entry | {"included": True} | changes)
        document["files"].sort(key=lambda one: one["path"])

    return edit


def twice(key: str) -> Edit:
    """Repeat the first of several parts."""

    def edit(document: dict[str, Any]) -> None:
        document[key].append(document[key][0])

    return edit


HOSTILE: Mapping[str, tuple[Edit, str]] = {
    "unknown key": (put("evil", value=1), path.MANIFEST),
    "unknown key with an escape": (put("\x1b[2J\x07", value=1), path.MANIFEST),
    "unknown key of a file": (put("files", 0, "mode", value=0o4755), path.MANIFEST),
    "missing key": (drop("created"), path.MANIFEST),
    "another format": (put("format", value="zarf"), path.MANIFEST),
    "a later version": (put("version", value=2), path.MANIFEST),
    "a version that is true": (put("version", value=True), path.MANIFEST),
    "secrets": (put("secrets", value="some"), path.MANIFEST),
    "a date without a zone": (
        put("created", value="2026-05-04T03:02:01"),
        path.MANIFEST,
    ),
    "a date of another zone": (
        put("created", value="2026-05-04T03:02:01+02:00"),
        path.MANIFEST,
    ),
    "a fraction of a second": (
        put("created", value="2026-05-04T03:02:01.5Z"),
        path.MANIFEST,
    ),
    "before all tars": (put("created", value="1969-05-04T03:02:01Z"), path.MANIFEST),
    "behind all tars": (put("created", value="2242-05-04T03:02:01Z"), path.MANIFEST),
    "a maker with an escape": (put("made_by", value="\x1b]52;c;\x07"), path.MANIFEST),
    "a size below zero": (put("files", 0, "size", value=-1), path.MANIFEST),
    "a size beyond all disks": (put("files", 0, "size", value=1 << 62), path.MANIFEST),
    "a size of 2^70": (put("files", 0, "size", value=1 << 70), path.MANIFEST),
    "a broken fraction": (put("files", 0, "size", value=1.5), path.MANIFEST),
    "a sum in capitals": (put("files", 0, "sha256", value="A" * 64), path.MANIFEST),
    "a sum with a line feed": (
        put("files", 0, "sha256", value="0" * 64 + "\n"),
        path.MANIFEST,
    ),
    "a role of its own": (put("files", 0, "role", value="device"), path.MANIFEST),
    "delta that is none": (put("delta", value=True), path.MANIFEST),
    "no howto": (no_file(path.HOWTO), path.HOWTO),
    "parent": (more("models/../../etc/cron.d/x"), "models/../../etc/cron.d/x"),
    "absolute": (more("/etc/cron.d/x"), "/etc/cron.d/x"),
    "two slashes": (more(f"{MODEL_DIRECTORY}//x"), f"{MODEL_DIRECTORY}//x"),
    "an escape in a name": (more("models/\x1b[2J"), r"models/\x1b[2J"),
    "a zero in a name": (more("models/a\x00b"), r"models/a\x00b"),
    "nine levels": (
        more("models/2/3/4/5/6/7/8/9"),
        "models/2/3/4/5/6/7/8/9",
    ),
    "too long a name": (more(f"models/{'x' * 120}"), f"models/{'x' * 120}"),
    "another case": (
        more(f"{MODEL_DIRECTORY}/EMPTY"),
        f"{MODEL_DIRECTORY}/empty",
    ),
    "below a file": (
        more(f"{MODEL_DIRECTORY}/empty/x"),
        f"{MODEL_DIRECTORY}/empty/x",
    ),
    "twice": (more(f"{MODEL_DIRECTORY}/empty"), f"{MODEL_DIRECTORY}/empty"),
    "role of another directory": (file(LAYER, role="model"), LAYER),
    "model of nobody": (more("models/other/x"), "models/other/x"),
    "license of nobody": (more("licenses/x/y", "license"), "licenses/x/y"),
    "profile of nobody": (more("profiles/x.yaml", "profile"), "profiles/x.yaml"),
    "blob of nobody": (
        more(f"image/blobs/sha256/{'0' * 64}", "image"),
        f"image/blobs/sha256/{'0' * 64}",
    ),
    "image file of nobody": (more("image/x", "image"), "image/x"),
    "blob by another name": (file(LAYER, sha256="1" * 64), LAYER),
    "layer of another size": (file(LAYER, size=1), LAYER),
    "a layer less": (no_file(LAYER), LAYER),
    "a configuration of gigabytes": (
        file(oci.blob_path(IMAGE.config), size=1 << 33),
        oci.blob_path(IMAGE.config),
    ),
    "a record of gigabytes": (
        file(f"{MODEL_DIRECTORY}.csctl.json", size=1 << 33),
        f"{MODEL_DIRECTORY}.csctl.json",
    ),
    "no index": (no_file(oci.INDEX), oci.INDEX),
    "an image twice": (twice("images"), path.MANIFEST),
    "a model twice": (twice("models"), path.MANIFEST),
    "a license twice": (twice("licenses"), path.MANIFEST),
    "a profile twice": (twice("profiles"), path.MANIFEST),
    "no reference": (put("images", 0, "reference", value="A B"), path.MANIFEST),
    "a media type of an index": (
        put("images", 0, "media_type", value="application/vnd.oci.image.index.v1+json"),
        path.MANIFEST,
    ),
    "no record": (
        no_file(f"{MODEL_DIRECTORY}.csctl.json"),
        f"{MODEL_DIRECTORY}.csctl.json",
    ),
    "a model elsewhere": (put("models", 0, "path", value="models/x"), "models/x"),
    "a license at the top": (put("licenses", 0, "path", value="licenses"), "licenses"),
    "a license of another image": (put("licenses", 0, "image", value=OTHER), LICENSE),
    "a license of another model": (put("licenses", 0, "model", value="x"), LICENSE),
    "an end from nowhere": (
        put("licenses", 0, "expiry_source", value="unknown"),
        LICENSE,
    ),
    "a profile elsewhere": (
        put("profiles", 0, "path", value="profiles/x.yaml"),
        "profiles/x.yaml",
    ),
    "a profile of another image": (
        put("profiles", 0, "image", value=OTHER),
        "profiles/contoso.yaml",
    ),
    "a profile of another model": (
        put("profiles", 0, "model", value="x"),
        "profiles/contoso.yaml",
    ),
    "a profile of another license": (
        put("profiles", 0, "license", value="licenses/x"),
        "profiles/contoso.yaml",
    ),
    "a profile without file": (
        no_file("profiles/contoso.yaml"),
        "profiles/contoso.yaml",
    ),
}


@pytest.mark.parametrize(("edit", "part"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_manifest_is_refused_and_the_part_named(
    edit: Edit, part: str
) -> None:
    with pytest.raises(BundleError) as caught:
        decode(altered(MADE, edit))
    assert caught.value.part == part
    assert caught.value.message.isprintable()
    assert caught.value.remedy


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        DATA[:-2],
        DATA[: len(DATA) // 2],
        DATA.replace(b"\n", b"\r\n"),
        DATA.rstrip(b"\n"),
        DATA + b"\n",
        b"\xef\xbb\xbf" + DATA,
        DATA.replace(b' "delta": false', b' "delta": true,\n "delta": false'),
        DATA.replace(b"contoso", b"\\u0063ontoso"),
        DATA.replace(b'"made_by": "csctl', b'"made_by": "\xff'),
        DATA.replace(b'"path": "HOWTO', b'"path": "\\ud800HOWTO'),
        json.dumps(json.loads(DATA)).encode(),
        b" " * (manifest.LIMIT + 1),
    ],
    ids=lambda data: f"{data[:12]!r}-{len(data)}",
)
def test_what_is_not_the_one_form_of_a_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError) as caught:
        decode(data)
    assert caught.value.part == path.MANIFEST


def test_a_later_version_says_what_reads_it() -> None:
    with pytest.raises(BundleError, match="version 2 of the format") as caught:
        decode(altered(MADE, put("version", value=2)))
    assert caught.value.remedy is not None
    assert "newer" in caught.value.remedy


def test_a_manifest_comes_back_as_it_was() -> None:
    assert decode(encode(MADE.manifest)) == MADE.manifest


@pytest.mark.parametrize("name", ["a b", "ü", "a:b", "x" * 101, "\udcff"], ids=ascii)
def test_a_file_that_cannot_be_carried_is_named_when_the_bundle_is_made(
    name: str,
) -> None:
    with pytest.raises(BundleError) as caught:
        encode(make(model_files={"properties.json": b"", name: b""}).manifest)
    assert caught.value.part == path.plain(f"{MODEL_DIRECTORY}/{name}")
    assert "another name" in (caught.value.remedy or "")


def test_too_many_files_for_one_manifest_are_refused_when_it_is_made() -> None:
    files = {f"file-{number:06}": b"" for number in range(20_000)}
    with pytest.raises(BundleError, match="are the most"):
        encode(make(model_files=files).manifest)


def test_a_moment_of_another_zone_is_refused_when_the_bundle_is_made() -> None:
    east = CREATED.astimezone(timezone(timedelta(hours=2)))
    changed = msgspec.structs.replace(MADE.manifest, created=east)
    with pytest.raises(BundleError, match="UTC"):
        encode(changed)


@settings(max_examples=40)
@given(
    files=st.dictionaries(
        st.lists(NAMES, min_size=1, max_size=4).map("/".join),
        st.binary(max_size=20),
        min_size=1,
        max_size=8,
    ),
    created=st.datetimes(
        min_value=datetime(1970, 1, 1), max_value=datetime(2241, 12, 31)
    ),
    left_out=st.integers(0, 8),
)
def test_any_model_goes_through_a_manifest_and_back(
    files: dict[str, bytes], created: datetime, left_out: int
) -> None:
    made = make(
        model_files=files,
        created=created.replace(microsecond=0, tzinfo=CREATED.tzinfo),
        leave_out=[f"{MODEL_DIRECTORY}/{name}" for name in sorted(files)[:left_out]],
    )
    clashes = list(path.clashes(file.path for file in made.manifest.files))
    if clashes:
        with pytest.raises(BundleError, match=re.escape(clashes[0][0])):
            encode(made.manifest)
    else:
        assert decode(encode(made.manifest)) == made.manifest


@settings(max_examples=300)
@given(data=st.data())
def test_a_damaged_manifest_is_refused_or_says_what_it_says(
    data: st.DataObject,
) -> None:
    changed = bytearray(DATA)
    for at in data.draw(st.lists(st.integers(0, len(DATA) - 1), max_size=3)):
        changed[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.just(len(changed)) | st.integers(0, len(changed)))
    _refused_or_equal(bytes(changed[:cut]))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        decode(data)


def _refused_or_equal(data: bytes) -> None:
    try:
        found: Manifest = decode(data)
    except BundleError:
        return
    assert encode(found) == data
