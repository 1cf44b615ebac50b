"""Records through destinations on the wire: what is sent, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.freshsales.send_record import DestinationPaused
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.destinations.facts import AccountFacts
from freshbridge.destinations.model import read_settings
from freshbridge.destinations.parts import DestinationParts
from freshbridge.destinations.preparation import InvalidRecord
from freshbridge.destinations.store import Destination
from freshbridge.errors import Misconfigured, Unauthorized
from tests.fakes.actions import earlier_attempt
from tests.fakes.crm import FIELDS, ROOT, FakeCrm, field
from tests.fakes.freshsales import run_freshsales
from tests.fakes.provider import FakeTransport, json_reply

RECORD = {"emails": "ana@fair.example", "last_name": "Ruiz"}


class OneDestination:
    """A store that holds one, and runs that hold none."""

    def __init__(self, **settings: Any) -> None:
        body = {"name": "x", "template": "create_resource", "resource_type": "contacts"}
        self.held = Destination("dst_1", read_settings({**body, **settings}))

    def get(self, _instance_id: str, _destination_id: str) -> Destination:
        return self.held

    def settings(self, _run_id: str) -> None:
        return None


def send(
    provider: FakeTransport,
    record: dict[str, Any],
    *,
    settings: Any = None,
    unsure: Any = None,
    **more: Any,
) -> Any:
    store: Any = OneDestination(**(settings or {}))
    nothing: Any = None
    parts = DestinationParts(store, store, AccountFacts(None), nothing, {})
    asked = {"destination_id": "dst_1", "record": record, **more}
    return run_freshsales("send_record", asked, provider, destinations=parts, unsure=unsure)


@pytest.fixture
def provider() -> FakeTransport:
    made = FakeTransport()
    FakeCrm(made)
    return made


def test_a_record_is_posted_in_its_wrapper(provider: FakeTransport) -> None:
    outcome = send(provider, RECORD)

    (post,) = provider.sent("POST", f"{ROOT}/contacts")
    assert post.json == {"contact": RECORD}
    assert outcome.data == {
        "outcome": "created", "dry_run": False, "record_id": 100, "resource_type": "contacts",
    }  # fmt: skip


def test_a_dry_run_tells_the_request(provider: FakeTransport) -> None:
    outcome = send(provider, RECORD, dry_run=True)
    assert outcome.data["request"]["body"] == {"contact": RECORD}
    assert provider.sent("POST", f"{ROOT}/contacts") == []


def test_an_earlier_attempt_is_looked_for(provider: FakeTransport) -> None:
    assert send(provider, RECORD, unsure=earlier_attempt()).data["outcome"] == "created"
    assert len(provider.sent("GET", f"{ROOT}/lookup")) == 1


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"template": "upsert"}, "/contacts/upsert"),
        ({"template": "manual", "url": "https://{domain}/api/x", "repeat": True}, "/x"),
    ],
)
def test_what_does_no_harm_twice_is_sent_again(
    provider: FakeTransport, settings: dict[str, Any], path: str
) -> None:
    provider.on("POST", f"{ROOT}/x", json_reply({"ok": 1}))

    send(provider, RECORD, settings=settings, unsure=earlier_attempt())

    assert len(provider.sent("POST", f"{ROOT}{path}")) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"template": "manual", "url": "https://{domain}/api/x"},
        {"resource_type": "cpq/products"},
    ],
)
def test_what_cannot_be_looked_for_is_not_sent_again(
    provider: FakeTransport, settings: dict[str, Any]
) -> None:
    with pytest.raises(OutcomeUnknown):
        send(provider, {"name": "Seat"}, settings=settings, unsure=earlier_attempt())
    assert [one.method for one in provider.requests if one.method == "POST"] == []


def test_a_refused_key_is_never_an_answer() -> None:
    refusing = FakeTransport()
    refusing.on("GET", f"{ROOT}/settings/contacts/fields", json_reply({"message": "no"}, 401))
    with pytest.raises(Unauthorized):
        send(refusing, RECORD, show=True)


def test_fields_that_may_not_be_read_are_not_checked() -> None:
    shy = FakeTransport()
    shy.on("GET", f"{ROOT}/settings/contacts/fields", json_reply({"message": "no"}, 403))
    shy.on("POST", f"{ROOT}/contacts", json_reply({"contact": {"id": 5}}, 201))
    assert send(shy, {**RECORD, "odd": 1}).data["record_id"] == 5


def test_a_paused_destination_sends_nothing(provider: FakeTransport) -> None:
    with pytest.raises(DestinationPaused):
        send(provider, RECORD, settings={"enabled": False})
    with pytest.raises(Misconfigured, match="no destinations"):
        run_freshsales("send_record", {"destination_id": "d", "record": {}}, provider)


@pytest.mark.parametrize(
    ("name", "more"),
    [("send_record", {}), ("send_records", {}), ("send_records", {"records": []}),
     ("send_records", {"records": [{}], "source": {"upload_id": "upl_" + "0" * 32}})],
)  # fmt: skip
def test_parameters_that_fit_nothing_are_refused(name: str, more: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameters):
        validate(CATALOGUE.find("freshsales", name), {"destination_id": "d", **more})


def test_a_field_that_was_made_a_minute_ago_is_known() -> None:
    known = list(FIELDS)
    provider = FakeTransport()
    path = f"{ROOT}/settings/contacts/fields"
    provider.on("GET", path, lambda _request: json_reply({"fields": known}))
    provider.on("GET", f"{ROOT}/lookup", json_reply({"contacts": {"contacts": []}}))
    now = [1_000.0]
    store: Any = OneDestination()
    nothing: Any = None
    parts = DestinationParts(store, store, AccountFacts(None, clock=lambda: now[0]), nothing, {})

    def tell(**more: Any) -> Any:
        asked = {"destination_id": "dst_1", "record": {**RECORD, **more}, "dry_run": True}
        return run_freshsales("send_record", asked, provider, destinations=parts)

    with pytest.raises(InvalidRecord):
        tell(cf_new=1)
    known.append(field("cf_new", default=False))
    with pytest.raises(InvalidRecord):
        tell(cf_new=1)
    now[0] += 60

    assert tell(cf_new=1).data["request"]["body"]["contact"]["custom_field"] == {"cf_new": 1}
    assert len(provider.sent("GET", path)) == 2
