"""An export of what the client reads of a simulated account, compared with the account itself."""

from __future__ import annotations

import csv
import io
import json

from local.freshdesk.seed import seed
from tests.fakes.export_desk import MemoryBucket, MemoryCopy, export_desk
from tests.simulators.actions.conftest import Desk


def test_an_export_holds_what_the_account_does(desk: Desk) -> None:
    seed(desk.account, {"tickets": 150, "contacts": 20, "agents": 3})
    copy, bucket = MemoryCopy(), MemoryBucket()
    for page in desk.client.tickets({"updated_since": "1970-01-01T00:00:00Z", "include": "stats"}):
        copy.hold("tickets", page.records)

    exports = export_desk(copy, bucket)
    told = desk.run("export_object", {"object": "tickets", "format": ["csv", "json"]},
                    exports=exports).data  # fmt: skip

    truth = desk.account.tickets
    table, array = (bucket.download(one["url"]).decode() for one in told["files"])
    assert {one["id"]: one["subject"] for one in json.loads(array)} == {
        number: one["subject"] for number, one in truth.items()
    }
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert len(rows) == told["rows"] == 150
    for row in rows:
        held = truth[int(row["id"])]
        assert int(row["status"]) == held["status"]
        assert json.loads(row["tags"]) == held["tags"]
        assert json.loads(row["stats"])["resolved_at"] == held["stats"]["resolved_at"]
