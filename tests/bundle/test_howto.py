"""HOWTO.txt: what it says, and that a shell takes it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec

from csctl.bundle.howto import howto
from csctl.bundle.manifest import File
from tests.bundle.maker import MODEL, REFERENCE, keys, make

MANIFEST = make().manifest


def _commands(text: str, mark: str) -> list[str]:
    """The indented lines below a heading."""
    section = text.partition(f"\n{mark}")[2].partition("\n\n")[0]
    return section.splitlines()[1:]


def test_it_names_what_is_in_the_bundle() -> None:
    text = howto(MANIFEST).decode()
    for name in (REFERENCE, MODEL, "contoso", "ends 2026-06-03"):
        assert name in text


def test_a_shell_takes_its_commands() -> None:
    text = howto(MANIFEST).decode()
    for mark in ("With csctl", "Without csctl"):
        script = "\n".join(_commands(text, mark))
        assert script
        subprocess.run(["sh", "-n"], input=script.encode(), check=True)


def test_its_checks_work_as_they_stand(tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    (tmp_path / "FILE").write_bytes(make().archive(private))
    (tmp_path / "KEY.pem").write_bytes(public)
    lines = _commands(howto(MANIFEST).decode(), "Without csctl")
    end = next(i for i, line in enumerate(lines) if "docker load" in line)
    script = "set -e\n" + "\n".join(lines[:end])
    done = subprocess.run(["sh"], cwd=tmp_path, input=script.encode(), check=False)
    assert done.returncode == 0
    (tmp_path / "profiles" / "contoso.yaml").write_text("name: other\n")
    script = script.replace("tar -xf FILE", ":")
    done = subprocess.run(
        ["sh"], cwd=tmp_path, input=script.encode(), capture_output=True, check=False
    )
    assert done.returncode == 1


def test_an_image_without_a_tag_is_run_by_its_id() -> None:
    [image] = MANIFEST.images
    untagged = msgspec.structs.replace(image, reference=f"a.example/b@{image.digest}")
    text = howto(msgspec.structs.replace(MANIFEST, images=(untagged,))).decode()
    assert f"{image.config} Eula=accept" in text


def test_a_connected_profile_is_left_to_csctl() -> None:
    [profile] = MANIFEST.profiles
    connected = msgspec.structs.replace(profile, mode="connected", license=None)
    text = howto(msgspec.structs.replace(MANIFEST, profiles=(connected,))).decode()
    assert "docker run" not in text
    assert "csctl apply profiles/contoso.yaml" in text


def test_a_delta_says_that_it_is_one() -> None:
    assert "leaves out" not in howto(MANIFEST).decode()
    text = howto(msgspec.structs.replace(MANIFEST, delta=True)).decode()
    assert "leaves out" in text


def test_csctl_itself_is_installed_from_the_bundle_that_holds_it() -> None:
    assert "requirements.txt" not in howto(MANIFEST).decode()
    wheel = File(
        path="csctl/csctl.whl", size=1, sha256="0" * 64, role="csctl", included=True
    )
    with_csctl = msgspec.structs.replace(MANIFEST, files=(wheel,))
    assert "--require-hashes -r csctl/requirements.txt" in howto(with_csctl).decode()
