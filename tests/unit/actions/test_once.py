"""Looking for what an earlier attempt made: what is proof, what is none, and what is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from freshbridge import timestamps
from freshbridge.actions.action import MAIL_SETTLE_S, SETTLE_S, Effect
from freshbridge.actions.attempt_marks import Unsure
from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.actions.freshdesk.earlier_entries import (
    FORWARD,
    NOTE,
    conversation_likeness,
    time_entry_likeness,
)
from freshbridge.actions.likeness import Likeness
from freshbridge.actions.once import NotSettled, OutcomeUnknown
from freshbridge.errors import ProviderDown, Unauthorized
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.actions import NOW, FakeClaims, earlier_attempt, run_action
from tests.fakes.provider import (
    FakeTransport,
    PagedList,
    empty_reply,
    html_reply,
    json_reply,
    query_of,
)

TICKETS = "/api/v2/tickets"
ASKED = {"email": "mira@client.example", "subject": "Blank page", "description": "<p>It is</p>"}
HARMLESS_TWICE = {
    "batch": "its rows are actions of their own",
    "bulk_update_tickets": "it sets values",
    "merge_tickets": "it merges nothing more, and writes its notes again",
}


def ticket(number: int = 7, seconds: float = -50, **changed: Any) -> dict[str, Any]:
    """A ticket as it was asked for, created `seconds` from now."""
    created = timestamps.to_text(NOW + timedelta(seconds=seconds))
    return {
        "id": number,
        "subject": "Blank page",
        "description": "<p>It is</p>",
        "description_text": "It is",
        "created_at": created,
        "priority": 1,
        "tags": [],
        "attachments": [],
        **changed,
    }


def provider(*listed: dict[str, Any]) -> FakeTransport:
    """Lists and shows these tickets, and makes ticket 99."""
    made = FakeTransport().on("GET", TICKETS, PagedList(listed))
    for one in listed:
        made.on("GET", f"{TICKETS}/{one['id']}", json_reply(one))
    return made.on("POST", TICKETS, json_reply(ticket(99, 0), 201))


def create(made: FakeTransport, asked: dict[str, Any] | None = None, **given: Any) -> int:
    """The id of the ticket that the action answers with."""
    found: int = run_action(
        "create_ticket", asked or ASKED, made, **{"unsure": earlier_attempt(), **given}
    ).data["ticket_id"]
    return found


def sent(made: FakeTransport) -> list[str]:
    return [request.method for request in made.requests]


def test_every_action_that_adds_is_kept_from_adding_twice() -> None:
    adding = {action.name for action in CATALOGUE if action.effect is Effect.ADD}
    guarded = {action.name for action in CATALOGUE if action.reconcile is not None}

    assert adding - guarded == set(HARMLESS_TWICE)
    # An update adds the files that it attaches.
    assert guarded - adding == {"update_ticket"}


def test_what_is_mailed_is_waited_for_longer() -> None:
    mailed = {"add_reply", "forward_ticket", "outbound_email", "send"}

    for action in CATALOGUE:
        if action.reconcile is not None:
            wanted = MAIL_SETTLE_S if action.name in mailed else SETTLE_S
            assert action.reconcile.settle_s == wanted


TICKET_7 = "https://acme.freshdesk.com#ticket#7#2026-03-03T12:01:50Z"


def test_an_emptied_account_s_ids_begin_anew_and_prove_nothing_of_the_old_ones() -> None:
    claims = FakeClaims(**{TICKET_7.replace("2026", "2025"): "another"})

    assert create(provider(ticket()), claims=claims) == 7


def test_without_a_doubt_nothing_is_looked_for() -> None:
    made = provider(ticket())

    assert create(made, unsure=None) == 99
    assert sent(made) == ["POST"]


def test_a_ticket_that_is_there_is_found_with_two_calls() -> None:
    made, claims = provider(ticket()), FakeClaims()

    outcome = run_action("create_ticket", ASKED, made, unsure=earlier_attempt(), claims=claims)

    assert (outcome.data["ticket_id"], outcome.data["reconciled"]) == (7, True)
    assert outcome.message.startswith("Ticket created (found: ")
    assert sent(made) == ["GET", "GET"]
    asked = query_of(made.requests[0])
    assert (asked["email"], asked["order_by"], asked["order_type"]) == (
        "mira@client.example",
        "created_at",
        "desc",
    )
    assert asked["updated_since"] == timestamps.to_text(NOW - timedelta(seconds=180))
    assert list(claims.claims) == [TICKET_7]


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "Another page"},
        {"description": "<p>It was</p>", "description_text": "It was"},
        {"created_at": timestamps.to_text(NOW - timedelta(minutes=4))},
        {"created_at": timestamps.to_text(NOW + timedelta(minutes=4))},
        {"created_at": None},
    ],
)
def test_another_ticket_is_none(changed: dict[str, Any]) -> None:
    assert create(provider(ticket(**changed))) == 99


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ({"priority": 3}, {"priority": 1}),
        ({"tags": ["a"]}, {"tags": ["b"]}),
        ({"agent_id": 4}, {"responder_id": 5}),
    ],
)
def test_what_rules_alter_hides_a_ticket_only_among_several(
    asked: dict[str, Any], changed: dict[str, Any]
) -> None:
    altered = ticket(8, **changed)
    given = {**ASKED, **asked}

    assert create(provider(altered), given) == 8
    as_asked = {"responder_id" if name == "agent_id" else name: v for name, v in asked.items()}
    assert create(provider(altered, ticket(7, **as_asked)), given) == 7


def test_two_that_were_both_altered_are_for_a_person() -> None:
    made = provider(ticket(8, priority=1), ticket(7, priority=2))

    with pytest.raises(OutcomeUnknown, match=r"2 may be it, and none is certain \(ticket 7, 8\)"):
        create(made, {**ASKED, "priority": 4})
    assert sent(made) == ["GET", "GET"]
    assert query_of(made.requests[1])["include"] == "description"


def test_of_two_equal_ones_the_one_that_nobody_has_is_taken() -> None:
    made = provider(ticket(8), ticket(7))
    claims = FakeClaims(**{TICKET_7: "another"})

    assert create(made, claims=claims) == 8
    assert "POST" not in sent(made)


def test_what_others_have_is_no_proof() -> None:
    claims = FakeClaims(**{TICKET_7: "another"})

    assert create(provider(ticket()), claims=claims) == 99


def test_its_own_stays_its_own_whatever_became_of_it() -> None:
    claims = FakeClaims()
    create(provider(ticket()), claims=claims)

    changed = ticket(description="<p>Edited by an agent since</p>", description_text="Edited")

    assert create(provider(changed, ticket(8)), claims=claims) == 7


def test_a_text_that_was_added_to_is_for_a_person() -> None:
    longer = ticket(description="<p>It is</p><p>-- Acme</p>", description_text=None)

    with pytest.raises(OutcomeUnknown, match="1 may be it"):
        create(provider(longer))


def test_a_missing_file_is_for_a_person() -> None:
    file = {"name": "a.txt", "content_base64": "YQ=="}

    with pytest.raises(OutcomeUnknown):
        create(provider(ticket()), {**ASKED, "attachments": [file]})


def test_two_pages_are_read_and_no_more() -> None:
    # Given more of the requester's tickets since then than a lookup reads
    others = [ticket(number, -10, subject="Other") for number in range(900, 600, -1)]
    made = provider(*others, ticket())

    with pytest.raises(OutcomeUnknown, match="more than 2 calls show"):
        create(made)
    assert [query_of(one)["page"] for one in made.requests] == ["1", "2"]

    # When it is on the second page, and when the second page shows that time to its end
    assert create(provider(*others[:150], ticket())) == 7
    old = [ticket(number, -9999, subject="Old") for number in range(400, 100, -1)]
    assert create(provider(*others[:150], *old)) == 99


class TicketList:
    """Freshdesk's ticket list with its filters and orders, and a clock of its own."""

    def __init__(self, *tickets: dict[str, Any], ahead_s: float = 0.0, dated: bool = True) -> None:
        self.tickets = tickets
        self.date = format_datetime(NOW + timedelta(seconds=ahead_s), usegmt=True)
        self.dated = dated

    def __call__(self, request: ProviderRequest) -> ProviderReply:
        """Serve one page."""
        query = query_of(request)

        def order(one: dict[str, Any]) -> tuple[str, int]:
            return one["created_at"], one["id"]

        since = query["updated_since"]
        listed = [one for one in self.tickets if one.get("updated_at", one["created_at"]) >= since]
        listed.sort(key=order, reverse=query["order_type"] == "desc")
        reply = PagedList(listed)(request)
        dated = {"Date": self.date} if self.dated else {}
        return replace(reply, headers={**reply.headers, **dated})


def flood(every_s: float, **changed: Any) -> list[dict[str, Any]]:
    """A requester's other tickets: one every so many seconds, until now."""
    return [ticket(1000 + n, n * every_s - 1200, **changed) for n in range(int(1200 / every_s))]


def in_a_flood(
    tickets: list[dict[str, Any]],
    asked: dict[str, Any] | None = None,
    attempt: Unsure | None = None,
    **given: Any,
) -> tuple[int | None, list[str]]:
    """The ticket that the action answers with, None for a person's, and the calls it took."""
    made = FakeTransport().on("GET", TICKETS, TicketList(*tickets, **given))
    for one in tickets:
        made.on("GET", f"{TICKETS}/{one['id']}", json_reply(one))
    made.on("POST", TICKETS, json_reply(ticket(99, 0), 201))
    try:
        found = create(made, asked, unsure=attempt or earlier_attempt())
    except OutcomeUnknown:
        return None, sent(made)
    return found, sent(made)


OTHERS: dict[str, Any] = {"subject": "Disk full"}
# Equal to the eye of a list without descriptions.
ALIKE: dict[str, Any] = {"description": "<p>It was</p>", "description_text": "It was"}


@pytest.mark.parametrize("others", [OTHERS, ALIKE])
@pytest.mark.parametrize("ahead_s", [0.0, 90.0, -90.0])
def test_a_requester_s_flood_hides_nothing(others: dict[str, Any], ahead_s: float) -> None:
    # Given four tickets a second, of which the latest hundred reach back 25 seconds
    def there(one: dict[str, Any]) -> dict[str, Any]:
        created = timestamps.from_text(one["created_at"]) + timedelta(seconds=ahead_s)
        return {**one, "created_at": timestamps.to_text(created)}

    others_there = [there(one) for one in flood(0.25, **others)]

    # When what was made a second after the attempt's beginning is looked for
    found, calls = in_a_flood([*others_there, there(ticket(7, -59))], ahead_s=ahead_s)

    # Then it is found with two calls
    assert (found, calls) == (7, ["GET", "GET"])


def test_in_a_flood_absence_is_shown_as_far_as_two_calls_reach() -> None:
    # The latest hundred reach back to the attempt; both hundreds meet; they do not
    assert in_a_flood(flood(0.9, **OTHERS)) == (99, ["GET", "POST"])
    assert in_a_flood(flood(0.4, **OTHERS)) == (99, ["GET", "GET", "POST"])
    assert in_a_flood(flood(0.25, **OTHERS)) == (None, ["GET", "GET"])
    # Nor where more are of one second than a page has
    assert in_a_flood([ticket(n, -50, **OTHERS) for n in range(300, 550)])[0] is None
    # Nor, of those with its subject, where the latest are too many to be seen whole
    assert in_a_flood(flood(0.4, **ALIKE)) == (None, ["GET", "GET"])
    # Neither where the list has many that were changed since and are older
    old = [ticket(n, -99_999, updated_at="2026-03-03T12:02:00Z", **OTHERS) for n in range(10, 90)]
    assert in_a_flood([*flood(0.4, **OTHERS), *old]) == (None, ["GET", "GET"])


def test_of_an_attempt_of_long_ago_the_oldest_ones_show_its_whole_time() -> None:
    long_ago = earlier_attempt(began=1000, over=999)

    assert in_a_flood(flood(1, **OTHERS), attempt=long_ago) == (99, ["GET", "GET", "POST"])
    assert in_a_flood(flood(0.5, **OTHERS), attempt=long_ago) == (None, ["GET", "GET"])
    made = [*flood(0.25, **ALIKE), ticket(7, -998)]
    assert in_a_flood(made, attempt=long_ago) == (7, ["GET", "GET"])


def test_an_equal_one_of_before_the_attempt_is_not_taken_for_it_in_a_flood() -> None:
    assert in_a_flood([*flood(0.9, **OTHERS), ticket(7, -75)]) == (99, ["GET", "POST"])
    assert in_a_flood([*flood(0.4, **OTHERS), ticket(7, -75)]) == (99, ["GET", "GET", "POST"])
    # Also where two of its time have the subject
    two = [ticket(5, -50, **ALIKE), ticket(6, -40, **ALIKE)]
    calls = (99, ["GET", "GET", "POST"])
    assert in_a_flood([*flood(0.9, **OTHERS), *two, ticket(7, -75)]) == calls


def test_what_moves_off_the_page_between_two_calls_is_not_taken_for_absent() -> None:
    # Given a list whose hundred latest show that time to its end, with two of the subject
    old = [ticket(n, -9999, **OTHERS) for n in range(100, 110)]
    two = [ticket(5, -50, **ALIKE), ticket(6, -40, **ALIKE)]
    others = [ticket(n, -30, **OTHERS) for n in range(200, 290)]
    new = [ticket(n, -1, **OTHERS) for n in range(400, 420)]
    before, after = [*old, *two, *others], [*old, *two, *others, *new]
    listed = [TicketList(*tickets, dated=False) for tickets in (before, after)]
    made = FakeTransport().on("GET", TICKETS, *listed)

    # When twenty more come before it is read with the descriptions
    with pytest.raises(OutcomeUnknown, match="more than 2 calls show"):
        create(made)


def test_a_time_that_cannot_be_trusted_shortens_nothing() -> None:
    hidden = [*flood(0.4, **OTHERS), ticket(7, -59)]

    # Given none, one that is minutes off, and one that the tickets are ahead of
    assert in_a_flood(hidden, dated=False)[0] == 7
    assert in_a_flood(flood(0.4, **OTHERS), dated=False)[0] is None
    assert in_a_flood(flood(0.4, **OTHERS), ahead_s=130)[0] is None
    assert in_a_flood(flood(0.7, **OTHERS))[0] == 99
    assert in_a_flood(flood(0.7, **OTHERS), ahead_s=-30)[0] is None


def test_a_flood_of_tickets_whose_requester_no_list_can_be_asked_for() -> None:
    # Given an account that gets one ticket every 0.4 seconds, of people known by their numbers
    by_phone = {**ASKED, "email": None, "name": "Mira", "phone": "+44 20 5550"}
    ours = ticket(7, -59, requester={"id": 1, "phone": "+44205550"})

    assert in_a_flood([*flood(0.4), ours], by_phone) == (7, ["GET", "GET"])
    assert in_a_flood(flood(0.4), by_phone) == (99, ["GET", "GET", "POST"])
    assert in_a_flood(flood(0.2), by_phone) == (None, ["GET", "GET"])


def test_tickets_of_earlier_times_end_the_list() -> None:
    old = [ticket(number, -9999) for number in range(300, 100, -1)]
    made = provider(*old)

    assert create(made) == 99
    assert sent(made) == ["GET", "POST"]


def test_an_address_that_no_contact_has_is_looked_for_among_all_tickets() -> None:
    # Given that Freshdesk refuses the filter, as it does for an agent's address
    error = {
        "field": "email",
        "message": "There is no contact matching the given email",
        "code": "invalid_value",
    }
    refused = json_reply({"description": "Validation failed", "errors": [error]}, 400)

    def made(*listed: dict[str, Any]) -> FakeTransport:
        found = FakeTransport().on("GET", TICKETS, refused, PagedList(listed))
        return found.on("POST", TICKETS, json_reply(ticket(99, 0), 201))

    agents = ticket(requester={"id": 1, "email": "Mira@client.example"})

    assert create(made()) == 99
    assert create(made(agents)) == 7
    with pytest.raises(OutcomeUnknown):
        create(made(ticket(requester={"id": 1, "email": "second@client.example"})))


def test_after_a_filter_was_refused_one_call_is_left() -> None:
    error = {"field": "email", "message": "There is no contact", "code": "invalid_value"}
    refused = json_reply({"description": "Validation failed", "errors": [error]}, 400)

    def made(every_s: float) -> FakeTransport:
        listed = TicketList(*flood(every_s, **OTHERS))
        found = FakeTransport().on("GET", TICKETS, refused, listed)
        return found.on("POST", TICKETS, json_reply(ticket(99, 0), 201))

    # Given an account whose latest hundred tickets reach back to the attempt, and one whose do not
    few, many = made(0.9), made(0.4)

    assert create(few) == 99
    with pytest.raises(OutcomeUnknown, match="more than 2 calls show"):
        create(many)
    assert sent(many) == ["GET", "GET"]


def test_a_lookup_that_is_refused_is_for_a_person_and_one_that_fails_for_later() -> None:
    def answered(answer: Any) -> FakeTransport:
        return FakeTransport().on("GET", TICKETS, answer)

    with pytest.raises(OutcomeUnknown, match="The lookup was refused: Permission denied"):
        create(answered(empty_reply(403)))
    with pytest.raises(Unauthorized):
        create(answered(empty_reply(401)))
    with pytest.raises(ProviderDown):
        create(answered(html_reply(502)))


def test_before_it_has_settled_nothing_is_asked() -> None:
    made = provider(ticket())

    with pytest.raises(NotSettled) as raised:
        create(made, unsure=earlier_attempt(over=SETTLE_S - 4.5))
    assert (raised.value.after, made.requests) == (5, [])
    assert create(made, unsure=earlier_attempt(over=SETTLE_S)) == 7


def test_an_absence_that_was_shown_is_remembered() -> None:
    absent, found = earlier_attempt(), earlier_attempt()

    create(provider(), unsure=absent)
    create(provider(ticket()), unsure=found)

    assert (absent.absent, found.absent) == (True, False)


@pytest.mark.parametrize(
    ("name", "parameters", "runs"),
    [
        ("edit_note", {"conversation_id": 5, "body": "New"}, True),
        (
            "edit_note",
            {"conversation_id": 5, "attachments": [{"name": "a", "content_base64": "YQ=="}]},
            False,
        ),
        ("toggle_timer", {"time_entry_id": 5, "running": True}, True),
        ("toggle_timer", {"time_entry_id": 5}, False),
        ("create_company", {"name": "Client Ltd"}, True),
        ("create_contact", {"name": "Ada", "email": "ada@acme.example"}, True),
    ],
)
def test_what_has_no_second_effect_is_sent_again_and_what_cannot_be_seen_is_not(
    name: str, parameters: dict[str, Any], runs: bool
) -> None:
    record = {"id": 5, "ticket_id": 7}
    made = FakeTransport()
    for method, path in (
        ("PUT", "conversations/5"),
        ("PUT", "time_entries/5"),
        ("POST", "companies"),
        ("POST", "contacts"),
    ):
        made.on(method, f"/api/v2/{path}", json_reply(record))
    unsure = earlier_attempt()

    if runs:
        run_action(name, parameters, made, unsure=unsure)
        assert len(made.requests) == 1
        assert not unsure.absent
    else:
        with pytest.raises(OutcomeUnknown):
            run_action(name, parameters, made, unsure=unsure)
        assert made.requests == []


@pytest.mark.parametrize(
    ("names", "sends"),
    [([], True), (["a.txt"], False), (["a.txt", "b.txt"], False), (["b.txt"], None)],
)
def test_a_file_is_attached_once(names: list[str], sends: bool | None) -> None:
    old = {"name": "a.txt", "created_at": "2026-03-01T12:00:00Z"}
    recent = timestamps.to_text(NOW - timedelta(seconds=50))
    added = [{"name": name, "created_at": recent} for name in names]
    stored = ticket(attachments=[old, *added])
    made = FakeTransport().on("GET", f"{TICKETS}/7", json_reply(stored))
    made.on("PUT", f"{TICKETS}/7", json_reply(stored))
    asked = {"ticket_id": 7, "attachments": [{"name": "a.txt", "content_base64": "YQ=="}]}

    if sends is None:
        with pytest.raises(OutcomeUnknown, match="other files were added"):
            run_action("update_ticket", asked, made, unsure=earlier_attempt())
    else:
        run_action("update_ticket", asked, made, unsure=earlier_attempt())
    assert ("PUT" in sent(made)) is (sends is True)


def test_values_are_set_again_without_a_look() -> None:
    made = FakeTransport().on("PUT", f"{TICKETS}/7", json_reply(ticket()))

    run_action("update_ticket", {"ticket_id": 7, "priority": 2}, made, unsure=earlier_attempt())

    assert sent(made) == ["PUT"]


def test_a_company_that_an_earlier_attempt_made_is_no_conflict() -> None:
    stored = {
        "id": 5,
        "name": "Client Ltd",
        "domains": ["client.example"],
        "created_at": timestamps.to_text(NOW - timedelta(seconds=50)),
    }
    error = {"field": "name", "message": "It should be a unique value", "code": "duplicate_value"}
    clash = json_reply({"description": "Validation failed", "errors": [error]}, 409)
    made = FakeTransport().on("POST", "/api/v2/companies", clash)
    found = {"companies": [{"id": 5, "name": "Client Ltd"}]}
    made.on("GET", "/api/v2/companies/autocomplete", json_reply(found))
    made.on("GET", "/api/v2/companies/5", json_reply(stored))
    asked = {"name": "Client Ltd", "domains": ["client.example"]}

    outcome = run_action("create_company", asked, made, unsure=earlier_attempt())

    assert (outcome.data["created"], outcome.data["company_id"]) == (True, 5)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, 7),
        ({"name": "Another"}, 8),
        ({"created_at": "2026-03-03T11:00:00Z"}, 8),
        ({"job_title": None}, None),
    ],
)
def test_a_contact_without_anything_unique_is_looked_for_by_its_number(
    changed: dict[str, Any], found: int | None
) -> None:
    asked = {"name": "Ada", "mobile": "+44 20 5550", "job_title": "Countess"}
    created = timestamps.to_text(NOW - timedelta(seconds=50))
    stored = {**asked, "id": 7, "created_at": created, **changed}
    made = FakeTransport().on("GET", "/api/v2/contacts", PagedList([stored]))
    made.on("POST", "/api/v2/contacts", json_reply({**asked, "id": 8}, 201))

    if found is None:
        with pytest.raises(OutcomeUnknown):
            run_action("create_contact", asked, made, unsure=earlier_attempt())
        return
    outcome = run_action("create_contact", asked, made, unsure=earlier_attempt())
    assert outcome.data["contact_id"] == found
    assert query_of(made.requests[0])["mobile"] == "+44 20 5550"


def test_a_refusal_that_is_not_about_the_requester_is_for_a_person() -> None:
    error = {"field": "order_by", "message": "It cannot be", "code": "invalid_value"}
    refused = json_reply({"description": "Validation failed", "errors": [error]}, 400)

    with pytest.raises(OutcomeUnknown, match="The lookup was refused"):
        create(FakeTransport().on("GET", TICKETS, refused))


def test_a_status_by_its_name_is_not_compared() -> None:
    assert create(provider(ticket(status=2)), {**ASKED, "status": "Open"}) == 7


SAID = {"body": "<p>Seen it</p>", "private": True, "incoming": False}
ENTRY = {**SAID, "source": NOTE, "user_id": 3, "attachments": [], "cc_emails": [], "to_emails": []}


@pytest.mark.parametrize(
    ("asked", "entry", "likeness"),
    [
        ({}, {}, Likeness.SAME),
        ({}, {"private": False}, Likeness.OTHER),
        ({}, {"incoming": True}, Likeness.OTHER),
        ({}, {"source": 0}, Likeness.OTHER),
        ({"user_id": 3}, {}, Likeness.SAME),
        ({"user_id": 4}, {}, Likeness.OTHER),
        ({}, {"body": "Another"}, Likeness.OTHER),
        ({}, {"body": "Another", "last_edited_at": "2026-03-03T12:02:00Z"}, Likeness.DOUBTFUL),
        ({"cc_emails": ["a@b.example"]}, {}, Likeness.DOUBTFUL),
        ({"cc_emails": ["A@b.example"]}, {"cc_emails": ["Ada <a@B.example>"]}, Likeness.SAME),
        ({"attachments": [{}]}, {}, Likeness.DOUBTFUL),
        ({"attachments": [{}]}, {"attachments": [{"name": "a"}]}, Likeness.SAME),
    ],
)
def test_a_conversation_is_told_by_what_cannot_change(
    asked: dict[str, Any], entry: dict[str, Any], likeness: Likeness
) -> None:
    assert conversation_likeness({**SAID, **asked}, NOTE, {**ENTRY, **entry}) is likeness


def test_a_forward_may_quote_what_was_said_before() -> None:
    asked = {"body": "Please look", "to_emails": ["depot@acme.example"]}
    entry = {
        **ENTRY,
        "source": FORWARD,
        "to_emails": ['"Depot" <depot@acme.example>'],
        "body": "<p>Please look</p><blockquote>A long story about a page</blockquote>",
    }

    assert conversation_likeness(asked, FORWARD, entry) is Likeness.SAME
    elsewhere = {**entry, "to_emails": ["other@acme.example"]}
    assert conversation_likeness(asked, FORWARD, elsewhere) is Likeness.OTHER


LOGGED = {
    "agent_id": 3,
    "time_spent": "00:45",
    "billable": True,
    "note": "Looked",
    "timer_running": False,
    "executed_at": "2026-03-03T12:00:00Z",
    "created_at": "2026-03-03T12:02:00Z",
    "updated_at": "2026-03-03T12:02:00Z",
}


@pytest.mark.parametrize(
    ("asked", "entry", "likeness"),
    [
        ({}, {}, Likeness.SAME),
        ({"agent_id": 3}, {}, Likeness.SAME),
        ({"agent_id": 4}, {}, Likeness.OTHER),
        ({"time_spent": "00:50"}, {}, Likeness.OTHER),
        ({"billable": False}, {}, Likeness.OTHER),
        ({"note": "Talked"}, {}, Likeness.OTHER),
        ({"executed_at": "2026-03-03T13:00:00+01:00"}, {}, Likeness.SAME),
        ({"executed_at": "2026-03-03T13:00:00Z"}, {}, Likeness.OTHER),
        ({}, {"note": "Edited", "updated_at": "2026-03-03T12:09:00Z"}, Likeness.DOUBTFUL),
        ({"executed_at": "2026-03-03T13:00:00Z"}, {"executed_at": None}, Likeness.OTHER),
        ({"timer_running": True}, {"time_spent": "07:10"}, Likeness.SAME),
    ],
)
def test_a_time_entry_is_told_by_what_was_logged(
    asked: dict[str, Any], entry: dict[str, Any], likeness: Likeness
) -> None:
    wanted = {"time_spent": "00:45", "note": "Looked", **asked}

    assert time_entry_likeness(wanted, {**LOGGED, **entry}) is likeness
