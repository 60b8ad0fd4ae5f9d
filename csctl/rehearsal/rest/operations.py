"""The operations of three API versions, one row each, and the way to a row.

Source: the OpenAPI documents; Facts: rest-api.md sections 2 and 5.
"""

from __future__ import annotations

import re
from typing import NamedTuple

V31, V32, V2024 = "v3.1", "v3.2", "2024-11-15"
_VERSIONS = {"1": V31, "2": V32, "3": V2024}

# Versions, method, path, what is done on which set, query, body, status and header.
# In a query, `sas` stands for the version's own name of how long a link is valid, and
# `!` marks what must be there.
_TABLE = """
123 GET    /datasets/locales      locales  datasets     -                    - 200 -
123 GET    /datasets              list     datasets     skip,top,filter      - 200 Retry-After
123 POST   /datasets              create   datasets     - Dataset              201 Location
123 GET    /datasets/{id}         get      datasets     -                    - 200 Retry-After
123 PATCH  /datasets/{id}         update   datasets     - DatasetUpdate        200 Retry-After
123 DELETE /datasets/{id}         delete   datasets     -                    - 204 -
123 GET    /datasets/{id}/blocks  blocks   datasets     -                    - 200 Retry-After
123 PUT    /datasets/{id}/blocks  block    datasets     blockid! binary        201 -
12  POST   /datasets/upload       upload   datasets     - form:DatasetUpload   201 Location
123 POST   /datasets/{id}/blocks:commit commit datasets - CommitBlocksEntry[]  200 -
123 GET    /datasets/{id}/files   files    datasets     sas,skip,top,filter  - 200 Retry-After
123 GET    /datasets/{id}/files/{fileId} file datasets  sas                  - 200 -
123 GET    /endpoints/locales     locales  endpoints    -                    - 200 -
123 GET    /endpoints             list     endpoints    skip,top,filter      - 200 Retry-After
123 POST   /endpoints             create   endpoints    - Endpoint             201 Location
123 GET    /endpoints/{id}        get      endpoints    -                    - 200 Retry-After
123 DELETE /endpoints/{id}        delete   endpoints    -                    - 204 -
123 PATCH  /endpoints/{id}        update   endpoints    - EndpointUpdate       200 Retry-After
12  GET    /endpoints/{id}/files/logs logs endpoints    sas,skipToken,top    - 200 Retry-After
12  DELETE /endpoints/{id}/files/logs drop_logs endpoints endDate            - 202 -
12  GET    /endpoints/{id}/files/logs/{logId} log endpoints sas              - 200 -
12  DELETE /endpoints/{id}/files/logs/{logId} drop_log endpoints -           - 204 -
12  GET    /endpoints/base/{locale}/files/logs logs locales sas,skipToken,top - 200 -
12  DELETE /endpoints/base/{locale}/files/logs drop_logs locales endDate     - 202 -
12  GET    /endpoints/base/{locale}/files/logs/{logId} log locales sas       - 200 -
12  DELETE /endpoints/base/{locale}/files/logs/{logId} drop_log locales -    - 204 -
123 GET    /evaluations/locales   locales  evaluations  -                    - 200 -
123 GET    /evaluations           list     evaluations  skip,top,filter      - 200 Retry-After
123 POST   /evaluations           create   evaluations  - Evaluation           201 Location
123 GET    /evaluations/{id}/files files   evaluations  sas,skip,top,filter  - 200 Retry-After
123 GET    /evaluations/{id}/files/{fileId} file evaluations sas             - 200 -
123 GET    /evaluations/{id}      get      evaluations  -                    - 200 Retry-After
123 PATCH  /evaluations/{id}      update   evaluations  - EvaluationUpdate     200 Retry-After
123 DELETE /evaluations/{id}      delete   evaluations  -                    - 204 -
123 GET    /models/locales        locales  models       -                    - 200 -
123 GET    /models                list     models       skip,top,filter      - 200 Retry-After
123 POST   /models                create   models       - CustomModel          201 Location
123 GET    /models/base           list     base         skip,top,filter      - 200 -
123 GET    /models/{id}           get      models       -                    - 200 Retry-After
123 PATCH  /models/{id}           update   models       - ModelUpdate          200 Retry-After
123 DELETE /models/{id}           delete   models       -                    - 204 -
123 GET    /models/base/{id}      get      base         -                    - 200 -
1   POST   /models/{id}:copyto    copy_to  models       - ModelCopy            201 Location
23  POST   /models/{id}:copy      copy     models       - ModelCopyAuthorization 202 Retry-After,Operation-Location
23  POST   /models:authorizecopy  authorize models      - ModelCopyAuthorizationDefinition 200 -
23  GET    /operations/models/copy/{id} get copies      -                    - 200 Retry-After
123 GET    /models/{id}/manifest  manifest models       sas                  - 200 -
123 GET    /models/base/{id}/manifest manifest base     sas                  - 200 -
123 GET    /models/{id}/files     files    models       sas,skip,top,filter  - 200 Retry-After
123 GET    /models/{id}/files/{fileId} file models      sas                  - 200 -
12  GET    /projects/locales      locales  projects     -                    - 200 -
12  GET    /projects              list     projects     skip,top,filter      - 200 -
12  POST   /projects              create   projects     - Project              201 Location
12  GET    /projects/{id}         get      projects     -                    - 200 -
12  PATCH  /projects/{id}         update   projects     - ProjectUpdate        200 -
12  DELETE /projects/{id}         delete   projects     -                    - 204 -
12  GET    /projects/{id}/evaluations list evaluations  skip,top,filter      - 200 Retry-After
12  GET    /projects/{id}/datasets list    datasets     skip,top,filter      - 200 Retry-After
12  GET    /projects/{id}/endpoints list   endpoints    skip,top,filter      - 200 Retry-After
12  GET    /projects/{id}/models  list     models       skip,top,filter      - 200 Retry-After
12  GET    /projects/{id}/transcriptions list transcriptions skip,top,filter - 200 Retry-After
123 GET    /transcriptions/locales locales transcriptions -                  - 200 -
123 GET    /transcriptions        list     transcriptions skip,top,filter    - 200 Retry-After
12  POST   /transcriptions        create   transcriptions - Transcription      201 Location
3   POST   /transcriptions:submit create   transcriptions - Transcription      201 Location
3   POST   /transcriptions:transcribe transcribe transcriptions - form:Transcribe 200 -
123 GET    /transcriptions/{id}   get      transcriptions -                  - 200 Retry-After
123 PATCH  /transcriptions/{id}   update   transcriptions - TranscriptionUpdate 200 Retry-After
123 DELETE /transcriptions/{id}   delete   transcriptions -                  - 204 -
123 GET    /transcriptions/{id}/files files transcriptions sas,skip,top,filter - 200 Retry-After
123 GET    /transcriptions/{id}/files/{fileId} file transcriptions sas       - 200 -
123 GET    /webhooks              list     webhooks     skip,top,filter      - 200 Retry-After
123 POST   /webhooks              create   webhooks     - WebHook              201 Location
123 GET    /webhooks/{id}         get      webhooks     -                    - 200 Retry-After
123 PATCH  /webhooks/{id}         update   webhooks     - WebHookUpdate        200 Retry-After
123 DELETE /webhooks/{id}         delete   webhooks     -                    - 204 -
123 POST   /webhooks/{id}:ping    ping     webhooks     -                    - 202 Retry-After
123 POST   /webhooks/{id}:test    test     webhooks     -                    - 202 Retry-After
1   GET    /healthstatus          health   -            -                    - 200 -
"""  # noqa: E501

_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PARAMETERS = {
    "id": f"(?P<id>{_GUID})",
    "fileId": f"(?P<fileId>{_GUID})",
    "locale": "(?P<locale>[^/]+)",
    "logId": "(?P<logId>[^/]+)",
}


class Parameter(NamedTuple):
    """A name in a query."""

    name: str
    required: bool


class Operation(NamedTuple):
    """One row, in one version."""

    version: str
    method: str
    path: str
    """Below `/speechtotext/v3.1`, with `{id}` and the like."""
    verb: str
    subject: str
    """The set of entities that it works on."""
    query: tuple[Parameter, ...]
    body: str
    """The name of the body's shape, `binary`, `form:...`, or empty."""
    status: int
    headers: tuple[str, ...]

    @property
    def sas(self) -> str:
        """The version's name for how long a link to a file is valid."""
        return "sasLifetimeMinutes" if self.version == V2024 else "sasValidityInSeconds"


class Found(NamedTuple):
    """An operation, and what its path names."""

    operation: Operation
    names: dict[str, str]


def find(version: str, method: str, path: str) -> Found | frozenset[str]:
    """The operation of a path; where there is none the methods that it does know."""
    methods = set()
    for pattern, operation in _PATTERNS[version]:
        if (match := pattern.fullmatch(path)) is None:
            continue
        if operation.method == method:
            return Found(operation, match.groupdict())
        methods.add(operation.method)
    return frozenset(methods)


def operations(version: str) -> tuple[Operation, ...]:
    """All operations of a version."""
    return tuple(operation for _, operation in _PATTERNS[version])


def _rows(version: str) -> list[tuple[re.Pattern[str], Operation]]:
    rows = [_read(version, line.split()) for line in _TABLE.strip().splitlines()]
    found = [row for row in rows if row is not None]
    # What is spelled out goes before what may be anything.
    found.sort(key=lambda row: row.path.count("{"))
    return [(_pattern(row.path), row) for row in found]


def _read(version: str, columns: list[str]) -> Operation | None:
    versions, method, path, verb, subject, query, body, status, headers = columns
    if version not in (_VERSIONS[digit] for digit in versions):
        return None
    operation = Operation(
        version=version,
        method=method,
        path=path,
        verb=verb,
        subject=subject,
        query=(),
        body=body.strip("-"),
        status=int(status),
        headers=tuple(headers.split(",")) if headers != "-" else (),
    )
    words = query.split(",") if query != "-" else []
    if version == V2024:
        words.append("api-version!")
        # The one place where this version wants to be told of a link's life.
        words = [f"{word}!" if verb == "manifest" else word for word in words]
    return operation._replace(
        query=tuple(
            Parameter(name.replace("sas", operation.sas), bool(mark))
            for name, mark, _ in (word.partition("!") for word in words)
        )
    )


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile(
        "".join(
            _PARAMETERS[part] if index % 2 else re.escape(part)
            for index, part in enumerate(parts)
        )
    )


_PATTERNS = {version: _rows(version) for version in _VERSIONS.values()}
