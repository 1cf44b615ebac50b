"""Documents /api/integrations/{id}/uploads."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connector_api.documentation.operation import Body, Family, Operation
from freshbridge.actions.uploads import LONGEST_GIVEN_NAME, MOST_BYTES, UPLOAD_ID_PATTERN


class NewUpload(BaseModel):
    """A file to come."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=LONGEST_GIVEN_NAME)
    size: int = Field(ge=1, le=MOST_BYTES, strict=True, description="Its bytes, exactly")
    content_type: str | None = Field(
        default=None, description="Guessed from the name when left out", examples=["image/png"]
    )


class UploadUrl(BaseModel):
    """The request that uploads the file, and the id to attach it by."""

    upload_id: str = Field(pattern=UPLOAD_ID_PATTERN)
    method: Literal["PUT"]
    url: str = Field(description="Needs no Authorization; keep it to yourself until it expires")
    headers: dict[str, str] = Field(description="To send with it; most clients do so by themselves")
    expires_at: str
    max_bytes: int
    name: str = Field(
        description="What the file is sent as: folders, control characters and the like are gone, "
        "and one that a double click would run, such as invoice.pdf.exe, has .txt after its name"
    )


_EXAMPLE = {"name": "screen recording.mp4", "size": 15728640, "content_type": "video/mp4"}

FAMILY = Family(
    "Uploads",
    "Files to attach that are too large to be given inline.",
    {"create": Operation(UploadUrl, 201, body=Body(NewUpload, {"A recording": _EXAMPLE}))},
)
