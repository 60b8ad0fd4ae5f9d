"""The modes that fetch display models: by exact ids, or the newest of a locale."""

from __future__ import annotations

from . import account, catalog, dialects, model
from .disk import Disk
from .settings import Settings

_FIRST_VERSION = (3, 1, 0)
_SIZE = 1 << 16


def check_support(version: str) -> None:
    """End where the image is older than display models."""
    release = tuple(int(part) for part in version.partition("-")[0].split("."))
    if release < _FIRST_VERSION:
        dialects.fatal(f"Display models are not supported by version {version}")


def download(settings: Settings, root: str, disk: Disk) -> None:
    """Fetch what was asked for below `root`; ids go before a locale."""
    wanted = settings.display_ids or _newest(settings)
    account.check(settings, "Failed to fetch manifest")
    for kind, display_id in wanted:
        if not catalog.has_display_model(display_id):
            model.refuse(display_id)
        path = f"{root}/{kind.lower()}/{display_id}/model.bin"
        dialects.tool(f"[Info] Downloading display model {kind}, Id: {display_id}")
        model.fetch(path, _SIZE, display_id, disk)


def _newest(settings: Settings) -> tuple[tuple[str, str], ...]:
    if not settings.display_types or not settings.display_locale:
        dialects.fatal(
            "DisplayLocale and FullDisplay, or a subset of Rescore Punct Resegment"
            " Wfstitn, must be specified together"
        )
    found = [
        (kind, offer.id)
        for kind in settings.display_types
        if (offer := catalog.display_model(kind, settings.display_locale))
    ]
    if not found:
        dialects.fatal(
            f"There is no available display model for {settings.display_locale}"
        )
    return tuple(found)
