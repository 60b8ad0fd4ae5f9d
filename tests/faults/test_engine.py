"""An Engine that is not there, or dies in the middle."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from csctl.engine.connection import connect
from csctl.errors import EngineUnavailable
from tests.engines import PrivateEngine
from tests.faults.registry import serving_image
from tests.faults.site import Site

# One Engine for all of them: it is started once.
pytestmark = pytest.mark.xdist_group("mortal-engine")

_SOON = 60


def _read_until(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    seen = ""
    while text not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line


@pytest.mark.parametrize("verb", ["plan", "apply", "status", "down", "doctor"])
@pytest.mark.parametrize(
    "where", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:9", "rubbish://x"]
)
def test_without_an_engine_every_verb_is_3_and_says_how_to_name_one(
    tmp_path: Path, where: str, verb: str
) -> None:
    site = Site("no-engine", 5000, tmp_path, where)
    words = ["--yes"] if verb in ("apply", "down") else []
    done = site.run(verb, *words, str(site.profile))
    if verb == "doctor":
        assert done.code != 0
        assert "engine" in (done.out + done.err).lower()
        return
    assert done.code == 3, done.err
    assert where in done.err
    assert "DOCKER_HOST" in done.err


def test_too_few_open_files_are_told_as_that(engine_host: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    with closing(connect(engine_host, None, {})) as engine:
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        try:
            with pytest.raises(EngineUnavailable, match="Too many open files") as told:
                engine.containers()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "ulimit -n" in str(told.value.remedy)


def test_an_engine_that_dies_while_pulling_is_3_and_the_next_pull_works(
    mortal_site: Site, mortal: PrivateEngine
) -> None:
    site = mortal_site
    with serving_image(site.name) as registry:
        registry.stall_blobs()
        with site.start("image", "pull", registry.reference) as process:
            registry.wait_for_a_blob()
            mortal.kill()
            _, err = process.communicate(timeout=_SOON)
        assert process.returncode == 3, err
        assert "no Docker Engine answers" in err
        assert registry.reference.rpartition(":")[0] in err
        registry.heal()
        mortal.up()
        done = site.run("image", "pull", registry.reference)
        assert done.code == 0, done.err


def test_an_engine_that_dies_while_waiting_is_3_and_the_next_apply_works(
    mortal_site: Site, mortal: PrivateEngine
) -> None:
    site = mortal_site
    site.fill()
    site.knob(LOAD_SECONDS="60")
    with site.start("apply", "--yes", str(site.profile)) as process:
        _read_until(process, "start done")
        time.sleep(0.3)
        mortal.kill()
        _, err = process.communicate(timeout=_SOON)
    assert process.returncode == 3, err
    assert "no Docker Engine answers" in err
    mortal.up()
    site.knob(LOAD_SECONDS="0")
    site.apply_well()
    site.check_whole()


def test_an_engine_that_dies_while_downloading_is_3_and_the_next_apply_cleans_up(
    mortal_site: Site, mortal: PrivateEngine
) -> None:
    site = mortal_site
    site.knob(LOAD_SECONDS="60")
    with site.start("apply", "--yes", str(site.profile)) as process:
        _read_until(process, f"{site.name}: download-model")
        time.sleep(0.7)
        mortal.kill()
        _, err = process.communicate(timeout=_SOON)
    assert process.returncode == 3, err
    mortal.up()
    site.knob(LOAD_SECONDS="0")
    site.apply_well()
    site.check_whole()


def test_an_engine_that_dies_in_a_replacement_is_3_and_the_next_apply_ends_it(
    mortal_site: Site, mortal: PrivateEngine
) -> None:
    site = mortal_site
    site.serve()
    site.knob(LOAD_SECONDS="60")
    with site.start("apply", "--yes", str(site.profile)) as process:
        _read_until(process, "the old one stops")
        time.sleep(1)
        mortal.kill()
        _, err = process.communicate(timeout=_SOON)
    assert process.returncode == 3, err
    mortal.up()
    site.knob(LOAD_SECONDS="0")
    site.apply_well()
    assert site.plan().code == 0
    site.check_whole()


def test_an_engine_that_dies_while_a_license_is_proven_is_3_and_all_is_as_it_was(
    mortal_site: Site, mortal: PrivateEngine
) -> None:
    """As when the host restarts."""
    site = mortal_site
    site.serve()
    before = site.identity()
    site.knob(LOAD_SECONDS="60")
    with site.start("license", "refresh", "--yes", str(site.profile)) as process:
        _read_until(process, "a second container proves")
        time.sleep(1)
        mortal.kill()
        _, err = process.communicate(timeout=_SOON)
    assert process.returncode == 3, err
    mortal.up()
    site.knob(LOAD_SECONDS="0")
    assert site.identity_among() == before
    done = site.run("license", "refresh", "--yes", str(site.profile))
    assert done.code == 0, done.err
    assert site.plan().code == 0
    site.check_whole()
    assert site.identity() != before


def test_an_engine_that_dies_while_its_log_is_followed_is_3(
    mortal_site: Site, mortal: PrivateEngine
) -> None:
    site = mortal_site
    site.serve()
    with site.start("logs", "-f", site.name) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        mortal.kill()
        _, err = process.communicate(timeout=_SOON)
    assert process.returncode == 3, err
    assert site.name in err
    assert "no Docker Engine answers" in err
