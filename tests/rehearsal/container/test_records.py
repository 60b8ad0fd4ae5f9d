from __future__ import annotations

import json
import time
from pathlib import Path

from csctl.rehearsal.container import records
from csctl.rehearsal.container.disk import Disk
from csctl.rehearsal.container.records import METER, SERVICE, Meter

THIS_MONTH = time.strftime("%Y-%m", time.gmtime())


def record(output: Path, instance: str, month: str, quantity: int) -> None:
    folder = output / SERVICE / instance
    folder.mkdir(parents=True, exist_ok=True)
    value = {"meters": [{"name": METER, "quantity": quantity}]}
    (folder / f"usage-{month}.json").write_text(json.dumps(value))


def test_a_meter_counts_whole_seconds_of_audio_and_loses_none(tmp_path: Path) -> None:
    meter = Meter(str(tmp_path / SERVICE / "one"), Disk(writable=True))
    quantities = []
    for seconds in (0, 1.6, 1.6, 0.75):
        meter.add(seconds)
        meter.write()
        (found,) = records.report(str(tmp_path), THIS_MONTH)["meters"]
        quantities.append(found["quantity"])
    assert quantities == [0, 1, 3, 3]


def test_a_restarted_instance_counts_on(tmp_path: Path) -> None:
    record(tmp_path, "one", THIS_MONTH, 40)
    Meter(str(tmp_path / SERVICE / "one"), Disk(writable=True)).write()
    assert records.report(str(tmp_path))["meters"] == [{"name": METER, "quantity": 40}]


def test_the_report_sums_all_instances_of_a_month_or_of_all(tmp_path: Path) -> None:
    record(tmp_path, "one", "2026-01", 1)
    record(tmp_path, "two", "2026-01", 20)
    record(tmp_path, "two", "2026-10", 300)
    for month, quantity in (("2026-01", 21), ("2026-10", 300), ("", 321)):
        assert records.report(str(tmp_path), month) == {
            "apiType": SERVICE,
            "serviceName": SERVICE,
            "meters": [{"name": METER, "quantity": quantity}],
        }


def test_a_month_without_records_has_no_meters(tmp_path: Path) -> None:
    record(tmp_path, "one", "2026-01", 1)
    assert records.report(str(tmp_path), "2026-02")["meters"] == []


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    record(tmp_path, "one", "2026-01", 7)
    (tmp_path / SERVICE / "one" / "usage-2026-02.json").write_text("{")
    (tmp_path / SERVICE / "one" / "host.log").write_text("text")
    (tmp_path / SERVICE / "file").touch()
    assert records.report(str(tmp_path))["meters"] == [{"name": METER, "quantity": 7}]
