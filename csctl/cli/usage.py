"""`csctl usage`."""

from __future__ import annotations

import re
from typing import Any

import click

from csctl.cli.session import Session, json_option, pass_session, print_json
from csctl.errors import NotReady, UsageError

_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


@click.command()
@click.argument("name")
@click.option("--month", metavar="YYYY-MM", help="One month only.")
@json_option
@pass_session
def usage(session: Session, name: str, month: str | None, as_json: bool) -> None:
    """The usage records that a disconnected container reports."""
    from csctl import probe
    from csctl.lifecycle.lookup import managed
    from csctl.lifecycle.ready import address_of

    if month is not None and not _MONTH.fullmatch(month):
        raise UsageError(f"{month!r} is no month", remedy="write it as 2026-11")
    engine = session.connect()
    container = managed(engine, name)
    address = address_of(engine, container)
    if not container.running or address is None:
        raise NotReady(
            f"{name} is {container.state}, and only a running container reports usage",
            remedy=f"start it: csctl start {name}",
        )
    records = probe.usage_records(address, name, month)
    if as_json:
        print_json(records)
        return
    for meter in _meters(records):
        click.echo(f"{meter['name']}  {meter['quantity']}")


def _meters(records: Any) -> list[dict[str, Any]]:
    found = records.get("meters", []) if isinstance(records, dict) else []
    return [
        {"name": meter.get("name", "-"), "quantity": meter.get("quantity", "-")}
        for meter in found
        if isinstance(meter, dict)
    ]
