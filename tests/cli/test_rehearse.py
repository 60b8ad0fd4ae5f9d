"""`csctl rehearse --rest`; the image is built by most other tests."""

from __future__ import annotations

import signal
import subprocess
import sys

import httpx
import pytest

from csctl.cli.main import run
from tests.ports import free_port
from tests.rest_api import ROOT


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_the_rest_api_is_served_until_it_is_ended(
    number: signal.Signals, code: int
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "csctl", "rehearse", "--rest", "--port", str(port)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url == f"http://127.0.0.1:{port}"
            answer = httpx.get(f"{url}/speechtotext/v3.1/models")
            assert answer.status_code == 401
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == code
    assert "--api-key-env" in err
    assert "Traceback" not in err


def test_a_port_without_the_rest_api_means_nothing() -> None:
    assert run(["rehearse", "--port", "5080"]) == 2
