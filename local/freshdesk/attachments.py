"""Attached files: storing them, their records, their short-lived download links, removal.

Facts (developers.freshdesk.com/api): attachments of one ticket, what is said on it included, add up
to 20 MB at most; links are pre-signed, good for about five minutes, and need no key.
"""

from collections.abc import Sequence
from urllib.parse import quote

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import FieldError, not_found, validation_failed
from local.freshdesk.routing import Reply, Request, Route, UploadedFile

DOWNLOADS = "/data/helpdesk/attachments/"
MAX_BYTES = 20 * 1024 * 1024
LINK_LIFE_S = 300


def store(request: Request, already: Sequence[Record] = ()) -> list[Record]:
    """Keep the request's ``attachments[]`` files; their records.

    ``already`` are the ticket's earlier attachments, that count towards the size limit. Raises
    ApiError 400 beyond it, and for a file part of another name.
    """
    if wrong := [upload.field for upload in request.files if upload.field != "attachments"]:
        raise validation_failed(
            [FieldError(name, "Unexpected/invalid field in request", "invalid_field")
             for name in wrong]
        )  # fmt: skip
    size = sum(one["size"] for one in already) + sum(len(one.content) for one in request.files)
    if request.files and size > MAX_BYTES:
        message = "Invalid file size. Total size of the attachments should not exceed 20 MB"
        raise validation_failed([FieldError("attachments", message, "invalid_value")])
    return [store_file(request.account, upload) for upload in request.files]


def of_ticket(account: Account, ticket: Record) -> list[Record]:
    """Every file of the ticket and of what has been said on it; forwarded ones count once."""
    said = (account.conversations[one] for one in account.conversations_of.get(ticket["id"], ()))
    holders = (ticket, *(one for one in said if not one["deleted"]))
    return list({one["id"]: one for holder in holders for one in holder["attachments"]}.values())


def store_file(account: Account, upload: UploadedFile) -> Record:
    """Keep one file's bytes and make its record."""
    stamp = account.clock.stamp()
    record: Record = {
        "id": account.next_id("attachment"), "name": upload.name,
        "content_type": upload.content_type, "size": len(upload.content),
        "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    account.attachments[record["id"]] = record
    account.attachment_bytes[record["id"]] = upload.content
    return record


def rendered(request: Request, records: Sequence[Record]) -> list[Record]:
    """The records with a link that works for the next five minutes of the account's clock."""
    expires = int(request.account.clock.seconds()) + LINK_LIFE_S
    return [
        {
            **record,
            "attachment_url": f"{request.base_url}{DOWNLOADS}{record['id']}/original/"
            f"{quote(record['name'])}?X-Amz-Expires={LINK_LIFE_S}&until={expires}",
        }
        for record in records
    ]


def download(account: Account, path: str, query: dict[str, str]) -> Reply:
    """The file behind a link; 403 once it has expired, as the file store answers."""
    number = path.removeprefix(DOWNLOADS).partition("/")[0]
    record = account.attachments.get(int(number)) if number.isdigit() else None
    if record is None:
        return Reply(404)
    until = query.get("until", "")
    if not until.isdigit() or account.clock.seconds() > int(until):
        return Reply(403, b"<Error><Code>AccessDenied</Code></Error>",
                     {"Content-Type": "application/xml"})  # fmt: skip
    content = account.attachment_bytes[record["id"]]
    return Reply(200, content, {"Content-Type": record["content_type"]})


def _delete(request: Request) -> Reply:
    account = request.account
    record = account.attachments.pop(request.ids["id"], None)
    if record is None:
        raise not_found()
    del account.attachment_bytes[record["id"]]
    for table in (account.tickets, account.conversations):
        for owner in table.values():
            if record in owner["attachments"]:
                owner["attachments"] = [one for one in owner["attachments"] if one is not record]
    return Reply(204)


ROUTES = (Route("DELETE", "/attachments/{id}", _delete),)
