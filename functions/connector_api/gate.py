"""The gate before every route: who calls, or 401.

Routes find the authenticated user's id in `context["user_id"]`, and in `context["element_token"]`
the token beside it, as it was shown: "" for none.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from connector_api import docs
from connector_api.ports import ports
from connector_api.replies import ELEMENTS

HUBS = (f"{ELEMENTS}/hubs/", f"{ELEMENTS}/bulk/", f"{ELEMENTS}/bulkloader")
"""Here `User <secret>, Element <token>` is enough, as in Open Connectors: only the token names the
instance there, so a route that did not check it would have nothing to answer from."""


def check_access(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Let no request past whose caller is not known, but to the docs where they are open.

    Raises:
        AccessDenied: without saying which part was wrong.
    """
    if app.current_event.path in docs.PATHS and ports().open_docs:
        return next_middleware(app)
    caller = ports().callers.identify(
        app.current_event.headers.get("Authorization") or "",
        token_stands_in=app.current_event.path.startswith(HUBS),
    )
    app.append_context(  # type: ignore[no-untyped-call]  # Powertools' own
        user_id=caller.user_id, element_token=caller.element_token
    )
    return next_middleware(app)
