"""`csctl model list --custom PROFILE`: the REST API's models beside this host's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.shell import Shell
from tests.rest_api import RestApi, rest_api


@pytest.fixture(scope="module")
def api() -> Iterator[RestApi]:
    """The stand-in, whose key is that of the profiles."""
    with rest_api(job_seconds=0) as running:
        yield running


def _named(api: RestApi) -> tuple[str, ...]:
    return "--endpoint", api.url, "--api-key-env", "STAND_IN_KEY"


def test_a_model_of_the_api_that_is_here_tells_who_uses_it(
    shell: Shell, api: RestApi
) -> None:
    [custom, *_] = api.get("/models")["values"]
    id_ = custom["self"][-36:]
    draft = shell.write(model={"id": id_})
    shell.apply(draft)

    rows = {
        row["id"]: row
        for row in shell.json("model", "list", "--custom", draft.path, *_named(api))
    }

    assert (rows[id_]["kind"], rows[id_]["present"]) == ("custom", True)
    assert rows[id_]["used_by"] == [draft.name]
    assert [row["id"] for row in rows.values() if row["present"]] == [id_]


def test_the_profiles_billing_is_asked_where_nothing_else_is_named(
    shell: Shell, api: RestApi
) -> None:
    billing = {"endpoint": api.url, "api_key": {"env": "STAND_IN_KEY"}}
    draft = shell.write(billing=billing)
    api.requests()

    done = shell.run("model", "list", "--custom", "--locale", "de-DE", draft.path)

    assert "de-DE" in done.out
    assert {one["status"] for one in api.requests()} == {200}
