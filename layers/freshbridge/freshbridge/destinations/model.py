"""What a destination is: the settings that somebody saves. Pure but for pydantic.

`create_resource` and `manual` are the endpoints that Nexla's Freshsales destination has; the other
templates match records before they write. Every setting is checked when it is saved.
Source: https://docs.nexla.com (Freshsales destination), https://developers.freshworks.com/crm/api/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from freshbridge.actions.action import Parameters
from freshbridge.destinations import resource_types
from freshbridge.destinations.field_rules import FieldRule, Path
from freshbridge.destinations.resource_types import ResourceType
from freshbridge.errors import FieldError, InvalidRequest

MOST_ROWS = 500_000
"""Records that one run takes."""
MOST_BATCH = 100
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]{0,4000}")
_KEPT_BACK = frozenset(
    {"authorization", "connection", "content-length", "content-type", "cookie", "expect", "host",
     "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"}
)  # fmt: skip
_OF_MANUAL = frozenset({"url", "method", "headers", "body", "content_format"})


class Template(StrEnum):
    """What is done with a record."""

    CREATE = "create_resource"
    UPSERT = "upsert"
    BULK = "bulk_upsert"
    UPDATE = "update"
    DELETE = "delete"
    MANUAL = "manual"

    @property
    def matches(self) -> bool:
        """Whether it looks for the record at the provider."""
        return self not in (Template.CREATE, Template.MANUAL)


class BatchMode(Parameters):
    """Whether several records go in one request, of the manual method."""

    mode: bool = Field(default=False, description="False: one request per record")
    size: int = Field(default=MOST_BATCH, ge=1, le=MOST_BATCH, description="Records in one request")
    wrapper: Annotated[str, StringConstraints(max_length=60)] = Field(
        default="", description="The member that holds the list; a bare list for none"
    )


class Feed(Parameters):
    """A synced object of an integration, whose finished runs feed the destination."""

    instance_id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    object: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,60}$")]


class DestinationSettings(Parameters):
    """Where records go, how each is made fit for it, and what is told of it."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
    template: Template
    enabled: bool = True
    resource_type: Annotated[str, StringConstraints(max_length=120)] = Field(
        default="", description="leads, contacts, deals, accounts, users, or any other"
    )
    # What the record is made of.
    mapping: dict[Path, FieldRule] = Field(
        default_factory=dict, max_length=300, description="By the provider's fields"
    )
    pass_unmapped: bool | None = Field(
        default=None, description="Whether fields that no rule takes are sent as they are; true "
        "where there is no mapping, else false"
    )  # fmt: skip
    exclude: list[Path] = Field(
        default_factory=list, max_length=200, description="Attributes that are not sent"
    )
    unknown_fields: Literal["reject", "drop", "send"] = Field(
        default="reject", description="What to do with a field that the account does not have"
    )
    # What it is matched by.
    match_key: Annotated[str, StringConstraints(max_length=60)] | None = Field(
        default=None, description="emails, name, external_id, mobile_number, id, …"
    )
    mode: Literal["upsert", "create_only", "update_only"] = Field(
        default="upsert", description="Of upsert and bulk_upsert"
    )
    compare: bool = Field(
        default=True, description="Whether a record is read before it is written: what would "
        "change nothing is not sent, and created is told from updated. A call for each, or for 100"
    )  # fmt: skip
    on_duplicate: Literal["fail", "skip", "update"] = Field(
        default="fail", description="Of create_resource: where the account has the record already"
    )
    permanently: bool = Field(default=False, description="Of delete: for good")
    # The manual method.
    method: Literal["POST", "PUT", "PATCH", "DELETE", "GET"] = "POST"
    url: Annotated[str, StringConstraints(max_length=2_000)] = Field(
        default="", description="https://{domain}/api/contacts/{id}; below the account's own API"
    )
    headers: dict[str, str] = Field(default_factory=dict, max_length=30)
    content_format: Literal["json", "xml", "form"] = "json"
    body: Any = Field(default=None, description="A template of the body; the record for none")
    xml_root: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,59}$")] = (
        "record"
    )
    repeat: bool = Field(
        default=False, description="Whether a POST or PATCH whose outcome is unknown is sent again"
    )
    batch: BatchMode = Field(default_factory=BatchMode)
    # How a run goes.
    duplicates: Literal["first", "last", "send"] = Field(
        default="first", description="Of records with one key in one run: which of them is sent"
    )
    on_error: Literal["continue", "stop"] = "continue"
    track_responses: bool = Field(
        default=False, description="Whether each response is kept in S3 and told as an event"
    )
    feed: Feed | None = Field(default=None, description="The synced object that feeds it")

    @field_validator("mapping", mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {
            name: {"from": rule} if isinstance(rule, str) else rule for name, rule in given.items()
        }

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if name.lower() in _KEPT_BACK:
                raise ValueError(f"{name} is set by the integration and the connection")
            if not _HEADER.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise ValueError("a name or value holds what no header may")
        return headers

    @field_validator("template", mode="before")
    @classmethod
    def _labelled(cls, given: Any) -> Any:
        # People write it as it is labelled: Create resource, Manual.
        if not isinstance(given, str):
            return given
        return "_".join(given.lower().replace("-", " ").replace("_", " ").split())

    @field_validator("resource_type")
    @classmethod
    def _readable(cls, text: str) -> str:
        return resource_types.resource_type(text).name if text else text

    @model_validator(mode="after")
    def _fits_its_template(self) -> Self:
        if self.template is Template.MANUAL:
            self._check_manual()
            return self
        if not self.resource_type:
            raise ValueError(f"{self.template.value} needs a resource_type")
        for name in sorted(self.model_fields_set & _OF_MANUAL):
            raise ValueError(f"{name} is of the manual method")
        if self.batch.mode:
            raise ValueError(
                "batch.mode: Freshsales creates one record a request; the template bulk_upsert "
                "sends a hundred at once"
            )
        if self.template is Template.CREATE and self.mode == "update_only":
            raise ValueError("mode: create_resource only creates; use the template update")
        if self.template.matches:
            self._check_key()
        return self

    def _check_manual(self) -> None:
        if not self.url:
            raise ValueError("the manual method needs a url")
        if isinstance(self.body, str) and self.content_format != "xml":
            raise ValueError(f"the body of a {self.content_format} request is an object")
        if isinstance(self.body, str) and self.batch.mode:
            raise ValueError("the body of several records cannot be a text")

    def _check_key(self) -> None:
        kind = self.type
        key = self.key
        if not kind.searched and key != "id":
            raise ValueError(f"{kind.name} are matched by id only")
        if self.template is Template.BULK and not kind.bulk_keys:
            raise ValueError("Freshsales has no bulk upsert of these; use upsert")
        if kind.searched and key not in kind.keys and not key.startswith("cf_"):
            raise ValueError(f"match_key: one of {', '.join(kind.keys)}, or a custom field cf_…")
        if self.template is Template.UPSERT and not kind.searched and self.mode != "update_only":
            raise ValueError(f"{kind.name} cannot be upserted: use create_resource or update")

    @property
    def type(self) -> ResourceType:
        """The kind of record."""
        return resource_types.resource_type(self.resource_type)

    @property
    def key(self) -> str:
        """What a record is matched by."""
        return {"email": "emails"}.get(self.match_key or "", self.match_key or "") or (
            self.type.keys[0]
        )

    @property
    def keeps_unmapped(self) -> bool:
        """Whether fields that no rule takes are sent."""
        return not self.mapping if self.pass_unmapped is None else self.pass_unmapped

    @property
    def repeatable(self) -> bool:
        """Whether a manual request may be sent again when its outcome is unknown."""
        return self.repeat or self.method not in ("POST", "PATCH")


class InvalidDestination(InvalidRequest):
    """The destination cannot be saved; every field that is wrong is named."""

    code = "invalid_destination"


def read_settings(body: Mapping[str, Any]) -> DestinationSettings:
    """The settings of a request's body; `batch.mode` may be written as one name.

    Raises:
        InvalidDestination: naming everything that is wrong.
    """
    given = dict(body)
    flat = {name: given.pop(name) for name in list(given) if name.startswith("batch.")}
    if flat:
        batch = given.get("batch")
        given["batch"] = {
            **(batch if isinstance(batch, dict) else {}),
            **{name.removeprefix("batch."): value for name, value in flat.items()},
        }
    try:
        return DestinationSettings.model_validate(given)
    except ValidationError as error:
        fields = [
            FieldError(".".join(str(step) for step in found["loc"]), _words(found), found["type"])
            for found in error.errors(include_input=False, include_url=False)
        ]
    raise InvalidDestination("the destination cannot be saved", fields=fields)


def write_settings(settings: DestinationSettings) -> dict[str, Any]:
    """What is kept and shown: whatever was said, and nothing of what was not."""
    found: dict[str, Any] = settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return found


def _words(found: Any) -> str:
    known = {"extra_forbidden": "there is no such setting", "missing": "it is required"}
    return known.get(found["type"]) or str(found["msg"]).removeprefix("Value error, ")
