"""From a stored webhook, or from what a sync found, to the normalised event.

Pure. What ingest let in is read here a second time: the queue keeps the body as it came.
"""

from __future__ import annotations

from freshbridge.events import freshdesk_webhook, freshsales_webhook, synced
from freshbridge.events.normalised import Event
from freshbridge.events.payload import UnreadableBody, read_text
from freshbridge.queues.envelope import ReceivedEvent

_NORMALISE = {
    "freshdesk": freshdesk_webhook.normalise,
    "freshsales": freshsales_webhook.normalise,
}


def event_of(received: ReceivedEvent) -> Event:
    """The event that was received.

    Raises:
        UnreadableBody, UnknownContentType: the body is not what its content type says.
        NotATicketEvent, NotARecordEvent: nothing in it says which record it is about.
        UnreadableChange: it says that a sync found it, and no sync writes such.
    """
    if received.source == synced.SOURCE:
        return synced.normalise(
            received.body,
            event_id=received.event_id,
            instance_id=received.instance_id,
            platform=received.platform,
            received_at=received.received_at,
        )
    normalise = _NORMALISE.get(received.platform)
    if normalise is None:
        raise UnreadableBody(f"no webhook of platform {received.platform[:32]} can be read")
    content = read_text(received.body, received.content_type)
    return normalise(
        content.value,
        event_id=received.event_id,
        instance_id=received.instance_id,
        received_at=received.received_at,
        raw_text=content.text,
        recovered=content.recovered,
    )
