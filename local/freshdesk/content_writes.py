"""Writing knowledge-base records and canned responses.

Source: developers.freshdesk.com/api, Solutions and Canned Responses. What is deleted takes along
what it holds; canned responses and their folders cannot be deleted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import invalid_value, no_such_record, not_found, validation_failed
from local.freshdesk.portal_content import put_record
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.ticket_writes import text_of
from local.freshdesk.validation import Field, check_body, required

_TEXT: Final = Field("string")
_NAME: Final = Field("string", nullable=False, blank=False)
_IDS: Final = Field("array", items=Field("integer", nullable=False))
_NUMBER: Final = Field("integer", nullable=False)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One sort of record: its table, attributes, those a new one must have, and defaults.

    ``html`` names the attribute whose plain text is kept as ``plain``; ``parent`` the table above
    and the attribute that points there.
    """

    table: str
    fields: Mapping[str, Field]
    needed: frozenset[str]
    defaults: Mapping[str, Any]
    parent: tuple[str, str] | None = None
    html: str | None = None
    plain: str | None = None


_CATEGORY: Final = _Kind(
    "solution_categories",
    {"name": _NAME, "description": _TEXT, "visible_in_portals": _IDS},
    frozenset({"name"}),
    {"description": None, "visible_in_portals": []},
)
_FOLDER: Final = _Kind(
    "solution_folders",
    {
        "name": _NAME,
        "description": _TEXT,
        "visibility": Field("integer", nullable=False, minimum=1, maximum=7),
        "company_ids": _IDS,
        "contact_segment_ids": _IDS,
        "company_segment_ids": _IDS,
        "category_id": _NUMBER,
        "parent_folder_id": _NUMBER,
    },
    frozenset({"name", "visibility"}),
    {"description": None, "articles_count": 0},
    ("solution_categories", "category_id"),
)
_ARTICLE: Final = _Kind(
    "solution_articles",
    {
        "title": _NAME,
        "description": Field("string", nullable=False),
        "type": Field("integer", nullable=False, choices=(1, 2)),
        "status": Field("integer", nullable=False, choices=(1, 2)),
        "tags": Field("array", items=Field("string", nullable=False)),
        "seo_data": Field("object"),
        "agent_id": _NUMBER,
        "folder_id": _NUMBER,
        "category_id": _NUMBER,
    },
    frozenset({"title", "description"}),
    {
        "type": 1, "status": 1, "tags": [], "seo_data": {}, "thumbs_up": 0, "thumbs_down": 0,
        "hits": 0, "attachments": [],
    },
    ("solution_folders", "folder_id"),
    "description",
    "description_text",
)  # fmt: skip
_RESPONSE: Final = _Kind(
    "canned_responses",
    {
        "title": _NAME,
        "content_html": _NAME,
        "folder_id": _NUMBER,
        "visibility": Field("integer", nullable=False, choices=(0, 1, 2)),
        "group_ids": _IDS,
    },
    frozenset({"title", "content_html", "folder_id", "visibility"}),
    {"group_ids": [], "attachments": []},
    ("canned_response_folders", "folder_id"),
    "content_html",
    "content",
)
_RESPONSE_FOLDER: Final = _Kind(
    "canned_response_folders",
    {"name": _NAME},
    frozenset({"name"}),
    {"personal": False, "responses_count": 0},
)
# Table below -> (table above, the attribute that points there, the count that is kept above).
_HELD: Final = {
    "solution_folders": ("solution_categories", "category_id", None),
    "solution_articles": ("solution_folders", "folder_id", "articles_count"),
    "canned_responses": ("canned_response_folders", "folder_id", "responses_count"),
}


def _create(kind: _Kind, resource: str) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account = request.account
        spec = {name: required(one, name in kind.needed) for name, one in kind.fields.items()}
        above = _parent(request, kind)
        fields = {**kind.defaults, **_checked(request, kind, spec), **above}
        if kind is _ARTICLE:
            folder = account.table("solution_folders")[fields["folder_id"]]
            fields["category_id"] = folder["category_id"]
            fields.setdefault("agent_id", request.agent["id"])
        record = put_record(account, kind.table, **fields)
        _recount(account)
        return created(request, resource, record)

    return handler


def _update(kind: _Kind) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        record = _find(request.account, kind.table, request.ids["id"])
        record.update(_checked(request, kind, kind.fields))
        record["updated_at"] = request.account.clock.stamp()
        _recount(request.account)
        return Reply(200, record)

    return handler


def _delete(kind: _Kind) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        _find(request.account, kind.table, request.ids["id"])
        _remove(request.account, kind.table, request.ids["id"])
        _recount(request.account)
        return Reply(204)

    return handler


def _parent(request: Request, kind: _Kind) -> dict[str, int]:
    """The parent that the path names; {} when the body names it or there is none."""
    if kind.parent is None or "id" not in request.ids:
        return {}
    table, key = kind.parent
    return {key: _find(request.account, table, request.ids["id"])["id"]}


def _checked(request: Request, kind: _Kind, spec: Mapping[str, Field]) -> dict[str, Any]:
    fields = check_body(spec, request)
    if kind.parent is not None:
        table, key = kind.parent
        if key in fields and fields[key] not in request.account.table(table):
            raise validation_failed([invalid_value(key, f"There is no such {key}")])
    above = fields.get("parent_folder_id")
    if above is not None and above not in request.account.table("solution_folders"):
        raise validation_failed([no_such_record("parent_folder_id", "folder")])
    if kind.html in fields and kind.plain is not None:
        fields[kind.plain] = text_of(fields[kind.html])
    return fields


def _find(account: Account, table: str, record_id: int) -> Record:
    record: Record | None = account.table(table).get(record_id)
    if record is None:
        raise not_found()
    return record


def _remove(account: Account, table: str, record_id: int) -> None:
    """The record and, downwards, what it holds."""
    for below, (above, key, _) in _HELD.items():
        if above == table:
            held = [one["id"] for one in account.table(below).values() if one[key] == record_id]
            for one in held:
                _remove(account, below, one)
    inner = [
        one["id"]
        for one in account.table(table).values()
        if one.get("parent_folder_id") == record_id
    ]
    del account.table(table)[record_id]
    for one in inner:
        _remove(account, table, one)


def _recount(account: Account) -> None:
    for below, (above, key, count) in _HELD.items():
        if count is not None:
            for record in account.table(above).values():
                held = account.table(below).values()
                record[count] = sum(one[key] == record["id"] for one in held)


_CATEGORIES, _FOLDERS = "/solutions/categories", "/solutions/folders"
_ARTICLES = "/solutions/articles"
ROUTES = (
    Route("POST", _CATEGORIES, _create(_CATEGORY, "solutions/categories")),
    Route("PUT", f"{_CATEGORIES}/{{id}}", _update(_CATEGORY)),
    Route("DELETE", f"{_CATEGORIES}/{{id}}", _delete(_CATEGORY)),
    Route("POST", f"{_CATEGORIES}/{{id}}/folders", _create(_FOLDER, "solutions/folders")),
    Route("PUT", f"{_FOLDERS}/{{id}}", _update(_FOLDER)),
    Route("DELETE", f"{_FOLDERS}/{{id}}", _delete(_FOLDER)),
    Route("POST", f"{_FOLDERS}/{{id}}/articles", _create(_ARTICLE, "solutions/articles")),
    Route("PUT", f"{_ARTICLES}/{{id}}", _update(_ARTICLE)),
    Route("DELETE", f"{_ARTICLES}/{{id}}", _delete(_ARTICLE)),
    Route("POST", "/canned_responses", _create(_RESPONSE, "canned_responses"), admin_only=True),
    Route("PUT", "/canned_responses/{id}", _update(_RESPONSE), admin_only=True),
    Route(
        "POST", "/canned_response_folders",
        _create(_RESPONSE_FOLDER, "canned_response_folders"), admin_only=True,
    ),
    Route("PUT", "/canned_response_folders/{id}", _update(_RESPONSE_FOLDER), admin_only=True),
)  # fmt: skip
