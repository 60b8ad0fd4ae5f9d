"""`csctl bundle load` on a host from which no route leads anywhere, up to serving."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest

from tests.bundle.far_side import (
    FarSide,
    leftovers,
    names,
    outcomes,
    text_with,
)
from tests.bundle.island import Island, empty, images
from tests.faults.site import IMAGE, check_record

# One host behind the gap for all of them, and one download before it.
pytestmark = pytest.mark.xdist_group("bundle-gap")

ALL = ("image", "model", "license", "profile")
LOADED = dict.fromkeys(ALL, "loaded")
THERE = dict.fromkeys(ALL, "there already")
HOUR = timedelta(hours=1)


def test_one_file_is_carried_over_and_the_container_serves(
    far: FarSide, behind: Island
) -> None:
    empty(behind.url)
    far.write(far.freight)
    calls = far.folder / "calls"
    far.site.prefix = (
        *(*behind.prefix, "strace", "-f", "-qq", "-o", str(calls)),
        *("-e", "trace=connect,sendto"),
    )
    done = far.load("--json", "--apply", "--yes")
    far.site.prefix = behind.prefix
    assert done.code == 0, done.err
    assert outcomes(done) == LOADED
    assert [one["outcome"] for one in done.json["applied"]] == ["ready"]
    [plan] = done.json["plan"]
    assert plan["problems"] == []
    assert far.ready()
    check_record(far.model.with_name(f"{far.model.name}.csctl.json"))
    assert names(images(behind.url)) == {IMAGE}
    assert list(leftovers(far.folder)) == []

    # Nothing gets out, since nothing could; and csctl did not even try.
    assert "default" not in behind.run("ip", "route").stdout
    tried = behind.run("python3", "-c", _OUTSIDE)
    assert "Network is unreachable" in tried.stderr
    reached = re.findall(r'inet_addr\("([\d.]+)"\)', calls.read_text())
    assert reached, "the trace saw something"
    own = re.findall(r"inet ([\d.]+)\.\d+/", behind.run("ip", "addr").stdout)
    assert {one.rpartition(".")[0] for one in reached} <= set(own)


_OUTSIDE = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"


def test_apply_asks_and_without_a_terminal_stops(far: FarSide) -> None:
    far.write(far.freight)
    done = far.load("--apply")
    assert done.code == 2
    assert "--yes" in done.err
    assert far.site.containers() == []


def test_a_command_of_an_unsigned_profile_is_not_run(far: FarSide) -> None:
    ran = far.folder / "ran"
    text = text_with(far.freight, environment={"X": {"command": ["touch", str(ran)]}})
    far.write(dataclasses.replace(far.freight, text=text))
    done = far.load("--apply", "--yes")
    assert done.code == 2
    assert "runs a command for a secret" in done.err
    assert not ran.exists()
    assert far.site.containers() == []


def test_commands_for_keys_that_nobody_needs_are_not_run(far: FarSide) -> None:
    ran = far.folder / "ran"
    account = {
        "endpoint": "https://rehearsal.cognitiveservices.azure.com",
        "api_key": {"command": ["touch", str(ran)]},
    }
    text = text_with(far.freight, billing=account, license=account)
    far.write(dataclasses.replace(far.freight, text=text))
    done = far.load("--apply", "--yes")
    assert done.code == 0, done.err
    assert not ran.exists()
    assert far.ready()


def test_another_profile_of_the_name_is_shown_and_stays(far: FarSide) -> None:
    far.profile.parent.mkdir()
    own = text_with(far.freight, data=str(far.data), restart="no")
    far.profile.write_text(own)
    far.write(far.freight)
    done = far.load()
    assert done.code == 2
    assert '- "restart": "no"' in done.err
    assert "--force" in done.err
    assert far.profile.read_text() == own


def test_damage_is_told_with_code_8(far: FarSide) -> None:
    data = far.freight.make().archive()
    [content] = far.freight.license.values()
    far.file.write_bytes(data.replace(content, bytes(len(content))))
    done = far.load("--json")
    assert done.code == 8
    assert "licenses/" in done.err
    [problem] = done.json["problems"]
    assert problem["part"].startswith("licenses/")
    assert not (far.folder / "far").exists()
