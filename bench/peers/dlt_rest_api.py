"""dlt with its REST source, into DuckDB: `python -m bench.peers.dlt_rest_api run|rows JSON`.

Runs in an environment of its own (requirements/dlt.txt). The source is configured as its pages
show: https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic. `rows` prints what was
loaded, a JSON line each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import dlt  # type: ignore[import-not-found] # it is in the peer's own environment
import duckdb
from dlt.sources.rest_api import (  # type: ignore[import-not-found] # the same
    rest_api_source,
)

SINCE = "2015-01-01T00:00:00Z"
DATASET = "desk"


def run(given: dict[str, Any]) -> None:
    """One run from where the last one ended."""
    tickets = {
        "name": "tickets",
        "endpoint": {
            "path": "tickets",
            "params": {
                "per_page": 100,
                "order_by": "updated_at",
                "order_type": "asc",
                "updated_since": "{incremental.start_value}",
                **({"include": given["include"]} if given["include"] else {}),
            },
            "incremental": {"cursor_path": "updated_at", "initial_value": SINCE},
        },
    }
    auth = {"type": "http_basic", "username": given["api_key"], "password": "X"}
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{given['url']}/api/v2/",
                "auth": auth,
                "paginator": {"type": "header_link"},
            },
            "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
            "resources": [tickets],
        }
    )
    pipeline = dlt.pipeline(
        pipeline_name="freshdesk",
        pipelines_dir=given["folder"],
        destination=dlt.destinations.duckdb(given["database"]),
        dataset_name=DATASET,
    )
    try:
        pipeline.run(source)
    except Exception as error:
        sys.exit(cause_of(error))


def cause_of(error: BaseException) -> str:
    """What it all began with, on one line: dlt wraps it several times, and adds advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def rows(given: dict[str, Any]) -> None:
    """What the database holds; nothing when nothing was loaded."""
    if not Path(given["database"]).exists():
        return
    with duckdb.connect(given["database"], read_only=True) as database:
        tables = database.execute(
            "select table_name from information_schema.tables where table_schema = ?", [DATASET]
        ).fetchall()
        if ("tickets",) not in tables:
            return
        found = database.execute(
            "select id, epoch(updated_at)::bigint, subject, status, priority from desk.tickets"
        )
        while part := found.fetchmany(1000):
            print("\n".join(json.dumps(row) for row in part))


if __name__ == "__main__":
    {"run": run, "rows": rows}[sys.argv[1]](json.loads(sys.argv[2]))
