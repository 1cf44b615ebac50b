"""The columns of each object's tables, as Athena reads them. Pure.

Numbers and booleans have their types where Freshdesk's own documentation and what accounts answer
agree. Times stay text: in UTC their order is that of the texts, and an empty one is no error.
Whatever is nested, or differs between accounts, is text too, which Athena gives as JSON: a map
would need all values of one type, and `custom_fields` differ with every account and every day. So
is what nobody has seen but null: a text takes whatever comes, a number's column fails the query.
Members of a record alone and of one in a list are all here; those that a record lacks are null.
Source: https://developers.freshdesk.com/api/
"""

from __future__ import annotations

from collections.abc import Mapping

_MEMBERS = "_id _updated_at _seen_at _state _parent _run_id"
_DATED = "created_at updated_at"


def _columns(
    *, ids: str = "", numbers: str = "", flags: str = "", texts: str = ""
) -> Mapping[str, str]:
    """Names by type; an object's own ids first."""
    kinds = {"bigint": ids, "double": numbers, "boolean": flags, "string": texts}
    own = dict.fromkeys(_MEMBERS.split(), "string")
    return own | {name: kind for kind, names in kinds.items() for name in names.split()}


_FIELDS = (
    "id position",
    "default required_for_agents customers_can_edit",
    f"name label description type label_for_customers choices {_DATED}",
)

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "tickets": _columns(
        ids=(
            "id requester_id responder_id group_id company_id product_id email_config_id form_id "
            "status priority source association_type associated_tickets_count internal_agent_id "
            "internal_group_id"
        ),
        numbers="sentiment_score initial_sentiment_score",
        flags="spam deleted archived is_escalated fr_escalated nr_escalated",
        texts=(
            "subject type description description_text due_by fr_due_by nr_due_by support_email "
            "tags to_emails cc_emails fwd_emails reply_cc_emails ticket_cc_emails "
            "ticket_bcc_emails attachments custom_fields stats requester company "
            "structured_description source_additional_info associated_tickets_list "
            f"{_DATED}"
        ),
    ),
    "conversations": _columns(
        ids=(
            "id ticket_id user_id source category last_edited_user_id automation_id "
            "automation_type_id"
        ),
        flags="incoming private auto_response",
        texts=(
            "body body_text support_email from_email to_emails cc_emails bcc_emails attachments "
            "last_edited_at structured_body thread_id thread_message_id threading_type "
            f"email_failure_count outgoing_failures source_additional_info {_DATED}"
        ),
    ),
    "contacts": _columns(
        ids="id company_id org_contact_id",
        flags="active deleted view_all_tickets",
        texts=(
            "name first_name last_name email phone mobile address description job_title language "
            "time_zone twitter_id facebook_id unique_external_id visitor_id preferred_source "
            "csat_rating contact_type tags other_emails other_companies other_phone_numbers avatar "
            "social_handler devices twitter_profile_status twitter_followers_count "
            f"custom_fields {_DATED}"
        ),
    ),
    "companies": _columns(
        ids="id org_company_id",
        texts=(
            "name description note domains health_score account_tier renewal_date industry "
            f"custom_fields {_DATED}"
        ),
    ),
    "time_entries": _columns(
        ids="id ticket_id agent_id company_id time_spent_in_seconds",
        flags="billable timer_running",
        texts=f"time_spent note executed_at start_time {_DATED}",
    ),
    "satisfaction_ratings": _columns(
        ids="id survey_id ticket_id user_id agent_id group_id",
        texts=f"feedback ratings {_DATED}",
    ),
    "agents": _columns(
        ids="id ticket_scope",
        flags="available occasional deactivated focus_mode",
        texts=(
            "type contact signature group_ids role_ids skill_ids contribution_group_ids "
            f"last_active_at available_since {_DATED}"
        ),
    ),
    "groups": _columns(
        ids="id escalate_to business_hour_id",
        texts=(f"name description unassigned_for group_type agent_ids auto_ticket_assign {_DATED}"),
    ),
    "roles": _columns(ids="id", flags="default", texts=f"name description agent_type {_DATED}"),
    "products": _columns(
        ids="id", flags="default", texts=f"name description primary_email {_DATED}"
    ),
    "ticket_fields": _columns(
        ids=_FIELDS[0],
        flags=(
            f"{_FIELDS[1]} required_for_closure required_for_customers displayed_to_customers "
            "portal_cc"
        ),
        texts=f"{_FIELDS[2]} nested_ticket_fields portal_cc_to",
    ),
    "contact_fields": _columns(
        ids=_FIELDS[0],
        flags=(
            f"{_FIELDS[1]} required_for_customers displayed_for_customers editable_in_signup "
            "agents_can_edit displayed_for_agents quick_add_for_agent unique"
        ),
        texts=_FIELDS[2],
    ),
    "company_fields": _columns(
        ids=_FIELDS[0],
        flags=(
            "default required_for_agents agents_can_edit displayed_for_agents quick_add_for_agent "
            "unique"
        ),
        texts=f"name label type choices {_DATED}",
    ),
    "sla_policies": _columns(
        ids="id position",
        flags="active is_default",
        texts=f"name description applicable_to sla_target escalation {_DATED}",
    ),
    "business_hours": _columns(
        ids="id", flags="is_default", texts=f"name description time_zone business_hours {_DATED}"
    ),
    "canned_responses": _columns(
        ids="id folder_id visibility",
        texts=f"title content content_html group_ids attachments {_DATED}",
    ),
}
