"""Colours that a colour-blind eye tells apart: blue is well, orange a warning,
vermilion wrong (after Okabe and Ito). A word or a glyph says the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

from csctl.errors import UsageError

VARIABLE = "CSCTL_THEME"
DIMMED = 0.7
"""How much of its contrast dim text keeps: enough to be read in both themes."""

DARK = Theme(
    name="csctl-dark",
    primary="#56b4e9",
    secondary="#9fb2c3",
    accent="#d98cb5",
    success="#56b4e9",
    warning="#e69f00",
    error="#f0824d",
    foreground="#e4e8ec",
    background="#10151a",
    surface="#161d24",
    panel="#212b35",
    dark=True,
    # Under the cursor all of the above is still read.
    variables={"primary-muted": "#1f3747"},
)
LIGHT = Theme(
    name="csctl-light",
    primary="#005a91",
    secondary="#465663",
    accent="#8a3d6b",
    success="#005a91",
    warning="#7a4f00",
    error="#9a3600",
    foreground="#16202a",
    background="#f6f7f8",
    surface="#eceff1",
    panel="#dde3e8",
    dark=False,
    variables={"primary-muted": "#bdd3e0"},
)
THEMES = (DARK, LIGHT)


def chosen(environ: Mapping[str, str]) -> Theme:
    """The theme that CSCTL_THEME names; dark without it. Raises UsageError."""
    named = environ.get(VARIABLE) or "dark"
    for theme in THEMES:
        if theme.name == f"csctl-{named}":
            return theme
    raise UsageError(
        f"{VARIABLE}={named} is no theme", remedy="set it to dark or light"
    )
