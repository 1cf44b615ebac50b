"""Settings of the template that the emulator's CloudFormation drops, applied after a deploy.

One place lists them all with what goes wrong without; AWS itself applies each by itself. Found by
comparing the template with what the emulator's own APIs describe after a deploy (ministack 1.5.33).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local.deploy import Deployment
from local.emulator_clients import Clients


def repair(deployment: Deployment, clients: Clients) -> list[str]:
    """Apply what was dropped and return a line about each setting applied."""
    return [
        *time_to_live(deployment, clients),
        *reserved_concurrency(deployment, clients),
        *function_dead_letters(deployment, clients),
        *mapping_concurrency(clients),
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
    """Without it a queue whose concurrency is a parameter delivers nothing.

    A parameter's number arrives as text, which the emulator then compares with a number; its own
    description hides the difference, so every mapping is set.
    """
    done: list[str] = []
    mappings = clients.functions.get_paginator("list_event_source_mappings").paginate()
    for mapping in (found for page in mappings for found in page["EventSourceMappings"]):
        limit: Any = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        if limit is None:
            continue
        clients.functions.update_event_source_mapping(
            UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": limit}
        )
        done.append(f"{mapping['FunctionArn'].rpartition(':')[2]}: at most {limit} at a time")
    return done


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
