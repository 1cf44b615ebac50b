"""The OpenAPI 3.1 document of the whole API, from the routes that are registered.

A route that no family describes is in the document all the same, with what its code says, so that
nothing is hidden; a test asks for its description.
Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector_api.documentation import (
    actions,
    bulk,
    bulk_downloads,
    customer_links,
    dead_letters,
    destination_runs,
    destinations,
    elements,
    events,
    exports,
    instances,
    integrations,
    notifications,
    pages,
    rules,
    sync,
    trace,
    uploads,
    users,
    webhook_setup,
    webhooks,
)
from connector_api.documentation.failures import MEANING, ElementsFailure, Failure
from connector_api.documentation.operation import Family, Operation, ServedRoute
from connector_api.documentation.schemas import Schemas
from connector_api.replies import ELEMENTS

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

FAMILIES: tuple[tuple[str, Family], ...] = (
    ("integrations", integrations.FAMILY),
    ("rules", rules.FAMILY),
    ("sync", sync.FAMILY),
    ("customer_links", customer_links.FAMILY),
    ("actions", actions.FAMILY),
    ("bulk", bulk.FAMILY),
    ("destinations", destinations.FAMILY),
    ("destination_runs", destination_runs.FAMILY),
    ("exports", exports.FAMILY),
    ("bulk_downloads", bulk_downloads.FAMILY),
    ("events", events.FAMILY),
    ("dead_letters", dead_letters.FAMILY),
    ("uploads", uploads.FAMILY),
    ("trace", trace.FAMILY),
    ("webhooks", webhooks.FAMILY),
    ("webhook_setup", webhook_setup.FAMILY),
    ("notifications", notifications.FAMILY),
    ("users", users.FAMILY),
    ("instances", instances.FAMILY),
    ("instances", elements.FAMILY),
    ("docs", pages.FAMILY),
)
"""Each with the module of its handlers, in the order in which people read them."""
SCHEMES = {
    "access": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`User <secret>, Organization <secret>`; the value is the whole header",
    },
    "access_with_token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`User <secret>, Organization <secret>, Element <token>`",
    },
    **webhooks.SCHEMES,
}
PATH_PARAMETERS = {
    "instance_id": "The instance's id",
    "link_id": "The customer link's id",
    "automation_id": "The number of an automation rule in Freshdesk",
    "check_id": "The check's id",
    "account_id": "1: a deployment is one account",
    "action_id": "The action's id",
    "destination_id": "The destination's id",
    "run_id": "The run's id",
    "notification_id": "The notification's number",
    "subscription_id": "The number of the callback URL",
    "letter_id": "The dead letter's id",
    "job_id": "The id of the bulk download, or of the redrive or discard by filter",
    "object_name": "The object that the job is about",
    "rule_id": "The rule's id",
    "event_id": "The event's id",
    "replay_id": "The id of the replay of many events",
    "version": "The version's number",
    "user_id": "The user's number",
    "element": "The element's key or id",
    "entry": "The entry's id or key",
    "hub": "The hub's key",
    "platform": "The provider's name, as in the instance",
}
UNDESCRIBED = Operation(dict[str, Any])


@dataclass(frozen=True)
class Described:
    """A route, the family that it belongs to, and what there is to say about it."""

    route: ServedRoute
    tag: str
    operation: Operation
    id: str

    @property
    def wants(self) -> list[str]:
        """The parameters of its path."""
        return re.findall(r"{(\w+)}", self.route.path)

    @property
    def is_elements(self) -> bool:
        """True for the face of Open Connectors."""
        return self.route.path.startswith(f"{ELEMENTS}/")


def routes_of(app: APIGatewayRestResolver) -> list[ServedRoute]:
    """Every route that the function serves."""
    # Powertools offers no list of its routes but the document that it makes itself.
    registered = [*app._static_routes, *app._dynamic_routes]
    return [
        ServedRoute(
            route.method,
            route.openapi_path,
            (route.func.__module__.rpartition(".")[2], route.func.__name__),
            inspect.getdoc(route.func) or "",
        )
        for route in registered
    ]


def build(served: Iterable[ServedRoute]) -> dict[str, Any]:
    """The document of these routes and of those that other functions serve."""
    described = list(_described([*served, *webhooks.ROUTES]))
    schemas = Schemas()
    for found in described:
        schemas.add(f"{found.id} answer", found.operation.answer, "serialization")
        if found.operation.accepted:
            schemas.add(f"{found.id} accepted", found.operation.accepted, "serialization")
        if found.operation.body:
            schemas.add(f"{found.id} body", found.operation.body.type, "validation")
    for kind in (Failure, ElementsFailure):
        schemas.add(kind.__name__, kind, "serialization")
    schemas.generate()
    paths: dict[str, dict[str, Any]] = {}
    for found in described:
        paths.setdefault(found.route.path, {})[found.route.method.lower()] = _operation(
            found, schemas
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Freshbridge",
            "version": "1",
            "description": "Connector instances, actions, rules, sync runs and webhooks.",
        },
        # Relative to the document, so that it is right behind any domain and stage.
        "servers": [{"url": ".."}],
        "tags": [{"name": f.tag, "description": f.description} for _module, f in FAMILIES],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": SCHEMES},
    }


def _described(served: list[ServedRoute]) -> Iterator[Described]:
    known = {
        (module, name): (family.tag, operation)
        for module, family in FAMILIES
        for name, operation in family.operations.items()
    }
    methods = Counter(route.handler for route in served)
    for route in served:
        tag, operation = known.get(route.handler, (route.handler[0].capitalize(), UNDESCRIBED))
        several = (route.method.lower(),) if methods[route.handler] > 1 else ()
        yield Described(route, tag, operation, "_".join((*route.handler, *several)))


def _operation(found: Described, schemas: Schemas) -> dict[str, Any]:
    first, _, rest = found.route.text.partition("\n")
    shown: dict[str, Any] = {
        "operationId": found.id,
        "summary": first.removesuffix("."),
        "tags": [found.tag],
        "security": [{scheme: []} for scheme in found.operation.security],
        "responses": _responses(found, schemas),
    }
    if rest.strip():
        shown["description"] = rest.strip()
    if parameters := _parameters(found):
        shown["parameters"] = parameters
    if body := found.operation.body:
        examples = {title: {"value": value} for title, value in body.examples.items()}
        shown["requestBody"] = {
            "required": body.required,
            "content": {
                "application/json": {
                    "schema": schemas.of(f"{found.id} body"),
                    **({"examples": examples} if examples else {}),
                }
            },
        }
    return shown


def _parameters(found: Described) -> list[dict[str, Any]]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS.get(name, ""),
            "schema": {"type": "string"},
        }
        for name in found.wants
    ]
    beside = [
        {
            "name": parameter.name,
            "in": parameter.place,
            "description": parameter.description,
            "schema": dict(parameter.schema),
        }
        for parameter in found.operation.query
    ]
    return in_path + beside


def _responses(found: Described, schemas: Schemas) -> dict[str, Any]:
    operation = found.operation
    success: dict[str, Any] = {"description": "Success", "content": _success(found, schemas)}
    if operation.headers:
        success["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in operation.headers.items()
        }
    statuses = {401, 503, *operation.refusals}
    statuses |= {400} if operation.body or operation.query else set()
    statuses |= {404} if found.wants else set()
    failure = schemas.of((ElementsFailure if found.is_elements else Failure).__name__)
    refusals = {
        str(status): {
            "description": MEANING[status],
            "content": {"application/json": {"schema": failure}},
        }
        for status in sorted(statuses)
    }
    answers = {str(operation.status): success}
    if operation.accepted:
        schema = schemas.of(f"{found.id} accepted")
        answers["202"] = {
            "description": "Accepted: it goes on by itself",
            "content": {"application/json": {"schema": schema}},
        }
    return answers | refusals


def _success(found: Described, schemas: Schemas) -> dict[str, Any]:
    if found.operation.answer is None:
        return {"text/html": {"schema": {"type": "string"}}}
    schema = schemas.of(f"{found.id} answer")
    if found.operation.wrapped:
        schema = {
            "type": "object",
            "required": ["success", "message", "data"],
            "properties": {
                "success": {"const": True},
                "message": {"type": "string"},
                "data": schema,
            },
        }
    return {"application/json": {"schema": schema}}
