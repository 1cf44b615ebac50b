"""Settings of the template that the emulator's CloudFormation drops, applied after a deploy.

One place lists them all with what goes wrong without; AWS itself applies each by itself. Found by
comparing the template with what the emulator's own APIs describe after a deploy (ministack 1.5.33).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local.deploy import Deployment
from local.emulator_clients import Clients

BATCHED = ("sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")


def repair(deployment: Deployment, clients: Clients) -> list[str]:
    """Apply what was dropped and return a line about each setting applied."""
    return [
        *time_to_live(deployment, clients),
        *reserved_concurrency(deployment, clients),
        *function_dead_letters(deployment, clients),
        *mapping_concurrency(clients),
        *batch_permissions(deployment, clients),
    ]


def of_type(deployment: Deployment, type_name: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Logical id, physical id and properties of each deployed resource of a type."""
    for logical, resource in deployment.template.get("Resources", {}).items():
        # A resource whose condition is false is in the template and not in the stack.
        if resource.get("Type") == type_name and logical in deployment.resources:
            yield logical, deployment.resources[logical], resource.get("Properties", {})


def time_to_live(deployment: Deployment, clients: Clients) -> list[str]:
    """Without it records never expire: an idempotency key would be refused for ever."""
    done = []
    for logical, table, properties in of_type(deployment, "AWS::DynamoDB::Table"):
        wanted = properties.get("TimeToLiveSpecification", {})
        if not wanted.get("Enabled"):
            continue
        now = clients.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if now.get("TimeToLiveStatus") == "ENABLED":
            continue
        clients.dynamodb.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": wanted["AttributeName"]},
        )
        done.append(f"{logical}: items expire by {wanted['AttributeName']}")
    return done


def reserved_concurrency(deployment: Deployment, clients: Clients) -> list[str]:
    """Without it a function that must not run beside itself would."""
    done = []
    for logical, function, properties in of_type(deployment, "AWS::Lambda::Function"):
        limit = properties.get("ReservedConcurrentExecutions")
        if limit is None:
            continue
        clients.functions.put_function_concurrency(
            FunctionName=function, ReservedConcurrentExecutions=int(limit)
        )
        done.append(f"{logical}: at most {limit} at a time")
    return done


def function_dead_letters(deployment: Deployment, clients: Clients) -> list[str]:
    """Without it an event that an asynchronous function failed on is gone."""
    done = []
    for logical, function, properties in of_type(deployment, "AWS::Lambda::Function"):
        target = properties.get("DeadLetterConfig", {}).get("TargetArn")
        if target is None:
            continue
        arn = resolve_arn(target, deployment, clients)
        clients.functions.update_function_configuration(
            FunctionName=function, DeadLetterConfig={"TargetArn": arn}
        )
        done.append(f"{logical}: failed events go to {arn.rpartition(':')[2]}")
    return done


def mapping_concurrency(clients: Clients) -> list[str]:
    """Without it a queue whose concurrency is a template parameter delivers nothing.

    CloudFormation's parameters are text, and the emulator compares this one with a number. What it
    stored cannot be told by looking, as boto3 reads either as a number: so each is written again.
    """
    done = []
    mappings = clients.functions.get_paginator("list_event_source_mappings").paginate()
    for mapping in (found for page in mappings for found in page["EventSourceMappings"]):
        limit = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        if limit is None:
            continue
        clients.functions.update_event_source_mapping(
            UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": int(limit)}
        )
        done.append(f"{mapping['FunctionArn'].rpartition(':')[2]}: at most {limit} at a time")
    return done


def batch_permissions(deployment: Deployment, clients: Clients) -> list[str]:
    """Without it a batch call is refused when IAM is enforced.

    To IAM `sqs:SendMessage` also permits SendMessageBatch, which is no action of its own; the
    emulator asks for it by name.
    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
    """
    iam = clients.client("iam")
    done = []
    for logical, role, _ in of_type(deployment, "AWS::IAM::Role"):
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            if not grant_batches(document):
                continue
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
            done.append(f"{logical}: the batch forms of what it may do with queues")
    return done


def grant_batches(document: Mapping[str, Any]) -> bool:
    """Add the batch forms of a policy's queue actions; tell whether there were any."""
    changed = False
    for statement in document["Statement"]:
        actions = statement["Action"]
        actions = [actions] if isinstance(actions, str) else list(actions)
        batches = [f"{action}Batch" for action in actions if action in BATCHED]
        if batches:
            statement["Action"] = actions + batches
            changed = True
    return changed


def resolve_arn(value: Any, deployment: Deployment, clients: Clients) -> str:
    """The ARN behind a literal or a queue's ``!GetAtt Queue.Arn``.

    Raises NotImplementedError for any other expression.
    """
    if isinstance(value, str):
        return value
    reference = value.get("Fn::GetAtt") if isinstance(value, Mapping) else None
    if isinstance(reference, str):
        reference = reference.split(".")
    if isinstance(reference, list) and len(reference) == 2 and reference[1] == "Arn":
        url = deployment.resources[reference[0]]
        answer = clients.queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]
    raise NotImplementedError(f"a dead-letter target written as {value!r} is not understood here")
