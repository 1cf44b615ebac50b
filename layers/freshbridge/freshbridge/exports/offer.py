"""A finished export as it is told: what it holds, and URLs that download it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.exports.folder import URL_LIFE_S

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.exports.folder import ExportFolder
    from freshbridge.exports.state import ExportState
    from freshbridge.exports.wanted import Format, Wanted


def offer(
    folder: ExportFolder,
    place: tuple[str, str],
    wanted: Wanted,
    state: ExportState,
    *,
    now: datetime,
) -> dict[str, Any]:
    """`{"object", "rows", "as_of", "warnings", "format", "url", "expires_at", "bytes", "files"}`.

    `place` is the instance's and the export's id. The first file stands for itself, and with the
    others in `files`. A URL needs no other credentials, so that it is as secret as its file.
    """
    until = timestamps.to_text(now + timedelta(seconds=URL_LIFE_S))

    def file(kind: Format) -> dict[str, Any]:
        name = wanted.file_name(kind)
        content_type = "application/gzip" if wanted.gzip else kind.content_type
        return {
            "format": kind.value,
            "url": folder.url(*place, name, shown_as=name, content_type=content_type),
            "expires_at": until,
            "bytes": state.files[kind]["bytes"],
        }

    files = [file(kind) for kind in wanted.formats]
    return {
        "object": wanted.object,
        "rows": state.rows,
        "as_of": state.as_of or None,
        "warnings": state.warnings,
        **files[0],
        "files": files,
    }
