"""Search answers for any object: from field kinds to a test, and pages of 30.

Each object names its fields with a kind and a way to read them; ``search_reply`` does the rest.
Source: developers.freshdesk.com/api, Filter Tickets / Contacts / Companies.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local.freshdesk.account import Record
from local.freshdesk.errors import (
    FieldError,
    invalid_field,
    invalid_value,
    missing_field,
    validation_failed,
)
from local.freshdesk.routing import Reply, Request
from local.freshdesk.search_query import Both, Either, Query, QueryError, Term, parse
from local.freshdesk.validation import Field, check_query, parse_date

PER_PAGE = 30
MAX_PAGE = 10

Kind = Literal["integer", "text", "boolean", "date", "texts"]
Test = Callable[[Record], bool]


@dataclass(frozen=True, slots=True)
class Searchable:
    """One name of the language. ``read`` takes the value from a record.

    ``date`` values may be stamps: their day counts. ``texts`` are lists of which one member has
    to match (tags; ``custom_string``). Only integers and dates can be compared.
    """

    kind: Kind
    read: Callable[[Record], Any]


def attribute(name: str) -> Callable[[Record], Any]:
    return lambda record: record[name]


def custom_attribute(name: str) -> Callable[[Record], Any]:
    return lambda record: record["custom_fields"].get(name)


def compiled(query: Query, fields: Mapping[str, Searchable]) -> Test:
    """A test for records. Raises ApiError 400 for names and values the object does not have."""
    if isinstance(query, Term):
        return _term_test(query, fields)
    tests = [compiled(part, fields) for part in query.parts]
    if isinstance(query, Both):
        return lambda record: all(test(record) for test in tests)
    assert isinstance(query, Either)  # noqa: S101 - for the type checker: nothing else is left
    return lambda record: any(test(record) for test in tests)


def _term_test(term: Term, fields: Mapping[str, Searchable]) -> Test:
    field = fields.get(term.name)
    if field is None:
        raise validation_failed([invalid_field(term.name)])
    read = field.read
    if term.value is None:
        if term.comparison != "=":
            raise _bad_value(term, field)
        return lambda record: read(record) in (None, "", [])
    value = _wanted(term, field)
    if field.kind == "texts":
        return lambda record: value in (read(record) or ())
    if field.kind == "date":
        return _date_test(term, read, value)
    return _comparison(term, read, value)


def _date_test(term: Term, read: Callable[[Record], Any], day: str) -> Test:
    return _comparison(term, lambda record: (read(record) or "")[:10] or None, day)


def _comparison(term: Term, read: Callable[[Record], Any], value: Any) -> Test:
    if term.comparison == "=":
        return lambda record: bool(read(record) == value)
    if term.comparison == ">=":
        return lambda record: (found := read(record)) is not None and bool(found >= value)
    return lambda record: (found := read(record)) is not None and bool(found <= value)


def _wanted(term: Term, field: Searchable) -> Any:
    """The term's value in the field's own terms. Raises ApiError 400 when it does not fit."""
    value = term.value
    if field.kind == "integer":
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif field.kind == "boolean":
        fits = isinstance(value, bool) and term.comparison == "="
    elif field.kind == "date":
        fits = term.quoted and parse_date(str(value)) is not None
    else:
        fits = term.quoted and term.comparison == "="
    if not fits:
        raise _bad_value(term, field)
    return value


_FORMS = {
    "integer": "a whole number without quotes", "boolean": "true or false",
    "date": "'YYYY-MM-DD' in single quotes", "text": "text in single quotes",
    "texts": "text in single quotes",
}  # fmt: skip


def _bad_value(term: Term, field: Searchable) -> Exception:
    message = f"It should be {_FORMS[field.kind]}"
    return validation_failed([FieldError(term.name, message, "datatype_mismatch")])


def search_reply(
    request: Request,
    fields: Mapping[str, Searchable],
    records: Iterable[Record],
    render: Callable[[Record], Record],
) -> Reply:
    """``{"total", "results"}`` of the request's ``query`` over ``records``, in their order.

    Raises ApiError 400 for a query without its double quotes, unreadable, or over 512 characters,
    and for a page beyond the tenth.
    """
    spec = {
        "query": Field("string", nullable=False),
        "page": Field("integer", nullable=False, minimum=1, maximum=MAX_PAGE),
    }
    checked = check_query(spec, request.query)
    test = compiled(_query(checked.get("query")), fields)
    found = [record for record in records if test(record)]
    start = (checked.get("page", 1) - 1) * PER_PAGE
    results = [render(record) for record in found[start : start + PER_PAGE]]
    return Reply(200, {"total": len(found), "results": results})


def _query(text: str | None) -> Query:
    if text is None:
        raise validation_failed([missing_field("query")])
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise validation_failed([invalid_value("query", "It should be wrapped in double quotes")])
    try:
        return parse(text[1:-1])
    except QueryError as error:
        raise validation_failed([invalid_value("query", f"Invalid query: {error}")]) from error
