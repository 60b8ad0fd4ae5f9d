"""The house: what may be imported when, and what names files may bear."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
HEAVY = frozenset(
    (
        *("docker", "httpx", "msgspec", "requests", "rich", "textual", "websockets"),
        "yaml",
    )
)
PROFILE = str(ROOT / "profiles" / "rehearsal.yaml")
SAMPLE = str(ROOT / "csctl" / "speech" / "sample.wav")
NOBODY = "http://127.0.0.1:9"
# Rooms above the profile that look at values only.
PURE = (
    "contract",
    "container",
    "plan",
    "profile.model",
    "reference",
    "render",
    "tag",
    "size",
)


def _python(code: str, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *argv],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _loaded_by(code: str, *argv: str) -> set[str]:
    """The heavy packages that a program has loaded when it ends."""
    show = "\nimport sys; print('\\nloaded', *sys.modules)"
    done = _python(code + show, *argv)
    _, mark, loaded = done.stdout.rpartition("\nloaded ")
    assert mark, done.stderr
    return set(loaded.split()) & HEAVY


def _loaded_by_command(*argv: str) -> set[str]:
    return _loaded_by(
        "import sys; from csctl.cli.main import run; run(sys.argv[1:])", *argv
    )


def _modules(*rooms: str) -> list[str]:
    files = (ROOT / "csctl").rglob("*.py")
    names = (".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)
    wanted = tuple(f"csctl.{room}" for room in rooms)
    return [
        name.removesuffix(".__init__")
        for name in names
        if any(name == room or name.startswith(f"{room}.") for room in wanted)
    ]


@pytest.mark.parametrize("argv", [["--version"], ["--help"], []], ids=str)
def test_asking_what_csctl_is_loads_nothing_heavy(argv: list[str]) -> None:
    assert _loaded_by_command(*argv) == set()


@pytest.mark.parametrize(
    "argv",
    [
        ["validate", PROFILE],
        ["schema"],
        ["completion", "bash"],
        ["render", "kubernetes", PROFILE],
        ["size", "--streams", "1"],
        ["image", "tags", "--registry", NOBODY],
        ["transcribe", "127.0.0.1:9", SAMPLE],
    ],
    ids=lambda argv: argv[0],
)
def test_a_command_without_an_engine_loads_no_docker(argv: list[str]) -> None:
    assert _loaded_by_command(*argv).isdisjoint({"docker", "requests", "textual"})


def test_what_makes_plans_loads_nothing_that_does_steps() -> None:
    done = _python("import csctl.lifecycle.fleet, sys; print(*sys.modules)")
    loaded = set(done.stdout.split())
    assert "csctl.lifecycle.apply" in loaded, done.stderr
    doers = {"step", "replicas", "swarm", "oneshot", "handover", "displays"}
    assert loaded.isdisjoint(f"csctl.lifecycle.{name}" for name in doers)


@pytest.mark.parametrize(
    "argv",
    [
        ["validate", PROFILE],
        ["endpoint", "url", "https://eastus.tts.speech.microsoft.com/"],
        ["speech", "--help"],
        ["speech", "operations"],
        ["speech", "transcriptions", "create", "--help"],
    ],
    ids=" ".join,
)
def test_a_command_that_asks_nobody_loads_no_httpx(argv: list[str]) -> None:
    assert "httpx" not in _loaded_by_command(*argv)


def test_a_command_without_speech_loads_no_websockets() -> None:
    assert "websockets" not in _loaded_by_command("plan", PROFILE)


def test_pure_rooms_load_nothing_that_reaches_out() -> None:
    modules = _modules(*PURE)
    assert "csctl.plan.reconcile" in modules

    assert _loaded_by("\n".join(f"import {name}" for name in modules)) <= {
        "msgspec",
        "yaml",
    }


def test_every_command_of_the_help_can_be_loaded() -> None:
    code = """
import click
from csctl.cli.main import cli
context = click.Context(cli)
for name in cli.list_commands(context):
    assert cli.get_command(context, name).get_short_help_str(), name
"""
    done = _python(code)
    assert done.returncode == 0, done.stderr


def test_the_readme_shows_the_help_as_it_is() -> None:
    shown = re.search(
        r"^\$ csctl --help\n(.*?)^```$", _text("README.md"), re.MULTILINE | re.DOTALL
    )
    assert shown is not None
    done = _python("from csctl.cli.main import main; main(['--help'])")
    assert shown[1].rstrip() == done.stdout.rstrip()


@pytest.mark.parametrize("stand_in", ["container", "rest"])
def test_a_stand_in_imports_nothing_but_the_standard_library(stand_in: str) -> None:
    files = list((ROOT / "csctl" / "rehearsal" / stand_in).rglob("*.py"))
    assert files
    strangers = {
        name
        for file in files
        for name in _imports(file)
        if name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert strangers == set()


def test_the_private_engine_needs_no_installed_package() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "csctl.rehearsal.dockerd", "down"],
        cwd=ROOT,
        env={**os.environ, "CSCTL_REHEARSAL_STATE": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_file_has_a_name_of_last_resort() -> None:
    last_resort = re.compile(r"(utils?|helpers?|common|misc|managers?|stuff)$")
    files = [*(ROOT / "csctl").rglob("*"), *(ROOT / "tests").rglob("*")]
    assert [file for file in files if last_resort.search(file.stem.lower())] == []


def test_the_lock_pins_all_that_the_project_names() -> None:
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pins = dict(re.findall(r"^([\w.-]+)==([\w.]+)", _text("requirements.lock"), re.M))
    for requirement in map(Requirement, wanted):
        pinned = pins.get(canonicalize_name(requirement.name), "")
        assert pinned in requirement.specifier, requirement


def test_the_lock_names_no_index() -> None:
    assert "://" not in _text("requirements.lock")


def _imports(file: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module or "")
    return names


def _text(name: str) -> str:
    return (ROOT / name).read_text()
