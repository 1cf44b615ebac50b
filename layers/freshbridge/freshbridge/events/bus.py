"""Put normalised events on the EventBridge bus, where anyone may subscribe.

`Source` is `freshbridge.<platform>`, `DetailType` the event's type, `Detail` its dictionary.
An entry may hold 256 KB; of a longer event its raw form, then its texts, then the custom fields are
left out, and `truncated` names them. Were it still too long, its records would be their ids alone:
what never fits would be tried again for a day and reach nobody.
Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws
from freshbridge.errors import Retry

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

    from freshbridge.events.normalised import Event

LARGEST_DETAIL = 240 * 1024
LEFT_OUT = (
    "raw_text", "raw", "note.body", "note.body_text", "ticket.conversations",
    "ticket.structured_description", "ticket.description_text", "ticket.description",
    "ticket.attachments", "ticket.custom_fields", "contact.custom_fields", "changes",
)  # fmt: skip
"""What an event can do without, the first first; a fetched ticket has its text three times."""
RECORDS = (
    "note", "contact", "account", "deal", "company", "agent", "group", "time_entry",
    "satisfaction_rating", "ticket",
)  # fmt: skip


class NotPublished(Retry):
    """EventBridge did not take the event."""

    code = "not_published"


class EventBus:
    """One bus."""

    def __init__(self, name: str, client: EventBridgeClient | None = None) -> None:
        """`name`: the stack's own bus."""
        self._name = name
        self._injected = client

    def publish(self, event: Event) -> None:
        """Put one event on the bus.

        Raises:
            NotPublished: it is not on the bus; publishing it again later may put it there twice.
        """
        client = self._injected or aws.events()
        try:
            answer = client.put_events(
                Entries=[
                    {
                        "EventBusName": self._name,
                        "Source": f"freshbridge.{event.platform}",
                        "DetailType": event.type,
                        "Detail": _detail(event),
                    }
                ]
            )
        except (ClientError, BotoCoreError) as error:
            raise NotPublished(f"EventBridge: {aws.error_name(error)}") from error
        if answer["FailedEntryCount"]:
            raise NotPublished(f"EventBridge: {answer['Entries'][0].get('ErrorCode', 'refused')}")


def _detail(event: Event) -> str:
    fields = event.as_dict()
    left_out: list[str] = []
    text = json.dumps(fields, ensure_ascii=False)
    for path in LEFT_OUT:
        if len(text.encode()) <= LARGEST_DETAIL:
            break
        holder, _, name = path.rpartition(".")
        if (fields[holder] if holder else fields).pop(name, None):
            left_out.append(path)
        text = json.dumps(fields | {"truncated": left_out}, ensure_ascii=False)
    for kind in RECORDS:
        if len(text.encode()) <= LARGEST_DETAIL:
            break
        if fields[kind].keys() - {"id"}:
            fields[kind] = {name: value for name, value in fields[kind].items() if name == "id"}
            left_out.append(kind)
        text = json.dumps(fields | {"truncated": left_out}, ensure_ascii=False)
    return text
