"""An API whose every answer is searched for secrets at the end of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import Start
from tests.integration.elements_api.calls import (
    MADE_UP,
    ME,
    Api,
)


@pytest.fixture
def api(start: Start) -> Iterator[Api]:
    """At the end of each test no answer has held a secret, nor a token but its creation's."""
    calls = Api(start)
    yield calls
    assert not [a.text for a in calls.answers if MADE_UP in a.text]
    for token in calls.tokens:
        assert sum(token in a.text for a in calls.answers) == 1


@pytest.fixture
def freshdesk(provider: FakeTransport) -> FakeTransport:
    """A provider that accepts every key."""
    provider.on("GET", "/api/v2/agents", empty_reply(403))
    return provider.on("GET", ME, json_reply({"id": 55}))
