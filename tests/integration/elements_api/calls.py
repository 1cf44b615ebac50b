"""Calls of the deployed API's function by a client of Open Connectors, and what it documents.

The requests and answers in tests/fixtures/open_connectors are that documentation's, with its empty
places filled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from freshbridge import aws
from freshbridge.instances.vault import Vault
from tests import builders
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, STACK_NAME, USER_SECRET, Start

FIXTURES = Path(__file__).parents[2] / "fixtures" / "open_connectors"
INSTANCES = "/elements/api-v2/instances"
ME = "/api/v2/agents/me"
MASK = "********"
ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
# Every secret that a test sends holds this word, which nothing else does.
MADE_UP = "made-up"
KEY, OTHER_KEY = "key-made-up-4d1f", "key-made-up-b00c"
WORDS = "You have to be logged in to perform this action."
REFUSED = json_reply({"code": "invalid_credentials", "message": WORDS}, 401)
MISSING_OR_WRONG = "the Element token is missing or wrong"


class Answer:
    """Status, JSON body and headers of one answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.status: int = answer["statusCode"]
        self.text: str = answer["body"]
        self.headers: dict[str, str] = {
            name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()
        }

    @property
    def body(self) -> Any:
        """The body, read."""
        return json.loads(self.text)


class Api:
    """Calls the function as API Gateway does, and keeps every answer."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.answers: list[Answer] = []
        self.tokens: list[str] = []

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        keyword: str = "Element",
        header: tuple[str, str] | None = None,
    ) -> Answer:
        """One answer; `token` goes into the header beside the two secrets."""
        access = ACCESS if token is None else f"{ACCESS}, {keyword} {token}"
        name, value = header or ("Authorization", access)
        parts = urlsplit(path)
        event = builders.rest_event(
            method, parts.path, body=None if body is None else json.dumps(body),
            headers={name: value},
        )  # fmt: skip
        query: dict[str, list[str]] = {}
        for key, text in parse_qsl(parts.query, keep_blank_values=True):
            query.setdefault(key, []).append(text)
        if query:
            event["queryStringParameters"] = {key: texts[-1] for key, texts in query.items()}
            event["multiValueQueryStringParameters"] = query
        answer = Answer(self._start("ConnectorApi").handler(event, builders.Context()))
        self.answers.append(answer)
        return answer

    def create(self, **changed: Any) -> dict[str, Any]:
        """A new instance, as it was answered."""
        made = self("POST", INSTANCES, creation(**changed))
        assert made.status == 200, made.text
        body: dict[str, Any] = made.body
        self.tokens.append(body["token"])
        return body


def creation(**changed: Any) -> dict[str, Any]:
    """The body that creates an instance; `configuration` entries are added to the required ones."""
    configuration = {"subdomain": "acme", "username": KEY} | changed.pop("configuration", {})
    return {
        "element": {"key": "freshdeskv2"}, "configuration": configuration, "tags": ["Docs"],
        "name": "API Instance",
    } | changed  # fmt: skip


def printed(name: str, secret: str = KEY) -> dict[str, Any]:
    """A file of the documentation, its secrets filled in."""
    text = (FIXTURES / name).read_text()
    for place, value in {
        "{secret}": secret, "{user}": USER_SECRET, "{organization}": ORGANIZATION_SECRET,
    }.items():  # fmt: skip
        text = text.replace(place, value)
    read: dict[str, Any] = json.loads(text)
    return read


def shape(value: Any) -> Any:
    """Names and types."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


def secrets_left() -> list[str]:
    listed = aws.secretsmanager().list_secrets()["SecretList"]
    return [s["Name"] for s in listed if s["Name"].startswith("freshbridge/")]


def held(instance: dict[str, Any]) -> dict[str, str]:
    """What the vault has of an instance."""
    return Vault(STACK_NAME).credentials(str(instance["id"]))


def hosts(provider: FakeTransport) -> list[str]:
    return [urlsplit(request.full_url).netloc for request in provider.requests]
