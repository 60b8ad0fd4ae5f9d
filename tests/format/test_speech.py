"""Answers of the REST API for people."""

from __future__ import annotations

from csctl.format.speech import details, ids, listing

SIGNED = "https://x.blob.core.windows.net/c/a.json?sv=1&sig=s3cret"
ID = "11111111-2222-3333-4444-555555555555"
FILE = {
    "self": f"https://x/speechtotext/v3.1/datasets/1/files/{ID}?api-version=1",
    "name": "a.json",
    "kind": "Transcription",
    "properties": {"size": 2048},
    "links": {"contentUrl": SIGNED},
}


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
