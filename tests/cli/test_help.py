"""Help, completion, schema, validation, colours, and output that nobody reads."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.shell import ROOT, Draft, Shell

_VERBS = [
    *("image tags", "image list", "image pull", "model list", "model show"),
    *("model pull", "display list", "display pull", "license pull", "license show"),
    *("license check", "license refresh", "license rollback", "mount check"),
    *("mount fix", "validate", "schema", "init", "set", "plan", "apply", "down"),
    *("status", "show", "logs", "usage", "top", "start", "stop", "restart"),
    *("doctor", "adopt", "bundle create", "bundle inventory"),
    *("bundle load", "bundle inspect", "bundle verify", "bundle keygen"),
    *("prune", "support", "tui", "rehearse", "completion"),
]
_GROUPS = ["image", "model", "display", "license", "mount", "bundle"]
_ESCAPE = "\x1b["


@pytest.fixture
def quiet(tmp_path: Path) -> Shell:
    """A shell for what needs no Engine: none is there."""
    return Shell(tmp_path, "unix:///nobody.sock", "quiet-")


@pytest.mark.parametrize("verb", ["", *_GROUPS, *_VERBS])
def test_every_command_has_help(quiet: Shell, verb: str) -> None:
    done = quiet.run(*verb.split(), "--help")
    assert done.out.startswith(f"Usage: csctl {verb}".rstrip())
    assert done.err == ""
    assert max(map(len, done.out.splitlines())) <= 100
    sentences = done.out.partition("\n\n")[2].partition("\n\n")[0]
    assert sentences.strip().endswith("."), "says nothing about itself"


def test_help_names_every_command_and_exit_code(quiet: Shell) -> None:
    text = quiet.run("--help").out
    commands = {verb.split()[0] for verb in _VERBS}
    listed = set(re.findall(r"^  ([a-z]+) {2,}\S", text, re.MULTILINE))
    assert commands <= listed
    codes = re.findall(r"^  +(\d+) {2,}\S", text, re.MULTILINE)
    assert codes == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "130", "143"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("aply",), "Did you mean 'apply'?", id="near miss"),
        pytest.param(("frobnicate",), "No such command", id="no such command"),
        pytest.param(("plan",), "Missing argument", id="missing argument"),
        pytest.param(("plan", "--frob"), "--frob", id="no such option"),
        pytest.param(("logs",), "Missing argument", id="missing name"),
        pytest.param((), "Usage: csctl", id="nothing"),
    ],
)
def test_wrong_usage_is_2(quiet: Shell, words: tuple[str, ...], said: str) -> None:
    done = quiet.run(*words, code=2)
    assert said in done.err
    assert done.out == ""


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_that_shell(quiet: Shell, shell_name: str) -> None:
    script = quiet.run("completion", shell_name).out
    assert "_CSCTL_COMPLETE" in script
    if shell_name == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_completion_of_another_shell_is_2(quiet: Shell) -> None:
    assert "tcsh" in quiet.run("completion", "tcsh", code=2).err


@pytest.mark.parametrize(
    ("shell_name", "words", "index", "expected"),
    [
        ("bash", "csctl lic", "1", "license"),
        ("bash", "csctl license sh", "2", "show"),
        ("fish", "csctl dis", "", "display"),
        ("zsh", "csctl license ch", "2", "check"),
    ],
)
def test_completion_completes(
    quiet: Shell, shell_name: str, words: str, index: str, expected: str
) -> None:
    quiet.environ |= {
        "_CSCTL_COMPLETE": f"{shell_name}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": index or words.rpartition(" ")[2],
    }
    assert expected in quiet.run(code=None).out


def test_the_schema_describes_the_keys_of_a_profile(quiet: Shell) -> None:
    schema = json.loads(quiet.run("schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"name", "image", "mode", "model"} <= set(schema["required"])
    assert "api_key_as" in schema["properties"]


def test_a_valid_profile_is_said_so_with_its_warnings(quiet: Shell) -> None:
    draft = quiet.write()
    done = quiet.run("validate", draft.path)
    assert done.out == f"{draft.path}: {draft.name}: valid\n"
    assert "warning: resources.cpus: 1 is too few" in done.err
    assert quiet.json("validate", draft.path) == []
    shipped = quiet.run("validate", ROOT / "profiles" / "rehearsal.yaml")
    assert shipped.out.endswith("rehearsal: valid\n")


def test_all_faults_of_all_files_are_told_at_once(quiet: Shell) -> None:
    one, two = quiet.folder / "one.yaml", quiet.folder / "two.yaml"
    one.write_text(
        "name: one\nimage: a/b:c\nmode: conected\nmodel: {id: nonsense}\n"
        "data: /srv/one\nprot: 5000\nbilling: {endpoint: 'https://a.b', api_key: k}\n"
    )
    two.write_text("name: two\nname: three\n")
    done = quiet.run("validate", one, two, code=2)
    lines = done.err.splitlines()
    for place, words in {
        f"{one}:3:": "mode",
        f"{one}:4:": "model.id",
        f"{one}:6:": "did you mean 'port'?",
        f"{one}:7:": "billing.api_key",
        f"{two}:2:": "name",
    }.items():
        assert any(place in line and words in line for line in lines), (place, words)
    faults = quiet.json("validate", one, two, code=2)
    assert len(faults) == len([line for line in lines if ".yaml" in line])
    fields = {"file", "line", "column", "path", "message"}
    assert all(set(fault) == fields for fault in faults)
    assert {"path": "model.id", "line": 4}.items() <= next(
        fault.items() for fault in faults if fault["path"] == "model.id"
    )


def test_a_pipe_that_is_closed_early_is_no_error_message(
    served_shell: Shell, served: Draft
) -> None:
    for words in (("logs", served.name), ("--help",), ("schema",), ("status",)):
        with subprocess.Popen(
            served_shell.command(*words),
            env=served_shell.environment(),
            cwd=served_shell.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == b"", words
            assert process.wait(timeout=30) in (0, 1), words


def test_head_takes_one_line_and_the_shell_goes_on(
    served_shell: Shell, served: Draft
) -> None:
    command = " ".join(served_shell.command("logs", served.name))
    done = subprocess.run(
        ["bash", "-c", f"timeout 60 {command} | head -1"],
        env=served_shell.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def _on_a_terminal(shell: Shell, *words: object) -> str:
    """What csctl writes to stderr where that is a terminal."""
    outer, inner = pty.openpty()
    with subprocess.Popen(
        shell.command(*words),
        env=shell.environment() | {"TERM": shell.environ.get("TERM", "xterm")},
        cwd=shell.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=inner,
    ) as process:
        os.close(inner)
        written = b""
        while True:
            try:
                data = os.read(outer, 65536)
            except OSError:
                break
            if not data:
                break
            written += data
        process.wait(timeout=60)
    os.close(outer)
    return written.decode()


@pytest.mark.parametrize(
    ("words", "environ", "colored"),
    [
        pytest.param((), {}, True, id="a terminal"),
        pytest.param(("--no-color",), {}, False, id="--no-color"),
        pytest.param((), {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param((), {"TERM": "dumb"}, False, id="TERM=dumb"),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    served_shell: Shell,
    served: Draft,
    words: tuple[str, ...],
    environ: dict[str, str],
    colored: bool,
) -> None:
    served_shell.environ |= environ
    try:
        text = _on_a_terminal(served_shell, *words, "restart", served.name)
    finally:
        for name in environ:
            del served_shell.environ[name]
    assert (_ESCAPE in text) is colored


def test_nothing_is_coloured_without_a_terminal(
    served_shell: Shell, served: Draft
) -> None:
    done = served_shell.run("doctor", served.path, code=None)
    assert _ESCAPE not in done.out + done.err
