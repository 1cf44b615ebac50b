"""Reference data is kept for a while, shared, never shown to another, and never in the way."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import Forbidden, InvalidRequest, ProviderDown
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.freshdesk.credentials import Login
from freshbridge.reference.cache import AGE_S, REFRESH_S, ReferenceCache, object_name
from freshbridge.reference.kept import Kept, pack, unpack
from freshbridge.reference.memo import Memo
from tests import builders
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply, query_of

ORIGIN = "https://acme.freshdesk.com"
ACCOUNT = "/api/v2/account"


class Clock:
    """Epoch seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_772_539_360.0

    def __call__(self) -> float:
        return self.now


class Bucket:
    """Stands for ReferenceObjects: what functions share."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.reads = 0

    def read(self, name: str) -> Kept | None:
        self.reads += 1
        return unpack(self.held[name]) if name in self.held else None

    def write(self, name: str, kept: Kept) -> None:
        self.held[name] = pack(kept)


def client(fake: FakeTransport, key: Any = builders.API_KEY, origin: str = ORIGIN) -> Any:
    return FreshdeskClient(fake, origin, key)


def cache(bucket: Bucket | None = None, clock: Clock | None = None) -> ReferenceCache:
    objects: Any = bucket
    return ReferenceCache(objects, clock=clock or Clock())


def account(*names: str) -> FakeTransport:
    return FakeTransport().on("GET", ACCOUNT, *(json_reply({"account_name": n}) for n in names))


def test_the_second_look_costs_no_call_and_says_how_old_it_is() -> None:
    fake, clock = account("one", "two"), Clock()
    kept = cache(clock=clock)
    first = kept.get(client(fake), builders.instance(), "account")
    clock.now += 40.7

    second = kept.get(client(fake), builders.instance(), "account")

    assert (first.cached, first.age_s) == (False, 0)
    assert (second.records, second.cached, second.age_s) == ([{"account_name": "one"}], True, 40)
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("passed", "asked", "calls"),
    [
        (AGE_S - 1, {}, 1),
        (AGE_S, {}, 2),
        (REFRESH_S - 1, {"refresh": True}, 1),
        (REFRESH_S, {"refresh": True}, 2),
        (0.0, {"max_age_s": 0}, 2),
        (59.0, {"max_age_s": 60}, 1),
        (61.0, {"max_age_s": 60}, 2),
        (AGE_S * 2, {"max_age_s": AGE_S * 3}, 1),
    ],
)
def test_how_old_an_answer_may_be(passed: float, asked: dict[str, Any], calls: int) -> None:
    fake, clock = account("one", "two"), Clock()
    kept = cache(clock=clock)
    kept.get(client(fake), builders.instance(), "account")
    clock.now += passed

    found = kept.get(client(fake), builders.instance(), "account", **asked)

    assert len(fake.requests) == calls
    assert found.cached is (calls == 1)


def test_functions_share_what_one_has_read() -> None:
    fake, bucket, clock = account("one", "two"), Bucket(), Clock()
    cache(bucket, clock).get(client(fake), builders.instance(), "account")
    clock.now += 7
    other = cache(bucket, clock)

    found = other.get(client(fake), builders.instance(), "account")
    other.get(client(fake), builders.instance(), "account")

    assert (found.cached, found.age_s, len(fake.requests)) == (True, 7, 1)
    assert bucket.reads == 2, "the third look is answered from memory"
    assert list(bucket.held) == [f"reference/{builders.INSTANCE_ID}/account.json.gz"]


def test_a_refresh_takes_what_another_function_has_just_read() -> None:
    fake, bucket, clock = account("one", "two", "three"), Bucket(), Clock()
    mine, other = cache(bucket, clock), cache(bucket, clock)
    mine.get(client(fake), builders.instance(), "account")
    clock.now += 60
    other.get(client(fake), builders.instance(), "account", refresh=True)
    clock.now += 2

    found = mine.get(client(fake), builders.instance(), "account", refresh=True)

    assert (found.records, len(fake.requests)) == ([{"account_name": "two"}], 2)


def test_a_thousand_misses_within_seconds_ask_once_more() -> None:
    fake, clock = account("one", "two"), Clock()
    kept = cache(clock=clock)
    kept.get(client(fake), builders.instance(), "account")
    clock.now += 60

    for _ in range(1000):
        kept.get(client(fake), builders.instance(), "account", refresh=True)

    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("key", "origin", "instance_id"),
    [
        ("another-key", ORIGIN, builders.INSTANCE_ID),
        (builders.API_KEY, "https://other.freshdesk.com", builders.INSTANCE_ID),
        (builders.API_KEY, ORIGIN, "193000002"),
        (Login("dana@acme.example", "made-up"), ORIGIN, builders.INSTANCE_ID),
    ],
)
def test_what_one_was_given_is_not_shown_to_another(
    key: Any, origin: str, instance_id: str
) -> None:
    fake, bucket, clock = account("one", "two"), Bucket(), Clock()
    first = cache(bucket, clock)
    first.get(client(fake), builders.instance(), "account")

    for kept in (first, cache(bucket, clock)):
        found = kept.get(
            client(fake, key, origin), builders.instance(instance_id=instance_id), "account"
        )
        assert found.records == [{"account_name": "two"}]
    assert len(fake.requests) == 2


def test_the_kept_object_does_not_hold_the_key() -> None:
    bucket = Bucket()
    cache(bucket).get(client(account("one")), builders.instance(), "account")

    (body,) = bucket.held.values()
    assert builders.API_KEY not in gzip.decompress(body).decode()


def test_a_login_is_told_apart_by_its_name_alone() -> None:
    fake = FakeTransport()
    one, two = (client(fake, Login("dana@acme.example", word)) for word in ("a", "b"))

    assert one.fingerprint == two.fingerprint
    assert one.fingerprint != client(fake, Login("bao@acme.example", "a")).fingerprint
    assert client(fake, " key ").fingerprint == client(fake, "key").fingerprint


def test_a_refused_or_failed_read_keeps_nothing() -> None:
    bucket = Bucket()
    kept = cache(bucket)
    fake = FakeTransport().on("GET", ACCOUNT, empty_reply(403), empty_reply(503))

    with pytest.raises(Forbidden):
        kept.get(client(fake), builders.instance(), "account")
    with pytest.raises(ProviderDown):
        kept.get(client(fake), builders.instance(), "account")
    assert bucket.held == {}


def test_every_page_of_a_list_is_read() -> None:
    agents = [{"id": number} for number in range(1, 251)]
    fake = FakeTransport().on("GET", "/api/v2/agents", PagedList(agents))

    found = cache().get(client(fake), builders.instance(), "agents")

    assert (found.records, len(fake.requests)) == (agents, 3)


@pytest.mark.parametrize(
    ("kind", "key", "path", "reply", "records"),
    [
        ("ticket_fields", "", "/ticket_fields", [{"name": "x"}], [{"name": "x"}]),
        ("contact_fields", "", "/contact_fields", [{"name": "x"}], [{"name": "x"}]),
        ("company_fields", "", "/company_fields", [{"name": "x"}], [{"name": "x"}]),
        ("group", "7", "/groups/7", {"id": 7, "agent_ids": [1]}, [{"id": 7, "agent_ids": [1]}]),
    ],
)
def test_each_kind_is_its_own_call(
    kind: str, key: str, path: str, reply: Any, records: list[Any]
) -> None:
    fake = FakeTransport().on("GET", f"/api/v2{path}", json_reply(reply))

    assert cache().get(client(fake), builders.instance(), kind, key=key).records == records


def test_no_company_of_a_domain_is_an_answer_that_is_kept_too() -> None:
    fake = FakeTransport().on(
        "GET", "/api/v2/search/companies", json_reply({"total": 0, "results": []})
    )
    bucket = Bucket()
    kept = cache(bucket)

    for _ in range(2):
        found = kept.get(
            client(fake), builders.instance(), "company_of_domain", key="Client.Example"
        )
        assert found.records == []
    (request,) = fake.requests
    assert query_of(request)["query"] == "\"domain:'client.example'\""
    assert "lient" not in next(iter(bucket.held)), "a customer's domain is no object's name"


@pytest.mark.parametrize("domain", ["", "a'b.example", "two words", "a..b", "x)OR(y"])
def test_what_is_no_domain_is_not_searched(domain: str) -> None:
    fake = FakeTransport()

    with pytest.raises(InvalidRequest):
        client(fake).companies_of_domain(domain)
    assert fake.requests == []


@pytest.mark.parametrize(("kind", "key"), [("agent", ""), ("group", ""), ("agents", "7")])
def test_there_is_no_such_kind(kind: str, key: str) -> None:
    with pytest.raises(InvalidRequest, match=f"kind {kind}"):
        cache().get(client(FakeTransport()), builders.instance(), kind, key=key)


@given(st.text(), st.text())
def test_two_keys_have_two_names(one: str, two: str) -> None:
    names = {object_name("1", "group", one), object_name("1", "group", two)}
    assert len(names) == len({one, two})


RECORDS = st.lists(
    st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.booleans(), max_size=4),
    max_size=5,
)


@given(RECORDS, st.integers(0, 2**40))
def test_what_is_packed_is_unpacked_the_same(records: list[dict[str, Any]], at: int) -> None:
    kept = Kept("owner", float(at), records)
    assert unpack(pack(kept)) == kept


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no gzip",
        gzip.compress(b"no JSON", mtime=0),
        gzip.compress(b"[]", mtime=0),
        gzip.compress(json.dumps({"owner": "x"}).encode(), mtime=0),
        gzip.compress(json.dumps({"owner": "x", "fetched_at": 1, "records": {}}).encode(), mtime=0),
        gzip.compress(
            json.dumps({"owner": "x", "fetched_at": 1, "records": [1]}).encode(), mtime=0
        ),
        pack(Kept("x", 1.0, [{"a": 1}]))[:-9],
        pack(Kept("x", 1.0, [{"a": 1}]))[:10] + b"\xff" * 20,
    ],
)
def test_what_is_broken_counts_as_not_kept(body: bytes) -> None:
    assert unpack(body) is None


def test_a_time_far_in_the_future_is_no_time() -> None:
    now = 1_000.0
    assert Kept("x", now + 30, []).answers("x", now, 10.0), "another clock may run ahead"
    assert not Kept("x", now + 3600, []).answers("x", now, 10.0)


def test_the_memory_has_bounds_and_the_least_used_goes_first() -> None:
    memo = Memo(entries=3, records=10)
    for name in "abc":
        memo.write(name, Kept("x", 0.0, [{}]))
    memo.read("a")

    memo.write("d", Kept("x", 0.0, [{}]))
    assert [name for name in "abcd" if memo.read(name)] == ["a", "c", "d"]
    memo.write("e", Kept("x", 0.0, [{}] * 9))
    assert [name for name in "abcde" if memo.read(name)] == ["d", "e"]
    memo.write("e", Kept("x", 0.0, [{}] * 11))
    assert memo.read("e") is None, "longer than all the room"
    assert (len(memo), memo.records) == (1, 1)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 6)), max_size=40))
def test_the_memory_never_exceeds_its_bounds(writes: list[tuple[str, int]]) -> None:
    memo = Memo(entries=3, records=8)
    for name, size in writes:
        memo.write(name, Kept("x", 0.0, [{}] * size))
        held = [kept for each in "abcdef" if (kept := memo.read(each))]
        assert len(memo) <= 3
        assert memo.records == sum(len(kept.records) for kept in held) <= 8
