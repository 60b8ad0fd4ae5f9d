"""`csctl init`: a commented profile from options, or from what a terminal is asked."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.cli.shell import Run, Shell

GUID = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
KEY = "0123456789abcdef0123456789abcdef"
LEAST = (
    *("--name", "contoso", "--image", "a/b:1", "--mode", "disconnected"),
    *("--model", GUID, "--data", "stt"),
)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell for what needs no Engine: none is there."""
    return Shell(tmp_path, "unix:///nobody.sock", "init-")


def on_a_terminal(shell: Shell, answers: str, *words: object) -> Run:
    """csctl with a terminal for its questions, and a pipe for its output."""
    outer, inner = pty.openpty()
    with subprocess.Popen(
        shell.command(*words),
        env=shell.environment(),
        cwd=shell.folder,
        stdin=inner,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(outer, answers.encode())
        out, err = process.communicate(timeout=60)
    os.close(inner)
    os.close(outer)
    assert "Traceback" not in err, err
    return Run(process.returncode, out, err)


def test_a_profile_is_written_and_valid(shell: Shell) -> None:
    done = shell.run("init", "-o", "a.yaml", *LEAST)
    assert done.out == "a.yaml\n"
    assert "csctl plan a.yaml" in done.err
    assert shell.run("validate", "a.yaml").out == "a.yaml: contoso: valid\n"
    assert "# The container's name.\nname: contoso\n" in read(shell)


def test_every_answer_has_an_option(shell: Shell) -> None:
    shell.run(
        *("init", "-o", "a.yaml", "--name", "contoso", "--image", "a/b:1"),
        *("--mode", "disconnected", "--base-locale", "en-US", "--data", "stt"),
        *("--display-locale", "en-US", "--display-types", "punct,rescore"),
        *("--billing-endpoint", "https://c.example.com"),
        *("--billing-key-form", "file", "--billing-key", "key"),
        *("--license-endpoint", "https://d.example.com"),
        *("--license-key-form", "command", "--license-key", "vault read 'a b'"),
        *("--valid-for", "30d", "--cpus", "8", "--memory", "16g", "--decoders", "4"),
        *("--port", "5001", "--schema", "schema.json"),
    )
    lines = read(shell).splitlines()
    assert lines[0] == "# yaml-language-server: $schema=schema.json"
    assert [line for line in lines if line and not line.lstrip().startswith("#")] == [
        "name: contoso",
        "image: a/b:1",
        "mode: disconnected",
        "model:",
        "  base:",
        "    locale: en-US",
        "display:",
        "  locale: en-US",
        "  types: [punct, rescore]",
        "billing:",
        "  endpoint: https://c.example.com",
        "  api_key: {file: key}",
        "license:",
        "  endpoint: https://d.example.com",
        "  api_key: {command: [vault, read, a b]}",
        "  valid_for: 30d",
        "data: stt",
        "resources:",
        "  cpus: 8",
        "  memory: 16g",
        "  decoders: 4",
        "port: 5001",
    ]


def test_nothing_is_overwritten(shell: Shell) -> None:
    target = shell.folder / "a.yaml"
    target.write_text("mine\n")
    done = shell.run("init", "-o", "a.yaml", *LEAST, code=2)
    assert "a.yaml exists already" in done.err
    assert "csctl set a.yaml" in done.err
    (shell.folder / "b.yaml").symlink_to("nowhere")
    shell.run("init", "-o", "b.yaml", *LEAST, code=2)
    assert target.read_text() == "mine\n"
    assert not (shell.folder / "nowhere").exists()


def test_a_folder_that_is_not_there_is_said(shell: Shell) -> None:
    done = shell.run("init", "-o", "no/a.yaml", *LEAST, code=1)
    assert "no/a.yaml cannot be written: No such file" in done.err


def test_without_a_terminal_all_that_is_missing_is_said_at_once(shell: Shell) -> None:
    done = shell.run("init", "-o", "a.yaml", "--mode", "connected", code=2)
    missing = ["--name", "--image", "--model", "--data", "--billing-endpoint"]
    assert [f"{name}: required" in done.err for name in missing] == [True] * 5
    assert not (shell.folder / "a.yaml").exists()


def test_wrong_options_are_said_and_nothing_is_written(shell: Shell) -> None:
    done = shell.run("init", "-o", "a.yaml", *LEAST, "--cpus", "many", code=2)
    assert "--cpus: many is text" in done.err
    assert list(shell.folder.iterdir()) == []


def test_a_key_in_clear_is_refused_and_not_repeated(shell: Shell) -> None:
    words = ("--billing-endpoint", "https://c.example.com", "--billing-key", KEY)
    done = shell.run("init", "-o", "a.yaml", *LEAST, *words, code=2)
    assert "--billing-key: looks like a key" in done.err
    assert KEY not in done.out + done.err
    assert list(shell.folder.iterdir()) == []


def test_a_terminal_is_asked_for_what_is_missing(shell: Shell) -> None:
    answers = "contoso\n\nconnected\nen-US\nnonsense\nhttps://c.example.com\nstt\n"
    done = on_a_terminal(shell, answers, "init", "-o", "a.yaml")
    assert (done.code, done.out) == (0, "a.yaml\n")
    assert "this is no URL" in done.err
    text = read(shell)
    assert "custom-speech-to-text:newest\n" in text
    assert "  base:\n    locale: en-US\n" in text
    assert "  endpoint: https://c.example.com\n  # " in text
    shell.run("validate", "a.yaml")


def test_a_terminal_is_not_asked_for_what_is_given(shell: Shell) -> None:
    done = on_a_terminal(shell, "stt\n", "init", "-o", "a.yaml", *LEAST[:-2])
    assert (done.code, done.out) == (0, "a.yaml\n")
    assert "The container's name" not in done.err
    assert "data: stt\n" in read(shell)


def test_an_answer_that_ends_writes_nothing(shell: Shell) -> None:
    done = on_a_terminal(shell, "contoso\n\x04", "init", "-o", "a.yaml")
    assert done.code == 130
    assert list(shell.folder.iterdir()) == []


def read(shell: Shell) -> str:
    return (shell.folder / "a.yaml").read_text()
