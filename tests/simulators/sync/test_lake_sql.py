"""The SQL of docs/lake.md over a lake that a real sync has filled, and every table of it.

What each query has to answer is worked out by hand from what `lake_month` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from freshbridge import timestamps
from freshbridge.sync.objects import OBJECTS
from local import native_template
from tests.fakes.athena import Athena
from tests.fakes.glue_tables import ConstraintViolation, tables_of
from tests.integration.conftest import ROOT
from tests.simulators.sync.lake_month import Month, month
from tests.simulators.sync.lake_world import BUCKET, lake_world

NOW = timestamps.from_text("2026-11-22T12:00:00Z")
INSIDE = {"_instance"}
"""Members of a line that are no columns: the table's partition says the same."""


@pytest.fixture(scope="module")
def lived() -> Month:
    with lake_world() as world:
        return month(world)


@pytest.fixture(scope="module")
def athena(lived: Month) -> Athena:
    template = native_template.load((ROOT / "template.yaml").read_text())
    return Athena(tables_of(template, {"LakeBucket": BUCKET}), lived.files, NOW)


def documented() -> dict[str, str]:
    """The page's queries by the headings above them."""
    page = (ROOT / "docs" / "lake.md").read_text()
    before, *rest = page.split("```sql\n")
    found = {}
    for text in rest:
        heading = re.findall(r"^#+ (.+)$", before, re.MULTILINE)[-1]
        found[heading], _, before = text.partition("```")
    assert len(found) == len(rest)
    return found


def the(heading: str) -> str:
    """The one query whose heading begins so."""
    (query,) = [query for title, query in documented().items() if title.startswith(heading)]
    return query


def asked(athena: Athena, query: str, lived: Month, **names: int) -> list[dict[str, Any]]:
    """The answer to a query for the instance; `names` stand in for the page's own numbers."""
    assert query.count("INSTANCE") > 0
    query = query.replace("INSTANCE", lived.instance_id)
    for name, value in names.items():
        assert query.count(name.removeprefix("n")) == 1
        query = query.replace(name.removeprefix("n"), str(value))
    return athena.query(query)


def test_open_tickets_by_group(athena: Athena, lived: Month) -> None:
    # Of nine that are not removed or done: what left for the trash or spam is not open.
    assert asked(athena, the("Open tickets by group"), lived) == [
        {"group_name": "Technical Support", "open_tickets": 2, "oldest": "2026-10-19T09:00:00Z"},
        {"group_name": None, "open_tickets": 1, "oldest": "2026-11-04T23:30:00Z"},
        {"group_name": "Billing", "open_tickets": 1, "oldest": "2026-11-10T10:00:00Z"},
    ]


def test_first_responses_by_week(athena: Athena, lived: Month) -> None:
    # Weeks begin on Monday; those without an answer are not there.
    assert asked(athena, the("How long first responses took"), lived) == [
        {"week": "2026-11-02T00:00:00Z", "answered": 3, "median_minutes": 45},
        {"week": "2026-11-09T00:00:00Z", "answered": 1, "median_minutes": 90},
    ]


def test_what_was_removed_in_the_last_seven_days(athena: Athena, lived: Month) -> None:
    found = asked(athena, the("What was removed"), lived)

    # Not the one of ten days ago, though the trash was read whole since.
    assert [(one["id"], one["subject"], one["_state"]) for one in found] == [
        (lived.tickets["gone"], "Gone", "gone"),
        (lived.tickets["spam"], "Spam", "spam"),
        (lived.tickets["deleted"], "Deleted", "deleted"),
    ]
    # What is gone without a trace, since the run that found it so.
    assert found[0]["removed_at"].startswith("2026-11-21T12:0")
    assert [one["removed_at"] for one in found[1:]] == [
        "2026-11-20T10:00:00Z", "2026-11-20T09:00:00Z",
    ]  # fmt: skip


def test_every_version_of_one_ticket(athena: Athena, lived: Month) -> None:
    long, gone = lived.tickets["long"], lived.tickets["deleted"]
    query = the("Every version")

    assert asked(athena, query, lived, n1042=long) == [
        {
            "updated_at": "2026-11-05T01:30:00Z", "_state": "live", "status": 2, "priority": 4,
            "responder_id": lived.agents[1], "group_id": lived.groups["Billing"],
        },
        {
            "updated_at": "2026-11-16T09:00:00Z", "_state": "live", "status": 3, "priority": 4,
            "responder_id": lived.agents[1], "group_id": lived.groups["Technical Support"],
        },
    ]  # fmt: skip
    # The days are not read that it leaves out, and with them not what October knew of it.
    days = [re.findall(r"/history/date=([\d-]+)/run=", name) for name in athena.read]
    assert sorted({day for (day,) in days}) == ["2026-11-13", "2026-11-16", "2026-11-21"]
    # Without DISTINCT the same version is there each time that a run read it.
    repeated = query.replace("DISTINCT ", "")
    assert len(asked(athena, repeated, lived, n1042=long)) > 2
    # And that it was deleted is a version of its own.
    assert [
        (one["updated_at"], one["_state"]) for one in asked(athena, query, lived, n1042=gone)
    ] == [("2026-11-10T10:00:00Z", "live"), ("2026-11-20T09:00:00Z", "deleted")]


def test_each_query_of_the_page_has_its_test() -> None:
    source = Path(__file__).read_text()
    tested = re.findall(r'the\("(.+?)"\)', source)

    assert {the(heading) for heading in tested} == set(documented().values())


def test_who_asks_most(athena: Athena, lived: Month) -> None:
    found = asked(athena, the("Who asks most"), lived)

    assert found[0] == {
        "email": "ana@people.example", "company": "Alpha Ltd", "region": "EMEA", "tickets": 2,
    }  # fmt: skip
    beta = {"email": "ben@people.example", "company": "Beta Ltd", "tickets": 1}
    # Neither October's tickets nor those that are removed.
    assert sorted(found[1:], key=lambda one: str(one["region"])) == [
        {**beta, "region": "APAC"},
        {**beta, "region": None},
    ]


@pytest.mark.parametrize("heading", documented())
def test_without_the_instance_a_query_is_refused_and_with_another_reads_nothing(
    athena: Athena, heading: str
) -> None:
    query = the(heading)
    for place in range(query.count("instance = 'INSTANCE'")):
        parts = query.split("instance = 'INSTANCE'")
        conditions = ["instance = '1'"] * (len(parts) - 1)
        conditions[place] = "instance LIKE '%'"
        pairs = zip(parts, [*conditions, ""], strict=True)
        with pytest.raises(ConstraintViolation, match="static equality"):
            athena.query("".join(text for pair in pairs for text in pair))

    assert athena.query(query.replace("INSTANCE", "1")) == []
    assert athena.read == []


def lines(athena: Athena, lived: Month, table: str) -> Iterator[Mapping[str, Any]]:
    """What a table's files hold, read as what they are."""
    stated = {"instance": [lived.instance_id]}
    for partition in athena.tables[table].partitions(stated, NOW.date()):
        yield from (json.loads(line) for line in athena.lines(table, partition))


@pytest.mark.parametrize("view", ["", "_removed", "_history"])
@pytest.mark.parametrize("name", OBJECTS)
def test_each_column_of_each_table_has_what_the_lines_have(
    athena: Athena, lived: Month, name: str, view: str
) -> None:
    table = f"{name}{view}"
    columns = athena.tables[table].columns
    texts = {column for column, kind in columns.items() if kind == "string"}
    every = ", ".join(f'"{column}"' for column in columns)

    found = athena.query(f"SELECT {every} FROM {table} WHERE instance = '{lived.instance_id}'")  # noqa: S608 - of the template
    held = list(lines(athena, lived, table))

    assert len(found) == len(held) > 0
    for row, record in zip(found, held, strict=True):
        for column, value in row.items():
            known = record.get(column)
            nested = column in texts and known is not None and not isinstance(known, str)
            assert (json.loads(value) if nested else value) == known, (table, column)


@pytest.mark.parametrize("name", OBJECTS)
def test_no_member_of_a_record_is_hidden_from_sql(athena: Athena, lived: Month, name: str) -> None:
    members = {
        member
        for view in ("", "_removed", "_history")
        for record in lines(athena, lived, name + view)
        for member in record
    }

    assert members - set(athena.tables[name].columns) == INSIDE
