"""The documentation of the deployed stack, as a browser on this machine gets it."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
import requests

from local.scenario import Scenario
from local.stack import Stack
from tests.openapi import Document

pytestmark = pytest.mark.e2e


class References(HTMLParser):
    """Collects what a page loads or leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        self.found += [value for name, value in attrs if name in ("src", "href")]


def get(url: str) -> requests.Response:
    """Without any header, as a browser asks for a page."""
    return requests.get(url, timeout=30)


def test_the_page_opens_without_secrets_and_loads_nothing_from_elsewhere(stack: Stack) -> None:
    answer = get(f"{stack.api_url}/api/docs")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert '<div id="swagger-ui">' in answer.text
    assert References(answer.text).found == []
    assert not re.search(r"@import|url\(\s*['\"]?https?:", answer.text)
    assert get(f"{stack.api_url}/api/integrations").status_code == 401


def test_the_document_leads_to_the_api_that_it_describes(connected: Scenario) -> None:
    url = f"{connected.api.url}/api/openapi.json"
    document = Document(get(url).json())
    assert document.structural_faults() == []

    # The server's URL is relative to the document's.
    server = urljoin(url, document.raw["servers"][0]["url"]).rstrip("/")

    assert server == connected.api.url
    for path in ("/api/actions", "/api/integrations", "/api/users", "/elements/api-v2/instances"):
        answer = connected.api.send("GET", path)
        operation = document.find("GET", path)
        assert document.answer_faults(operation, answer.status_code, answer.json()) == [], path
