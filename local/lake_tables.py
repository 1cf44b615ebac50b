"""Write the lake's tables into template.yaml, from the columns in lake_columns.

    python -m local.lake_tables [--check]

Three tables an object: what is live, what was removed, and every version that a run read. Athena
works out the partitions from the query (partition projection), so that no crawler has to find
them. The tables stand between two lines of the template that say so; a test compares.

The OpenX SerDe, for it gives what is nested as JSON text where the column is a text; Hive's own
does not. It tells upper from lower case: the members' names are all lower case anyway, and without
that it would make the names inside a text lower case too (a ticket field's choices), and fail every
query that meets two that are then the same.
Sources: https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html,
https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html,
https://github.com/trinodb/trino/blob/master/lib/trino-hive-formats/src/main/java/io/trino/hive/formats/line/openxjson/README.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

from local.lake_columns import COLUMNS

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
BEGIN = (
    "  # The lake's tables; `python -m local.lake_tables` writes them from local/lake_columns.py.\n"
)
END = "  # (The end of the lake's tables.)\n"
WIDTH = 140
_SERDE = (
    "{SerializationLibrary: org.openx.data.jsonserde.JsonSerDe, "
    'Parameters: {ignore.malformed.json: "FALSE", case.insensitive: "FALSE"}}'
)
_KEYS = {
    False: ("by_instance", "[{Name: instance, Type: string}]"),
    True: ("by_instance_and_date", "[{Name: instance, Type: string}, {Name: date, Type: string}]"),
}
_PARAMETERS = (
    "classification: json",
    'projection.enabled: "true"',
    "projection.instance.type: injected",
)
_DATES = (
    "projection.date.type: date",
    "projection.date.format: yyyy-MM-dd",
    'projection.date.range: "2026-01-01,NOW"',
)
_VIEWS = {
    "current": ("", "as they are"),
    "removed": ("_removed", "that are gone, as last known; _state says why"),
    "history": ("_history", "in every version that a run read"),
}


def section() -> str:
    """The text of all tables."""
    return "\n".join(_table(name, view) for name in COLUMNS for view in _VIEWS)


def written_into(template: str) -> str:
    """The template with these tables between the two lines."""
    before, _, rest = template.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{section()}{END}{after}"


def _table(name: str, view: str) -> str:
    suffix, meaning = _VIEWS[view]
    logical = "".join(part.capitalize() for part in f"{name}{suffix}_table".split("_"))
    return "".join(f"  {line}\n" for line in _lines(name, view, logical, name + suffix, meaning))


def _lines(name: str, view: str, logical: str, table: str, meaning: str) -> Iterator[str]:
    first = name == next(iter(COLUMNS))
    dated = view == "history"
    keys = _KEYS[dated]
    parameters = [*_PARAMETERS, *(_DATES if dated else ())]
    place = f"${{!instance}}/{name}/{view}/" + ("date=${!date}/" if dated else "")
    parameters.append(f'storage.location.template: !Sub "s3://${{LakeBucket}}/{place}"')
    yield f"{logical}:"
    yield "  Type: AWS::Glue::Table"
    yield "  Properties:"
    yield "    CatalogId: !Ref AWS::AccountId"
    yield "    DatabaseName: !Ref LakeDatabase"
    yield "    TableInput:"
    yield f"      Name: {table}"
    yield f"      Description: {name.replace('_', ' ').capitalize()} {meaning}"
    yield "      TableType: EXTERNAL_TABLE"
    yield f"      PartitionKeys: {_once(first and view != 'removed', *keys)}"
    yield f"      Parameters: {{{', '.join(parameters)}}}"
    if view != "current":
        yield f"      StorageDescriptor: *{name}_files"
        return
    yield f"      StorageDescriptor: &{name}_files"
    yield "        Location: !Sub s3://${LakeBucket}/"
    yield "        InputFormat: org.apache.hadoop.mapred.TextInputFormat"
    yield "        OutputFormat: org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    yield "        Compressed: true"
    yield f"        SerdeInfo: {_once(first, 'json_lines', _SERDE)}"
    yield "        Columns: ["
    columns = [f"{{Name:~{one},~Type:~{kind}}}" for one, kind in COLUMNS[name].items()]
    for line in wrap(", ".join(columns), WIDTH):
        yield f"          {line.replace('~', ' ')}"
    yield "        ]"


def _once(first: bool, anchor: str, text: str) -> str:
    """What many tables share is written out with the first, and referred to by the others."""
    return f"&{anchor} {text}" if first else f"*{anchor}"


def main(arguments: list[str] | None = None) -> int:
    """Write the template; with --check only tell whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m local.lake_tables")
    parser.add_argument("--check", action="store_true", help="change nothing, fail if it would")
    check = parser.parse_args(arguments).check
    found = TEMPLATE.read_text()
    due = written_into(found)
    if found != due and not check:
        TEMPLATE.write_text(due)
    return int(found != due and check)


if __name__ == "__main__":
    sys.exit(main())
