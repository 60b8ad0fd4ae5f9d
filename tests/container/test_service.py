"""The names of keys that Swarm keeps."""

from __future__ import annotations

from itertools import product

from csctl.container.service import ServiceSecret
from csctl.secret import Secret


def test_each_key_has_a_name_of_its_own_that_does_not_tell_it() -> None:
    names = {
        ServiceSecret(profile=profile, variable=variable, value=Secret(value)).name
        for profile, variable, value in product(
            ("a", "ab" * 31), ("b", "bb"), ("s3cret", "other")
        )
    }
    assert len(names) == 8
    assert all(len(name) <= 64 and "s3cret" not in name for name in names)
