"""Makes a ticket, waits until its webhooks have come, and deletes it.

The wait is bounded by what an API may take; what has not come by then goes on being waited for by
whoever asks again. A deletion for later is queued before anything is waited for, so that the
ticket goes even if this process dies or nobody ever asks.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from freshbridge import timestamps
from freshbridge.errors import FreshbridgeError, InvalidRequest, NotFound, Reject, Retry, WrongState
from freshbridge.freshdesk.enums import Status
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.publish import NotQueued
from freshbridge.webhooks.check import Check, CheckRequest, change_of, subject_of, ticket_of
from freshbridge.webhooks.choice import Wish
from freshbridge.webhooks.plan import wanted_pieces

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.instances.connection import Connections
    from freshbridge.instances.model import Instance
    from freshbridge.queues.publish import Publisher
    from freshbridge.webhooks.check_store import CheckStore
    from freshbridge.webhooks.report import Calling

T = TypeVar("T")
LOOK_S = 0.25
DELETE_AFTER_S = 900
"""The longest that Amazon SQS delays a message; a check is over long before."""
_NEWEST = 50
_NOTE = "Made by Freshbridge to see that webhooks arrive."


class Verifier:
    """Runs checks for one stack's instances."""

    def __init__(
        self,
        connections: Connections,
        checks: CheckStore,
        action_queue: Publisher,
        *,
        clock: Callable[[], float] = timestamps.epoch,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`clock`: seconds since the epoch."""
        self._connections = connections
        self._checks = checks
        self._action_queue = action_queue
        self._clock = clock
        self._sleep = sleep

    def run(
        self, instance: Instance, wish: Wish | None, request: CheckRequest, calling: Calling
    ) -> Check:
        """Check every rule that can be set off without mailing a customer.

        Without a wish, a person has made the rules: then a new ticket is all that is expected.

        Raises:
            InvalidRequest: this account wants more of a ticket; the fields are named.
            Whatever else Freshdesk's client raises.
        """
        expected = _expected(wish)
        check = Check(
            f"chk_{secrets.token_hex(16)}", self._clock(), expected, untried=_untried(wish)
        )
        self._checks.begin(instance.instance_id, check)
        check = self._use(
            instance, calling, lambda client: self._set_off(client, instance, wish, check, request)
        )
        check = self._awaited(instance, check, request.wait_s, calling)
        return check if check.missing else self._cleared(instance, check, calling)

    def look(self, instance: Instance, check_id: str, calling: Calling) -> Check:
        """The check as it stands; its ticket is deleted once there is nothing to wait for.

        Raises:
            UnknownCheck: there is none.
        """
        check = self._checks.get(instance.instance_id, check_id)
        if check.ticket is None:
            check = self._looked_for(instance, check, calling)
        if check.deleted or check.state(self._clock()) == "waiting":
            return check
        return self._cleared(instance, check, calling)

    def _set_off(
        self,
        client: FreshdeskClient,
        instance: Instance,
        wish: Wish | None,
        check: Check,
        request: CheckRequest,
    ) -> Check:
        try:
            ticket = client.create_ticket(ticket_of(check.check_id, request.ticket))
        except InvalidRequest as error:
            raise InvalidRequest(
                "Freshdesk does not take the check's ticket",
                fields=error.fields,
                where=error.where,
                status=error.status,
                provider_code=error.provider_code,
                provider_message=error.provider_message,
                advice="POST …/webhooks/verify with what the account demands, such as "
                '{"ticket": {"type": "Question"}}; what was installed stays.',
            ) from error
        except Retry as error:
            if not error.outcome_unknown:
                raise
            with suppress(FreshbridgeError):
                check = self._sought(client, check)
            if check.ticket_id is None:
                self._given_up(instance, check, error)
                raise
        else:
            check = replace(check, ticket_id=int(ticket["id"]))
        ticket_id = self._noted_down(instance, check)
        untried = dict(check.untried)
        if change := change_of(_open(check), _statuses(wish)):
            with _noted(untried, [k for k in ("status", "fields") if k in _open(check)]):
                client.update_ticket(ticket_id, change)
        if "conversations" in _open(check):
            with _noted(untried, ["conversations"]):
                client.add_note(ticket_id, _NOTE)
        check = replace(check, untried=untried)
        self._checks.update(instance.instance_id, check)
        return check

    def _noted_down(self, instance: Instance, check: Check) -> int:
        """Keep the ticket's number and queue its deletion; returns the number, 0 for none.

        From here on there is a ticket to clear away: nothing may lose sight of it.
        """
        if check.ticket_id is None:
            return 0
        self._checks.update(instance.instance_id, check)
        with suppress(NotQueued):
            self._queue_deletion(instance, check)
        return check.ticket_id

    def _looked_for(self, instance: Instance, check: Check, calling: Calling) -> Check:
        """The check with its ticket, should that have been made without an answer."""
        with suppress(FreshbridgeError):
            check = self._use(instance, calling, lambda client: self._sought(client, check))
        self._noted_down(instance, check)
        return check

    def _sought(self, client: FreshdeskClient, check: Check) -> Check:
        """The check with its ticket's number, if that is among the account's newest."""
        newest = {"order_by": "created_at", "order_type": "desc"}
        page = next(iter(client.tickets(newest, per_page=_NEWEST)), None)
        subject = subject_of(check.check_id)
        found = [r for r in (page.records if page else ()) if r.get("subject") == subject]
        return replace(check, ticket_id=int(found[0]["id"])) if found else check

    def _given_up(self, instance: Instance, check: Check, error: Retry) -> None:
        """Tell of a ticket that may be made all the same, and what finds and deletes it then."""
        why = "it is not known whether the ticket was made"
        untried = {key: why for key in check.expected if key != "created"} | dict(check.untried)
        self._checks.update(instance.instance_id, replace(check, untried=untried))
        error.advice = (
            f"Should the ticket have been made all the same, GET …/webhooks/verify/{check.check_id}"
            " finds and deletes it; then try again."
        )

    def _awaited(self, instance: Instance, check: Check, wait_s: int, calling: Calling) -> Check:
        end = self._clock() + min(wait_s, calling.left_s())
        while True:
            check = self._checks.get(instance.instance_id, check.check_id)
            if not check.missing or self._clock() + LOOK_S > end:
                return check
            self._sleep(LOOK_S)

    def _cleared(self, instance: Instance, check: Check, calling: Calling) -> Check:
        """Delete the ticket; what keeps it from that now is left to the deletion in the queue."""
        ticket_id = check.ticket
        if ticket_id is None:
            return check
        with suppress(Retry):
            with suppress(NotFound, WrongState):
                self._use(instance, calling, lambda client: client.delete_ticket(ticket_id))
            check = replace(check, deleted=True)
            self._checks.update(instance.instance_id, check)
        return check

    def _queue_deletion(self, instance: Instance, check: Check) -> None:
        request = ActionRequest(
            action_id=f"act_{check.check_id}",
            instance_id=instance.instance_id,
            platform=instance.platform,
            action="delete_ticket",
            parameters={"ticket_id": check.ticket_id},
            idempotency_key=check.check_id,
            origin={"type": "webhook_check", "check_id": check.check_id},
            submitted_at=timestamps.to_text(timestamps.from_epoch(self._clock())),
        )
        self._action_queue.publish(request, request.action_id, DELETE_AFTER_S)

    def _use(self, instance: Instance, calling: Calling, work: Callable[[FreshdeskClient], T]) -> T:
        return self._connections.use(
            instance.instance_id,
            lambda client, _instance: work(client),
            cause=calling.cause,
            waiting=calling.waiting,
        )


def _expected(wish: Wish | None) -> tuple[str, ...]:
    return tuple(piece.key for piece in wanted_pieces(wish)) if wish else ("created",)


def _untried(wish: Wish | None) -> dict[str, str]:
    if wish and "conversations" in _expected(wish) and "note_created" not in wish.events:
        return {"conversations": "it listens to replies only, and a reply would be mailed"}
    return {}


def _open(check: Check) -> tuple[str, ...]:
    return tuple(key for key in check.expected if key not in check.untried)


def _statuses(wish: Wish | None) -> tuple[int, ...]:
    """What the status rule waits for; nothing where any change will do."""
    if wish is None or "ticket_updated" in wish.events:
        return ()
    kinds = {"ticket_resolved": Status.RESOLVED, "ticket_closed": Status.CLOSED}
    return tuple(int(kinds[event]) for event in wish.events if event in kinds)


@contextmanager
def _noted(untried: dict[str, str], keys: list[str]) -> Iterator[None]:
    """A refusal of what sets a rule off says nothing of the rule, and the check goes on."""
    try:
        yield
    except Reject as error:
        untried |= dict.fromkeys(keys, error.headline)
