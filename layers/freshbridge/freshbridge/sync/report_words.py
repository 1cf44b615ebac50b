"""A run's report in words: what makes a copy complete, and what is missing of that. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from freshbridge.sync.versions import Verdict

if TYPE_CHECKING:
    from freshbridge.sync.reconcile import Reconciled
    from freshbridge.sync.reconcile_report import Ran


def release_of(object_name: str) -> str:
    """The request that lets go what was held back, by one run."""
    body = {"objects": [object_name], "full": True, "release_removals": True}
    return f"POST /api/integrations/{{id}}/sync {json.dumps(body)}"


def doubts(ran: Ran, missing: int, reconciled: Reconciled | None) -> list[str]:
    """Why a copy is not known to be complete, and what to do about it; [] where it is."""
    name = ran.object.replace("_", " ")
    wrong = []
    if ran.failed_parts:
        wrong.append(
            f"{ran.failed_parts} parts of the run failed and wait in the dead-letter queue; once "
            f"they are redriven, what they were to read is read."
        )
    if missing:
        wrong.append(
            f"{missing} stretches of time were not read (see gaps); the next run reads them."
        )
    if reconciled is None:
        return wrong
    verdicts = reconciled.verdicts
    if reconciled.held_back:
        wrong.append(
            f"{reconciled.held_back} {name} that are held were in no list any more. So many may "
            f"mean that the API key sees less than it did, so none was removed. Check what the "
            f"key's agent may see; if they are really gone, let them go with one full run: "
            f"{release_of(ran.object)}"
        )
    if verdicts.get(Verdict.KEPT):
        wrong.append(
            f"Of {verdicts[Verdict.KEPT]} {name} nobody can say whether they still exist, for the "
            f"API key may not see them; they are kept as they were."
        )
    if reconciled.unsettled:
        wrong.append(
            f"Not all {name} that were in no list have been asked for; the next full run goes on."
        )
    if verdicts.get(Verdict.MISSED):
        wrong.append(
            f"{verdicts[Verdict.MISSED]} {name} exist and were not in the provider's list; they "
            f"were read one by one and are up to date now. The list may have left out others that "
            f"were never held: run a full sync again."
        )
    return wrong


def proof(ran: Ran, reconciled: Reconciled | None) -> str:
    """How it was proved that a copy is complete."""
    name = ran.object.replace("_", " ")
    if not ran.full:
        return (
            f"Everything that the account's lists show as changed since the last run is held. "
            f"What leaves no trace in a list is looked for by the next full run of {name}."
        )
    rows = sum(window.rows for window in ran.windows)
    said = f"All lists of {name} were read from beginning to end without a gap ({rows} rows)"
    if ran.first or reconciled is None:
        return f"{said}. Nothing was held before, so nothing can be held that is gone."
    if not reconciled.candidates:
        return f"{said}, and everything that is held was in them."
    return (
        f"{said}, and each of the {reconciled.candidates} records that are held and were in none "
        f"of them has been settled: {_settled(reconciled.verdicts)}."
    )


def _settled(verdicts: Mapping[str, int]) -> str:
    words = {
        Verdict.GONE: "gone for good",
        Verdict.DELETED: "in the trash",
        Verdict.SPAM: "spam",
        Verdict.ARCHIVED: "archived",
    }
    return ", ".join(f"{verdicts[v]} {said}" for v, said in words.items() if verdicts.get(v))
