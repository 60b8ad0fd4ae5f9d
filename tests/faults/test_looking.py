"""Looking costs little and changes nothing: every request to the Engine is counted."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import MakeForeign
from tests.faults.recorder import Recorder, recording
from tests.faults.site import NEWER_IMAGE, OTHER_MODEL, Site


@pytest.fixture
def recorder(engine_host: str) -> Iterator[Recorder]:
    """In front of the shared Engine."""
    # Sockets want a short path.
    with (
        tempfile.TemporaryDirectory(prefix="csctl-", dir="/tmp") as folder,
        recording(engine_host, Path(folder)) as started,
    ):
        yield started


def _nothing(_: Site) -> None: ...


def _port(site: Site) -> None:
    site.document["port"] = f"127.0.0.1:{site.port + 1}"


def _memory(site: Site) -> None:
    site.document["resources"] = {"cpus": 1, "memory": "300m"}


def _set(site: Site) -> None:
    site.document |= {"image": NEWER_IMAGE, "model": {"id": OTHER_MODEL}}


def _mode(site: Site) -> None:
    site.connect()


_CHANGES: dict[str, tuple[Callable[[Site], None], list[str]]] = {
    "nothing": (_nothing, []),
    "port": (_port, ["replace"]),
    "memory": (_memory, ["update"]),
    "image-and-model": (
        _set,
        ["download-model", "fetch-license", "set-ownership", "replace"],
    ),
    "mode": (_mode, ["replace"]),
}


def _actions(site: Site) -> list[str]:
    done = site.run("plan", "--json", str(site.profile))
    assert done.code == (6 if done.json[0]["steps"] else 0), done.err
    return [step["action"] for step in done.json[0]["steps"]]


def test_a_plan_of_nothing_yet_sends_only_get_and_head(
    site: Site, recorder: Recorder
) -> None:
    site.url = recorder.url
    assert _actions(site)[-2:] == ["create", "start"]
    assert recorder.asked
    assert recorder.methods() <= {"GET", "HEAD"}
    assert not site.data.exists(), "a plan makes no directory"


def test_a_plan_of_an_image_that_is_not_there_sends_only_get_and_head(
    site: Site, recorder: Recorder
) -> None:
    site.url = recorder.url
    site.document["image"] = "csctl/rehearsal:9.9.9-amd64"
    assert _actions(site)[0] == "pull-image"
    assert recorder.methods() <= {"GET", "HEAD"}


def test_a_plan_of_any_change_sends_only_get_and_head(
    site: Site, recorder: Recorder
) -> None:
    site.serve()
    site.url = recorder.url
    kept = dict(site.document)
    for what, (change, expected) in _CHANGES.items():
        recorder.forget()
        site.document = dict(kept)
        change(site)
        assert _actions(site) == expected, what
        assert recorder.asked, what
        assert recorder.methods() <= {"GET", "HEAD"}, what


def test_an_apply_is_seen_to_post_by_the_same_recorder(
    site: Site, recorder: Recorder
) -> None:
    site.url = recorder.url
    site.apply_well()
    assert {"GET", "POST", "DELETE"} <= recorder.methods()


def test_every_container_that_an_apply_creates_tells_whose_it_is(
    site: Site, recorder: Recorder
) -> None:
    site.url = recorder.url
    site.document["display"] = {"locale": "en-US", "types": ["punct"]}
    site.apply_well()
    created = [
        json.loads(one.body)["Labels"]
        for one in recorder.asked
        if one.path.startswith("/containers/create")
    ]
    assert len(created) >= 5, "one reads the image's user, three download, one serves"
    assert {labels.get("csctl.profile") for labels in created} == {site.name}
    roles = [labels["csctl.role"] for labels in created]
    assert roles == ["one-shot"] * (len(created) - 1) + ["serve"]


def test_status_lists_once_and_inspects_only_managed_containers(
    site: Site, recorder: Recorder, foreign: MakeForeign, tmp_path: Path
) -> None:
    strangers = [foreign() for _ in range(3)]
    others = [Site(f"{site.name}-{n}", site.port, tmp_path, site.url) for n in range(2)]
    site.apply_well()
    for number, other in enumerate(others, 1):
        other.document |= {
            "data": str(site.data),
            "port": f"127.0.0.{number + 1}:{site.port}",
        }
        other.apply_well()
    managed = [one.identity() for one in (site, *others)]
    site.url = recorder.url
    recorder.forget()
    paths = [str(one.profile) for one in (site, *others)]
    done = site.run("status", "--json", *paths)
    assert done.code == 0, done.err
    assert all(row["ready"] for row in done.json)
    assert len(recorder.paths("/containers/json")) == 1
    inspected = Counter(recorder.paths("/containers/")) - Counter(
        recorder.paths("/containers/json")
    )
    assert len(inspected) == len(managed)
    assert set(inspected.values()) == {1}
    assert not [path for path in inspected for one in strangers if one in path]
    assert recorder.methods() <= {"GET", "HEAD"}
