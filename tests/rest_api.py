"""The stand-in of the Speech to text REST API, run as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
KEY = "rehearsal"
KEY_HEADER = "Ocp-Apim-Subscription-Key"


@dataclass(frozen=True, slots=True)
class RestApi:
    """The stand-in while it runs."""

    url: str
    """Scheme, host and port."""
    client: httpx.Client
    """Sends the valid key; its base is `url`."""

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask for a path below `/speechtotext/v3.1`, or an absolute URL."""
        if path.startswith("/"):
            path = f"/speechtotext/v3.1{path}"
        return self.client.request(method, path, **more)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of an answer of 200."""
        return _json(self.call("GET", path, params=query or None), 200)

    def create(self, path: str, **body: Any) -> Any:
        """The JSON of an answer of 201."""
        return _json(self.call("POST", path, json=body), 201)

    def requests(self) -> list[dict[str, Any]]:
        """What arrived since the last call, the oldest first; keys masked."""
        found: list[dict[str, Any]] = self.client.get("/rehearsal/requests").json()
        self.client.delete("/rehearsal/requests")
        return found

    def befall(self, faults: str) -> None:
        """Let the next requests meet these faults, such as `429 503@storage`."""
        answer = self.client.post("/rehearsal/faults", content=faults)
        assert answer.status_code == 204, answer.text


@contextmanager
def rest_api(**knobs: object) -> Iterator[RestApi]:
    """Run the stand-in; `job_seconds=0` is REHEARSAL_REST_JOB_SECONDS=0."""
    variables = {f"REHEARSAL_REST_{k.upper()}": str(v) for k, v in knobs.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "csctl.rehearsal.rest"],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://"), url
            headers = {KEY_HEADER: KEY}
            with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
                yield RestApi(url, client)
        finally:
            process.kill()


def _json(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()
