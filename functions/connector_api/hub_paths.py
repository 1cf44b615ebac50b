"""What stands between /hubs/ and a resource makes no difference: the token names the instance.

`/elements/api-v2/hubs/helpdesk/bulk/query` is served as `/elements/api-v2/bulk/query`.
"""

from __future__ import annotations

import re
from typing import Any

from connector_api.replies import ELEMENTS

_IN_HUB = re.compile(rf"{ELEMENTS}/hubs/[^/]+(/bulk/.+|/bulkloader)")


def without_hub(event: dict[str, Any]) -> dict[str, Any]:
    """The request as it would be without its hub."""
    found = _IN_HUB.fullmatch(event.get("path") or "")
    return event if found is None else {**event, "path": f"{ELEMENTS}{found[1]}"}
