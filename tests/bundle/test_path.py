"""Paths inside a bundle."""

from __future__ import annotations

import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.bundle import path

LONG = "x" * 100


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("HOWTO.txt", "howto"),
        ("image/oci-layout", "image"),
        ("models/5f3a/am/final.mdl", "model"),
        ("models/a/.hidden", "model"),
        ("models/a/b@c+d-e_f.1", "model"),
        ("models/1/2/3/4/5/6/7", "model"),
        (f"models/{LONG}/{LONG[:-1]}", "model"),
    ],
)
def test_a_plain_path_may_be_carried(name: str, role: str) -> None:
    assert path.fault(name, role) is None


@pytest.mark.parametrize(
    ("name", "role", "said"),
    [
        ("", "model", "no name"),
        ("/etc/passwd", "model", "no name"),
        ("models//a", "model", "no name"),
        ("models/a/", "model", "no name"),
        ("models/../etc", "model", "lead out"),
        ("models/./a", "model", "lead out"),
        ("models/a b", "model", "no name"),
        ("models/a\nb", "model", "no name"),
        ("models/a\x1b[2J", "model", r"\x1b[2J"),
        ("models/é", "model", "no name"),
        ("models/a\\b", "model", "no name"),
        ("models/" + "x" * 129, "model", "no name"),
        ("models/1/2/3/4/5/6/7/8", "model", "9 levels"),
        (f"models/{LONG}x", "model", "too long for tar"),
        (f"models/{LONG}/{LONG}/a", "model", "too long for tar"),
        (f"models/{LONG}/{LONG}/{LONG}", "model", "too long for tar"),
        ("models/a", "license", "outside of licenses/"),
        ("modelsx/a", "model", "outside of models/"),
        ("howto.txt", "howto", "is not HOWTO.txt"),
    ],
)
def test_any_other_path_is_refused_with_its_reason(
    name: str, role: str, said: str
) -> None:
    fault = path.fault(name, role)
    assert fault is not None
    assert said in fault
    assert fault.isprintable()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["models/a", "models/b"], []),
        (["models/a", "models/A"], [("models/A", "comes twice, also as models/a")]),
        (["a", "a/b"], [("a/b", "lies below a, which is a file")]),
        (["A/b", "a"], [("A/b", "lies below a, which is a file")]),
        (["a/b", "A/c"], []),
    ],
)
def test_names_that_differ_by_case_alone_clash(
    names: list[str], said: list[tuple[str, str]]
) -> None:
    assert list(path.clashes(names)) == said


@given(st.lists(st.from_regex(r"[a-z]{1,120}", fullmatch=True), min_size=1, max_size=4))
def test_tar_splits_the_same_paths(segments: list[str]) -> None:
    name = "/".join(segments)
    parts = path.split(name)
    try:
        tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT)
    except ValueError:
        assert parts is None
        return
    assert parts is not None
    prefix, rest = parts
    assert "/".join(filter(None, (prefix, rest))) == name
    assert len(rest) <= 100
    assert len(prefix) <= 155


@given(st.text())
def test_plain_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = path.plain(text, 20)
    assert shown.isprintable() or not shown
    assert shown.isascii()
