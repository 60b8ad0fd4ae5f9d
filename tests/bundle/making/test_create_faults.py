"""Bundles that cannot be made: registries that fail, changed files, wrong usage."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from csctl import record
from csctl.bundle import create as making
from csctl.bundle import oci
from csctl.engine.connection import connect
from csctl.errors import BundleError, RegistryUnavailable
from csctl.http import retry
from csctl.profile.load import load
from tests.bundle.maker import digest
from tests.bundle.making.near_side import whole
from tests.cli.shell import MODEL, Draft, Engine, Shell
from tests.faults.registry import ImageRegistry, serving_image
from tests.registry.server import Reply


@pytest.fixture
def small() -> Iterator[ImageRegistry]:
    with serving_image("speech/small") as started:
        yield started


@pytest.fixture
def ready(
    shell: Shell, engine: Engine, small: ImageRegistry, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Draft]:
    """A profile on a small image that the Engine has pulled."""
    monkeypatch.setattr(retry, "pause", lambda *_: 0.0)
    monkeypatch.setenv("STAND_IN_KEY", "rehearsal")
    draft = shell.write_connected(stocked=True, image=small.reference)
    shell.run("image", "pull", draft.path)
    yield draft
    engine.remove_image(small.reference)


def _create(shell: Shell, draft: Draft, patience: float = 60.0) -> None:
    engine = connect(shell.url, None, {})
    order = making.Order(output=shell.folder / "a.csctl", patience=patience)
    for _ in making.create(engine, load([draft.path], os.environ), os.environ, order):
        pass


def test_a_registry_that_breaks_off_leaves_what_the_next_run_goes_on_from(
    shell: Shell, small: ImageRegistry, ready: Draft
) -> None:
    file = shell.folder / "a.csctl"
    layer, half = small.layer, len(small.layer) // 2
    broken = Reply(
        200, layer[: half + 1], {"Content-Length": str(len(layer))}, cut=True
    )
    small.on_layer(broken)
    with pytest.raises(RegistryUnavailable, match="breaks the connection off"):
        _create(shell, ready)
    assert not file.exists()
    assert (shell.folder / "a.csctl.part").exists()

    before = len(small.server.asked)
    last = len(layer) - 1
    content_range = {"Content-Range": f"bytes {half}-{last}/{len(layer)}"}
    small.on_layer(Reply(206, layer[half:], content_range))
    _create(shell, ready)
    asked = [one for one in small.server.asked[before:] if digest(layer) in one.path]
    assert [one.headers["Range"] for one in asked] == [f"bytes={half}-"]
    with whole(file) as bundle:
        assert bundle.manifest.images[0].from_registry
    assert not [name for name in os.listdir(shell.folder) if "part" in name]


def test_a_registry_that_sends_nothing_is_given_up(
    shell: Shell, small: ImageRegistry, ready: Draft
) -> None:
    small.on_layer(Reply(200, small.layer, delay=2.0))
    with pytest.raises(RegistryUnavailable, match="does not answer in time"):
        _create(shell, ready, patience=0.2)
    assert not (shell.folder / "a.csctl").exists()
    small.on_layer(Reply(200, small.layer))
    _create(shell, ready)
    whole(shell.folder / "a.csctl").close()


def test_a_registry_that_lies_about_a_layer_is_named(
    shell: Shell, small: ImageRegistry, ready: Draft
) -> None:
    small.on_layer(Reply(200, bytes(len(small.layer))))
    with pytest.raises(BundleError, match="other content than its sum") as caught:
        _create(shell, ready)
    assert caught.value.part == oci.blob_path(digest(small.layer))
    assert small.server.host in caught.value.fault
    assert not (shell.folder / "a.csctl").exists()


def test_a_model_that_was_changed_after_its_download_is_named(
    shell: Shell, pushed: str
) -> None:
    draft = shell.write(stocked=True, image=f"{pushed}:4.12.0-amd64")
    properties = draft.model / "properties.json"
    properties.write_bytes(properties.read_bytes()[::-1])
    done = shell.run("bundle", "create", draft.path, "-o", "a.csctl", code=8)
    assert f"models/{MODEL}/properties.json: {properties} gives other" in done.err
    assert not (shell.folder / "a.csctl").exists()


@pytest.mark.parametrize("part", ["models", "license"])
def test_what_csctl_did_not_bring_is_not_vouched_for(shell: Shell, part: str) -> None:
    draft = shell.write(stocked=True)
    for path in (draft.data / part).glob(f"*{record.SUFFIX}"):
        path.unlink()
    done = shell.run("bundle", "create", draft.path, "-o", "a.csctl", code=2)
    assert "by csctl: whether it" in done.err
    assert "move it away" in done.err


def test_a_bundle_that_is_there_is_written_anew_only_when_asked(
    shell: Shell, pushed: str
) -> None:
    draft = shell.write(stocked=True, image=f"{pushed}:4.12.0-amd64")
    file = shell.folder / "a.csctl"
    file.write_bytes(b"mine")
    shell.run("bundle", "create", draft.path, "-o", "a.csctl", code=2)
    assert file.read_bytes() == b"mine"
    shell.run("bundle", "create", draft.path, "-o", "a.csctl", "--yes")
    whole(file).close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("-o", "none/a.csctl"), "cannot be written", id="no directory"),
        pytest.param(("-o", "."), "cannot be written", id="a directory"),
        pytest.param(("--sign", "none.pem"), "cannot be read", id="no key"),
        pytest.param(("--sign", "a.yaml"), "no Ed25519 private key", id="another key"),
        pytest.param(("--for", "a.yaml"), "is no inventory", id="no inventory"),
        pytest.param(("--created", "today"), "is no time", id="no time"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_done(
    shell: Shell, words: tuple[str, ...], said: str
) -> None:
    draft = shell.write()
    done = shell.run(
        "bundle", "create", draft.path, "-o", "a.csctl", *words, "--yes", code=2
    )
    assert said in done.err
    assert sorted(os.listdir(shell.folder)) == ["a.yaml"]
