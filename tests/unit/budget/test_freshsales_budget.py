"""Freshsales' budget: an hour's limit and a minute's at once, and throttling in disguise.

What the replies look like: https://crmsupport.freshworks.com/support/solutions/articles/50000002502
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import formatdate

import pytest

from freshbridge.budget.account import Account
from freshbridge.budget.budgeted_transport import BudgetExhausted, Budgets, Waiting
from freshbridge.budget.ledger import Use
from freshbridge.budget.limits import BULK, HOUR, MINUTE, Freshsales, Refusal, Spoken
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.provider import FakeTransport
from tests.unit.budget.backlog import Backlog, Job
from tests.unit.budget.test_backlog_figures import told
from tests.unit.budget.world import EPOCH, MemoryStore, Windows

ROOT = "https://acme.myfreshworks.com/crm/sales/api"
CHARGES = {HOUR: 1, MINUTE: 1}
INTERNAL = b'{"errors":{"code":400,"message":["UCR fetch failure :: response_code :: 429 :: x"]}}'


class HourAndMinute(Windows):
    """An account's two windows; a reply tells of the one that has less left, as it comes."""

    def __init__(self, hour: int, minute: int, *, phase: float, tells_reset: bool) -> None:
        super().__init__({HOUR: hour}, 3600.0, phase=phase)
        self.minute = Windows({MINUTE: minute}, 60.0, phase=phase)
        self._tells_reset = tells_reset

    def call(
        self, at: float, charges: Mapping[str, int], *, ours: bool = True
    ) -> tuple[Spoken, bool, float | None]:
        hour, hour_full, hour_s = super().call(at, {HOUR: charges[HOUR]}, ours=ours)
        minute, minute_full, minute_s = self.minute.call(at, {MINUTE: 1}, ours=ours)
        least, bucket = min((hour, HOUR), (minute, MINUTE), key=lambda one: one[0].remaining or 0)
        left = math.ceil(self.phase + (self.number(at) + 1) * self.window_s - at)
        resets_in_s = left if self._tells_reset and bucket == HOUR else None
        spoken = Spoken(least.limit, least.remaining, bucket, resets_in_s)
        return spoken, hour_full or minute_full, hour_s or minute_s


def worked_off(calls: int, windows: HourAndMinute, *, hours: float) -> Backlog:
    backlog = Backlog({"a": windows}, seed=1, provider=Freshsales())
    backlog.add(*[Job(charges=CHARGES) for _ in range(calls)])
    for _ in range(5):
        skew = backlog.world.random.uniform(-0.05, 0.05)
        backlog.world.start(backlog.function(longest_s=2.0, skew=skew))
    backlog.run(until=hours * 3600)
    assert all(job.done is not None for job in backlog.jobs), "work stood still"
    assert windows.throttled == 0
    assert windows.minute.throttled == 0
    return backlog


@pytest.mark.no_cover  # thousands of the same calls
@pytest.mark.parametrize(("phase", "tells_reset"), [(3000.0, False), (600.0, True)])
def test_a_backlog_stays_within_both_limits_and_is_not_received_over_and_over(
    phase: float, tells_reset: bool
) -> None:
    windows = HourAndMinute(1000, 400, phase=phase, tells_reset=tells_reset)

    backlog = worked_off(1500, windows, hours=3)

    writes, receives = backlog.per_call()
    told("an hour's 1000: writes per call, receives per message", [writes, receives])
    told("calls of each hour", [float(count) for count in backlog.per_window()])
    assert windows.most(HOUR) <= 1000
    assert windows.minute.most(MINUTE) <= 400
    assert receives <= 3.2
    assert max(job.receives for job in backlog.jobs) <= 20


@pytest.mark.no_cover  # as above
def test_the_larger_limit_of_a_better_plan_is_learned_from_the_headers() -> None:
    """Of an account that has no limit by the minute: each reply speaks of the hour."""
    windows = HourAndMinute(5000, 10_000, phase=2400.0, tells_reset=True)

    backlog = worked_off(2500, windows, hours=1)

    assert max(backlog.per_window()) > 1000, "more than any account has that nothing is known of"


def request(method: str = "GET", path: str = "/contacts/7") -> ProviderRequest:
    return ProviderRequest(method=method, url=ROOT + path)


def reply(status: int = 200, body: bytes = b"{}", **headers: str) -> ProviderReply:
    return ProviderReply(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


BULK_UPSERT = request("POST", "/contacts/bulk_upsert")


def test_a_bulk_upsert_is_charged_in_a_bucket_of_its_own_as_well() -> None:
    assert Freshsales().charges(request()) == CHARGES
    assert Freshsales().charges(BULK_UPSERT) == {**CHARGES, BULK: 1}


@pytest.mark.parametrize(
    ("call", "answer", "refusal"),
    [
        (request(), reply(429), Refusal()),
        (request(), reply(429, retry_after="7"), Refusal(7.0)),
        (request(), reply(400, INTERNAL), Refusal(1.0, MINUTE, passing=True)),
        (BULK_UPSERT, reply(400, INTERNAL), Refusal(1.0, MINUTE, passing=True)),
        (BULK_UPSERT, reply(405), Refusal(5.0, BULK, passing=True)),
        (BULK_UPSERT, reply(405, retry_after="9"), Refusal(9.0, BULK, passing=True)),
        (request(), reply(405), None),
        (request(), reply(400, b'{"errors":{"message":["Email is not unique"]}}'), None),
        (request(), reply(), None),
    ],
)
def test_throttling_is_known_whatever_its_status(
    call: ProviderRequest, answer: ProviderReply, refusal: Refusal | None
) -> None:
    assert Freshsales().refusal(answer, call) == refusal


def test_a_limit_whose_window_ends_in_more_than_a_minute_is_the_hours() -> None:
    def resets_in(seconds: int) -> ProviderReply:
        return reply(
            x_ratelimit_limit="300",
            x_ratelimit_remaining="9",
            x_ratelimit_reset=str(int(EPOCH) + seconds),
            date=formatdate(EPOCH),
        )

    assert Freshsales().spoken(resets_in(1200), request()) == Spoken(300, 9, HOUR, 1200.0)
    assert Freshsales().spoken(resets_in(40), request()) == Spoken(300, 9, MINUTE)


class Desk:
    """Calls of one account through its budget, on a clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = EPOCH
        self.fake = FakeTransport()
        self.store = MemoryStore(lambda: self.now)
        budgets = Budgets(
            self.store, {"freshsales": Freshsales()}, clock=lambda: self.now, sleep=self._sleep
        )
        waiting = Waiting(1.0, use=Use(within_s=0.0, background=False))
        self.transport = budgets.around(
            self.fake, platform="freshsales", origin="https://acme.myfreshworks.com",
            waiting=waiting,
        )  # fmt: skip

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def usable(self) -> dict[str, float]:
        kept = self.store.kept["https://acme.myfreshworks.com"]
        account = Account.from_text(kept.text, Freshsales().rules)
        return {name: bucket.usable(self.now) for name, bucket in account.buckets.items()}


def test_bulk_upserts_that_met_wait_and_nothing_else_does() -> None:
    desk = Desk()
    bulk, read = "/crm/sales/api/contacts/bulk_upsert", "/crm/sales/api/contacts/7"
    desk.fake.on("POST", bulk, reply(405)).on("GET", read, reply())
    desk.transport.send(BULK_UPSERT)
    before = desk.usable()

    desk.transport.send(request())
    with pytest.raises(BudgetExhausted) as caught:
        desk.transport.send(BULK_UPSERT)

    assert caught.value.after == pytest.approx(5.0, abs=1.5)
    assert desk.usable() == before, "no limit was reached, so none is lowered"
    assert desk.usable()[HOUR] == 990


def test_parts_of_the_provider_that_throttle_each_other_hold_every_call_back_for_a_moment() -> None:
    desk = Desk()
    read = "/crm/sales/api/contacts/7"
    desk.fake.on("GET", read, reply(400, INTERNAL)).on("GET", read, reply())
    desk.transport.send(request())

    with pytest.raises(BudgetExhausted):
        desk.transport.send(request())
    desk.now += 6.0
    desk.transport.send(request())

    assert desk.usable()[HOUR] == 990
    assert desk.usable()[MINUTE] == 396
