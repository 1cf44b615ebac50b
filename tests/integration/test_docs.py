"""The API describes itself: all of it, truly, and to nobody who may not know."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from connector_api.app import app
from connector_api.documentation.document import FAMILIES, build, routes_of
from connector_api.documentation.operation import ServedRoute
from connector_api.documentation.webhooks import ROUTES as WEBHOOKS
from tests import builders
from tests.integration.conftest import (
    ORGANIZATION_SECRET,
    TEMPLATE,
    USER_SECRET,
    Stack,
    Start,
)
from tests.openapi import Document

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
PATHS = ("/api/openapi.json", "/api/docs")


class Api:
    """Calls the function as API Gateway does."""

    def __init__(self, start: Start) -> None:
        self._start = start

    def __call__(
        self,
        path: str,
        *,
        access: str | None = ACCESS,
        query: dict[str, str] | None = None,
        method: str = "GET",
    ) -> dict[str, Any]:
        """The answer as it goes back to API Gateway."""
        headers = {} if access is None else {"Authorization": access}
        event = builders.rest_event(method, path, headers=headers)
        event["queryStringParameters"] = query
        answer: dict[str, Any] = self._start("ConnectorApi").handler(event, builders.Context())
        return answer


@pytest.fixture
def api(start: Start) -> Api:
    return Api(start)


@pytest.fixture
def document(api: Api) -> Document:
    """As it is served."""
    return Document(json.loads(api("/api/openapi.json")["body"]))


def served() -> list[ServedRoute]:

    return routes_of(app)


class Outside(HTMLParser):
    """Collects what a page loads or leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        self.found += [f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href")]


# --- all of it


def test_every_registered_route_is_in_the_document_and_no_other(document: Document) -> None:
    registered = {(route.method, route.path) for route in served()}
    assert len(registered) > 40

    shown = {(method, path) for method, path, _operation in document.operations()}

    assert shown == registered | {(route.method, route.path) for route in WEBHOOKS}


def test_every_handler_is_described_and_nothing_else_is() -> None:
    described = [(module, name) for module, family in FAMILIES for name in family.operations]

    assert sorted(described) == sorted({route.handler for route in [*served(), *WEBHOOKS]})


def test_a_route_that_nobody_described_is_shown_all_the_same() -> None:
    new = ServedRoute("GET", "/api/new/{thing}", ("new", "find"), "A new thing.")

    shown = build([new])["paths"]["/api/new/{thing}"]["get"]

    assert (shown["summary"], shown["tags"]) == ("A new thing", ["New"])
    assert [parameter["name"] for parameter in shown["parameters"]] == ["thing"]


def api_events() -> set[tuple[str, str]]:
    """Method and path of every API event of the template."""
    return {
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for resource in TEMPLATE["Resources"].values()
        for event in resource["Properties"].get("Events", {}).values()
        if isinstance(event, dict) and event.get("Type") == "Api"
    }


def leads_to(event: tuple[str, str], method: str, path: str) -> bool:
    """Whether API Gateway gives a request of this method and path to this event's function."""
    pattern = re.escape(event[1]).replace(r"\{proxy\+\}", ".+")
    return event[0] == method and bool(re.fullmatch(pattern, path))


def test_the_template_serves_every_route_and_leads_to_no_other(document: Document) -> None:
    events, shown = api_events(), [(m, p) for m, p, _operation in document.operations()]
    assert len(events) > 5

    unserved = [one for one in shown if not any(leads_to(event, *one) for event in events)]
    # A method of a {proxy+} that no route has answers 404, which is not an error of the document.
    unshown = [
        event
        for event in events
        if not any(leads_to(event, *one) for one in shown) and "{proxy+}" not in event[1]
    ]

    assert (unserved, unshown) == ([], [])


# --- truly


def test_a_tool_can_read_it(document: Document) -> None:
    assert document.raw["openapi"].startswith("3.1.")
    assert document.structural_faults() == []


def test_the_checks_see_what_is_wrong(document: Document) -> None:
    broken = json.loads(json.dumps(document.raw))
    operation = broken["paths"]["/api/actions"]["get"]
    operation |= {"operationId": "rules_create", "summary": "", "tags": ["Nobody's"]}
    operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"] = "#/lost"

    assert len(Document(broken).structural_faults()) == 4


def test_the_faces_have_their_own_error_shape(document: Document) -> None:
    for _method, path, operation in document.operations():
        shape = "ElementsFailure" if path.startswith("/elements/") else "Failure"
        refusals = {s: r for s, r in operation["responses"].items() if s >= "400"}
        assert {"401", "503"} <= set(refusals)
        for response in refusals.values():
            schema = response["content"]["application/json"]["schema"]
            assert schema == {"$ref": f"#/components/schemas/{shape}"}, path


def test_access_is_described(document: Document) -> None:
    schemes = document.raw["components"]["securitySchemes"]
    assert (schemes["access"]["in"], schemes["access"]["name"]) == ("header", "Authorization")
    assert "User <secret>, Organization <secret>" in schemes["access"]["description"]
    by_token = document.find("DELETE", "/elements/api-v2/instances")
    assert by_token["security"] == [{"access_with_token": []}]
    assert ", Element <token>" in schemes["access_with_token"]["description"]
    webhook = document.find("POST", "/api/webhooks/freshdesk/193000001")
    shown = [set(one) for one in webhook["security"]]
    assert shown == [{"webhook_secret"}, {"webhook_basic"}, {"webhook_signature"}]


# --- to nobody who may not know


@pytest.mark.parametrize("path", PATHS)
def test_closed_docs_want_the_header(api: Api, path: str) -> None:
    assert api(path, access=None)["statusCode"] == 401
    assert api(path, access=f"User wrong, Organization {ORGANIZATION_SECRET}")["statusCode"] == 401
    assert api(path)["statusCode"] == 200


@pytest.mark.parametrize("path", PATHS)
def test_open_docs_want_none_and_open_nothing_else(stack: Stack, api: Api, path: str) -> None:
    stack.names["OpenDocs"] = "true"

    assert api(path, access=None)["statusCode"] == 200
    for other in ("/api/actions", "/api/integrations", "/api/users", f"{path}/x", f"{path}x"):
        assert api(other, access=None)["statusCode"] == 401, other


def test_the_template_leaves_the_docs_closed() -> None:
    assert TEMPLATE["Parameters"]["OpenDocs"]["Default"] == "false"


def test_the_document_holds_nothing_of_the_stack(stack: Stack, api: Api) -> None:
    instance = stack.connect()

    texts = [api(path)["body"] for path in PATHS]

    for told in (
        USER_SECRET,
        ORGANIZATION_SECRET,
        builders.API_KEY,
        builders.WEBHOOK_SECRET,
        instance.instance_id,
        *(value for name, value in stack.names.items() if name.endswith(("Table", "Queue"))),
    ):
        assert not [text for text in texts if told in text], told


# --- as a page


def test_the_page_shows_the_document_and_loads_nothing(api: Api, document: Document) -> None:
    answer = api("/api/docs")

    assert answer["multiValueHeaders"]["Content-Type"] == ["text/html; charset=utf-8"]
    assert Outside(answer["body"]).found == []
    assert not re.search(r"@import|url\(\s*['\"]?https?:", answer["body"])
    shown = re.search(r"(?m)^    spec: (.+),$", answer["body"])
    assert shown
    assert json.loads(shown[1]) == document.raw
    # An answer over 6 MB cannot leave a function.
    assert len(answer["body"].encode()) < 3_000_000


def test_the_search_for_outside_references_sees_one() -> None:
    assert Outside("<script src='https://cdn.example/a.js'></script>").found == [
        "script src=https://cdn.example/a.js"
    ]


def test_the_page_gives_the_document_where_it_says_so(api: Api, document: Document) -> None:
    answer = api("/api/docs", query={"format": "json"})

    assert answer["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert json.loads(answer["body"]) == document.raw
