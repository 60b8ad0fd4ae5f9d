"""A key is nowhere but in the container: every verb is run, and all is searched."""

from __future__ import annotations

import base64
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.shell import ENDPOINT, OTHER_MODEL, Draft, Engine, Shell

# Odd signs, so that its encoded forms differ from itself.
_KEY = "c4nary/K3y+of=this&run"
_PASSWORD = "c4nary:p4ss/w0rd"
# Its own, as another test looks at the command lines of this host meanwhile.
_ARGUMENT = "c4nary/Argument+of=this&run"
_FORMS = tuple(
    form
    for value in (_KEY, _PASSWORD, _ARGUMENT)
    for form in (
        value,
        quote(value, safe=""),
        base64.b64encode(value.encode()).decode(),
    )
)


@contextmanager
def _listing_processes() -> Iterator[set[str]]:
    """Collects the command lines of this host while something else goes on."""
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    words = (process / "cmdline").read_bytes()
                    seen.add(words.replace(b"\0", b" ").decode())
                except (OSError, UnicodeDecodeError):
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def _found_in(text: str) -> list[str]:
    return [form for form in _FORMS if form in text]


def _check_files(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".tgz":
            content = gzip.decompress(content)
        assert _found_in(content.decode(errors="replace")) == [], path


def _check_labels(engine: Engine, name: str) -> None:
    labels = engine.inspect(name)["Config"]["Labels"]
    assert labels["csctl.spec"]
    assert _found_in(" ".join(labels.values())) == []


def _verbs(draft: Draft) -> list[tuple[str, ...]]:
    path, name = str(draft.path), draft.name
    return [
        ("validate", path),
        ("plan", "--json", path),
        ("apply", "--yes", "--json", path),
        ("status", path),
        ("status", "--json"),
        ("logs", name),
        ("usage", name),
        ("doctor", path),
        ("support", name, "-o", f"{name}.tgz"),
        ("restart", "--timeout", "2s", name),
        ("stop", name),
        ("start", "--timeout", "2s", name),
        ("model", "list", "--locale", "en-US", path),
        ("model", "pull", path),
        ("license", "pull", path),
        ("license", "check", path),
        ("license", "show", path),
        ("license", "refresh", "--yes", path),
        ("license", "rollback", "--yes", path),
        ("mount", "check", path),
        ("mount", "fix", path),
        ("prune", path),
    ]


def _profile(shell: Shell, mode: str) -> Draft:
    shell.environ |= {"STAND_IN_KEY": _KEY, "SIDE_PASSWORD": _PASSWORD}
    environment = {"REHEARSAL_ECHO_KEY": "1", "SIDE": {"env": "SIDE_PASSWORD"}}
    write = shell.write_connected if mode == "connected" else shell.write
    return write(stocked=True, environment=environment)


@pytest.mark.parametrize("mode", ["connected", "disconnected"])
def test_no_verb_shows_a_key_that_azure_refuses(
    shell: Shell, engine: Engine, mode: str
) -> None:
    draft = _profile(shell, mode)
    with _listing_processes() as processes:
        for words in _verbs(draft):
            done = shell.run(*words, code=None)
            assert _found_in(done.out + done.err) == [], words
        draft.change(display={"locale": "en-US", "types": ["punct"]})
        for verb in ("list", "pull"):
            done = shell.run("display", verb, draft.path, code=4)
            assert _found_in(done.out + done.err) == [], verb
    environment = engine.environment(draft.name)
    assert environment["SIDE"] == _PASSWORD, "the container got it, so it was there"
    assert environment.get("ApiKey") == (_KEY if mode == "connected" else None)
    _check_labels(engine, draft.name)
    _check_files(shell.folder)
    assert any("csctl" in line for line in processes)
    assert [one for one in processes if _KEY in one or _PASSWORD in one] == []


def test_no_log_of_a_failed_download_keeps_the_key(shell: Shell) -> None:
    draft = _profile(shell, "disconnected")
    draft.change(model={"id": OTHER_MODEL})
    for words in (("model", "pull"), ("apply", "--yes")):
        done = shell.run(*words, draft.path, code=4)
        assert "ApiKey=***" in done.err, "the container did not echo its key"
        assert _found_in(done.err) == []
    logs = list((draft.data / ".csctl" / "logs").iterdir())
    assert any("ApiKey=***" in path.read_text() for path in logs)
    _check_files(shell.folder)


def test_a_key_as_argument_is_warned_of_and_hidden_all_the_same(
    shell: Shell, engine: Engine
) -> None:
    draft = _profile(shell, "connected")
    shell.environ["STAND_IN_KEY"] = _ARGUMENT
    draft.change(api_key_as="argument")
    done = shell.run("apply", "--yes", draft.path, code=4)
    assert "api_key_as: every user of the host can read an argument in ps" in done.err
    args = engine.inspect(draft.name)["Args"]
    assert f"ApiKey={_ARGUMENT}" in args
    assert f"Billing={ENDPOINT}" in args
    assert not {"ApiKey", "Billing"} & set(engine.environment(draft.name))
    text = done.err
    for words in (
        ("logs", draft.name),
        ("status", "--json", draft.path),
        ("plan", draft.path),
        ("support", draft.name, "-o", "archive.tgz"),
    ):
        again = shell.run(*words, code=None)
        text += again.out + again.err
    assert _found_in(text) == []
    _check_labels(engine, draft.name)
    _check_files(shell.folder)


@pytest.mark.parametrize("form", ["file", "command"])
def test_a_key_comes_from_a_file_or_a_command(
    shell: Shell, engine: Engine, form: str
) -> None:
    path = shell.folder / "key"
    path.write_text("rehearsal\n")
    source = {"file": "key"} if form == "file" else {"command": ["cat", str(path)]}
    draft = shell.write_connected(
        stocked=True, billing={"endpoint": ENDPOINT, "api_key": source}
    )
    shell.apply(draft)
    assert engine.environment(draft.name)["ApiKey"] == "rehearsal"
    path.write_text("")
    assert shell.actions(draft) == [], "a key that cannot be read is no drift"


def test_a_key_in_clear_is_refused_and_not_repeated(shell: Shell) -> None:
    draft = shell.write(billing={"endpoint": ENDPOINT, "api_key": _KEY})
    for verb in ("validate", "plan", "apply"):
        done = shell.run(verb, draft.path, code=2)
        assert "billing.api_key" in done.err
        assert _found_in(done.out + done.err) == []


def test_a_changed_key_replaces_the_container_and_is_shown_by_digest(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write_connected(stocked=True)
    shell.apply(draft)
    before = engine.identity(draft)
    shell.environ["STAND_IN_KEY"] = _KEY
    done = shell.run("plan", draft.path, code=6)
    assert "environment.ApiKey: sha256:" in done.out
    failed = shell.run("apply", "--yes", draft.path, code=1)
    assert "the old one serves again" in failed.err
    assert _found_in(done.out + failed.out + failed.err) == []
    assert engine.identity(draft) == before
