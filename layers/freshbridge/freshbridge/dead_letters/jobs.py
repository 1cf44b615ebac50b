"""A redrive or a discard of many letters: begun by one request, carried on until it is done.

A job goes through the letters that were parked before it began, newest first, page by page, and
keeps how far it is. Whoever carries it on holds it for a while, so that two do not both; if they
do, no letter is sent twice, since each letter is changed by one of them only. A process that dies
loses its page: the letters of it that were sent are not parked any more, the others are sent next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge.dead_letters.filters import Filter
from freshbridge.dead_letters.letter import Letter, State, text_of
from freshbridge.dead_letters.store import UnknownLetter
from freshbridge.errors import Conflict, InvalidRequest, NotFound, Retry
from freshbridge.identifiers import new_id

if TYPE_CHECKING:
    from freshbridge.dead_letters.desk import Desk
    from freshbridge.dead_letters.job_store import JobStore

PAGE = 100
WORKERS = 8
"""Letters worked on at once: most of the time is spent waiting for three AWS calls a letter."""
LONGEST_REASON = 500
HOLD_S = 120.0
_READS = 5_000


class UnknownJob(NotFound):
    """No redrive or discard by filter has this id, or it has expired."""

    code = "unknown_dead_letter_job"


class InvalidOrder(InvalidRequest):
    """What is to be done with many letters cannot be done like this."""

    code = "invalid_dead_letter_order"


@dataclass(frozen=True)
class Job:
    """`kind` is redrive or discard. `done` letters were changed; `skipped` ones were not parked.

    `after` is the position in the list behind which it goes on; `limit` 0 is for none.
    """

    job_id: str
    kind: str
    chosen: Filter
    by: str
    created_at: str
    after: str
    reason: str = ""
    limit: int = 0
    done: int = 0
    skipped: int = 0
    by_code: dict[str, int] = field(default_factory=dict)
    finished_at: str = ""
    held_until: float = 0.0
    version: int = 0

    @property
    def room(self) -> int:
        """How many letters it may still change, of one page."""
        return min(PAGE, self.limit - self.done) if self.limit else PAGE

    def shown(self) -> dict[str, Any]:
        """The job as the API tells it."""
        return {
            "job_id": self.job_id,
            "kind": self.kind,
            "state": "finished" if self.finished_at else "running",
            "filter": self.chosen.asked(),
            "limit": self.limit or None,
            "done": self.done,
            "skipped": self.skipped,
            "by_code": self.by_code,
            "created_at": self.created_at,
            "finished_at": self.finished_at or None,
        }

    def to_text(self) -> str:
        """All of it but its id and version, for the table."""
        kept = {k: v for k, v in vars(self).items() if k not in ("job_id", "version", "chosen")}
        return json.dumps(kept | {"chosen": self.chosen.asked()}, separators=(",", ":"))


def from_text(job_id: str, version: int, text: str) -> Job:
    """The job that `to_text` told."""
    kept = json.loads(text)
    return Job(job_id=job_id, version=version, chosen=Filter(**kept.pop("chosen")), **kept)


def new_job(
    kind: str, chosen: Filter, *, by: str, now: float, limit: int = 0, reason: str = ""
) -> Job:
    """A job that begins now.

    Raises:
        InvalidOrder: the filter means letters that do not wait.
    """
    if chosen.states != (State.PARKED,):
        raise InvalidOrder(
            "only parked letters can be redriven or discarded",
            advice="Leave `state` out of the filter.",
        )
    at = text_of(now)
    # Behind every letter of this second: one that is parked again later is not met twice.
    return Job(new_id("dlj"), kind, chosen, by, at, f"{at}~", reason=reason, limit=limit)


class Jobs:
    """Begins jobs and carries them on."""

    def __init__(self, desk: Desk, store: JobStore) -> None:
        """`desk`: where letters are changed; `store`: where jobs are kept."""
        self._desk = desk
        self.store = store

    def carry_on(self, job_id: str, may_go_on: Callable[[], bool]) -> Job:
        """Work on the job while `may_go_on`, if nobody else does; the job as it then is.

        Raises:
            UnknownJob: there is none.
            ClientError, BotoCoreError: what was done is done; it goes on another time.
        """
        job = self.store.get(job_id)
        now = self.store.clock()
        if job.finished_at or job.held_until > now:
            return job
        held = self.store.put(replace(job, held_until=now + HOLD_S))
        if held is None:
            return self.store.get(job_id)
        job = held
        while may_go_on() and not job.finished_at:
            job, stuck = self._page_done(job)
            kept = self.store.put(replace(job, held_until=self.store.clock() + HOLD_S))
            if kept is None:
                # Held for so long that somebody else took it up.
                return self.store.get(job_id)
            job = kept
            if stuck:
                break
        return self.store.put(replace(job, held_until=0.0)) or self.store.get(job_id)

    def _page_done(self, job: Job) -> tuple[Job, bool]:
        """The job after one page more, and whether something did not answer."""
        page = self._desk.store.page(job.chosen, limit=job.room, after=job.after, reads=_READS)
        results = list(at_once(lambda letter: self._changed(job, letter), page.letters))
        done = [letter for letter, result in zip(page.letters, results, strict=True) if result]
        counts = dict(job.by_code)
        for letter in done:
            counts[letter.failure.code] = counts.get(letter.failure.code, 0) + 1
        stuck = None in results
        job = replace(
            job,
            done=job.done + len(done),
            skipped=job.skipped + results.count(False),
            by_code=counts,
        )
        if stuck:
            # The page is read again: what was changed of it is not parked any more.
            return job, True
        over = page.after is None or bool(job.limit and job.done >= job.limit)
        finished_at = text_of(self.store.clock()) if over else ""
        return replace(job, after=page.after or job.after, finished_at=finished_at), False

    def _changed(self, job: Job, letter: Letter) -> bool | None:
        """True when the letter was changed, False when it need not be, None when it may yet be."""
        try:
            if job.kind == "discard":
                self._desk.discard(letter.letter_id, job.by, job.reason)
            else:
                self._desk.send_back(letter.letter_id, job.by)
        except (Conflict, UnknownLetter):
            return False
        except (ClientError, BotoCoreError, Retry):
            return None
        return True


def at_once(
    work: Callable[[Letter], bool | None], letters: Iterable[Letter]
) -> Iterator[bool | None]:
    """What `work` gives for each letter, in order, several at a time."""
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(work, letters)
