"""Imports go one way: functions, rooms, pure modules, errors and models."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "freshbridge"
FUNCTIONS = ROOT / "functions"
FUNCTION_NAMES = {path.name for path in FUNCTIONS.iterdir() if (path / "__init__.py").exists()}

PURE = {
    "freshbridge.analytics.business_hours",
    "freshbridge.analytics.definitions",
    "freshbridge.analytics.distribution",
    "freshbridge.analytics.events",
    "freshbridge.analytics.names",
    "freshbridge.analytics.period",
    "freshbridge.analytics.present",
    "freshbridge.analytics.records",
    "freshbridge.analytics.report",
    "freshbridge.analytics.slim",
    "freshbridge.analytics.tally",
    "freshbridge.analytics.time_zones",
    "freshbridge.customers.account_fields",
    "freshbridge.customers.company_ids",
    "freshbridge.customers.conflict",
    "freshbridge.customers.creating",
    "freshbridge.customers.field_reading",
    "freshbridge.customers.fields",
    "freshbridge.customers.fingerprint",
    "freshbridge.customers.ignoring",
    "freshbridge.customers.joining",
    "freshbridge.customers.link",
    "freshbridge.customers.link_checks",
    "freshbridge.customers.link_reading",
    "freshbridge.customers.matching",
    "freshbridge.customers.pairing",
    "freshbridge.customers.planning",
    "freshbridge.customers.ports",
    "freshbridge.customers.reading",
    "freshbridge.customers.record",
    "freshbridge.customers.rehearsal",
    "freshbridge.customers.run",
    "freshbridge.customers.run_state",
    "freshbridge.customers.single",
    "freshbridge.customers.taking",
    "freshbridge.customers.work",
    "freshbridge.errors",
    "freshbridge.http_message",
    "freshbridge.identifiers",
    "freshbridge.dead_letters.census",
    "freshbridge.destinations.arrivals",
    "freshbridge.destinations.chunk_state",
    "freshbridge.destinations.content",
    "freshbridge.destinations.exchange",
    "freshbridge.destinations.inline",
    "freshbridge.destinations.json_list",
    "freshbridge.destinations.lookup_kinds",
    "freshbridge.destinations.placeholders",
    "freshbridge.destinations.quarantine",
    "freshbridge.destinations.resource_types",
    "freshbridge.destinations.transforms",
    "freshbridge.dead_letters.cool_down",
    "freshbridge.dead_letters.filters",
    "freshbridge.dead_letters.items",
    "freshbridge.dead_letters.letter",
    "freshbridge.dead_letters.parking",
    "freshbridge.dead_letters.subject",
    "freshbridge.dead_letters.view",
    "freshbridge.mail.addresses",
    "freshbridge.multipart",
    "freshbridge.timestamps",
    "freshbridge.event_log.content",
    "freshbridge.event_log.elements_view",
    "freshbridge.event_log.entry",
    "freshbridge.event_log.filters",
    "freshbridge.event_log.items",
    "freshbridge.event_log.replay_job",
    "freshbridge.event_log.replay_request",
    "freshbridge.event_log.trail_view",
    "freshbridge.events.authentication",
    "freshbridge.events.broken_json",
    "freshbridge.events.charset",
    "freshbridge.events.content",
    "freshbridge.events.delivery",
    "freshbridge.events.enrichment",
    "freshbridge.events.event_time",
    "freshbridge.events.fetchable",
    "freshbridge.events.form_body",
    "freshbridge.events.freshsales_webhook",
    "freshbridge.events.payload",
    "freshbridge.events.record_change",
    "freshbridge.events.reading",
    "freshbridge.events.schema",
    "freshbridge.events.signature",
    "freshbridge.events.status_type",
    "freshbridge.events.subject",
    "freshbridge.events.synced",
    "freshbridge.events.twice_told",
    "freshbridge.events.xml_body",
    "freshbridge.http_api.reply",
    "freshbridge.http_api.target",
    "freshbridge.instances.webhook_secrets",
    "freshbridge.sigv4",
    "freshbridge.events.normalised",
    "freshbridge.events.freshdesk_webhook",
    "freshbridge.bulk.csv_rows",
    "freshbridge.bulk.item_attributes",
    "freshbridge.bulk.paging",
    "freshbridge.bulk.progress",
    "freshbridge.bulk.proof",
    "freshbridge.bulk.results",
    "freshbridge.bulk.row_item",
    "freshbridge.bulk.rows",
    "freshbridge.bulk.text_lines",
    "freshbridge.bulk.transaction",
    "freshbridge.exports.accept",
    "freshbridge.exports.job",
    "freshbridge.exports.job_request",
    "freshbridge.exports.lines",
    "freshbridge.exports.matching",
    "freshbridge.exports.object_names",
    "freshbridge.exports.select_query",
    "freshbridge.exports.source",
    "freshbridge.exports.state",
    "freshbridge.exports.unknown_fields",
    "freshbridge.exports.upload_request",
    "freshbridge.exports.wanted",
    "freshbridge.notifications.configuration",
    "freshbridge.notifications.delivery",
    "freshbridge.notifications.grouping",
    "freshbridge.notifications.messages",
    "freshbridge.notifications.schedule",
    "freshbridge.notifications.shape",
    "freshbridge.notifications.signature",
    "freshbridge.notifications.view",
    "freshbridge.notifications.where",
    "freshbridge.page_request",
    "freshbridge.public_address",
    "freshbridge.rules.called_event",
    "freshbridge.rules.comparison",
    "freshbridge.rules.condition",
    "freshbridge.rules.condition_reading",
    "freshbridge.rules.condition_values",
    "freshbridge.rules.conditions",
    "freshbridge.rules.field_paths",
    "freshbridge.rules.foresight",
    "freshbridge.rules.html_parameters",
    "freshbridge.rules.http_paths",
    "freshbridge.rules.invalid",
    "freshbridge.rules.model",
    "freshbridge.rules.options",
    "freshbridge.rules.patterns",
    "freshbridge.rules.postponement",
    "freshbridge.rules.route",
    "freshbridge.rules.schedule",
    "freshbridge.rules.slack_text",
    "freshbridge.rules.template_language",
    "freshbridge.rules.template_paths",
    "freshbridge.rules.templates",
    "freshbridge.rules.trigger_check",
    "freshbridge.queues.envelope",
    "freshbridge.queues.backoff",
    "freshbridge.queues.fair_order",
    "freshbridge.queues.history",
    "freshbridge.events.note_told",
    "freshbridge.sync.brake",
    "freshbridge.sync.change_events",
    "freshbridge.sync.feeds.feed",
    "freshbridge.sync.feeds.id_set",
    "freshbridge.sync.feeds.includes",
    "freshbridge.sync.feeds.keyset",
    "freshbridge.sync.feeds.walk",
    "freshbridge.sync.reconcile_report",
    "freshbridge.sync.report_words",
    "freshbridge.sync.run_end",
    "freshbridge.sync.told_changes",
    "freshbridge.sync.run",
    "freshbridge.sync.selection",
    "freshbridge.sync.touch",
    "freshbridge.sync.versions",
    "freshbridge.slack.error_reply",
    "freshbridge.slack.message_text",
    "freshbridge.slack.pace",
    "freshbridge.sync.batch",
    "freshbridge.sync.chosen",
    "freshbridge.sync.manifest",
    "freshbridge.sync.planning",
    "freshbridge.sync.run_items",
    "freshbridge.sync.run_writes",
    "freshbridge.sync.staging",
    "freshbridge.sync.view",
    "freshbridge.sync.polling",
    "freshbridge.lake.encoding",
    "freshbridge.lake.layout",
    "freshbridge.lake.merge",
    "freshbridge.lake.rows",
    "freshbridge.lake.staging",
    "freshbridge.sync.objects",
    "freshbridge.actions.mapping",
    "freshbridge.actions.assignment_turns",
    "freshbridge.actions.attempt_marks",
    "freshbridge.actions.record",
    "freshbridge.actions.record_item",
    "freshbridge.actions.record_writes",
    "freshbridge.actions.freshdesk.same_text",
    "freshbridge.actions.freshdesk.field_choices",
    "freshbridge.reference.kept",
    "freshbridge.reference.memo",
    "freshbridge.instances.listing",
    "freshbridge.instances.model",
    "freshbridge.instances.config",
    "freshbridge.instances.elements",
    "freshbridge.instances.origin",
    "freshbridge.instances.access",
    "freshbridge.instances.change",
    "freshbridge.instances.trace",
    "freshbridge.actions.freshdesk.file_names",
    "freshbridge.circuit.breaker",
    "freshbridge.circuit.refusal",
    "freshbridge.circuit.verdict",
    "freshbridge.freshsales.bulk",
    "freshbridge.freshsales.credentials",
    "freshbridge.freshsales.error_reply",
    "freshbridge.freshsales.paging",
    "freshbridge.freshsales.roots",
    "freshbridge.freshsales.throttling",
    "freshbridge.freshsales.wire",
    "freshbridge.actions.likeness",
    "freshbridge.actions.freshsales.passing_refusals",
    "freshbridge.actions.freshsales.same_record",
    "freshbridge.budget.account",
    "freshbridge.budget.arrivals",
    "freshbridge.budget.bucket",
    "freshbridge.budget.capacity",
    "freshbridge.budget.clock_offset",
    "freshbridge.budget.grants",
    "freshbridge.budget.hearing",
    "freshbridge.budget.known_windows",
    "freshbridge.budget.learning",
    "freshbridge.budget.line",
    "freshbridge.budget.limits",
    "freshbridge.budget.phase",
    "freshbridge.budget.place",
    "freshbridge.budget.reservation",
    "freshbridge.budget.room",
    "freshbridge.budget.settling",
    "freshbridge.budget.unknown_windows",
    "freshbridge.budget.reset_watch",
    "freshbridge.freshdesk.automation",
    "freshbridge.freshdesk.wire",
    "freshbridge.freshdesk.rate_limit",
    "freshbridge.freshdesk.paging",
    "freshbridge.freshdesk.enums",
    "freshbridge.freshdesk.credentials",
    "freshbridge.freshdesk.error_reply",
    "freshbridge.freshdesk.form",
    "freshbridge.freshdesk.search",
    "freshbridge.actions.freshdesk.search_slices",
    "freshbridge.actions.freshdesk.ticket_query",
    "freshbridge.actions.freshdesk.ticket_query_text",
    "freshbridge.webhooks.address",
    "freshbridge.webhooks.automation",
    "freshbridge.webhooks.by_hand",
    "freshbridge.webhooks.check",
    "freshbridge.webhooks.choice",
    "freshbridge.webhooks.found",
    "freshbridge.webhooks.hand_made",
    "freshbridge.webhooks.health",
    "freshbridge.webhooks.plan",
}
IMPURE_LIBRARIES = {
    "boto3", "botocore", "requests", "urllib3", "aws_lambda_powertools", "pydantic",
}  # fmt: skip
HTTP_LIBRARIES = {"requests", "urllib3"}
OUTSIDE = {"local", "tests", *FUNCTION_NAMES}


def imports_of(source: str) -> set[str]:
    """Every module that running `source` imports, wherever in it; annotations' imports are not.

    `from package import name` counts as both `package` and `package.name`, for `name` may be a
    module.
    """
    found: set[str] = set()
    for node in _running(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they lead"
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _running(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            for other in child.orelse:
                yield from _running(other)
        else:
            yield from _running(child)


def reads_environment(source: str) -> bool:
    """True when the source names os.environ or os.getenv, however it was imported."""
    named = {ast.unparse(n) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Attribute)}
    return bool({"os.environ", "os.getenv", "os.environb"} & named) or bool(
        {"os.environ", "os.getenv", "os.environb"} & imports_of(source)
    )


def wrong_arrows(module: str, source: str) -> list[str]:
    """What `module` imports and may not, as sentences."""
    imported = imports_of(source)
    roots = {name.partition(".")[0] for name in imported}
    wrong: list[str] = []
    if module.partition(".")[0] == "freshbridge":
        wrong += [f"{module} imports {root}, which is above it" for root in roots & OUTSIDE]
        if module != "freshbridge.settings" and reads_environment(source):
            wrong.append(f"{module} reads the environment; only freshbridge.settings may")
    elif "os" in roots and reads_environment(source):
        wrong.append(f"{module} reads the environment; only freshbridge.settings may")
    if module in PURE:
        wrong += [f"{module} is pure and imports {root}" for root in roots & IMPURE_LIBRARIES]
    if module != "freshbridge.transport":
        wrong += [f"{module} imports {root}; only transport may" for root in roots & HTTP_LIBRARIES]
    return wrong


def modules(folder: Path) -> dict[str, str]:
    """Dotted name to source of every module below `folder`."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        dotted = ".".join(path.relative_to(folder).with_suffix("").parts)
        found[dotted.removesuffix(".__init__")] = path.read_text()
    return found


def pure_modules_reach(sources: dict[str, str]) -> list[str]:
    """Pure modules that import one of the package's modules that is not pure."""
    wrong = []
    for module in sorted(PURE):
        inner = {name for name in imports_of(sources[module]) if name in sources}
        # A package's __init__ holds its docstring and nothing else.
        packages = {name for name in inner if any(m.startswith(f"{name}.") for m in sources)}
        wrong += [f"{module} is pure and imports {n}" for n in sorted(inner - packages - PURE)]
    return wrong


def cycles(sources: dict[str, str]) -> list[str]:
    """Import cycles among `sources`, each as the path that closes it."""
    graph = {name: imports_of(text) & set(sources) - {name} for name, text in sources.items()}
    found: list[str] = []
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            found.append(" -> ".join((*path[path.index(name) :], name)))
        elif name not in done:
            for following in sorted(graph[name]):
                visit(following, (*path, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())
    return found


LAYER_MODULES = modules(LAYER)
FUNCTION_MODULES = modules(FUNCTIONS)


def test_every_arrow_of_the_package_and_the_functions_points_inwards() -> None:
    everything = LAYER_MODULES | FUNCTION_MODULES
    assert len(LAYER_MODULES) > 40
    assert len(FUNCTION_MODULES) > 10

    assert [w for name, text in everything.items() for w in wrong_arrows(name, text)] == []


def test_pure_modules_import_pure_modules_only() -> None:
    assert set(LAYER_MODULES) >= PURE, "a pure module was renamed: name it here anew"

    assert pure_modules_reach(LAYER_MODULES) == []


def test_there_is_no_import_cycle() -> None:
    assert cycles(LAYER_MODULES | FUNCTION_MODULES) == []


def test_functions_do_not_import_one_another() -> None:
    wrong = []
    for name, text in FUNCTION_MODULES.items():
        own = name.partition(".")[0]
        roots = {imported.partition(".")[0] for imported in imports_of(text)}
        wrong += [f"{name} imports {root}" for root in roots & (FUNCTION_NAMES - {own})]
    assert wrong == []


def test_the_simulators_and_the_package_do_not_know_each_other() -> None:
    simulators = modules(ROOT / "local")
    rooms = {"freshdesk", "freshsales", "simulator", "slack"}
    simulator = {name: text for name, text in simulators.items() if name.partition(".")[0] in rooms}
    assert {name.partition(".")[0] for name in simulator} == rooms

    wrong = [
        f"local.{name} imports {imported}"
        for name, text in simulator.items()
        for imported in imports_of(text)
        if imported.partition(".")[0] == "freshbridge"
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("freshbridge.rules.model", "import boto3"),
        ("freshbridge.rules.model", "def f():\n    from botocore.config import Config"),
        ("freshbridge.events.payload", "from pydantic import BaseModel"),
        ("freshbridge.sync.reading", "from event_router.app import handler"),
        ("freshbridge.sync.reading", "import local.freshdesk"),
        ("freshbridge.sync.reading", "from tests import builders"),
        ("freshbridge.lake.lake", "import requests"),
        ("freshbridge.lake.lake", "from urllib3.util import Retry"),
        ("event_router.app", "import requests"),
        ("freshbridge.aws", "import os\nregion = os.environ['AWS_REGION']"),
        ("freshbridge.aws", "from os import getenv"),
        ("event_router.app", "import os\nregion = os.getenv('AWS_REGION')"),
    ],
)
def test_a_planted_wrong_import_is_found(module: str, source: str) -> None:
    assert len(wrong_arrows(module, source)) >= 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("freshbridge.rules.store", "import boto3"),
        ("freshbridge.transport", "import requests"),
        ("freshbridge.settings", "import os\nsource = os.environ"),
        (
            "freshbridge.rules.model",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import boto3",
        ),
    ],
)
def test_a_right_import_is_not_reported(module: str, source: str) -> None:
    assert wrong_arrows(module, source) == []


def test_a_planted_cycle_is_found() -> None:
    sources = {"a": "import b", "b": "def f():\n    from c import x", "c": "import a"}

    assert cycles(sources) == ["a -> b -> c -> a"]


def test_a_pure_module_that_reaches_an_impure_one_is_found() -> None:
    sources = LAYER_MODULES | {"freshbridge.rules.model": "from freshbridge import aws"}

    assert pure_modules_reach(sources) == [
        "freshbridge.rules.model is pure and imports freshbridge.aws"
    ]
