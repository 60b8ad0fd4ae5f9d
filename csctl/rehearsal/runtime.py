"""What of this host goes into the rehearsal image: Python, its libraries, `chown`.

Nothing is downloaded. The interpreter is the one that runs csctl; of the standard
library only those modules are taken that the stand-in really imports.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from csctl.errors import UsageError

_STAND_IN = Path(__file__).parent / "container"
_STDLIB = f"app/{sys.platlibdir}/python{sys.version_info[0]}.{sys.version_info[1]}"
_LIBRARIES = "app/lib"
LIBRARY_PATH = f"/{_LIBRARIES}"
"""Where the loader must look: the directories of this host are not in the image."""

ENTRY = "/app/run-host"
_RUN_HOST = b"""\
#!/app/bin/python3 -IS
from container.__main__ import main

raise SystemExit(main())
"""
_LIBRARY = re.compile(r"\s*(\S+) => (/\S+) \(0x[0-9a-f]+\)")
_LOADER = re.compile(r"\s*(/\S+) \(0x[0-9a-f]+\)")
# By name and not by what the module says of itself: some take another's place.
_LIST_MODULES = """
import importlib, sys
sys.path.append(sys.argv[1])
importlib.import_module(sys.argv[2])
needed = dict(sys.modules)
import json
from importlib.machinery import PathFinder
found = {}
for name, module in needed.items():
    parent = name.rpartition(".")[0]
    path = getattr(sys.modules[parent], "__path__", ()) if parent else None
    spec = PathFinder.find_spec(name, path)
    if spec and module.__spec__ and module.__spec__.origin != "frozen":
        found[name] = spec.origin
print(json.dumps(found))
"""
# A process of its own, in which nothing but this was imported: what `marshal` writes
# depends on which strings the process already holds.
_COMPILE = """
import importlib.util, marshal, sys
for line in sys.stdin.read().splitlines():
    source, name, target = line.split("\\t")
    with open(source, "rb") as file:
        data = file.read()
    code = compile(data, name, "exec", dont_inherit=True, optimize=2)
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
    with open(target, "wb") as file:
        file.write(head + importlib.util.source_hash(data) + marshal.dumps(code))
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the image: its path there, and its content or the host's file."""

    path: str
    content: bytes | Path
    mode: int = 0o644


def collect(scratch: Path) -> tuple[Entry, ...]:
    """All that the stand-in and `chown` need to run. Compiles into `scratch`.

    Raises UsageError.
    """
    python = Path(sys.executable).resolve()
    chown = Path(_tool("chown")).resolve()
    programs = (
        Entry("app/bin/python3", python, 0o755),
        Entry("bin/chown", chown, 0o755),
        *modules("container.__main__", scratch),
    )
    run_host = Entry(ENTRY.lstrip("/"), _RUN_HOST, 0o755)
    return (run_host, *programs, *libraries(programs))


def modules(name: str, scratch: Path) -> tuple[Entry, ...]:
    """A module of the stand-in with all modules that it imports.

    Compiles into `scratch`. Raises UsageError.
    """
    python = Path(sys.executable).resolve()
    found = _modules(name, python)
    extensions = [path for path in found.values() if path.suffix != ".py"]
    return (
        *(Entry(f"{_STDLIB}/lib-dynload/{path.name}", path) for path in extensions),
        *_compiled(found, python, scratch),
    )


def _modules(name: str, python: Path) -> dict[str, Path]:
    # Modules that are frozen into one interpreter are files of another; with
    # freezing off they are found as files wherever they are.
    options = ("-ISB", "-Xfrozen_modules=off", "-c", _LIST_MODULES)
    listed = _run([str(python), *options, str(_STAND_IN.parent), name])
    found: dict[str, str] = json.loads(listed)
    return {name: Path(path) for name, path in sorted(found.items())}


def _compiled(modules: dict[str, Path], python: Path, scratch: Path) -> list[Entry]:
    """The modules as bytecode in place of their source, which starts faster."""
    entries, lines = [], []
    for name, path in modules.items():
        if path.suffix != ".py":
            continue
        inner = name.replace(".", "/")
        if path.name == "__init__.py":
            inner += "/__init__"
        target = scratch / f"{name}.pyc"
        lines.append(f"{path}\t{inner}.py\t{target}")
        entries.append(Entry(f"{_STDLIB}/{inner}.pyc", target))
    _run([str(python), "-ISB", "-c", _COMPILE], text="\n".join(lines))
    return entries


def libraries(programs: Iterable[Entry]) -> tuple[Entry, ...]:
    """The shared libraries of all these, and the loader where each expects it.

    Bytecode among them needs none. Raises UsageError.
    """
    found: dict[str, Path] = {}
    ldd = _tool("ldd")
    for entry in programs:
        binary = entry.content
        if not isinstance(binary, Path) or binary.suffix == ".pyc":
            continue
        for line in _run([ldd, str(binary)]).splitlines():
            if match := _LIBRARY.fullmatch(line):
                found[f"{_LIBRARIES}/{match[1]}"] = Path(match[2])
            elif match := _LOADER.fullmatch(line):
                found[match[1].lstrip("/")] = Path(match[1])
            elif "not found" in line:
                raise UsageError(
                    f"{binary} needs a library that this host lacks: {line.strip()}",
                    remedy="install it, or run csctl with another Python",
                )
    return tuple(Entry(path, file, 0o755) for path, file in sorted(found.items()))


def _tool(name: str) -> str:
    path = shutil.which(name, path=os.defpath + ":/usr/sbin:/sbin")
    if path is None:
        raise UsageError(
            f"this host has no `{name}`, which the rehearsal image is made with",
            remedy="install coreutils and libc-bin",
        )
    return path


def _run(command: list[str], text: str = "") -> str:
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    try:
        return subprocess.run(
            command,
            input=text,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    except subprocess.CalledProcessError as exc:
        raise UsageError(
            f"{command[0]} cannot be put into the rehearsal image:"
            f" {exc.stderr.strip() or exc}",
            remedy="run csctl with another Python 3.11 to 3.13",
        ) from exc
