"""`csctl image`, and images that move, against Debian's own registry."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cli.shell import IMAGE, OTHER_IMAGE, Engine, Shell
from tests.ports import free_port
from tests.registry.real import DockerRegistry, docker_registry

_OLD_PREVIEWS = ("2.0.0-amd64-preview", "2.1.1-amd64-preview", "2.2.0-amd64-preview")
_RELEASES = (
    *("2.5.0-amd64", "2.9.0-amd64", "2.10.0-amd64", "2.18.0-amd64"),
    *("3.0.0-amd64", "3.1.0-amd64", "3.6.0-amd64", "3.12.0-amd64"),
    *(f"4.{minor}.0-amd64" for minor in range(13)),
)
_PREVIEWS = ("5.0.0-preview-amd64", "5.0.1-preview-amd64")
_LOCALES = ("5.0.3-preview-amd64-en-gb", "5.4.0-amd64-en-us")
_ODD = ("nightly", "v1")
_SPEECH = "speech/custom-speech-to-text"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A registry with the stand-in in it, as `repository`."""

    host: str
    repository: str

    def reference(self, tag: str) -> str:
        return f"{self.host}/{self.repository}:{tag}"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    with docker_registry(tmp_path_factory.mktemp("registry")) as started:
        yield started


@pytest.fixture(scope="module")
def tagged(registry: DockerRegistry) -> DockerRegistry:
    """The registry with the tags of all eras; `latest` is the newest release."""
    newest = _RELEASES[-1]
    for tag in (*_OLD_PREVIEWS, *_RELEASES, *_PREVIEWS, *_LOCALES, *_ODD):
        registry.push(_SPEECH, tag, layers=(tag.encode(),))
    registry.push(_SPEECH, "latest", layers=(newest.encode(),))
    return registry


@pytest.fixture
def shelf(registry: DockerRegistry, engine: Engine, shell: Shell) -> Iterator[Shelf]:
    """The stand-in as 4.12.0, `latest` and a newer preview, in the registry only."""
    made = Shelf(registry.host, shell.prefix.rstrip("-"))
    for tag, image in {
        "4.12.0-amd64": IMAGE,
        "latest": IMAGE,
        "5.0.1-preview-amd64": OTHER_IMAGE,
    }.items():
        _push(engine, image, made.reference(tag))
    yield made
    engine.remove_images(f"{made.host}/{made.repository}")


def _push(engine: Engine, image: str, reference: str) -> None:
    engine.tag(image, reference)
    engine.push(reference)
    engine.remove_image(reference)


def _tags(shell: Shell, registry: DockerRegistry, *words: str) -> list[dict[str, Any]]:
    where = ("--registry", f"http://{registry.host}", "--repository", _SPEECH)
    rows: list[dict[str, Any]] = shell.json("image", "tags", *where, *words)
    return rows


def test_tags_are_listed_by_version_and_none_is_dropped(
    shell: Shell, tagged: DockerRegistry
) -> None:
    rows = _tags(shell, tagged)
    fields = {"tag", "version", "platform", "prerelease", "released", "latest"}
    assert all(set(row) == fields for row in rows)
    tags = [row["tag"] for row in rows]
    released = list(reversed(_RELEASES))
    assert tags[:2] == ["5.4.0-amd64-en-us", "5.0.3-preview-amd64-en-gb"]
    assert tags[2:4] == list(reversed(_PREVIEWS))
    assert tags[4 : 4 + len(released)] == released
    assert tags[4 + len(released) : -3] == list(reversed(_OLD_PREVIEWS))
    assert set(tags[-3:]) == {"latest", *_ODD}


def test_tags_say_what_latest_is(shell: Shell, tagged: DockerRegistry) -> None:
    rows = {row["tag"]: row for row in _tags(shell, tagged)}
    equal = {tag for tag, row in rows.items() if row["latest"]}
    assert equal == {"latest", "4.12.0-amd64"}
    assert rows["latest"]["version"] is None
    assert rows["nightly"] == {
        "tag": "nightly",
        "version": None,
        "platform": None,
        "prerelease": None,
        "released": False,
        "latest": False,
    }
    for tag in ("5.0.1-preview-amd64", "2.2.0-amd64-preview"):
        row = rows[tag]
        assert (row["platform"], row["prerelease"]) == ("amd64", "preview"), tag
        assert not row["released"]


def test_tags_can_be_fewer(shell: Shell, tagged: DockerRegistry) -> None:
    rows = _tags(shell, tagged, "--released", "--limit", "3")
    assert len(rows) == 3
    assert all(row["released"] for row in rows)
    where = ("--registry", f"http://{tagged.host}", "--repository", _SPEECH)
    table = shell.run("image", "tags", *where, "--released").out.splitlines()
    assert table[0].split() == ["TAG", "VERSION", "PLATFORM", "RELEASE"]
    [latest] = [line for line in table if line.endswith("latest")]
    assert latest.split()[0] == "4.12.0-amd64"


@pytest.mark.parametrize(
    ("registry_url", "repository"),
    [
        pytest.param("", "no/such/repository", id="repository missing"),
        pytest.param("http://127.0.0.1:1", _SPEECH, id="registry not there"),
    ],
)
def test_a_listing_that_the_registry_does_not_give_is_4(
    shell: Shell, tagged: DockerRegistry, registry_url: str, repository: str
) -> None:
    url = registry_url or f"http://{tagged.host}"
    where = ("--registry", url, "--repository", repository)
    done = shell.run("image", "tags", *where, code=4)
    assert done.err.startswith("csctl: ")
    assert url.removeprefix("http://") in done.err or repository in done.err


def test_an_image_is_pulled_by_its_reference(
    shell: Shell, engine: Engine, shelf: Shelf
) -> None:
    reference = shelf.reference("4.12.0-amd64")
    row = shell.json("image", "pull", reference)
    assert set(row) == {"reference", "id", "digest"}
    assert row["reference"] == reference
    assert row["id"] == engine.image_id(reference) == engine.image_id(IMAGE)
    assert row["digest"].startswith("sha256:")
    by_digest = f"{shelf.host}/{shelf.repository}@{row['digest']}"
    assert shell.json("image", "pull", by_digest)["id"] == row["id"]


def test_newest_is_the_highest_release_and_latest_what_the_registry_says(
    shell: Shell, engine: Engine, shelf: Shelf
) -> None:
    for word in ("newest", "latest"):
        row = shell.json("image", "pull", shelf.reference(word))
        assert row["reference"] == shelf.reference("4.12.0-amd64"), word
    assert engine.image_id(shelf.reference("5.0.1-preview-amd64")) is None


def test_the_images_of_several_profiles_are_pulled(
    shell: Shell, engine: Engine, shelf: Shelf
) -> None:
    one = shell.write("one", image=shelf.reference("4.12.0-amd64"))
    two = shell.write("two", image=shelf.reference("5.0.1-preview-amd64"))
    rows = shell.json("image", "pull", one.path, two.path)
    ids = [engine.image_id(draft.document["image"]) for draft in (one, two)]
    assert [row["id"] for row in rows] == ids


def test_a_reference_that_is_none_is_2_and_an_absent_tag_is_4(
    shell: Shell, shelf: Shelf
) -> None:
    assert "UPPER" in shell.run("image", "pull", "UPPER/case", code=2).err
    missing = shelf.reference("9.9.9-amd64")
    done = shell.run("image", "pull", missing, code=4)
    assert "9.9.9-amd64" in done.err


def test_newest_in_a_profile_is_shown_resolved_and_follows_the_registry(
    shell: Shell, engine: Engine, shelf: Shelf
) -> None:
    draft = shell.write_connected(stocked=True, image=shelf.reference("newest"))
    done = shell.run("plan", "--json", draft.path, code=6)
    first = shelf.reference("4.12.0-amd64")
    pull = done.json[0]["steps"][0]
    assert (pull["action"], pull["target"]) == ("pull-image", first)
    assert f"{shelf.reference('newest')} is {first}" in done.err
    shell.apply(draft)
    assert engine.inspect(draft.name)["Config"]["Image"] == first

    newer = shelf.reference("4.13.0-amd64")
    _push(engine, OTHER_IMAGE, newer)
    assert shell.actions(draft) == ["pull-image", "set-ownership", "replace"]
    shell.apply(draft)
    assert engine.inspect(draft.name)["Config"]["Image"] == newer
    [row] = shell.json("status", draft.path)
    assert (row["image"], row["drift"]) == (newer, [])


def test_a_tag_that_moved_replaces_the_container(
    shell: Shell, engine: Engine, shelf: Shelf
) -> None:
    reference = shelf.reference("4.12.0-amd64")
    draft = shell.write_connected(stocked=True, image=reference)
    shell.apply(draft)
    _move(engine, OTHER_IMAGE, reference)
    assert shell.actions(draft) == [], "an exact tag is not asked for again"
    pulled = shell.json("image", "pull", draft.path)
    assert pulled["id"] == engine.image_id(OTHER_IMAGE)
    done = shell.run("plan", draft.path, code=6)
    assert f"replace {draft.name}: the image differs" in done.out
    shell.apply(draft)
    assert engine.inspect(draft.name)["Image"] == engine.image_id(OTHER_IMAGE)
    assert shell.actions(draft) == []


def _move(engine: Engine, image: str, reference: str) -> None:
    """Let a tag mean another image in the registry, not in the Engine."""
    before = engine.image_id(reference)
    assert before is not None
    engine.tag(image, reference)
    engine.push(reference)
    engine.tag(before, reference)


def test_a_tag_that_moved_on_the_host_needs_another_license_too(
    shell: Shell, engine: Engine
) -> None:
    reference = f"csctl/{shell.prefix}moved:4.12.0-amd64"
    engine.tag(IMAGE, reference)
    try:
        draft = shell.write(stocked=True, image=reference)
        shell.apply(draft)
        engine.tag(OTHER_IMAGE, reference)
        assert [one for one in shell.actions(draft) if one != "set-ownership"] == [
            "fetch-license",
            "replace",
        ]
        shell.apply(draft)
        assert engine.inspect(draft.name)["Image"] == engine.image_id(OTHER_IMAGE)
        assert len(list((draft.data / "license").glob("2*Z"))) == 2, (
            "the old set is kept for going back"
        )
    finally:
        engine.remove(draft.name)
        engine.remove_image(reference)


def test_without_a_registry_newest_is_the_newest_of_the_host(
    shell: Shell, engine: Engine
) -> None:
    host = f"127.0.0.1:{free_port()}"
    reference = f"{host}/{shell.prefix}away:4.12.0-amd64"
    engine.tag(IMAGE, reference)
    try:
        asked = reference.replace("4.12.0-amd64", "newest")
        draft = shell.write(stocked=True, image=asked)
        done = shell.run("plan", draft.path, code=6)
        assert f"{asked} is taken as {reference}, the newest here" in done.err
        assert "pull-image" not in done.out
        draft.change(image=f"{host}/nobody/has:newest")
        shell.run("plan", draft.path, code=4)
    finally:
        engine.remove_image(reference)


def test_verbs_pull_a_missing_image_first_and_say_so(
    shell: Shell, engine: Engine, shelf: Shelf
) -> None:
    reference = shelf.reference("4.12.0-amd64")
    draft = shell.write(image=reference, model={"base": {"locale": "de-DE"}})
    done = shell.run("model", "list", draft.path)
    assert f"the Engine does not have {reference}; pulling it first" in done.err
    assert engine.image_id(reference) is not None
