"""Refreshing in one process: what is proposed, and giving up at any moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from csctl import license as licenses
from csctl.container.spec import BindMount
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.lifecycle.apply import propose
from csctl.lifecycle.events import Event, Note, StepStarted, Waiting
from csctl.lifecycle.memory import free_memory
from csctl.lifecycle.refresh import propose_refresh, refresh
from csctl.lifecycle.rollback import rollback
from csctl.profile.load import load
from csctl.profile.model import Profile
from tests.engines import remove_containers
from tests.faults.site import Site
from tests.ports import free_port

# One worker: what all of them look at is made once.
pytestmark = pytest.mark.xdist_group("refresh")


@pytest.fixture(scope="module")
def site(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    run_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A profile that serves, with a license before the one in use."""
    name = f"{run_name}-refresh"
    port = free_port()
    made = Site(name, port, tmp_path_factory.mktemp("refresh"), engine_host)
    made.knob(LOAD_SECONDS="0.2")
    made.apply_well()
    yield made
    remove_containers(engine_host, name)


@pytest.fixture(scope="module")
def engine(engine_host: str) -> Iterator[Engine]:
    with closing(connect(engine_host, None, {})) as found:
        yield found


def _profile(site: Site) -> Profile:
    [profile] = load([site.profile], site.environ)
    return profile


def _starts(action: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, StepStarted) and event.step.action == action


def _says(text: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Note) and text in event.text


def _waits(text: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Waiting) and event.what.startswith(text)


_BEFORE_PROOF = {
    "as the license is fetched": _starts("fetch-license"),
    "while it is fetched": _waits("fetching"),
    "before the proof": _says("a second container proves"),
    "while the second container starts": _waits("waiting for"),
    "while the second container is watched": _waits("watching"),
}
_AFTER_PROOF = {
    "before the replacement": _starts("replace"),
    "as the old one stops": _says("the old one stops"),
}


def _give_up(site: Site, engine: Engine, moment: Callable[[Event], bool]) -> None:
    events = refresh(engine, _profile(site), site.environ)
    for event in events:
        if moment(event):
            events.close()
            return
    raise AssertionError("that moment never came")


@pytest.mark.parametrize("moment", _BEFORE_PROOF.values(), ids=_BEFORE_PROOF)
def test_given_up_before_the_proof_nothing_has_changed(
    site: Site, engine: Engine, moment: Callable[[Event], bool]
) -> None:
    before = site.identity()
    _give_up(site, engine, moment)
    assert site.identity() == before
    site.check_whole()
    assert propose(engine, _profile(site), site.environ).steps == ()


@pytest.mark.parametrize("moment", _AFTER_PROOF.values(), ids=_AFTER_PROOF)
def test_given_up_after_the_proof_the_old_container_serves_until_the_next_apply(
    site: Site, engine: Engine, moment: Callable[[Event], bool]
) -> None:
    before = site.identity()
    _give_up(site, engine, moment)
    assert site.identity() == before
    site.check_whole()
    profile = _profile(site)
    [step] = propose(engine, profile, site.environ).steps
    assert step.action == "replace"
    # Taken back, for the tests that follow.
    newest = next(licenses.stored(profile.license_root))
    licenses.refuse(newest, "left by this test")


def test_a_rollback_that_is_given_up_leaves_no_marks(
    site: Site, engine: Engine
) -> None:
    profile = _profile(site)
    [used] = {m.source for m in _mounts(site, engine) if m.target == "/license"}
    older = used.with_name("20200101T000000Z")
    older.mkdir()
    (older / "license").write_bytes(next(used.iterdir()).read_bytes())
    before = site.identity()
    events = rollback(engine, profile, site.environ)
    for event in events:
        if _says("the old one stops")(event):
            assert licenses.choose(profile.license_root, None, None) is not None
            events.close()
    assert site.identity() == before
    chosen = licenses.choose(profile.license_root, None, None)
    assert chosen is not None
    assert chosen.directory == used


def _mounts(site: Site, engine: Engine) -> tuple[BindMount, ...]:
    found = engine.container(site.name)
    assert found is not None
    return found.mounts


def test_a_proposal_changes_nothing(site: Site, engine: Engine) -> None:
    def files() -> set[Path]:
        return set(site.data.rglob("*"))

    before, identity = files(), site.identity()
    plan = propose_refresh(engine, _profile(site), site.environ)
    assert [step.action for step in plan.steps] == ["fetch-license", "replace"]
    assert plan.problems == ()
    assert (files(), site.identity()) == (before, identity)


def test_free_memory_is_less_than_all_of_it(engine: Engine) -> None:
    assert 0 < free_memory(engine) < engine.host.memory


def test_where_the_kernel_is_another_the_limits_of_containers_count(
    site: Site, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tmp_path / "meminfo"
    monkeypatch.setattr("csctl.lifecycle.memory._MEMINFO", absent)
    assert (
        engine.host.memory - free_memory(engine)
        >= site.inspect()["HostConfig"]["Memory"]
    )
