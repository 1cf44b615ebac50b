"""What is due: letters that come back by themselves, and messages that were not heard of again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import timestamps
from freshbridge.dead_letters.cool_down import asks_circuit, look_again_after
from freshbridge.dead_letters.desk import AUTOMATIC, is_due
from freshbridge.dead_letters.jobs import WORKERS
from freshbridge.dead_letters.letter import Letter, State
from freshbridge.errors import Conflict, Retry

if TYPE_CHECKING:
    from freshbridge.dead_letters.desk import Desk

Closed = Callable[[str], bool]
"""Whether an instance's circuit is closed: its provider is asked again, and its key was taken."""
_PART = 80


@dataclass
class Returned:
    """`returned` letters came back, `again` were sent once more, `waiting` are looked at later."""

    returned: int = 0
    again: int = 0
    waiting: int = 0
    failed: int = 0


class Schedule:
    """Deals with every letter that is due."""

    def __init__(self, desk: Desk, closed: Closed) -> None:
        """`closed`: asked once a run for each instance."""
        self._desk = desk
        self._closed = closed

    def run(self, may_go_on: Callable[[], bool]) -> Returned:
        """Work on what is due while `may_go_on`; the rest stays due."""
        outcome = Returned()
        known: dict[str, bool] = {}
        due = self._desk.store.due()
        with ThreadPoolExecutor(WORKERS) as pool:
            while may_go_on() and (ids := list(islice(due, _PART))):
                letters = [letter for letter in pool.map(self._desk.store.find, ids) if letter]
                for instance_id in _instances(letters):
                    if instance_id not in known:
                        known[instance_id] = self._closed(instance_id)
                for what in pool.map(lambda letter: self._dealt_with(letter, known), letters):
                    setattr(outcome, what, getattr(outcome, what) + 1)
        return outcome

    def _dealt_with(self, letter: Letter, closed: dict[str, bool]) -> str:
        try:
            return self._deal_with(letter, closed)
        except Conflict:
            # Somebody was faster.
            return "waiting"
        except (ClientError, BotoCoreError, Retry):
            return "failed"

    def _deal_with(self, letter: Letter, closed: dict[str, bool]) -> str:
        now = self._desk.store.clock()
        if not is_due(letter, now):
            return "waiting"
        if letter.state is not State.PARKED:
            return "again" if self._desk.send_again(letter.letter_id) else "waiting"
        if not letter.carried:
            self._desk.carry(letter)
            return "again"
        if asks_circuit(letter.failure.code) and not closed[letter.subject.instance_id]:
            waited = now - timestamps.from_text(letter.parked_at).timestamp()
            self._desk.put_off(letter.letter_id, look_again_after(waited))
            return "waiting"
        self._desk.send_back(letter.letter_id, AUTOMATIC, automatic=True)
        return "returned"


def _instances(letters: list[Letter]) -> Iterator[str]:
    """Those whose circuit is in question."""
    for letter in letters:
        if letter.state is State.PARKED and asks_circuit(letter.failure.code):
            yield letter.subject.instance_id
