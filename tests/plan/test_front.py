"""What is to be done about a front: situations, and the plan for each as its text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csctl.errors import SecretUnavailable
from csctl.front import server
from csctl.front.server import VACANT, Server
from csctl.plan.front import ObservedFront, file_text, front_spec, reconcile_front
from csctl.plan.observed import Observed
from csctl.profile.model import Front, Profile
from csctl.reference import ImageReference
from csctl.secret import Secret
from tests.container.observing import running
from tests.plan.situation import CONNECTED, IMAGE_ID, fresh, image, profile

P = profile(CONNECTED, replicas=2)
HOSTS = ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
GONE = SecretUnavailable("contoso: front.secret: variable S is unset")


def front_of(wanted: Profile) -> Front:
    assert wanted.fronted_by is not None
    return wanted.fronted_by


def servers(*hosts: str) -> tuple[Server, ...]:
    every = (*hosts, *(VACANT for _ in range(server.PLACES - len(hosts))))
    return tuple(
        Server(
            place=server.place(n),
            host=host,
            address=None,
            up=True,
            draining=False,
            sessions=0,
        )
        for n, host in enumerate(every, 1)
    )


def nothing(wanted: Profile = P, **changes: Any) -> ObservedFront:
    """A host that has nothing of a front yet."""
    own = fresh(wanted, reference=front_of(wanted).image, model_id=None)
    seen = ObservedFront(
        seen=own,
        folder=Path("/d/.csctl/contoso.front"),
        user="0:0",
        replicas=("contoso-1", "contoso-2"),
        hosts=HOSTS,
        servers=None,
        written=None,
        renewed=False,
        secret=None,
        problem=None,
    )
    return dataclasses.replace(seen, **changes)


def settled(wanted: Profile = P, **changes: Any) -> ObservedFront:
    """A host on which the front runs and knows its replicas."""
    seen = nothing(wanted, servers=servers(*HOSTS))
    spec = front_spec(wanted, front_of(wanted), seen)
    own = dataclasses.replace(
        seen.seen,
        image=image(),
        serving=running(spec, IMAGE_ID),
        applied=spec.fields(),
    )
    seen = dataclasses.replace(seen, seen=own)
    written = file_text(wanted, front_of(wanted), seen)
    return dataclasses.replace(seen, **({"written": written} | changes))


def own(seen: ObservedFront, **changes: Any) -> ObservedFront:
    return dataclasses.replace(seen, seen=dataclasses.replace(seen.seen, **changes))


def stopped(seen: Observed) -> Any:
    assert seen.serving is not None
    return dataclasses.replace(seen.serving, state="exited")


GUARDED = profile(CONNECTED, replicas=2, front={"secret": {"env": "S"}})
BOUNDED = profile(CONNECTED, replicas=2, resources={"decoders": 3})
OTHER = profile(CONNECTED, replicas=2, front={"image": "haproxy:3.2"})

CASES: dict[str, tuple[Profile, Callable[[], ObservedFront], str]] = {
    "nothing is there": (
        P,
        nothing,
        """
  *   pull-image haproxy:lts: the Engine does not have it
  +   create contoso: there is no such container
  *   start contoso: it is to serve""",
    ),
    "all is well": (P, settled, "\n  nothing to do"),
    "it is stopped": (
        P,
        lambda: own(settled(servers=None), serving=stopped(settled().seen)),
        "\n  *   start contoso: it is exited",
    ),
    "a replica is new": (
        P,
        lambda: settled(hosts=(*HOSTS, "cccccccccccc")),
        "\n  ~   update contoso: it does not know cccccccccccc",
    ),
    "a replica is gone": (
        P,
        lambda: settled(hosts=HOSTS[:1]),
        "\n  ~   update contoso: it knows bbbbbbbbbbbb, which is gone",
    ),
    "its file was changed": (
        P,
        lambda: settled(written="global\n"),
        "\n  ~   update contoso: its configuration file says something else",
    ),
    "its certificate is another one": (
        P,
        lambda: settled(renewed=True),
        "\n  ~   update contoso: its certificate was renewed",
    ),
    "other bounds on sessions need no other front": (
        BOUNDED,
        settled,
        "\n  ~   update contoso: its configuration file says something else",
    ),
    "another image": (
        OTHER,
        lambda: own(
            settled(), image=None, reference=ImageReference.parse("haproxy:3.2")
        ),
        """
  *   pull-image haproxy:3.2: the Engine does not have it
  -/+ replace contoso: the image differs
        image: haproxy:lts -> haproxy:3.2""",
    ),
    "a secret that cannot be read": (
        GUARDED,
        lambda: nothing(GUARDED, problem=GONE),
        """
  *   pull-image haproxy:lts: the Engine does not have it
  +   create contoso: there is no such container
  *   start contoso: it is to serve
  ! contoso: front.secret: variable S is unset""",
    ),
    "the port is taken": (
        P,
        lambda: own(nothing(), port_taken_by="another process of this host"),
        """
  *   pull-image haproxy:lts: the Engine does not have it
  +   create contoso: there is no such container
  *   start contoso: it is to serve
  ! port 127.0.0.1:5000 is taken by another process of this host""",
    ),
}


@pytest.mark.parametrize(
    ("wanted", "situation", "expected"), CASES.values(), ids=CASES.keys()
)
def test_the_plan(
    wanted: Profile, situation: Callable[[], ObservedFront], expected: str
) -> None:
    plan = reconcile_front(wanted, front_of(wanted), situation(), others_change=False)
    assert str(plan) == f"contoso:{expected}"


def test_replicas_that_are_to_come_will_be_told_of() -> None:
    plan = reconcile_front(P, front_of(P), settled(), others_change=True)
    assert str(plan) == "contoso:\n  ~   update contoso: its replicas change"


def test_the_secret_is_a_variable_and_a_digest_in_the_label() -> None:
    seen = nothing(GUARDED, secret=Secret("hush"))
    spec = front_spec(GUARDED, front_of(GUARDED), seen)
    assert spec.environment == {"FRONT_SECRET": Secret("hush")}
    assert "hush" not in spec.label() + file_text(GUARDED, front_of(GUARDED), seen)


def test_certificates_are_seen_as_a_folder_so_that_a_new_one_is_found() -> None:
    secure = profile(CONNECTED, front={"tls": "/etc/pki/front.pem"})
    spec = front_spec(secure, front_of(secure), nothing(secure))
    [mount] = [one for one in spec.mounts if one.target == "/etc/csctl-tls"]
    assert (mount.source, mount.read_only) == (Path("/etc/pki"), True)
