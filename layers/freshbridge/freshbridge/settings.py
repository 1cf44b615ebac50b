"""The one place that reads the environment.

Each function states what it needs as a frozen dataclass; the field's name in upper case is the
variable. A missing or malformed variable stops the function at its first use, naming the variable.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar, cast

T = TypeVar("T")
# Whoever sets one of these wants boto3's whole knowledge of where calls go.
_SPECIAL = (
    "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_PROFILE",
    "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_SQS",
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy",
)  # fmt: skip


class MissingSettingError(RuntimeError):
    """An environment variable that the template should have set is absent or malformed."""


@dataclass(frozen=True)
class IngestSettings:
    """webhook_ingest: where instances are looked up and events are queued."""

    stack_name: str
    instance_table: str
    event_queue_url: str
    payload_bucket: str


@dataclass(frozen=True)
class RouterSettings:
    """event_router: where rules are read, actions queued, failures deferred or parked.

    And what it takes to fetch what an event does not carry.
    """

    stack_name: str
    instance_table: str
    trace_table: str
    budget_table: str
    rate_window_seconds: str
    interactive_share: str
    allowed_provider_origins: tuple[str, ...]
    action_table: str
    action_record_days: str
    idempotency_table: str
    action_queue_url: str
    source_queue_url: str
    dead_letter_queue_url: str
    dead_letter_table: str
    dead_letter_days: str
    payload_bucket: str
    event_bus_name: str
    callback_queue_url: str
    customer_table: str
    customer_queue_url: str
    sync_queue_url: str
    sync_table: str
    event_table: str
    event_days: str


@dataclass(frozen=True)
class ExecutorSettings:
    """action_executor: credentials by stack name, idempotency and action records, its queue."""

    stack_name: str
    instance_table: str
    trace_table: str
    budget_table: str
    rate_window_seconds: str
    interactive_share: str
    action_table: str
    action_record_days: str
    action_deadline_hours: str
    idempotency_table: str
    sync_table: str
    lake_bucket: str
    bulk_table: str
    action_queue_url: str
    source_queue_url: str
    dead_letter_queue_url: str
    dead_letter_table: str
    dead_letter_days: str
    payload_bucket: str
    event_bus_name: str
    allowed_provider_origins: tuple[str, ...]
    callback_queue_url: str
    email_recipient_domains: tuple[str, ...]
    email_sender: str = field(default="", kw_only=True)
    destination_bucket: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class PlannerSettings:
    """scheduled_sync, the part that EventBridge Scheduler starts."""

    instance_table: str
    sync_table: str
    sync_queue_url: str
    payload_bucket: str


@dataclass(frozen=True)
class WorkerSettings:
    """scheduled_sync, the part that pulls pages."""

    stack_name: str
    instance_table: str
    trace_table: str
    budget_table: str
    rate_window_seconds: str
    interactive_share: str
    sync_table: str
    action_queue_url: str
    event_queue_url: str
    sync_queue_url: str
    source_queue_url: str
    dead_letter_queue_url: str
    dead_letter_table: str
    dead_letter_days: str
    payload_bucket: str
    lake_bucket: str
    sync_concurrency: str
    allowed_provider_origins: tuple[str, ...]


@dataclass(frozen=True)
class ApiSettings:
    """connector_api: registry, vault, the secrets that its callers must show."""

    stack_name: str
    instance_table: str
    trace_table: str
    budget_table: str
    rate_window_seconds: str
    interactive_share: str
    access_table: str
    action_table: str
    action_record_days: str
    idempotency_table: str
    sync_table: str
    lake_bucket: str
    bulk_table: str
    event_table: str
    event_days: str
    action_queue_url: str
    event_queue_url: str
    event_dead_letter_queue_url: str
    action_dead_letter_queue_url: str
    sync_dead_letter_queue_url: str
    callback_dead_letter_queue_url: str
    dead_letter_table: str
    dead_letter_days: str
    dead_letter_redrive_name: str
    callback_table: str
    callback_queue_url: str
    customer_table: str
    customer_queue_url: str
    customer_dead_letter_queue_url: str
    sync_queue_url: str
    payload_bucket: str
    event_bus_name: str
    user_secret_id: str
    organization_secret_id: str
    open_docs: str
    allowed_provider_origins: tuple[str, ...]
    email_recipient_domains: tuple[str, ...]
    email_sender: str = field(default="", kw_only=True)
    destination_bucket: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class CallbackSettings:
    """callback_sender: instances and their secrets, deliveries, its queue."""

    stack_name: str
    instance_table: str
    callback_table: str
    source_queue_url: str
    dead_letter_queue_url: str
    dead_letter_table: str
    dead_letter_days: str
    payload_bucket: str
    allowed_provider_origins: tuple[str, ...]


@dataclass(frozen=True)
class CustomerSettings:
    """customer_sync: instances, what is known of customers, its queue."""

    stack_name: str
    instance_table: str
    trace_table: str
    budget_table: str
    rate_window_seconds: str
    interactive_share: str
    customer_table: str
    source_queue_url: str
    dead_letter_queue_url: str
    dead_letter_table: str
    dead_letter_days: str
    payload_bucket: str
    allowed_provider_origins: tuple[str, ...]


@dataclass(frozen=True)
class RedriveSettings:
    """dead_letter_redrive: each queue and the dead-letter queue beside it, letters, records."""

    stack_name: str
    event_queue_url: str
    event_dead_letter_queue_url: str
    action_queue_url: str
    action_dead_letter_queue_url: str
    sync_queue_url: str
    sync_dead_letter_queue_url: str
    callback_queue_url: str
    callback_dead_letter_queue_url: str
    customer_queue_url: str
    customer_dead_letter_queue_url: str
    dead_letter_table: str
    dead_letter_days: str
    action_table: str
    action_record_days: str
    budget_table: str
    payload_bucket: str


def load(kind: type[T], environment: Mapping[str, str] | None = None) -> T:
    """Build `kind` from the environment.

    Strings must be set and not empty, but for those that have a default. A tuple is a
    comma-separated list and may be empty.

    Raises:
        MissingSettingError: naming every variable that is missing.
    """
    source = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    missing: list[str] = []
    for wanted in fields(cast("Any", kind)):
        name = wanted.name.upper()
        text = source.get(name, "").strip()
        if "tuple" in str(wanted.type):
            values[wanted.name] = tuple(part.strip() for part in text.split(",") if part.strip())
        elif text or wanted.default is not MISSING:
            values[wanted.name] = text or wanted.default
        else:
            missing.append(name)
    if missing:
        raise MissingSettingError(
            f"environment variables not set: {', '.join(missing)}; template.yaml sets them, "
            "so deploy the function with it or set them before calling the handler"
        )
    return kind(**values)


@dataclass(frozen=True)
class AwsEnvironment:
    """What Lambda gives a function to call AWS with; `endpoint_url` is "" on AWS itself."""

    region: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    endpoint_url: str = ""


def aws_environment(environment: Mapping[str, str] | None = None) -> AwsEnvironment | None:
    """What Lambda sets, or None where more is to be known than that.

    Credentials from elsewhere (as with SnapStart), a proxy, or endpoints of a special kind.
    """
    source = os.environ if environment is None else environment
    region = source.get("AWS_REGION") or source.get("AWS_DEFAULT_REGION", "")
    key, secret = source.get("AWS_ACCESS_KEY_ID", ""), source.get("AWS_SECRET_ACCESS_KEY", "")
    if not (region and key and secret) or any(source.get(name) for name in _SPECIAL):
        return None
    return AwsEnvironment(
        region,
        key,
        secret,
        source.get("AWS_SESSION_TOKEN", ""),
        source.get("AWS_ENDPOINT_URL", ""),
    )
