"""Everything about one profile and its container, on a real Engine, only looked at."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import docker
import pytest

from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.errors import ContainerNotFound, NotManaged, UsageError
from csctl.lifecycle.details import Details, details
from csctl.profile.load import load
from csctl.profile.model import Profile
from tests.engines import remove_containers
from tests.faults.recorder import Recorder, recording
from tests.faults.site import IMAGE, MODEL, OTHER_MODEL, Site, remove_foreign
from tests.ports import free_port

# One worker: what all of them look at is made once.
pytestmark = pytest.mark.xdist_group("details")


@pytest.fixture(scope="module")
def site(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    run_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A profile that serves; tests put back what they change."""
    name = f"{run_name}-details"
    port = free_port()
    made = Site(name, port, tmp_path_factory.mktemp("details"), engine_host)
    made.document["display"] = {"locale": "en-US", "types": ["punct"]}
    made.apply_well()
    yield made
    remove_containers(engine_host, name)


@pytest.fixture(scope="module")
def recorder(engine_host: str) -> Iterator[Recorder]:
    """In front of the shared Engine."""
    # Sockets want a short path.
    with (
        tempfile.TemporaryDirectory(prefix="csctl-", dir="/tmp") as folder,
        recording(engine_host, Path(folder)) as started,
    ):
        yield started


@pytest.fixture
def engine(recorder: Recorder) -> Iterator[Engine]:
    """The shared Engine; that it is only looked at is looked at after each test."""
    with closing(connect(recorder.url, None, {})) as found:
        recorder.forget()
        yield found
        assert recorder.asked, "nothing was asked"
        assert recorder.methods() <= {"GET", "HEAD"}


def _profile(site: Site) -> Profile:
    [profile] = load([site.profile], site.environ)
    return profile


def _details(site: Site, engine: Engine) -> Details:
    return details(engine, _profile(site), site.name, site.environ)


def _changed(site: Site, **document: object) -> Site:
    """The same place with a profile of other keys."""
    return Site(
        site.name, site.port, site.folder, site.url, document=site.document | document
    )


def test_a_profile_that_serves_is_told_in_full(site: Site, engine: Engine) -> None:
    found = _details(site, engine)
    assert found.name == site.name
    assert found.status.ready
    assert found.status.drift == ()
    assert found.reason == "there is no such container"
    assert [text.partition(":")[0] for text in found.warnings] == [
        "resources.cpus",
        "resources.memory",
    ]
    parts = (found.fields, found.models, found.licenses, found.mounts, found.usage)
    assert [part.notes for part in parts] == [()] * 5

    fields = {row.field: row for row in found.fields.rows}
    assert fields["image"].profile == fields["image"].live
    assert fields["port"].live == f"127.0.0.1:{site.port}"
    assert {row.drifted_by for row in fields.values()} == {None}

    [model] = found.models.rows
    assert (model.id, model.wanted, model.serves) == (MODEL, True, True)
    assert model.image == IMAGE
    assert [one.type for one in model.displays] == ["punct"]

    [license_] = found.licenses.rows
    assert license_.serves
    assert license_.state.expiry.source == "declared"

    targets = {row.target for row in found.mounts.rows}
    assert targets == {"/usr/local/models", "/license", "/output"}
    assert {row.right for row in found.mounts.rows} == {True}

    months = [row.month for row in found.usage.rows]
    assert len(months) == 12
    assert months[-1] == f"{datetime.now(UTC):%Y-%m}"
    assert list(found.usage.rows[-1].meters) == ["SpeechToText.Custom.ServiceSeconds"]

    [entry] = found.history
    assert entry.outcome == "ready"
    assert [one.action for one in entry.steps][-2:] == ["create", "start"]


def test_no_key_is_in_it(site: Site, engine: Engine) -> None:
    secret = Site(
        site.name, site.port, site.folder, site.url, {"MINE": "s3cret"}, site.document
    )
    written = secret.document["environment"] | {"MINE": {"env": "MINE"}}
    secret.document = secret.document | {"environment": written}
    found = _details(secret, engine)
    [row] = [row for row in found.fields.rows if row.field == "environment.MINE"]
    assert (row.profile or "").startswith("sha256:")
    assert (row.applied, row.drifted_by) == ("none", "profile")
    assert "s3cret" not in str(found)


def test_a_key_that_cannot_be_read_is_unknown(site: Site, engine: Engine) -> None:
    written = site.document["environment"] | {"MINE": {"env": "MINE"}}
    found = _details(_changed(site, environment=written), engine)
    [row] = [row for row in found.fields.rows if row.field == "environment.MINE"]
    assert (row.profile, row.drifted_by) == ("unknown", None)


def test_without_a_profile_the_container_tells(site: Site, engine: Engine) -> None:
    found = details(engine, None, site.name, {})
    assert found.warnings == ()
    assert {row.profile for row in found.fields.rows} == {None}
    assert [(row.wanted, row.serves) for row in found.models.rows] == [(False, True)]
    assert [row.serves for row in found.licenses.rows] == [True]
    assert {row.right for row in found.mounts.rows} == {True}
    assert len(found.usage.rows) == 12
    assert len(found.history) == 1


def test_a_profile_that_changed_shows_both_sides(site: Site, engine: Engine) -> None:
    changed = _changed(site, port=f"127.0.0.1:{site.port + 1}")
    found = _details(changed, engine)
    [row] = [row for row in found.fields.rows if row.drifted_by]
    assert (row.field, row.drifted_by) == ("port", "profile")
    assert row.profile == f"127.0.0.1:{site.port + 1}"
    assert row.applied == row.live == f"127.0.0.1:{site.port}"


def test_a_model_that_is_not_here_is_told_and_the_rest_stays(
    site: Site, engine: Engine
) -> None:
    found = _details(_changed(site, model={"id": OTHER_MODEL}), engine)
    assert [row.serves for row in found.models.rows] == [True]
    assert found.models.notes == (
        f"model {OTHER_MODEL} is not below {site.data / 'models'}",
    )
    [note] = found.fields.notes
    assert "download-model" in note
    whole = {row.field for row in found.fields.rows if row.drifted_by}
    assert whole == {"model", "display", "license"}
    assert len(found.mounts.rows) == 3


def test_a_damaged_record_hides_no_other_part(site: Site, engine: Engine) -> None:
    record = site.data / "models" / f"{MODEL}.csctl.json"
    before = record.read_text()
    record.write_text("{")
    try:
        found = _details(site, engine)
    finally:
        record.write_text(before)
    sentence = f"record {record} is damaged"
    assert (found.models.rows, found.models.notes) == ((), (sentence,))
    assert found.fields.notes == (sentence,)
    assert found.status.problem is not None
    assert found.status.problem.message == sentence
    assert {row.right for row in found.mounts.rows} == {True}
    assert (len(found.licenses.rows), len(found.usage.rows)) == (1, 12)
    assert len(found.history) == 1


def test_an_unreadable_image_user_is_said(site: Site, engine: Engine) -> None:
    users = site.data / ".csctl" / "image-users.json"
    before = users.read_text()
    users.unlink()
    try:
        found = _details(site, engine)
    finally:
        users.write_text(before)
    assert {row.wanted for row in found.mounts.rows} == {None}
    [note] = found.mounts.notes
    assert note.startswith("the number of the image's user is not known")


def test_an_engine_elsewhere_has_its_own_files(site: Site, recorder: Recorder) -> None:
    with closing(
        Engine(docker.APIClient(base_url=recorder.url), "ssh://[::1]")
    ) as engine:
        found = details(engine, _profile(site), site.name, site.environ)
    assert found.status.container is not None
    sentence = "the files lie on the host of ssh://[::1]; look there"
    for part in (found.models, found.licenses, found.mounts):
        assert (part.rows, part.notes) == ((), (sentence,))
    assert found.history == ()
    [row] = [row for row in found.fields.rows if row.field == "port"]
    assert (row.profile, row.live) == (None, f"127.0.0.1:{site.port}")
    [note] = found.usage.notes
    assert note == f"{site.name} does not answer on port {site.port}"


def test_a_profile_without_a_container_is_told_as_well(
    site: Site, engine: Engine, unique_name: str
) -> None:
    absent = _changed(site, name=unique_name)
    absent.name = unique_name
    found = _details(absent, engine)
    assert found.status.container is None
    assert (found.reason, found.history) == (None, ())
    assert [(row.wanted, row.serves) for row in found.models.rows] == [(True, False)]
    assert [row.serves for row in found.licenses.rows] == [False]
    assert {row.right for row in found.mounts.rows} == {True}
    assert found.usage.notes == ("there is no container that could tell",)
    assert {row.live for row in found.fields.rows} == {None}


def test_a_connected_profile_needs_no_license_and_has_no_records(
    site: Site, engine: Engine, unique_name: str
) -> None:
    absent = _changed(site, name=unique_name, mode="connected")
    absent.document.pop("license")
    absent.name = unique_name
    found = _details(absent, engine)
    assert found.licenses.notes == ("a connected container needs no license",)
    [row] = [row for row in found.fields.rows if row.field == "environment.ApiKey"]
    assert (row.profile or "").startswith("sha256:")


def test_a_name_that_nobody_has_is_refused(engine: Engine, unique_name: str) -> None:
    with pytest.raises(ContainerNotFound, match=unique_name):
        details(engine, None, unique_name, {})


def test_a_container_of_somebody_else_is_refused(
    site: Site, engine: Engine, unique_name: str
) -> None:
    foreign, one_shot = f"{unique_name}-foreign", f"{unique_name}-one-shot"
    labels = {"csctl.profile": site.name, "csctl.role": "one-shot"}
    with closing(docker.APIClient(base_url=site.url)) as client:
        client.create_container(IMAGE, ["x"], name=foreign)
        client.create_container(IMAGE, ["x"], name=one_shot, labels=labels)
    try:
        with pytest.raises(NotManaged, match=foreign):
            details(engine, None, foreign, {})
        with pytest.raises(UsageError, match="no container that serves"):
            details(engine, None, one_shot, {})
    finally:
        remove_foreign(site.url, foreign)
        remove_foreign(site.url, one_shot)
