"""Usage by month: what a container reports, and why it reports nothing."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import docker
import pytest

from csctl.container.observed import Container
from csctl.container.spec import PublishedPort
from csctl.engine.engine import Engine
from csctl.lifecycle.usage import Month, last_months, meters, usage_of
from tests.plan.situation import CONNECTED, DISCONNECTED, profile, settled

NOW = datetime(2026, 2, 3, tzinfo=UTC)
MONTHS = (
    *("2025-03", "2025-04", "2025-05", "2025-06", "2025-07", "2025-08"),
    *("2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02"),
)


@pytest.fixture
def engine() -> Engine:
    url = "unix:///nonexistent"
    # Nothing is asked of it.
    return Engine(docker.APIClient(base_url=url, version="1.41"), url)


def _serving(mode: Any, port: int, **changes: Any) -> Container:
    seen = settled(profile(mode)).serving
    assert seen is not None
    published = PublishedPort(address="127.0.0.1", number=port, inside=5000)
    return dataclasses.replace(seen, port=published, **changes)


@contextmanager
def _reporting(answers: dict[str, str]) -> Iterator[int]:
    """A container's port that answers for some months; the rest is 404."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number, _, year = self.path.removeprefix("/records/usage-logs/").partition(
                "/"
            )
            answer = answers.get(f"{year}-{number}")
            self.send_response(404 if answer is None else 200)
            self.end_headers()
            self.wfile.write((answer or "").encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def _report(**quantities: float) -> str:
    rows = [{"name": name, "quantity": one} for name, one in quantities.items()]
    return json.dumps({"apiType": "noop", "serviceName": "noop", "meters": rows})


@pytest.mark.parametrize(
    ("now", "count", "months"),
    [
        (NOW, 12, MONTHS),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), 2, ("2026-11", "2026-12")),
        (datetime(2026, 1, 1, tzinfo=UTC), 1, ("2026-01",)),
    ],
    ids=["over-new-year", "december", "one"],
)
def test_months_end_with_the_one_of_now(
    now: datetime, count: int, months: tuple[str, ...]
) -> None:
    assert last_months(now, count) == months


RECORDS: dict[str, tuple[Any, dict[str, float]]] = {
    "as documented": (
        {"apiType": "noop", "meters": [{"name": "Sample.Meter", "quantity": 253}]},
        {"Sample.Meter": 253},
    ),
    "no use": ({"meters": []}, {}),
    "a meter twice": (
        {"meters": [{"name": "a", "quantity": 1}, {"name": "a", "quantity": 0.5}]},
        {"a": 1.5},
    ),
    "placeholders": ({"meters": [{"name": "string", "quantity": "string"}]}, {}),
    "no meters": ({"apiType": "noop"}, {}),
    "null": ({"meters": None}, {}),
    "a list": ([1], {}),
    "a meter that is none": ({"meters": [1, {"name": "a"}, {"quantity": 1}]}, {}),
}


@pytest.mark.parametrize(("records", "found"), RECORDS.values(), ids=RECORDS)
def test_meters_are_taken_from_whatever_is_reported(
    records: Any, found: dict[str, float]
) -> None:
    assert meters(records) == found


def test_twelve_months_are_told_the_oldest_first(engine: Engine) -> None:
    answers = {month: _report(seconds=float(month[-2:])) for month in MONTHS}
    with _reporting(answers) as port:
        part = usage_of(engine, _serving(DISCONNECTED, port), NOW)
    assert part.notes == ()
    assert part.rows == tuple(
        Month(month=month, meters={"seconds": float(month[-2:])}) for month in MONTHS
    )


def test_a_month_that_is_not_told_is_a_sentence_beside_the_others(
    engine: Engine,
) -> None:
    with _reporting({"2026-01": _report(a=1), "2026-02": _report()}) as port:
        part = usage_of(engine, _serving(DISCONNECTED, port), NOW)
    assert [row.month for row in part.rows] == ["2026-01", "2026-02"]
    assert len(part.notes) == 10
    assert "/records/usage-logs/03/2025 with HTTP 404" in part.notes[0]


def test_a_container_that_tells_nothing_gets_one_sentence(
    engine: Engine, free_port: int
) -> None:
    part = usage_of(engine, _serving(DISCONNECTED, free_port), NOW)
    assert part.rows == ()
    assert part.notes == (f"contoso does not answer on port {free_port}",)


@pytest.mark.parametrize(
    ("mode", "changes", "sentence"),
    [
        (CONNECTED, {}, "a connected container reports its usage to Azure only"),
        (DISCONNECTED, {"state": "exited"}, "contoso is exited"),
    ],
    ids=["connected", "stopped"],
)
def test_a_container_that_cannot_tell_is_not_asked(
    engine: Engine, mode: Any, changes: dict[str, Any], sentence: str
) -> None:
    with _reporting({month: _report(a=1) for month in MONTHS}) as port:
        part = usage_of(engine, _serving(mode, port, **changes), NOW)
    assert part.rows == ()
    [note] = part.notes
    assert note.startswith(sentence)
