"""From one event to the messages of its rules' actions: plan, count, keep, queue.

A run is kept before its first message is queued, so that an ordered run is there when its first
action has ended. Whatever fails on the way is done again with the event: ids and counters are the
same then, and what was queued already has its effect once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.rules.postponement import wait_s
from freshbridge.rules.route import Run, runs_of

if TYPE_CHECKING:
    from freshbridge.events.normalised import Event
    from freshbridge.queues.publish import Publisher
    from freshbridge.rules.comparison import Statuses
    from freshbridge.rules.guard import RunGuard
    from freshbridge.rules.model import Rule
    from freshbridge.rules.run_store import RunStore


class Dispatcher:
    """Runs an instance's rules on its events."""

    def __init__(self, guard: RunGuard, runs: RunStore, actions: Publisher) -> None:
        """`actions`: the ActionQueue."""
        self._guard = guard
        self._runs = runs
        self._actions = actions

    def dispatch(
        self,
        event: Event,
        rules: Iterable[Rule],
        *,
        now: datetime,
        statuses: Statuses | None = None,
    ) -> list[Run]:
        """Queue what the rules ask for and return what became of each rule that matched.

        Raises:
            NotQueued, ClientError, BotoCoreError: route the event again.
        """
        at = timestamps.to_text(now)
        return self.begin(runs_of(event, rules, now=at, statuses=statuses), now=now)

    def begin(self, planned: Iterable[Run], *, now: datetime) -> list[Run]:
        """Count, keep and queue runs that are planned; returns them as they were admitted.

        Raises:
            NotQueued, ClientError, BotoCoreError: do it again.
        """
        runs = [self._guard.admitted(run) for run in planned]
        for run in runs:
            self._runs.begin(run)
        requests = [request for run in runs for request in run.requests()]
        at_once = [request for request in requests if not wait_s(request, now)]
        self._actions.publish_all((request.action_id, request) for request in at_once)
        for request in requests:
            if delay_s := wait_s(request, now):
                self._actions.publish(request, request.action_id, delay_s)
        return runs
