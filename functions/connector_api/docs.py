"""/openapi.json and /docs: the API described by itself, as a document and as a page.

Nothing of it is imported or made before somebody asks.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own

PATHS = frozenset({"/api/openapi.json", "/api/docs"})


@router.get("/openapi.json")
def openapi() -> Response[str]:
    """The OpenAPI 3.1 document of this API."""
    return Response(status_code=200, content_type="application/json", body=_text())


@router.get("/docs")
def page() -> Response[str]:
    """The document as a page to read and try out; it loads nothing from elsewhere."""
    # The page itself tells its reader that the document is at ?format=json.
    if (router.current_event.query_string_parameters or {}).get("format") == "json":
        return openapi()
    return Response(status_code=200, content_type="text/html; charset=utf-8", body=_page())


@lru_cache(maxsize=1)
def _text() -> str:
    from connector_api.documentation.document import (  # noqa: PLC0415 - no other route pays for it
        build,
        routes_of,
    )

    resolver: Any = router.api_resolver
    return json.dumps(build(routes_of(resolver)))


@lru_cache(maxsize=1)
def _page() -> str:
    from aws_lambda_powertools.event_handler.openapi import (  # noqa: PLC0415 - no other route pays for it
        swagger_ui,
    )

    assets = Path(swagger_ui.__file__).parent
    return swagger_ui.generate_swagger_html(
        # A "</script>" in a text would end the page's own.
        spec=_text().replace("</", "<\\/"),
        swagger_js=(assets / "swagger-ui-bundle.min.js").read_text("utf-8"),
        swagger_css=(assets / "swagger-ui.min.css").read_text("utf-8"),
        swagger_base_url="",
        oauth2_config=None,
    )
