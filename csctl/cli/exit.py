"""The exit codes: the command line's contract with scripts."""

from __future__ import annotations

from collections.abc import Iterable

from csctl import errors

DONE = 0
FAILED = 1
USAGE = 2
NO_ENGINE = 3
REMOTE = 4
NOT_READY = 5
PENDING = 6
LICENSE = 7
CORRUPT = 8
LOCKED = 9
INTERRUPTED = 130
TERMINATED = 143

TABLE = """\
Exit codes:
  0    done, nothing to do, or all well
  1    failed, or rolled back to what was there before
  2    wrong usage or profile, or confirmation impossible
  3    no Engine
  4    registry or Azure refused, or not reached
  5    not ready in time
  6    changes pending (plan), drift (status --check), wrong ownership (mount check)
  7    license missing, mismatched, expired or due
  8    a bundle or a download is not what it claims to be
  9    another csctl holds the lock
  130  interrupted
  143  terminated
Of several profiles the worst counts, in the order 2, 1, 8, 7, 5, 4, 3, 9, 6."""

_WORST_FIRST = (
    INTERRUPTED,
    TERMINATED,
    USAGE,
    FAILED,
    CORRUPT,
    LICENSE,
    NOT_READY,
    REMOTE,
    NO_ENGINE,
    LOCKED,
    PENDING,
    DONE,
)
OF_PROFILES = frozenset(_WORST_FIRST) - {INTERRUPTED, TERMINATED}
"""What csctl can say of profiles; the others say that it was stopped."""
# The first match counts, so narrower classes come first.
_CODES: tuple[tuple[type[errors.CsctlError], int], ...] = (
    (errors.UsageError, USAGE),
    (errors.ProfileError, USAGE),
    (errors.InvalidReference, USAGE),
    (errors.InvalidValue, USAGE),
    (errors.SecretUnavailable, USAGE),
    (errors.EngineUnavailable, NO_ENGINE),
    (errors.RegistryError, REMOTE),
    (errors.AzureError, REMOTE),
    (errors.NotReady, NOT_READY),
    (errors.LicenseError, LICENSE),
    (errors.DownloadError, CORRUPT),
    (errors.BundleError, CORRUPT),
    (errors.LockHeld, LOCKED),
)


def code_of(kind: type[errors.CsctlError]) -> int:
    """The exit code of a class of errors."""
    return next((code for base, code in _CODES if issubclass(kind, base)), FAILED)


def worst(codes: Iterable[int]) -> int:
    """The code that counts of several."""
    return min(codes, key=_WORST_FIRST.index, default=DONE)
