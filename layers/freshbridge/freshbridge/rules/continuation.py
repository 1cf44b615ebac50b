"""What follows when an action of an ordered rule has ended: the next one.

The action's message carries the run and its place in it. Before that message is acknowledged the
next action is queued, under an id that is the same each time; only then is the run said to be
there. A function that dies in between is followed by another with the same message, which finds the
action done and queues the next one once more: that has its effect once. An action that ends before
the run is said to have come to it waits for that; one that the run has passed does nothing.

After a failure the run stops, or goes on, as its rule says. An action that failed and is put back
from the dead letters and succeeds takes its run on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.record_store import UnknownActionRecord
from freshbridge.errors import Reject, Retry
from freshbridge.queues.payload import PayloadGone
from freshbridge.rules import templates
from freshbridge.rules.called_event import with_event
from freshbridge.rules.html_parameters import html_parameters
from freshbridge.rules.postponement import wait_s
from freshbridge.rules.route import action_request, due_at
from freshbridge.rules.templates import InvalidTemplate

if TYPE_CHECKING:
    from freshbridge.actions.record_store import RecordStore
    from freshbridge.queues.envelope import ActionRequest
    from freshbridge.queues.publish import Publisher
    from freshbridge.rules.route import Planned
    from freshbridge.rules.run_store import Progress, RunStore

LARGEST_RESULT = 64 * 1024
"""Characters of an earlier action's result, above which later templates do not see its data."""


class NotThereYet(Retry):
    """The action has ended before its run was said to have come to it."""

    code = "run_not_there_yet"
    default_advice = "It follows by itself."


class Continuation:
    """Takes ordered runs from one action to the next."""

    def __init__(
        self,
        runs: RunStore,
        records: RecordStore,
        actions: Publisher,
        *,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        """`records`: what earlier actions came to. `actions`: the ActionQueue."""
        self._runs = runs
        self._records = records
        self._actions = actions
        self._clock = clock

    @contextmanager
    def following(self, request: ActionRequest) -> Iterator[None]:
        """Run an action inside: what follows it is seen to before its message is acknowledged.

        An action that is refused moves its run too; what is to be tried again does not.

        Raises:
            Whatever the action raises.
            NotThereYet, NotQueued, ClientError, BotoCoreError: the message has to come again.
        """
        try:
            yield
        except Reject as error:
            self.failed(request, error.code)
            raise
        self.succeeded(request)

    def succeeded(self, request: ActionRequest) -> None:
        """Queue what follows an action that is done; call it before its message is acknowledged.

        Raises:
            NotThereYet, NotQueued, ClientError, BotoCoreError: the message has to come again.
        """
        found = self._under_way(request)
        if found is not None:
            self._go_on(*found)

    def failed(self, request: ActionRequest, code: str) -> None:
        """Stop the run of an action that was given up, or go on with it.

        Raises:
            NotThereYet, NotQueued, ClientError, BotoCoreError: the run stays where it is.
        """
        found = self._under_way(request)
        if found is None:
            return
        progress, step = found
        if progress.on_failure == "continue":
            self._go_on(progress, step, code)
        else:
            reason = f"action {step + 1} of {len(progress.actions)} ended with {code}"
            # The step stays: put back and successful, the action takes its run on.
            self._runs.advance(progress.run_id, step=step, to=step, state="stopped", reason=reason)

    def _under_way(self, request: ActionRequest) -> tuple[Progress, int] | None:
        run_id, step = request.origin.get("run_id"), request.origin.get("step")
        if not isinstance(run_id, str) or not isinstance(step, int):
            return None
        try:
            progress = self._runs.progress(run_id)
        except PayloadGone:
            return None
        # Any program that may write to the queue can name a run; only its own actions move it.
        if progress is None or not 0 <= step < len(progress.actions):
            return None
        if progress.step > step or progress.actions[step].action_id != request.action_id:
            return None
        if progress.step < step:
            raise NotThereYet("the action before it is being noted", after=2.0)
        return progress, step

    def _go_on(self, progress: Progress, step: int, failed_with: str = "") -> None:
        reasons: list[str] = []
        for place in range(step + 1, len(progress.actions)):
            try:
                action = self._filled(progress, place, {step: failed_with} if failed_with else {})
            except InvalidTemplate as error:
                reasons.append(f"action {place + 1}: {error.what}")
                if progress.on_failure == "stop":
                    self._end(progress, step, "failed", reasons)
                    return
                continue
            self._queue(progress, place, action)
            self._runs.advance(
                progress.run_id, step=step, to=place, state="running", reason="; ".join(reasons)
            )
            return
        self._end(progress, step, "failed" if reasons else "done", reasons)

    def _end(self, progress: Progress, step: int, state: str, reasons: list[str]) -> None:
        self._runs.advance(
            progress.run_id,
            step=step,
            to=len(progress.actions),
            state=state,
            reason="; ".join(reasons),
        )

    def _filled(self, progress: Progress, place: int, failed: dict[int, str]) -> Planned:
        """One action with its templates filled; `failed` is what no record says yet."""
        action = progress.actions[place]
        if not action.waits:
            return action
        results = [
            {"action_id": earlier.action_id, "state": "failed", "code": failed[position]}
            if position in failed
            else self._result(earlier)
            for position, earlier in enumerate(progress.actions[:place])
        ]
        named = zip(progress.actions, results, strict=False)
        context = progress.context | {
            "results": results,
            "steps": {earlier.name: result for earlier, result in named if earlier.name},
        }
        filled = templates.render(
            action.parameters,
            context,
            lenient=progress.missing == "empty",
            path=f"actions[{place}].parameters",
            html=html_parameters(action.platform, action.action, action.parameters),
            slack=action.platform == "slack",
        )
        filled = with_event(
            action.platform, action.action, filled, progress.context.get("event", {})
        )
        return replace(action, parameters=filled)

    def _result(self, action: Planned) -> dict[str, Any]:
        """`{"action_id", "state", "message", "code", "data"}`; no data of what did not succeed."""
        try:
            record = self._records.get(action.action_id)
        except UnknownActionRecord:
            return {"action_id": action.action_id, "state": "unknown"}
        result: dict[str, Any] = {
            "action_id": record.action_id,
            "state": record.state.value,
            "message": record.message,
            "code": record.code,
        }
        if record.data is not None and len(str(record.data)) <= LARGEST_RESULT:
            result["data"] = record.data
        return result

    def _queue(self, progress: Progress, place: int, action: Planned) -> None:
        now = self._clock()
        at = timestamps.to_text(now)
        origin: dict[str, Any] = {
            "type": "rule",
            "rule_id": progress.rule_id,
            "event_id": progress.event_id,
            "run_id": progress.run_id,
            "step": place,
        }
        if progress.depth:
            origin["depth"] = progress.depth
        if due := due_at(at, action.delay_s):
            origin["not_before"] = due
        request = action_request(action, progress.instance_id, origin, at)
        self._actions.publish(request, request.action_id, wait_s(request, now))
