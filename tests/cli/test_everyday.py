"""`start`, `stop`, `restart`, `logs`, `usage`, `doctor`, `support` and `prune`."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.cli.shell import (
    IMAGE,
    METER,
    MODEL,
    OTHER_MODEL,
    Draft,
    Engine,
    Shell,
)


def test_a_container_is_stopped_started_and_restarted(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    identity = engine.identity(draft)
    assert shell.run("stop", draft.name).out == f"{draft.name}: stopped\n"
    assert shell.json("status", draft.path)[0]["state"] == "exited"
    assert shell.run("stop", draft.name).out == f"{draft.name}: stopped\n"
    assert shell.run("start", draft.name).out == f"{draft.name}: ready\n"
    assert shell.json("status", draft.path)[0]["ready"] is True
    began = engine.inspect(draft.name)["State"]["StartedAt"]
    assert shell.run("restart", draft.name).out == f"{draft.name}: ready\n"
    assert engine.inspect(draft.name)["State"]["StartedAt"] > began
    assert engine.identity(draft) == identity


@pytest.mark.parametrize(
    "words",
    [
        *(pytest.param((verb,), id=verb) for verb in ("start", "stop", "restart")),
        *(pytest.param((verb,), id=verb) for verb in ("logs", "usage")),
        pytest.param(("support", "-o", "absent.tgz"), id="support"),
    ],
)
def test_a_container_that_is_absent_or_foreign_is_left_alone(
    shell: Shell, engine: Engine, words: tuple[str, ...]
) -> None:
    name = f"{shell.prefix}foreign"
    done = shell.run(*words, name, code=1)
    assert f"there is no container {name}" in done.err
    engine.run(name, "Eula=accept", environment={"REHEARSAL_FAIL": "never-ready"})
    try:
        done = shell.run(*words, name, code=1)
        assert f"{name} is not managed by csctl" in done.err
    finally:
        engine.remove(name)
    assert not (shell.folder / "absent.tgz").exists()


def test_the_log_is_printed_and_ends(served_shell: Shell, served: Draft) -> None:
    whole = served_shell.run("logs", served.name).out
    assert "Now listening on: http://0.0.0.0:5000" in whole
    tail = served_shell.run("logs", served.name, "--tail", "2").out
    assert tail == "".join(whole.splitlines(keepends=True)[-2:])
    assert served_shell.run("logs", served.name, "--tail", "0").out == ""
    assert served_shell.run("logs", served.name, "--since", "1h").out == whole
    assert served_shell.run("logs", served.name, "--since", "1ms").out == ""


@pytest.mark.parametrize(
    ("option", "value"), [("--since", "yesterday"), ("--tail", "-1"), ("--tail", "x")]
)
def test_a_log_option_that_means_nothing_is_2(
    served_shell: Shell, served: Draft, option: str, value: str
) -> None:
    done = served_shell.run("logs", served.name, option, value, code=2)
    assert value in done.err


def test_a_log_is_followed_until_its_container_stops(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    with shell.start("logs", "-f", "--tail", "1", draft.name) as following:
        assert following.stdout is not None
        assert following.stdout.readline()
        assert following.poll() is None
        shell.run("stop", draft.name)
        assert following.wait(timeout=30) == 0


def test_a_key_that_the_container_echoes_is_taken_out_of_its_log(shell: Shell) -> None:
    shell.environ["STAND_IN_KEY"] = "kEy/with+odd=canary"
    draft = shell.write_connected(stocked=True, environment={"REHEARSAL_ECHO_KEY": "1"})
    failed = shell.run("apply", "--yes", draft.path, code=4)
    shown = shell.run("logs", draft.name).out
    assert "ApiKey=***" in shown
    assert "canary" not in shown + failed.err + failed.out


def test_usage_is_what_the_container_reports(
    served_shell: Shell, served: Draft
) -> None:
    records = served_shell.json("usage", served.name)
    assert [meter["name"] for meter in records["meters"]] == [METER]
    assert records["meters"][0]["quantity"] >= 0
    assert served_shell.run("usage", served.name).out.startswith(f"{METER}  ")
    month = datetime.now(UTC).strftime("%Y-%m")
    assert served_shell.json("usage", served.name, "--month", month)["meters"]
    assert served_shell.json("usage", served.name, "--month", "2019-01")["meters"] == []
    done = served_shell.run("usage", served.name, "--month", "January", code=2)
    assert "'January' is no month" in done.err


def test_a_container_that_keeps_no_usage_records_says_so(shell: Shell) -> None:
    draft = shell.write_connected(stocked=True)
    shell.apply(draft)
    done = shell.run("usage", draft.name, code=5)
    assert "only a disconnected container keeps usage records" in done.err
    shell.run("stop", draft.name)
    done = shell.run("usage", draft.name, code=5)
    assert f"csctl start {draft.name}" in done.err


def test_doctor_looks_at_the_host_and_at_profiles(
    served_shell: Shell, served: Draft
) -> None:
    rows = served_shell.json("doctor", served.path, code=None)
    assert all(set(row) == {"check", "ok", "detail", "remedy"} for row in rows)
    checks = {row["check"]: row for row in rows}
    for name in ("engine", "architecture", "avx2", "cores", "memory"):
        assert checks[name]["detail"], name
    for name in ("port", "ownership", "license", "key of billing", "key of license"):
        assert checks[f"{served.name}: {name}"]["ok"] is True, name
    assert "reach rehearsal.cognitiveservices.azure.com:443" not in checks, (
        "a profile that downloads nothing needs no network"
    )
    done = served_shell.run("doctor", served.path, code=None)
    assert (done.code == 0) == all(row["ok"] for row in rows)
    assert all(row["remedy"] for row in rows if not row["ok"])
    assert done.out.startswith("ok    engine: ")


def test_doctor_finds_what_is_wrong_with_a_profile(shell: Shell, served: Draft) -> None:
    draft = shell.write(
        stocked=True, port=served.document["port"], model={"id": OTHER_MODEL}
    )
    shell.run("mount", "check", draft.path, code=None)  # Tells who owns mounts.
    (draft.data / "output").mkdir()
    shell.environ["STAND_IN_KEY"] = ""
    rows = shell.json("doctor", draft.path, code=1)
    wrong = {row["check"]: row for row in rows if not row["ok"]}
    assert f"taken by container {served.name}" in wrong[f"{draft.name}: port"]["detail"]
    assert f"{draft.name}: ownership" in wrong
    assert "another image or model" in wrong[f"{draft.name}: license"]["detail"]
    for what in ("billing", "license"):
        assert "STAND_IN_KEY" in wrong[f"{draft.name}: key of {what}"]["detail"]
    assert "reach rehearsal.cognitiveservices.azure.com:443" in {
        row["check"] for row in rows
    }


def test_doctor_without_an_engine_is_3_and_goes_on(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    nowhere = f"unix://{shell.folder}/nobody.sock"
    rows = shell.run("-H", nowhere, "doctor", "--json", draft.path, code=None).json
    checks = {row["check"]: row for row in rows}
    assert checks["engine"]["ok"] is False
    assert checks[f"{draft.name}: key of billing"]["ok"] is True
    done = shell.run("-H", nowhere, "doctor", code=3)
    assert done.out.startswith("FAIL  engine: ")


def test_a_support_archive_holds_what_a_colleague_needs(
    shell: Shell, engine: Engine
) -> None:
    shell.environ["SIDE_PASS"] = "side-canary"
    draft = shell.write(
        stocked=True,
        environment={"PASS": {"env": "SIDE_PASS"}, "PLAIN": "plain-canary"},
    )
    shell.apply(draft)
    row = shell.json("support", draft.name, "-o", "archive.tgz")
    assert row["archive"] == "archive.tgz"
    path = shell.folder / "archive.tgz"
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        texts = {
            member.name.partition("/")[2]: _text(archive, member)
            for member in archive.getmembers()
        }
    assert sorted(texts) == sorted(row["files"])
    assert texts["drift.txt"].strip() == ""
    assert "Now listening" in texts[f"logs/{draft.name}.log"]
    container = json.loads(texts["container.json"])
    assert container["Id"] == engine.identity(draft)
    assert any(MODEL in name for name in texts)
    assert "canary" not in "".join(texts.values())
    done = shell.run("support", draft.name, "-o", "archive.tgz", code=2)
    assert "archive.tgz exists already" in done.err


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = archive.extractfile(member)
    assert file is not None, member.name
    return file.read().decode()


@pytest.fixture
def shelf(shell: Shell, engine: Engine) -> Iterator[str]:
    """An image repository of this test's own, with the stand-in and a newer image."""
    repository = f"csctl/{shell.prefix}shelf"
    engine.tag(IMAGE, f"{repository}:4.12.0-amd64")
    source = f"{shell.prefix}source"
    engine.run(source, "Eula=accept")
    engine.commit(source, f"{repository}:5.0.1-preview-amd64", {})
    engine.remove(source)
    yield repository
    engine.remove_images(repository)


def test_prune_removes_what_nothing_needs(
    shell: Shell, engine: Engine, shelf: str
) -> None:
    draft = shell.write(stocked=True, image=f"{shelf}:4.12.0-amd64")
    shell.apply(draft)
    unwanted = draft.model.with_name(OTHER_MODEL)
    shutil.copytree(draft.model, unwanted)
    record = (draft.model.parent / f"{MODEL}.csctl.json").read_text()
    other = draft.model.parent / f"{OTHER_MODEL}.csctl.json"
    other.write_text(record.replace(MODEL, OTHER_MODEL))
    by_hand = draft.model.with_name("by-hand")
    by_hand.mkdir()
    left = draft.model.with_name(".csctl-staging-left")
    left.mkdir()
    (left / "half").write_bytes(b"half")

    stopped = shell.run("prune", draft.path, code=2)
    assert "there is no terminal" in stopped.err
    assert unwanted.is_dir()
    rows = shell.json("prune", "--yes", draft.path)
    assert {row["target"] for row in rows} == {
        f"image {shelf}:5.0.1-preview-amd64",
        f"directory {unwanted}",
        f"directory {left}",
    }
    assert all(row["action"] == "remove" and row["reason"] for row in rows)
    assert not any(path.exists() for path in (unwanted, other, left))
    assert by_hand.is_dir()
    assert draft.model.is_dir()
    assert engine.image_id(f"{shelf}:5.0.1-preview-amd64") is None
    assert engine.image_id(f"{shelf}:4.12.0-amd64") is not None
    assert shell.run("prune", draft.path).out == "nothing to do\n"
    assert shell.json("status", "--check", draft.path)[0]["ready"] is True


def test_prune_keeps_the_license_that_serves_and_some_before(
    shell: Shell, shelf: str
) -> None:
    draft = shell.write(stocked=True, image=f"{shelf}:4.12.0-amd64")
    shell.apply(draft)
    serving = shell.json("status", draft.path)[0]["license"]["path"]
    root = draft.data / "license"
    [first] = [path for path in root.iterdir() if re.fullmatch(r"2\w+Z", path.name)]
    for year in range(2030, 2035):
        later = root / f"{year}0101T000000Z"
        shutil.copytree(first, later)
        shutil.copy(f"{first}.csctl.json", f"{later}.csctl.json")
    rows = shell.json("prune", "--yes", draft.path)
    gone = [row["target"] for row in rows if row["target"].startswith("directory")]
    assert gone == [f"directory {root}/{year}0101T000000Z" for year in (2031, 2030)]
    kept = {path.name for path in root.iterdir() if path.is_dir()}
    assert kept == {f"{year}0101T000000Z" for year in (2032, 2033, 2034)} | {
        serving.rpartition("/")[2]
    }


def test_prune_leaves_the_work_of_other_profiles_alone(
    shell: Shell, engine: Engine, shelf: str
) -> None:
    image = f"{shelf}:4.12.0-amd64"
    idle = shell.write("idle", stocked=True, image=image)
    never = {"REHEARSAL_FAIL": "never-ready"}
    busy = shell.write("busy", image=image, environment=never)
    with shell.start("model", "pull", "--timeout", "1m", busy.path) as working:
        while not (names := engine.containers(busy, running=True)):
            assert working.poll() is None
        for draft in (idle, busy):
            targets = {
                one["target"] for one in shell.json("prune", "--yes", draft.path)
            }
            assert not targets & set(names), draft.name
        assert engine.containers(busy) == names
        working.terminate()
    assert engine.containers(busy) == []
