"""What the Engine streams: events and statistics, of every shape it may have."""

from __future__ import annotations

import copy
import json
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.container.observed import Happening, Sample
from csctl.container.spec import LABEL_PROFILE, LABEL_ROLE, ROLE_SERVE, ContainerSpec
from csctl.engine import decode
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.engine.stream import values
from csctl.errors import ContainerNotFound

_SLEEP = ("/app/bin/python3", "-c", "import time; time.sleep(600)")
_SECONDS = 60
_BUSY = ("/app/bin/python3", "-c", "while True: pass")

_CGROUP_1: dict[str, Any] = {
    "read": "2026-11-21T06:13:17.986137697Z",
    "preread": "2026-11-21T06:13:16.983104037Z",
    "pids_stats": {"current": 2},
    "blkio_stats": {"io_service_bytes_recursive": [], "io_serviced_recursive": []},
    "num_procs": 0,
    "storage_stats": {},
    "cpu_stats": {
        "cpu_usage": {
            "total_usage": 1_405_015_481,
            "percpu_usage": [148508132, 755641187],
            "usage_in_kernelmode": 380000000,
            "usage_in_usermode": 510000000,
        },
        "system_cpu_usage": 27798330000000,
        "online_cpus": 2,
        "throttling_data": {"periods": 1248, "throttled_periods": 0},
    },
    "precpu_stats": {
        "cpu_usage": {
            "total_usage": 903_498_651,
            "percpu_usage": [148508132, 754990519],
            "usage_in_kernelmode": 380000000,
            "usage_in_usermode": 510000000,
        },
        "system_cpu_usage": 27796320000000,
        "online_cpus": 2,
        "throttling_data": {"periods": 1248, "throttled_periods": 0},
    },
    "memory_stats": {
        "usage": 7290880,
        "max_usage": 7401472,
        "stats": {
            "cache": 73728,
            "inactive_file": 1024,
            "rss": 6279168,
            "total_inactive_file": 4096,
        },
        "limit": 536870912,
    },
    "name": "/rehearsal",
    "id": "19e074027a255ed16a5655da0b51692c1ee804c6c87750b9a395a5f260bd28a3",
}
_CGROUP_2: dict[str, Any] = {
    "read": "2026-11-21T06:13:18.500000000Z",
    "preread": "2026-11-21T06:13:17.500000000Z",
    "pids_stats": {"current": 11, "limit": 38193},
    "blkio_stats": {"io_service_bytes_recursive": None},
    "num_procs": 0,
    "storage_stats": {},
    "cpu_stats": {
        "cpu_usage": {
            "total_usage": 4_250_000_000,
            "usage_in_kernelmode": 250000000,
            "usage_in_usermode": 4000000000,
        },
        "system_cpu_usage": 91640000000000,
        "online_cpus": 8,
        "throttling_data": {"periods": 0, "throttled_periods": 0},
    },
    "precpu_stats": {
        "cpu_usage": {
            "total_usage": 1_000_000_000,
            "usage_in_kernelmode": 50000000,
            "usage_in_usermode": 950000000,
        },
        "system_cpu_usage": 91632000000000,
        "online_cpus": 8,
    },
    "memory_stats": {
        "usage": 900_000_000,
        "stats": {
            "active_file": 4096,
            "anon": 780_000_000,
            "file": 110_000_000,
            "inactive_file": 100_000_000,
        },
        "limit": 16_652_816_384,
    },
}
_PODMAN: dict[str, Any] = {
    "read": "2026-11-21T06:16:48.368567342Z",
    "preread": "2026-11-21T06:16:43.363714115Z",
    "pids_stats": {"current": 2},
    "blkio_stats": {"io_service_bytes_recursive": [], "io_serviced_recursive": None},
    "num_procs": 0,
    "storage_stats": {},
    "cpu_stats": {
        "cpu_usage": {
            "total_usage": 5_106_269_444,
            "percpu_usage": [89318241, 12189996],
            "usage_in_kernelmode": 28000000,
            "usage_in_usermode": 73508237,
        },
        "system_cpu_usage": 12784114992454,
        "online_cpus": 2,
        "cpu": 0.0018390815080300805,
        "throttling_data": {"periods": 0, "throttled_periods": 0},
    },
    "precpu_stats": {
        "cpu_usage": {
            "total_usage": 101_416_217,
            "percpu_usage": [89226221, 12189996],
            "usage_in_kernelmode": 28000000,
            "usage_in_usermode": 73416217,
        },
        "system_cpu_usage": 12775598593049,
        "cpu": 0,
    },
    "memory_stats": {"usage": 7016448, "limit": 25276514304},
    "name": "pp",
    "Id": "81c95bbe6f17939c061e56caa3c9bea95f54e474a2d4f7e16712f9349640a116",
}
_STOPPED: dict[str, Any] = {
    "read": "0001-01-01T00:00:00Z",
    "preread": "0001-01-01T00:00:00Z",
    "pids_stats": {},
    "cpu_stats": {"cpu_usage": {"total_usage": 0}},
    "precpu_stats": {"cpu_usage": {"total_usage": 0}},
    "memory_stats": {},
    "name": "/rehearsal",
}


def _changed(value: dict[str, Any], *path: str, to: Any) -> dict[str, Any]:
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return changed


@pytest.mark.parametrize(
    ("value", "cpus", "memory", "limit"),
    [
        pytest.param(_CGROUP_1, 0.5, 7286784, 536870912, id="cgroup v1"),
        pytest.param(_CGROUP_2, 3.25, 800_000_000, 16_652_816_384, id="cgroup v2"),
        pytest.param(_PODMAN, 1.0, 7016448, 25276514304, id="podman"),
        pytest.param(
            _changed(_CGROUP_2, "memory_stats", "stats", "inactive_file", to=10**9),
            3.25,
            900_000_000,
            16_652_816_384,
            id="more cache than usage",
        ),
        pytest.param(
            _changed(_CGROUP_2, "memory_stats", to={}), 3.25, 0, 0, id="no memory told"
        ),
    ],
)
def test_a_sample_is_what_docker_stats_counts(
    value: dict[str, Any], cpus: float, memory: int, limit: int
) -> None:
    told = decode.sample(value)
    assert told is not None
    assert told.cpus == pytest.approx(cpus, rel=1e-4)
    assert (told.memory, told.memory_limit) == (memory, limit)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(
            _changed(_CGROUP_1, "preread", to="0001-01-01T00:00:00Z"), id="docker first"
        ),
        pytest.param(
            _changed(_PODMAN, "preread", to="2026-11-21T06:16:48.365701622Z"),
            id="podman first, after 3 ms",
        ),
        pytest.param(
            _changed(_CGROUP_2, "preread", to=_CGROUP_2["read"]), id="no time between"
        ),
        pytest.param(
            _changed(
                _CGROUP_1, "precpu_stats", "cpu_usage", "total_usage", to=1_500_000_000
            ),
            id="started anew between",
        ),
        pytest.param({}, id="nothing"),
    ],
)
def test_without_a_second_before_it_there_is_no_sample(value: dict[str, Any]) -> None:
    assert decode.sample(value) is None


def test_samples_end_when_the_container_stopped() -> None:
    told = list(decode.samples([_CGROUP_1, _CGROUP_1, _STOPPED, _CGROUP_1]))
    assert len(told) == 2


_EVENT: dict[str, Any] = {
    "status": "start",
    "id": "9b70",
    "Type": "container",
    "Action": "start",
    "Actor": {
        "ID": "9b70",
        "Attributes": {
            "csctl.profile": "contoso",
            "csctl.role": "serve",
            "image": "csctl/rehearsal:4.12.0-amd64",
            "name": "contoso.csctl-next",
        },
    },
    "time": 1795241905,
    "timeNano": 1795241905176244500,
}


def test_an_event_says_what_befell_which_container() -> None:
    [told] = decode.happenings([_EVENT])
    assert told == Happening(
        id="9b70",
        name="contoso.csctl-next",
        profile="contoso",
        action="start",
        at=1795241905.1762445,
    )


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(_changed(_EVENT, "Actor", "Attributes", to={}), id="foreign"),
        pytest.param(_changed(_EVENT, "Actor", to=None), id="nobody's"),
        pytest.param({}, id="nothing"),
    ],
)
def test_an_event_of_another_container_is_left_out(value: dict[str, Any]) -> None:
    assert list(decode.happenings([value])) == []


@pytest.mark.parametrize(
    ("action", "changes"),
    [
        *((action, True) for action in ("create", "start", "die", "destroy", "rename")),
        *((action, True) for action in ("pause", "unpause", "update", "oom", "remove")),
        *((action, False) for action in ("exec_create: ls", "exec_start: ls", "top")),
        *((action, False) for action in ("health_status: healthy", "attach", "resize")),
    ],
)
def test_only_what_changes_a_container_counts(action: str, changes: bool) -> None:
    [told] = decode.happenings([_changed(_EVENT, "Action", to=action)])
    assert told.changes is changes


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.integers()), max_size=5),
    st.lists(st.integers(min_value=1, max_value=9), min_size=1),
)
def test_values_are_the_same_however_they_are_cut(
    told: list[dict[str, int]], cuts: list[int]
) -> None:
    text = b"".join(json.dumps(one).encode() + b"\n" for one in told)
    assert list(values(_cut(text, cuts))) == told


@given(st.integers(min_value=0))
def test_a_line_that_was_cut_off_is_the_end(at: int) -> None:
    text = b'{"one":{"two":1}}\n'
    assert list(values([text, text[: at % (len(text) - 1)]])) == [{"one": {"two": 1}}]


def _cut(text: bytes, cuts: list[int]) -> Iterator[bytes]:
    while text:
        for size in cuts:
            yield text[:size]
            text = text[size:]


# -- on the real Engine -------------------------------------------------------------


@pytest.fixture
def engine(engine_host: str) -> Iterator[Engine]:
    """The shared Engine."""
    connected = connect(engine_host, None, os.environ)
    yield connected
    connected.close()


def _create(
    engine: Engine, image: str, name: str, entrypoint: tuple[str, ...] = _SLEEP
) -> str:
    labels = {LABEL_PROFILE: name, LABEL_ROLE: ROLE_SERVE}
    spec = ContainerSpec(
        name=name, image=image, arguments=(), entrypoint=entrypoint, labels=labels
    )
    return engine.create(spec)


class _Reader(threading.Thread):
    """Reads a stream to its end."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self.stream = stream
        self.told: list[Any] = []
        self.start()

    def run(self) -> None:
        for one in self.stream:
            self.told.append(one)

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + _SECONDS
        while len(self.told) < count:
            assert time.monotonic() < deadline, self.told
            time.sleep(0.02)

    def close(self) -> None:
        """End the stream; the reader has to notice."""
        self.stream.close()
        self.end()

    def end(self) -> None:
        """Wait until the reader has come to the end."""
        self.join(_SECONDS)
        assert not self.is_alive()


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_events_come_as_they_happen_until_closed(
    engine: Engine, rehearsal_image: str, unique_name: str
) -> None:
    reader = _Reader(engine.events())
    identity = _create(engine, rehearsal_image, unique_name)
    engine.rename(identity, f"{unique_name}-other")
    engine.remove(identity)
    deadline = time.monotonic() + _SECONDS
    while not (mine := _of(reader, identity)) or mine[-1][0] != "destroy":
        assert time.monotonic() < deadline, mine
        time.sleep(0.02)
    assert mine == [
        ("create", unique_name),
        ("rename", f"{unique_name}-other"),
        ("destroy", f"{unique_name}-other"),
    ]
    assert {one.profile for one in reader.told if one.id == identity} == {unique_name}
    reader.close()
    reader.stream.close()


def _of(reader: _Reader, identity: str) -> list[tuple[str, str]]:
    return [(one.action, one.name) for one in reader.told if one.id == identity]


def test_events_of_the_past_are_told_since_a_moment(
    engine: Engine, rehearsal_image: str, unique_name: str
) -> None:
    began = time.time()
    identity = _create(engine, rehearsal_image, unique_name)
    engine.remove(identity)
    reader = _Reader(engine.events(since=began - 1))
    reader.wait_for(2)
    reader.close()
    assert [action for action, _ in _of(reader, identity)] == ["create", "destroy"]
    assert all(began - 1 <= one.at <= time.time() + 1 for one in reader.told)


def test_a_busy_container_uses_its_core(
    engine: Engine, rehearsal_image: str, unique_name: str
) -> None:
    identity = _create(engine, rehearsal_image, unique_name, _BUSY)
    engine.start(identity)
    reader = _Reader(engine.stats(unique_name))
    reader.wait_for(1)
    reader.close()
    engine.remove(identity)
    sample: Sample = reader.told[0]
    # How much of a core it gets, a busy machine decides.
    assert 0.05 < sample.cpus < 1.2
    assert 1 << 20 < sample.memory < 64 << 20
    assert sample.memory_limit == engine.host.memory


def test_statistics_end_with_their_container(
    engine: Engine, rehearsal_image: str, unique_name: str
) -> None:
    identity = _create(engine, rehearsal_image, unique_name)
    engine.start(identity)
    reader = _Reader(engine.stats(identity))
    engine.stop(identity, seconds=0)
    reader.end()
    assert list(engine.stats(identity)) == []
    engine.remove(identity)
    with pytest.raises(ContainerNotFound):
        engine.stats(identity)


def test_many_streams_end_at_once_and_leave_nothing(
    engine: Engine, rehearsal_image: str, unique_name: str
) -> None:
    identity = _create(engine, rehearsal_image, unique_name)
    engine.start(identity)
    threads, files = threading.active_count(), _open_files()
    streams = [engine.stats(identity) for _ in range(19)] + [engine.events()]
    readers = [_Reader(stream) for stream in streams]
    assert _open_files() == files + 20
    for reader in readers:
        reader.stream.close()
    for reader in readers:
        reader.end()
    assert (threading.active_count(), _open_files()) == (threads, files)
    engine.remove(identity)


def test_a_stream_that_nobody_read_can_be_closed(engine: Engine) -> None:
    stream = engine.events()
    stream.close()
    assert list(stream) == []
