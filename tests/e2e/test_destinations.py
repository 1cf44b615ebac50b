"""Records into a Freshsales account on the deployed stack: sent, and put into the bucket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.stack import Stack
from tests.e2e.conftest import eventually
from tests.e2e.test_freshsales import Crm

MAPPING = {"emails": {"from": "E-mail", "transforms": ["lower"]}, "last_name": "Last"}


@pytest.fixture(scope="module")
def crm(stack: Stack) -> Crm:
    return Crm(stack)


def made(crm: Crm, **settings: Any) -> str:
    """A destination of contacts; its id."""
    body = {"name": "Fair", "resource_type": "contacts", "mapping": MAPPING, **settings}
    found = crm.api.call("POST", f"{crm.path}/destinations", body)
    return str(found["destination_id"])


def names(crm: Crm, prefix: str) -> list[str]:
    """The last names that begin so."""
    found = (str(one["last_name"]) for one in crm.truth("contacts"))
    return sorted(name for name in found if name.startswith(prefix))


def test_records_are_sent_and_told_of(crm: Crm) -> None:
    path = f"{crm.path}/destinations/{made(crm, template='create_resource')}"
    record = {"E-mail": "E2E1@fair.example", "Last": "Sent 1"}

    shown = crm.api.call("POST", f"{path}/test", {"record": record, "dry_run": True})
    begun = crm.api.call("POST", f"{path}/records", {"records": [record, {"Last": ""}]})

    def over() -> dict[str, Any] | None:
        run: dict[str, Any] = crm.api.call("GET", begun["run"])
        return run if run["state"] in ("succeeded", "failed") else None

    run = eventually(over, "the run's end") or {}
    assert shown["request"]["body"] == {
        "contact": {"emails": "e2e1@fair.example", "last_name": "Sent 1"}
    }
    assert (run["outcomes"]["created"], run["outcomes"]["invalid"]) == (1, 1)
    assert names(crm, "Sent") == ["Sent 1"]
    quarantine = crm.api.call("GET", f"{begun['run']}/quarantine")
    assert quarantine["records"] == 1


def test_a_file_in_the_bucket_is_sent_in_bulk(crm: Crm, stack: Stack) -> None:
    destination = made(crm, template="bulk_upsert")
    folder = f"incoming/{crm.path.rpartition('/')[2]}/{destination}"
    lines = [json.dumps({"E-mail": f"f{n}@fair.example", "Last": f"File {n}"}) for n in range(8)]

    stack.client("s3").put_object(
        Bucket=stack.outputs["PayloadBucketName"],
        Key=f"{folder}/people.jsonl",
        Body="\n".join(lines).encode(),
    )

    eventually(lambda: len(names(crm, "File")) == 8, "eight contacts")
