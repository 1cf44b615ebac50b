"""Which events were chosen, and where the webhook is reached."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import FieldError
from freshbridge.webhooks.address import leads_to, own_base_url, read_base_url, webhook_url
from freshbridge.webhooks.choice import (
    BY_WEBHOOK,
    FROM_SYNC,
    InvalidSetup,
    Wish,
    not_by_webhook,
    read_setup,
    read_wish,
)


def test_an_empty_body_asks_for_every_ticket_event() -> None:
    asked = read_setup({})
    assert asked.wish == Wish(BY_WEBHOOK, "", "last")
    assert (asked.dry_run, asked.verify, asked.show_secret) == (False, False, False)


def test_events_are_taken_once_each_and_in_one_order() -> None:
    asked = read_setup({"events": ["note_created", "ticket_created", "note_created"]})
    assert asked.wish.events == ("ticket_created", "note_created")


def test_what_only_the_sync_has_is_left_out_beside_others() -> None:
    asked = read_setup({"events": ["ticket_created", "ticket_deleted", "contact_updated"]})
    assert asked.wish.events == ("ticket_created",)


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"events": ["ticket_exploded"]}, "events", "a list of ticket_created"),
        ({"events": "ticket_created"}, "events", "a list of"),
        ({"events": []}, "events", "at least one"),
        ({"events": ["ticket_deleted"]}, "events", "no automation rule when a ticket is deleted"),
        ({"events": [7]}, "events", "a list of"),
        ({"position": "middle"}, "position", '"last" or "first"'),
        ({"position": ["last"]}, "position", '"last" or "first"'),
        ({"dry_run": "yes"}, "dry_run", "true or false"),
        ({"verify": 1}, "verify", "true or false"),
        ({"base_url": "http://acme.example"}, "base_url", "https"),
        ({"base_url": 7}, "base_url", "https"),
        ({"colour": "red"}, "colour", "no such field"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidSetup) as caught:
        read_setup(body)
    (fault,) = caught.value.fields
    assert fault.field == field
    assert words in fault.message


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidSetup) as caught:
        read_setup({"events": [], "position": 1, "dry_run": 0, "base_url": "x", "y": 1})
    assert {f.field for f in caught.value.fields} == {
        "events", "position", "dry_run", "base_url", "y",
    }  # fmt: skip


@given(
    events=st.lists(st.sampled_from(BY_WEBHOOK), min_size=1),
    position=st.sampled_from(["first", "last"]),
    without=st.lists(st.sampled_from(["created", "status"]), unique=True),
)
def test_a_wish_is_read_back_as_it_was(
    events: list[str], position: str, without: list[str]
) -> None:
    wish = read_setup({"events": events, "position": position}).wish
    wish = Wish(wish.events, "https://x.example", wish.position, tuple(without))
    assert read_wish(wish.shown()) == wish


def test_a_wish_of_another_version_is_read_as_far_as_it_goes() -> None:
    kept = {"events": ["ticket_created", "ticket_merged"], "position": "middle", "new": 1}
    assert read_wish(kept) == Wish(("ticket_created",), "", "last")


def test_everything_that_no_webhook_brings_has_its_reason() -> None:
    told = not_by_webhook()
    assert [one["event"] for one in told] == [*FROM_SYNC, "ticket_updated"]
    assert "other fields" in told[-1]["reason"]
    assert {"ticket_deleted", "ticket_spam", "contact_deleted"} <= set(FROM_SYNC)
    assert not set(FROM_SYNC) & set(BY_WEBHOOK)
    assert all(one["reason"] for one in told)
    assert {one["comes_from"] for one in told} == {"sync"}


@pytest.mark.parametrize(
    ("given_url", "read"),
    [
        (None, ""),
        ("https://api.acme.example/live/", "https://api.acme.example/live"),
        (" https://api.acme.example ", "https://api.acme.example"),
        ("http://127.0.0.1:4566/restapis/a/live/_user_request_", None),
        ("http://localhost:4566", None),
    ],
)
def test_base_urls_that_can_be_called(given_url: str | None, read: str | None) -> None:
    wrong: list[FieldError] = []
    assert read_base_url(given_url, wrong) == (given_url if read is None else read)
    assert wrong == []


@pytest.mark.parametrize(
    "given_url",
    [
        "http://api.acme.example", "ftp://api.acme.example", "https://", "https://a b.example",
        "https://u:p@api.acme.example", "https://api.acme.example?x=1", "https://a.example/#f",
        "https://a.example:port", "https://[", "", "   ", "https://{{ticket.subject}}.example",
        "https://a.example/" + "x" * 500, "https://a.example/\n", 7, [], True,
    ],
)  # fmt: skip
def test_base_urls_that_cannot(given_url: object) -> None:
    wrong: list[FieldError] = []
    text = given_url if given_url != "https://a.example/\n" else "https://a.example/a\nb"
    read_base_url(text, wrong)
    assert [fault.field for fault in wrong] == ["base_url"]


@pytest.mark.parametrize(
    ("domain", "full_path", "path", "base"),
    [
        ("abc.execute-api.eu.amazonaws.com", "/live/api/x", "/api/x", True),
        ("api.acme.example", "/api/x", "/api/x", True),
        ("api.acme.example", "/helpdesk/api/x", "/api/x", True),
        (None, "/live/api/x", "/api/x", False),
        ("api.acme.example", "/other", "/api/x", False),
        ("api.acme.example", None, "/api/x", False),
        ("api.acme.example", "/live/", None, False),
    ],
)
def test_where_the_request_came_in(
    domain: str | None,
    full_path: str | None,
    path: str | None,
    base: bool,
) -> None:
    event = {"requestContext": {"domainName": domain, "path": full_path}, "path": path}
    found = own_base_url(event)
    assert found == (f"https://{domain}{str(full_path).removesuffix('/api/x')}" if base else "")


def test_an_event_without_a_context_tells_nothing() -> None:
    assert own_base_url({"path": "/api/x"}) == ""


def test_a_webhook_is_recognised_at_any_host() -> None:
    url = webhook_url("https://a.example/live", "193")
    assert url == "https://a.example/live/api/webhooks/freshdesk/193"
    assert leads_to(url, "193")
    assert leads_to("http://b.example/x/api/webhooks/freshdesk/193/?a=1", "193")
    assert not leads_to(url, "93")
    assert not leads_to("https://b.example/api/webhooks/freshdesk/1930", "193")
    assert not leads_to("https://[", "193")
    assert not leads_to(None, "193")
