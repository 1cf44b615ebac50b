"""The messages of the customers' queue. Pure: values in, JSON text out, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

from freshbridge.customers.link import Kind, Side
from freshbridge.queues.envelope import UnreadableMessage, fair_group

RUN, ONE, PURGE = "run", "one", "purge"


@dataclass(frozen=True)
class CustomerWork:
    """Work on a link: a run, one customer that an event told of, or the end of the link.

    `run_id` names the run that is to go on, or to begin; "" where any will do that began at
    `requested_at` (UTC, ISO 8601) or later. `full` and `dry_run` are "true" or "". `object`,
    `side` and `record_id` name the one customer.
    """

    link_id: str
    job: str
    run_id: str
    requested_at: str
    instance_id: str
    full: str = ""
    dry_run: str = ""
    object: str = ""
    side: str = ""
    record_id: str = ""

    @property
    def correlation_id(self) -> str:
        """What every log line of this work carries."""
        return self.run_id or self.link_id

    @property
    def group(self) -> str:
        """One link's runs wait behind each other, and hold up no event's customer."""
        return fair_group(self.link_id, self.job)

    @property
    def name(self) -> str:
        """The message's name."""
        return "-".join(part for part in (self.link_id, self.run_id, self.record_id) if part)

    @property
    def customer(self) -> tuple[Kind, Side, str]:
        """The one customer.

        Raises:
            UnreadableMessage: it is none.
        """
        try:
            number = str(int(self.record_id))
            return Kind(self.object), Side(self.side), number
        except ValueError:
            raise UnreadableMessage("customer work: object, side or record_id is none") from None


def customer_work(text: str) -> CustomerWork:
    """Read a message.

    Raises:
        UnreadableMessage: naming what is missing, unknown or of the wrong type.
    """
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise UnreadableMessage("customer work: the message is no JSON object")
    names = {one.name for one in fields(CustomerWork)}
    wrong = sorted(
        name for name in {*given, "link_id", "job", "run_id", "requested_at", "instance_id"}
        if name not in names or not isinstance(given.get(name), str)
    )  # fmt: skip
    if wrong:
        raise UnreadableMessage(f"customer work: missing, unknown or no text: {wrong}")
    return CustomerWork(**given)
