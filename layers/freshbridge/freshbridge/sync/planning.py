"""How a run is cut into parts.

Pure. The first and the full run begin with one window over each list, whose end is open; an
incremental one begins at each list's mark. Where a list has a live list beside it (tickets), the
live one is read last: what comes back from the trash meanwhile is in it.

A long window is cut while it is read: the worker keeps its beginning, gives away the later half of
the rest up to the run's start less a margin, and what is newer than that waits as the tail, which
is read when everything else is: a record that changes while its window is being read moves there.
A window of an account of twenty thousand tickets is never cut, so that none costs a call more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain, count

from freshbridge import timestamps
from freshbridge.sync.feeds.feed import BEGINNING, Scope
from freshbridge.sync.run import Kind, Part, PartState, Run, Stage

MARGIN = timedelta(hours=1)
"""The run's start is this machine's time, a record's update the provider's."""
STRETCH_PAGES = 250
"""Pages of one window after which it may be cut."""
SHORTEST = timedelta(hours=2)
"""What is left of a window is not cut when it is no longer than this."""
LIVE = "live"
STAGE_PART = "stage-"
HOLD = "parents-"


def parts_of(run: Run, feeds: Sequence[str]) -> list[Part]:
    """The parts that a run begins with; `feeds` are the object's lists in their order."""
    chosen = [name for name in feeds if not run.feeds or name in run.feeds]
    unread = set(run.presets)
    chosen = [name for name in chosen if name not in unread]
    # The live list waits where another has to be read before it.
    late = LIVE in chosen and len(chosen) > 1
    return [
        Part(
            name,
            name,
            scope=Scope(since=_since(run, name), include=tuple(run.include)),
            state=PartState.WAITING if late and name == LIVE else PartState.OPEN,
        )
        for name in chosen
    ]


def _since(run: Run, feed: str) -> str:
    return BEGINNING if run.kind is Kind.FULL else run.known.get(feed, BEGINNING)


def presets(run_started_at: str, feeds: Sequence[str], *, first: bool) -> Mapping[str, str]:
    """The marks of lists that a run need not read: on a first run nothing held can be in them."""
    if not first or LIVE not in feeds:
        return {}
    return {name: tail_of(run_started_at) for name in feeds if name != LIVE}


def tail_of(started_at: str) -> str:
    """Where the tail of a run begins that began at `started_at`."""
    return timestamps.to_text(timestamps.from_text(started_at) - MARGIN)


def cut(run: Run, part: Part) -> tuple[Part, list[Part]] | None:
    """The part with an earlier end, and those that were cut off it; None for one too short.

    Together they are the window that it was, without gap and overlap.
    """
    begin = max(part.mark or part.scope.since, part.scope.since)
    until = part.scope.until
    end = min(until, tail_of(run.started_at)) if until else tail_of(run.started_at)
    middle = _middle(begin, end)
    if middle is None:
        return None
    kept = replace(part, scope=replace(part.scope, until=middle))
    if part.position is not None:
        # A reading that has begun keeps its end in its position.
        kept = replace(kept, position={**part.position, "until": middle})
    later = _piece(part, middle, end)
    if end == until:
        return kept, [later]
    tail = replace(_piece(part, end, until), state=PartState.WAITING)
    return kept, [later, tail]


def _middle(begin: str, end: str) -> str | None:
    since, until = timestamps.from_text(begin), timestamps.from_text(end)
    if until - since <= SHORTEST:
        return None
    return timestamps.to_text(since + (until - since) / 2)


def _piece(part: Part, since: str, until: str) -> Part:
    label = since.replace("-", "").replace(":", "")
    scope = replace(part.scope, since=since, until=until)
    return Part(f"{part.feed}-{label}", part.feed, scope=scope)


def resumed(parts: Sequence[Part]) -> tuple[list[Part], list[Part], list[Part]]:
    """What a failed run goes on with: its failed parts, and new tails.

    A tail of each list whose open end is read already takes in what has changed since, so that one
    window that cannot be read holds up nothing else. What has an open end waits where a window of
    the same list is still to be read, for a record that changes meanwhile moves there. The last are
    stages that failed, which come again by themselves; what is folded stays so.
    """
    failed = [
        part for part in parts if part.state is PartState.FAILED and part.stage is Stage.PULLING
    ]
    windows = {part.feed for part in failed if part.scope.until}
    opened = [
        replace(
            part,
            state=PartState.WAITING if _is_tail(part) and part.feed in windows else PartState.OPEN,
            reason="",
        )
        for part in failed
    ]
    gone = [part for part in parts if part.stage is not Stage.PULLING and not _has_folded(part)]
    return opened, tails_of(parts, {part.feed for part in failed}), gone


def tails_of(parts: Sequence[Part], read: Collection[str]) -> list[Part]:
    """New tails of the lists that are read to their open ends; of those in `read` they wait."""
    ends: dict[str, list[Part]] = {}
    for part in parts:
        if _is_tail(part):
            ends.setdefault(part.feed, []).append(part)
    names = {part.name for part in parts}
    tails = []
    for feed, some in ends.items():
        last = max(some, key=lambda part: part.mark)
        if not last.mark or any(part.state is not PartState.DONE for part in some):
            # It tells no times, or its end is still to be read.
            continue
        tail = _piece(last, last.mark, "")
        free = (f"{tail.name}-{number}" for number in count(2))
        name = next(one for one in chain([tail.name], free) if one not in names)
        state = PartState.WAITING if feed in read else PartState.OPEN
        tails.append(replace(tail, name=name, state=state))
    return tails


def _has_folded(part: Part) -> bool:
    return part.stage is Stage.FOLDING and part.state is PartState.DONE


def _is_tail(part: Part) -> bool:
    """Whether it reads a list to its open end."""
    reads = part.stage is Stage.PULLING and bool(part.feed) and not part.scope.parents
    return reads and not part.scope.until


def next_stage(run: Run, *, unfolded: bool = False) -> Stage:
    """What follows the stage that a run is in, once none of its parts is open.

    `unfolded`: rows wait to be merged. They are also where parts have failed, for the marks move
    over what was read; unless it was the folding that failed.
    """
    if unfolded and not (run.stage is Stage.FOLDING and run.failed):
        return Stage.FOLDING
    if run.failed:
        return Stage.FAILED
    if run.stage in (Stage.PULLING, Stage.FOLDING):
        return Stage.RECONCILING if reconciles(run) else Stage.CLOSING
    if run.stage is Stage.RECONCILING:
        return Stage.CLOSING
    return Stage.DONE


def reconciles(run: Run) -> bool:
    """Whether what is held has to be compared with what there is: in runs over everything."""
    return run.kind is Kind.FULL and run.copied and not run.first and bool(run.feeds)


def stage_part(stage: Stage) -> Part:
    """The part that does a closing stage's work."""
    return Part(f"{STAGE_PART}{stage.value}", "", stage=stage)


def is_hold(part: Part) -> bool:
    """Whether a part has nothing to read and is open for another run."""
    return not part.feed and part.stage is Stage.PULLING and part.state is PartState.OPEN


def held_for(hold: Part) -> str:
    """The run for which such a part holds another open."""
    return hold.name.removeprefix(HOLD)


def holding_part(parents_run: str) -> Part:
    """A part with nothing to read: more children may come while the parents' run goes on."""
    return Part(f"{HOLD}{parents_run}", "", state=PartState.OPEN)
