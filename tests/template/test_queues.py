"""Queues: long enough hidden, dead letters kept, partial batches reported."""

import json
from typing import Any

import pytest

from freshbridge.dead_letters.subject import Queue
from freshbridge.queues.backoff import LONGEST_VISIBILITY_S
from freshbridge.queues.verdict import Patience

Resources = dict[str, dict[str, Any]]
QUEUES = ("EventQueue", "ActionQueue", "SyncQueue", "CallbackQueue", "CustomerQueue")
DEAD_LETTER_QUEUES = tuple(queue.replace("Queue", "DeadLetterQueue") for queue in QUEUES)


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


def test_the_longest_deadline_of_an_action_ends_before_its_queue_forgets_it(
    resources: Resources, native: dict[str, Any]
) -> None:
    parameter = native["Parameters"]["ActionDeadlineHours"]
    retention = resources["ActionQueue"]["Properties"]["MessageRetentionPeriod"]

    assert parameter["Default"] * 3600 == Patience().deadline_s
    assert parameter["MaxValue"] * 3600 + LONGEST_VISIBILITY_S <= retention
    executor = resources["ActionExecutor"]["Properties"]["Environment"]["Variables"]
    assert executor["ACTION_DEADLINE_HOURS"] == {"Ref": "ActionDeadlineHours"}


@pytest.mark.parametrize(
    "role", ["ActionExecutorRole", "ConnectorApiRole", "SyncWorkerRole", "CustomerSyncRole"]
)
def test_who_calls_providers_may_read_and_write_circuits_and_no_more(
    resources: Resources, role: str
) -> None:
    statements = [
        statement
        for policy in resources[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Resource"] == {"Fn::GetAtt": ["BudgetTable", "Arn"]}
    ]

    assert [s["Action"] for s in statements] == [["dynamodb:GetItem", "dynamodb:PutItem"]]


@pytest.mark.parametrize("queue", QUEUES)
def test_an_alarm_watches_the_dead_letters(
    resources: Resources, native: dict[str, Any], queue: str
) -> None:
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
    assert watched[0]["Threshold"] == {"Ref": "DeadLetterAlarmDepth"}
    assert native["Parameters"]["DeadLetterAlarmDepth"]["Default"] == 0


@pytest.mark.parametrize("queue", [queue.value for queue in Queue])
def test_an_alarm_watches_how_long_the_oldest_dead_letter_waits(
    resources: Resources, queue: str
) -> None:
    wanted = {"queue": queue, "service": "dead_letter_redrive", "stack": {"Ref": "AWS::StackName"}}
    ages = [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        and {d["Name"]: d["Value"] for d in resource["Properties"]["Dimensions"]} == wanted
    ]

    # The dimensions have to be those of the metric, or the alarm never hears of it.
    assert [age["MetricName"] for age in ages] == ["OldestDeadLetterSeconds"]
    assert ages[0]["Namespace"] == "Freshbridge"
    assert ages[0]["Threshold"] == {"Ref": "DeadLetterAlarmSeconds"}


def test_the_redrive_runs_by_itself_and_may_do_what_it_needs_and_no_more(
    resources: Resources,
) -> None:
    schedules = [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Scheduler::Schedule"
        and resource["Properties"]["Target"]["Arn"] == {"Fn::GetAtt": ["DeadLetterRedrive", "Arn"]}
    ]
    assert [s["ScheduleExpression"] for s in schedules] == [{"Ref": "DeadLetterReturnSchedule"}]
    assert json.loads(schedules[0]["Target"]["Input"]) == {"scheduled": True}

    granted: dict[str, set[str]] = {}
    role = resources["DeadLetterRedriveRole"]["Properties"]
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            asked, on = statement["Action"], statement["Resource"]
            for resource in on if isinstance(on, list) else [on]:
                name = json.dumps(resource)
                granted.setdefault(name, set()).update([asked] if isinstance(asked, str) else asked)
    of_queues = {
        name: granted[json.dumps({"Fn::GetAtt": [name, "Arn"]})]
        for name in (*QUEUES, *DEAD_LETTER_QUEUES)
    }
    assert of_queues == {q: {"sqs:GetQueueAttributes", "sqs:SendMessage"} for q in QUEUES} | {
        queue: {
            "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
            "sqs:ListMessageMoveTasks", "sqs:ReceiveMessage", "sqs:SendMessage",
            "sqs:StartMessageMoveTask",
        }
        for queue in DEAD_LETTER_QUEUES
    }  # fmt: skip
    assert granted[json.dumps({"Fn::GetAtt": ["DeadLetterTable", "Arn"]})] == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
    }


def test_a_link_waits_three_minutes_for_a_function_that_was_killed(resources: Resources) -> None:
    # Its lease lasts as long as the function could, and a message comes back as AWS advises
    timeout = resources["CustomerSync"]["Properties"]["Timeout"]
    assert timeout <= 180
    assert resources["CustomerQueue"]["Properties"]["VisibilityTimeout"] == 6 * timeout
