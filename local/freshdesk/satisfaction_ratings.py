"""Surveys and the ratings customers gave in answer to them.

Source: developers.freshdesk.com/api, Surveys and Satisfaction Ratings.
"""

from collections.abc import Mapping
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import require_feature
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.ticket_access import find_ticket
from local.freshdesk.validation import Field, check_body, check_query, required

# Extremely happy to extremely unhappy.
ACCEPTED: Final = (103, 102, 101, 100, -101, -102, -103)
_LIST_QUERY = {
    **PAGING,
    "created_since": Field("datetime", nullable=False),
    "user_id": Field("integer", nullable=False),
}
_SURVEYS_QUERY = {**PAGING, "state": Field("string", nullable=False, choices=("active",))}


def put_survey(account: Account) -> None:
    """The one active survey of a new account: a default question and two more."""
    stamp = account.clock.stamp()
    survey_id = account.next_id("survey")
    labels = (
        "How would you rate your overall satisfaction?",
        "Was the answer easy to understand?",
        "Did we answer in time?",
    )
    questions = [
        {
            "id": "default_question" if number == 1 else f"question_{number}",
            "label": label,
            "accepted_ratings": list(ACCEPTED),
            "default": number == 1,
        }
        for number, label in enumerate(labels, start=1)
    ]
    account.table("surveys")[survey_id] = {
        "id": survey_id, "title": "Default survey", "active": True, "questions": questions,
        "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip


def _check_feature(account: Account) -> None:
    if not account.has_feature("csat"):
        raise require_feature("csat")


def _active_survey(account: Account) -> Record:
    return next(one for one in account.table("surveys").values() if one["active"])


def _create(request: Request) -> Reply:
    account = request.account
    _check_feature(account)
    ticket = find_ticket(request)
    survey = _active_survey(account)
    fields = check_body(_spec(survey), request)
    stamp = account.clock.stamp()
    rating: Record = {
        "id": account.next_id("satisfaction_rating"), "survey_id": survey["id"],
        "user_id": ticket["requester_id"], "agent_id": ticket["responder_id"],
        "group_id": ticket["group_id"], "ticket_id": ticket["id"],
        "feedback": fields.get("feedback"), "ratings": fields["ratings"],
        "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    account.satisfaction_ratings[rating["id"]] = rating
    return created(request, "satisfaction_ratings", rating)


def _spec(survey: Record) -> Mapping[str, Field]:
    questions = {
        one["id"]: required(
            Field("integer", nullable=False, choices=tuple(one["accepted_ratings"])),
            now=one["default"],
        )
        for one in survey["questions"]
    }
    return {
        "feedback": Field("string"),
        "ratings": Field("object", required=True, nullable=False, fields=questions),
    }


def _list_of_ticket(request: Request) -> Reply:
    _check_feature(request.account)
    ticket_id = find_ticket(request)["id"]
    page = page_of(check_query(PAGING, request.query))
    ratings = request.account.satisfaction_ratings.values()
    return paged(request, [one for one in ratings if one["ticket_id"] == ticket_id], page)


def _list(request: Request) -> Reply:
    _check_feature(request.account)
    wanted = check_query(_LIST_QUERY, request.query)
    since = wanted.get("created_since", "")
    user_id: Any = wanted.get("user_id")
    rows = [
        one
        for one in request.account.satisfaction_ratings.values()
        if one["created_at"] >= since and user_id in (None, one["user_id"])
    ]
    return paged(request, rows, page_of(wanted))


def _surveys(request: Request) -> Reply:
    _check_feature(request.account)
    wanted = check_query(_SURVEYS_QUERY, request.query)
    surveys = request.account.table("surveys").values()
    rows = [one for one in surveys if one["active"] or "state" not in wanted]
    return paged(request, rows, page_of(wanted))


ROUTES = (
    Route("GET", "/surveys", _surveys),
    Route("GET", "/surveys/satisfaction_ratings", _list),
    Route("POST", "/tickets/{id}/satisfaction_ratings", _create),
    Route("GET", "/tickets/{id}/satisfaction_ratings", _list_of_ticket),
)
