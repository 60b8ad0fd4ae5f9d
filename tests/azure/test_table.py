"""The tables of operations."""

from __future__ import annotations

import re

import pytest

from csctl.azure.operation import FormBody, JsonBody, Octets
from csctl.azure.table import load
from csctl.errors import UsageError
from csctl.profile.speech import API_VERSIONS


@pytest.mark.parametrize(
    ("version", "count"), [("v3.1", 74), ("v3.2", 75), ("2024-11-15", 56)]
)
def test_a_version_has_so_many_operations(version: str, count: int) -> None:
    assert len(load(version).operations) == count


@pytest.mark.parametrize("version", API_VERSIONS)
def test_all_rows_of_a_table_fit_together(version: str) -> None:
    table = load(version)
    seen = set()
    commands = set()
    for one in table.operations.values():
        assert one.method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        assert one.path.startswith("/")
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", one.verb), one.verb
        seen.add((one.method, one.path))
        commands.add((one.group, one.verb))
        assert len(set(one.names)) == len(one.names)
        assert one.paged <= (one.method == "GET")
        assert bool(one.filters) == any(q.name == "filter" for q in one.query)
        for field in one.fields:
            if field.kind.group:
                found = table.at("GET", f"/{field.kind.group}/{{id}}")
                assert found.places[0].name == "id"
    assert len(seen) == len(commands) == len(table.operations)


@pytest.mark.parametrize(
    ("name", "group", "verb"),
    [
        ("Models_ListCustomModels", "models", "list"),
        ("Models_ListBaseModels", "models", "list-base"),
        ("Models_GetCustomModelManifest", "models", "get-manifest"),
        ("Models_CopyTo", "models", "copy-to"),
        ("Datasets_ListSupportedLocales", "datasets", "list-locales"),
        ("Endpoints_ListBaseModelLogs", "endpoints", "list-base-model-logs"),
        ("WebHooks_Ping", "webhooks", "ping"),
        ("HealthStatus_Get", "health", "get"),
    ],
)
def test_a_command_is_named_after_its_operation(
    name: str, group: str, verb: str
) -> None:
    found = load("v3.1").find(name)
    assert (found.group, found.verb) == (group, verb)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Datasets_Create", JsonBody),
        ("Datasets_UploadBlock", Octets),
        ("Datasets_Upload", FormBody),
        ("Datasets_List", type(None)),
    ],
)
def test_a_body_has_its_kind(name: str, kind: type) -> None:
    assert isinstance(load("v3.1").find(name).body, kind)


def test_only_what_has_a_status_can_be_waited_for() -> None:
    jobs = {one.answer for one in load("v3.2").operations.values() if one.job}
    assert jobs == {
        *("Dataset", "Endpoint", "Evaluation", "CustomModel", "BaseModel"),
        *("Transcription", "WebHook", "Operation"),
    }


def test_a_version_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(UsageError, match="no version of the API"):
        load("v3.0")


def test_an_operation_of_another_version_is_refused() -> None:
    with pytest.raises(UsageError, match="2024-11-15 has no operation 'Projects_List'"):
        load("2024-11-15").find("Projects_List")
