"""`csctl adopt`: a container that was started by hand becomes a managed one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.shell import ENDPOINT, IMAGE, MODEL, OTHER_MODEL, Engine, Shell
from tests.ports import free_port

_QUICK = {"REHEARSAL_LOAD_SECONDS": "0"}
ByHand = Callable[..., str]


@pytest.fixture
def by_hand(shell: Shell, engine: Engine) -> Iterator[ByHand]:
    """Starts containers as `docker run` would, on the data of a stocked folder."""
    names: list[str] = []

    def start(mode: str, **changes: Any) -> str:
        names.append(f"{shell.prefix}hand{len(names)}")
        draft = shell.write(f"data{len(names)}", stocked=True)
        [license_] = [p for p in (draft.data / "license").iterdir() if p.is_dir()]
        (draft.data / "output").mkdir(mode=0o777)
        (draft.data / "output").chmod(0o777)
        for path in draft.data.glob("*/*.csctl.json"):
            path.unlink()
        mounts = {draft.model: "/usr/local/models"}
        if mode == "connected":
            words = [f"ModelId={MODEL}", "Eula=accept"]
            words += [f"Billing={ENDPOINT}", "ApiKey=rehearsal"]
        else:
            words = ["Eula=accept", "Mounts:License=/license", "Mounts:Output=/output"]
            mounts |= {license_: "/license", draft.data / "output": "/output"}
        options: dict[str, Any] = {
            "port": free_port(),
            "environment": _QUICK,
            "mounts": mounts,
        }
        engine.run(names[-1], *words, **(options | changes))
        draft.path.unlink()
        return names[-1]

    yield start
    for name in names:
        engine.remove(name)


def _adopt(shell: Shell, name: str, *words: str, code: int = 0) -> Any:
    options = ("-o", "adopted.yaml", "--model", MODEL, "--yes")
    return shell.run("adopt", name, *options, *words, code=code)


def _profile(shell: Shell) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(
        (shell.folder / "adopted.yaml").read_text()
    )
    return document


def _contents(folder: Path) -> set[tuple[str, int]]:
    return {
        (str(path.relative_to(folder)), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_disconnected_container_is_taken_over_and_nothing_is_downloaded(
    shell: Shell, engine: Engine, by_hand: ByHand
) -> None:
    name = by_hand("disconnected")
    mounts = {m["Destination"]: m["Source"] for m in engine.inspect(name)["Mounts"]}
    model = Path(mounts["/usr/local/models"])
    before = _contents(model)
    shell.environ["STAND_IN_KEY"] = ""
    row = _adopt(shell, name, "--json").json
    assert (row["profile"], row["outcome"]) == (name, "ready")
    actions = {step["action"] for step in row["steps"]}
    assert actions <= {"set-ownership", "replace"}
    assert _contents(model) == before

    document = _profile(shell)
    assert (document["name"], document["mode"]) == (name, "disconnected")
    assert document["model"] == {"id": MODEL}
    assert document["image"] == IMAGE
    assert document["environment"] == _QUICK
    assert document["mounts"]["license"] == mounts["/license"]
    [status] = shell.json("status", "--check", "adopted.yaml")
    assert (status["ready"], status["drift"]) == (True, [])
    after = {m["Destination"]: m["Source"] for m in engine.inspect(name)["Mounts"]}
    assert after == mounts
    assert shell.actions_of("adopted.yaml") == []


def test_a_connected_container_is_taken_over_without_its_key_in_the_file(
    shell: Shell, engine: Engine, by_hand: ByHand
) -> None:
    name = by_hand("connected")
    done = _adopt(shell, name)
    assert f"{name}: ready" in done.out
    document = _profile(shell)
    assert document["mode"] == "connected"
    variable = document["billing"]["api_key"]["env"]
    assert document["billing"]["endpoint"] == ENDPOINT
    assert f"set {variable} before the next apply" in done.err
    args = engine.inspect(name)["Args"]
    assert args == [f"ModelId={MODEL}", "Eula=accept"], "the key is no argument now"
    assert engine.environment(name)["ApiKey"] == "rehearsal"
    assert shell.json("status", "--check", "adopted.yaml")[0]["drift"] == []
    shell.environ[variable] = "rehearsal"
    assert shell.actions_of("adopted.yaml") == []


def test_a_key_in_the_environment_of_the_container_is_not_written_either(
    shell: Shell, engine: Engine, by_hand: ByHand
) -> None:
    name = by_hand(
        "disconnected", environment=_QUICK | {"PROXY_PASSWORD": "pass-canary"}
    )
    done = _adopt(shell, name)
    text = (shell.folder / "adopted.yaml").read_text()
    assert "pass-canary" not in text + done.out + done.err
    assert set(_profile(shell)["environment"]["PROXY_PASSWORD"]) == {"env"}
    assert engine.environment(name)["PROXY_PASSWORD"] == "pass-canary"


def test_limits_and_restart_policy_are_taken_over(
    shell: Shell, engine: Engine, by_hand: ByHand
) -> None:
    name = by_hand("disconnected")
    engine.update(
        name,
        mem_limit=300 << 20,
        memswap_limit=-1,
        cpu_period=100_000,
        cpu_quota=50_000,
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 3},
    )
    _adopt(shell, name)
    document = _profile(shell)
    assert document["resources"]["memory"] == 300 << 20
    assert document["resources"]["cpus"] == 0.5
    assert document["restart"] == "on-failure:3"
    assert shell.json("status", "--check", "adopted.yaml")[0]["drift"] == []


def test_nothing_is_written_without_a_yes(
    shell: Shell, engine: Engine, by_hand: ByHand
) -> None:
    name = by_hand("disconnected")
    words = ("adopt", name, "-o", "adopted.yaml", "--model", MODEL)
    done = shell.run(*words, code=2)
    assert "there is no terminal" in done.err
    assert not (shell.folder / "adopted.yaml").exists()
    assert list(shell.folder.rglob("*.csctl.json")) == []
    assert "csctl.profile" not in engine.inspect(name)["Config"]["Labels"]


@pytest.mark.parametrize(
    ("mounts", "words"),
    [
        pytest.param({}, "mounts nothing at /usr/local/models", id="no model"),
        pytest.param(None, "which model", id="unclear model"),
    ],
)
def test_what_cannot_be_adopted_is_said(
    shell: Shell,
    by_hand: ByHand,
    mounts: dict[Path, str] | None,
    words: str,
) -> None:
    name = by_hand("disconnected", **({} if mounts is None else {"mounts": mounts}))
    if mounts is None:
        models = [path for path in shell.folder.rglob(MODEL) if path.is_dir()]
        for path in models:
            (path / OTHER_MODEL).mkdir(exist_ok=True)
    done = shell.run("adopt", name, "-o", "adopted.yaml", "--yes", code=2)
    assert words in done.err
    assert not (shell.folder / "adopted.yaml").exists()


def test_an_absent_or_managed_container_or_a_file_in_the_way_is_refused(
    shell: Shell, by_hand: ByHand
) -> None:
    shell.run("adopt", f"{shell.prefix}nobody", "-o", "adopted.yaml", code=1)
    name = by_hand("disconnected")
    (shell.folder / "adopted.yaml").write_text("in the way")
    done = _adopt(shell, name, code=2)
    assert "adopted.yaml exists already" in done.err
    (shell.folder / "adopted.yaml").unlink()
    _adopt(shell, name)
    (shell.folder / "adopted.yaml").unlink()
    assert f"{name} is managed already" in _adopt(shell, name, code=2).err
