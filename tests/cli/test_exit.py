"""Exit codes: one for each class of errors, and the worst of several."""

from __future__ import annotations

import inspect
import random
import re
from itertools import pairwise

import pytest

from csctl import errors
from csctl.cli import exit as exits
from csctl.errors import CsctlError

CODES: dict[type[CsctlError], int] = {
    errors.CsctlError: 1,
    errors.UsageError: 2,
    errors.ProfileError: 2,
    errors.InvalidReference: 2,
    errors.InvalidValue: 2,
    errors.SecretUnavailable: 2,
    errors.EngineError: 1,
    errors.EngineUnavailable: 3,
    errors.ImageNotFound: 1,
    errors.ContainerNotFound: 1,
    errors.Conflict: 1,
    errors.NotManaged: 1,
    errors.RegistryError: 4,
    errors.RegistryUnavailable: 4,
    errors.RepositoryNotFound: 4,
    errors.AccessRefused: 4,
    errors.PlatformMissing: 4,
    errors.AzureError: 4,
    errors.AzureUnavailable: 4,
    errors.NoSuchEntity: 4,
    errors.JobFailed: 1,
    errors.SpeechError: 1,
    errors.ClockBehind: 1,
    errors.DownloadError: 8,
    errors.BundleError: 8,
    errors.NotReady: 5,
    errors.RolledBack: 1,
    errors.LicenseError: 7,
    errors.OwnershipError: 1,
    errors.LockHeld: 9,
}


@pytest.mark.parametrize(("kind", "code"), CODES.items(), ids=lambda one: str(one))
def test_a_class_of_errors_has_its_code(kind: type[CsctlError], code: int) -> None:
    assert exits.code_of(kind) == code


def test_every_class_of_errors_is_in_this_table() -> None:
    written = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, CsctlError)
    }
    assert written == set(CODES)


def test_a_class_that_is_made_later_has_the_code_of_its_base() -> None:
    class Narrower(errors.RegistryUnavailable):
        pass

    assert exits.code_of(Narrower) == 4


# 2 stands before the order of the contract, and 0 behind it.
ORDER = (2, 1, 8, 7, 5, 4, 3, 9, 6, 0)


@pytest.mark.parametrize(("worse", "better"), list(pairwise(ORDER)))
def test_the_worse_of_two_codes_counts(worse: int, better: int) -> None:
    assert exits.worst([better, worse, better]) == worse
    assert exits.worst([worse, better]) == worse


def test_the_worst_does_not_depend_on_the_order() -> None:
    codes = list(ORDER)
    for _ in range(20):
        random.shuffle(codes)
        assert exits.worst(codes) == 2
    assert exits.worst([130, *codes]) == 130
    assert exits.worst([]) == 0


def test_the_table_names_every_code_and_the_order() -> None:
    rows = re.findall(r"^  (\d+) +\S", exits.TABLE, re.MULTILINE)
    assert [int(row) for row in rows] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130, 143]
    listed = re.search(r"in the order ([\d, ]+)\.", exits.TABLE)
    assert listed is not None
    assert tuple(map(int, listed[1].split(", "))) == ORDER[:-1]
