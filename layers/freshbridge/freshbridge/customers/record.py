"""A customer as one side has it, and what is known of it from before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from freshbridge.customers.link import Side


@dataclass(frozen=True, slots=True)
class Row:
    """A customer as one side has it now.

    `values` are the fields' plain forms by the rules' names, `keys` what it can be found by.
    `updated_at` is UTC, ISO 8601 with seconds. `gone`: it was deleted there.
    """

    side: Side
    id: str
    values: Mapping[str, str]
    keys: Mapping[str, str]
    updated_at: str
    gone: bool = False


@dataclass(slots=True)
class Known:
    """What is kept of one side's customer: digests only, no value.

    `other` is the customer across that it is linked to, "" for none. `agreed` are the digests that
    this side's fields had when both sides were last made equal; `now` those last seen. `keys` are
    the digests that it is found by. `run` is the last run that saw something to do in it, `seen`
    the last full run that saw it at all. `creating`: its counterpart is being created; `sent` are
    the digests of what was sent for it. `apart`: its counterpart was deleted and is not to be
    created anew. `failures` are writes of it that were refused, one after the other. `over` are the
    digests of what a job has written over, until it is read what the job has stored.

    Of this process alone: `dropped`, it is not kept any more; `kept_keys`, as the table has them;
    `untaken`, fields that a job did not take, as was seen just now.
    """

    side: Side
    id: str
    other: str = ""
    agreed: dict[str, str] = field(default_factory=dict)
    now: dict[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    updated_at: str = ""
    run: str = ""
    seen: str = ""
    creating: bool = False
    sent: dict[str, str] = field(default_factory=dict)
    apart: bool = False
    failures: int = 0
    over: dict[str, str] = field(default_factory=dict)
    dropped: bool = False
    kept_keys: tuple[str, ...] = ()
    untaken: frozenset[str] = frozenset()

    @property
    def changed(self) -> frozenset[str]:
        """The fields that are not as they were agreed."""
        return frozenset(n for n, digest in self.now.items() if self.agreed.get(n) != digest)

    def hold(self, now: dict[str, str]) -> bool:
        """Take these for what it holds; whether a job's word was awaited, which `untaken` tells.

        A field that is as it was before a job wrote it was not taken. It is agreed upon as it is:
        else it would travel back over the value that was sent.
        """
        self.now, over, self.over = now, self.over, {}
        self.untaken = frozenset(name for name, before in over.items() if now.get(name) == before)
        self.agree(self.untaken)
        return bool(over)

    def agree(self, names: frozenset[str]) -> None:
        """Take the fields as they are now for agreed."""
        self.agreed |= {name: self.now[name] for name in names if name in self.now}
