"""Image references, read by Docker's own rules and written in its familiar form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from csctl.errors import InvalidReference

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"
_OFFICIAL = "library/"
_NAME_LIMIT = 255

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?")
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")
_IMAGE_ID = re.compile(r"[a-f0-9]{64}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """`registry/repository:tag`, `...@sha256:...`, or both; one of the two is there.

    With both, the digest decides and the tag only tells people what it was.
    """

    registry: str
    repository: str
    """As the registry knows it: `library/` is part of an official image's name."""
    tag: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        _check_name(self.registry, self.repository)
        if self.tag is None and self.digest is None:
            raise InvalidReference(f"{self.name} has neither a tag nor a digest")
        if self.tag is not None and _TAG.fullmatch(self.tag) is None:
            raise InvalidReference(
                f"{self.tag!r} is no tag of {self.name}",
                remedy="a tag has up to 128 letters, digits, '_', '.' and '-', and"
                " starts with none of the last two",
            )
        if self.digest is not None and _DIGEST.fullmatch(self.digest) is None:
            raise InvalidReference(
                f"{self.digest!r} is no digest of {self.name}",
                remedy="write sha256: and 64 hexadecimal digits in lower case",
            )

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Read a reference; without tag and digest it means `latest`.

        Raises InvalidReference.
        """
        if _IMAGE_ID.fullmatch(text):
            raise InvalidReference(
                f"{text!r} is an image's id", remedy="name the image by its repository"
            )
        if "://" in text:
            raise InvalidReference(
                f"{text!r} is a URL", remedy=f"leave out {text.partition('://')[0]}://"
            )
        named, at, digest = text.partition("@")
        registry, path = _split_registry(named)
        repository, colon, tag = path.partition(":")
        if registry == DEFAULT_REGISTRY and "/" not in repository:
            repository = _OFFICIAL + repository
        return cls(
            registry,
            repository,
            tag if colon else None if at else DEFAULT_TAG,
            digest if at else None,
        )

    @property
    def name(self) -> str:
        """Registry and repository in the familiar form, without tag and digest."""
        if self.registry != DEFAULT_REGISTRY:
            return f"{self.registry}/{self.repository}"
        short = self.repository.removeprefix(_OFFICIAL)
        if "/" not in short:
            return short
        if _names_a_registry(self.repository.partition("/")[0]):
            return f"{self.registry}/{self.repository}"
        return self.repository

    def with_tag(self, tag: str) -> ImageReference:
        """The same image by another tag, and by no digest."""
        return ImageReference(self.registry, self.repository, tag)

    def with_digest(self, digest: str) -> ImageReference:
        """The same image by a digest, and by no tag."""
        return ImageReference(self.registry, self.repository, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return self.name + tag + digest


def _split_registry(named: str) -> tuple[str, str]:
    first, slash, rest = named.partition("/")
    if not slash or not _names_a_registry(first):
        return DEFAULT_REGISTRY, named
    return (DEFAULT_REGISTRY if first == "index.docker.io" else first), rest


def _names_a_registry(first: str) -> bool:
    return first == "localhost" or "." in first or ":" in first


def _check_name(registry: str, repository: str) -> None:
    name = f"{registry}/{repository}"
    if _REGISTRY.fullmatch(registry) is None:
        raise InvalidReference(
            f"{registry!r} in {name!r} is no registry host",
            remedy="write a host name or address, with :PORT where one is needed",
        )
    if _REPOSITORY.fullmatch(repository) is None:
        lower = repository.lower() != repository
        raise InvalidReference(
            f"{repository!r} is no repository name",
            remedy="write it in lower case"
            if lower
            else "write words of letters and digits, joined by '/', '.', '_' or '-'",
        )
    if len(name) > _NAME_LIMIT:
        raise InvalidReference(
            f"{name[:40]}... is {len(name)} characters long",
            remedy=f"registry and repository have at most {_NAME_LIMIT} characters",
        )


SPEECH_TO_TEXT = ImageReference(
    "mcr.microsoft.com",
    "azure-cognitive-services/speechservices/custom-speech-to-text",
    "newest",
)
"""Microsoft's own image, where no other is named."""
