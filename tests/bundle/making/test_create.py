"""Making bundles of real parts: an Engine, a registry, the stand-in, stock tools."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from csctl import record
from csctl.bundle.archive import open_bundle
from csctl.bundle.signature import Trust
from csctl.registry.client import Registry
from tests.bundle.maker import keys
from tests.bundle.making.near_side import create, members, whole
from tests.cli.shell import IMAGE, MODEL, OTHER_IMAGE, Engine, Shell
from tests.registry.real import DockerRegistry
from tests.registry.server import NO_TRUST

# -- where images come from ----------------------------------------------------------


def test_a_registrys_blobs_are_carried_as_they_are(
    shell: Shell, registry: DockerRegistry, pushed: str
) -> None:
    draft = shell.write(stocked=True, image=f"{pushed}:4.12.0-amd64")
    with whole(create(shell, draft.path)) as bundle:
        [image] = bundle.manifest.images
        with Registry(registry.host, tls=NO_TRUST) as client:
            there = client.manifest("speech/near", "4.12.0-amd64")
        assert image.from_registry
        assert (image.digest, image.config) == (there.digest, there.config)
        assert [(one.digest, one.size) for one in image.layers] == [
            (one.digest, one.size) for one in there.layers
        ]
        assert bundle.manifest.licenses[0].image == image.config
        assert not bundle.manifest.delta


def test_an_image_that_no_registry_has_comes_from_the_engine_with_its_id(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    done = shell.run("bundle", "create", draft.path, "-o", "a.csctl")
    assert f"{IMAGE} is taken out of the Engine, which is slower" in done.err
    with whole(shell.folder / "a.csctl") as bundle:
        [image] = bundle.manifest.images
        assert not image.from_registry
        assert image.config == engine.image_id(IMAGE)
    assert sorted(os.listdir(shell.folder)) == ["a", "a.csctl", "a.yaml"]


def test_an_image_that_changed_in_the_registry_comes_from_the_engine(
    shell: Shell, engine: Engine, registry: DockerRegistry, pushed: str
) -> None:
    registry.push("speech/moved", "4.12.0-amd64")
    reference = pushed.replace("near", "moved") + ":4.12.0-amd64"
    engine.tag(IMAGE, reference)
    try:
        draft = shell.write(stocked=True, image=reference)
        done = shell.run("bundle", "create", draft.path, "-o", "a.csctl")
    finally:
        engine.remove_image(reference)
    assert "another image by that name than the Engine" in done.err
    with whole(shell.folder / "a.csctl") as bundle:
        assert bundle.manifest.images[0].config == engine.image_id(IMAGE)


def test_what_is_missing_is_brought_first_and_nothing_serves(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(display={"locale": "en-US", "types": ["punct"]})
    refused = shell.run("bundle", "create", draft.path, "-o", "a.csctl", code=2)
    assert "add --yes" in refused.err
    assert "download-model" in refused.err
    assert not (shell.folder / "a.csctl").exists()
    value = shell.json("bundle", "create", draft.path, "-o", "a.csctl", "--yes")
    assert [one["id"] for one in value["models"]] == [MODEL]
    assert value["models"][0]["display"] == [
        {"type": "punct", "locale": "en-US", "id": None}
    ]
    assert value["licenses"][0]["expiry_source"] == "declared"
    assert engine.containers(draft) == []


def test_a_host_that_could_not_serve_may_pack(shell: Shell, engine: Engine) -> None:
    draft = shell.write(stocked=True, resources={"cpus": 999, "memory": "9999g"})
    assert shell.run("plan", draft.path, code=None).code == 2
    create(shell, draft.path)
    assert engine.containers(draft) == []


def test_a_key_that_is_missing_is_said_before_anything_is_done(shell: Shell) -> None:
    shell.environ["STAND_IN_KEY"] = ""
    draft = shell.write()
    done = shell.run("bundle", "create", draft.path, "-o", "a.csctl", "--yes", code=2)
    assert "STAND_IN_KEY" in done.err
    assert sorted(os.listdir(shell.folder)) == ["a.yaml"]


# -- what results --------------------------------------------------------------------


def test_the_same_model_license_and_layers_are_carried_once(
    shell: Shell, pushed: str
) -> None:
    one = shell.write("a", stocked=True, image=f"{pushed}:4.12.0-amd64")
    two = shell.write("b", stocked=True, image=f"{pushed}:4.12.0-amd64")
    alone = create(shell, one.path, output="one.csctl")
    both = create(shell, one.path, two.path, output="two.csctl")
    names = members(both)
    assert len(names) == len(set(names)) == len(members(alone)) + 1
    with whole(both) as bundle:
        assert [one.name for one in bundle.manifest.profiles] == [one.name, two.name]
        assert len({one.license for one in bundle.manifest.profiles}) == 1


def test_two_images_and_modes_are_one_bundle(shell: Shell) -> None:
    one = shell.write("a", stocked=True)
    two = shell.write_connected("b", stocked=True, image=OTHER_IMAGE)
    with whole(create(shell, one.path, two.path)) as bundle:
        assert [image.reference for image in bundle.manifest.images] == [
            IMAGE,
            OTHER_IMAGE,
        ]
        by_name = {one.name: one for one in bundle.manifest.profiles}
        assert by_name[one.name].license is not None
        assert by_name[two.name].license is None


def test_the_same_input_gives_the_same_bytes(
    shell: Shell, pushed: str, tmp_path: Path
) -> None:
    private, public = keys(tmp_path)
    draft = shell.write(stocked=True, image=f"{pushed}:4.12.0-amd64")
    sign = ("--sign", tmp_path / "key.pem")
    one = create(shell, draft.path, *sign, output="one.csctl")
    shell.environ["SOURCE_DATE_EPOCH"] = "1777863721"
    shell.run("bundle", "create", draft.path, *sign, "-o", "two.csctl")
    assert one.read_bytes() == (shell.folder / "two.csctl").read_bytes()
    assert private not in one.read_bytes()
    with open_bundle(one, Trust((public,), require=True)) as bundle:
        assert bundle.signed_by is not None
        assert bundle.manifest.created.timestamp() == 1777863721


def test_a_moving_tag_becomes_a_digest_and_comments_stay(
    shell: Shell, registry: DockerRegistry, pushed: str
) -> None:
    draft = shell.write(stocked=True)
    draft.path.write_text(
        "# Before it.\n---\n"
        f"name: {draft.name}\n"
        f"image: {pushed}:newest   # whatever is newest\n"
        "mode: disconnected\n"
        f"model: {{id: {MODEL.upper()}}}\n"
        "# Theirs, too.\n"
        "data: a\n"
        "---\n"
        f"name: {draft.name}-more\n"
        f"image: {pushed}:4.12.0-amd64\n"
        "mode: connected\n"
        "billing: {endpoint: 'https://a.example', api_key: {env: NOT_SET}}\n"
        f"model: {{id: {MODEL}}}\n"
        "data: a   # the same\n"
    )
    with whole(create(shell, draft.path)) as bundle:
        text = bundle.read(f"profiles/{draft.name}.yaml").decode()
        other = bundle.read(f"profiles/{draft.name}-more.yaml").decode()
    with Registry(registry.host, tls=NO_TRUST) as client:
        there = client.digest("speech/near", "4.12.0-amd64")
    assert f"image: {pushed}:4.12.0-amd64@{there}   # whatever is newest\n" in text
    assert text.startswith("# Before it.\n")
    assert "# Theirs, too.\ndata: a\n" in text
    assert "-more" not in text
    assert f"image: {pushed}:4.12.0-amd64\n" in other
    assert "{env: NOT_SET}" in other
    assert other.endswith("data: a   # the same\n")


def test_a_base_model_by_locale_becomes_its_id(shell: Shell, stock: Path) -> None:
    draft = shell.write_connected(stocked=True)
    model = draft.data / "models" / MODEL
    known = record.read(stock / "models" / MODEL)
    assert known is not None
    path = record.path_of(model)
    value = json.loads(path.read_text())
    value["details"]["base_locale"] = "en-US"
    path.write_text(json.dumps(value))
    draft.change(model={"base": {"locale": "en-US"}})
    with whole(create(shell, draft.path)) as bundle:
        carried = json.loads(bundle.read(f"profiles/{draft.name}.yaml"))
        assert carried["model"] == {"id": MODEL}
        assert bundle.manifest.models[0].base_locale == "en-US"


_CANARY = "c4nary/B1rd+of=this&run"


def _forms(value: str) -> Iterator[bytes]:
    raw = value.encode()
    yield from (raw, quote(value, safe="").encode(), raw.hex().encode(), raw[::-1])
    for before in range(3):
        # As base64 it looks different by where it stands.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"." * before + raw)[4:-4]
    yield json.dumps(value)[1:-1].encode()
    yield hashlib.sha256(raw).hexdigest().encode()


def test_no_key_is_in_a_bundle_whatever_its_source(shell: Shell) -> None:
    secret = shell.folder / "secret"
    secret.write_text(_CANARY)
    shell.environ["CANARY"] = _CANARY
    downloads = shell.write(
        environment={
            "ONE": {"env": "CANARY"},
            "TWO": {"file": str(secret)},
            "THREE": {"command": ["cat", str(secret)]},
            "REHEARSAL_ECHO_KEY": "1",
        }
    )
    account = {"endpoint": "https://a.example", "api_key": {"env": "CANARY"}}
    connected = shell.write_connected("b", stocked=True, billing=account)
    done = shell.run(
        *("bundle", "create", downloads.path, connected.path, "-o", "a.csctl", "--yes")
    )
    data = (shell.folder / "a.csctl").read_bytes()
    for form in _forms(_CANARY):
        assert form not in data + done.err.encode() + done.out.encode()
    assert b'"CANARY"' in data, "the sources themselves are carried"


# -- deltas --------------------------------------------------------------------------


def test_a_license_alone_is_a_small_file(shell: Shell, pushed: str) -> None:
    draft = shell.write(stocked=True, image=f"{pushed}:4.12.0-amd64")
    create(shell, draft.path)
    shell.run("license", "pull", draft.path)
    file = create(shell, draft.path, "--since", "a.csctl", output="b.csctl")
    assert file.stat().st_size < 100_000
    with whole(file) as bundle:
        manifest = bundle.manifest
        assert manifest.delta
        [license_] = manifest.licenses
        roles = {one.role for one in manifest.files if not one.included}
        assert roles == {"image", "model"}
        carried = [name for name in bundle.members if license_.path in name]
        assert len(carried) >= 2
        assert manifest.requires.engine_disk == 0


def test_what_an_inventory_lists_is_left_out(shell: Shell, pushed: str) -> None:
    draft = shell.write(stocked=True, image=f"{pushed}:4.12.0-amd64")
    shell.run("bundle", "inventory", draft.path, "-o", "there.json")
    written = json.loads((shell.folder / "there.json").read_text())
    told = json.loads(shell.run("bundle", "inventory", draft.path).out)
    # The whole host is listed, and others are at work on it.
    assert written.keys() == told.keys()
    for name in ("chains", "models", "licenses"):
        assert set(written[name]) & set(told[name])
    file = create(shell, draft.path, "--for", "there.json")
    assert file.stat().st_size < 100_000
    with whole(file) as bundle:
        left = {one.role for one in bundle.manifest.files if not one.included}
        assert left == {"image", "model", "license"}
        assert bundle.manifest.requires.disk < 100_000
