"""Queues: long enough hidden, dead letters kept, partial batches reported."""

from typing import Any

import pytest

from freshbridge.queues.batch import Patience

Resources = dict[str, dict[str, Any]]
QUEUES = ("EventQueue", "ActionQueue", "SyncQueue")


def mapping_of(resources: Resources, queue: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Lambda::EventSourceMapping"
        and resource["Properties"]["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("queue", QUEUES)
def test_visibility_is_six_times_the_consumers_timeout(resources: Resources, queue: str) -> None:
    function = mapping_of(resources, queue)["FunctionName"]["Ref"]
    timeout = resources[function]["Properties"]["Timeout"]

    assert resources[queue]["Properties"]["VisibilityTimeout"] >= 6 * timeout


@pytest.mark.parametrize("queue", QUEUES)
def test_one_bad_message_does_not_fail_its_batch(resources: Resources, queue: str) -> None:
    mapping = mapping_of(resources, queue)

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("queue", QUEUES)
def test_concurrency_is_limited_at_the_queue(resources: Resources, queue: str) -> None:
    # Reserved concurrency would throttle receives and burn receive counts instead.
    assert "MaximumConcurrency" in mapping_of(resources, queue)["ScalingConfig"]


@pytest.mark.parametrize("queue", QUEUES)
def test_the_queues_own_redrive_is_only_the_guard_against_crashes(
    resources: Resources, queue: str
) -> None:
    policy = resources[queue]["Properties"]["RedrivePolicy"]
    dead_letter_queue = policy["deadLetterTargetArn"]["Fn::GetAtt"][0]

    # The application parks first: only then does a reason travel with the message.
    assert policy["maxReceiveCount"] > Patience().receives
    assert resources[dead_letter_queue]["Type"] == "AWS::SQS::Queue"


@pytest.mark.parametrize("queue", QUEUES)
def test_dead_letters_outlive_their_queue(resources: Resources, queue: str) -> None:
    properties = resources[queue]["Properties"]
    dead = properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]

    retention = resources[dead]["Properties"]["MessageRetentionPeriod"]

    assert retention == 14 * 86_400 > properties["MessageRetentionPeriod"]


@pytest.mark.parametrize("queue", QUEUES)
def test_the_retry_deadline_fits_into_the_retention(resources: Resources, queue: str) -> None:
    retention = resources[queue]["Properties"]["MessageRetentionPeriod"]

    assert Patience().deadline_s * 2 <= retention


@pytest.mark.parametrize("queue", QUEUES)
def test_an_alarm_watches_the_dead_letters(resources: Resources, queue: str) -> None:
    dead = resources[queue]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    watched = [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        and resource["Properties"]["Dimensions"][0]["Value"] == {"Fn::GetAtt": [dead, "QueueName"]}
    ]

    # NumberOfMessagesSent does not count what a redrive policy moves.
    assert [alarm["MetricName"] for alarm in watched] == ["ApproximateNumberOfMessagesVisible"]
    assert watched[0]["Statistic"] == "Maximum"
    assert watched[0]["Threshold"] == 0
