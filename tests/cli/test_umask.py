"""csctl under whatever umask it is started with."""

from __future__ import annotations

import stat

import pytest

from tests.cli.shell import Shell


@pytest.mark.parametrize("mask", ["000", "077"])
def test_it_serves_and_strangers_may_write_nothing(shell: Shell, mask: str) -> None:
    shell.before = ("sh", "-c", f'umask {mask}; exec "$@"', "sh")
    draft = shell.write()
    shell.apply(draft)
    assert draft.answers()
    shell.run("bundle", "create", draft.path, "-o", "a.csctl", "--yes")
    there = shell.folder / "there"
    target = ("--target", there / "data", "--profiles", there / "profiles")
    shell.run("bundle", "load", "a.csctl", *target)
    made = [one for one in shell.folder.rglob("*") if not one.is_symlink()]
    assert {"a.csctl", f"{draft.name}.yaml"} <= {one.name for one in made}
    everybodys = [one for one in made if one.stat().st_mode & stat.S_IWOTH]
    assert everybodys == []
