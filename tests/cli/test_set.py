"""`csctl set`: the difference is shown, and a valid profile is written, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell

GUID = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
TEXT = """\
# Ours.
name: contoso   # the name
image: a/b:1
mode: disconnected
model: {base: {locale: en-US}}
data: stt
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell for what needs no Engine, in a folder with a profile."""
    (tmp_path / "a.yaml").write_text(TEXT)
    return Shell(tmp_path, "unix:///nobody.sock", "set-")


def read(shell: Shell) -> str:
    return (shell.folder / "a.yaml").read_text()


def test_keys_are_changed_and_the_difference_is_shown(shell: Shell) -> None:
    words = ("name=other", f"model.id={GUID}", "model.base=", "resources.cpus=8")
    done = shell.run("set", "a.yaml", *words, "--yes")
    assert done.out == "a.yaml: changed\n"
    assert "-name: contoso   # the name\n+name: other   # the name\n" in done.err
    assert read(shell) == TEXT.replace("contoso", "other").replace(
        "base: {locale: en-US}", f"id: {GUID}"
    ) + ("resources:\n  cpus: 8\n")


def test_without_a_terminal_it_wants_yes(shell: Shell) -> None:
    done = shell.run("set", "a.yaml", "port=5001", code=2)
    assert "+port: 5001" in done.err
    assert "add --yes" in done.err
    assert read(shell) == TEXT


def test_what_would_be_no_valid_profile_is_not_written(shell: Shell) -> None:
    done = shell.run("set", "a.yaml", "port=0", "prot=1", "--yes", code=2)
    assert "a.yaml:7:7: port: '0' is no port" in done.err
    assert "prot: unknown key; did you mean 'port'?" in done.err
    assert read(shell) == TEXT


def test_a_required_key_is_not_removed(shell: Shell) -> None:
    done = shell.run("set", "a.yaml", "name=", "--yes", code=2)
    assert "name: required" in done.err
    assert read(shell) == TEXT


def test_what_is_so_already_is_nothing_to_change(shell: Shell) -> None:
    done = shell.run("set", "a.yaml", "name=contoso", "port=")
    assert (done.out, done.err) == ("", "a.yaml: nothing to change\n")


def test_a_profile_that_is_wrong_can_be_mended(shell: Shell) -> None:
    path = shell.folder / "a.yaml"
    path.write_text(TEXT + "port: 0\n")
    shell.run("set", "a.yaml", "port=5001", "--yes")
    assert read(shell) == TEXT + "port: 5001\n"


def test_a_key_in_clear_is_never_written_nor_shown(shell: Shell) -> None:
    words = ("billing.endpoint=https://c.example.com", "billing.api_key=s3cret")
    done = shell.run("set", "a.yaml", *words, "--yes", code=2)
    assert "a key is never written into a profile" in done.err
    assert "s3cret" not in done.out + done.err
    assert read(shell) == TEXT


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("a.yaml", "port"), "write port=VALUE", id="no value"),
        pytest.param(("a.yaml", "port=1", "port=2"), "given twice", id="twice"),
        pytest.param(("a.yaml", "=1"), "no path of a key", id="no key"),
        pytest.param(("a.yaml",), "Missing argument", id="no change"),
        pytest.param(("b.yaml", "port=1"), "b.yaml cannot be read", id="no file"),
        pytest.param((".", "port=1"), ". cannot be read", id="a directory"),
        pytest.param(("a.yaml", "model=x"), "is a section", id="a section"),
        pytest.param(
            ("a.yaml", "port=1", "--document", "2"),
            "there is no document 2",
            id="no such document",
        ),
    ],
)
def test_wrong_usage_is_2(shell: Shell, words: tuple[str, ...], said: str) -> None:
    done = shell.run("set", *words, "--yes", code=2)
    assert said in done.err
    assert read(shell) == TEXT


def test_one_of_several_profiles_is_named_by_its_document(shell: Shell) -> None:
    path = shell.folder / "a.yaml"
    two = TEXT.replace("contoso", "fabrikam").replace("stt", "fab")
    path.write_text(f"{TEXT}---\n{two}")
    done = shell.run("set", "a.yaml", "port=5001", "--yes", code=2)
    assert "holds 2 profiles" in done.err
    assert "--document 1 to 2" in done.err
    shell.run("set", "a.yaml", "port=5001", "--document", "2", "--yes")
    assert read(shell) == f"{TEXT}---\n{two}port: 5001\n"
