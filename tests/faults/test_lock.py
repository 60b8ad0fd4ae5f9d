"""Two csctl at once on one profile."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGCONT, SIGKILL, SIGSTOP

from tests.faults.interruption import Moment, interrupt
from tests.faults.site import Site


@contextmanager
def _halted(site: Site, process: subprocess.Popen[str]) -> Iterator[None]:
    """While an apply stands still in the middle of its download."""
    assert process.stderr is not None
    while f"{site.name}: download-model" not in process.stderr.readline():
        pass
    process.send_signal(SIGSTOP)
    yield
    process.send_signal(SIGCONT)


def test_of_two_applies_at_once_one_works_and_one_says_who_does(site: Site) -> None:
    with site.start("apply", "--yes", str(site.profile)) as first:
        with _halted(site, first):
            second = site.apply()
            looked = site.plan()
        _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert second.code == 9, second.err
    assert f"another csctl is at work on profile {site.name}: pid {first.pid}" in (
        second.err
    )
    assert "csctl apply" in second.err
    assert looked.code == 6, "a plan does not wait"
    site.check_whole()


def test_json_says_locked(site: Site) -> None:
    with site.start("apply", "--yes", str(site.profile)) as first:
        with _halted(site, first):
            second = site.apply("--json")
        first.communicate(timeout=60)
    assert second.code == 9
    assert second.json[0]["outcome"] == "locked"


def test_a_lock_that_a_killed_process_left_does_not_block(site: Site) -> None:
    interrupt(site, SIGKILL, Moment("download-model", 0.1))
    lock = site.data / ".csctl" / f"{site.name}.lock"
    assert lock.read_text(), "it still names its holder"
    site.apply_well()
    site.check_whole()


def test_two_applies_started_together_end_with_one_container(site: Site) -> None:
    words = ("apply", "--yes", str(site.profile))
    with site.start(*words) as one, site.start(*words) as other:
        errors = [process.communicate(timeout=60)[1] for process in (one, other)]
    codes = sorted((one.returncode, other.returncode))
    assert codes in ([0, 9], [0, 0]), errors
    assert site.plan().code == 0
    site.check_whole()


def test_two_profiles_with_one_model_download_it_once(
    site: Site, free_port: int
) -> None:
    site.knob(LOAD_SECONDS="0.3")
    twin = Site(f"{site.name}-twin", free_port, site.folder, site.url)
    twin.document |= {
        "data": str(site.data),
        "port": f"127.0.0.2:{free_port}",
        "environment": site.document["environment"],
    }
    done = site.run("apply", "--yes", str(site.profile), str(twin.profile))
    assert done.code == 0, done.err
    site.check_whole()
    assert len(list(site.data.glob("models/*.csctl.json"))) == 1
    assert site.run("plan", str(site.profile), str(twin.profile)).code == 0
