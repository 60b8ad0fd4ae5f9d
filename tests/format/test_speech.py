"""Answers of the REST API for people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from csctl.azure.catalog import CatalogModel
from csctl.format.speech import details, doubts, ids, listing, offered_model_cells
from csctl.lifecycle.speech_models import KnownModel

SIGNED = "https://x.blob.core.windows.net/c/a.json?sv=1&sig=s3cret"
ID = "11111111-2222-3333-4444-555555555555"
FILE = {
    "self": f"https://x/speechtotext/v3.1/datasets/1/files/{ID}?api-version=1",
    "name": "a.json",
    "kind": "Transcription",
    "properties": {"size": 2048},
    "links": {"contentUrl": SIGNED},
}

MODEL = CatalogModel(
    id=ID,
    name="Calls",
    locale="en-US",
    base=False,
    status="Succeeded",
    created=None,
    on_containers=True,
    adaptable_until=None,
    retires=datetime(2027, 1, 31, tzinfo=UTC),
)


def test_a_table_has_the_columns_that_any_row_fills() -> None:
    one = {"self": "https://x/models/1", "displayName": "A", "status": "Running"}
    other = {"self": "https://x/models/2", "displayName": "B", "locale": "de-DE"}

    assert listing([one, other]).splitlines() == [
        "ID  NAME  STATUS   LOCALE",
        "1   A     Running  -",
        "2   B     -        de-DE",
    ]


def test_a_file_has_its_size() -> None:
    assert listing([FILE]).splitlines()[1].split("  ") == [
        *(ID, "a.json", "Transcription", "2.0 KiB"),
    ]


def test_words_are_a_list() -> None:
    assert listing(["de-DE", "en-US"]) == "de-DE\nen-US"


def test_details_are_flat_and_without_signatures() -> None:
    value = {
        "modelFiles": [{"name": "a", "contentUrl": SIGNED}],
        "properties": {"channels": [0, 1], "on": True, "none": None},
    }

    assert details(value).splitlines() == [
        "modelFiles[0].name        a",
        "modelFiles[0].contentUrl  https://x.blob.core.windows.net/c/a.json?***",
        "properties.channels       0, 1",
        "properties.on             true",
        "properties.none           -",
    ]


def test_ids_stand_alone() -> None:
    assert list(ids([FILE, "de-DE", {"name": "AAA="}, {}])) == [ID, "de-DE", "AAA="]
    assert list(ids(FILE)) == [ID]


def test_nothing_speaks_against_a_model_that_containers_serve() -> None:
    assert list(doubts(MODEL, retiring=False)) == []


def test_all_that_speaks_against_a_model_is_told() -> None:
    unready = replace(MODEL, status="Running", on_containers=False)
    assert list(doubts(unready, retiring=True)) == [
        "it cannot be used: its status is Running",
        "the API says that containers may not serve it, or not yet",
        "it transcribes no more from 2027-01-31 on",
    ]
    [untold] = doubts(replace(MODEL, on_containers=None), retiring=False)
    assert "does not tell" in untold


def test_an_offered_model_that_is_not_ready_tells_its_status() -> None:
    known = KnownModel(
        model=MODEL,
        newest=False,
        present=True,
        used_by=("contoso",),
        outdated=False,
        retiring=True,
    )
    head = ("Calls", "en-US", "yes", "2027-01-31")
    here = "present, used by contoso, retiring"
    assert offered_model_cells(known) == (*head, here, ID)
    unready = replace(known, model=replace(MODEL, status="Failed", retires=None))
    cells = ("Calls", "en-US", "yes", "unknown", "Failed", ID)
    assert offered_model_cells(unready) == cells
