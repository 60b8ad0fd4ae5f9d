"""Colours: text is read against what is behind it, in both themes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from csctl.errors import UsageError
from csctl.tui.theme import DARK, DIMMED, LIGHT, THEMES, chosen

LEAST = 4.5
"""What the accessibility guidelines ask of text."""
TEXT = (
    "foreground",
    "primary",
    "secondary",
    "accent",
    "success",
    "warning",
    "error",
)
BEHIND = ("background", "surface", "panel")
CURSOR = "primary-muted"


def _luminance(color: Color) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, color.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: Color, other: Color) -> float:
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _color(theme: Theme, name: str) -> Color:
    return Color.parse(theme.to_color_system().generate()[name])


@pytest.fixture(params=THEMES, ids=lambda theme: theme.name)
def theme(request: pytest.FixtureRequest) -> Theme:
    return request.param  # type: ignore[no-any-return]


def test_black_on_white_has_the_contrast_that_is_known() -> None:
    assert _contrast(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21)


@pytest.mark.parametrize("behind", [*BEHIND, CURSOR])
@pytest.mark.parametrize("text", TEXT)
def test_text_is_read(theme: Theme, text: str, behind: str) -> None:
    assert _contrast(_color(theme, text), _color(theme, behind)) >= LEAST


@pytest.mark.parametrize("behind", BEHIND)
def test_dim_text_is_read(theme: Theme, behind: str) -> None:
    ground = _color(theme, behind)
    dim = ground.blend(_color(theme, "foreground"), DIMMED)
    assert _contrast(dim, ground) >= LEAST


@pytest.mark.parametrize("key", ["footer-key-foreground", "footer-foreground"])
def test_the_footer_is_read(theme: Theme, key: str) -> None:
    ground = _color(theme, "footer-background")
    assert _contrast(_color(theme, key), ground) >= LEAST


@pytest.mark.parametrize("kind", ["success", "warning", "error"])
def test_the_title_of_a_notice_is_read(theme: Theme, kind: str) -> None:
    ground = _color(theme, "panel-lighten-1")
    assert _contrast(_color(theme, f"text-{kind}"), ground) >= LEAST


def test_the_row_with_the_cursor_is_told_from_the_others(theme: Theme) -> None:
    assert _contrast(_color(theme, CURSOR), _color(theme, "background")) >= 1.3


@pytest.mark.parametrize("system", [ColorSystem.STANDARD, ColorSystem.EIGHT_BIT])
def test_it_is_told_from_them_on_a_terminal_of_few_colours(
    theme: Theme, system: ColorSystem
) -> None:
    cursor, ground = (
        _color(theme, name).rich_color.downgrade(system)
        for name in (CURSOR, "background")
    )
    assert cursor.number != ground.number


def test_well_and_wrong_differ_for_who_sees_no_red_and_green(theme: Theme) -> None:
    well, wrong = _color(theme, "success"), _color(theme, "error")
    # What is left to them is mostly how blue a colour is.
    assert well.b - wrong.b >= 100


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, DARK),
        ({"CSCTL_THEME": ""}, DARK),
        ({"CSCTL_THEME": "dark"}, DARK),
        ({"CSCTL_THEME": "light"}, LIGHT),
    ],
    ids=str,
)
def test_the_environment_chooses_the_theme(
    environ: Mapping[str, str], expected: Theme
) -> None:
    assert chosen(environ) is expected


def test_a_theme_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        chosen({"CSCTL_THEME": "pink"})
    assert caught.value.message == "CSCTL_THEME=pink is no theme"
    assert caught.value.remedy == "set it to dark or light"
