from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import docker
import pytest

from csctl.errors import UsageError
from csctl.rehearsal import image
from csctl.rehearsal.runtime import Entry
from tests.rehearsal.stand_in import StandIn


def test_the_same_host_gives_the_same_bytes(
    rehearsal_archive: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.tar"
    image.build(again)
    assert again.read_bytes() == rehearsal_archive.read_bytes()


def test_the_archive_is_below_50_megabytes(rehearsal_archive: Path) -> None:
    assert 1 << 20 < rehearsal_archive.stat().st_size < 50 << 20


def test_a_stream_that_cannot_seek_takes_the_archive(rehearsal_archive: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

        tell = seek

    pipe = Pipe()
    image.build(pipe)
    assert pipe.getvalue() == rehearsal_archive.read_bytes()


def test_the_references_are_those_in_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    references = image.build(path)
    with tarfile.open(path) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        manifest = json.load(member)
    assert references == tuple(entry["RepoTags"][0] for entry in manifest)
    assert [reference.partition(":")[2] for reference in references] == [
        "3.0.0-amd64",
        "4.12.0-amd64",
        "5.0.1-preview-amd64",
    ]


def test_the_three_images_share_one_layer(docker_client: docker.DockerClient) -> None:
    images = [
        docker_client.images.get(f"{image.REPOSITORY}:{tag}") for tag in image.TAGS
    ]
    layers = {tuple(found.attrs["RootFS"]["Layers"]) for found in images}
    assert len(layers) == 1
    assert len({found.id for found in images}) == 3


def test_the_image_says_how_it_wants_to_be_run(
    docker_client: docker.DockerClient, rehearsal_image: str
) -> None:
    found = docker_client.images.get(rehearsal_image).attrs
    assert found["Architecture"] == "amd64"
    assert found["Config"]["User"] == "nonroot"
    assert found["Config"]["ExposedPorts"] == {"5000/tcp": {}}


def test_nonroot_is_65532_and_owns_the_mount_points(stand_in: StandIn) -> None:
    container = stand_in.start().container
    owners = {}
    for path in ("/license", "/output", "/usr/local/models"):
        chunks, _ = container.get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            first = tar.next()
            assert first is not None
            owners[path] = (first.uid, first.gid, first.mode & 0o777)
    assert set(owners.values()) == {(65532, 65532, 0o755)}
    chunks, _ = container.get_archive("/etc/passwd")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        passwd = tar.extractfile("passwd")
        assert passwd is not None
        lines = passwd.read().decode().splitlines()
    assert [line.split(":")[:4] for line in lines] == [
        ["root", "x", "0", "0"],
        ["nonroot", "x", "65532", "65532"],
    ]


def test_the_image_has_a_chown_that_works(stand_in: StandIn, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = stand_in.run(
        *("-hR", "4711:4712", "/data"),
        mounts={"/data": tmp_path},
        entrypoint=["chown"],
        user="0:0",
    )
    assert (ended.code, ended.log) == (0, "")
    status = (tmp_path / "file").stat()
    assert (status.st_uid, status.st_gid) == (4711, 4712)


@pytest.mark.parametrize(
    ("system", "machine"),
    [("linux", "aarch64"), ("darwin", "x86_64")],
    ids=["another-machine", "another-system"],
)
def test_another_host_is_refused_by_name(
    system: str, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(UsageError, match=f"{system} on {machine}") as caught:
        image.build(io.BytesIO())
    assert caught.value.remedy


def test_another_layer_brings_what_is_new_and_leaves_the_first_as_it_was(
    rehearsal_archive: Path, tmp_path: Path
) -> None:
    def collect(scratch: Path) -> tuple[Entry, ...]:
        made = scratch / "made"
        made.write_bytes(b"new")
        return (Entry("app/hear/made", made), Entry("etc/passwd", b"another"))

    path = tmp_path / "image.tar"
    image.build(path, collect)
    (first,) = layers(rehearsal_archive)
    base, more = layers(path)
    assert base == first
    with tarfile.open(fileobj=io.BytesIO(more)) as tar:
        files = {member.name: member for member in tar if member.isfile()}
        assert list(files) == ["app/hear/made"]
        member = tar.extractfile("app/hear/made")
        assert member is not None
        assert member.read() == b"new"
    with tarfile.open(path) as tar:
        (config, *_) = (name for name in tar.getnames() if name.endswith(".json"))
        content = tar.extractfile(config)
        assert content is not None
        assert json.load(content)["rootfs"]["diff_ids"] == [
            f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in (base, more)
        ]


def layers(archive: Path) -> list[bytes]:
    """The layers of an archive, in their order."""
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        found = []
        for name in json.load(manifest)[0]["Layers"]:
            layer = tar.extractfile(name)
            assert layer is not None
            found.append(layer.read())
    return found
