"""Read what a client of Open Connectors asks a bulk download for. Pure.

`q` comes in the query, in a form or in a JSON body. The format is the one that the client names
(`fileFormat`, an Accept of text/csv or of JSON Lines, the instance's bulk.query.download_format).
Clients mostly accept JSON without thinking of the file, so that a job whose format nobody named is
kept as JSON and as CSV.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from freshbridge.errors import FieldError, InvalidRequest, Misconfigured
from freshbridge.exports.accept import named_format
from freshbridge.exports.matching import moment
from freshbridge.exports.object_names import known_names, object_named
from freshbridge.exports.select_query import InvalidQuery, Query, read_query, refusal
from freshbridge.exports.wanted import Condition, Format
from freshbridge.public_address import callable_url

DOWNLOAD_FORMAT = "bulk.query.download_format"
CALLBACK_HEADER = "Elements-Async-Callback-Url"
_SINCE = ("updated_since", "_updated_since")
_CRITERIA = {
    "q", "query", "objectName", "object", "fields", "selectFields", "where", "limit", "fileFormat",
    "notificationUrl", "callbackUrl", "metaData", "native", "name", "description",
}  # fmt: skip


class InvalidJob(InvalidRequest):
    """The download cannot be begun as it was asked for."""

    code = "invalid_job"


@dataclass(frozen=True)
class JobRequest:
    """What is wanted: our object's name, the client's, and parameters of the export action."""

    object: str
    asked_as: str
    formats: tuple[Format, ...]
    parameters: dict[str, Any]
    criteria: dict[str, Any]
    callback_url: str
    fields: tuple[str, ...]
    version: int


def read_fields(body: str, content_type: str, query: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a request, in its query, its form or its JSON body.

    Raises:
        InvalidJob: the body is said to be JSON and is no object.
    """
    kind = content_type.partition(";")[0].strip().lower()
    text = body.strip()
    if not text:
        return dict(query)
    if kind == "application/x-www-form-urlencoded":
        # Without blanks, for whoever sends a query string as a form.
        return {**query, **{name: found[0] for name, found in parse_qs(text).items()}}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidJob("the body is no JSON object", advice='Send {"q": "select * from …"}.')
    return {**query, **found}


def read_bulk_query(
    given: Mapping[str, Any],
    headers: Mapping[str, str],
    configuration: Mapping[str, str],
    *,
    allowed_origins: Iterable[str],
) -> JobRequest:
    """`POST /bulk/query`.

    Raises:
        InvalidQuery, InvalidJob: saying what is wrong.
    """
    text = given.get("q")
    if not isinstance(text, str) or not text.strip():
        raise refusal("q is required, such as select * from incidents")
    asked = read_query(text)
    told = _named(given, headers, configuration)
    return _request(
        asked,
        (told,) if told else (Format.JSON, Format.CSV),
        criteria={"q": text},
        callback_url=read_callback(given, headers, allowed_origins),
        version=2,
    )


def read_bulk_download(
    given: Mapping[str, Any],
    headers: Mapping[str, str],
    configuration: Mapping[str, str],
    *,
    allowed_origins: Iterable[str],
) -> JobRequest:
    """`POST /bulk/download`, the job's criteria as JSON; without a format it is JSON.

    Raises:
        InvalidQuery, InvalidJob: saying what is wrong.
    """
    if unknown := sorted(set(given) - _CRITERIA):
        raise InvalidJob(
            "the job cannot be begun",
            fields=[FieldError(name, "there is no such criterion", "unknown") for name in unknown],
        )
    text = given.get("q") or given.get("query")
    if text is None:
        text = _select(given)
    elif not isinstance(text, str):
        raise refusal("the query must be a text")
    return _request(
        read_query(text),
        (_named(given, headers, configuration) or Format.JSON,),
        criteria=dict(given),
        callback_url=read_callback(given, headers, allowed_origins),
        version=3,
    )


def _select(given: Mapping[str, Any]) -> str:
    name = given.get("objectName") or given.get("object")
    if not isinstance(name, str):
        raise InvalidJob(
            "the job cannot be begun",
            fields=[FieldError("objectName", "it is required, or q", "missing_field")],
        )
    fields = given.get("fields") or given.get("selectFields") or "*"
    columns = fields if isinstance(fields, str) else ",".join(str(one) for one in fields)
    where = f" where {given['where']}" if given.get("where") else ""
    limit = f" limit {given['limit']}" if given.get("limit") else ""
    return f"select {columns} from {name}{where}{limit}"  # noqa: S608 - it is read here, and no database sees it


def _request(
    asked: Query,
    formats: tuple[Format, ...],
    *,
    criteria: dict[str, Any],
    callback_url: str,
    version: int,
) -> JobRequest:
    name = object_named(asked.object)
    if name is None:
        raise InvalidQuery(
            f"no object {asked.object[:64]} can be downloaded",
            advice=f"There are: {known_names()}.",
        )
    parameters: dict[str, Any] = {
        "object": name,
        "format": [one.value for one in formats],
        # Programs read this: what a spreadsheet might do is nothing to them.
        "raw": True,
    }
    if asked.fields:
        parameters["fields"] = list(asked.fields)
    if asked.limit is not None:
        parameters["limit"] = asked.limit
    terms = []
    for one in asked.conditions:
        if one.field in _SINCE:
            parameters["updated_since"] = _since(one)
        else:
            terms.append({"field": one.field, "op": one.operator, "value": one.value})
    if terms:
        parameters["where"] = terms
    return JobRequest(
        name, asked.object, formats, parameters, criteria, callback_url, asked.fields, version
    )


def _since(condition: Condition) -> str:
    if condition.operator not in ("=", ">=", ">") or moment(str(condition.value)) is None:
        raise refusal(f"{condition.field} is compared as in {condition.field}='2026-01-01'")
    return str(condition.value)


def _named(
    given: Mapping[str, Any], headers: Mapping[str, str], configuration: Mapping[str, str]
) -> Format | None:
    told = given.get("fileFormat") or given.get("format") or configuration.get(DOWNLOAD_FORMAT)
    accepted = named_format(headers.get("accept", ""))
    if not told:
        return None if accepted is Format.JSON else accepted
    try:
        return Format(str(told).lower())
    except ValueError:
        known = ", ".join(one.upper() for one in Format)
        raise InvalidJob(
            "the job cannot be begun",
            fields=[FieldError("fileFormat", f"must be one of {known}", "invalid_value")],
        ) from None


def read_callback(
    given: Mapping[str, Any], headers: Mapping[str, str], allowed_origins: Iterable[str]
) -> str:
    """Whom to tell of a job's end, "" for nobody; `headers` have names in lower case.

    Raises:
        InvalidJob: nobody may call this URL.
    """
    url = (
        headers.get(CALLBACK_HEADER.lower())
        or given.get("notificationUrl")
        or given.get("callbackUrl")
        or ""
    )
    if not url:
        return ""
    try:
        callable_url(str(url), tuple(allowed_origins))
    except Misconfigured as error:
        raise InvalidJob(
            "the job cannot be begun",
            fields=[FieldError(CALLBACK_HEADER, f"{error.what}. {error.advice}", "invalid_value")],
        ) from None
    return str(url)
