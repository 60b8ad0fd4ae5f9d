"""What is to be done about a service: situations, and the plan for each as its text."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from csctl.container.service import Service, Task
from csctl.container.spec import UnknownSecret
from csctl.errors import NotReady, SecretUnavailable, UsageError
from csctl.plan import steps
from csctl.plan.steps import Plan
from csctl.plan.swarm import (
    ObservedService,
    failure,
    lacking,
    reconcile_service,
    rollout,
    service_spec,
    went_back,
)
from csctl.profile.model import Profile
from csctl.secret import Secret
from tests.plan.situation import CONNECTED, DISCONNECTED, image, profile
from tests.plan.swarm_situation import (
    NODES,
    P,
    alone,
    deploy_of,
    node,
    running,
    service,
    spec,
    task,
)

STOP_FIRST = {"engine": "swarm", "update": {"order": "stop-first"}}


def changed(**changes: Any) -> Profile:
    written = {"port": "0.0.0.0:5000", "replicas": 2, "deploy": {"engine": "swarm"}}
    return profile(CONNECTED, **written | changes)


def plan(seen: ObservedService, wanted: Profile = P) -> Plan:
    return reconcile_service(wanted, deploy_of(wanted), seen)


def test_a_service_that_is_as_it_should_be_is_left_alone() -> None:
    assert str(plan(running())) == "contoso:\n  nothing to do"


def test_without_a_service_one_is_created() -> None:
    made = plan(alone())
    assert str(made) == "contoso:\n  +   create contoso: there is no such service"
    [step] = made.steps
    assert isinstance(step, steps.CreateService)
    assert step.spec == spec()
    assert (
        "whether model and license lie on node0, node1, node2 is looked at by apply"
        in made.notes
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"replicas": 1}, "deploy.replicas: 2 -> 1"),
        ({"labels": {"a": "b"}}, "labels.a: none -> b"),
        ({"port": "0.0.0.0:5001"}, "port: 0.0.0.0:5000 -> 0.0.0.0:5001"),
        ({"restart": "no"}, "restart: always -> no"),
        (
            {"deploy": {"engine": "swarm", "update": {"order": "stop-first"}}},
            "deploy.update: start-first, rollback, watched 1m"
            " -> stop-first, rollback, watched 1m",
        ),
        (
            {"deploy": {"engine": "swarm", "placement": ["node.role==worker"]}},
            "deploy.placement: none -> node.role==worker",
        ),
        (
            {"image": "csctl/rehearsal:5.0.1-amd64"},
            "image: csctl/rehearsal:4.12.0-amd64 -> csctl/rehearsal:5.0.1-amd64",
        ),
    ],
)
def test_a_changed_profile_updates_the_service(
    changes: dict[str, Any], field: str
) -> None:
    wanted = changed(**changes)
    seen = alone(wanted, service=service(spec()))
    assert field in str(plan(seen, wanted))
    assert [step.action for step in plan(seen, wanted).steps] == ["update"]


def test_what_was_changed_behind_csctls_back_is_undone() -> None:
    seen = running(service=service(spec(), replicas=5))
    assert str(plan(seen)) == (
        "contoso:\n"
        "  ~   update contoso: the service was changed behind csctl's back\n"
        "        deploy.replicas: 5 -> 2"
    )


def test_containers_that_served_before_give_way() -> None:
    seen = alone(containers=("contoso", "contoso-1"))
    assert [f"{s.action} {s.target}" for s in plan(seen).steps] == [
        "remove contoso",
        "remove contoso-1",
        "create contoso",
    ]


def test_a_foreign_service_of_the_name_is_left_alone() -> None:
    seen = running(service=service(spec(), labels={}))
    [problem, *_] = plan(seen).problems
    assert "is taken by a service" in problem.message


@pytest.mark.parametrize(
    ("wanted", "nodes", "sentence"),
    [
        (changed(replicas=4), NODES, "4 replicas are wanted, and 3 nodes may run one"),
        (
            changed(replicas=3, labels={"a": "b"}),
            NODES,
            "a new task is to start before the old one stops, and all 3 nodes",
        ),
        (P, (node(0), node(1, state="down")), "and 1 nodes may run one"),
    ],
)
def test_each_node_has_the_port_once(
    wanted: Profile, nodes: tuple[Any, ...], sentence: str
) -> None:
    old = service(spec(changed(replicas=3)))
    [problem] = plan(alone(wanted, service=old, nodes=nodes), wanted).problems
    assert sentence in problem.message
    assert isinstance(problem, UsageError)


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": {"a": "b"}, "deploy": STOP_FIRST},
        {"labels": {"a": "b"}, "port": "0.0.0.0:5001"},
        {},
    ],
    ids=["stop-first", "another port", "only scaled"],
)
def test_no_node_more_is_taken_where_no_port_is_wanted_twice(
    changes: dict[str, Any],
) -> None:
    wanted = changed(replicas=3, **changes)
    deploy = changes.get("deploy", {"engine": "swarm"})
    seen = alone(wanted, service=service(spec(changed(replicas=2, deploy=deploy))))
    assert [step.action for step in plan(seen, wanted).steps] == ["update"]
    assert plan(seen, wanted).problems == ()


def test_a_key_that_cannot_be_read_is_no_difference_and_bars_a_change() -> None:
    problem = SecretUnavailable("contoso: SPEECH_KEY is unset")
    seen = running()
    own = dataclasses.replace(
        seen.seen, billing_key=UnknownSecret(), billing_problem=problem
    )
    seen = dataclasses.replace(seen, seen=own)
    assert plan(seen).steps == ()
    assert plan(seen).problems == ()
    gone = dataclasses.replace(seen, service=None)
    assert plan(gone).problems == (problem,)


def test_keys_are_secrets_unless_the_profile_says_otherwise() -> None:
    [hidden] = spec().secrets
    assert (hidden.variable, hidden.value) == ("ApiKey", Secret("s3cret"))
    assert len(hidden.name) < 64
    deploy = {"engine": "swarm", "keys": "environment"}
    assert spec(changed(deploy=deploy)).secrets == ()
    served = profile(DISCONNECTED, port="0.0.0.0:5000", deploy={"engine": "swarm"})
    assert spec(served).secrets == ()


def test_an_image_of_a_registry_is_the_same_on_every_node() -> None:
    digest = "sha256:" + "2b" * 32
    pulled = dataclasses.replace(
        image(),
        digests=(f"other/image@sha256:{'3c' * 32}", f"csctl/rehearsal@{digest}"),
    )
    made = service_spec(P, deploy_of(P), spec().container, pulled)
    assert made.container.image == f"csctl/rehearsal:4.12.0-amd64@{digest}"


def test_a_node_that_cannot_be_reached_is_told() -> None:
    seen = running(nodes=(node(0), node(1), node(2, state="down")))
    assert "node2 cannot be reached: nothing is known of its files" in plan(seen).notes


READY = frozenset({"task-1", "task-2"})
OLD = task(3, template="old")


@pytest.mark.parametrize(
    ("tasks", "answering", "update", "done"),
    [
        ((task(1), task(2)), READY, None, True),
        ((task(1), task(2)), READY, "completed", True),
        ((task(1), task(2)), READY, "rollback_completed", True),
        ((task(1), task(2)), READY, "updating", False),
        ((task(1), task(2)), {"task-1"}, None, False),
        ((task(1), OLD), READY | {"task-3"}, None, False),
        ((task(1), task(2, wanted="shutdown")), READY, None, False),
    ],
)
def test_a_service_is_there_when_all_newest_tasks_are_ready(
    tasks: tuple[Task, ...], answering: frozenset[str], update: str | None, done: bool
) -> None:
    seen = service(spec(), update=update)
    assert rollout(seen, tasks, answering).done is done


def _failed(*numbers: int) -> tuple[Task, ...]:
    return tuple(
        task(n, state="failed", wanted="shutdown", error="non-zero exit (1)")
        for n in numbers
    )


@pytest.mark.parametrize(
    ("update", "tasks", "sentence"),
    [
        (None, _failed(0, 1), None),
        (None, _failed(0, 1, 2), "its tasks fail again and again"),
        ("updating", _failed(0, 1, 2), None),
        ("paused", _failed(0), "Swarm stopped its update half-way"),
        ("rollback_paused", (), "Swarm stopped its update half-way"),
        ("rollback_started", _failed(0, 1, 2), None),
    ],
)
def test_waiting_ends_where_it_is_of_no_use(
    update: str | None, tasks: tuple[Task, ...], sentence: str | None
) -> None:
    seen = service(spec(), update=update)
    error = failure(seen, tasks, NODES, rollout(seen, tasks, ()))
    if sentence is None:
        assert error is None
    else:
        assert isinstance(error, NotReady)
        assert sentence in error.message
        for one in tasks:
            assert f"node{one.id[-1]}: non-zero exit (1)" in error.message


def test_what_failed_is_told_of_a_rolled_back_update() -> None:
    seen: Service = service(spec(), update="rollback_completed")
    told = went_back(seen, (*_failed(1), *_failed(1), task(2)), NODES).message
    assert told.count("node1: non-zero exit (1)") == 1
    assert "node2" not in told


def test_a_node_lacks_what_it_rejects() -> None:
    absent = task(1, state="rejected", error="bind source path does not exist: /d")
    no_program = task(2, state="failed", error="exec: /csctl: no such file")
    keyless = spec(
        profile(DISCONNECTED, port="0.0.0.0:5000", deploy={"engine": "swarm"})
    )
    assert lacking(keyless, (no_program,), NODES) is None
    error = lacking(keyless, (absent, no_program), NODES)
    assert error is not None
    assert "node1: bind source path does not exist: /d" in error.message
    assert "node2" not in error.message
    shell = lacking(spec(), (no_program,), NODES)
    assert shell is not None
    assert "the image has no shell" in shell.message
    assert lacking(spec(), (task(1, state="complete"),), NODES) is None
