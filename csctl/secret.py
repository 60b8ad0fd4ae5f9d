"""Secrets: where they come from, how they are named without being shown.

A `Secret` is shown nowhere: `str` and `repr` are masked, and the value is reached
only by `reveal()`. What must be compared or stored is its `digest`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

from csctl.errors import SecretUnavailable

MASK = "***"
_COMMAND_SECONDS = 30


class Secret:
    """A value that must not be shown."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self._value

    @property
    def digest(self) -> str:
        """`sha256:` and 16 hex digits, enough to see that a value changed."""
        return "sha256:" + hashlib.sha256(self._value.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """The secret is the value of an environment variable of csctl."""

    variable: str

    def __str__(self) -> str:
        return f"environment variable {self.variable}"


@dataclass(frozen=True, slots=True)
class FromFile:
    """The secret is a file's content without the white space around it."""

    path: Path

    def __str__(self) -> str:
        return f"file {self.path}"


@dataclass(frozen=True, slots=True)
class FromCommand:
    """The secret is what a command prints, without the white space around it."""

    argv: tuple[str, ...]

    def __str__(self) -> str:
        return f"command {self.argv[0]}"


SecretSource = FromEnvironment | FromFile | FromCommand


def read(source: SecretSource, environ: Mapping[str, str]) -> Secret:
    """Fetch a secret from its source. Raises SecretUnavailable."""
    match source:
        case FromEnvironment(variable):
            value = environ.get(variable, "")
            remedy = f"set {variable} in the environment of csctl"
        case FromFile(path):
            value, remedy = _read_file(path), f"write the key into {path}"
        case FromCommand(argv):
            value, remedy = _run(argv), f"run {argv[0]} by hand to see why"
    value = value.strip()
    if not value:
        raise SecretUnavailable(f"{source} is unset or empty", remedy=remedy)
    if not value.isprintable():
        raise SecretUnavailable(
            f"{source} gives more than one line, or control characters",
            remedy="a key is one line of printable characters",
        )
    return Secret(value)


def _read_file(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not text"
        raise SecretUnavailable(
            f"file {path} cannot be read: {reason}",
            remedy=f"check that {path} exists and that you may read it",
        ) from None


def _run(argv: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, UnicodeDecodeError, subprocess.TimeoutExpired) as exc:
        # `from None`: a TimeoutExpired holds what the command had printed so far.
        raise SecretUnavailable(
            f"command {argv[0]} gave no key: {type(exc).__name__}",
            remedy=f"run {argv[0]} by hand to see why",
        ) from None
    if done.returncode != 0:
        raise SecretUnavailable(
            f"command {argv[0]} failed with exit code {done.returncode}",
            remedy=f"run {argv[0]} by hand to see why",
        )
    return done.stdout


_NAMED_KEY = re.compile(
    r"((?:api[-_]?key|subscription[-_]?key|http_proxy_creds)\"?\s*[=:]\s*\"?)[^\s\",;]+",
    re.IGNORECASE,
)
# In JSON the `&` before it reads `\u0026`.
_SIGNATURE = re.compile(r"((?:\b|\\u0026)sig=)[^&\s\"\\]+", re.IGNORECASE)
_BLOB_QUERY = re.compile(
    r"(https?://[^\s\"'<>?/]+\.blob\.[^\s\"'<>?]+)\?[^\s\"'<>]+", re.IGNORECASE
)
_WORD = re.compile(r"[^\s\"'`,;:=&()<>{}\[\]]+=*")
_HEX = re.compile(r"%[0-9A-F]{2}")


class Redactor:
    """Takes known secrets, and what is written like one, out of text.

    A secret is found as it is, in base64 and in percent-encoding; one of which only
    the digest is known, as a word. Beside that any `ApiKey=...`, any SAS signature and
    what follows the address of a blob goes, whether its value is known or not.
    """

    def __init__(
        self, secrets: Iterable[Secret] = (), *, digests: Iterable[str] = ()
    ) -> None:
        self._digests = frozenset(digests)
        forms = {form for secret in secrets for form in _forms(secret.reveal())}
        longest_first = sorted(forms - {""}, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def __call__(self, text: str) -> str:
        text = self._known.sub(MASK, text)
        if self._digests:
            text = _WORD.sub(self._masked, text)
        # Nearly no line holds either, and a look is ten times faster than a search.
        lower = text.lower()
        if "key" in lower or "cred" in lower:
            text = _NAMED_KEY.sub(rf"\g<1>{MASK}", text)
        if ".blob." in lower:
            text = _BLOB_QUERY.sub(rf"\g<1>?{MASK}", text)
        if "g=" in lower:
            text = _SIGNATURE.sub(rf"\g<1>{MASK}", text)
        return text

    def _masked(self, word: re.Match[str]) -> str:
        return MASK if Secret(word[0]).digest in self._digests else word[0]


def _forms(value: str) -> set[str]:
    percent = {quote(value, safe=""), quote_plus(value)}
    lower = {_HEX.sub(lambda match: match[0].lower(), form) for form in percent}
    encoders = (base64.b64encode, base64.urlsafe_b64encode)
    # Without the padding, which some writers leave out.
    encoded = {encode(value.encode()).decode().rstrip("=") for encode in encoders}
    return {value} | percent | lower | encoded
