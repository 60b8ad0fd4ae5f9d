"""What the container was started with: the documented settings, and the knobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import NamedTuple, TypeVar

from . import faults

DISPLAY_TYPES = ("Punct", "Rescore", "Resegment", "Wfstitn")
FAILURES = frozenset(
    (
        "bad-key",
        "crash-after-ready",
        "never-ready",
        "no-model",
        "out-of-memory",
        "unwritable",
    )
)
_NAMES = (
    "ApiKey",
    "BaseModelLocale",
    "Billing",
    "DECODER_MAX_COUNT",
    "DisplayLocale",
    "DownloadLicense",
    "Eula",
    "ModelId",
    "Mounts:License",
    "Mounts:Output",
    *(f"{kind}Id" for kind in DISPLAY_TYPES),
)
_BY_FOLDED = {name.lower(): name for name in _NAMES}

FIXED_TEXT = "This is a rehearsal, nothing was recognised."

_T = TypeVar("_T")


class Settings(NamedTuple):
    """The documented settings. Names count in any case, values as they were given."""

    eula: str
    billing: str
    api_key: str
    model_id: str
    base_model_locale: str
    display_locale: str
    display_types: tuple[str, ...]
    display_ids: tuple[tuple[str, str], ...]
    """Pairs of type and id."""
    download_license: bool
    license: str
    output: str
    decoders: str
    conflicts: tuple[str, ...]
    """Names that argument and environment give different values."""

    @classmethod
    def read(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
        """Arguments are `Key=Value` or a bare word; the environment goes before them.

        Names in the environment may hold `__` in place of `:`.
        """
        given = _known(tuple(word.split("=", 1)) for word in arguments if "=" in word)
        variables = _known(
            (name.replace("__", ":"), value) for name, value in environment.items()
        )
        values = given | variables
        words = {word.lower() for word in arguments}
        full = "fulldisplay" in words
        return cls(
            eula=values.get("Eula", ""),
            billing=values.get("Billing", ""),
            api_key=values.get("ApiKey", ""),
            model_id=values.get("ModelId", ""),
            base_model_locale=values.get("BaseModelLocale", ""),
            display_locale=values.get("DisplayLocale", ""),
            display_types=tuple(
                kind for kind in DISPLAY_TYPES if full or kind.lower() in words
            ),
            display_ids=tuple(
                (kind, values[f"{kind}Id"])
                for kind in DISPLAY_TYPES
                if f"{kind}Id" in values
            ),
            download_license=values.get("DownloadLicense", "").lower() == "true",
            license=values.get("Mounts:License", "/license"),
            output=values.get("Mounts:Output", "/output"),
            decoders=values.get("DECODER_MAX_COUNT", "10"),
            conflicts=tuple(
                name
                for name in sorted(given.keys() & variables.keys())
                if given[name] != variables[name]
            ),
        )

    @property
    def wants_display(self) -> bool:
        """Whether anything was said about display models."""
        return bool(self.display_types or self.display_ids or self.display_locale)


def _known(pairs: Iterable[tuple[str, ...]]) -> dict[str, str]:
    return {
        _BY_FOLDED[name.lower()]: value
        for name, value in pairs
        if name.lower() in _BY_FOLDED
    }


class InvalidKnob(Exception):
    """A knob has a value that means nothing."""


class Knobs(NamedTuple):
    """What nobody knows of the real container, or what a test must provoke."""

    version: str
    """The image's tag, which the image itself sets."""
    load_seconds: float
    model_bytes: int
    license_exits: bool
    license_days: float
    list_exit_code: int
    echo_key: bool
    text: str
    """What every utterance is, where nothing is recognised."""
    streams: int
    """Conversations about speech at once; 0 is no limit."""
    capacity: float
    """Seconds of audio that are decoded in a second; 0 is no limit."""
    speech_fault: str
    """A name of `faults.NAMES`, or empty."""
    failures: frozenset[str]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Knobs:
        """Every knob has a default. Raises InvalidKnob."""
        failures = environment.get("REHEARSAL_FAIL", "").replace(" ", "")
        wanted = frozenset(filter(None, failures.split(",")))
        _check_known("FAIL", wanted, FAILURES)
        fault = environment.get("REHEARSAL_SPEECH_FAULT", "")
        _check_known("SPEECH_FAULT", {fault} - {""}, faults.NAMES)

        def knob(name: str, default: str, convert: Callable[[str], _T]) -> _T:
            text = environment.get(f"REHEARSAL_{name}", default)
            try:
                return convert(text)
            except (ValueError, KeyError) as error:
                raise InvalidKnob(f"REHEARSAL_{name}: {text!r} is no value") from error

        return cls(
            version=environment.get("REHEARSAL_VERSION", "0.0.0"),
            load_seconds=knob("LOAD_SECONDS", "0.3", float),
            model_bytes=knob("MODEL_BYTES", str(1 << 20), int),
            license_exits=knob("LICENSE_EXITS", "1", _SWITCH.__getitem__),
            license_days=knob("LICENSE_DAYS", "30", float),
            list_exit_code=knob("LIST_EXIT_CODE", "1", int),
            echo_key=knob("ECHO_KEY", "0", _SWITCH.__getitem__),
            text=knob("TEXT", FIXED_TEXT, str),
            streams=knob("STREAMS", "0", int),
            capacity=knob("CAPACITY", "0", float),
            speech_fault=fault,
            failures=wanted,
        )

    def fails(self, failure: str) -> bool:
        """Whether this failure was asked for."""
        return failure in self.failures


def _check_known(name: str, wanted: Set[str], known: Set[str]) -> None:
    if unknown := wanted - known:
        raise InvalidKnob(
            f"REHEARSAL_{name}: {', '.join(sorted(unknown))}: not one of"
            f" {', '.join(sorted(known))}"
        )


_SWITCH = {"0": False, "1": True}
