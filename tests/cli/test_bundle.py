"""`csctl bundle inspect`, `verify` and `keygen` at the shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from csctl.bundle import signature
from csctl.cli import exit as exits
from csctl.cli.main import run
from csctl.errors import BundleError
from tests.bundle.maker import MODEL_DIRECTORY, REFERENCE, keys, make

MADE = make()
Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_key_is_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature, "PINNED", tmp_path / "trusted")
    monkeypatch.delenv(signature.VARIABLE, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a.csctl"
    file.write_bytes(MADE.archive())
    return file


@pytest.fixture
def damaged(file: Path) -> Path:
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"name: contoso", b"name: fabrikam"[:13]))
    assert file.read_bytes() != whole
    return file


def test_a_bundle_has_its_own_exit_code() -> None:
    assert exits.code_of(BundleError) == 8


def test_a_whole_bundle_is_one_line_and_code_0(file: Path, capsys: Output) -> None:
    assert run(["bundle", "verify", str(file)]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "whole" in out
    assert "15 files, unsigned" in out


def test_a_delta_tells_how_much_is_expected_on_the_other_host(
    file: Path, capsys: Output
) -> None:
    file.write_bytes(make(leave_out=[f"{MODEL_DIRECTORY}/empty"]).archive())
    assert run(["bundle", "verify", str(file)]) == 0
    assert "1 files are expected on the other host" in capsys.readouterr().out


def test_damage_is_told_by_part_with_code_8(damaged: Path, capsys: Output) -> None:
    assert run(["bundle", "verify", str(damaged)]) == 8
    shown = capsys.readouterr()
    assert "profiles/contoso.yaml: its data has another sum" in shown.err
    assert shown.out == ""


def test_damage_as_json(damaged: Path, capsys: Output) -> None:
    assert run(["bundle", "verify", "--json", str(damaged)]) == 8
    assert _json(capsys) == {
        "file": str(damaged),
        "signed": False,
        "signed_by": None,
        "problems": [
            {"part": "profiles/contoso.yaml", "problem": "its data has another sum"}
        ],
    }


@pytest.mark.parametrize("verb", ["inspect", "verify"])
def test_a_truncated_bundle_is_refused_with_code_8(
    file: Path, verb: str, capsys: Output
) -> None:
    file.write_bytes(file.read_bytes()[:-512])
    assert run(["bundle", verb, str(file)]) == 8
    assert "end of archive: 512 bytes are missing" in capsys.readouterr().err


def test_a_bundle_that_cannot_be_opened_is_a_problem_in_json(
    file: Path, capsys: Output
) -> None:
    file.write_bytes(b"")
    assert run(["bundle", "verify", "--json", str(file)]) == 8
    [problem] = _json(capsys)["problems"]
    assert problem["part"] == "csctl-bundle.json"


def test_no_file_is_wrong_usage(tmp_path: Path, capsys: Output) -> None:
    assert run(["bundle", "verify", str(tmp_path / "absent")]) == 2
    assert "cannot be opened" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["inspect", "verify"])
def test_a_required_signature_fails_closed(file: Path, verb: str) -> None:
    assert run(["bundle", verb, "--require-signature", str(file)]) == 8


@pytest.mark.parametrize("verb", ["inspect", "verify"])
def test_a_pinned_key_needs_no_option_to_count(
    file: Path, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    private, public = keys(file.parent)
    monkeypatch.setenv(signature.VARIABLE, str(file.parent / "key.pub.pem"))
    assert run(["bundle", verb, str(file)]) == 8
    assert "is missing, and a key is pinned" in capsys.readouterr().err
    file.write_bytes(MADE.archive(private))
    assert run(["bundle", verb, str(file)]) == 0
    assert signature.fingerprint(public) in capsys.readouterr().out


def test_inspecting_shows_what_is_in_it(file: Path, capsys: Output) -> None:
    assert run(["bundle", "inspect", str(file)]) == 0
    out = capsys.readouterr().out
    for words in (
        "complete",
        "2026-05-04T03:02:01Z by csctl 1.2.3",
        "signed    no",
        f"image     {REFERENCE}: linux/amd64, from its registry",
        "base model of en-US, punct of en-US",
        "fetched 2026-05-04, ends 2026-06-03 (declared in the profile)",
        "profile   contoso: disconnected",
    ):
        assert words in out


def test_inspecting_shows_what_is_left_out(file: Path, capsys: Output) -> None:
    model = [name for name in MADE.files if name.startswith(MODEL_DIRECTORY)]
    file.write_bytes(make(leave_out=model[1:]).archive())
    assert run(["bundle", "inspect", str(file)]) == 0
    out = capsys.readouterr().out
    assert "delta" in out
    [row] = [line for line in out.splitlines() if line.startswith("models/")]
    assert "1 files" in row
    file.write_bytes(make(leave_out=model).archive())
    assert run(["bundle", "inspect", str(file)]) == 0
    out = capsys.readouterr().out
    [row] = [line for line in out.splitlines() if line.startswith("models/")]
    assert row.split()[4] == "no"


def test_inspecting_as_json_gives_every_file_with_its_sum(
    file: Path, capsys: Output
) -> None:
    assert run(["bundle", "inspect", "--json", str(file)]) == 0
    value = _json(capsys)
    assert {one["path"] for one in value["files"]} == set(MADE.files)
    assert value["bytes"] == file.stat().st_size
    assert value["created"] == "2026-05-04T03:02:01Z"
    assert (value["signed"], value["signed_by"], value["delta"]) == (False, None, False)
    assert value["licenses"][0]["expires_at"] == "2026-06-03T00:00:00Z"


def test_a_signature_that_nobody_can_check_here_is_shown_as_that(
    file: Path, capsys: Output
) -> None:
    private, _ = keys(file.parent)
    file.write_bytes(MADE.archive(private))
    assert run(["bundle", "inspect", str(file)]) == 0
    assert "by a key that is not pinned here: not checked" in capsys.readouterr().out


def test_a_new_key_is_made_with_its_public_half(tmp_path: Path, capsys: Output) -> None:
    assert run(["bundle", "keygen", "--json", str(tmp_path / "key.pem")]) == 0
    value = _json(capsys)
    public = tmp_path / "key.pub.pem"
    assert value == {
        "key": str(tmp_path / "key.pem"),
        "public": str(public),
        "fingerprint": signature.fingerprint(public.read_bytes()),
    }
    assert run(["bundle", "keygen", str(tmp_path / "key.pem")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def _json(capsys: Output) -> Any:
    return json.loads(capsys.readouterr().out)
