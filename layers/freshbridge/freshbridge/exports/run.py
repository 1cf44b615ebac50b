"""One run of an export: read on in the copy, write on in the files.

A large object takes many runs. Each begins where the state of the last one says, and a run that
dies repeats: what it wrote is written over. A CSV whose fields were not named takes two readings,
since its header is the union of all records' members: the first collects them, the second writes.
A member that comes up in between is left out and told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.exports.lines import RowWriter, json_bytes
from freshbridge.exports.matching import matcher, moment
from freshbridge.exports.state import ExportState, Phase
from freshbridge.exports.unknown_fields import MOST_MEMBERS, has, members, named
from freshbridge.exports.wanted import Format
from freshbridge.lake.current_view import ahead
from freshbridge.sync.objects import OBJECTS

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.exports.folder import ExportFolder
    from freshbridge.exports.part_file import PartFile
    from freshbridge.exports.source import Copy, Standings
    from freshbridge.exports.wanted import Wanted
    from freshbridge.instances.model import Instance
    from freshbridge.lake.rows import Row

RUN_S = 20
"""A run lasts no longer than this: its function has other messages, and a time limit."""
LOOK_S = 2
"""How often a run looks whether it was cancelled."""
NEVER_SYNCED = "this object was never synced: add it to the instance's sync_objects"


@dataclass(frozen=True)
class Desk:
    """What exports stand on. `clock` gives the present, aware of its zone."""

    copy: Copy
    standings: Standings
    folder: ExportFolder
    clock: Callable[[], datetime] = timestamps.now


class Cancelled(Exception):
    """Somebody wants the export to end."""


class ExportRun:
    """One run of the export `export_id`."""

    def __init__(self, desk: Desk, instance: Instance, export_id: str, wanted: Wanted) -> None:
        self._desk = desk
        self._instance = instance
        self._place = (instance.instance_id, export_id)
        self._wanted = wanted
        self._matches = matcher(wanted.conditions)
        self._named = named(wanted)
        self._since = moment(wanted.updated_since) if wanted.updated_since else None
        # Whole records in JSON are copied as they lie there.
        self._parses = bool(
            wanted.conditions
            or wanted.fields
            or wanted.include_removed
            or Format.CSV in wanted.formats
        )
        self._until = desk.clock() + timedelta(seconds=RUN_S)
        self._look_at = desk.clock()

    def go(self) -> ExportState:
        """Do what can be done now; the phase of the answer says whether that was the last of it.

        Raises:
            Cancelled: nothing of it is kept.
            ClientError, BotoCoreError: S3 did not answer; run it again.
        """
        state = self._desk.folder.state(*self._place) or self._new()
        if state.phase is Phase.DONE:
            return state
        if state.phase is Phase.CANCELLED:
            raise Cancelled
        state.runs += 1
        return self._gone_on(state)

    def _new(self) -> ExportState:
        known = self._desk.standings.of(self._instance, self._wanted.object)
        return ExportState(
            phase=Phase.COLUMNS if self._wanted.needs_columns else Phase.ROWS,
            began=timestamps.to_text(self._desk.clock()),
            as_of=known.as_of if known else "",
            doubt=known.doubt if known else NEVER_SYNCED,
        )

    def _gone_on(self, state: ExportState) -> ExportState:
        files = {kind: self._open(state, kind) for kind in self._wanted.formats}
        try:
            if state.phase is not Phase.CLOSING:
                if not self._written(state, files):
                    return self._paused(state, files)
                for kind, file in files.items():
                    state.files[kind] = file.seal()
                state.phase = Phase.CLOSING
                # Whoever goes on from here only has to put them together.
                self._save(state)
        except Cancelled:
            for file in files.values():
                file.abandon()
            state.phase = Phase.CANCELLED
            self._save(state)
            raise
        for file in files.values():
            file.complete()
        state.phase, state.finished = Phase.DONE, timestamps.to_text(self._desk.clock())
        self._save(state)
        return state

    def _written(self, state: ExportState, files: dict[Format, PartFile]) -> bool:
        """Read and write on; False when time was up before the last record."""
        if state.phase is Phase.COLUMNS:
            if not self._read(state, self._collector(state)):
                return False
            state.begin_rows()
        writers = {
            kind: RowWriter(self._wanted, kind, state.columns, begun=state.rows > 0)
            for kind in files
        }
        for kind, file in files.items():
            if not file.begun:
                file.write(writers[kind].head())
        if not self._read(state, self._taker(state, files, writers)):
            return False
        for kind, file in files.items():
            file.write(writers[kind].tail())
        return True

    def _collector(self, state: ExportState) -> Callable[[dict[str, Any], Row], bool]:
        """Collects the members of records; stops where the writing would."""
        known = dict.fromkeys(state.columns)

        def collect(record: dict[str, Any], _row: Row) -> bool:
            if state.looked_at == self._wanted.limit:
                return False
            state.looked_at += 1
            if not known.keys() >= record.keys():
                known.update(dict.fromkeys(record))
                state.columns = list(known)
            return True

        return collect

    def _taker(
        self, state: ExportState, files: dict[Format, PartFile], writers: dict[Format, RowWriter]
    ) -> Callable[[dict[str, Any], Row], bool]:
        """Writes records; stops at the limit."""
        columns = set(state.columns)
        plain = not self._wanted.include_removed

        def take(record: dict[str, Any], row: Row) -> bool:
            if state.rows == self._wanted.limit:
                return False
            if self._wanted.needs_columns and not columns >= record.keys():
                late = [name for name in record if name not in columns]
                state.left_out = list(dict.fromkeys([*state.left_out, *late]))
            text = row.body if plain else json_bytes(record)
            for kind, file in files.items():
                file.write(writers[kind].line(record, text))
            state.rows += 1
            return True

        return take

    def _read(self, state: ExportState, take: Callable[[dict[str, Any], Row], bool]) -> bool:
        """Give the wanted records to `take`; False when time was up before the last of them.

        One file is read in any case, so that no number of runs leads nowhere.
        """
        sections = 2 if self._wanted.include_removed else 1
        begun = False
        while state.section < sections:
            files = self._desk.copy.files(
                self._instance.instance_id,
                self._wanted.object,
                removed=state.section == 1,
                after=state.after,
            )
            for file, rows in ahead(files, self._desk.copy.rows):
                self._look()
                if begun and self._desk.clock() >= self._until:
                    return False
                begun = True
                for record, row in self._records(state, rows):
                    if not take(record, row):
                        return True
                state.after = file
            state.section, state.after = state.section + 1, ""
        return True

    def _records(
        self, state: ExportState, rows: Iterator[Row]
    ) -> Iterator[tuple[dict[str, Any], Row]]:
        for row in rows:
            if self._since is not None:
                at = moment(row.updated_at or row.seen_at)
                if at is None or at < self._since:
                    continue
            record = row.record if self._parses else {}
            if self._wanted.include_removed:
                record = self._with_state(record, row)
            if self._named and state.unseen != []:
                self._note_members(state, record)
            if self._matches(record):
                yield record, row

    def _note_members(self, state: ExportState, record: dict[str, Any]) -> None:
        """Look for the fields that are named, until each was seen once."""
        names = self._named if state.unseen is None else state.unseen
        state.unseen = [name for name in names if not has(record, name)]
        if state.unseen and len(state.members) < MOST_MEMBERS:
            state.members = members(record, state.members)

    def _with_state(self, record: dict[str, Any], row: Row) -> dict[str, Any]:
        """Told apart from the others; of some tombstones nothing is known but the id."""
        name = OBJECTS[self._wanted.object].id_field
        known = {} if name in record else {name: int(row.id) if row.id.isdecimal() else row.id}
        return {**known, **record, "_state": row.state.value}

    def _look(self) -> None:
        now = self._desk.clock()
        if now >= self._look_at:
            self._look_at = now + timedelta(seconds=LOOK_S)
            if self._desk.folder.cancelled(*self._place):
                raise Cancelled

    def _open(self, state: ExportState, kind: Format) -> PartFile:
        return self._desk.folder.open(
            *self._place,
            self._wanted.file_name(kind),
            kind,
            gzip=self._wanted.gzip,
            kept=state.files.get(kind),
        )

    def _paused(self, state: ExportState, files: dict[Format, PartFile]) -> ExportState:
        for kind, file in files.items():
            state.files[kind] = file.pause(
                self._desk.folder.rest_key(*self._place, kind, state.runs)
            )
        self._save(state)
        return state

    def _save(self, state: ExportState) -> None:
        self._desk.folder.save(*self._place, state)
