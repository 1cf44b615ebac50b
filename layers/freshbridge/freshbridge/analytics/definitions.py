"""What each figure of a report means, in the words that stand beside it. Pure."""

from __future__ import annotations

_ELAPSED = "by the clock, nights and weekends included"
_WORKING = (
    "in business hours: those of the ticket's group, else the account's default ones; holidays are "
    "not taken out, for Freshdesk's API does not tell them"
)
_FINISHED = (
    "A ticket counts as finished when it was resolved, else closed; while its status is neither, "
    "it is open. After a reopening only what came later counts, for Freshdesk keeps no earlier "
    "resolution."
)
_DURATIONS = (
    "Mean, median and 90th percentile (interpolated between neighbours, as spreadsheets do), in "
    "seconds"
)

GENERAL = {
    "period": "`from` is included, `to` is not; a period that reaches past now ends now.",
    "grouping": (
        "A ticket belongs to the agent, group, priority, type and source it has now. A null key "
        "holds what has none of these, `unknown` what belongs to a ticket that was not listed."
    ),
    "tickets": (
        "Tickets that are deleted, spam, or archived (closed and untouched for 120 days) are not "
        "listed by Freshdesk and not counted."
    ),
}


def definitions(*, business_hours: bool) -> dict[str, str]:
    """Each figure's sentence, by its path in a row: `sla.resolution_breached`."""
    clock = _WORKING if business_hours else _ELAPSED
    return GENERAL | {
        "volume_in": "Tickets created in the period.",
        "volume_out": f"Tickets finished in the period. {_FINISHED}",
        "backlog_at_start": (
            "Tickets created before the period and not finished before it. One that was reopened "
            "since counts as open all along."
        ),
        "backlog": (
            "Tickets created before the period's end and not finished before it: backlog_at_start "
            "plus volume_in less volume_out. On a row of by.day, at that day's end."
        ),
        "first_response": (
            f"From a ticket's creation to its first response, {clock}, for the first responses "
            f"given in the period. {_DURATIONS}."
        ),
        "resolution": (
            f"From a ticket's creation to its finish, {clock}, for the tickets finished in the "
            f"period; time spent waiting for the customer is included. {_DURATIONS}."
        ),
        "sla.first_response_due": (
            "Tickets whose first response fell due in the period (fr_due_by) and before now."
        ),
        "sla.first_response_breached": (
            "Of these, tickets that had neither a first response nor a finish when it was due."
        ),
        "sla.resolution_due": "Tickets whose due_by lies in the period and before now.",
        "sla.resolution_breached": "Of these, tickets that were finished later or are still open.",
        "sla.escalated": (
            "Tickets of either kind that Freshdesk has marked as escalated; it does so only where "
            "the SLA policy escalates."
        ),
        "sla.breach_rate": "Breaches of both kinds as a share of what was due; null for none due.",
        "reopened": (
            "Tickets whose last reopening lies in the period; Freshdesk tells the last one only."
        ),
        "reopen_rate": (
            "`reopened` as a share of the tickets finished or reopened in the period; null for "
            "none. On a row of by.day, of those finished or reopened on that day."
        ),
        "csat.ratings": (
            "Survey answers given in the period to the default question; they belong to the agent "
            "and group that Freshdesk noted on them."
        ),
        "csat.positive": "Answers from happy to extremely happy (101 to 103; 1 in classic ones).",
        "csat.neutral": "Neutral answers (100; 2 in classic surveys).",
        "csat.negative": (
            "Answers from unhappy to extremely unhappy (-101 to -103; 3 in classic ones)."
        ),
        "csat.positive_share": "Positive answers as a share of all; null for none.",
        "csat.mean_score": "Mean answer, from -1 (extremely unhappy) over 0 to 1; null for none.",
        "time.entries": "Time entries executed in the period (executed_at), by who logged them.",
        "time.logged_s": "Seconds of these entries; a running timer counts what it shows.",
        "time.billable_s": "Seconds of the entries that are billable.",
        "tickets.counted": (
            "Tickets that had any part in the figures: created, open, answered, finished, reopened "
            "or due in the period."
        ),
    }
