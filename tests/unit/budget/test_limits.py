"""What calls cost, and what limits are assumed."""

from __future__ import annotations

import pytest

from freshbridge.budget.limits import Freshdesk, Freshsales, Spoken
from freshbridge.errors import InvalidRequest
from freshbridge.http_message import ProviderReply, ProviderRequest

ROOT = "https://acme.freshdesk.com/api/v2"


def request(method: str, path: str, **params: str) -> ProviderRequest:
    return ProviderRequest(method=method, url=ROOT + path, params=tuple(params.items()))


@pytest.mark.parametrize(
    ("call", "charges"),
    [
        (request("GET", "/agents/me"), {"total": 1}),
        (request("POST", "/tickets"), {"ticket_create": 1, "total": 1}),
        (request("PUT", "/tickets/7"), {"ticket_update": 1, "total": 1}),
        (request("GET", "/tickets/7", include="requester,company"), {"total": 3}),
        (request("GET", "/tickets", include="stats"), {"ticket_list": 3, "total": 3}),
        (request("GET", "/tickets?include=stats&page=2"), {"ticket_list": 3, "total": 3}),
    ],
)
def test_a_call_is_charged_in_every_bucket_it_touches(
    call: ProviderRequest, charges: dict[str, int]
) -> None:
    assert Freshdesk().charges(call) == charges


def test_the_bucket_that_a_reply_speaks_of_comes_first() -> None:
    call = request("POST", "/tickets")
    reply = ProviderReply(201, {"X-Ratelimit-Total": "160", "X-Ratelimit-Remaining": "159"})

    assert next(iter(Freshdesk().charges(call))) == "ticket_create"
    assert Freshdesk().spoken(reply, call) == Spoken(160, 159)
    assert Freshdesk().spoken(ProviderReply(500), call) == Spoken(None, None)


def test_the_start_is_the_least_of_all_plans_and_can_be_set() -> None:
    limit = {name: rule.limit for name, rule in Freshdesk().rules.items()}
    assert limit["total"] == 50
    assert limit["ticket_list"] == 20

    chosen = Freshdesk(plan="pro", limits={"total": 300}, window_s=5)
    assert chosen.rules["total"].limit == 300
    assert chosen.rules["ticket_create"].limit == 160
    assert chosen.rules["total"].window_s == 5


def test_a_limit_that_one_plan_has_tells_the_others() -> None:
    assert Freshdesk().implied({"total": 700})["ticket_list"] == 200
    assert Freshdesk().implied({"ticket_create": 160, "ticket_list": 100})["total"] == 400
    assert "ticket_create" not in Freshdesk().implied({"ticket_create": 160, "ticket_list": 100})
    assert "total" not in Freshdesk(limits={"total": 100}).implied({"ticket_create": 160})


def test_any_other_limit_tells_at_least_that_the_total_is_no_smaller() -> None:
    assert Freshdesk().implied({"ticket_create": 130}) == {"total": 130}
    assert Freshdesk().implied({"ticket_create": 130, "ticket_list": 100}) == {"total": 130}
    assert Freshdesk().implied({"total": 130}) == {}
    assert Freshdesk().implied({}) == {}
    assert Freshdesk(plan="pro").implied({"ticket_create": 80}) == {}


@pytest.mark.parametrize("told", [{"ticket_list": 100}, {"ticket_list": 100, "ticket_create": 100}])
def test_what_may_be_the_accounts_limit_tells_no_plan(told: dict[str, int]) -> None:
    """A hundred for lists is one plan's alone, and any account's that has a hundred for all."""
    assert Freshdesk().implied(told) == {"total": 100}


def test_freshsales_counts_by_the_hour_and_by_the_minute() -> None:
    provider = Freshsales(plan="pro")
    call = ProviderRequest(method="GET", url="https://acme.myfreshworks.com/crm/sales/api/deals/1")

    assert provider.charges(call) == {"hour": 1, "minute": 1}
    assert provider.rules["hour"].limit == 2000
    assert provider.rules["hour"].window_s == 3600
    assert provider.rules["minute"].limit == 400
    assert provider.implied({"hour": 5000}) == {}


@pytest.mark.parametrize(
    ("headers", "spoken"),
    [
        (
            {"X-RateLimit-Limit": "1000", "x-ratelimit-remaining": "7"},
            Spoken(1000, 7, "hour"),
        ),
        ({"x-ratelimit-limit": "400", "x-ratelimit-remaining": "7"}, Spoken(400, 7, "minute")),
        ({"x-ratelimit-remaining": "7"}, Spoken(None, 7, "hour")),
        ({}, Spoken(None, None)),
    ],
)
def test_a_freshsales_limit_tells_by_its_size_which_it_is(
    headers: dict[str, str], spoken: Spoken
) -> None:
    call = ProviderRequest(method="GET", url="https://acme.myfreshworks.com/x")

    assert Freshsales().spoken(ProviderReply(200, headers), call) == spoken


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"plan": "gold"}, "gold"), ({"limits": {"per_day": 3}}, "per_day")],
)
@pytest.mark.parametrize("provider", [Freshdesk, Freshsales])
def test_a_plan_or_limit_that_does_not_exist_is_refused(
    provider: type[Freshdesk | Freshsales], arguments: dict[str, object], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        provider(**arguments)  # type: ignore[arg-type]  # wrong on purpose
