"""A profile's text as a bundle carries it: exact, and otherwise as it was written."""

from __future__ import annotations

from csctl.errors import UsageError
from csctl.profile.edit import edit
from csctl.profile.model import Profile, Source
from csctl.reference import ImageReference


def exact_image(
    profile: Profile, resolved: ImageReference, digest: str
) -> ImageReference:
    """The image that a carried profile names: an exact tag stays, all else is a digest.

    The digest is that of the manifest in the bundle, which is not the index above it.
    """
    asked = profile.image
    if asked.digest is None and asked.tag == resolved.tag:
        return asked
    return ImageReference(
        resolved.registry, resolved.repository, resolved.tag, digest=digest
    )


def carried(profile: Profile, image: ImageReference, model_id: str) -> bytes:
    """The text of a profile with its image and its model exact; comments stay.

    Sources of keys stay, too: they are for the other host to read. Raises ProfileError,
    UsageError where its file is not what it was.
    """
    file = profile.source.file
    changes: dict[str, str | None] = {
        "name": profile.name,
        "image": str(image),
        "model.id": model_id,
        "model.base": None,
    }
    if profile.host is not None:
        # What its variables hold on the other host is another thing.
        changes["host"] = str(profile.host)
    return edit(_document(profile.source), changes, file=str(file)).encode()


def _document(source: Source) -> str:
    """The YAML document that a profile was read from, with the comments around it."""
    import yaml

    try:
        text = source.file.read_text(encoding="utf-8-sig")
        starts = [
            event.start_mark.index
            for event in yaml.parse(text, Loader=yaml.SafeLoader)
            if isinstance(event, yaml.DocumentStartEvent)
            and event.start_mark is not None
        ]
        # Comments before the first document belong to it.
        starts[0] = 0
        ends = [*starts[1:], len(text)]
        return text[starts[source.document - 1] : ends[source.document - 1]]
    except OSError as exc:
        reason = f"cannot be read: {exc.strerror}"
    except (yaml.YAMLError, UnicodeDecodeError, IndexError):
        reason = "is not what it was"
    raise UsageError(
        f"profile {source.file} {reason}", remedy="run the same command again"
    )
