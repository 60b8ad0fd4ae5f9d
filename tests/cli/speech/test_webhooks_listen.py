"""`csctl speech webhooks listen`, called by the stand-in of the service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from csctl.azure.webhook import EVENT
from csctl.cli.main import run
from tests.rest_api import ROOT, RestApi

SECRET = "of-the-hook"
VARIABLE = "HOOK_TEST_SECRET"


@contextmanager
def listening(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command while it runs, and its URL."""
    command = (sys.executable, "-m", "csctl", "speech", "webhooks", "listen")
    with subprocess.Popen(
        [*command, "--secret-env", VARIABLE, "--port", "0", *words],
        cwd=ROOT,
        env={**os.environ, VARIABLE: SECRET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert said.startswith("listening on 127.0.0.1 port "), said
            yield process, f"http://127.0.0.1:{said.split()[-1]}/hook"
        finally:
            process.kill()


def register(api: RestApi, url: str) -> str:
    hook = api.create(
        "/webhooks",
        displayName="a test's",
        webUrl=url,
        events={"ping": True},
        properties={"secret": SECRET},
    )
    return str(hook["links"]["ping"])


def test_events_are_printed_one_a_line(api: RestApi) -> None:
    with listening("--json", "--count", "1") as (process, url):
        ping = register(api, url)
        assert api.call("POST", ping).status_code == 202
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    event = json.loads(out)
    assert event["event"] == "Ping"
    assert event["body"]["self"] in ping
    assert event["body"]["properties"]["secret"] == "***"
    assert err == "the challenge is answered\n"


def test_a_line_for_people_names_event_and_entity(api: RestApi) -> None:
    with listening("--count", "1") as (process, url):
        ping = register(api, url)
        api.call("POST", ping)
        out, _ = process.communicate(timeout=60)
    (line,) = out.splitlines()
    assert line.split()[1:] == ["Ping", ping.removesuffix(":ping")]


def test_what_is_not_signed_is_refused_and_said() -> None:
    with listening() as (process, url):
        assert httpx.post(url, headers={EVENT: "Ping"}, json={}).status_code == 401
        assert process.stderr is not None
        assert process.stderr.readline().startswith("refused with 401: not signed")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--secret-env", "NO_SUCH_VARIABLE"],
        ["--secret-env", "A", "--secret-file", "b"],
        ["--secret-file", "/nonexistent"],
    ],
    ids=["none", "unset", "both", "no-file"],
)
def test_the_secret_must_be_named(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["speech", "webhooks", "listen", *words]) == 2
