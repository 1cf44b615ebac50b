"""The lake: what expires and what does not, who may use its key, and Athena's tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from freshbridge.lake.encoding import MEMBERS
from freshbridge.lake.files import HISTORY_TAG, STAGED_TAG
from freshbridge.lake.layout import Chunk, bucket_key, staged_key
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.run_table import KEPT_S
from local import lake_tables, native_template
from local.lake_columns import COLUMNS
from tests.documentation import page

TEXT = (Path(__file__).resolve().parents[2] / "template.yaml").read_text()
Resources = dict[str, dict[str, Any]]


def tables(resources: Resources) -> dict[str, dict[str, Any]]:
    """The inputs of all tables by their names."""
    found = [
        resource["Properties"]["TableInput"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Glue::Table"
    ]
    return {one["Name"]: one for one in found}


def test_the_tables_are_those_of_the_columns() -> None:
    assert lake_tables.written_into(TEXT) == TEXT, "run python -m local.lake_tables"
    assert set(COLUMNS) == set(OBJECTS)


def test_the_writer_of_tables_says_whether_it_would_change_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "template.yaml"
    place.write_text(f"before\n{lake_tables.BEGIN}  old\n{lake_tables.END}after\n")
    monkeypatch.setattr(lake_tables, "TEMPLATE", place)

    assert lake_tables.main(["--check"]) == 1
    assert lake_tables.main([]) == 0
    assert lake_tables.main(["--check"]) == 0
    assert place.read_text().startswith("before\n")
    assert place.read_text().endswith("after\n")
    assert "  old\n" not in place.read_text()


@pytest.mark.parametrize("name", OBJECTS)
def test_each_object_has_its_three_tables_where_the_lake_writes_it(
    resources: Resources, name: str
) -> None:
    found = tables(resources)
    root = "s3://${LakeBucket}/"
    live, removed = (
        root + bucket_key("${!instance}", name, view, "b").removesuffix("b.jsonl.gz")
        for view in ("current", "removed")
    )
    seen = root + Chunk("${!instance}", name, "r", "${!date}", "p", "0").key.partition("run=")[0]
    expected = {name: live, f"{name}_removed": removed, f"{name}_history": seen}

    for table, place in expected.items():
        parameters = found[table]["Parameters"]
        assert parameters["storage.location.template"] == {"Fn::Sub": place}
        assert parameters["projection.enabled"] == "true"
        assert parameters["projection.instance.type"] == "injected"
        columns = {one["Name"] for one in found[table]["StorageDescriptor"]["Columns"]}
        keys = {one["Name"] for one in found[table]["PartitionKeys"]}
        assert not columns & keys
        assert set(MEMBERS) - columns == {"_instance"}
        assert OBJECTS[name].id_field in columns
    assert keys == {"instance", "date"}


def test_no_table_is_left_over(resources: Resources) -> None:
    assert len(tables(resources)) == 3 * len(OBJECTS)
    assert len(resources) < 300, "CloudFormation takes 500"
    assert len(TEXT) < 400_000, "CloudFormation takes a million"


def test_the_page_s_queries_name_tables_that_exist_and_an_instance_for_each(
    resources: Resources,
) -> None:
    queries = re.findall(r"```sql\n(.*?)```", page("docs/lake.md"), re.DOTALL)

    assert len(queries) >= 5
    for query in queries:
        named = re.findall(r"(?:FROM|JOIN) (\w+)", query)
        assert named
        assert set(named) <= set(tables(resources))
        assert query.count("instance = 'INSTANCE'") == len(named)
        # A column that looks like one of the tables' is one of theirs.
        columns = {
            column["Name"]
            for name in named
            for column in tables(resources)[name]["StorageDescriptor"]["Columns"]
        }
        assert set(re.findall(r"\b(?:t|g|c|co)\.(\w+)", query)) <= columns | {"instance"}


def test_history_expires_by_its_tag_and_the_current_view_never(resources: Resources) -> None:
    rules = resources["LakeBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    key, value = HISTORY_TAG.split("=")

    [choice] = [rule["Fn::If"] for rule in rules if "Fn::If" in rule]
    condition, expiry, otherwise = choice
    assert condition == "HasLakeRetention"
    assert otherwise == {"Ref": "AWS::NoValue"}
    assert expiry["TagFilters"] == [{"Key": key, "Value": value}]
    assert expiry["ExpirationInDays"] == {"Ref": "LakeRetentionDays"}
    others = [rule for rule in rules if "Fn::If" not in rule]
    assert [r["Id"] for r in others if "ExpirationInDays" in r] == ["ExpireStaged"]
    versions = {"NoncurrentDays": {"Ref": "LakeVersionDays"}}
    assert [r["NoncurrentVersionExpiration"] for r in others if r["Id"] == "ExpireVersions"] == [
        versions
    ]


def test_staged_rows_expire_by_their_tag_when_no_run_can_need_them_any_more(
    resources: Resources,
) -> None:
    rules = resources["LakeBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    key, value = STAGED_TAG.split("=")

    [expiry] = [rule for rule in rules if rule.get("Id") == "ExpireStaged"]

    assert (expiry["Status"], expiry["TagFilters"]) == ("Enabled", [{"Key": key, "Value": value}])
    assert expiry["ExpirationInDays"] * 86_400 >= 2 * KEPT_S
    # and no table shows them
    folder = staged_key("i", "tickets", "run", "live", 0).split("/")[2]
    shown = [one["Parameters"]["storage.location.template"] for one in tables(resources).values()]
    assert len(shown) >= 40
    assert not [place for place in shown if f"/{folder}/" in str(place)]


def test_the_worker_may_read_write_tag_and_list_and_nothing_else(resources: Resources) -> None:
    allowed = set()
    for policy in resources["SyncWorkerRole"]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if "LakeBucket" in str(statement["Resource"]):
                actions = statement["Action"]
                allowed |= {actions} if isinstance(actions, str) else set(actions)

    assert allowed == {"s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:ListBucket"}


def test_a_key_of_its_own_is_used_by_those_who_use_the_lake(native: dict[str, Any]) -> None:
    resources: Resources = native["Resources"]
    policy = resources["LakeKeyPolicy"]
    [encryption] = resources["LakeBucket"]["Properties"]["BucketEncryption"][
        "ServerSideEncryptionConfiguration"
    ]
    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]

    assert native["Parameters"]["LakeKmsKeyArn"]["Default"] == ""
    assert policy["Condition"] == encryption["Fn::If"][0] == "HasLakeKmsKey"
    assert encryption["Fn::If"][1]["BucketKeyEnabled"] is True
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Resource"] == {"Ref": "LakeKmsKeyArn"}
    users = {
        name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role" and "LakeBucket" in str(resource["Properties"])
    }
    assert users == {role["Ref"] for role in policy["Properties"]["Roles"]}


def test_athena_s_results_are_encrypted_and_expire(resources: Resources) -> None:
    configuration = resources["LakeWorkGroup"]["Properties"]["WorkGroupConfiguration"]
    rules = resources["PayloadBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]

    assert configuration["EnforceWorkGroupConfiguration"] is True
    result = configuration["ResultConfiguration"]
    assert result["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}
    assert result["OutputLocation"] == {"Fn::Sub": "s3://${PayloadBucket}/athena/"}
    assert [r["ExpirationInDays"] for r in rules if r["Prefix"] == "athena/"] == [30]


@pytest.mark.parametrize(
    ("arn", "fits"),
    [
        ("", True),
        ("arn:aws:kms:eu-central-1:123456789012:key/0f3a-b", True),
        ("arn:aws:kms:eu-central-1:123456789012:alias/x", False),
        ("mine", False),
    ],
)
def test_only_a_key_s_arn_is_taken(arn: str, fits: bool) -> None:
    pattern = native_template.load(TEXT)["Parameters"]["LakeKmsKeyArn"]["AllowedPattern"]

    assert bool(re.search(pattern, arn)) == fits
