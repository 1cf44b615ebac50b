"""The portal's knowledge base and forums: trees of a few records, as they are read.

Source: developers.freshdesk.com/api, Solutions and Discussions. Categories hold folders, folders
hold articles; categories hold forums, forums hold topics, topics hold comments.
"""

from collections.abc import Callable
from typing import Any

from local.freshdesk.account import Account, Record
from local.freshdesk.directory import completed
from local.freshdesk.errors import missing_field, not_found, validation_failed
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.validation import Field, check_query

_PUBLISHED = 2
_PERMANENT = 1
_EVERYONE = 1


def put_portal_content(account: Account) -> None:
    """Fill the tables of an empty account; agents must be there already."""
    _put_knowledge_base(account)
    _put_forums(account)


def put_record(account: Account, table: str, **attributes: Any) -> Record:
    """Add a record with a fresh id and both stamps."""
    stamp = account.clock.stamp()
    record: Record = {"id": account.next_id("reference"), **attributes}
    record |= {"created_at": stamp, "updated_at": stamp}
    account.table(table)[record["id"]] = record
    return record


def _put_knowledge_base(account: Account) -> None:
    texts = {
        "Getting started": ("Invite your team from the settings page.", "Choose a plan first."),
        "Billing": ("Invoices are sent on the first day of a month.",),
    }
    category = put_record(
        account, "solution_categories", name="Help centre", description="How to use the product",
        visible_in_portals=[],
    )  # fmt: skip
    for name, articles in texts.items():
        folder = put_record(
            account, "solution_folders", name=name, description=None, category_id=category["id"],
            visibility=_EVERYONE, articles_count=len(articles),
        )  # fmt: skip
        for text in articles:
            title = text.partition(" ")[0]
            put_record(
                account, "solution_articles", type=_PERMANENT, category_id=category["id"],
                folder_id=folder["id"], agent_id=next(iter(account.agents)), title=title,
                description=f"<p>{text}</p>", description_text=text, status=_PUBLISHED,
                thumbs_up=0, thumbs_down=0, hits=0, tags=[], attachments=[],
                seo_data={"meta_title": title, "meta_description": None, "meta_keywords": None},
            )  # fmt: skip


def _put_forums(account: Account) -> None:
    author = next(iter(account.agents))
    category = put_record(account, "discussion_categories", name="Community", description=None)
    forum = put_record(
        account, "discussion_forums", name="Announcements", description="What is new", position=1,
        forum_category_id=category["id"], forum_type=4, forum_visibility=_EVERYONE,
        topics_count=1, posts_count=1,
    )  # fmt: skip
    topic = put_record(
        account, "discussion_topics", title="Welcome", message="<p>Say hello.</p>",
        forum_id=forum["id"], user_id=author, locked=False, sticky=False, published=True,
        stamp_type=None, replied_by=author, user_votes=0, merged_topic_id=None, hits=0,
        posts_count=1,
    )  # fmt: skip
    put_record(
        account, "discussion_comments", body="<p>Hello.</p>", body_text="Hello.",
        topic_id=topic["id"], forum_id=forum["id"], user_id=author, published=True, spam=False,
        trash=False, answer=False,
    )  # fmt: skip


def _all(table: str) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        page = page_of(check_query(PAGING, request.query))
        return paged(request, list(request.account.table(table).values()), page)

    return handler


def _one(table: str) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        return Reply(200, _found(request, table))

    return handler


def _below(parents: str, table: str, key: str) -> Callable[[Request], Reply]:
    """The records of ``table`` whose ``key`` names the parent in the path."""

    def handler(request: Request) -> Reply:
        page = page_of(check_query(PAGING, request.query))
        parent = _found(request, parents)
        records = request.account.table(table).values()
        return paged(request, [one for one in records if one[key] == parent["id"]], page)

    return handler


def _search(request: Request) -> Reply:
    """Articles with a word that begins with the term, in title or text."""
    checked = check_query({**PAGING, "term": Field("string", nullable=False)}, request.query)
    if not checked.get("term"):
        raise validation_failed([missing_field("term")])
    articles = request.account.table("solution_articles").values()
    texts = ("title", "description_text")
    found = completed(checked["term"], articles, lambda one: [one[name] for name in texts])
    return paged(request, found, page_of(checked))


def _found(request: Request, table: str) -> Record:
    record: Record | None = request.account.table(table).get(request.ids["id"])
    if record is None:
        raise not_found()
    return record


_FOLDERS = _below("solution_categories", "solution_folders", "category_id")
_ARTICLES = _below("solution_folders", "solution_articles", "folder_id")
_FORUMS = _below("discussion_categories", "discussion_forums", "forum_category_id")
_TOPICS = _below("discussion_forums", "discussion_topics", "forum_id")
_COMMENTS = _below("discussion_topics", "discussion_comments", "topic_id")

ROUTES = (
    Route("GET", "/search/solutions", _search),
    Route("GET", "/solutions/categories", _all("solution_categories")),
    Route("GET", "/solutions/categories/{id}", _one("solution_categories")),
    Route("GET", "/solutions/categories/{id}/folders", _FOLDERS),
    Route("GET", "/solutions/folders/{id}", _one("solution_folders")),
    Route("GET", "/solutions/folders/{id}/articles", _ARTICLES),
    Route("GET", "/solutions/articles/{id}", _one("solution_articles")),
    Route("GET", "/discussions/categories", _all("discussion_categories")),
    Route("GET", "/discussions/categories/{id}", _one("discussion_categories")),
    Route("GET", "/discussions/categories/{id}/forums", _FORUMS),
    Route("GET", "/discussions/forums/{id}", _one("discussion_forums")),
    Route("GET", "/discussions/forums/{id}/topics", _TOPICS),
    Route("GET", "/discussions/topics/{id}", _one("discussion_topics")),
    Route("GET", "/discussions/topics/{id}/comments", _COMMENTS),
)
