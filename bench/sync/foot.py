"""What a reader of the sync's table has to know. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bench.rates import SCALED
from bench.sync.freshbridge import (
    KILL_TIMEOUT_S,
    KILL_VISIBILITY_S,
    TIMEOUT_S,
    VISIBILITY_S,
)


def text(failures: Sequence[str]) -> str:
    """The notes below the table, and what became of the runs that did not end well."""
    ended = "".join(f"\n  {line}" for line in failures) or "\n  none"
    limit = f"{SCALED.total} credits per {SCALED.window_s:g} s"
    killed = f"{KILL_VISIBILITY_S} s and {KILL_TIMEOUT_S} s"
    usual = f"{VISIBILITY_S} s and {TIMEOUT_S} s"
    return f"""
missing, stale  tickets of the account that are not in the copy, or not as they are; extra: those
                that it still shows although they are deleted; duplicates: surplus rows of a
                ticket. Read back from what was written, and compared with the account itself.
duration        from the first call until the copy is written: Freshbridge's sync queue is empty,
                the peer's process has ended.       records/s  tickets in the copy / duration
credits         as Freshdesk counts: one for a call and two for each `include`. tap-freshdesk always
                embeds requester, company and stats; the others what the scenario says: nothing,
                or stats, requester and description, which is what Freshbridge's default is.
peak RSS        of the largest process, as the kernel counts it: Freshbridge's function
                (interpreter and libraries included), the peer's own program.
churn           1 % of the tickets are edited each second inside the simulated account, whose
                answers take 100 ms there. It stops when the run is over; the next run follows.

Freshbridge is the deployed stack: its worker reads the emulator's queue and writes to its S3, warm,
with a budget that knows nothing. tap-freshdesk and dlt come from the package index, each in an
environment of its own. The tap's address is replaced after it is set up, as it would call
*.freshdesk.com; its records are merged by id as a Singer target does, from its output. dlt reads
with its REST source (Link header, `updated_since`, merge on id) into DuckDB.
The limit, where there is one, is {limit}. Where workers are killed
the sync queue's visibility time-out and the function's time-out are {killed}
in place of {usual}: killed work waits that long.
A killed peer is started again at once.

Runs that did not end well, and their last words:{ended}"""
