"""Storage: private, encrypted, and kept where losing it would hurt."""

import json
import re
from typing import Any

from freshbridge.actions.idempotency import REMEMBERED_S
from freshbridge.event_log.entry import Entry, State
from freshbridge.exports.folder import KEPT_DAYS

Resources = dict[str, dict[str, Any]]


def of_type(resources: Resources, kind: str) -> Resources:
    found = {name: resource for name, resource in resources.items() if resource["Type"] == kind}
    assert found
    return found


def test_buckets_are_private_and_encrypted(resources: Resources) -> None:
    for name, bucket in of_type(resources, "AWS::S3::Bucket").items():
        properties = bucket["Properties"]
        assert all(properties["PublicAccessBlockConfiguration"].values()), name
        assert len(properties["PublicAccessBlockConfiguration"]) == 4, name
        assert properties["BucketEncryption"], name


def test_what_cannot_be_made_again_survives_the_stack(resources: Resources) -> None:
    for name in ("AccessTable", "InstanceTable", "SyncTable", "CustomerTable", "LakeBucket"):
        assert resources[name]["DeletionPolicy"] == "Retain", name
        assert resources[name]["UpdateReplacePolicy"] == "Retain", name


def test_lasting_tables_can_be_restored_to_a_point_in_time(resources: Resources) -> None:
    for name in ("AccessTable", "InstanceTable", "SyncTable", "CustomerTable"):
        recovery = resources[name]["Properties"]["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}, name


def test_idempotency_records_outlive_their_messages_and_expire(resources: Resources) -> None:
    expiry = resources["IdempotencyTable"]["Properties"]["TimeToLiveSpecification"]

    assert expiry == {"AttributeName": "expiration", "Enabled": True}
    assert resources["ActionQueue"]["Properties"]["MessageRetentionPeriod"] < REMEMBERED_S


def test_traces_expire_by_themselves(resources: Resources) -> None:
    expiry = resources["TraceTable"]["Properties"]["TimeToLiveSpecification"]

    assert expiry == {"AttributeName": "expires_at", "Enabled": True}
    assert resources["TraceTable"]["DeletionPolicy"] == "Delete"


def test_bulk_rows_expire_by_themselves(resources: Resources) -> None:
    expiry = resources["BulkTable"]["Properties"]["TimeToLiveSpecification"]

    assert expiry == {"AttributeName": "expires_at", "Enabled": True}


def test_large_bodies_outlive_the_messages_that_point_to_them(resources: Resources) -> None:
    rules = resources["PayloadBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    queues = of_type(resources, "AWS::SQS::Queue").values()

    longest = max(queue["Properties"]["MessageRetentionPeriod"] for queue in queues)

    kept = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules}
    assert kept.pop("dead-letters/") == {"Ref": "DeadLetterDays"}
    assert kept.pop("event-bodies/") == {"Ref": "EventDays"}
    # No message points to a download.
    assert kept.pop("exports/") == KEPT_DAYS
    assert all(days * 86_400 > longest for days in kept.values())


def test_whatever_is_put_into_the_payload_bucket_expires(resources: Resources) -> None:
    rules = resources["PayloadBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    written = set()
    for role in of_type(resources, "AWS::IAM::Role").values():
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                text = json.dumps(statement["Resource"])
                if "s3:PutObject" in statement["Action"] and "PayloadBucket" in text:
                    written |= set(re.findall(r"Arn}/([a-z-]+/)\*", text))

    assert {"actions/", "dead-letters/", "events/"} <= written
    assert written <= {rule["Prefix"] for rule in rules if rule["Status"] == "Enabled"}


def test_dead_letters_are_kept_and_expire_by_themselves(resources: Resources) -> None:
    table = resources["DeadLetterTable"]

    assert table["DeletionPolicy"] == "Retain"
    assert table["Properties"]["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }


def test_events_are_kept_and_expire_by_themselves(resources: Resources) -> None:
    table = resources["EventTable"]

    assert table["DeletionPolicy"] == "Retain"
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert table["Properties"]["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }


def test_every_list_of_events_shows_all_that_a_summary_tells(resources: Resources) -> None:
    entry = Entry("e", "1", "freshdesk", "2026-03-03T12:02:40Z", State.PARKED)
    shown = set(entry.summary()) - {"id"} | {"instance_id", "expires_at"}
    indexes = resources["EventTable"]["Properties"]["GlobalSecondaryIndexes"]

    assert len(indexes) == 3
    for index in indexes:
        keys = {key["AttributeName"] for key in index["KeySchema"]}
        kept = keys | set(index["Projection"]["NonKeyAttributes"])
        assert shown <= kept, index["IndexName"]
        # What is large, or says what the customer said, is in no index.
        assert not {"envelope", "runs", "replays"} & kept


def test_log_groups_are_kept_for_as_long_as_asked(resources: Resources) -> None:
    functions = of_type(resources, "AWS::Lambda::Function")
    groups = of_type(resources, "AWS::Logs::LogGroup").values()

    assert len(groups) == len(functions)
    for group in groups:
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
