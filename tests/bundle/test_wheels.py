"""Which platforms pip is asked for, when csctl is packed for another host."""

from __future__ import annotations

import pytest

from csctl.bundle.wheels import Target, platforms


@pytest.mark.parametrize(
    ("platform", "asked"),
    [
        (
            "manylinux_2_19_aarch64",
            [
                "manylinux_2_19_aarch64",
                "manylinux_2_18_aarch64",
                "manylinux_2_17_aarch64",
                "manylinux2014_aarch64",
            ],
        ),
        ("manylinux2014_x86_64", ["manylinux2014_x86_64"]),
        ("macosx_14_0_arm64", ["macosx_14_0_arm64"]),
    ],
    ids=["by-libc", "by-year", "another"],
)
def test_wheels_for_an_older_libc_are_asked_for_too(
    platform: str, asked: list[str]
) -> None:
    assert list(platforms(Target(platform=platform))) == asked
