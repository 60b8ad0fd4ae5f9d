"""What a job leaves behind: files, figures, or an error.

A source or content URL on a host below `.invalid` cannot be read, so whoever wants a
job to fail names one. That a transcription fails where all of its sources do, is
inferred. Facts: rest-api.md sections 2.5 and 4.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from .catalog import custom_properties
from .entity import Entity, File
from .storage import Content, Storage

_DATA = {
    "Acoustic": ("acoustic.zip", "AcousticDataArchive"),
    "AudioFiles": ("audio.zip", "Audio"),
    "Language": ("language_data.txt", "LanguageData"),
    "LanguageMarkdown": ("language_data.md", "LanguageData"),
    "OutputFormatting": ("output_formatting.txt", "OutputFormattingData"),
    "Pronunciation": ("pronunciation.txt", "PronunciationData"),
}
_SCORES = (
    *(("wordErrorRate", 0.065), ("sentenceErrorRate", 0.375), ("sentenceCount", 8)),
    *(("wordCount", 46), ("correctWordCount", 43), ("wordSubstitutionCount", 3)),
    *(("wordDeletionCount", 0), ("wordInsertionCount", 0)),
)
_TEXT = "hello from the rehearsal"


class Failed(Exception):
    """The job came to nothing."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Results:
    """Makes the results of jobs, and keeps their files in the storage."""

    def __init__(self, storage: Storage, file_bytes: int, *, byos: bool) -> None:
        self._storage = storage
        self._size = file_bytes
        self._prefix = "customspeech-" if byos else ""

    def make(self, entity: Entity) -> None:
        """Finish a job. Raises Failed."""
        match entity.subject:
            case "datasets":
                self._dataset(entity)
            case "models":
                fits = {"fits_containers": False}
                entity.properties = {**custom_properties(**fits), **entity.properties}
                self._add(entity, "report.json", "ModelReport", _report({"ok": True}))
            case "evaluations":
                for number in ("1", "2"):
                    entity.properties |= {name + number: n for name, n in _SCORES}
                    name = f"call.wav.model{number}_score.json"
                    score = _report({"model": number, "wordErrorRate": 0.065})
                    self._add(entity, name, "EvaluationDetails", score)
            case "transcriptions":
                self._transcription(entity)

    def add_extra(self, entity: Entity) -> None:
        """A file whose name leads out of the directory that it is written to."""
        escaping = Content.of(b"This must not be written outside.")
        self._add(entity, "../outside.json", "Transcription", escaping)

    def log(self, folder: str, name: str) -> File:
        """A log, below a folder of the logs' container."""
        kind = "Audio" if name.endswith(".wav") else "Transcription"
        content = Content.noise(name, self._size)
        blob = f"{self._prefix}audiologs/{folder}/{name}"
        self._storage.put(blob, content)
        return File(name, kind, blob, content.size, datetime.now(UTC))

    def manifest_files(self, model: Entity) -> Iterator[tuple[str, str]]:
        """Name and blob of each file that a model is made of."""
        base = model.id
        if "baseModel" in model.fields:
            base = model.fields["baseModel"]["self"].rpartition("/")[2]
        container = "models" if model.subject == "base" else f"{self._prefix}models"
        names = [
            f"0_{base[:8]}_UNI/adaptedPrepAM/model.fe",
            f"0_{base[:8]}_UNI/adaptedPrepAM/model.dbn.am",
            f"0_{base[:8]}_UNI/graphV2/base.lms",
        ]
        if model.subject != "base":
            names += [f"{model.id}/graphV2/custom.i1.hclg"]
            names += [f"{model.id}/graphV2/custom.lms"]
        for name in names:
            blob = f"{container}/{name}"
            self._storage.put(blob, Content.noise(blob, self._size))
            yield name, blob

    def _dataset(self, entity: Entity) -> None:
        source = entity.fields.get("contentUrl")
        name, kind = _DATA[entity.fields["kind"]]
        data = entity.data
        if source is not None:
            if not _is_readable(source):
                raise Failed(
                    "InvalidUrl", f"The content URL cannot be read: {_bare(source)}"
                )
            read = self._storage.read(source)
            data = Content.of(read) if read is not None else None
        report = {"acceptedLines": 11, "rejectedLines": 2, "errors": []}
        self._add(entity, "report.json", "DatasetReport", _report(report))
        whole = data or Content.noise(entity.id, self._size)
        self._add(entity, name, kind, whole)
        entity.properties |= {"acceptedLineCount": 11, "rejectedLineCount": 2}
        if kind in ("AcousticDataArchive", "Audio"):
            entity.properties["duration"] = "PT4M12S"

    def _transcription(self, entity: Entity) -> None:
        failures = []
        sources = _sources(entity)
        for source in sources:
            if _is_readable(source):
                name = PurePosixPath(urlsplit(source).path).name or "audio"
                self._add(entity, f"{name}.json", "Transcription", _text(source))
            else:
                failures.append(source)
        report = _transcription_report(sources, failures)
        self._add(entity, "report.json", "TranscriptionReport", _report(report))
        entity.properties["duration"] = "PT42S"
        if len(failures) == len(sources):
            raise Failed("InvalidData", "None of the recordings could be transcribed.")

    def _add(self, entity: Entity, name: str, kind: str, content: Content) -> None:
        folder = {
            "datasets": "AcousticData",
            "transcriptions": "TranscriptionData",
        }.get(entity.subject, entity.subject.capitalize())
        suffix = PurePosixPath(name).suffix
        number = len(entity.files)
        blob = f"{self._prefix}artifacts/{folder}/{entity.id}_{number}_0{suffix}"
        self._storage.put(blob, content)
        entity.files.append(File(name, kind, blob, content.size, entity.changed))


def _sources(entity: Entity) -> list[str]:
    if "contentContainerUrl" in entity.fields:
        container = _bare(entity.fields["contentContainerUrl"]).rstrip("/")
        return [f"{container}/mywavefile{number}.wav" for number in (1, 2, 3)]
    if "dataset" in entity.fields:
        return ["https://storage.example/dataset/audio1.wav"]
    return list(entity.fields["contentUrls"])


def _is_readable(url: str) -> bool:
    return not (urlsplit(url).hostname or "").endswith(".invalid")


def _bare(url: str) -> str:
    return url.partition("?")[0]


def _report(value: Any) -> Content:
    return Content.of(json.dumps(value, indent=2).encode())


def _text(source: str) -> Content:
    phrase = {
        "lexical": _TEXT,
        "itn": _TEXT,
        "maskedITN": _TEXT,
        "display": "Hello from the rehearsal.",
    }
    return _report(
        {
            "source": _bare(source),
            "timestamp": "2026-01-02T03:04:05Z",
            "durationInTicks": 420000000,
            "duration": "PT42S",
            "combinedRecognizedPhrases": [{"channel": 0, **phrase}],
            "recognizedPhrases": [
                {
                    "recognitionStatus": "Success",
                    "channel": 0,
                    "offset": "PT0S",
                    "duration": "PT2.5S",
                    "offsetInTicks": 0.0,
                    "durationInTicks": 25000000.0,
                    "nBest": [{"confidence": 0.98, **phrase}],
                }
            ],
        }
    )


def _transcription_report(sources: list[str], failures: list[str]) -> dict[str, Any]:
    details = []
    for source in sources:
        detail = {"source": _bare(source), "status": "Succeeded"}
        if source in failures:
            detail |= {
                "status": "Failed",
                "errorMessage": "The recordings URI cannot be read.",
                "errorKind": "InvalidUrl",
            }
        details.append(detail)
    return {
        "successfulTranscriptionsCount": len(sources) - len(failures),
        "failedTranscriptionsCount": len(failures),
        "details": details,
    }
