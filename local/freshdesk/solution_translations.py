"""The knowledge base in other languages, and folders inside folders.

A translation is read, made and changed at its record's path with a language code behind it; it has
the record's id, the texts of its language, and stamps of its own. Lists in a language hold the
records that have been translated. The account's primary language is no translation.

Source: developers.freshdesk.com/api, Solutions (translated categories, folders and articles).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import (
    duplicate_value,
    method_not_allowed,
    not_found,
    require_feature,
)
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.ticket_writes import text_of
from local.freshdesk.validation import Field, check_body, check_query, required

PRIMARY: Final = "en"
_LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Za-z]{2,4})?")
# The last words of other calls' paths, which are no languages.
_LISTS: Final = frozenset({"folders", "articles", "subfolders"})
_NAME: Final = Field("string", nullable=False, blank=False)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One sort of record: where it is kept, and what of it can be said in another language.

    ``needed`` must be in a new translation; ``parent`` is the table above and the attribute that
    points there.
    """

    table: str
    resource: str
    fields: Mapping[str, Field]
    needed: frozenset[str]
    parent: tuple[str, str] | None = None
    # Whether the description is kept without its markup as well.
    plain: bool = False


_CATEGORY: Final = _Kind(
    "solution_categories", "solutions/categories",
    {"name": _NAME, "description": Field("string")}, frozenset({"name"}),
)  # fmt: skip
_FOLDER: Final = _Kind(
    "solution_folders", "solutions/folders",
    {"name": _NAME, "description": Field("string")}, frozenset({"name"}),
    ("solution_categories", "category_id"),
)  # fmt: skip
_ARTICLE: Final = _Kind(
    "solution_articles", "solutions/articles",
    {
        "title": _NAME,
        "description": Field("string", nullable=False),
        "status": Field("integer", nullable=False, choices=(1, 2)),
        "tags": Field("array", items=Field("string", nullable=False)),
        "seo_data": Field("object"),
        "agent_id": Field("integer", nullable=False),
    },
    frozenset({"title", "description"}),
    ("solution_folders", "folder_id"),
    plain=True,
)  # fmt: skip


def _language(request: Request) -> str:
    """The code at the path's end. Raises ApiError 404, or 405 where it names a list."""
    found = request.texts["language"]
    if found in _LISTS:
        raise method_not_allowed(request.method, ["GET", "POST"])
    if not _LANGUAGE.fullmatch(found):
        raise not_found()
    if not request.account.has_feature("multi_language"):
        raise require_feature("multi_language")
    return found


def _record(request: Request, table: str) -> Record:
    found: Record | None = request.account.table(table).get(request.ids["id"])
    if found is None:
        raise not_found()
    return found


def _translations(account: Account, kind: _Kind, language: str) -> dict[int, Record]:
    """What has been said in ``language``, by the id of the record."""
    return account.table(f"{kind.table}:{language}")


def _shown(account: Account, kind: _Kind, language: str, record: Record) -> Record | None:
    """The record in ``language``; None when there is no such translation."""
    if language == PRIMARY:
        return record
    said = _translations(account, kind, language).get(record["id"])
    return None if said is None else {**record, **said}


def _view(kind: _Kind) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        language = _language(request)
        found = _shown(request.account, kind, language, _record(request, kind.table))
        if found is None:
            raise not_found()
        return Reply(200, found)

    return handler


def _create(kind: _Kind) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account, language = request.account, _language(request)
        record = _record(request, kind.table)
        spec = {name: required(one, name in kind.needed) for name, one in kind.fields.items()}
        fields = _checked(request, kind, spec)
        if _shown(account, kind, language, record) is not None:
            raise duplicate_value("language_code")
        stamp = account.clock.stamp()
        said = {"id": record["id"], **fields, "created_at": stamp, "updated_at": stamp}
        _translations(account, kind, language)[record["id"]] = said
        location = f"{request.base_url}{request.path}"
        return Reply(201, {**record, **said}, {"Location": location})

    return handler


def _update(kind: _Kind) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account, language = request.account, _language(request)
        record = _record(request, kind.table)
        fields = _checked(request, kind, kind.fields)
        shown = _shown(account, kind, language, record)
        if shown is None:
            raise not_found()
        kept = account.table(kind.table)
        said = (kept if language == PRIMARY else _translations(account, kind, language))[
            record["id"]
        ]
        said |= {**fields, "updated_at": account.clock.stamp()}
        return Reply(200, {**shown, **said})

    return handler


def _checked(request: Request, kind: _Kind, spec: Mapping[str, Field]) -> Record:
    fields = check_body(spec, request)
    if kind.plain and "description" in fields:
        fields["description_text"] = text_of(fields["description"])
    return fields


def _list(kind: _Kind) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account, language = request.account, _language(request)
        page = page_of(check_query(PAGING, request.query))
        rows: Iterable[Record] = account.table(kind.table).values()
        if kind.parent is not None:
            parents, key = kind.parent
            above = _record(request, parents)["id"]
            rows = [one for one in rows if one[key] == above]
        found = (_shown(account, kind, language, one) for one in rows)
        return paged(request, [one for one in found if one is not None], page)

    return handler


def _subfolders(request: Request) -> Reply:
    page = page_of(check_query(PAGING, request.query))
    above = _record(request, "solution_folders")["id"]
    folders = request.account.table("solution_folders").values()
    return paged(request, [one for one in folders if one.get("parent_folder_id") == above], page)


ROUTES = (
    Route("GET", "/solutions/folders/{id}/subfolders", _subfolders),
    Route("GET", "/solutions/categories/{language:text}", _list(_CATEGORY)),
    Route("GET", "/solutions/categories/{id}/folders/{language:text}", _list(_FOLDER)),
    Route("GET", "/solutions/folders/{id}/articles/{language:text}", _list(_ARTICLE)),
    *(
        Route(method, f"/{kind.resource}/{{id}}/{{language:text}}", action(kind))
        for kind in (_CATEGORY, _FOLDER, _ARTICLE)
        for method, action in (("GET", _view), ("POST", _create), ("PUT", _update))
    ),
)
