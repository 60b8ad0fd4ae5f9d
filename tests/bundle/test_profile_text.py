"""Profiles as a bundle carries them."""

from __future__ import annotations

from pathlib import Path

import pytest

from csctl.bundle.profile_text import carried, exact_image
from csctl.errors import UsageError
from csctl.profile.load import load, parse
from csctl.profile.model import Profile
from csctl.reference import ImageReference
from tests.stored import MODEL

NAME = "mcr.microsoft.com/speech/custom"
DIGEST = "sha256:" + "1a" * 32
OTHER = "sha256:" + "2b" * 32
TEXT = f"""\
# All of it.
name: ${{NAME:-contoso}}  # its name
image: {NAME}:newest
mode: disconnected
model:
  base: {{locale: en-US}}   # the newest
license:
  endpoint: https://a.example
  api_key: {{command: [vault, read, speech]}}
environment:
  TOKEN: {{env: TOKEN}}
  HERE: ${{HERE:-there}}
data: data
"""


def _profile(folder: Path, text: str = TEXT, number: int = 1) -> Profile:
    file = folder / "a.yaml"
    file.write_text(text)
    return load([file], {})[number - 1]


@pytest.mark.parametrize(
    ("asked", "resolved", "carried_"),
    [
        pytest.param(":4.12.0", ":4.12.0", ":4.12.0", id="an exact tag stays"),
        pytest.param(":newest", ":4.12.0", f":4.12.0@{DIGEST}", id="newest"),
        pytest.param(":latest", ":4.12.0", f":4.12.0@{DIGEST}", id="latest"),
        pytest.param(":latest", f"@{OTHER}", f"@{DIGEST}", id="latest without a tag"),
        pytest.param(f"@{OTHER}", f"@{OTHER}", f"@{DIGEST}", id="a digest"),
        pytest.param(
            f":4.12.0@{OTHER}", f":4.12.0@{OTHER}", f":4.12.0@{DIGEST}", id="both"
        ),
    ],
)
def test_what_is_no_exact_tag_becomes_the_digest_of_what_is_carried(
    tmp_path: Path, asked: str, resolved: str, carried_: str
) -> None:
    profile = _profile(tmp_path, TEXT.replace(":newest", asked))
    found = exact_image(profile, ImageReference.parse(NAME + resolved), DIGEST)
    assert str(found) == NAME + carried_


def test_image_and_model_become_exact_and_all_else_stays(tmp_path: Path) -> None:
    image = ImageReference.parse(f"{NAME}:4.12.0@{DIGEST}")
    text = carried(_profile(tmp_path), image, MODEL).decode()
    changed = {
        "${NAME:-contoso}": "contoso",
        f"{NAME}:newest": str(image),
        "  base: {locale: en-US}   # the newest\n": f"  id: {MODEL}\n",
    }
    wanted = TEXT
    for before, after in changed.items():
        assert before in wanted
        wanted = wanted.replace(before, after)
    assert text == wanted
    [again] = parse(text, file="a.yaml", base=tmp_path, environ={})
    assert (again.image, again.model.id, again.name) == (image, MODEL, "contoso")


def test_of_several_documents_one_is_carried_with_its_comments(tmp_path: Path) -> None:
    other = TEXT.replace("contoso", "fabrikam").replace("All", "None")
    both = f"{TEXT}---\n{other}"
    image = ImageReference.parse(f"{NAME}:4.12.0")
    for number, (mine, theirs) in enumerate(
        [("contoso", "fabrikam"), ("fabrikam", "contoso")], 1
    ):
        text = carried(_profile(tmp_path, both, number), image, MODEL).decode()
        assert f"name: {mine}" in text
        assert theirs not in text
        assert ("# All of it." in text) == (mine == "contoso")


def test_a_file_that_changed_meanwhile_is_said(tmp_path: Path) -> None:
    profile = _profile(tmp_path)
    image = ImageReference.parse(f"{NAME}:4.12.0")
    for content in (b"name: [", b"", b"\xff"):
        (tmp_path / "a.yaml").write_bytes(content)
        with pytest.raises(UsageError, match="is not what it was"):
            carried(profile, image, MODEL)
    (tmp_path / "a.yaml").unlink()
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        carried(profile, image, MODEL)
