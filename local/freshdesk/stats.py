"""Whose creations are counted, and by what marker.

A ticket's marker is ``custom_fields.cf_marker`` when set, else its subject; a conversation's is its
ticket id and body text. Seeded records, those made by automation rules and by customers are not
counted.
"""

from local.freshdesk.account import TicketEvent
from local.simulator import stats


class Stats(stats.Stats):
    """Counts of requests, rate windows and creations of one Freshdesk account."""

    def __init__(self) -> None:
        super().__init__(("tickets", "conversations"))

    def on_ticket_event(self, event: TicketEvent) -> None:
        if event.by_automation or event.actor.kind == "requester":
            return
        if event.kind == "created":
            marker = event.ticket["custom_fields"].get("cf_marker") or event.ticket["subject"]
            self.created("tickets", str(marker))
        elif event.conversation is not None:
            text = event.conversation["body_text"]
            self.created("conversations", f"{event.ticket['id']}:{text}")
