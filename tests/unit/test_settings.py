"""The environment is read once, in one place, and what is missing is named."""

from __future__ import annotations

import pytest

from freshbridge import settings

INGEST = {
    "STACK_NAME": "demo",
    "INSTANCE_TABLE": "instances",
    "EVENT_QUEUE_URL": "https://queue.example/events",
    "PAYLOAD_BUCKET": "payloads",
}
EXECUTOR = {
    "EVENT_BUS_NAME": "events",
    "STACK_NAME": "demo",
    "ACTION_QUEUE_URL": "https://queue.example/actions",
    "ACTION_RECORD_DAYS": "30",
    "ACTION_DEADLINE_HOURS": "24",
    "ACTION_TABLE": "actions",
    "BUDGET_TABLE": "budgets",
    "BULK_TABLE": "rows",
    "CALLBACK_QUEUE_URL": "https://queue.example/callbacks",
    "RATE_WINDOW_SECONDS": "60",
    "INTERACTIVE_SHARE": "0.1",
    "INSTANCE_TABLE": "instances",
    "IDEMPOTENCY_TABLE": "once",
    "SYNC_TABLE": "cursors",
    "LAKE_BUCKET": "lake",
    "TRACE_TABLE": "traces",
    "SOURCE_QUEUE_URL": "https://queue.example/actions",
    "DEAD_LETTER_QUEUE_URL": "https://queue.example/dead",
    "DEAD_LETTER_TABLE": "letters",
    "DEAD_LETTER_DAYS": "90",
    "PAYLOAD_BUCKET": "payloads",
}


def test_each_field_is_its_variable_in_upper_case() -> None:
    chosen = settings.load(settings.IngestSettings, INGEST)

    assert chosen == settings.IngestSettings(
        "demo", "instances", "https://queue.example/events", "payloads"
    )


def test_every_missing_variable_is_named_at_once() -> None:
    partial = {"STACK_NAME": "demo", "EVENT_QUEUE_URL": "  "}

    with pytest.raises(settings.MissingSettingError) as raised:
        settings.load(settings.IngestSettings, partial)

    text = str(raised.value)
    assert "INSTANCE_TABLE" in text
    assert "EVENT_QUEUE_URL" in text
    assert "PAYLOAD_BUCKET" in text
    assert "STACK_NAME" not in text


def test_a_list_is_split_at_commas_and_may_be_empty_or_absent() -> None:
    typed = "http://127.0.0.1:4010, https://helpdesk.example ,"

    several = settings.load(
        settings.ExecutorSettings, EXECUTOR | {"ALLOWED_PROVIDER_ORIGINS": typed}
    )
    empty = settings.load(settings.ExecutorSettings, EXECUTOR | {"ALLOWED_PROVIDER_ORIGINS": ""})
    absent = settings.load(settings.ExecutorSettings, EXECUTOR)

    assert several.allowed_provider_origins == ("http://127.0.0.1:4010", "https://helpdesk.example")
    assert empty.allowed_provider_origins == absent.allowed_provider_origins == ()


def test_what_has_a_default_may_be_empty_or_absent() -> None:
    given, empty, absent = (
        settings.load(settings.ExecutorSettings, EXECUTOR | sender).email_sender
        for sender in ({"EMAIL_SENDER": " a@b.example "}, {"EMAIL_SENDER": ""}, {})
    )

    assert (given, empty, absent) == ("a@b.example", "", "")


def test_without_an_argument_it_reads_the_process_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in INGEST.items():
        monkeypatch.setenv(name, value)

    assert settings.load(settings.IngestSettings).payload_bucket == "payloads"
