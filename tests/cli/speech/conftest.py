"""`csctl speech` as a user types it, on the stand-in of the REST API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from csctl.cli.main import run
from tests.rest_api import KEY, RestApi, rest_api

KEY_VARIABLE = "SPEECH_TEST_KEY"


@dataclass(frozen=True, slots=True)
class Run:
    """How csctl ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)


Speech = Callable[..., Run]


@pytest.fixture(scope="module")
def api() -> Iterator[RestApi]:
    """The stand-in, with jobs that end at once and pauses of a second at most."""
    with rest_api(job_seconds=0) as running:
        yield running


@pytest.fixture(scope="module")
def byos_api() -> Iterator[RestApi]:
    """The stand-in of a resource that brings its own storage."""
    with rest_api(job_seconds=0, byos=1) as running:
        yield running


@pytest.fixture
def csctl(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Speech:
    """Runs csctl in an empty folder, with the valid key in its environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.delenv("CSCTL_CONFIG", raising=False)

    def call(*argv: object) -> Run:
        capsysbinary.readouterr()
        code = run([str(word) for word in argv])
        out, err = capsysbinary.readouterr()
        return Run(code, out.decode(), err.decode())

    return call


@pytest.fixture
def speech(csctl: Speech, api: RestApi) -> Speech:
    """Runs `csctl speech` with the stand-in as its resource."""
    api.requests()
    return lambda *argv: csctl("speech", *named(api), *argv)


@pytest.fixture
def byos_speech(csctl: Speech, byos_api: RestApi) -> Speech:
    """Runs `csctl speech --byos` with the stand-in that brings its own storage."""
    byos_api.requests()
    return lambda *argv: csctl("speech", *named(byos_api), "--byos", *argv)


def named(api: RestApi) -> tuple[str, ...]:
    """The options that name a stand-in."""
    return "--endpoint", api.url, "--api-key-env", KEY_VARIABLE
