"""Documents the document's own routes."""

from __future__ import annotations

from typing import Any

from connector_api.documentation.operation import Family, Operation, Parameter

_FORMAT = Parameter("format", "`json` for the document itself", {"enum": ["json"]})

FAMILY = Family(
    "Documentation",
    "This document.",
    {
        "openapi": Operation(dict[str, Any], wrapped=False),
        "page": Operation(None, wrapped=False, query=(_FORMAT,)),
    },
)
