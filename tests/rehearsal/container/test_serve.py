from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.speech_client import SpeechClient, header, tone
from tests.rehearsal.stand_in import (
    ACCOUNT,
    BILLING,
    MODELS,
    Running,
    StandIn,
    writable,
)

TOOL = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.MULTILINE)
DECODER = re.compile(
    r"^\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d{3} SR 68 info ", re.MULTILINE
)
HOST = re.compile(r"^warn: Microsoft\.[\w.]+\[0\]\n {6}\S", re.MULTILINE)
SERVICE = {"service": "speechtotext"}
INVALID = {"apiStatus": "Invalid", "apiStatusMessage": "Api Key is invalid."}
KEY_IS_VALID = "Api Key is valid, no action needed."
FIXED_TEXT = {
    "recognition": "fixed text: nothing is recognised, and nothing is said of a custom"
    " model's quality"
}
NON_METERED = "Container is in disconnected mode (non-metered)"


@pytest.fixture
def models(licensed: Path) -> dict[str, Path]:
    return {MODELS: licensed / "models"}


@pytest.fixture
def mounts(licensed: Path, tmp_path: Path) -> dict[str, Path]:
    """All that disconnected serving needs."""
    return {
        MODELS: licensed / "models",
        "/license": licensed / "license",
        "/output": writable(tmp_path / "output"),
    }


def serve_disconnected(stand_in: StandIn, **options: Any) -> Running:
    return stand_in.start(
        "eula=accept", "Mounts:License=/license", "Mounts:Output=/output", **options
    )


def test_it_listens_before_it_is_ready_and_answers_as_documented(
    stand_in: StandIn, models: dict[str, Path]
) -> None:
    running = stand_in.start(
        *ACCOUNT, mounts=models, environment={"REHEARSAL_LOAD_SECONDS": "2"}
    )
    status, body = running.get("/ready")
    assert status == 503
    assert json.loads(body)["ready"] == "notready"
    running.wait_until_ready()
    assert running.json("/ready") == SERVICE | {
        "ready": "ready",
        "message": KEY_IS_VALID,
    }
    assert running.json("/status") == SERVICE | FIXED_TEXT | {
        "apiStatus": "Valid",
        "apiStatusMessage": KEY_IS_VALID,
    }
    assert running.get("/")[0] == 200
    for absent in (
        *("/swagger", "/records/usage-logs/", "/readyness"),
        *("/speech/universal/v2", "/stt/speech/universal/v2"),
    ):
        assert running.get(absent)[0] == 404


def test_a_start_speaks_all_dialects(stand_in: StandIn, tmp_path: Path) -> None:
    running = stand_in.start(
        *("ModelId=5f3a0c1e-1111-4222-8333-444455556666", *ACCOUNT),
        mounts={MODELS: writable(tmp_path / "models")},
        environment={"DECODER_MAX_COUNT": "3"},
    ).wait_until_ready()
    for dialect in (TOOL, DECODER, HOST):
        assert dialect.search(running.log)
    assert "m_maxCount = 3" in running.log
    assert "\nNow listening on: http://0.0.0.0:5000\n" in running.log
    assert "rehearsal" not in running.log.lower().replace("_rehearsal/", "")


def test_it_runs_as_the_user_nonroot(
    stand_in: StandIn, models: dict[str, Path]
) -> None:
    container = stand_in.start(*ACCOUNT, mounts=models).container
    processes = container.top(ps_args="-o uid,pid")["Processes"]
    assert [process[0] for process in processes] == ["65532"]


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (("Eula=accept", BILLING, "ApiKey=wrong"), {}),
        (ACCOUNT, {"REHEARSAL_FAIL": "bad-key"}),
    ],
    ids=["wrong-key", "knob"],
)
def test_a_wrong_key_keeps_it_up_and_invalid(
    stand_in: StandIn,
    models: dict[str, Path],
    words: tuple[str, ...],
    environment: dict[str, str],
) -> None:
    running = stand_in.start(
        *words, mounts=models, environment={"REHEARSAL_LOAD_SECONDS": "0"} | environment
    )
    running.wait_for("persisted_LM")
    assert running.json("/status") == SERVICE | FIXED_TEXT | INVALID
    assert running.get("/ready")[0] == 503
    started, _, after = running.log.partition("Application started.")
    assert "fail:" not in started
    assert (
        "fail: Microsoft.CloudAI.Containers.Http.CloudClient[0]\n"
        "      Endpoint connection failed with status 'Invalid'.\n"
    ) in after


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["ApiKey=rehearsal", "Billing=contoso"], "Invalid Billing Endpoint URI."),
        (["ApiKey=rehearsal"], "Invalid Billing Endpoint URI."),
        ([BILLING], "ApiKey must be specified."),
    ],
    ids=["no-uri", "no-billing", "no-key"],
)
def test_half_an_account_does_not_start(
    stand_in: StandIn, models: dict[str, Path], words: list[str], line: str
) -> None:
    ended = stand_in.run("Eula=accept", *words, mounts=models)
    assert (ended.code, ended.lines) == (1, [line])


def test_a_licensed_container_serves_without_key_and_keeps_records(
    stand_in: StandIn, mounts: dict[str, Path]
) -> None:
    running = serve_disconnected(stand_in, mounts=mounts).wait_until_ready()
    assert running.json("/status") == SERVICE | FIXED_TEXT | {
        "apiStatus": "Valid",
        "apiStatusMessage": NON_METERED,
    }
    report = running.json("/records/usage-logs/")
    assert report["apiType"] == report["serviceName"] == "speechtotext"
    (meter,) = report["meters"]
    assert meter["name"].startswith("SpeechToText.Custom")
    assert meter["quantity"] >= 0
    month = time.strftime("%m/%Y", time.gmtime())
    assert running.json(f"/records/usage-logs/{month}")["meters"]
    assert running.json("/records/usage-logs/01/2001")["meters"] == []
    assert running.get("/records/usage-logs/13/2026")[0] == 404
    instance = running.container.short_id
    folder = mounts["/output"] / "speechtotext" / instance
    assert len(list(folder.glob("usage-*.json"))) == 1
    assert f"Using '/output/speechtotext/{instance}' for writing" in running.log


def test_the_records_count_the_audio_that_was_heard(
    stand_in: StandIn, mounts: dict[str, Path]
) -> None:
    running = serve_disconnected(stand_in, mounts=mounts).wait_until_ready()
    (meter,) = running.json("/records/usage-logs/")["meters"]
    assert meter["quantity"] == 0
    with SpeechClient(running.port) as client:
        client.say("a", header() + tone(3.5).tobytes())
        assert [heard.path for heard in client.turn()][-1] == "turn.end"
    running.container.stop(timeout=5)
    (file,) = mounts["/output"].glob("speechtotext/*/usage-*.json")
    assert json.loads(file.read_text())["meters"] == [meter | {"quantity": 3}]


def test_speech_is_heard_on_the_port_of_the_answers_once_it_is_ready(
    stand_in: StandIn, models: dict[str, Path]
) -> None:
    running = stand_in.start(
        *ACCOUNT, mounts=models, environment={"REHEARSAL_LOAD_SECONDS": "2"}
    )
    assert running.get("/ready")[0] == 503
    assert SpeechClient(running.port).status == 503
    running.wait_until_ready()
    with SpeechClient(running.port) as client:
        client.say("a", header() + tone(1).tobytes())
        texts = [
            heard.body.get("DisplayText")
            for heard in client.turn()
            if heard.path == "speech.phrase"
        ]
    assert texts == ["This is a rehearsal, nothing was recognised.", None]


def test_without_a_license_it_does_not_start(
    stand_in: StandIn, mounts: dict[str, Path]
) -> None:
    del mounts["/license"]
    ended = serve_disconnected(stand_in, mounts=mounts).wait()
    assert ended.code == 1
    assert "The provided license path was not found." in ended.log


def test_the_license_of_another_image_does_not_let_it_start(
    stand_in: StandIn, mounts: dict[str, Path]
) -> None:
    ended = serve_disconnected(
        stand_in, mounts=mounts, tag="5.0.1-preview-amd64"
    ).wait()
    assert ended.code == 1
    assert "does not have a valid disconnected container license" in ended.log


def test_the_license_of_another_model_does_not_let_it_start(
    stand_in: StandIn, mounts: dict[str, Path], tmp_path: Path
) -> None:
    other = tmp_path / "models"
    other.mkdir()
    (other / "properties.json").write_text("{}")
    ended = serve_disconnected(stand_in, mounts=mounts | {MODELS: other}).wait()
    assert ended.code == 1
    assert "does not have a valid disconnected container license" in ended.log


def test_records_that_cannot_be_written_keep_it_from_starting(
    stand_in: StandIn, mounts: dict[str, Path]
) -> None:
    mounts["/output"].chmod(0o755)
    ended = serve_disconnected(stand_in, mounts=mounts).wait()
    assert ended.code == 1
    assert "[Errno 13] Permission denied: '/output/speechtotext'" in ended.log


def test_a_disk_that_fills_up_later_ends_no_service(
    stand_in: StandIn, mounts: dict[str, Path]
) -> None:
    del mounts["/output"]
    # One page: the first record fits, and a newer one beside it does not.
    disk = {"/output": "size=4k,uid=65532,gid=65532"}
    running = serve_disconnected(stand_in, mounts=mounts, tmpfs=disk)
    running.wait_for("WARNING: usage is not recorded: [Errno 28]")
    running.wait_until_ready()
    assert running.json("/records/usage-logs/")["meters"]


def test_it_never_gets_ready_where_the_knob_says_so(
    stand_in: StandIn, models: dict[str, Path]
) -> None:
    running = stand_in.start(
        *ACCOUNT,
        mounts=models,
        environment={
            "REHEARSAL_FAIL": "never-ready",
            "REHEARSAL_LOAD_SECONDS": "0",
        },
    )
    running.wait_for("Grammar model 'default' [Static] loading...")
    for _ in range(10):
        assert running.get("/ready")[0] == 503
    assert running.json("/status")["apiStatus"] == "Valid"
    assert "persisted_LM" not in running.log


def test_it_crashes_after_it_was_ready(
    stand_in: StandIn, models: dict[str, Path]
) -> None:
    running = stand_in.start(
        *ACCOUNT, mounts=models, environment={"REHEARSAL_FAIL": "crash-after-ready"}
    ).wait_until_ready()
    assert running.wait().code == 139


def test_the_kernel_ends_it_where_it_takes_too_much_memory(
    stand_in: StandIn, models: dict[str, Path]
) -> None:
    ended = stand_in.run(
        *ACCOUNT,
        mounts=models,
        environment={"REHEARSAL_FAIL": "out-of-memory"},
        mem_limit="48m",
        memswap_limit="48m",
    )
    assert ended.code == 137
    assert ended.out_of_memory


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it(
    stand_in: StandIn, models: dict[str, Path], signal: str
) -> None:
    running = stand_in.start(*ACCOUNT, mounts=models).wait_until_ready()
    running.container.kill(signal)
    assert running.wait().code == 0
