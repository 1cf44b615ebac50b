"""Files and links that hang on a record: ``/documents``, ``/document_links``, and their list.

Source: developers.freshworks.com/crm/api, Files and links: files come as a form, links as JSON.
"""

from typing import Any

from local.freshsales.account import Record
from local.freshsales.composite import TARGETS
from local.freshsales.errors import ApiError, Message, not_found
from local.freshsales.models import CONTACT, DEAL, LEAD, SALES_ACCOUNT
from local.freshsales.routing import Handler, Reply, Request, Route, created


def _store(request: Request, about: Record, *, name: Any, url: str, size: int, kind: str) -> Reply:
    account, target = request.account, about.get("targetable_type")
    table = TARGETS.get(str(target))
    target_id = str(about.get("targetable_id") or "")
    if table is None or not target_id.isdecimal() or int(target_id) not in account.table(table):
        raise ApiError(400, Message("invalid", label="Targetable"))
    record = {
        "id": account.next_id("document"), "name": name, "url": url, "content_file_size": size,
        "content_content_type": kind, "is_shared": about.get("is_shared") in (True, "true"),
        "creater_id": request.user["id"], "created_at": account.stamp(),
        "updated_at": account.stamp(), "targetable": {"id": int(target_id), "type": target},
    }  # fmt: skip
    account.table("documents")[record["id"]] = record
    account.writes += 1
    return created(request, {"document": record})


def _upload(request: Request) -> Reply:
    if not request.files or not isinstance(request.body, dict):
        raise ApiError(400, Message("blank", label="File"))
    one = request.files[0]
    name = request.body.get("file_name") or one.name
    url = f"{request.base_url}/files/{name}"
    return _store(
        request, request.body, name=name, url=url, size=len(one.content), kind=one.content_type
    )


def _link(request: Request) -> Reply:
    about = request.attributes("document_link")
    if not isinstance(about.get("url"), str) or not isinstance(about.get("name"), str):
        raise ApiError(400, Message("blank", label="Url"))
    return _store(request, about, name=about["name"], url=about["url"], size=0, kind="link")


def _of(table: str, parent: str) -> Handler:
    def handler(request: Request) -> Reply:
        if request.ids["id"] not in request.account.table(table):
            raise not_found()
        wanted = {"id": request.ids["id"], "type": parent}
        every = request.account.table("documents").values()
        rows = [one for one in every if one["targetable"] == wanted]
        links = [{"id": one["id"], "document_id": one["id"]} for one in rows]
        return Reply(200, {"document_associations": links, "documents": rows})

    return handler


ROUTES = (
    Route("POST", "/documents", _upload, files=True),
    Route("POST", "/document_links", _link),
    *(
        Route(
            "GET", f"/{model.table}/{{id}}/document_associations",
            _of(model.table, model.class_name), personas=model.personas,
        )
        for model in (CONTACT, SALES_ACCOUNT, DEAL, LEAD)
    ),
)  # fmt: skip
