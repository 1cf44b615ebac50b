"""An instance says in Open Connectors' words whether and how it wants changes told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.polling import (
    LONGEST_INTERVAL_MIN,
    InvalidPolling,
    Polling,
    only_told,
    polling_of,
    refresh_minutes,
)
from freshbridge.sync.telling import can_tell
from tests import builders

_TOLD = [name for name in OBJECTS if can_tell(name)]
ON = {"event.notification.enabled": "true", "event.vendor.type": "polling"}


def polling(configuration: dict[str, Any], object_name: str = "tickets") -> Polling | None:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in configuration.items()
    }
    return polling_of(builders.instance(configuration=texts), object_name)


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"event.notification.enabled": "true"},
        {"event.vendor.type": "polling"},
        ON | {"event.notification.enabled": "false"},
        ON | {"event.vendor.type": "webhook"},
        ON | {"event.objects": "contacts,companies"},
        ON | {"event.poller.urls": "contacts|companies"},
        ON | {"event.poller.configuration": {"contacts": {"idField": "id"}}},
    ],
)
def test_who_has_not_asked_for_it_is_told_nothing(configuration: dict[str, Any]) -> None:
    assert polling(configuration) is None


@pytest.mark.parametrize(
    "configuration",
    [
        ON,
        {"event.notification.enabled": " TRUE ", "event.vendor.type": "Polling"},
        ON | {"event.objects": "contacts, incidents"},
        ON | {"event.poller.urls": "/hubs/helpdesk/contacts|/hubs/helpdesk/incidents?where=x"},
        ON | {"event.poller.urls": "tickets\ncontacts"},
        ON | {"event.poller.configuration": ""},
        ON | {"event.poller.configuration": "{}"},
        ON | {"event.poller.configuration": {"incidents": {"url": "/x", "pageSize": 20}}},
    ],
)
def test_who_has_asked_for_it_is_told_of_every_change(configuration: dict[str, Any]) -> None:
    assert polling(configuration) == Polling()


def test_the_documented_configuration_is_read() -> None:
    dates = {"updatedDateField": "changed", "createdDateField": "made", "updatedDateFormat": "x"}
    block = {
        "idField": "number",
        "createdCheckTolerance": "5",
        "filterByUpdatedDate": "false",
        "datesConfiguration": dates,
    }

    assert polling(ON | {"event.poller.configuration": {"incidents": block}}) == Polling(
        id_field="number",
        updated_field="changed",
        created_field="made",
        tolerance_s=5.0,
        only_created=True,
    )


def test_other_objects_have_names_of_their_own() -> None:
    assert polling(ON | {"event.objects": "opportunities"}, "deals") == Polling()
    assert polling(ON | {"event.objects": "widgets"}, "widgets") == Polling()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "must be an object"),
        ({"incidents": []}, "incidents must be an object"),
        ({"incidents": {"datesConfiguration": 3}}, "datesConfiguration must be an object"),
        ({"incidents": {"idField": 3}}, "idField must be a field's name"),
        ({"incidents": {"createdCheckTolerance": "soon"}}, "must be seconds from 0 to 86400"),
        ({"incidents": {"createdCheckTolerance": -1}}, "must be seconds"),
        ({"incidents": {"createdCheckTolerance": True}}, "must be seconds"),
        ({"incidents": {"filterByUpdatedDate": "maybe"}}, "must be true or false"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(value: object, words: str) -> None:
    with pytest.raises(InvalidPolling, match=words):
        polling(ON | {"event.poller.configuration": value})


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({}, ("contacts",)),
        ({"sync_objects": ("companies",)}, ("deleted_tickets", "contacts")),
        ({"configuration": {}}, ()),
        ({"configuration": ON | {"event.objects": "incidents"}}, ()),
        ({"configuration": ON | {"event.objects": "contacts"}}, ("contacts",)),
        ({"configuration": ON | {"event.poller.configuration": "{"}}, ("contacts",)),
        ({"platform": "freshsales"}, ()),
        ({"sync_objects": ()}, ()),
    ],
)  # fmt: skip
def test_what_is_read_for_its_events_alone(changed: dict[str, Any], names: tuple[str, ...]) -> None:
    instance = builders.instance(**{"configuration": ON} | changed)
    assert only_told(instance) == names


@pytest.mark.parametrize(
    ("entry", "minutes"),
    [("30", 30), (" 1 ", 1), ("0", 1), ("99999999999", LONGEST_INTERVAL_MIN), ("", None),
     ("often", None), ("-5", None), ("1.5", None)],
)  # fmt: skip
def test_the_interval_is_minutes_from_one_on(entry: str, minutes: int | None) -> None:
    polled = builders.instance(
        configuration={
            "event.notification.enabled": "true",
            "event.vendor.type": "polling",
            "event.poller.refresh_interval": entry,
            "event.objects": "incidents",
        }
    )
    assert refresh_minutes(polled, "tickets") == minutes
    # It is the poller's: what is not told of goes by the stack's own schedule.
    assert refresh_minutes(polled, "contacts") is None


@pytest.mark.parametrize(
    ("named", "objects"),
    [
        ("accounts", {"companies"}),
        ("/hubs/helpdesk/incidents?where=x|contacts", {"tickets", "conversations", "contacts"}),
        ("time-entries", {"time_entries"}),
        ("satisfaction-ratings agents", {"satisfaction_ratings", "agents"}),
        ("", set(_TOLD)),
    ],
)
def test_urls_name_objects_as_the_hub_does(named: str, objects: set[str]) -> None:
    polled = builders.instance(
        configuration={
            "event.notification.enabled": "true",
            "event.vendor.type": "polling",
            "event.poller.urls": named,
        }
    )
    assert {name for name in _TOLD if polling_of(polled, name) is not None} == objects


def test_what_is_named_is_read_for_its_events_where_it_is_not_copied() -> None:
    def told(named: str, *copied: str) -> tuple[str, ...]:
        configuration = ON | {"event.poller.urls": named}
        return only_told(builders.instance(configuration=configuration, sync_objects=copied))

    assert told("accounts|incidents", "contacts") == ("tickets", "companies")
    assert told("accounts|incidents|contacts", "contacts", "tickets") == ("companies",)
    assert told("", "contacts") == ("deleted_tickets",)
    assert told("accounts") == ()
