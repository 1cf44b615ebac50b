"""How far the copy can be trusted, by what the sync's runs say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge.exports.source import Standing
from freshbridge.sync.objects import OBJECTS

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.sync.run_store import RunStore

NOT_NAMED = "it is not among the instance's sync_objects any more, so that the copy grows old"
NOT_WHOLE = "the first sync has not come to its end yet, so that the copy is not whole"
OWED = "the last sync failed in part, so that changes since as_of may be missing"


class RunStandings:
    """Standings as the sync keeps them. Errors of DynamoDB are raised as they are."""

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs

    def of(self, instance: Instance, object_name: str) -> Standing | None:
        """Of one object; None for one that was never synced."""
        found = self._runs.standing(instance.instance_id, object_name)
        parent = OBJECTS[object_name].parent
        if parent and not found.last_started_at:
            # Children are read by the run of their parents.
            found = self._runs.standing(instance.instance_id, parent)
        named = object_name in instance.sync_objects
        if found.is_new and not (named and found.last_started_at):
            return None
        if found.is_new:
            return Standing(doubt=NOT_WHOLE)
        doubt = "" if named else NOT_NAMED
        if found.owed_run:
            doubt = doubt or OWED
        return Standing(found.complete_since, doubt)
