"""Loading a bundle's image into Engines that may not have it."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import docker
import msgspec
import pytest

from csctl.bundle import oci
from csctl.errors import BundleError, CsctlError, EngineUnavailable, UsageError
from csctl.lifecycle.events import Event, Transfer
from csctl.rehearsal.dockerd import State
from tests.bundle import freight as freights
from tests.bundle.far_side import names
from tests.bundle.freight import Packed, config_with, layer, packed
from tests.bundle.island import empty, images
from tests.bundle.landing import Landing, outcomes, some_freight
from tests.bundle.maker import digest
from tests.engines import PrivateEngine
from tests.faults.podman import running_podman
from tests.faults.site import IMAGE, ROOT
from tests.releases import INSTALLED, NEWER, Unpack

# One Engine for all of them: it is started once.
pytestmark = pytest.mark.xdist_group("bundle-image")

BASE, MORE = layer("base", b"one" * 999), layer("more", b"two")


@pytest.fixture(
    scope="module",
    params=[
        INSTALLED,
        *(pytest.param(kind, marks=pytest.mark.large) for kind in NEWER),
    ],
    ids=str,
)
def engine(request: pytest.FixtureRequest, unpacked: Unpack) -> Iterator[PrivateEngine]:
    # Sockets want a short path.
    state = State(Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp")))
    made = PrivateEngine(state, request.param.environ(unpacked))
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture
def here(engine: PrivateEngine, unique_name: str, tmp_path: Path) -> Landing:
    """A host whose Engine has no image."""
    empty(engine.url)
    return Landing(engine.url, tmp_path, some_freight(unique_name, small()))


def small(*contents: bytes, stamp: int = 0) -> Packed:
    """An image that is quickly loaded."""
    layers = contents or (BASE,)
    return packed(IMAGE, config_with(*layers), layers, stamp=stamp)


def _id(here: Landing, one: Packed) -> str:
    """What the Engine calls an image."""
    with here.engine() as engine:
        return one.image.digest if engine.host.by_manifest else one.image.config


def _blob(one: Packed, number: int) -> str:
    return oci.blob_path(one.image.layers[number].digest)


def test_an_image_comes_with_its_id_and_its_own_name_only(here: Landing) -> None:
    done = here.load()
    assert outcomes(done)["image"] == "loaded"
    [row] = images(here.url)
    assert row["Id"] == _id(here, here.freight.packed)
    assert names([row]) == {IMAGE}
    assert outcomes(here.load())["image"] == "there already"


def test_the_stand_in_comes_as_it_is_built(
    here: Landing, rehearsal_archive: Path
) -> None:
    standin = freights.standin(rehearsal_archive)
    here.load(here.changed(packed=standin))
    assert [row["Id"] for row in images(here.url)] == [_id(here, standin)]


def test_an_image_by_digest_gets_a_tag(here: Landing) -> None:
    by = here.freight.packed.image.digest
    reference = f"csctl/rehearsal@{by}"
    image = msgspec.structs.replace(here.freight.packed.image, reference=reference)
    by_digest = dataclasses.replace(here.freight.packed, image=image)
    text = here.freight.text.replace(IMAGE, reference)
    here.load(here.changed(packed=by_digest, text=text))
    name = f"csctl/rehearsal:sha256-{by[7:19]}"
    assert names(images(here.url)) == {name}
    with here.engine() as engine:
        own = reference if engine.host.by_manifest else name
    assert f"image: {own}\n" in here.profile.read_text()


def test_a_tag_that_was_taken_away_comes_back(here: Landing) -> None:
    here.load()
    with closing(docker.APIClient(base_url=here.url)) as client:
        client.tag(IMAGE, "other/name", "1")
        client.remove_image(IMAGE)
    assert outcomes(here.load())["image"] == "loaded"
    assert names(images(here.url)) == {IMAGE, "other/name:1"}


def test_new_layers_come_upon_those_that_the_engine_has(here: Landing) -> None:
    here.load()
    larger = small(BASE, MORE)
    done = here.load(here.changed(packed=larger), lambda name: name == _blob(larger, 0))
    assert outcomes(done)["image"] == "loaded"
    assert here.notes == []
    [found] = [row["Id"] for row in images(here.url) if IMAGE in names([row])]
    assert found == _id(here, larger)


def test_new_layers_come_upon_those_of_an_image_that_was_loaded_by_hand(
    here: Landing,
) -> None:
    """The Engine knows their contents only, and asks for them when it pulls."""
    stamp = os.getpid()
    older = small(BASE)
    _load_by_hand(here, older)
    larger = here.changed(packed=small(BASE, MORE, stamp=stamp))
    lacking = _blob(larger.packed, 0)
    with here.engine() as engine:
        by_manifest = engine.host.by_manifest
    if by_manifest:
        # It would run, and neither be listed nor saved.
        with pytest.raises(CsctlError, match=re.escape(f"image {IMAGE}")):
            here.load(larger, lambda name: name == lacking)
        assert [row["Id"] for row in images(here.url)] == [_id(here, older)]
    else:
        done = here.load(larger, lambda name: name == lacking)
        assert outcomes(done)["image"] == "loaded"
        assert any("is loaded instead" in note for note in here.notes)
    here.load(larger, force=True)
    assert IMAGE in names(images(here.url))
    assert set(outcomes(here.load(larger)).values()) == {"there already"}


def _load_by_hand(here: Landing, one: Packed) -> None:
    """What HOWTO.txt says."""
    made = here.changed(packed=one).make()
    file, folder = here.folder / "by-hand.tar", here.folder / "by-hand"
    file.write_bytes(made.archive())
    folder.mkdir()
    subprocess.run(["tar", "-xf", file, "-C", folder], check=True)
    with subprocess.Popen(
        ["tar", "-C", folder / "image", "-cf", "-", "."], stdout=subprocess.PIPE
    ) as tar:
        subprocess.run(
            ["docker", "-H", here.url, "load"],
            stdin=tar.stdout,
            check=True,
            capture_output=True,
        )


def test_layers_that_are_nowhere_are_told_and_nothing_comes(here: Landing) -> None:
    here.load()
    # The same layer, but with another one below it.
    strange = small(MORE, BASE)
    with pytest.raises(BundleError) as caught:
        here.load(here.changed(packed=strange), lambda name: name == _blob(strange, 1))
    assert strange.image.layers[1].digest in caught.value.fault
    assert strange.image.layers[0].digest not in caught.value.fault
    assert [row["Id"] for row in images(here.url)] == [_id(here, here.freight.packed)]


def test_a_layer_that_unpacks_to_something_else_leaves_no_image(
    here: Landing,
) -> None:
    """Its sum fits: only who unpacks it can tell."""
    lie = packed(IMAGE, config_with(BASE), [MORE])
    [told] = lie.image.layers
    config = msgspec.structs.replace(told, diff_id=digest(BASE))
    image = msgspec.structs.replace(lie.image, layers=(config,))
    with pytest.raises(CsctlError, match=IMAGE):
        here.load(here.changed(packed=dataclasses.replace(lie, image=image)))
    assert images(here.url) == []
    assert not here.profile.exists()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing")
def test_a_medium_that_fails_while_the_engine_pulls_is_named(here: Landing) -> None:
    """It was verified well, and is read once more."""
    file = here.folder / "a.bundle"
    file.write_bytes(here.freight.make().archive())
    done = subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", os.devnull),
            *("-e", "inject=sendfile:error=EIO:when=1+"),
            *(sys.executable, "-m", "csctl", "-H", here.url, "bundle", "load"),
            *(str(file), "--target", str(here.folder / "far")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 8, done.stderr
    assert re.search(r"image/blobs/sha256/\w+: cannot be read at byte \d+", done.stderr)
    assert "another medium" in done.stderr
    assert images(here.url) == []
    here.load()


def test_space_for_the_engine_is_asked_for_before(here: Landing) -> None:
    huge = here.changed(engine_disk=1 << 43)
    with pytest.raises(CsctlError, match="TiB are needed") as caught:
        here.load(huge)
    assert "csctl prune" in str(caught.value.remedy)
    assert images(here.url) == []
    here.load()
    here.load(huge)  # Nothing of it is needed any more.


def test_what_a_killed_run_left_in_the_engine_goes(here: Landing) -> None:
    here.load()
    with closing(docker.APIClient(base_url=here.url)) as client:
        client.tag(IMAGE, f"csctl.invalid/{'a' * 32}", "pid-4194304")
        client.tag(IMAGE, f"csctl.invalid/{'b' * 32}", f"pid-{os.getpid()}")
        client.tag(IMAGE, f"127.0.0.1:1/csctl-{'c' * 32}/image", "left")
        client.tag(IMAGE, "127.0.0.1:1/somebody/image", "1")
    here.load()
    at_work = f"csctl.invalid/{'b' * 32}:pid-{os.getpid()}"
    assert names(images(here.url)) == {IMAGE, at_work, "127.0.0.1:1/somebody/image:1"}


def test_into_an_engine_of_another_host_only_images_are_loaded(
    here: Landing, engine: PrivateEngine
) -> None:
    with _elsewhere(engine) as url:
        done = Landing(url, here.folder, here.freight).load()
    assert outcomes(done) == {
        "image": "loaded",
        "model": "refused",
        "license": "refused",
    }
    assert all(isinstance(error, UsageError) for error in done.errors)
    assert names(images(here.url)) == {IMAGE}
    assert not here.profile.parent.exists()


@contextmanager
def _elsewhere(engine: PrivateEngine) -> Iterator[str]:
    """The Engine at an address that is not this host's loopback."""
    with closing(docker.APIClient(base_url=engine.url)) as client:
        [settings] = client.inspect_network("bridge")["IPAM"]["Config"]
    with socket.create_server((settings["Gateway"], 0)) as listener:
        accepting = threading.Thread(target=_accept, args=(listener, engine))
        accepting.start()
        try:
            yield f"tcp://{settings['Gateway']}:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(listener: socket.socket, engine: PrivateEngine) -> None:
    while True:
        try:
            one, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_join, args=(one, engine), daemon=True).start()


def _join(one: socket.socket, engine: PrivateEngine) -> None:
    with one, socket.socket(socket.AF_UNIX) as other:
        other.connect(engine.url.removeprefix("unix://"))
        back = threading.Thread(target=_pump, args=(other, one))
        back.start()
        _pump(one, other)
        back.join()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while block := one.recv(1 << 16):
            other.sendall(block)
        other.shutdown(socket.SHUT_WR)


# The SDK leaves the socket of an Engine that is gone to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_dies_meanwhile_is_said_and_the_next_run_goes_on(
    here: Landing, engine: PrivateEngine
) -> None:
    large = layer("large", os.urandom(24 << 20))
    heavy = here.changed(packed=small(BASE, large))

    def kill(event: Event) -> None:
        if isinstance(event, Transfer) and event.what.startswith("loading image"):
            engine.kill()
            here.watch = None

    here.watch = kill
    try:
        with pytest.raises(EngineUnavailable):
            here.load(heavy)
    finally:
        engine.up()
    # A busy machine may let it take all of it first; its name comes after that.
    assert IMAGE not in names(images(here.url))
    assert outcomes(here.load(heavy))["image"] == "loaded"
    assert names(images(here.url)) == {IMAGE}


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a disk")
def test_an_engine_whose_disk_fills_up_says_so_and_the_next_run_goes_on(
    unique_name: str, tmp_path: Path
) -> None:
    disk = Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "none", disk], check=True)
    filler = disk / "filler"
    heavy = small(BASE, layer("large", os.urandom(24 << 20)))
    engine = PrivateEngine(State(disk / "engine"))
    there = Landing(engine.url, tmp_path, some_freight(unique_name, heavy))

    def fill(event: Event) -> None:
        if isinstance(event, Transfer) and event.what.startswith("loading image"):
            with suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(bytes(1 << 20)):
                    pass
            there.watch = None

    there.watch = fill
    try:
        engine.up()
        with pytest.raises(CsctlError, match="no space left"):
            there.load()
        assert images(there.url) == []
        assert not there.profile.exists()
        filler.unlink()
        assert outcomes(there.load())["image"] == "loaded"
    finally:
        engine.down()
        subprocess.run(["umount", disk], check=True)
        disk.rmdir()


@pytest.mark.skipif(shutil.which("podman") is None, reason="podman is missing")
def test_podman_takes_an_image_and_a_delta(unique_name: str, tmp_path: Path) -> None:
    with running_podman() as url:
        here = Landing(url, tmp_path, some_freight(unique_name, small()))
        done = here.load()
        assert outcomes(done) == dict.fromkeys(outcomes(done), "loaded")
        with here.engine() as engine:
            found = engine.image(IMAGE)
        assert found is not None
        assert found.id == here.freight.packed.image.config
        assert not any("csctl.invalid" in name for name in names(images(url)))
        assert set(outcomes(here.load()).values()) == {"there already"}
