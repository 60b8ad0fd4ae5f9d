"""Ended by Ctrl-C, SIGTERM or a closed terminal, csctl cleans up after itself."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM, Signals

import pytest

from tests.faults.interruption import STOPS, Moment, interrupt
from tests.faults.recorder import recording
from tests.faults.site import IMAGE, NEWER_IMAGE, Site

_CODES = {SIGINT: 130, SIGTERM: 143, SIGHUP: 143}
_WORDS = dict.fromkeys(_CODES, "csctl: terminated") | {SIGINT: "csctl: interrupted"}
_PREPARING = (
    Moment("download-model", 0.3),
    Moment("download-display", 0.15),
    Moment("fetch-license", 0.15),
)
_FRESH = (*_PREPARING, Moment("set-ownership"), Moment("create"), Moment("start", 0.1))
_CHANGED = (
    *_PREPARING,
    Moment("set-ownership"),
    Moment("replace"),
    Moment(STOPS),
    Moment(STOPS, 0.5),
)


@pytest.fixture
def stoppable(site: Site) -> Site:
    """A profile whose every step takes a moment."""
    site.document["display"] = {"locale": "en-US", "types": ["punct"]}
    site.knob(LOAD_SECONDS="0.7", MODEL_BYTES="400000")
    return site


def _stop(site: Site, number: Signals, moment: Moment) -> None:
    done = interrupt(site, number, moment)
    assert done.code == _CODES[number], done.err
    assert _WORDS[number] in done.err
    assert site.leftovers() == [], moment
    roles = [row["Labels"]["csctl.role"] for row in site.containers()]
    assert "one-shot" not in roles, moment


@pytest.mark.parametrize("number", _CODES, ids=lambda number: number.name)
def test_a_fresh_apply_stopped_at_any_step_leaves_nothing_half_made(
    stoppable: Site, number: Signals
) -> None:
    for moment in _FRESH:
        _stop(stoppable, number, moment)
    stoppable.knob(LOAD_SECONDS="0")
    stoppable.apply_well()
    stoppable.check_whole()


@pytest.mark.parametrize("number", _CODES, ids=lambda number: number.name)
def test_a_replacement_stopped_at_any_step_leaves_the_old_container_serving(
    stoppable: Site, number: Signals
) -> None:
    stoppable.apply_well()
    before = stoppable.identity()
    for moment in _CHANGED:
        image = stoppable.document["image"]
        stoppable.document |= {
            "image": NEWER_IMAGE if image == IMAGE else IMAGE,
            "model": {"id": str(uuid.uuid4())},
        }
        os.chown(stoppable.data / "output", 0, 0)
        _stop(stoppable, number, moment)
        assert stoppable.identity() == before, moment
        stoppable.wait_until_it_answers()
    stoppable.knob(LOAD_SECONDS="0")
    stoppable.apply_well()
    stoppable.check_whole()


@pytest.mark.parametrize("number", _CODES, ids=lambda number: number.name)
def test_a_container_that_the_engine_is_about_to_make_does_not_stay(
    stoppable: Site, engine_host: str, number: Signals
) -> None:
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as short,
        recording(engine_host, Path(short)) as recorder,
    ):
        stoppable.url = recorder.url
        with stoppable.start("apply", "--yes", str(stoppable.profile)) as process:
            while not recorder.paths("/containers/create"):
                assert process.poll() is None, process.communicate()
                time.sleep(0.001)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        assert process.returncode == _CODES[number], err
        stoppable.url = engine_host
    assert stoppable.containers() == []
