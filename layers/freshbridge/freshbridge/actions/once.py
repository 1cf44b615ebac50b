"""Run an action so that it has its effect once, even when an earlier attempt's answer was lost.

    no earlier attempt is in doubt, or a
        second run has no second effect    run it
    an earlier one may have had its effect
        too short a time ago               wait: its request may still be on its way (NotSettled)
        what it made is found              answer with it, and send nothing
        it is shown that it made nothing   run it
        neither can be shown               OutcomeUnknown: a person decides, nothing is sent

What was made is found by comparing what was asked for with what the provider has, at most two calls
long; each family's `earlier_…` module says what it compares and when that proves nothing. A record
that another action made or found is no proof: see `claims`.

What no lookup can see, so that the effect can happen twice: a request that the provider carries out
later than the settling time; a record that somebody deletes, or changes beyond recognition, before
the lookup; a record that the key's agent may not see; a clock that differs from the provider's by
more than `earlier.ALLOWANCE`, or, among so many records that the time a reply tells has to narrow
the search, from another function's by more than `earlier.CLOSE`; an attempt longer ago than action
records are kept. And what it sees
wrongly, so that the effect would be missing: an equal record that somebody else made in the very
same minutes.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from freshbridge.actions.action import NothingDone, Unfinished
from freshbridge.errors import Reject, ReplyTooLarge, Retry, Unauthorized

if TYPE_CHECKING:
    from freshbridge.actions.action import Action, Outcome, Reconciliation
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context

FOUND = "found: an earlier attempt, whose answer was lost, had done it"


class OutcomeUnknown(Reject):
    """An earlier attempt may have had its effect, and nothing proves that it had or had not."""

    code = "outcome_unknown"
    default_advice = (
        "Look in the account whether it was done: if so, discard this letter; if not, send it "
        "anew under a new key. Sent again as it is, it only looks again."
    )


class NotSettled(Retry):
    """An earlier attempt's request may still be on its way; nothing was sent."""

    code = "settling"
    costs_no_attempt: ClassVar[bool] = True


class HalfDone(Retry):
    """A part of it is done; the next attempt looks for that before anything is sent."""

    code = "half_done"


class ClaimedByAnother(Retry):
    """What this action made was taken for an equal action's; that one's own has yet to be found."""

    code = "claimed_by_another"


def run_once(context: Context, action: Action, parameters: Any) -> Outcome:
    """Run the action with parameters as they are sent, or find what it had made before.

    Raises:
        NotSettled: come back later.
        OutcomeUnknown: it cannot be told whether it was made.
        ClaimedByAnother: it was made, and has to be accounted for.
        Whatever the provider's client raises.
    """
    lookup = action.reconcile
    if lookup is None:
        return action.run(context, parameters)
    doubles = lookup.doubles(parameters)
    if context.unsure is not None and doubles:
        found = _earlier(context, context.unsure, lookup, parameters)
        if found is not None:
            return found
    try:
        outcome = action.run(context, parameters)
    except Retry as error:
        if (error.outcome_unknown or context.wrote) and doubles:
            # Before that, the next attempt would only be told to wait.
            error.after = max(error.after or 0.0, lookup.settle_s)
        raise
    _claim(context, lookup, outcome)
    return outcome


def _earlier(
    context: Context, unsure: Unsure, lookup: Reconciliation, parameters: Any
) -> Outcome | None:
    settled = unsure.until + timedelta(seconds=lookup.settle_s)
    rest = (settled - context.clock()).total_seconds()
    if rest > 0:
        raise NotSettled("an earlier attempt may still take effect", after=math.ceil(rest))
    try:
        found = lookup.find(context, unsure, parameters)
    except (OutcomeUnknown, Unauthorized):
        # A key that was rotated is read anew, by whom this goes to.
        raise
    except Reject as error:
        raise OutcomeUnknown(f"The lookup was refused: {error.headline}") from error
    if found is None:
        unsure.absent = True
        return None
    return reconciled(found)


def reconciled(found: Outcome) -> Outcome:
    """The outcome that an earlier attempt had without anybody knowing, told as such."""
    data = {**found.data, "reconciled": True}
    return replace(found, data=data, message=f"{found.message} ({FOUND})")


def _claim(context: Context, lookup: Reconciliation, outcome: Outcome) -> None:
    """Let nobody else take for theirs what this action made."""
    made = outcome.data.get(lookup.makes)
    if made is None or not outcome.data.get("created", True):
        return
    kind = lookup.makes.removesuffix("_id")
    record = outcome.data.get(kind)
    if not context.claim(kind, record if isinstance(record, dict) else {"id": made}):
        # The other looked between this one's effect and its claim, and both asked for the same
        # thing: this one takes the other's place, finds what that one had made, or makes it.
        raise ClaimedByAnother(
            "what was made passes for another action's",
            after=lookup.settle_s,
            outcome_unknown=True,
        )


def outcome_known(error: BaseException, *, wrote: bool = False) -> bool:
    """Whether it is certain that an attempt which ended with `error` left nothing to look for.

    Not so when its call got no answer, or an answer that says nothing (5xx, a proxy's page); when
    a table failed, for that may have been after the call; at a defect of this program; and where
    it `wrote`: a call before the one that failed was carried out, so that even a call that was not
    sent, or was refused, ends an attempt that made something.
    """
    if isinstance(error, Unfinished | NothingDone):
        # By their word: what was done is on record.
        return True
    if wrote:
        return False
    if isinstance(error, Retry):
        return not error.outcome_unknown
    if isinstance(error, Reject):
        # The reply to a write that did take effect may be too large to be read.
        return not isinstance(error, ReplyTooLarge)
    return False
