"""What the tests of the REST stand-in share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rest_api import RestApi, rest_api


@pytest.fixture(scope="session")
def api() -> Iterator[RestApi]:
    """The stand-in, with jobs that end at once."""
    with rest_api(job_seconds=0) as running:
        yield running


@pytest.fixture(scope="session")
def byos_api() -> Iterator[RestApi]:
    """The stand-in of a resource that brings its own storage."""
    with rest_api(job_seconds=0, byos=1) as running:
        yield running
