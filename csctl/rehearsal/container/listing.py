"""The modes that list what there is. A listing that went well ends with `[Fatal]`."""

from __future__ import annotations

from . import account, catalog, dialects
from .settings import Settings


def run(settings: Settings, exit_code: int) -> int:
    """List display models where types were named, base models where not."""
    account.check(settings, "Failed to search available models")
    if settings.display_types:
        _list_display_models(settings.display_types, settings.base_model_locale)
    else:
        _list_base_models(settings.base_model_locale)
    return exit_code


def _list_base_models(locale: str) -> None:
    dialects.script(f"Checking available base model for {locale}")
    dialects.tool(f"[Info] Searching available base models for {locale}")
    for model in catalog.base_models(locale):
        dialects.tool(
            f"[Info] [Base model] Locale: {model.locale},"
            f" CreatedDate: {model.created}, Id: {model.id}"
        )
    dialects.tool(
        "[Fatal] Please run this tool again and assign --modelId '<one above base"
        " model id>'. If no model id listed above, it means currently there is no"
        f" available base model for {locale}"
    )


def _list_display_models(types: tuple[str, ...], locale: str) -> None:
    # Inferred: no output of the real display listing is known. These lines follow
    # those of the base models.
    dialects.script(f"Checking available display model for {locale}")
    dialects.tool(f"[Info] Searching available display models for {locale}")
    for kind in types:
        if (model := catalog.display_model(kind, locale)) is not None:
            dialects.tool(
                f"[Info] [Display model] Type: {kind}, Locale: {model.locale},"
                f" CreatedDate: {model.created}, Id: {model.id}"
            )
    dialects.tool(
        "[Fatal] Please run this tool again and assign one above display model id."
        " If no model id listed above, it means currently there is no available"
        f" display model for {locale}"
    )
