"""``sam deploy`` of a built template to the emulator, and what it left there.

The same command, template and artifacts as for AWS; only the endpoint and the credentials differ.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local import ports
from local.build import SAM, Target, empty_configuration, reason, sam_environment
from local.emulator import REGION
from local.emulator_clients import ACCESS_KEY, SECRET_KEY, Clients
from local.processes import Processes

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackEventTypeDef

STACK_NAME = "freshbridge"
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


class DeployError(Exception):
    """The stack could not be deployed; the message names the resource and the reason."""


@dataclass(frozen=True)
class Deployment:
    """A deployed stack: its outputs, and the physical id of every resource by logical id."""

    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    template: Mapping[str, Any]


def deploy(
    target: Target, clients: Clients, parameters: Mapping[str, str], processes: Processes
) -> Deployment:
    """Deploy a build to the emulator; raises DeployError."""
    folder = target.artifacts.parent
    command = [str(SAM / "sam"), "deploy", "--template-file", str(target.template)]
    command += ["--config-file", str(empty_configuration(folder))]
    command += ["--stack-name", STACK_NAME, "--resolve-s3", "--capabilities", *CAPABILITIES]
    command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
    values = {"Architecture": target.architecture} | dict(parameters)
    command += ["--parameter-overrides", *(override(*item) for item in values.items())]
    environment = sam_environment(folder) | {
        "AWS_ENDPOINT_URL": clients.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        # Nothing of the user's own AWS accounts, and no proxy on the way to this machine.
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "NO_PROXY": ports.HOST,
        "no_proxy": ports.HOST,
        # Seconds between sam's looks at the stack: it asks another process, not a busy service.
        "SAM_CLI_POLL_DELAY": "0.2",
    }
    if processes.run("deploy", command, environment, cwd=folder):
        log = processes.logs / "deploy.log"
        raise DeployError(
            f"sam deploy failed: {failed_resource(clients) or reason(log)} (log: {log})"
        )
    return read(clients)


def override(name: str, value: str) -> str:
    """A parameter as sam reads it: quoted, for it splits values at spaces even in one argument."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'


def failed_resource(clients: Clients) -> str:
    """The first resource that failed and why, as the stack's events tell; empty if none did."""
    try:
        events = clients.cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    except ClientError:
        return ""
    return first_failure(list(reversed(events)))


def first_failure(events: "list[StackEventTypeDef]") -> str:
    """Pick the cause out of a stack's events, oldest first: what follows it is only rolled back."""
    for event in events:
        status = event.get("ResourceStatus", "")
        why = event.get("ResourceStatusReason", "")
        # The stack's own event comes after the resource's and says less.
        if status.endswith("FAILED") and why and event.get("LogicalResourceId") != STACK_NAME:
            resource = f"{event.get('LogicalResourceId')} ({event.get('ResourceType')})"
            return f"{resource} is {status}: {why}"
    return next((why for event in events if (why := event.get("ResourceStatusReason", ""))), "")


def read(clients: Clients) -> Deployment:
    """Outputs, resources and the processed template of the deployed stack."""
    cloudformation = clients.cloudformation
    stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    resources = {
        item["LogicalResourceId"]: item.get("PhysicalResourceId", "")
        for page in pages
        for item in page["StackResourceSummaries"]
    }
    processed = cloudformation.get_template(StackName=STACK_NAME, TemplateStage="Processed")
    body = processed["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else dict(body)
    return Deployment(outputs, resources, template)


def api_url(deployment: Deployment, endpoint: str) -> str:
    """The API's base URL on the emulator; the one among the outputs is an amazonaws.com name."""
    outputs = deployment.outputs
    try:
        api, stage = outputs["ApiId"], outputs["StageName"]
    except KeyError as error:
        raise DeployError(f"the template has no output {error}: the API's URL needs it") from error
    return f"{endpoint}/restapis/{api}/{stage}/_user_request_"
