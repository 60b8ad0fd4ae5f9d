"""`csctl usage`: one container's records, and the sum over profiles."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from csctl.speech.audio import SAMPLE
from tests.cli.shell import ENDPOINT, METER, Draft, Shell

_MONTH = f"{datetime.now(UTC):%Y-%m}"
_DC0 = {"endpoint": ENDPOINT, "api_key": {"env": "STAND_IN_KEY"}, "valid_for": "30d"}


def test_one_container_is_told_as_it_reports(
    served_shell: Shell, served: Draft
) -> None:
    report = served_shell.json("usage", served.name)
    [meter] = report["meters"]
    assert meter["name"] == METER
    month = served_shell.json("usage", served.name, "--month", _MONTH)
    assert month.keys() == report.keys()
    assert served_shell.run("usage", served.name).out.startswith(f"{METER}  ")


def test_csv_is_a_row_for_each_meter(served_shell: Shell, served: Draft) -> None:
    for words, month in (((), "all"), (("--month", _MONTH), _MONTH)):
        done = served_shell.run("usage", served.name, "--csv", *words)
        head, row = csv.reader(io.StringIO(done.out))
        assert head == ["name", "month", "meter", "quantity"]
        assert row[:3] == [served.name, month, METER]
        assert float(row[3]) >= 0


def test_profiles_of_one_resource_are_summed_up(shell: Shell) -> None:
    small = _DC0 | {"commitment_hours": 0.01}
    one = shell.write("a", stocked=True, license=small)
    other = shell.write("b", stocked=True, license=_DC0)
    shell.apply(one, other)
    for draft in (one, other):
        # 17 seconds each: none alone comes near 36.
        shell.run("transcribe", draft.name, *[SAMPLE] * 5)
        _wait_for_records(shell, draft, 17)
    done = shell.json("usage", one.path, other.path)
    assert [row["name"] for row in done["containers"]] == [one.name, other.name]
    [bought] = done["commitments"]
    assert bought["resource"] == ENDPOINT
    assert bought["profiles"] == [one.name, other.name]
    assert (bought["hours"], bought["year"]) == (0.01, _MONTH[:4])
    assert bought["share"] > 0.8
    text = shell.run("usage", shell.folder, "--month", _MONTH)
    assert f"{ENDPOINT}: 0.0 of 0.01 hours in {_MONTH[:4]} (" in text.out
    assert f"warning: {ENDPOINT}: " in text.err
    one.change(license=_DC0 | {"commitment_hours": 500})
    assert "warning" not in shell.run("usage", shell.folder).err
    other.change(license=_DC0 | {"commitment_hours": 400})
    clash = shell.run("usage", shell.folder, code=2)
    assert f"profiles declare 400 and 500 hours for {ENDPOINT}" in clash.err


def _wait_for_records(shell: Shell, draft: Draft, seconds: int) -> None:
    """The stand-in writes its records every other second."""
    for _ in range(60):
        [meter] = shell.json("usage", draft.name)["meters"]
        if meter["quantity"] >= seconds:
            return
    raise AssertionError(meter)


def test_one_that_is_not_there_hides_no_other(
    served_shell: Shell, served: Draft
) -> None:
    nobody = f"{served.name}-nobody"
    done = served_shell.run("usage", nobody, served.name, "--csv", code=1)
    assert f"there is no container {nobody}" in done.err
    assert served.name in done.out
    assert served_shell.run("usage", nobody, code=1).out == ""


def test_a_connected_profile_reports_elsewhere(shell: Shell) -> None:
    draft = shell.write_connected()
    done = shell.run("usage", draft.path, "--json")
    assert done.json == {"containers": [], "commitments": []}
    assert "reports to Azure only" in done.err


def test_wrong_words(served_shell: Shell, served: Draft) -> None:
    month = served_shell.run("usage", served.name, "--month", "2026-13", code=2)
    assert "'2026-13' is no month" in month.err
    served_shell.run("usage", served.name, "--csv", "--json", code=2)
