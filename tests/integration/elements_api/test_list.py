"""A thousand instances: pages, filters, tokens; and the catalogue of elements."""

from __future__ import annotations

import pytest

from freshbridge import aws
from freshbridge.instances.listing import LARGEST_PAGE_SIZE
from freshbridge.instances.registry import Registry
from tests import builders
from tests.fakes.aws_failures import Failing
from tests.fakes.provider import FakeTransport
from tests.integration.conftest import Stack
from tests.integration.elements_api.calls import (
    INSTANCES,
    Api,
)


@pytest.fixture
def many(stack: Stack) -> int:
    registry = Registry(stack.names["InstanceTable"])
    for number in range(1000):
        tags = ("even",) if number % 2 == 0 else ("odd", "third") if number % 3 == 0 else ("odd",)
        registry.create(
            builders.instance(
                instance_id=str(100_000_000 + number), name=f"Instance {number}", tags=tags
            )
        )
    return 1000


def test_a_thousand_instances_are_paged_and_filtered(many: int, api: Api) -> None:
    # Pages by the header's token hold each instance once
    seen: list[int] = []
    path = f"{INSTANCES}?pageSize=300"
    while True:
        page = api("GET", path)
        seen += [found["id"] for found in page.body]
        assert page.headers["elements-total-count"] == str(many)
        assert page.headers["elements-returned-count"] == str(len(page.body))
        token = page.headers.get("elements-next-page-token")
        if token is None:
            break
        path = f"{INSTANCES}?pageSize=300&nextPage={token}"
    assert seen == list(range(100_000_000, 100_001_000))

    # Filters
    assert len(api("GET", INSTANCES).body) == 200
    for query, total in {
        "tags[]=even": 500, "tags%5B%5D=odd&tags%5B%5D=third": 167, "searchText=INSTANCE%2099": 11,
        "tags[]=even&searchText=Instance%20999": None, "tags[]=nobody": None,
    }.items():  # fmt: skip
        answer = api("GET", f"{INSTANCES}?{query}&pageSize={LARGEST_PAGE_SIZE}&hydrate=false")
        if total is None:
            assert (answer.status, set(answer.body)) == (404, {"requestId", "message"})
        else:
            assert answer.headers["elements-total-count"] == str(total)
            assert len(answer.body) == total
            assert "description" not in answer.body[0]["element"]
    assert api("GET", "/elements/api-v2/elements/freshdesk/instances").status == 404
    assert len(api("GET", "/elements/api-v2/elements/491/instances").body) == 200


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("pageSize=0", "pageSize"), ("pageSize=1001", "pageSize"), ("pageSize=-1", "pageSize"),
        ("pageSize=x", "pageSize"), ("pageSize=", "pageSize"),
        ("pageSize=" + "9" * 5000, "pageSize"),
        ("nextPage=x", "nextPage"), ("nextPage=%C3%A9", "nextPage"), ("nextPage=YWJj", "nextPage"),
    ],
)  # fmt: skip
def test_a_page_that_cannot_be_is_refused(stack: Stack, api: Api, query: str, named: str) -> None:
    stack.connect()

    answer = api("GET", f"{INSTANCES}?{query}")

    assert (answer.status, named in answer.body["message"]) == (400, True)


@pytest.mark.parametrize("instances", [1, 50])
def test_a_token_finds_its_instance_with_one_read(
    *, stack: Stack, api: Api, freshdesk: FakeTransport, monkeypatch: pytest.MonkeyPatch,
    instances: int,
) -> None:  # fmt: skip
    registry = Registry(stack.names["InstanceTable"])
    for number in range(instances):
        registry.create(builders.instance(instance_id=str(100_000_000 + number)))
    made = api.create()
    client = Failing(aws.dynamodb())
    monkeypatch.setattr("freshbridge.aws.dynamodb", lambda: client)

    assert api("GET", f"{INSTANCES}/configuration", token=made["token"]).status == 200

    assert client.calls == ["get_item"]
    assert freshdesk.requests


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/elements", 200), ("/elements/keys", 200), ("/elements/freshdeskv2", 200),
        ("/elements/491/configuration", 200), ("/hubs", 200), ("/hubs/helpdesk/elements", 200),
        ("/elements/none", 404), ("/hubs/none/elements", 404), ("/elements/none/instances", 404),
        ("/elements/freshdesk/instances/193000001", 404), ("/instances/1", 404),
        ("/elements/freshdeskv2/instances/193000001", 200), ("/nothing", 404),
    ],
)  # fmt: skip
def test_the_catalogue_and_what_is_unknown(stack: Stack, api: Api, path: str, status: int) -> None:
    stack.connect()

    answer = api("GET", f"/elements/api-v2{path}")

    assert answer.status == status
    if status == 404:
        assert set(answer.body) == {"requestId", "message"}
    else:
        assert answer.body
