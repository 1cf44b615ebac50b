"""What a deployment says about itself."""

from typing import cast

import pytest
from types_boto3_cloudformation.type_defs import StackEventTypeDef

from local import deploy
from local.deploy import DeployError, Deployment


def event(resource: str, status: str, reason: str = "") -> StackEventTypeDef:
    """The fields of a stack event that are looked at."""
    fields = {
        "LogicalResourceId": resource,
        "ResourceType": "AWS::SQS::Queue",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "StackName": deploy.STACK_NAME,
    }
    return cast("StackEventTypeDef", fields)


def test_the_first_resource_that_failed_is_named_with_its_reason() -> None:
    events = [
        event("freshbridge", "CREATE_IN_PROGRESS"),
        event("EventQueue", "CREATE_COMPLETE"),
        event("ActionQueue", "CREATE_FAILED", "the name is taken"),
        event("SyncQueue", "CREATE_FAILED", "Resource creation cancelled"),
        event("freshbridge", "ROLLBACK_IN_PROGRESS", "The following failed: [ActionQueue]"),
    ]

    assert deploy.first_failure(events) == (
        "ActionQueue (AWS::SQS::Queue) is CREATE_FAILED: the name is taken"
    )


def test_a_failure_of_the_stack_alone_gives_the_stacks_reason() -> None:
    events = [event("freshbridge", "ROLLBACK_IN_PROGRESS", "Unsupported type AWS::X::Y")]

    assert deploy.first_failure(events) == "Unsupported type AWS::X::Y"


def test_a_stack_without_failures_gives_none() -> None:
    assert deploy.first_failure([event("EventQueue", "CREATE_COMPLETE")]) == ""


@pytest.mark.parametrize(
    ("value", "argument"),
    [
        ("rate(15 minutes)", 'P="rate(15 minutes)"'),
        ("", 'P=""'),
        ('say "x"', 'P="say \\"x\\""'),
        ("a\\b", 'P="a\\\\b"'),
    ],
)
def test_parameters_are_quoted_for_sam(value: str, argument: str) -> None:
    assert deploy.override("P", value) == argument


def test_the_api_is_reached_through_the_emulator() -> None:
    deployment = Deployment({"ApiId": "abc", "StageName": "live"}, {}, {})

    assert deploy.api_url(deployment, "http://127.0.0.1:4566") == (
        "http://127.0.0.1:4566/restapis/abc/live/_user_request_"
    )


def test_a_template_that_lost_an_output_is_told_which() -> None:
    with pytest.raises(DeployError, match="no output 'ApiId'"):
        deploy.api_url(Deployment({}, {}, {}), "http://127.0.0.1:4566")
