"""Tables of an AWS Glue Data Catalog whose partitions Athena works out from the query.

Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Any

from tests.fakes import openx_json

_PLACEHOLDER = re.compile(r"\$\{!?(\w+)\}")


class ConstraintViolation(Exception):
    """Athena refuses the query before it reads anything."""


@dataclass(frozen=True)
class GlueTable:
    """One table. `columns` are names with their types, `keys` those of its partitions.

    `location` is where a partition lies, with `${key}` for its values.
    """

    name: str
    columns: Mapping[str, str]
    keys: Sequence[str]
    parameters: Mapping[str, str]
    serde: Mapping[str, str]
    location: str

    def partitions(
        self, stated: Mapping[str, Sequence[str]], today: date
    ) -> Iterator[dict[str, str]]:
        """Every partition that there may be, by the values that the query states for each key.

        Raises:
            ConstraintViolation: nothing is stated for a key whose values only a query can tell.
        """
        ways = [list(self._values(key, stated.get(key, ()), today)) for key in self.keys]
        for values in product(*ways):
            yield dict(zip(self.keys, values, strict=True))

    def _values(self, key: str, stated: Sequence[str], today: date) -> Iterator[str]:
        kind = self.parameters[f"projection.{key}.type"]
        if kind == "injected":
            if not stated:
                raise ConstraintViolation(
                    f"For the injected projected partition column {key}, the WHERE clause must "
                    "contain only static equality conditions, and at least one must be present."
                )
            yield from stated
            return
        assert kind == "date", f"projection.{key}.type={kind} is not known here"
        assert self.parameters[f"projection.{key}.format"] == "yyyy-MM-dd"
        first, last = self.parameters[f"projection.{key}.range"].split(",")
        day = date.fromisoformat(first)
        end = today if last == "NOW" else date.fromisoformat(last)
        while day <= end:
            yield day.isoformat()
            day += timedelta(days=1)

    def place(self, partition: Mapping[str, str]) -> str:
        """What the names of a partition's files begin with, `bucket/folder/`."""
        filled = _PLACEHOLDER.sub(lambda found: partition[found[1]], self.location)
        # Without a slash at its end a location would be the beginning of other folders' names.
        assert filled.startswith("s3://")
        assert filled.endswith("/")
        return filled.removeprefix("s3://")

    def row(self, line: bytes) -> tuple[Any, ...]:
        """The values of a line; raises BadData."""
        return openx_json.decoded(line, self.columns, self.serde)


def tables_of(template: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, GlueTable]:
    """The tables of a loaded template by their names; `names` is what its references stand for."""
    found = {}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Glue::Table":
            table = _table(resource["Properties"]["TableInput"], names)
            found[table.name] = table
    return found


def _table(given: Mapping[str, Any], names: Mapping[str, str]) -> GlueTable:
    storage, parameters = given["StorageDescriptor"], dict(given["Parameters"])
    assert given["TableType"] == "EXTERNAL_TABLE"
    assert parameters["projection.enabled"] == "true"
    assert storage["SerdeInfo"]["SerializationLibrary"] == openx_json.LIBRARY
    location = parameters.pop("storage.location.template")["Fn::Sub"]
    for name, value in names.items():
        location = location.replace(f"${{{name}}}", value)
    return GlueTable(
        given["Name"],
        {one["Name"]: one["Type"] for one in storage["Columns"]},
        [one["Name"] for one in given["PartitionKeys"]],
        parameters,
        storage["SerdeInfo"]["Parameters"],
        location,
    )
