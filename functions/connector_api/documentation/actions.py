"""Documents /api/actions, and gives every action of the catalogue as a part of other bodies."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from connector_api.documentation.operation import Family, Operation
from freshbridge.actions.catalogue import CATALOGUE, Action

Template = Annotated[
    str, Field(pattern=r"\{[{%]", description="A template", examples=["{{ ticket.id }}"])
]
EXAMPLES: dict[tuple[str, str], dict[str, Any]] = {
    ("freshdesk", "add_note"): {
        "ticket_id": 12345,
        "body": "Internal note for team reference",
        "private": True,
    },
    ("freshdesk", "update_ticket"): {
        "ticket_id": 12345,
        "subject": "Updated Subject",
        "priority": 3,
        "status": 3,
        "tags": ["resolved", "customer-satisfied"],
    },
}
"""Parameters that each action takes as they are."""


def _in_rule(action: Action) -> type[BaseModel]:
    """The action as a rule has it: each parameter may be a template instead."""
    fields: dict[str, Any] = {}
    for name, info in action.parameters.model_fields.items():
        plain: Any = info.annotation
        for limit in info.metadata:
            plain = Annotated[plain, limit]
        default = ... if info.is_required() else info.default
        fields[name] = (plain | Template, Field(default, description=info.description))
    parameters = create_model(
        f"{action.parameters.__name__}Parameters",
        __config__=ConfigDict(extra="forbid"),
        __doc__=action.parameters.__doc__,
        **fields,
    )
    example = EXAMPLES.get((action.platform, action.name))
    named = {"platform": action.platform, "action": action.name}
    return create_model(
        f"{action.parameters.__name__}InRule",
        __config__=ConfigDict(
            json_schema_extra={"examples": [named | {"parameters": example}]} if example else None
        ),
        __doc__=action.parameters.__doc__,
        platform=Literal[action.platform],
        action=Literal[action.name],
        parameters=parameters,
    )


RuleAction: Any = Annotated[
    Union[tuple(_in_rule(action) for action in CATALOGUE.values())],  # noqa: UP007 - made from a list
    Field(discriminator="action"),
]


class CatalogueEntry(BaseModel):
    """An action with the JSON Schema of its parameters."""

    platform: str
    action: str
    description: str
    parameters: dict[str, Any] = Field(description="JSON Schema")


FAMILY = Family(
    "Actions",
    "What can be done at a provider.",
    {"list_all": Operation(list[CatalogueEntry])},
)
