"""Everything under /api and /elements/api-v2 but the webhooks: access check, routes, error shapes.

Success is `{"success": true, "message", "data"}`, failure `{"success": false, "message", "code",
"request_id", "details"}`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from botocore.exceptions import BotoCoreError, ClientError

from connector_api import (
    actions,
    bulk,
    bulk_downloads,
    customer_links,
    dead_letters,
    destination_runs,
    destinations,
    docs,
    events,
    exports,
    instances,
    integrations,
    notifications,
    replies,
    rules,
    sync,
    trace,
    uploads,
    users,
    webhook_setup,
)
from connector_api.gate import check_access
from connector_api.hub_paths import without_hub
from freshbridge import aws
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.circuit.refusal import CircuitOpen
from freshbridge.errors import (
    Conflict,
    Forbidden,
    FreshbridgeError,
    InvalidRequest,
    NotFound,
    Retry,
    Throttled,
    Unauthorized,
    WrongState,
)
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues.publish import NotQueued

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = function_logger()
metrics = function_metrics()
app = APIGatewayRestResolver()

# The first that fits: a refused provider key and a refused caller are both 401 by design.
STATUS: tuple[tuple[type[FreshbridgeError], int], ...] = (
    (NotQueued, 503),
    (CircuitOpen, 503),
    (Throttled, 429),
    (Retry, 502),
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (WrongState, 409),
    (OutcomeUnknown, 409),
)


app.use([check_access])
for router in (
    actions.router,
    bulk.router,
    customer_links.router,
    dead_letters.router,
    destinations.router,
    destination_runs.router,
    docs.router,
    events.router,
    exports.router,
    integrations.router,
    notifications.schema_router,
    rules.router,
    sync.router,
    uploads.router,
    users.router,
    webhook_setup.router,
):
    app.include_router(router, prefix="/api")
app.include_router(instances.router, prefix=replies.ELEMENTS)
app.include_router(bulk_downloads.router, prefix=replies.ELEMENTS)
app.include_router(trace.router, prefix="/api")
app.include_router(trace.elements_router, prefix=replies.ELEMENTS)
app.include_router(notifications.router, prefix=replies.ELEMENTS)
app.include_router(events.elements_router, prefix=replies.ELEMENTS)


@app.exception_handler(FreshbridgeError)  # type: ignore[untyped-decorator]  # Powertools' own
def refused(error: FreshbridgeError) -> Response[str]:
    """A typed error in the shape that callers expect."""
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 400)
    after = max(1, math.ceil(error.after or 0)) if isinstance(error, Retry) else 1
    if isinstance(error, Retry) and error.costs_no_attempt and not _hopeless(error):
        # What is queued is sent when its turn comes; this is answered now, and was not queued.
        error.advice = f"Send it again after {after} seconds."
    elif isinstance(error, Retry) and error.outcome_unknown:
        error.advice = "It may have been done all the same: look before you send it again."
    fields = error.fields if isinstance(error, InvalidRequest | Conflict) else ()
    details: dict[str, Any] = {
        "provider_message": error.provider_message or None,
        "where": error.where or None,
        "advice": error.advice or None,
        "action_id": error.action_id or None,
        "outcome_unknown": isinstance(error, Retry) and error.outcome_unknown,
        "fields": [{"field": f.field, "message": f.message, "code": f.code} for f in fields],
    }
    if isinstance(error, CircuitOpen):
        details["circuit"] = error.circuit
    logger.warning("request refused", extra={"status": status, "code": error.code})
    answer = _failure(status, error.told, error.code, details)
    if isinstance(error, Retry) and (error.after or error.costs_no_attempt):
        answer.headers["Retry-After"] = str(after)
    return answer


@app.exception_handler([ClientError, BotoCoreError])  # type: ignore[untyped-decorator]  # Powertools'
def unavailable(error: ClientError | BotoCoreError) -> Response[str]:
    """A table, secret or queue did not answer; what was asked may be asked again."""
    logger.error("AWS did not answer", extra={"error": aws.error_name(error)})
    message = "A service behind this one did not answer. Try again later."
    return _failure(503, message, "unavailable", {})


@app.not_found
def unknown_route(_error: NotFoundError) -> Response[str]:
    """No such route, or none by this method; the path is the caller's own and may be told back."""
    request = app.current_event
    # Powertools takes a wrong method for an unknown path, and offers no list of its routes.
    registered = (*app._static_routes, *app._dynamic_routes)
    methods = sorted({route.method for route in registered if route.rule.match(request.path)})
    if not methods:
        return _failure(404, f"No route {request.http_method} {request.path}", "unknown_route", {})
    allowed = ", ".join(methods)
    told = f"{request.path} cannot be asked by {request.http_method}, only by {allowed}"
    answer = _failure(405, told, "wrong_method", {})
    answer.headers["Allow"] = allowed
    return answer


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one API Gateway request (REST, payload 1.0)."""
    answer = app.resolve(without_hub(event), context)
    logger.info("request answered", extra={"status": answer["statusCode"]})
    count(metrics, "RequestsAnswered")
    return answer


def _hopeless(error: Retry) -> bool:
    return isinstance(error, CircuitOpen) and error.hopeless


def _failure(status: int, message: str, code: str, details: dict[str, Any]) -> Response[str]:
    return replies.failure(
        app.current_event.path,
        app.lambda_context.aws_request_id,
        status,
        message=message,
        code=code,
        details=details,
    )
