"""`kill -9` while a license is refreshed or rolled back: the next run ends well."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT, SIGKILL, Signals

import pytest

from tests.engines import remove_containers
from tests.faults.interruption import STOPS, Moment
from tests.faults.site import Site
from tests.ports import free_port

# One worker: what all of them look at is made once.
pytestmark = pytest.mark.xdist_group("relicense")

_PROOF = "a second container proves"
_KILLS = (
    Moment("fetch-license", 0.2),
    Moment(_PROOF, 0.3),
    Moment("replace", 0.03),
    Moment(STOPS, 0.4),
)


@pytest.fixture(scope="module")
def serving(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    run_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A profile that serves, and goes on from test to test."""
    name = f"{run_name}-relicense"
    port = free_port()
    site = Site(name, port, tmp_path_factory.mktemp("relicense"), engine_host)
    site.knob(LOAD_SECONDS="0.2")
    site.apply_well()
    yield site
    remove_containers(engine_host, name)


def _end(site: Site, verb: str, number: Signals, moment: Moment) -> int:
    """Send a signal some time after the line that begins so."""
    process = site.start("license", verb, "--yes", str(site.profile))
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(f"{site.name}: {moment.step}"):
                break
        else:
            raise AssertionError(f"{moment.step} never came")
        time.sleep(moment.seconds)
        process.send_signal(number)
        process.communicate(timeout=60)
    return process.returncode


def _relicense(site: Site, verb: str) -> None:
    done = site.run("license", verb, "--yes", str(site.profile))
    assert done.code == 0, done.err
    planned = site.plan()
    assert planned.code == 0, planned.err + planned.out
    site.check_whole()


def test_a_refresh_killed_at_one_step_after_another_ends_well_at_last(
    serving: Site,
) -> None:
    before = serving.identity()
    for moment in _KILLS:
        assert _end(serving, "refresh", SIGKILL, moment) == -SIGKILL
        if moment.step in ("fetch-license", _PROOF):
            assert serving.identity_among() == before
            assert serving.answers(), "nothing was taken from the one that serves"
            plan = serving.plan().out
            assert "replace" not in plan, "what was not proven is not chosen"
    _relicense(serving, "refresh")
    assert serving.identity() != before


def test_a_rollback_killed_in_its_replacement_is_finished_by_apply(
    serving: Site,
) -> None:
    used = Path(serving.inspect()["Config"]["Labels"]["csctl.license"])
    older = used.with_name("20200101T000000Z")
    shutil.copytree(used, older)
    shutil.copy(f"{used}.csctl.json", f"{older}.csctl.json")
    assert _end(serving, "rollback", SIGKILL, Moment(STOPS, 0.4)) == -SIGKILL
    serving.apply_well()
    assert serving.plan().code == 0
    serving.check_whole()
    label = serving.inspect()["Config"]["Labels"]["csctl.license"]
    assert Path(label) != used


def test_ctrl_c_in_the_proof_leaves_nothing(serving: Site) -> None:
    before = serving.identity()
    assert _end(serving, "refresh", SIGINT, Moment(_PROOF, 0.3)) == 130
    assert serving.identity() == before
    serving.check_whole()
    assert serving.plan().code == 0
