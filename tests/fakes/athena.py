"""Athena on one machine: its SQL over the files of S3, through the tables of a Glue catalog.

sqlglot reads the query in Athena's dialect and writes it in DuckDB's; which files a query may read
is decided here, as partition projection does it. Where the two engines differ in what a function
means, the call is rewritten to the one that answers as Athena's does.

Sources: https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html,
https://trino.io/docs/current/functions/datetime.html, .../functions/aggregate.html
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from freshbridge import timestamps
from tests.fakes.glue_tables import GlueTable

Row = dict[str, Any]
_TYPES = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}
_ZONED = "TIMESTAMP WITH TIME ZONE"


class Athena:
    """A catalog's tables; `files` are S3's by `bucket/key`, `now` is the present.

    `read` has those that the last query read.
    """

    def __init__(
        self, tables: Mapping[str, GlueTable], files: Mapping[str, bytes], now: datetime
    ) -> None:
        self.tables = tables
        self.read: list[str] = []
        self._files = files
        self._now = now

    def query(self, sql: str) -> list[Row]:
        """The rows of a SELECT by the names of its columns; times are texts in UTC.

        Raises:
            ConstraintViolation: the query does not say which instance it is about.
            BadData: a line that it reads does not fit its table.
            duckdb.Error, sqlglot.ParseError: what is wrong with the query itself.
        """
        statement = sqlglot.parse_one(sql, read="athena")
        self.read = []
        # Nothing is fetched from anywhere: what it needs comes with the package.
        options = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        with duckdb.connect(config={**options, "threads": 1}) as engine:
            engine.execute("SET TimeZone = 'UTC'")
            for table, partitions in self._needed(engine, statement).items():
                self._load(engine, self.tables[table], partitions)
            return _rows(engine, self._translated(statement))

    def lines(self, table: str, partition: Mapping[str, str]) -> Iterator[bytes]:
        """The lines of one partition, in the order of the files; folders in it are read too."""
        place = self.tables[table].place(partition)
        for name in sorted(self._files):
            hidden = name.rpartition("/")[2].startswith(("_", "."))
            if not name.startswith(place) or hidden:
                continue
            self.read.append(name)
            # By the file's ending, as Hadoop's readers tell what is packed.
            data = self._files[name]
            yield from (gzip.decompress(data) if name.endswith(".gz") else data).split(b"\n")[:-1]

    def _needed(
        self, engine: duckdb.DuckDBPyConnection, statement: exp.Expr
    ) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for source in statement.find_all(exp.Table):
            table = self.tables[source.name]
            conditions = list(_conditions(source, table))
            stated: dict[str, list[str]] = defaultdict(list)
            for one in conditions:
                if isinstance(one, exp.EQ) and isinstance(one.expression, exp.Literal):
                    stated[one.this.name].append(one.expression.this)
            candidates = list(table.partitions(stated, self._now.date()))
            found[table.name] += [one for one in candidates if _holds(engine, one, conditions)]
        return found

    def _load(
        self, engine: duckdb.DuckDBPyConnection, table: GlueTable, partitions: Iterable[Row]
    ) -> None:
        rows = [
            (*table.row(line), *(partition[key] for key in table.keys))
            for partition in {tuple(one.items()): one for one in partitions}.values()
            for line in self.lines(table.name, partition)
        ]
        names = [*table.columns, *table.keys]
        types = [*(_TYPES[kind] for kind in table.columns.values()), *["VARCHAR"] * len(table.keys)]
        columns = ", ".join(f'"{n}" {kind}' for n, kind in zip(names, types, strict=True))
        engine.execute(f'CREATE TABLE "{table.name}" ({columns})')
        if rows:
            places = ", ".join("?" * len(names))
            # Values, not text: what a record holds cannot end in the statement.
            engine.executemany(f'INSERT INTO "{table.name}" VALUES ({places})', rows)  # noqa: S608 - a table of the template

    def _translated(self, statement: exp.Expr) -> str:
        present = exp.Literal.string(timestamps.to_precise_text(self._now))
        for now in list(statement.find_all(exp.CurrentTimestamp)):
            now.replace(exp.cast(present.copy(), exp.DataType.Type.TIMESTAMPTZ))
        for span in list(statement.find_all(exp.DateDiff)):
            # Trino counts whole units that have passed, DuckDB's own date_diff boundaries.
            unit = exp.Literal.string(span.text("unit").lower())
            span.replace(_call("date_sub", unit, span.expression, span.this))
        for sketch in list(statement.find_all(exp.ApproxQuantile)):
            # One of the values, as Trino's sketch gives for so few of them.
            sketch.replace(_call("quantile_disc", sketch.this, sketch.args["quantile"]))
        return statement.sql("duckdb", identify=True)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A function of DuckDB's, by its own name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def _conditions(source: exp.Table, table: GlueTable) -> Iterator[exp.Expr]:
    """What a query says of a table's partitions, where it is read."""
    select = source.parent_select
    assert select is not None
    join = source.find_ancestor(exp.Join, exp.Select)
    places = [select.args.get("where"), join if isinstance(join, exp.Join) else None]
    alone = len(list(select.find_all(exp.Table))) == 1
    ours = {source.alias_or_name, *([""] if alone else [])}
    for place in places:
        condition = place and (place.args.get("on") or place.args.get("this"))
        if not isinstance(condition, exp.Expr):
            continue
        for one in condition.flatten() if isinstance(condition, exp.And) else (condition,):
            named = list(one.find_all(exp.Column))
            if named and all(c.table in ours and c.name in table.keys for c in named):
                yield one


def _holds(
    engine: duckdb.DuckDBPyConnection,
    partition: Mapping[str, str],
    conditions: Iterable[exp.Expr],
) -> bool:
    def filled(node: exp.Expr) -> exp.Expr:
        return exp.Literal.string(partition[node.name]) if isinstance(node, exp.Column) else node

    every = [one.transform(filled).sql("duckdb") for one in conditions]
    if not every:
        return True
    answer = engine.execute(f"SELECT {' AND '.join(every)}").fetchone()
    return answer == (True,)


def _rows(engine: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    described = engine.execute(f"DESCRIBE {sql}").fetchall()
    zoned = [name for name, kind, *_ in described if kind == _ZONED]
    if zoned:
        # Python's driver would want one more package for a time with a zone.
        texts = ", ".join(f'strftime("{n}", \'%Y-%m-%dT%H:%M:%SZ\') AS "{n}"' for n in zoned)
        sql = f"SELECT * REPLACE ({texts}) FROM ({sql})"  # noqa: S608 - of the query itself
    names = [name for name, *_ in described]
    found = engine.execute(sql).fetchall()
    return [dict(zip(names, values, strict=True)) for values in found]
