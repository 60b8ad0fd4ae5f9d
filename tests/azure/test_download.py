"""Names of files at the service as names of files here."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.azure.client import Speech
from csctl.azure.download import Wanted, fetch, missing, of_files, of_manifest, safe
from csctl.errors import AzureError, DownloadError, UsageError
from tests.registry.server import Reply, Server


def _value(name: str, number: int = 1, size: int | None = 3) -> dict[str, object]:
    return {
        "self": f"https://x/files/{number:08d}-1111-2222-3333-444444444444",
        "name": name,
        "links": {"contentUrl": f"https://x/{number}?sig=s"},
        "properties": {"size": size},
    }


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.wav.json", "a.wav.json"),
        ("0_UNI/adaptedPrepAM/model.fe", "0_UNI/adaptedPrepAM/model.fe"),
        (r"folder\a.wav", "folder/a.wav"),
        ("what?.json", "what_.json"),
        ("bell\a.json", "bell_.json"),
        ("C:x", "C_x"),
        (".hidden", ".hidden"),
        ("ä" * 150, "ä" * 100),
    ],
)
def test_a_name_becomes_a_path(name: str, path: str) -> None:
    assert str(safe(name)) == path


@pytest.mark.parametrize(
    "name",
    ["", "..", ".", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", r"..\x", "a/./b"],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(AzureError, match="would not lie in the folder"):
        safe(name)


@given(st.text(min_size=1))
def test_no_name_ever_leads_out_of_the_folder(name: str) -> None:
    folder = Path("/srv/here")
    try:
        path = folder / safe(name)
    except AzureError:
        return
    assert path.is_relative_to(folder)
    assert ".." not in path.parts
    assert path != folder
    assert str(path).isprintable()


def test_files_of_the_same_name_stay_apart(tmp_path: Path) -> None:
    wanted = of_files([_value("a", 1), _value("a", 2), _value("b", 3)], tmp_path)

    assert [one.path.name for one in wanted] == ["a", "00000002-a", "b"]


def test_a_manifest_tells_files_without_sizes(tmp_path: Path) -> None:
    manifest = {"modelFiles": [{"name": "g/a.lms", "contentUrl": "https://x/a"}]}

    assert of_manifest(manifest, tmp_path) == [
        Wanted(path=tmp_path / "g" / "a.lms", url="https://x/a", size=None)
    ]


def test_a_part_belongs_to_one_file_whatever_its_signature(tmp_path: Path) -> None:
    one, other, third = (
        Wanted(path=tmp_path / "a", url=url, size=size).part
        for url, size in (
            ("https://x/1?s=1", 3),
            ("https://x/1?s=2", 3),
            ("https://x/1", 4),
        )
    )
    assert one == other != third
    assert one.parent == tmp_path


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(200, b"ab"), "2 bytes came of the 3 that the service tells"),
        (Reply(200, b"abcd"), "4 bytes came of the 3"),
        (Reply(200, b"abc", {"Content-MD5": "AAAA"}), "has not the sum"),
        (Reply(404), "the storage refuses"),
        (Reply(403, b"<Error><Code>AuthFailed</Code></Error>"), "403 AuthFailed"),
    ],
    ids=["shorter", "longer", "other", "gone", "signature over"],
)
@pytest.mark.parametrize("begun", [False, True])
def test_what_is_not_what_was_told_leaves_nothing(
    reply: Reply, told: str, begun: bool, server: Server, speech: Speech, tmp_path: Path
) -> None:
    server.on("/blob", reply)
    wanted = Wanted(path=tmp_path / "a", url=f"{server.url}/blob?sig=s3cret", size=3)
    if begun:
        wanted.part.write_bytes(b"x")

    with pytest.raises((DownloadError, AzureError), match=told) as caught:
        list(fetch(speech.blobs, wanted))

    assert "s3cret" not in str(caught.value)
    assert not wanted.path.exists()
    if isinstance(caught.value, DownloadError):
        assert list(tmp_path.iterdir()) == []


def test_a_file_from_plain_http_elsewhere_is_refused(
    speech: Speech, tmp_path: Path
) -> None:
    wanted = Wanted(path=tmp_path / "a", url="http://x.example/blob?sig=a", size=3)

    with pytest.raises(
        AzureError, match=r"at http://x\.example/blob, which is no https"
    ):
        list(fetch(speech.blobs, wanted))


def test_another_file_in_its_place_stops_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("abc")
    (tmp_path / "b").write_text("something else")
    wanted = of_files([_value("a", 1), _value("b", 2), _value("c", 3)], tmp_path)

    with pytest.raises(UsageError, match="b: another file stands there"):
        missing(wanted, overwrite=False)
    assert [one.path.name for one in missing(wanted, overwrite=True)] == ["a", "b", "c"]
    (tmp_path / "b").write_text("xyz")
    assert [one.path.name for one in missing(wanted, overwrite=False)] == ["c"]


def test_a_link_is_never_written_through(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UsageError, match="another file stands there"):
        missing(of_files([_value("a")], tmp_path), overwrite=False)
