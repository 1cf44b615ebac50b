"""Runs one action against any transport, with the services that it needs in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from freshbridge.actions.action import Outcome
from freshbridge.actions.assignment_turns import Standing, as_json, from_json
from freshbridge.actions.attempt_marks import Unsure
from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.actions.context import Cached, Context, Services
from freshbridge.actions.locks import Busy
from freshbridge.actions.perform import perform
from freshbridge.actions.uploads import StoredFile, UploadMissing
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.instances.model import Instance
from freshbridge.queues.envelope import ActionRequest
from freshbridge.transport import Transport
from tests import builders
from tests.fakes.report_pages import MemoryPages

NOW = datetime(2026, 3, 3, 12, 2, 40, tzinfo=UTC)


class FakeReference:
    """Implements `freshbridge.actions.context.Reference`: what the test put in.

    Give a kind a list, or a list of lists that a refresh goes through; `refreshed` remembers.
    """

    def __init__(self, **kinds: list[Any]) -> None:
        self.kinds = kinds
        self.refreshed: list[str] = []

    def get(
        self,
        client: FreshdeskClient,  # noqa: ARG002 - as the real one takes it
        instance: Instance,  # noqa: ARG002 - as above
        kind: str,
        *,
        key: str = "",
        refresh: bool = False,
        max_age_s: float | None = None,
    ) -> Cached:
        """What was put in; a refresh moves on to the next list where there are several.

        What has a key is put in as `kind_key=[…]`; a `max_age_s` of 0 is answered as just read.
        """
        held = self.kinds.get(f"{kind}_{key}" if key else kind, [])
        if held and isinstance(held[0], list):
            if refresh and len(held) > 1:
                held.pop(0)
            held = held[0]
        if refresh:
            self.refreshed.append(kind)
        fresh = refresh or max_age_s == 0
        return Cached(held, cached=not fresh, age_s=0 if fresh else 60)


class FakeUploads:
    """Implements `freshbridge.actions.context.Uploads`: files by upload id, of one instance.

    `files` maps an upload id to a name and its bytes; `looked_up` remembers who asked for what.
    """

    def __init__(self, **files: tuple[str, bytes]) -> None:
        self.files = files
        self.looked_up: list[tuple[str, str]] = []

    def find(self, instance_id: str, upload_id: str) -> StoredFile:
        """The file, or UploadMissing."""
        self.looked_up.append((instance_id, upload_id))
        if upload_id not in self.files:
            raise UploadMissing("This instance has no such upload")
        name, content = self.files[upload_id]
        return StoredFile(name, None, MemoryFile(content))


class MemoryFile:
    """Implements `freshbridge.http_message.FileSource`; `opened` counts the readings begun."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.opened = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)

    def open(self) -> io.BytesIO:
        """Begin to read it."""
        self.opened += 1
        return io.BytesIO(self.content)


class FakeLocks:
    """Implements `freshbridge.actions.context.Locks`; remembers what was held and let go."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.released: list[str] = []

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold it; Busy while it is held and not let go."""
        if self.held.count(name) > self.released.count(name):
            raise Busy("another execution is changing the same record", after=1.0)
        self.held.append(name)
        try:
            yield
        finally:
            self.released.append(name)


class FakeAssignments:
    """Implements `freshbridge.actions.context.Assignments` in memory.

    `between` is called after a standing was read and before anything is written: what another
    executor does meanwhile. `choices` holds what was chosen, by purpose.
    """

    def __init__(self, between: Callable[[], None] = lambda: None) -> None:
        self.between = between
        self.choices: dict[tuple[str, str], int] = {}
        self.standings: dict[tuple[str, int], Standing] = {}
        self.refused = 0

    def chosen(self, instance_id: str, purpose: str) -> int | None:
        """The agent that was chosen for this purpose before."""
        return self.choices.get((instance_id, purpose))

    def standing(self, instance_id: str, group_id: int) -> Standing:
        """A group's standing, as it is before the others go on."""
        read = self.standings.get((instance_id, group_id), Standing())
        self.between()
        return read

    def choose(
        self, instance_id: str, group_id: int, standing: Standing, *, purpose: str, agent_id: int
    ) -> bool:
        """Keep both, or neither."""
        if (instance_id, purpose) in self.choices or not self.keep(instance_id, group_id, standing):
            return False
        self.choices[instance_id, purpose] = agent_id
        return True

    def keep(self, instance_id: str, group_id: int, standing: Standing) -> bool:
        """Keep the standing that follows the one that is kept, and no other."""
        before = self.standings.get((instance_id, group_id), Standing()).version
        if standing.version != before + 1:
            self.refused += 1
            return False
        # Through JSON, as the table keeps it.
        body = json.loads(json.dumps(as_json(standing)))
        self.standings[instance_id, group_id] = from_json(body, standing.version)
        return True


class FakeClaims:
    """Implements `freshbridge.actions.context.Claims`: who has claimed which record."""

    def __init__(self, **claims: str) -> None:
        self.claims = dict(claims)

    def take(self, record: str, owner: str) -> bool:
        """Claim it, unless another has."""
        return self.claims.setdefault(record, owner) == owner

    def holder(self, record: str) -> str | None:
        """Who has."""
        return self.claims.get(record)


def earlier_attempt(now: datetime = NOW, *, began: float = 60.0, over: float = 45.0) -> Unsure:
    """An attempt whose outcome nobody knows: `began` and `over` so many seconds before `now`."""
    return Unsure(now - timedelta(seconds=began), now - timedelta(seconds=over))


def services(**given: Any) -> Services:
    """Services in memory; each may be given."""
    return Services(
        **{
            "reference": FakeReference(),
            "uploads": FakeUploads(),
            "locks": FakeLocks(),
            "assignments": FakeAssignments(),
            "claims": FakeClaims(),
            "report_pages": MemoryPages(),
            "bulk": None,
            "rules": None,
            **given,
        }
    )


def run_action(
    name: str,
    parameters: Mapping[str, Any],
    transport: Transport,
    *,
    platform: str = "freshdesk",
    instance: Instance | None = None,
    request: ActionRequest | None = None,
    base_url: str = "https://acme.freshdesk.com",
    api_key: str = builders.API_KEY,
    now: datetime = NOW,
    unsure: Unsure | None = None,
    client: Any = None,
    **given: Any,
) -> Outcome:
    """Check and run one action of the catalogue; `given` are services.

    `client` is another platform's; without one it is Freshdesk's.
    """
    request = request or builders.action_request(
        platform=platform, action=name, parameters=dict(parameters)
    )
    context = Context(
        client or FreshdeskClient(transport, base_url, api_key),
        instance or builders.instance(),
        request,
        services(**given),
        lambda: now,
        unsure,
    )
    return perform(context, CATALOGUE.find(platform, name))
