"""The JSON Schema of a profile, for editors."""

from __future__ import annotations

from typing import Any

from csctl.profile.model import Profile
from csctl.profile.secret_form import SECRET_SCHEMA
from csctl.profile.section import Section


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one profile.

    It is as strict as a schema can be about keys and types, and looser than `load`
    about the rules between keys.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "csctl profile",
        "description": "What an operator wants of one speech container.",
        **Section(Profile).schema(),
        "$defs": {
            "secret": SECRET_SCHEMA,
            "variable": {
                "description": "Text with a variable, such as ${PORT:-5000}.",
                "type": "string",
                "pattern": r"\$\{",
            },
        },
    }
